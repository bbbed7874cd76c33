/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-sse-compare.c - SSE comparisons into masks and into flags; approximate reciprocals.
 * Rule: predicates and flags both follow from the four orders of fp_compare; which NaNs are invalid depends
 * on the predicate alone.
 */
#include "cpu-interp/fp/host.h"
#include "cpu-interp/op-sse.h"

/* Bits of the immediate: 1:0 choose equal, less, less or equal, unordered; bit 2 negates (SDM 2A table
 * 3-1). */
static const u8 predicates[4] = { 1 << FP_EQUAL, 1 << FP_LESS, 1 << FP_LESS | 1 << FP_EQUAL,
				  1 << FP_UNORDERED };

static inline enum fp_order order_of(struct fp_env *e, enum fp_format f, u64 a, u64 b, bool quiet)
{
	if (LIKELY(host_normal_or_zero(f, a) && host_normal_or_zero(f, b)))
		return host_compare(f, a, b);
	return fp_compare(e, f, a, b, quiet);
}

static inline bool compare(struct cpu *c, const struct insn *o, enum fp_format f, int lanes)
{
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec *a = xmm(c, o->d), b, r = *a;
	bool quiet = (o->imm & 3) == 0 || (o->imm & 3) == 3;
	u8 holds = predicates[o->imm & 3] ^ (o->imm & 4 ? 0xf : 0);
	if (!sse_operand(c, o, f, lanes, &b))
		return false;
	for (int i = 0; i < lanes; i++) {
		enum fp_order order = order_of(&e, f, lane_get(a, f, i), lane_get(&b, f, i), quiet);
		lane_set(&r, f, i, holds >> order & 1 ? UINT64_MAX : 0);
	}
	if (!sse_finish(c, &e))
		return false;
	*a = r;
	return true;
}

SIMPLE(cmpps) { return compare(c, o, FP_SINGLE, 4); }
SIMPLE(cmppd) { return compare(c, o, FP_DOUBLE, 2); }
SIMPLE(cmpss) { return compare(c, o, FP_SINGLE, 1); }
SIMPLE(cmpsd) { return compare(c, o, FP_DOUBLE, 1); }

/* SDM 2A COMISS: OF, SF and AF are cleared. */
static inline bool compare_flags(struct cpu *c, const struct insn *o, enum fp_format f, bool quiet)
{
	static const u8 flags[] = { [FP_GREATER] = 0, [FP_LESS] = FLAG_CF, [FP_EQUAL] = FLAG_ZF,
				    [FP_UNORDERED] = FLAG_ZF | FLAG_PF | FLAG_CF };
	struct fp_env e = fp_env_sse(*c->s.mxcsr);
	union vec b;
	if (!sse_operand(c, o, f, 1, &b))
		return false;
	enum fp_order order = order_of(&e, f, lane_get(xmm(c, o->d), f, 0), lane_get(&b, f, 0), quiet);
	if (!sse_finish(c, &e))
		return false;
	flags_change(c, FLAGS_ARITH, flags[order]);
	return true;
}

SIMPLE(comiss) { return compare_flags(c, o, FP_SINGLE, false); }
SIMPLE(comisd) { return compare_flags(c, o, FP_DOUBLE, false); }
SIMPLE(ucomiss) { return compare_flags(c, o, FP_SINGLE, true); }
SIMPLE(ucomisd) { return compare_flags(c, o, FP_DOUBLE, true); }

/* ---- approximations ---- */

/* Processors differ here; what the manual promises is a relative error of at most 1.5 * 2^-12 (SDM 2B RCPPS,
 * RSQRTPS).  Ours: the exact value rounded to 12 significant bits, half away from zero, so the error is below
 * 2^-12 + 2^-24.  No exceptions, MXCSR has no say: denormal operands and tiny results are zeros. */

enum {
	SIGN = 1u << 31,
	INFINITY_BITS = 0x7f800000u,
	QUIET = 1u << 22,
	INDEFINITE = 0xffc00000u,
	ONE = 0x3f800000u
};
enum { DROPPED = 12 /* bits of the fraction's 23 */ };

static u32 twelve_bits(u32 x) { return (x + (1u << (DROPPED - 1))) & ~((1u << DROPPED) - 1); }
static bool is_nan(u32 x) { return (x & ~SIGN) > INFINITY_BITS; }

static u32 reciprocal(u32 x)
{
	struct fp_env e = fp_env_sse(MXCSR_MASKS | MXCSR_DAZ | MXCSR_FTZ);
	if (is_nan(x))
		return x | QUIET;
	u32 r = (u32)fp_div(&e, FP_SINGLE, ONE, x);
	return (r & ~SIGN) == INFINITY_BITS ? r : twelve_bits(r);
}

/* In double precision, so that only one rounding shows. */
static u32 reciprocal_root(u32 x)
{
	struct fp_env e = fp_env_sse(MXCSR_MASKS | MXCSR_DAZ | MXCSR_FTZ);
	if (is_nan(x))
		return x | QUIET;
	if ((x & ~SIGN) < 1u << 23)
		return (x & SIGN) | INFINITY_BITS;
	if (x & SIGN)
		return INDEFINITE;
	u64 wide = fp_sqrt(&e, FP_DOUBLE, fp_convert(&e, FP_DOUBLE, FP_SINGLE, x));
	wide = fp_div(&e, FP_DOUBLE, fp_convert(&e, FP_DOUBLE, FP_SINGLE, ONE), wide);
	return twelve_bits((u32)fp_convert(&e, FP_SINGLE, FP_DOUBLE, wide));
}

static inline bool approximate(struct cpu *c, const struct insn *o, enum fp_format f, int lanes,
			       u32 (*fn)(u32 x))
{
	union vec v;
	if (!sse_operand(c, o, f, lanes, &v))
		return false;
	for (int i = 0; i < lanes; i++)
		xmm(c, o->d)->d[i] = fn(v.d[i]);
	return true;
}

FLOAT_PS(rcp, approximate, reciprocal)
FLOAT_SS(rcp, approximate, reciprocal)
FLOAT_PS(rsqrt, approximate, reciprocal_root)
FLOAT_SS(rsqrt, approximate, reciprocal_root)
