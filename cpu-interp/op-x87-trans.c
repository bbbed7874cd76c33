/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-x87-trans.c - the x87's transcendental instructions (SDM 1 8.3.7): the stack's part of them.
 * Rule: results always have all 64 bits, whatever precision control says (SDM 1 8.1.5.2).
 */
#include "cpu-interp/fp/trans.h"
#include "cpu-interp/fpu.h"

static struct num rounded(struct fp_env *e, struct num x) { return num_round(e, FP_EXTENDED, x); }

/* --- ST0 = f(ST0); ST1 = f(ST1, ST0) and pop --------------------------------------------------------- */

SIMPLE(f2xm1)
{
	struct num r = num_indefinite;
	bool written;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	if (fpu_empty(c, 0)) {
		written = fpu_stack_fault(c, false);
	} else {
		struct fp_env e = fpu_env_precise(c);
		r = rounded(&e, num_exp2m1(&e, fpu_num(c, 0)));
		written = fpu_settle(c, &e);
	}
	if (written)
		fpu_set_num(c, 0, &r);
	return true;
}

typedef struct num (*binary_fn)(struct fp_env *e, struct num y, struct num x);

static bool binary(struct cpu *c, const struct insn *o, binary_fn fn)
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
		r = rounded(&e, fn(&e, fpu_num(c, 1), fpu_num(c, 0)));
		written = fpu_settle(c, &e);
	}
	if (!written)
		return true;
	fpu_set_num(c, 1, &r);
	fpu_pop(c);
	return true;
}

SIMPLE(fyl2x) { return binary(c, o, num_ylog2); }
SIMPLE(fyl2xp1) { return binary(c, o, num_ylog2p1); }
SIMPLE(fpatan) { return binary(c, o, num_atan2); }

/* --- sine and its kin: C2 = 1 if the operand is out of range, and then nothing else changes ------------ */

enum trig { SINE, COSINE, BOTH, TANGENT };

static bool compute(struct fp_env *e, enum trig what, struct num x, struct num *r, struct num *pushed)
{
	struct num sine, cosine;

	if (what == TANGENT) {
		if (!num_tan(e, x, r))
			return false;
		*r = rounded(e, *r);
		*pushed = num_is_nan(r) ? *r : num_from_int(1);
		return true;
	}
	if (!num_sincos(e, x, &sine, &cosine))
		return false;
	if (what == BOTH)
		*pushed = rounded(e, cosine);
	*r = rounded(e, what == COSINE ? cosine : sine);
	return true;
}

static bool trigonometric(struct cpu *c, const struct insn *o, enum trig what)
{
	struct num r = num_indefinite, pushed = num_indefinite;
	bool written, pushes = what >= BOTH;
	if (!fpu_begin(c))
		return false;
	fpu_record(c, o);
	fpu_set_cc(c, FSW_C2, 0);
	if (fpu_empty(c, 0) || (pushes && !fpu_empty(c, -1))) {
		written = fpu_stack_fault(c, !fpu_empty(c, 0));
	} else {
		struct fp_env e = fpu_env_precise(c);
		if (!compute(&e, what, fpu_num(c, 0), &r, &pushed)) {
			fpu_set_cc(c, FSW_C1 | FSW_C2, FSW_C2);
			return true;
		}
		written = fpu_settle(c, &e);
	}
	if (!written)
		return true;
	fpu_set_num(c, 0, &r);
	if (pushes)
		fpu_push(c, &pushed);
	return true;
}

SIMPLE(fsin) { return trigonometric(c, o, SINE); }
SIMPLE(fcos) { return trigonometric(c, o, COSINE); }
SIMPLE(fsincos) { return trigonometric(c, o, BOTH); }
SIMPLE(fptan) { return trigonometric(c, o, TANGENT); }
