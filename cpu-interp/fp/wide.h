/* SPDX-License-Identifier: GPL-3.0-or-later
 * wide.h - arithmetic for the transcendental functions: numbers with all 128 bits of the significand in use, and
 * fractions with 127 bits behind the point.
 *
 * Rule: each operation is truncated and so errs by less than 2^-126 of its result; a few dozen of them leave some 120
 * good bits, of which the result keeps 64.  So it is the correctly rounded one but in about one case of 2^55.
 * Numbers here are finite; zero is sig = 0.
 */
#ifndef VITRINE_CPU_INTERP_FP_WIDE_H
#define VITRINE_CPU_INTERP_FP_WIDE_H

#include "cpu-interp/fp/num.h"

/* Fractions from 0 to below 2. */
#define FIXED_ONE NUM_TOP
u128 fixed_mul(u128 a, u128 b);
/* |x| as a fraction; |x| < 2 */
u128 fixed_of(const struct num *x);

struct num wide(bool sign, i32 exp, u64 high, u64 low);
struct num wide_add(struct num a, struct num b);
struct num wide_mul(struct num a, struct num b);
struct num wide_div(struct num a, struct num b); /* b != 0 */
struct num wide_mul_fixed(struct num a, u128 fraction);
static inline struct num wide_neg(struct num x)
{
	x.sign = !x.sign;
	return x;
}
/* What is computed here is irrational: never exact, however many bits happen to be zero. */
static inline struct num wide_inexact(struct num x)
{
	x.sig |= 1;
	return x;
}

#endif
