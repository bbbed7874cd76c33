/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-x87-control.c - the x87's control instructions, environment and whole state (SDM 1 8.1.10, 8.3.8).
 * Rule: instructions whose name begins with FN do not look at pending exceptions, all others do.
 */
#include "cpu-interp/fpu.h"

/* --- words ------------------------------------------------------------------------------------------- */

SIMPLE(fnclex)
{
	if (!fpu_present(c))
		return false;
	*c->s.fsw &= (u16)~(FSW_B | FSW_ES | FSW_SF | FP_ALL);
	return true;
}

SIMPLE(fninit)
{
	if (!fpu_present(c))
		return false;
	fpu_init(c);
	return true;
}

SIMPLE(fnsetpm) { return fpu_present(c); }

SIMPLE(fldcw)
{
	u64 v;
	if (!fpu_begin(c) || !mmu_load(c, o->seg, ea(c, o), 2, &v))
		return false;
	fpu_set_fcw(c, (u16)v);
	return true;
}

SIMPLE(fnstcw) { return fpu_present(c) && mmu_store(c, o->seg, ea(c, o), 2, *c->s.fcw); }
SIMPLE(fnstsw) { return fpu_present(c) && rm_store(c, o, o->d, 2, *c->s.fsw); }

/* SDM 2A WAIT */
SIMPLE(fwait)
{
	if ((*c->s.cr0 & CR0_MP) && (*c->s.cr0 & CR0_TS))
		return fault_raise(c, VEC_NM);
	return fpu_no_exception(c);
}

/* Without a coprocessor: #NM if EM or TS asks for it, else nothing happens (SDM 3A 2.5).  With one: #UD for what is no
 * instruction. */
SIMPLE(esc) { return fpu_present(c) && (!has(c, FEAT_FPU) || fault_ud(c)); }

/* --- the environment --------------------------------------------------------------------------------- */

/* Seven words of 2 or 4 bytes: control, status, tag, then pointers, in another form outside protected mode (SDM 1 figures
 * 8-9 to 8-12). */
enum { ENV_WORDS = 7 };
static int word_size(const struct insn *o) { return o->opsize == 2 ? 2 : 4; }

/* Two bits for each register: 0 valid, 1 zero, 2 special, 3 empty (SDM 1 8.1.7). */
static u16 full_tags(const struct cpu *c)
{
	u16 tags = 0;
	for (int r = 0; r < 8; r++) {
		struct num x = num_unpack80((struct fp80){ c->s.fpr[r], c->s.fpr_exp[r] });
		int tag = x.kind == NUM_FINITE && !x.denormal ? 0 : x.kind == NUM_ZERO ? 1 : 2;
		tags |= (u16)((*c->s.ftw >> r & 1 ? tag : 3) << 2 * r);
	}
	return tags;
}

static u8 short_tags(u16 tags)
{
	u8 present = 0;
	for (int r = 0; r < 8; r++)
		if ((tags >> 2 * r & 3) != 3)
			present |= (u8)(1 << r);
	return present;
}

/* The pointers of real mode are linear addresses: bits 15:0, and from 16 up in bits 12 and up of the next word. */
static void pointers_real(const struct cpu *c, u32 *word)
{
	u32 ip = (u32)(*c->s.fip + 16u * *c->s.fcs), dp = (u32)(*c->s.fdp + 16u * *c->s.fds);
	word[3] = ip | 0xffff0000;
	word[4] = (ip >> 16 << 12 & 0x0ffff000) | *c->s.fop;
	word[5] = dp | 0xffff0000;
	word[6] = dp >> 16 << 12 & 0x0ffff000;
}

static void environment(const struct cpu *c, const struct insn *o, u32 word[ENV_WORDS])
{
	word[0] = *c->s.fcw | 0xffff0000;
	word[1] = *c->s.fsw | 0xffff0000;
	word[2] = full_tags(c) | 0xffff0000;
	if (real_or_v86(c)) {
		pointers_real(c, word);
		return;
	}
	word[3] = (u32)*c->s.fip;
	word[4] = *c->s.fcs | (u32)*c->s.fop << 16;
	word[5] = (u32)*c->s.fdp;
	word[6] = *c->s.fds | 0xffff0000;
}

static bool store_environment(struct cpu *c, const struct insn *o)
{
	u32 word[ENV_WORDS];
	int size = word_size(o);
	environment(c, o, word);
	for (int i = 0; i < ENV_WORDS; i++)
		if (!mmu_store(c, o->seg, ea(c, o) + (u64)(i * size), size, word[i]))
			return false;
	return true;
}

static bool load_words(struct cpu *c, const struct insn *o, u32 word[ENV_WORDS])
{
	int size = word_size(o);
	for (int i = 0; i < ENV_WORDS; i++) {
		u64 v;
		if (!mmu_load(c, o->seg, ea(c, o) + (u64)(i * size), size, &v))
			return false;
		word[i] = (u32)v;
	}
	return true;
}

static void set_environment(struct cpu *c, const struct insn *o, const u32 word[ENV_WORDS])
{
	*c->s.ftw = short_tags((u16)word[2]);
	*c->s.fsw = (u16)word[1];
	fpu_set_fcw(c, (u16)word[0]);
	if (real_or_v86(c)) {
		*c->s.fip = (word[3] & 0xffff) | (word[4] & 0x0ffff000) << 4;
		*c->s.fdp = (word[5] & 0xffff) | (word[6] & 0x0ffff000) << 4;
		*c->s.fop = word[4] & 0x7ff;
		*c->s.fcs = *c->s.fds = 0;
		return;
	}
	*c->s.fip = word[3];
	*c->s.fcs = (u16)word[4];
	*c->s.fdp = word[5];
	*c->s.fds = (u16)word[6];
	if (word_size(o) == 4)
		*c->s.fop = word[4] >> 16 & 0x7ff;
}

SIMPLE(fnstenv)
{
	if (!fpu_present(c) || !fpu_check_store(c, o, ENV_WORDS * word_size(o)) || !store_environment(c, o))
		return false;
	fpu_set_fcw(c, *c->s.fcw | FCW_MASKS);
	return true;
}

SIMPLE(fldenv)
{
	u32 word[ENV_WORDS];
	if (!fpu_begin(c) || !load_words(c, o, word))
		return false;
	set_environment(c, o, word);
	return true;
}

/* --- environment and registers ST0 to ST7 ------------------------------------------------------------ */

SIMPLE(fnsave)
{
	int at = ENV_WORDS * word_size(o);
	if (!fpu_present(c) || !fpu_check_store(c, o, at + 80) || !store_environment(c, o))
		return false;
	for (int i = 0; i < 8; i++)
		if (!fpu_store80(c, o, (u64)(at + 10 * i), fpu_get(c, i)))
			return false;
	fpu_init(c);
	return true;
}

SIMPLE(frstor)
{
	u32 word[ENV_WORDS];
	struct fp80 v[8];
	if (!fpu_begin(c) || !load_words(c, o, word))
		return false;
	for (int i = 0; i < 8; i++)
		if (!fpu_load80(c, o, (u64)(ENV_WORDS * word_size(o) + 10 * i), &v[i]))
			return false;
	set_environment(c, o, word);
	u8 tags = *c->s.ftw;
	for (int i = 0; i < 8; i++)
		fpu_set(c, i, v[i]);
	*c->s.ftw = tags;
	return true;
}
