/* SPDX-License-Identifier: GPL-3.0-or-later
 * wide.c - arithmetic on significands of 128 bits (wide.h).
 * Rule: truncate, never round; signs are kept apart from magnitudes.
 */
#include "cpu-interp/fp/wide.h"

/* The upper half of a product of 256 bits, and the lower one: by 64-bit digits, as on paper. */
static u128 multiply(u128 a, u128 b, u128 *low)
{
	u64 a1 = (u64)(a >> 64), a0 = (u64)a, b1 = (u64)(b >> 64), b0 = (u64)b;
	u128 p00 = (u128)a0 * b0, p01 = (u128)a0 * b1, p10 = (u128)a1 * b0, p11 = (u128)a1 * b1;
	u128 middle = (p00 >> 64) + (u64)p01 + (u64)p10;

	*low = middle << 64 | (u64)p00;
	return p11 + (p01 >> 64) + (p10 >> 64) + (middle >> 64);
}

u128 fixed_mul(u128 a, u128 b)
{
	u128 low, high = multiply(a, b, &low);
	return high << 1 | low >> 127;
}

u128 fixed_of(const struct num *x)
{
	return -x->exp > 127 ? 0 : x->sig >> -x->exp;
}

struct num wide(bool sign, i32 exp, u64 high, u64 low)
{
	return (struct num){ .kind = NUM_FINITE, .sign = sign, .exp = exp, .sig = (u128)high << 64 | low };
}

struct num wide_add(struct num a, struct num b)
{
	if (!a.sig || !b.sig)
		return a.sig ? a : b;
	const struct num *big = a.exp >= b.exp ? &a : &b, *small = big == &a ? &b : &a;
	i32 apart = big->exp - small->exp;
	u128 x = big->sig >> 1, y = apart > 126 ? 0 : small->sig >> 1 >> apart;

	if (a.sign == b.sign)
		return num_normal(a.sign, big->exp + 1, x + y);
	return x >= y ? num_normal(big->sign, big->exp + 1, x - y) : num_normal(small->sign, big->exp + 1, y - x);
}

struct num wide_mul(struct num a, struct num b)
{
	u128 low, high = multiply(a.sig, b.sig, &low);
	bool carry = high >> 127;

	if (!high)
		return num_zero(a.sign != b.sign);
	return (struct num){ .kind = NUM_FINITE, .sign = a.sign != b.sign, .exp = a.exp + b.exp + carry,
			     .sig = carry ? high : high << 1 | low >> 127 };
}

/* One digit after the other: the remainder is doubled, and the divisor subtracted where it fits. */
struct num wide_div(struct num a, struct num b)
{
	u128 rest = a.sig, quotient = 0;

	for (int i = 0; i < 128; i++) {
		bool over = i && rest >> 127;
		rest <<= i ? 1 : 0;
		quotient <<= 1;
		if (over || rest >= b.sig) {
			rest -= b.sig;
			quotient |= 1;
		}
	}
	return num_normal(a.sign != b.sign, a.exp - b.exp, quotient);
}

struct num wide_mul_fixed(struct num a, u128 fraction)
{
	return wide_mul(a, num_normal(false, 0, fraction));
}
