/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-x87-trans.c - the x87's transcendental instructions (SDM 1 8.3.7): the stack's part of them.
 * Rule: results always have all 64 bits, whatever precision control says (SDM 1 8.1.5.2).
 */
#include "cpu-interp/fp/trans.h"
#include "cpu-interp/fpu.h"

static struct num rounded(struct fp_env *e, struct num x) { return num_round(e, FP_EXTENDED, x); }

/* --- ST0 = f(ST0); ST1 = f(ST0, ST1) and pop --------------------------------------------------------- */

static struct num power(struct fp_env *e, struct num x) { return rounded(e, num_exp2m1(e, x)); }
static struct num logarithm(struct fp_env *e, struct num x, struct num y) { return num_ylog2(e, y, x); }
static struct num logarithm_1(struct fp_env *e, struct num x, struct num y) { return num_ylog2p1(e, y, x); }
static struct num angle(struct fp_env *e, struct num x, struct num y) { return num_atan2(e, y, x); }

SIMPLE(f2xm1) { return fpu_unary(c, o, fpu_env_precise(c), power); }
SIMPLE(fyl2x) { return fpu_binary(c, o, logarithm, true); }
SIMPLE(fyl2xp1) { return fpu_binary(c, o, logarithm_1, true); }
SIMPLE(fpatan) { return fpu_binary(c, o, angle, true); }

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
