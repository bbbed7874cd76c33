/* SPDX-License-Identifier: GPL-3.0-or-later
 * fpu.c - what x87 instructions share (fpu.h).
 * Rule: ES and B in the status word say whether an unmasked exception is flagged; whoever changes masks or flags
 * goes through fpu_set_fcw, fpu_set_fsw, fpu_settle or fpu_stack_fault, which keep that true.
 */
#include "cpu-interp/fpu.h"

/* --- beginning --------------------------------------------------------------------------------------- */

bool fpu_present(struct cpu *c)
{
	return !(*c->s.cr0 & (CR0_EM | CR0_TS)) || fault_raise(c, VEC_NM);
}

/* With CR0.NE = 0 the processor would assert FERR#, and the board answer with IRQ 13; the board here holds IGNNE#
 * asserted, so such exceptions are ignored (SDM 1 D.2.1.2). */
bool fpu_no_exception(struct cpu *c)
{
	return LIKELY(!(*c->s.fsw & FSW_ES)) || !(*c->s.cr0 & CR0_NE) || fault_raise(c, VEC_MF);
}

bool fpu_begin(struct cpu *c) { return fpu_present(c) && fpu_no_exception(c); }

void fpu_record(struct cpu *c, const struct insn *o)
{
	*c->s.fip = cpu_this_ip(c, o);
	*c->s.fcs = c->s.seg_sel[SEG_CS];
	*c->s.fop = (u16)o->imm;
	if (o->mem) {
		*c->s.fdp = ea(c, o);
		*c->s.fds = c->s.seg_sel[o->seg];
	}
}

/* --- exceptions -------------------------------------------------------------------------------------- */

struct fp_env fpu_env_precise(const struct cpu *c)
{
	u16 fcw = *c->s.fcw;
	return (struct fp_env){ .rounding = fcw >> FCW_RC_SHIFT & 3, .precision = 64, .masks = fcw & FCW_MASKS,
				.x87 = true };
}

struct fp_env fpu_env(const struct cpu *c)
{
	static const u8 precision[4] = { 24, 64 /* reserved */, 53, 64 };
	struct fp_env e = fpu_env_precise(c);
	e.precision = precision[*c->s.fcw >> FCW_PC_SHIFT & 3];
	return e;
}

static void summarize(struct cpu *c)
{
	bool pending = *c->s.fsw & ~*c->s.fcw & FCW_MASKS;
	*c->s.fsw = (u16)((*c->s.fsw & ~(FSW_ES | FSW_B)) | (pending ? FSW_ES | FSW_B : 0));
}

bool fpu_settle(struct cpu *c, const struct fp_env *e)
{
	bool written = !(fp_unmasked(e) & FP_PRE);
	*c->s.fsw = (u16)((*c->s.fsw & ~FSW_C1) | e->flags | (e->up ? FSW_C1 : 0));
	if (UNLIKELY(fp_unmasked(e)))
		summarize(c);
	return written;
}

bool fpu_stack_fault(struct cpu *c, bool overflow)
{
	*c->s.fsw = (u16)((*c->s.fsw & ~FSW_C1) | FSW_SF | FP_IE | (overflow ? FSW_C1 : 0));
	summarize(c);
	return *c->s.fcw & FP_IE;
}

/* Bits 7 and 13 to 15 do not exist, bit 6 reads as 1 */
void fpu_set_fcw(struct cpu *c, u16 fcw)
{
	*c->s.fcw = (fcw & 0x1f3f) | FCW_RESET;
	summarize(c);
}

void fpu_set_fsw(struct cpu *c, u16 fsw)
{
	*c->s.fsw = fsw;
	summarize(c);
}

void fpu_init(struct cpu *c) /* SDM 2A FINIT */
{
	*c->s.fcw = FCW_INIT;
	*c->s.fsw = 0;
	*c->s.ftw = 0;
	*c->s.fop = *c->s.fcs = *c->s.fds = 0;
	*c->s.fip = *c->s.fdp = 0;
}

/* --- whole instructions ------------------------------------------------------------------------------ */

bool fpu_unary(struct cpu *c, const struct insn *o, struct fp_env e, fpu_unary_fn fn)
{
	struct num r = num_indefinite;
	bool written;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0)) {
		written = fpu_stack_fault(c, false);
	} else {
		r = fn(&e, fpu_num(c, 0));
		written = fpu_settle(c, &e);
	}
	if (written)
		fpu_set_num(c, 0, &r);
	return true;
}

bool fpu_binary(struct cpu *c, const struct insn *o, fpu_binary_fn fn, bool pop)
{
	struct num r = num_indefinite;
	bool written;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0) || fpu_empty(c, 1)) {
		written = fpu_stack_fault(c, false);
	} else {
		struct fp_env e = fpu_env_precise(c);
		r = num_round(&e, FP_EXTENDED, fn(&e, fpu_num(c, 0), fpu_num(c, 1)));
		written = fpu_settle(c, &e);
	}
	if (written && pop)
		fpu_pop(c);
	if (written)
		fpu_set_num(c, 0, &r);
	return true;
}

/* --- memory operands --------------------------------------------------------------------------------- */

bool fpu_load80(struct cpu *c, const struct insn *o, u64 delta, struct fp80 *v)
{
	u64 exp;
	if (!mmu_load(c, o->seg, ea(c, o) + delta, 8, &v->sig) ||
	    !mmu_load(c, o->seg, ea(c, o) + delta + 8, 2, &exp))
		return false;
	v->exp = (u16)exp;
	return true;
}

bool fpu_store80(struct cpu *c, const struct insn *o, u64 delta, struct fp80 v)
{
	return mmu_check_store(c, o->seg, ea(c, o) + delta + 8, 2) &&
	       mmu_store(c, o->seg, ea(c, o) + delta, 8, v.sig) &&
	       mmu_store(c, o->seg, ea(c, o) + delta + 8, 2, v.exp);
}

bool fpu_load(struct cpu *c, const struct insn *o, struct num *x)
{
	u64 bits;
	if (!mmu_load(c, o->seg, ea(c, o), o->size, &bits))
		return false;
	*x = num_unpack(o->size == 4 ? FP_SINGLE : FP_DOUBLE, bits);
	return true;
}

bool fpu_load_int(struct cpu *c, const struct insn *o, struct num *x)
{
	u64 bits;
	if (!mmu_load(c, o->seg, ea(c, o), o->size, &bits))
		return false;
	*x = num_from_int((i64)sign_extend(bits, o->size));
	return true;
}

bool fpu_check_store(struct cpu *c, const struct insn *o, int size)
{
	for (int i = 0; i < size; i += 2)
		if (!mmu_check_store(c, o->seg, ea(c, o) + (u64)i, 2))
			return false;
	return true;
}
