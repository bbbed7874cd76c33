/* SPDX-License-Identifier: GPL-3.0-or-later
 * host.h - single and double precision by the host's own floating-point unit, where its answer must be ours.
 *
 * IEEE 754 leaves no choice for add, subtract, multiply, divide, square root and conversions: the result is
 * the exact one, rounded. What the host does not tell us are the exceptions; so it is asked only when there
 * can be none that changes anything:
 *
 *   - operands: normal numbers or zeros, so no #I but by 0/0 and no #D; DAZ has nothing to do;
 *   - the result: normal, and above the smallest normal number, so no #O, #U, #Z, and FTZ has nothing to do
 *     (a number that is tiny before rounding may become the smallest normal one); or a zero that is exact;
 *   - rounding to nearest, which is how the host's unit is set; #P masked and already recorded.
 *
 * Rule: when in doubt, say no: the integer arithmetic of fp.h is always right.
 */
#ifndef VITRINE_CPU_INTERP_FP_HOST_H
#define VITRINE_CPU_INTERP_FP_HOST_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "cpu-interp/fp/fp.h"

/* Not on hosts that compute in a wider format than they are asked for (the x87). */
static inline bool host_may_round(u32 mxcsr)
{
	const u32 rounding = 3 << 13, mask = FP_PE << 7;
	return FLT_EVAL_METHOD == 0 && (mxcsr & (rounding | mask | FP_PE)) == (mask | FP_PE);
}

static inline double host_double(u64 bits)
{
	double v;
	memcpy(&v, &bits, 8);
	return v;
}
static inline float host_single(u64 bits)
{
	u32 low = (u32)bits;
	float v;
	memcpy(&v, &low, 4);
	return v;
}
static inline u64 host_double_bits(double v)
{
	u64 bits;
	memcpy(&bits, &v, 8);
	return bits;
}
static inline u64 host_single_bits(float v)
{
	u32 bits;
	memcpy(&bits, &v, 4);
	return bits;
}

/* Biased exponent; the largest is that of infinities and NaNs. */
static inline u32 host_exponent(enum fp_format f, u64 bits)
{
	return f == FP_DOUBLE ? bits >> 52 & 0x7ff : bits >> 23 & 0xff;
}
static inline u32 host_largest(enum fp_format f) { return f == FP_DOUBLE ? 0x7ff : 0xff; }
static inline bool host_is_zero(enum fp_format f, u64 bits)
{
	return (f == FP_DOUBLE ? bits << 1 : bits << 33) == 0;
}

static inline bool host_normal_or_zero(enum fp_format f, u64 bits)
{
	return host_exponent(f, bits) - 1 < host_largest(f) - 1 || host_is_zero(f, bits);
}
static inline bool host_result_is_safe(enum fp_format f, u64 bits)
{
	return host_exponent(f, bits) - 2 < host_largest(f) - 2;
}

enum host_operation { HOST_ADD, HOST_SUB, HOST_MUL, HOST_DIV };

/* A result of zero is exact if it is a sum, or if an operand says so; other products and quotients were too
 * small. */
static inline bool host_zero_is_exact(enum host_operation op, enum fp_format f, u64 a, u64 b)
{
	bool sum = op == HOST_ADD || op == HOST_SUB;
	return sum || host_is_zero(f, a) || (op == HOST_MUL && host_is_zero(f, b));
}

/* May r = a op b be relied on? */
static inline bool host_certain(enum host_operation op, enum fp_format f, u64 a, u64 b, u64 r)
{
	return host_normal_or_zero(f, a) && host_normal_or_zero(f, b) &&
	       (host_result_is_safe(f, r) || (host_is_zero(f, r) && host_zero_is_exact(op, f, a, b)));
}

/* a op b, if host_certain says so. */
static inline u64 host_compute(enum host_operation op, enum fp_format f, u64 a, u64 b)
{
	double x = host_double(a), y = host_double(b);
	float v = host_single(a), w = host_single(b);
	bool wide = f == FP_DOUBLE;
	switch (op) {
	case HOST_ADD: return wide ? host_double_bits(x + y) : host_single_bits(v + w);
	case HOST_SUB: return wide ? host_double_bits(x - y) : host_single_bits(v - w);
	case HOST_MUL: return wide ? host_double_bits(x * y) : host_single_bits(v * w);
	default: return wide ? host_double_bits(x / y) : host_single_bits(v / w);
	}
}

static inline u64 host_sqrt(enum fp_format f, u64 a)
{
	return f == FP_DOUBLE ? host_double_bits(sqrt(host_double(a)))
			      : host_single_bits(sqrtf(host_single(a)));
}

/* No rounding, so no conditions but normal or zero operands. */
static inline enum fp_order host_compare(enum fp_format f, u64 a, u64 b)
{
	double x = f == FP_DOUBLE ? host_double(a) : host_single(a);
	double y = f == FP_DOUBLE ? host_double(b) : host_single(b);
	return x < y ? FP_LESS : x > y ? FP_GREATER : FP_EQUAL;
}
static inline u64 host_widen(u64 single) { return host_double_bits(host_single(single)); }

/* Both directions round like arithmetic. */
static inline u64 host_narrow(u64 wide) { return host_single_bits((float)host_double(wide)); }
static inline u64 host_from_int(enum fp_format f, i64 v)
{
	return f == FP_DOUBLE ? host_double_bits((double)v) : host_single_bits((float)v);
}

/* Towards zero.  Below 2^(bits-1) in magnitude, else the host's answer means nothing. */
static inline bool host_fits(enum fp_format f, u64 a, int bits)
{
	u32 bias = host_largest(f) >> 1;
	return host_exponent(f, a) < bias + (u32)bits - 1;
}
static inline i64 host_cut_off(enum fp_format f, u64 a)
{
	return f == FP_DOUBLE ? (i64)host_double(a) : (i64)host_single(a);
}
/* To nearest: below 2^(bits-2), lest it be rounded up to 2^(bits-1). */
static inline i64 host_nearest(enum fp_format f, u64 a)
{
	return f == FP_DOUBLE ? llrint(host_double(a)) : llrintf(host_single(a));
}

#endif
