/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-sse-arith.c - SSE arithmetic: add to maximum, square root, horizontal and alternating sums, rounding, dot products.
 * Rule: as op-sse.h says: all lanes first, then the flags, then the result.
 */
#include "cpu-interp/op-sse.h"

bool sse_unmasked(struct cpu *c, const struct fp_env *e)
{
	return fault_raise(c, *c->s.cr4 & CR4_OSXMMEXCPT ? VEC_XM : VEC_UD);
}

/* ---- two operands, lane by lane; scalar forms leave the other lanes of the destination ---- */

static inline bool binary(struct cpu *c, const struct insn *o, enum fp_format f, int lanes, fp_binary fn)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r = *a;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, fn(&e, f, lane_get(a, f, i), lane_get(&b, f, i)));
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

FLOATS(add, binary, fp_add)
FLOATS(sub, binary, fp_sub)
FLOATS(mul, binary, fp_mul)
FLOATS(div, binary, fp_div)
FLOATS(min, binary, fp_min)
FLOATS(max, binary, fp_max)

/* ---- one operand ---- */

static inline bool square_root(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec v, r = *xmm(c, o->d);
	if (!sse_operand(c, o, f, lanes, &v))
		return false;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, fp_sqrt(&e, f, lane_get(&v, f, i)));
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(sqrtps) { return square_root(c, o, FP_SINGLE, 4); }
SIMPLE(sqrtpd) { return square_root(c, o, FP_DOUBLE, 2); }
SIMPLE(sqrtss) { return square_root(c, o, FP_SINGLE, 1); }
SIMPLE(sqrtsd) { return square_root(c, o, FP_DOUBLE, 1); }

/* The immediate's bits 1:0 are the rounding mode, unless bit 2 asks for MXCSR's; bit 3: inexact is no exception (SDM 2B
 * ROUNDPD, figure 4-24). */
enum { ROUND_MODE = 3, ROUND_BY_MXCSR = 1 << 2, ROUND_QUIETLY = 1 << 3 };

static inline bool round_lanes(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec v, r = *xmm(c, o->d);
	if (!sse_operand(c, o, f, lanes, &v))
		return false;
	if (!(o->imm & ROUND_BY_MXCSR))
		e.rounding = o->imm & ROUND_MODE;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, fp_round_int(&e, f, lane_get(&v, f, i)));
	if (o->imm & ROUND_QUIETLY)
		e.flags &= (u8)~FP_PE;
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(roundps) { return round_lanes(c, o, FP_SINGLE, 4); }
SIMPLE(roundpd) { return round_lanes(c, o, FP_DOUBLE, 2); }
SIMPLE(roundss) { return round_lanes(c, o, FP_SINGLE, 1); }
SIMPLE(roundsd) { return round_lanes(c, o, FP_DOUBLE, 1); }

/* ---- SSE3 ---- */

static inline bool alternate(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++) {
		fp_binary fn = i & 1 ? fp_add : fp_sub;
		lane_set(&r, f, i, fn(&e, f, lane_get(a, f, i), lane_get(&b, f, i)));
	}
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

SIMPLE(addsubps) { return alternate(c, o, FP_SINGLE, 4); }
SIMPLE(addsubpd) { return alternate(c, o, FP_DOUBLE, 2); }

/* Pairs of the destination make the lower half of the result, pairs of the source the upper one. */
static inline bool neighbours(struct cpu *c, const struct insn *o, enum fp_format f, int lanes, fp_binary fn)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++) {
		const union vec *from = i < lanes / 2 ? a : &b;
		int pair = 2 * i % lanes;
		lane_set(&r, f, i, fn(&e, f, lane_get(from, f, pair), lane_get(from, f, pair + 1)));
	}
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

FLOAT_PS(hadd, neighbours, fp_add)
FLOAT_PD(hadd, neighbours, fp_add)
FLOAT_PS(hsub, neighbours, fp_sub)
FLOAT_PD(hsub, neighbours, fp_sub)

/* ---- dot products (SDM 2A DPPS, DPPD) ---- */

/* Sums of neighbours, until one is left.  They round, and raise, one after the other. */
static inline bool sum(struct cpu *c, struct fp_env *e, enum fp_format f, int lanes, union vec *v)
{
	for (; lanes > 1; lanes /= 2) {
		for (int i = 0; i < lanes / 2; i++)
			lane_set(v, f, i, fp_add(e, f, lane_get(v, f, 2 * i), lane_get(v, f, 2 * i + 1)));
		if (!sse_finish(c, e))
			return false;
	}
	return true;
}

/* The immediate's upper half chooses the products, its lower half the lanes that get their sum; the others become 0. */
static inline bool dot_product(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, v = { .q = { 0, 0 } }, r = v;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++)
		if (o->imm >> (4 + i) & 1)
			lane_set(&v, f, i, fp_mul(&e, f, lane_get(a, f, i), lane_get(&b, f, i)));
	if (!sse_finish(c, &e) || !sum(c, &e, f, lanes, &v))
		return false;
	for (int i = 0; i < lanes; i++)
		if (o->imm >> i & 1)
			lane_set(&r, f, i, lane_get(&v, f, 0));
	*a = r;
	return true;
}

SIMPLE(dpps) { return dot_product(c, o, FP_SINGLE, 4); }
SIMPLE(dppd) { return dot_product(c, o, FP_DOUBLE, 2); }
