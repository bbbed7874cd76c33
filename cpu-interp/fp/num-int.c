/* SPDX-License-Identifier: GPL-3.0-or-later
 * num-int.c - numbers and integers: binary of 16, 32 and 64 bits, and packed decimal (SDM 1 4.2.1.2, 4.7).
 * Rule: what does not fit is #IA and the integer indefinite, never an overflow (SDM 1 4.9.1.1).
 */
#include "cpu-interp/fp/num.h"

struct num num_from_int(i64 v)
{
	u64 magnitude = v < 0 ? -(u64)v : (u64)v;
	return num_normal(v < 0, 63, (u128)magnitude << 64);
}

/* The magnitude of a finite number below 2^64, rounded to an integer.  False: it is not below. */
static bool round_magnitude(struct fp_env *e, const struct num *x, u64 *magnitude, bool *inexact)
{
	if (x->exp > 63)
		return false;
	u128 fixed = shift_sticky(x->sig, 63 - x->exp); /* 64 bits, point, 64 bits */
	u64 whole = (u64)(fixed >> 64), fraction = (u64)fixed, half = 1ull << 63;

	switch (e->rounding) {
	case ROUND_NEAREST: e->up = fraction > half || (fraction == half && whole & 1); break;
	case ROUND_DOWN: e->up = fraction && x->sign; break;
	case ROUND_UP: e->up = fraction && !x->sign; break;
	default: e->up = false; break;
	}
	*inexact = fraction != 0;
	*magnitude = whole + e->up;
	return true;
}

struct num num_round_int(struct fp_env *e, struct num x)
{
	u64 magnitude;
	bool inexact;

	e->up = false;
	if (x.kind != NUM_FINITE || x.exp >= 63 || fp_unmasked(e) & FP_PRE)
		return x;
	round_magnitude(e, &x, &magnitude, &inexact);
	e->flags |= inexact ? FP_PE : 0;
	return num_normal(x.sign, 63, (u128)magnitude << 64);
}

/* Integers from -limit - 1 (or -limit, if symmetric) to limit; the value in *v.  False: raised #IA. */
static bool to_bounded(struct fp_env *e, const struct num *x, u64 limit, bool symmetric, u64 *magnitude)
{
	bool inexact = false;

	e->up = false;
	*magnitude = 0;
	if (x->kind == NUM_ZERO)
		return true;
	if (x->kind != NUM_FINITE || !round_magnitude(e, x, magnitude, &inexact) ||
	    *magnitude > limit + (x->sign && !symmetric)) {
		e->flags |= FP_IE;
		e->up = false;
		return false;
	}
	e->flags |= inexact ? FP_PE : 0;
	return true;
}

i64 num_to_int(struct fp_env *e, struct num x, int bits)
{
	u64 limit = (1ull << (bits - 1)) - 1, magnitude;

	if (!to_bounded(e, &x, limit, false, &magnitude))
		return -(i64)limit - 1;
	return (i64)(x.sign ? -magnitude : magnitude);
}

#define BCD_LIMIT 999999999999999999ull /* 18 digits */

struct num num_from_bcd(const u8 bcd[10])
{
	u64 magnitude = 0;

	for (int i = 8; i >= 0; i--)
		magnitude = magnitude * 100 + (u64)(bcd[i] >> 4) * 10 + (bcd[i] & 15);
	return num_normal(bcd[9] >> 7, 63, (u128)magnitude << 64);
}

void num_to_bcd(struct fp_env *e, struct num x, u8 bcd[10])
{
	static const u8 indefinite[10] = { [7] = 0xc0, [8] = 0xff, [9] = 0xff }; /* SDM 1 table 4-4 */
	u64 magnitude;
	bool fits = to_bounded(e, &x, BCD_LIMIT, true, &magnitude);

	for (int i = 0; i < 9; i++, magnitude /= 100)
		bcd[i] = (u8)(magnitude / 10 % 10 << 4 | magnitude % 10);
	bcd[9] = x.sign ? 0x80 : 0;
	for (int i = 0; i < 10 && !fits; i++)
		bcd[i] = indefinite[i];
}
