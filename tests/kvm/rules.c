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

struct seen {
	const struct testcase *t;
	struct outcome *kvm;
	const struct outcome *interp;
};

int vector_of(const struct outcome *o)
{
	u64 base = o->s.efer[0] & EFER_LMA ? 0 : o->s.seg_base[SEG_CS],
	    off = base + o->s.rip[0] - HANDLERS_AT;
	return off < HANDLERS_SIZE ? (int)off / 4 : -1;
}

bool has_error_code(int vector)
{
	return vector >= 0 && vector < 32 && (0x27d00u >> vector & 1);
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

static bool ascii_flags(const struct seen *s)
{
	u64 al = s->kvm->s.gpr[RAX] & 0xff, *flags = s->kvm->s.rflags;
	if ((!family_is(s->t, "aam") && !family_is(s->t, "aad")) || vector_of(s->kvm) >= 0)
		return false;
	*flags = (*flags & ~(u64)(FLAG_SF | FLAG_ZF)) | (al & FLAG_SF) | (al ? 0 : FLAG_ZF);
	return true;
}

static bool restricted_dr7(const struct seen *s)
{
	if (!s->kvm->debug || !(s->kvm->s.dr[7] & 1 << 11))
		return false;
	s->kvm->s.dr[7] &= ~(1ull << 11);
	return true;
}

static bool counts_as_scan(const struct seen *s)
{
	return family_is(s->t, "lzcnt") || family_is(s->t, "tzcnt");
}

static bool software_interrupt(const struct seen *s)
{
	static const char *const software[] = { "int_n", "int3", "into", NULL };
	return s->t->scene == SCENE_REAL && family_in(s->t, software) && s->t->d.opsize == 4;
}

static bool not_emulated(const struct seen *s)
{
	return family_is(s->t, "int_n") && s->t->scene != SCENE_REAL;
}

static bool half_pushed(const struct seen *s)
{
	return family_is(s->t, "pusha") && vector_of(s->kvm) == VEC_SS && vector_of(s->interp) >= VEC_SS;
}

static bool negative_vector(const struct seen *s)
{
	return family_is(s->t, "int_n") && (s->t->d.imm & 0x80);
}

static bool went_wrong(const struct outcome *o)
{
	return o->how == END_SHUTDOWN || vector_of(o) >= 0;
}

/* At most this far from the stack segment's end a push, a pop or a frame can go across it. */
static bool near_wrap(u64 v, u64 mask)
{
	return ((v + 64) & mask) < 128;
}

static bool stack_across_end(const struct seen *s)
{
	const struct x86_state *init = &s->t->init;
	u64 mask = init->seg_attr[SEG_SS] & SEG_DB && s->t->scene != SCENE_REAL ? 0xffffffff : 0xffff;
	bool frame = family_is(s->t, "leave") || family_is(s->t, "enter");
	return s->t->scene != SCENE_LONG && went_wrong(s->interp) &&
	       (s->interp->how == END_SHUTDOWN || !went_wrong(s->kvm)) &&
	       (near_wrap(init->gpr[RSP], mask) || (frame && near_wrap(init->gpr[RBP], mask)));
}

static bool enter_checks_end(const struct seen *s)
{
	return family_is(s->t, "enter") && went_wrong(s->interp) && !went_wrong(s->kvm);
}

static bool wide_enter(const struct seen *s)
{
	int stack = s->t->scene == SCENE_LONG ? 8 : s->t->init.seg_attr[SEG_SS] & SEG_DB ? 4 : 2;
	return family_is(s->t, "enter") && s->t->d.opsize != stack;
}

/* A far pointer, a BOUND pair or a pseudo-descriptor of which the second half begins at offset 0. */
static bool second_half_wraps(const struct seen *s)
{
	static const char *const pairs[] = { "les",       "lds",        "lss",  "lfs",  "lgs",
					     "jmp_far_m", "call_far_m", "lgdt", "lidt", "sgdt",
					     "sidt",      "bound",      NULL };
	return family_in(s->t, pairs) && s->t->d.addrsize == 2 && effective_address(s->t) >= 0xfffb;
}

static bool reads_ahead(const struct seen *s)
{
	return family_is(s->t, "ins") && s->t->d.rep;
}

/* Where the operand is: BT and its kin with a bit number in a register reach far from the address (SDM 2A BT). */
static u32 operand_address(const struct testcase *t)
{
	static const char *const kin[] = { "bt", "bts", "btr", "btc", NULL };
	u32 at = (u32)effective_address(t);
	if (!family_in(t, kin) || t->d.o[1].kind != OPD_REG)
		return at;
	u64 bit = t->init.gpr[t->d.o[1].reg];
	return t->d.opsize == 2 ? at + (u32)((i16)bit >> 4) * 2 : at + (u32)((i32)bit >> 5) * 4;
}

/* A far return changes no general register but RSP, and no more does a fault. */
static bool ran_on(const struct seen *s)
{
	for (int n = 0; n < X86_GPRS; n++)
		if (n != RSP && s->kvm->s.gpr[n] != s->t->init.gpr[n])
			return family_is(s->t, "retf") || family_is(s->t, "retf_imm");
	return false;
}

static bool across_4g(const struct seen *s)
{
	const u64 *r = s->t->init.gpr, edge = 0xffffff00;
	bool string = s->t->valid && s->t->d.row->flags & REPS && ((u32)r[RSI] > edge || (u32)r[RDI] > edge);
	return s->t->d.addrsize == 4 && (string || (has_memory(s->t) && operand_address(s->t) > edge)) &&
	       went_wrong(s->interp);
}

static bool local_tss(const struct seen *s)
{
	return (family_is(s->t, "ltr") || family_is(s->t, "lldt")) && same_vector(s) &&
	       vector_of(s->kvm) == VEC_GP;
}

/* What KVM does not emulate: it says so, or lets the processor behind it execute the instruction, in the mode
 * that one happens to be in, and maybe the next one too. */
static bool unseen(const struct seen *s)
{
	static const char *const native[] = { "swapgs", "rdfsbase", "rdgsbase", "wrfsbase", "wrgsbase", "aaa",
					      "aas",    "daa",      "das",      "arpl",     "lar",      "lsl",
					      "verr",   "verw",     "bound",    "ud",       "int1",     NULL };
	bool hint = family_is(s->t, "nop") && s->t->d.opcode >= 0x19 && s->t->d.opcode <= 0x1e;
	return hint || family_in(s->t, native);
}

static bool handlers_overwritten(const struct seen *s)
{
	for (u32 at = HANDLERS_AT; at < HANDLERS_AT + HANDLERS_SIZE; at++)
		if (s->kvm->mem[at] != 0x90 || s->interp->mem[at] != 0x90)
			return true;
	return false;
}

/* With a 16-bit operand the sixth byte counts for nothing, but it is there. */
static bool five_bytes(const struct seen *s)
{
	bool table = family_is(s->t, "lgdt") || family_is(s->t, "lidt");
	return table && s->t->d.opsize == 2 && went_wrong(s->interp) && !went_wrong(s->kvm);
}

static bool null_prefix(const struct seen *s)
{
	for (int i = 0; s->t->scene == SCENE_LONG && i < s->t->d.nprefix; i++)
		if ((s->t->code[i] & 0xe7) == 0x26)
			return true;
	return false;
}

static bool end_not_canonical(const struct seen *s)
{
	int vector = vector_of(s->interp);
	return s->t->scene == SCENE_LONG && vector_of(s->kvm) == VEC_PF &&
	       (vector == VEC_GP || vector == VEC_SS);
}

static bool long_iret(const struct seen *s)
{
	return s->t->scene == SCENE_LONG && family_is(s->t, "iret");
}

static bool rex_r_selects(const struct seen *s)
{
	bool refused = s->kvm->how == END_SHUTDOWN || vector_of(s->kvm) == VEC_UD;
	return s->t->scene == SCENE_LONG && (family_is(s->t, "load_sreg") || family_is(s->t, "mov_sreg")) &&
	       refused;
}

static bool null_stack(const struct seen *s)
{
	struct x86_state *k = &s->kvm->s;
	if (s->t->scene != SCENE_LONG || (s->interp->s.seg_sel[SEG_SS] & 0xfffc) ||
	    (k->seg_sel[SEG_SS] & 0xfffc))
		return false;
	k->seg_limit[SEG_SS] = 0;
	k->seg_attr[SEG_SS] = s->interp->s.seg_attr[SEG_SS];
	return true;
}

static bool pushes_later(const struct seen *s)
{
	bool compatible = !(s->interp->s.seg_attr[SEG_CS] & SEG_L);
	return s->t->scene == SCENE_LONG && compatible &&
	       (family_is(s->t, "call_far_m") || family_is(s->t, "retf_imm"));
}

static bool upper_half_type(const struct seen *s)
{
	return s->t->scene == SCENE_LONG && (family_is(s->t, "lldt") || family_is(s->t, "ltr")) &&
	       vector_of(s->kvm) == VEC_NP && vector_of(s->interp) == VEC_GP;
}

static bool wide_selector(const struct seen *s)
{
	static const char *const stores[] = { "sldt", "str", "smsw", "mov_sreg", NULL };
	return family_in(s->t, stores) && has_memory(s->t) && s->t->d.opsize > 2;
}

static bool exchange_not_made(const struct seen *s)
{
	return family_is(s->t, "cmpxchg") && !has_memory(s->t) && !(s->interp->s.rflags[0] & FLAG_ZF);
}

/* Does [seg:off, off + len) reach beyond memory? */
static bool reaches_outside(const struct testcase *t, enum x86_seg seg, u64 off, u64 len)
{
	bool based = t->scene != SCENE_LONG || seg == SEG_FS || seg == SEG_GS;
	return off + (based ? t->init.seg_base[seg] : 0) > RAM_SIZE - len;
}

static bool no_room_for_frame(const struct seen *s)
{
	return s->kvm->how == END_SHUTDOWN && went_wrong(s->interp) &&
	       reaches_outside(s->t, SEG_SS, s->t->init.gpr[RSP], 0);
}

/* Instructions of several accesses, and an access cut in two by the end of memory. */
static bool half_outside(const struct seen *s)
{
	static const char *const stack[] = { "popa", "retf", "retf_imm", "iret", "leave", "enter", NULL };
	static const char *const several[] = { "lgdt", "lidt", "sgdt", "sidt", "cmpxchg8b", NULL };
	const struct testcase *t = s->t;
	if (family_in(t, stack) && reaches_outside(t, SEG_SS, t->init.gpr[RSP], 64))
		return true;
	if (!has_memory(t) || !reaches_outside(t, t->d.segment, effective_address(t), 16))
		return false;
	return family_in(t, several) || !reaches_outside(t, t->d.segment, effective_address(t), 0);
}

static bool same_outside_tables(const struct seen *s)
{
	const u8 *k = s->kvm->mem, *i = s->interp->mem;
	return !memcmp(k, i, GDT_AT) && !memcmp(k + IDT_AT, i + IDT_AT, RAM_SIZE - IDT_AT);
}

static bool accessed_early(const struct seen *s)
{
	static const char *const far[] = { "call_far", "call_far_m", "jmp_far", "jmp_far_m",
					   "retf",     "retf_imm",   NULL };
	return family_in(s->t, far) && same_vector(s) && s->t->scene != SCENE_REAL && same_outside_tables(s);
}

static bool operand_before_ud(const struct seen *s)
{
	int vector = vector_of(s->kvm);
	return !s->t->valid && vector_of(s->interp) == VEC_UD &&
	       (vector == VEC_GP || vector == VEC_SS || vector == VEC_PF);
}

static u32 error_code(const struct outcome *o, u64 base)
{
	u32 code = 0, mask = !base || (o->s.seg_attr[SEG_SS] & SEG_DB) ? 0xffffffff : 0xffff;
	u64 at = base + (o->s.gpr[RSP] & mask);
	if (at < RAM_SIZE - 4)
		memcpy(&code, o->mem + at, 4);
	return code;
}

/* KVM's own way through a protected-mode gate knows flat stacks only.  What can be compared still is. */
static bool flat_delivery(const struct seen *s)
{
	const struct x86_state *init = &s->t->init, *k = &s->kvm->s, *i = &s->interp->s;
	bool flat = init->seg_limit[SEG_SS] == 0xffffffff && init->gpr[RSP] < RAM_SIZE && init->gpr[RSP] > 64;
	if (s->t->scene == SCENE_REAL || s->t->scene == SCENE_LONG || flat)
		return false;
	if (s->interp->how == END_SHUTDOWN || s->kvm->how == END_SHUTDOWN)
		return s->interp->how == END_SHUTDOWN ? vector_of(s->kvm) >= 0 : vector_of(s->interp) >= 0;
	for (int n = 0; n < X86_GPRS; n++)
		if (n != RSP && k->gpr[n] != i->gpr[n])
			return false;
	return same_vector(s) && (!has_error_code(vector_of(s->kvm)) ||
				  error_code(s->kvm, 0) == error_code(s->interp, init->seg_base[SEG_SS]));
}

static bool other_instruction_set(const struct seen *s)
{
	bool refused = s->interp->how == END_SHUTDOWN || vector_of(s->interp) == VEC_UD;
	return !s->t->valid && refused && memchr(s->t->code, 0x0f, 12);
}

static bool lacks_feature(const struct seen *s)
{
	bool refused = s->kvm->how == END_SHUTDOWN || vector_of(s->kvm) == VEC_UD;
	return s->t->valid && s->t->d.row->feature > FEAT_NOPL && refused && vector_of(s->interp) != VEC_UD;
}

/* clang-format off */
/* corrects: what is wrong on KVM's side has been put right, the rest is compared. */
static const struct rule {
	const char *reason;
	bool (*applies)(const struct seen *s);
	bool corrects;
} rules[] = {
	{ "corrected: KVM clears ESP's upper half when a real-mode exception pushes", lost_esp, true },
	{ "corrected: KVM takes SF and ZF after AAM and AAD from AX (SDM 2A: from AL)", ascii_flags, true },
	{ "corrected: KVM's DR7 has a bit 11 (RTM), ours has not", restricted_dr7, true },
	{ "corrected: KVM gives a null SS of 64-bit mode a limit and a type", null_stack, true },
	{ "undefined result: BSF or BSR of 0, a double shift by more than the width", undefined_result, false },
	{ "KVM takes LZCNT and TZCNT for BSR and BSF", counts_as_scan, false },
	{ "KVM pushes 32-bit frames for INT n with 66 in real mode (SDM 2A INT n: 16 bits)", software_interrupt, false },
	{ "INT n in protected mode is not KVM's to emulate", not_emulated, false },
	{ "KVM's PUSHA pushes something before it faults, and raises #SS for #GP in real mode (SDM 2B PUSHA)", half_pushed, false },
	{ "KVM takes the vector of INT n for a signed number", negative_vector, false },
	{ "KVM lets the stack go across the end of its segment", stack_across_end, false },
	{ "KVM's ENTER does not look whether the new stack pointer can be written to (SDM 2A ENTER)", enter_checks_end, false },
	{ "KVM's ENTER pushes as wide as the stack is, not as the operand size says", wide_enter, false },
	{ "KVM does not wrap to offset 0 between the halves of a pair in memory (processors do)", second_half_wraps, false },
	{ "KVM asks for several elements of REP INS at once, and loses them at a fault or a wrap", reads_ahead, false },
	{ "KVM's error code for LTR and LLDT with a selector of the LDT is 0 (SDM 2A: the selector)", local_tss, false },
	{ "KVM does not emulate this, and lets the processor behind it try", unseen, false },
	{ "KVM ran what comes after the far return, too", ran_on, false },
	{ "a push or a store hit the handlers", handlers_overwritten, false },
	{ "KVM's LGDT and LIDT read five bytes of six when the operand has 16 bits", five_bytes, false },
	{ "KVM heeds CS, DS, ES and SS prefixes in 64-bit mode (processors do not)", null_prefix, false },
	{ "KVM lets an access go across the end of the canonical addresses: #PF", end_not_canonical, false },
	{ "KVM's IRET in 64-bit mode checks nothing", long_iret, false },
	{ "KVM heeds REX.R for a segment register: #UD (SDM 2A 2.2.1.2: ignored)", rex_r_selects, false },
	{ "KVM moves RSP for a far call or return only when it is in the mode it goes to", pushes_later, false },
	{ "KVM does not look at the upper half's type in a 16-byte descriptor (SDM 3A 7.2.3)", upper_half_type, false },
	{ "KVM stores selectors and CR0 as wide as the operand size says (SDM 2A SLDT: 16 bits)", wide_selector, false },
	{ "KVM clears the destination's upper half though CMPXCHG did not exchange", exchange_not_made, false },
	{ "KVM shuts down when it cannot push because there is no memory", no_room_for_frame, false },
	{ "KVM goes through an instruction anew after each access outside of memory", half_outside, false },
	{ "KVM sets a descriptor's accessed bit before the transfer faults", accessed_early, false },
	{ "KVM reads the operand of an invalid opcode before it says #UD", operand_before_ud, false },
	{ "KVM's way through a gate ignores base and limit of SS (vector, error code, registers are the same)",
	  flat_delivery, false },
	{ "AVX, VMX and others that are not built: #UD", other_instruction_set, false },
	{ "access across 4 GiB: up to the processor (SDM 3A 5.3)", across_4g, false },
	{ "KVM has not got this instruction: #UD", lacks_feature, false },
};
/* clang-format on */
static u64 counts[ARRAY_LEN(rules)];

/* The first rule of the kind that applies; of corrections, all. */
static bool apply(const struct seen *s, bool corrections)
{
	bool any = false;
	for (size_t i = 0; i < ARRAY_LEN(rules) && (corrections || !any); i++)
		if (rules[i].corrects == corrections && rules[i].applies(s)) {
			counts[i]++;
			any = true;
		}
	return any;
}

bool correct(const struct testcase *t, struct outcome *kvm, const struct outcome *interp)
{
	return apply(&(struct seen){ t, kvm, interp }, true);
}

bool excuse(const struct testcase *t, struct outcome *kvm, const struct outcome *interp)
{
	return apply(&(struct seen){ t, kvm, interp }, false);
}

void print_rules(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		printf("rule: %7llu  %s\n", (unsigned long long)counts[i], rules[i].reason);
}
