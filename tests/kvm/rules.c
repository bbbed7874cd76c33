/* SPDX-License-Identifier: GPL-3.0-or-later
 * rules.c - what may differ: flags the manual leaves undefined, and mistakes of KVM's emulator.
 * Rule: a rule is asked only about a case that differs, says why KVM is not to be believed there, and is counted.
 */
#include <stdio.h>
#include <string.h>

#include "tests/kvm/kvm-diff.h"

/* ---- undefined flags ---- */

static const char *const shifts[] = { "shl", "shr", "sar", NULL };
static const char *const rotates[] = { "rol", "ror", "rcl", "rcr", NULL };
static const char *const double_shifts[] = { "shld", "shrd", NULL };

static u32 shift_count(const struct testcase *t)
{
	const struct operand *by = &t->d.o[family_in(t, double_shifts) ? 2 : 1];
	u64 count = by->kind == OPD_IMM ? t->d.imm : t->init.gpr[RCX];
	return (u32)count & (t->d.o[0].size == 8 ? 63 : 31);
}

/* SDM 2B SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD; elsewhere the row says it. */
u32 undefined_flags(const struct testcase *t)
{
	if (!t->valid)
		return 0;
	bool shift = family_in(t, shifts), rotate = family_in(t, rotates), both = family_in(t, double_shifts);
	if (!shift && !rotate && !both)
		return t->d.row->undef;
	u32 n = shift_count(t), width = 8u * t->d.o[0].size;
	if (n == 0)
		return 0;
	u32 undef = (n == 1 ? 0 : FLAG_OF) | (rotate ? 0 : FLAG_AF);
	if (shift && !family_is(t, "sar") && n >= width)
		undef |= FLAG_CF;
	return both && n > width ? FLAGS_ARITH : undef;
}

/* ---- rules ---- */

struct seen { const struct testcase *t; struct outcome *kvm; const struct outcome *interp; };

int vector_of(const struct outcome *o)
{
	u64 base = o->s.efer[0] & EFER_LMA ? 0 : o->s.seg_base[SEG_CS], off = base + o->s.rip[0] - HANDLERS_AT;
	return off < HANDLERS_SIZE ? (int)off / 4 : -1;
}

static bool same_vector(const struct seen *s)
{
	return vector_of(s->kvm) >= 0 && vector_of(s->kvm) == vector_of(s->interp);
}

static bool undefined_result(const struct seen *s)
{
	if (family_is(s->t, "bsf") || family_is(s->t, "bsr"))
		return s->interp->s.rflags[0] & FLAG_ZF;
	return family_in(s->t, double_shifts) && shift_count(s->t) > 8u * s->t->d.o[0].size;
}

static bool lost_esp(const struct seen *s)
{
	u64 upper = s->t->init.gpr[RSP] & 0xffff0000;
	if (s->t->scene != SCENE_REAL || !same_vector(s) || s->kvm->s.gpr[RSP] >> 16 || !upper)
		return false;
	s->kvm->s.gpr[RSP] |= upper;
	return true;
}

static bool ascii_sign(const struct seen *s)
{
	u64 al = s->kvm->s.gpr[RAX], *flags = s->kvm->s.rflags;
	if ((!family_is(s->t, "aam") && !family_is(s->t, "aad")) || vector_of(s->kvm) >= 0)
		return false;
	*flags = (*flags & ~(u64)FLAG_SF) | (al & FLAG_SF);
	return true;
}

static bool counts_as_scan(const struct seen *s) { return family_is(s->t, "lzcnt") || family_is(s->t, "tzcnt"); }

static bool wide_real_frame(const struct seen *s)
{
	static const char *const software[] = { "int_n", "int3", "into", NULL };
	return s->t->scene == SCENE_REAL && family_in(s->t, software) && s->t->d.opsize == 4;
}

static bool lacks_feature(const struct seen *s)
{
	return s->t->valid && s->t->d.row->feature > FEAT_NOPL && vector_of(s->kvm) == VEC_UD &&
	       vector_of(s->interp) != VEC_UD;
}

/* corrects: what is wrong on KVM's side has been put right, the rest is compared. */
static const struct rule {
	const char *reason;
	bool (*applies)(const struct seen *s);
	bool corrects;
} rules[] = {
	{ "corrected: KVM clears ESP's upper half when a real-mode exception pushes", lost_esp, true },
	{ "corrected: KVM does not set SF after AAM and AAD", ascii_sign, true },
	{ "undefined result: BSF or BSR of 0, a double shift by more than the width", undefined_result, false },
	{ "KVM takes LZCNT and TZCNT for BSR and BSF", counts_as_scan, false },
	{ "KVM pushes 32-bit frames for INT n with 66 in real mode (SDM 2A INT n: 16 bits)", wide_real_frame, false },
	{ "KVM has not got this instruction: #UD", lacks_feature, false },
};
static u64 counts[ARRAY_LEN(rules)];

enum verdict_of_rules apply_rules(const struct testcase *t, struct outcome *kvm, const struct outcome *interp)
{
	const struct seen s = { t, kvm, interp };
	enum verdict_of_rules verdict = RULES_NONE;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (!rules[i].applies(&s))
			continue;
		counts[i]++;
		if (!rules[i].corrects)
			return RULES_EXCUSED;
		verdict = RULES_CORRECTED;
	}
	return verdict;
}

void print_rules(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		printf("rule: %7llu  %s\n", (unsigned long long)counts[i], rules[i].reason);
}
