/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-x87-move.c - x87 loads, stores, exchanges and constants (SDM 1 8.3.3, 8.3.4).
 * Rule: FLD and FST of 10 bytes or of a register copy bits; of 4 and 8 bytes they convert, and that is arithmetic.
 */
#include "cpu-interp/fpu.h"

#include "cpu-interp/flags.h"

/* --- loads: everything is pushed --------------------------------------------------------------------- */

/* Room on the stack?  If not, and the exception is masked, the default NaN is pushed all the same. */
static bool have_room(struct cpu *c)
{
	if (fpu_empty(c, -1))
		return true;
	if (fpu_stack_fault(c, true))
		fpu_push(c, &num_indefinite);
	return false;
}

static void push_copy(struct cpu *c, struct fp80 v)
{
	fpu_turn(c, -1);
	fpu_set(c, 0, v);
	fpu_set_cc(c, FSW_C1, 0);
}

static bool load_converting(struct cpu *c, const struct insn *o)
{
	struct num x;
	if (!fpu_load(c, o, &x))
		return false;
	fpu_record(c, o);
	if (!have_room(c))
		return true;
	struct fp_env e = fpu_env_precise(c);
	x = num_convert(&e, x);
	fpu_settle(c, &e);
	if (!(fp_unmasked(&e) & FP_IE)) /* a denormal is pushed even if that exception is not masked */
		fpu_push(c, &x);
	return true;
}

SIMPLE(fld)
{
	struct fp80 v = { 0 };
	if (!fpu_begin(c))
		return false;
	if (o->mem && o->size != 10)
		return load_converting(c, o);
	if (o->mem && !fpu_load80(c, o, 0, &v))
		return false;
	fpu_record(c, o);
	bool empty = !o->mem && fpu_empty(c, o->d);
	if (empty && fpu_stack_fault(c, false))
		fpu_push(c, &num_indefinite);
	if (!empty && have_room(c))
		push_copy(c, o->mem ? v : fpu_get(c, o->d));
	return true;
}

/* All integers, and 18 decimal digits, fit exactly. */
static void push_exact(struct cpu *c, const struct insn *o, const struct num *x)
{
	fpu_record(c, o);
	if (have_room(c))
		push_copy(c, num_pack80(x));
}

SIMPLE(fild)
{
	struct num x;
	if (!fpu_begin(c) || !fpu_load_int(c, o, &x))
		return false;
	push_exact(c, o, &x);
	return true;
}

SIMPLE(fbld)
{
	struct fp80 v;
	u8 bcd[10];
	if (!fpu_begin(c) || !fpu_load80(c, o, 0, &v))
		return false;
	host_put(bcd, 8, v.sig);
	host_put(bcd + 8, 2, v.exp);
	struct num x = num_from_bcd(bcd);
	push_exact(c, o, &x);
	return true;
}

/* The constants are kept with more bits than fit and rounded as the control word says, without an exception. */
static bool constant(struct cpu *c, const struct insn *o, struct num x)
{
	struct fp_env e = fpu_env_precise(c);
	if (!fpu_begin(c))
		return false;
	x = num_round(&e, FP_EXTENDED, x);
	push_exact(c, o, &x);
	return true;
}

#define CONSTANT(family, exponent, high, low) \
	SIMPLE(family) \
	{ \
		return constant(c, o, (struct num){ .kind = NUM_FINITE, .exp = exponent, \
						    .sig = (u128)high << 64 | low }); \
	}
CONSTANT(fld1, 0, 0x8000000000000000, 0)
CONSTANT(fldl2t, 1, 0xd49a784bcd1b8afe, 0x492bf6ff4dafdb4d)
CONSTANT(fldl2e, 0, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e89)
CONSTANT(fldpi, 1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1)
CONSTANT(fldlg2, -2, 0x9a209a84fbcff798, 0x8f8959ac0b7c9178)
CONSTANT(fldln2, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af)
SIMPLE(fldz) { return constant(c, o, num_zero(false)); }

/* --- stores ------------------------------------------------------------------------------------------ */

/* After the store, or after finding that an exception forbids it. */
static bool stored(struct cpu *c, const struct insn *o, const struct fp_env *e, bool empty, bool pop)
{
	fpu_record(c, o);
	if (empty)
		fpu_stack_fault(c, false);
	else
		fpu_settle(c, e);
	if (pop)
		fpu_pop(c);
	return true;
}

/* The exceptions are known before the store, and noted after it.  Unmasked over- and underflow too keep a result from
 * memory, and ST0 on the stack. */
static bool store_real(struct cpu *c, const struct insn *o, bool pop)
{
	enum fp_format f = o->size == 4 ? FP_SINGLE : FP_DOUBLE;
	bool empty = fpu_empty(c, 0);
	struct fp_env e = fpu_env_precise(c);
	struct num x = empty ? num_indefinite : fpu_num(c, 0), nan;
	if (num_operand(&e, &x, &nan))
		x = nan;
	x = num_round(&e, f, x); /* that ST0 is denormal is no exception here */
	u8 hold = empty ? FP_IE & ~e.masks : fp_unmasked(&e) & (FP_PRE | FP_OE | FP_UE);
	if (hold ? !mmu_check_store(c, o->seg, ea(c, o), o->size) :
		   !mmu_store(c, o->seg, ea(c, o), o->size, num_pack(f, &x)))
		return false;
	return stored(c, o, &e, empty, pop && !hold);
}

/* Ten bytes are copied. */
static bool store_extended(struct cpu *c, const struct insn *o)
{
	bool empty = fpu_empty(c, 0), hold = empty && !(*c->s.fcw & FP_IE);
	struct fp80 v = empty ? num_pack80(&num_indefinite) : fpu_get(c, 0);
	if (hold ? !fpu_check_store(c, o, 10) : !fpu_store80(c, o, 0, v))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	if (empty)
		fpu_stack_fault(c, false);
	if (!hold)
		fpu_pop(c);
	return true;
}

static bool store_register(struct cpu *c, const struct insn *o, bool pop)
{
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	if (!fpu_empty(c, 0))
		fpu_set(c, o->d, fpu_get(c, 0));
	else if (fpu_stack_fault(c, false))
		fpu_set_num(c, o->d, &num_indefinite);
	else
		return true;
	if (pop)
		fpu_pop(c);
	return true;
}

static bool store(struct cpu *c, const struct insn *o, bool pop)
{
	if (!fpu_begin(c))
		return false;
	if (!o->mem)
		return store_register(c, o, pop);
	return o->size == 10 ? store_extended(c, o) : store_real(c, o, pop);
}

SIMPLE(fst) { return store(c, o, false); }
SIMPLE(fstp) { return store(c, o, true); }

/* The alias that does not mind an empty ST0. */
SIMPLE(fstp1)
{
	if (!fpu_begin(c))
		return false;
	if (!fpu_empty(c, 0))
		return store_register(c, o, true);
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	fpu_pop(c);
	return true;
}

/* An empty register converts to the integer indefinite, as any NaN does. */
static bool store_int(struct cpu *c, const struct insn *o, bool chop, bool pop)
{
	if (!fpu_begin(c))
		return false;
	bool empty = fpu_empty(c, 0);
	struct fp_env e = fpu_env_precise(c);
	if (chop)
		e.rounding = ROUND_CHOP;
	i64 v = num_to_int(&e, empty ? num_indefinite : fpu_num(c, 0), o->size * 8);
	bool hold = fp_unmasked(&e) & FP_PRE;
	if (hold ? !mmu_check_store(c, o->seg, ea(c, o), o->size) :
		   !mmu_store(c, o->seg, ea(c, o), o->size, (u64)v))
		return false;
	return stored(c, o, &e, empty, pop && !hold);
}

SIMPLE(fist) { return store_int(c, o, false, false); }
SIMPLE(fistp) { return store_int(c, o, false, true); }
SIMPLE(fisttp) { return store_int(c, o, true, true); }

SIMPLE(fbstp)
{
	u8 bcd[10];
	if (!fpu_begin(c))
		return false;
	bool empty = fpu_empty(c, 0);
	struct fp_env e = fpu_env_precise(c);
	num_to_bcd(&e, empty ? num_indefinite : fpu_num(c, 0), bcd);
	bool hold = fp_unmasked(&e) & FP_PRE;
	struct fp80 v = { host_get(bcd, 8), (u16)host_get(bcd + 8, 2) };
	if (hold ? !fpu_check_store(c, o, 10) : !fpu_store80(c, o, 0, v))
		return false;
	return stored(c, o, &e, empty, !hold);
}

/* --- register to register ---------------------------------------------------------------------------- */

/* Empty registers count as default NaNs. */
SIMPLE(fxch)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	bool empty0 = fpu_empty(c, 0), empty1 = fpu_empty(c, o->d);
	if ((empty0 || empty1) && !fpu_stack_fault(c, false))
		return true;
	struct fp80 nan = num_pack80(&num_indefinite);
	struct fp80 top = empty0 ? nan : fpu_get(c, 0), other = empty1 ? nan : fpu_get(c, o->d);
	fpu_set(c, 0, other);
	fpu_set(c, o->d, top);
	return true;
}

static bool move_if(struct cpu *c, const struct insn *o, bool condition)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0) || fpu_empty(c, o->s)) {
		if (fpu_stack_fault(c, false))
			fpu_set_num(c, 0, &num_indefinite);
	} else if (condition) {
		fpu_set(c, 0, fpu_get(c, o->s));
	}
	return true;
}

SIMPLE(fcmovb) { return move_if(c, o, flag_cf(c)); }
SIMPLE(fcmove) { return move_if(c, o, flag_zf(c)); }
SIMPLE(fcmovbe) { return move_if(c, o, flag_cf(c) || flag_zf(c)); }
SIMPLE(fcmovu) { return move_if(c, o, flag_pf(c)); }
SIMPLE(fcmovnb) { return move_if(c, o, !flag_cf(c)); }
SIMPLE(fcmovne) { return move_if(c, o, !flag_zf(c)); }
SIMPLE(fcmovnbe) { return move_if(c, o, !flag_cf(c) && !flag_zf(c)); }
SIMPLE(fcmovnu) { return move_if(c, o, !flag_pf(c)); }

/* --- the stack itself -------------------------------------------------------------------------------- */

static bool turn(struct cpu *c, const struct insn *o, int by)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_turn(c, by);
	fpu_set_cc(c, FSW_C1, 0);
	return true;
}

SIMPLE(fincstp) { return turn(c, o, 1); }
SIMPLE(fdecstp) { return turn(c, o, -1); }

SIMPLE(ffree)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	fpu_free(c, o->d);
	return true;
}

SIMPLE(ffreep)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C1, 0);
	fpu_free(c, o->d);
	fpu_pop(c);
	return true;
}

SIMPLE(fnop)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	return true;
}
