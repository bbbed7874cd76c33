/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-sse-arith.c - SSE arithmetic: add to maximum, square root, horizontal and alternating sums, rounding,
 * dot products.
 * Rule: as op-sse.h says: all lanes first, then the flags, then the result.
 */
#include "cpu-interp/fp/host.h"
#include "cpu-interp/op-sse.h"

bool sse_unmasked(struct cpu *c, const struct fp_env *e)
{
	return fault_raise(c, *c->s.cr4 & CR4_OSXMMEXCPT ? VEC_XM : VEC_UD);
}

/* ---- two operands, lane by lane; scalar forms leave the other lanes of the destination ---- */

/* One lane: by the host's processor if its answer is certain to be the same. */
static inline u64 arithmetic(struct fp_env *e, bool host, enum host_operation op, fp_binary fn,
			     enum fp_format f, u64 a, u64 b)
{
	u64 r = host ? host_compute(op, f, a, b) : 0;
	return LIKELY(host && host_certain(op, f, a, b, r)) ? r : fn(e, f, a, b);
}

static inline bool binary(struct cpu *c, const struct insn *o, enum fp_format f, int lanes,
			  enum host_operation op, fp_binary fn)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	bool host = host_may_round(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r = *a;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, arithmetic(&e, host, op, fn, f, lane_get(a, f, i), lane_get(&b, f, i)));
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

/* The second operand of a scalar instruction, if it can be had without ado; or NULL. */
static inline const u8 *at_hand(struct cpu *c, const struct insn *o, int size)
{
	if (UNLIKELY(!sse_ready(c)))
		return NULL;
	return o->mem ? mmu_hit_read(c, o->seg, ea(c, o), (u64)size) : xmm(c, o->s)->b;
}

/* Scalar arithmetic is what most programs compute with: the host's way first, and the complete one if
 * anything is out of the ordinary. */
#define SCALAR(name, f, op, fn) \
	static COLD bool exec_##name(struct cpu *c, const struct insn *o) \
	{ \
		return binary(c, o, f, 1, op, fn); \
	} \
	PLAIN(name) \
	{ \
		const u8 *second = at_hand(c, o, lane_size(f)); \
		if (LIKELY(second && host_may_round(*c->s.mxcsr))) { \
			u64 a = lane_get(xmm(c, o->d), f, 0), b = host_get(second, lane_size(f)); \
			u64 r = host_compute(op, f, a, b); \
			if (LIKELY(host_certain(op, f, a, b, r))) { \
				lane_set(xmm(c, o->d), f, 0, r); \
				NEXT; \
			} \
		} \
		TRY(exec_##name(c, o)); \
		NEXT; \
	}

#define ARITHMETIC(name, op, fn) \
	FLOAT_PS(name, binary, op, fn) FLOAT_PD(name, binary, op, fn) \
	SCALAR(name##ss, FP_SINGLE, op, fn) SCALAR(name##sd, FP_DOUBLE, op, fn)

ARITHMETIC(add, HOST_ADD, fp_add)
ARITHMETIC(sub, HOST_SUB, fp_sub)
ARITHMETIC(mul, HOST_MUL, fp_mul)
ARITHMETIC(div, HOST_DIV, fp_div)

/* The first operand if it is less (greater) than the second, which is taken otherwise. */
static inline u64 choose(struct fp_env *e, fp_binary fn, enum fp_order first, enum fp_format f, u64 a, u64 b)
{
	if (LIKELY(host_normal_or_zero(f, a) && host_normal_or_zero(f, b)))
		return host_compare(f, a, b) == first ? a : b;
	return fn(e, f, a, b);
}

static inline bool select(struct cpu *c, const struct insn *o, enum fp_format f, int lanes, fp_binary fn,
			  enum fp_order first)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r = *a;
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, choose(&e, fn, first, f, lane_get(a, f, i), lane_get(&b, f, i)));
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

FLOATS(min, select, fp_min, FP_LESS)
FLOATS(max, select, fp_max, FP_GREATER)

/* ---- one operand ---- */

static inline u64 root(struct fp_env *e, bool host, enum fp_format f, u64 a)
{
	bool positive = !(a >> (f == FP_DOUBLE ? 63 : 31));
	if (LIKELY(host && positive && host_normal_or_zero(f, a)))
		return host_sqrt(f, a); /* never out of range */
	return fp_sqrt(e, f, a);
}

static inline bool square_root(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	bool host = host_may_round(*c->s.mxcsr);
	union vec v, r = *xmm(c, o->d);
	if (!sse_operand(c, o, f, lanes, &v))
		return false;
	for (int i = 0; i < lanes; i++)
		lane_set(&r, f, i, root(&e, host, f, lane_get(&v, f, i)));
	if (!sse_finish(c, &e))
		return false;
	*xmm(c, o->d) = r;
	return true;
}

SIMPLE(sqrtps) { return square_root(c, o, FP_SINGLE, 4); }
SIMPLE(sqrtpd) { return square_root(c, o, FP_DOUBLE, 2); }
SIMPLE(sqrtss) { return square_root(c, o, FP_SINGLE, 1); }
SIMPLE(sqrtsd) { return square_root(c, o, FP_DOUBLE, 1); }

/* The immediate's bits 1:0 are the rounding mode, unless bit 2 asks for MXCSR's; bit 3: inexact is no
 * exception (SDM 2B ROUNDPD, figure 4-24). */
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

/* The immediate's upper half chooses the products, its lower half the lanes that get their sum; the others
 * become 0. */
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
