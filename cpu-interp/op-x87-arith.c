/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-x87-arith.c - x87 arithmetic and comparison (SDM 1 8.3.5, 8.3.6).
 * Rule: an instruction's own line says what it computes of a (destination) and b (source); what all of them do
 * with stack, rounding and exceptions is said once.
 */
#include "cpu-interp/fpu.h"

/* --- two operands, result in a register -------------------------------------------------------------- */

/* The source operand as a number; *empty: it is a register that is empty. */
static bool source(struct cpu *c, const struct insn *o, bool integer, struct num *b, bool *empty)
{
	*empty = false;
	if (o->mem)
		return integer ? fpu_load_int(c, o, b) : fpu_load(c, o, b);
	*empty = fpu_empty(c, o->s);
	*b = fpu_num(c, o->s);
	return true;
}

/* ST(d) = fn(ST(d), source), rounded to the precision of the control word. */
static bool arith(struct cpu *c, const struct insn *o, fpu_binary_fn fn, bool integer, bool pop)
{
	int d = o->mem ? 0 : o->d;
	struct num b, r = num_indefinite;
	bool empty, written;
	if (!fpu_begin(c) || !source(c, o, integer, &b, &empty))
		return false;
	fpu_record(c, o);
	if (empty || fpu_empty(c, d)) {
		written = fpu_stack_fault(c, false);
	} else {
		struct fp_env e = fpu_env(c);
		r = num_round(&e, FP_EXTENDED, fn(&e, fpu_num(c, d), b));
		written = fpu_settle(c, &e);
	}
	if (written)
		fpu_set_num(c, d, &r);
	if (written && pop)
		fpu_pop(c);
	return true;
}

#define ARITH(name, result) \
	static struct num name##_of(struct fp_env *e, struct num a, struct num b) { return result; } \
	SIMPLE(f##name) { return arith(c, o, name##_of, false, false); } \
	SIMPLE(f##name##p) { return arith(c, o, name##_of, false, true); } \
	SIMPLE(fi##name) { return arith(c, o, name##_of, true, false); }
ARITH(add, num_add(e, a, b))
ARITH(mul, num_mul(e, a, b))
ARITH(sub, num_sub(e, a, b))
ARITH(subr, num_sub(e, b, a))
ARITH(div, num_div(e, a, b))
ARITH(divr, num_div(e, b, a))

/* --- ST0 alone --------------------------------------------------------------------------------------- */

static struct num root(struct fp_env *e, struct num a) { return num_round(e, FP_EXTENDED, num_sqrt(e, a)); }
static struct num integral(struct fp_env *e, struct num a) { return num_round_int(e, num_convert(e, a)); }

SIMPLE(fsqrt) { return fpu_unary(c, o, fpu_env(c), root); }
SIMPLE(frndint) { return fpu_unary(c, o, fpu_env_precise(c), integral); }

/* Bits of the encoding, whatever it means. */
static bool change_sign(struct cpu *c, const struct insn *o, u16 keep, u16 flip)
{
	struct fp80 v;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0)) {
		if (fpu_stack_fault(c, false))
			fpu_set_num(c, 0, &num_indefinite);
		return true;
	}
	v = fpu_get(c, 0);
	v.exp = (u16)((v.exp & keep) ^ flip);
	fpu_set(c, 0, v);
	fpu_set_cc(c, FSW_C1, 0);
	return true;
}

SIMPLE(fchs) { return change_sign(c, o, 0xffff, 0x8000); }
SIMPLE(fabs) { return change_sign(c, o, 0x7fff, 0); }

/* --- ST0 and ST1, result in ST0 ---------------------------------------------------------------------- */

SIMPLE(fscale) { return fpu_binary(c, o, num_scale, false); }

/* The quotient's low bits 2, 1, 0 go to C0, C3, C1; C2 = 1: not yet done, execute it again (SDM 2A FPREM). */
static bool remainder_of(struct cpu *c, const struct insn *o, bool nearest)
{
	u32 q;
	bool partial;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C2, 0);
	if (fpu_empty(c, 0) || fpu_empty(c, 1)) {
		if (fpu_stack_fault(c, false))
			fpu_set_num(c, 0, &num_indefinite);
		return true;
	}
	struct fp_env e = fpu_env_precise(c);
	struct num r = num_remainder(&e, fpu_num(c, 0), fpu_num(c, 1), nearest, &q, &partial);
	r = num_round(&e, FP_EXTENDED, r);
	if (!fpu_settle(c, &e))
		return true;
	fpu_set_num(c, 0, &r);
	if (num_is_nan(&r))
		return true;
	fpu_set_cc(c, FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3,
		   (q & 4 ? FSW_C0 : 0) | (q & 2 ? FSW_C3 : 0) | (q & 1 ? FSW_C1 : 0) | (partial ? FSW_C2 : 0));
	return true;
}

SIMPLE(fprem) { return remainder_of(c, o, false); }
SIMPLE(fprem1) { return remainder_of(c, o, true); }

/* --- FXTRACT: ST0 becomes its exponent, and its significand is pushed -------------------------------- */

static void extract(struct fp_env *e, struct num x, struct num *exponent, struct num *significand)
{
	if (num_operand(e, &x, significand)) {
		*exponent = *significand;
		return;
	}
	*exponent = num_inf(false);
	*significand = x;
	if (x.kind == NUM_ZERO) {
		e->flags |= FP_ZE;
		*exponent = num_inf(true);
	}
	if (x.kind != NUM_FINITE)
		return;
	num_note_denormal(e, x.denormal);
	*exponent = num_from_int(x.exp);
	significand->exp = 0;
}

SIMPLE(fxtract)
{
	struct num exponent = num_indefinite, significand = num_indefinite;
	bool written;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0) || !fpu_empty(c, -1)) {
		written = fpu_stack_fault(c, !fpu_empty(c, 0));
	} else {
		struct fp_env e = fpu_env_precise(c);
		extract(&e, fpu_num(c, 0), &exponent, &significand);
		written = fpu_settle(c, &e);
	}
	if (!written)
		return true;
	fpu_set_num(c, 0, &exponent);
	fpu_push(c, &significand);
	return true;
}

/* --- comparison -------------------------------------------------------------------------------------- */

static const u16 to_cc[] = { [FP_GREATER] = 0, [FP_LESS] = FSW_C0, [FP_EQUAL] = FSW_C3,
			     [FP_UNORDERED] = FSW_C0 | FSW_C2 | FSW_C3 };
static const u16 to_flags[] = { [FP_GREATER] = 0, [FP_LESS] = FLAG_CF, [FP_EQUAL] = FLAG_ZF,
				[FP_UNORDERED] = FLAG_CF | FLAG_PF | FLAG_ZF };

enum { QUIET = 1, EFLAGS = 2, POP = 4, POP_BOTH = 8 };

/* ST0 with b.  The codes are set even by an invalid comparison that is not masked; EFLAGS and the stack stay then. */
static bool compare(struct cpu *c, const struct num *b, bool empty, int how)
{
	struct fp_env e = fpu_env(c);
	enum fp_order order = FP_UNORDERED;
	bool valid;
	if (empty || fpu_empty(c, 0)) {
		valid = fpu_stack_fault(c, false);
	} else {
		order = num_compare(&e, fpu_num(c, 0), *b, how & QUIET);
		valid = fpu_settle(c, &e);
	}
	if (!(how & EFLAGS))
		fpu_set_cc(c, FSW_C0 | FSW_C2 | FSW_C3, to_cc[order]);
	else if (valid)
		flags_change(c, FLAGS_ARITH, to_flags[order]);
	return valid;
}

static bool compare_with(struct cpu *c, const struct insn *o, const struct num *b, bool empty, int how)
{
	fpu_record(c, o);
	if (!compare(c, b, empty, how))
		return true;
	if (how & (POP | POP_BOTH))
		fpu_pop(c);
	if (how & POP_BOTH)
		fpu_pop(c);
	return true;
}

static bool compare_operand(struct cpu *c, const struct insn *o, int i, bool integer, int how)
{
	struct num b = { 0 };
	if (!fpu_begin(c))
		return false;
	if (!o->mem)
		b = fpu_num(c, i);
	else if (!(integer ? fpu_load_int(c, o, &b) : fpu_load(c, o, &b)))
		return false;
	return compare_with(c, o, &b, !o->mem && fpu_empty(c, i), how);
}

SIMPLE(fcom) { return compare_operand(c, o, o->d, false, 0); }
SIMPLE(fcomp) { return compare_operand(c, o, o->d, false, POP); }
SIMPLE(fcompp) { return compare_operand(c, o, 1, false, POP_BOTH); }
SIMPLE(fucom) { return compare_operand(c, o, o->d, false, QUIET); }
SIMPLE(fucomp) { return compare_operand(c, o, o->d, false, QUIET | POP); }
SIMPLE(fucompp) { return compare_operand(c, o, 1, false, QUIET | POP_BOTH); }
SIMPLE(ficom) { return compare_operand(c, o, 0, true, 0); }
SIMPLE(ficomp) { return compare_operand(c, o, 0, true, POP); }
SIMPLE(fcomi) { return compare_operand(c, o, o->s, false, EFLAGS); }
SIMPLE(fcomip) { return compare_operand(c, o, o->s, false, EFLAGS | POP); }
SIMPLE(fucomi) { return compare_operand(c, o, o->s, false, QUIET | EFLAGS); }
SIMPLE(fucomip) { return compare_operand(c, o, o->s, false, QUIET | EFLAGS | POP); }

SIMPLE(ftst)
{
	const struct num zero = num_zero(false);
	return fpu_begin(c) && compare_with(c, o, &zero, false, 0);
}

/* SDM 1 table 8-6 */
static u16 examine(const struct cpu *c)
{
	static const u16 cc[] = { [NUM_ZERO] = FSW_C3, [NUM_FINITE] = FSW_C2, [NUM_INF] = FSW_C2 | FSW_C0,
				  [NUM_QNAN] = FSW_C0, [NUM_SNAN] = FSW_C0, [NUM_UNSUPPORTED] = 0 };
	struct num x = fpu_num(c, 0);
	if (fpu_empty(c, 0))
		return FSW_C3 | FSW_C0;
	return x.denormal ? FSW_C3 | FSW_C2 : cc[x.kind];
}

SIMPLE(fxam)
{
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C0 | FSW_C1 | FSW_C2 | FSW_C3, examine(c) | (fpu_get(c, 0).exp >> 15 ? FSW_C1 : 0));
	return true;
}
