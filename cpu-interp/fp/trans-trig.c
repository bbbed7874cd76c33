/* SPDX-License-Identifier: GPL-3.0-or-later
 * trans-trig.c - sine, cosine, tangent, arc tangent.
 * Rule: large arguments are reduced by the processors' pi of 66 bits, exactly (SDM 1 8.3.8): for them the functions have
 * a slightly different period, and every processor the same.
 */
#include "cpu-interp/fp/trans.h"
#include "cpu-interp/fp/wide.h"

/* --- range reduction --------------------------------------------------------------------------------- */

/* pi to 66 bits, in units of 2^-64; or pi/2 in units of 2^-65 */
#define PI_66 ((u128)3 << 64 | 0x243f6a8885a308d3)

/* x = (quadrant + r * 2/pi) * pi/2 with |r| <= pi/4; 2^-2 < |x| < 2^63.  Long division: the remainder is doubled once
 * for each binary place of x above 2^-65. */
static struct num reduce(struct num x, int *quadrant)
{
	u128 rest = x.sig >> 64;
	u64 quotient = 0;

	for (int i = 0; i < x.exp + 2; i++) {
		rest <<= 1;
		quotient <<= 1;
		if (rest >= PI_66) {
			rest -= PI_66;
			quotient |= 1;
		}
	}
	bool above = rest > PI_66 >> 1;
	quotient += above;
	*quadrant = (int)((x.sign ? -quotient : quotient) & 3);
	return num_normal(x.sign != above, 127 - 65, above ? PI_66 - rest : rest);
}

/* --- series ------------------------------------------------------------------------------------------ */

enum { TERMS = 34 }; /* (pi/4)^34 / 34! < 2^-130 */

/* sin r / r = 1 - z/(2*3) (1 - z/(4*5) (1 - ...)), z = r^2.  Less than 1, even if by too little to be seen. */
static u128 sine_series(u128 z)
{
	u128 sum = FIXED_ONE;
	for (u32 k = TERMS; k >= 2; k -= 2)
		sum = FIXED_ONE - fixed_mul(z, sum) / (k * (k + 1));
	return sum < FIXED_ONE ? sum : FIXED_ONE - 1;
}

/* cos r = 1 - z/(1*2) (1 - z/(3*4) (1 - ...)) */
static u128 cosine_series(u128 z)
{
	u128 sum = FIXED_ONE;
	for (u32 k = TERMS; k >= 2; k -= 2)
		sum = FIXED_ONE - fixed_mul(z, sum) / (k * (k - 1));
	return sum < FIXED_ONE ? sum : FIXED_ONE - 1;
}

static struct num sine_of(struct num r)
{
	struct num z = wide_mul(r, r);
	return wide_mul_fixed(r, sine_series(fixed_of(&z)));
}

static struct num cosine_of(struct num r)
{
	struct num z = wide_mul(r, r);
	return num_normal(false, 0, cosine_series(fixed_of(&z)));
}

/* --- sine, cosine, tangent --------------------------------------------------------------------------- */

/* What the three have in common.  True: *result is it, for sine and tangent (the cosine of 0 is 1). */
static bool special(struct fp_env *e, const struct num *x, struct num *result)
{
	if (num_operand(e, x, result))
		return true;
	if (x->kind == NUM_INF) {
		*result = num_invalid(e);
		return true;
	}
	*result = *x;
	return x->kind == NUM_ZERO;
}

static struct num to_quarter(struct num x, int *quadrant)
{
	*quadrant = 0;
	return x.exp < -1 ? x : reduce(x, quadrant);
}

bool num_sincos(struct fp_env *e, struct num x, struct num *sine, struct num *cosine)
{
	int quadrant;

	if (special(e, &x, sine)) {
		*cosine = x.kind == NUM_ZERO ? wide(false, 0, 1ull << 63, 0) : *sine;
		return true;
	}
	if (x.exp >= 63)
		return false;
	num_note_denormal(e, x.denormal);
	struct num r = to_quarter(x, &quadrant), s = wide_inexact(sine_of(r)), c = wide_inexact(cosine_of(r));
	*sine = quadrant & 1 ? c : s;
	*cosine = quadrant & 1 ? s : c;
	sine->sign ^= quadrant >= 2;
	cosine->sign ^= quadrant == 1 || quadrant == 2;
	return true;
}

bool num_tan(struct fp_env *e, struct num x, struct num *tangent)
{
	int quadrant;

	if (special(e, &x, tangent))
		return true;
	if (x.exp >= 63)
		return false;
	num_note_denormal(e, x.denormal);
	*tangent = wide_inexact(x); /* of small numbers just a little more than the number */
	if (x.exp < -60)
		return true;
	struct num r = to_quarter(x, &quadrant), s = sine_of(r), c = cosine_of(r);
	*tangent = wide_inexact(quadrant & 1 ? wide_neg(wide_div(c, s)) : wide_div(s, c));
	return true;
}

/* --- arc tangent ------------------------------------------------------------------------------------- */

static struct num pi_times(i32 scale) /* pi * 2^scale */
{
	return wide(false, 1 + scale, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1);
}

/* arctan(k/16), k = 1 to 16 */
static const struct { i32 exp; u64 high, low; } arctan_table[16] = {
	{ -5, 0xffaaddb967ef4e36, 0xcb2792dc0e2e0d51 },
	{ -4, 0xfeadd4d5617b6e32, 0xc897989f3e888ef8 },
	{ -3, 0xbdcbda5e72d81134, 0x7b0b4f881c9c7488 },
	{ -3, 0xfadbafc96406eb15, 0x6dc79ef5f7a217e6 },
	{ -2, 0x9b13b9b83f5e5e69, 0xc5abb498d27af328 },
	{ -2, 0xb7b0ca0f26f78473, 0x8aa32122dcfe4483 },
	{ -2, 0xd327761e611fe5b6, 0x427c95e9001e7136 },
	{ -2, 0xed63382b0dda7b45, 0x6fe445ecbc3a8d03 },
	{ -1, 0x832bf4a6d9867e2a, 0x4b6a09cb61a515c1 },
	{ -1, 0x8f005d5ef7f59f9b, 0x5c835e1665c43748 },
	{ -1, 0x9a2f80e671bdda20, 0x4226f8e2204ff3bd },
	{ -1, 0xa4bc7d1934f70924, 0x19a87f2a457dac9f },
	{ -1, 0xaeac4c38b4d8c080, 0x14725e2f3e52070a },
	{ -1, 0xb8053e2bc2319e73, 0xcb2da55210a4443d },
	{ -1, 0xc0ce85b8ac526640, 0x89dd62c46e92fa25 },
	{ -1, 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1 },
};

/* arctan u / u = 1 - z/3 + z^2/5 - ..., z = u^2 <= 2^-10 */
static u128 arctan_series(u128 z)
{
	u128 sum = 0;
	for (int k = 27; k >= 1; k -= 2)
		sum = FIXED_ONE / (u32)k - fixed_mul(z, sum);
	return sum < FIXED_ONE ? sum : FIXED_ONE - 1;
}

/* Of 0 < t <= 1: arctan t = arctan c + arctan((t - c) / (1 + tc)), with c the nearest sixteenth. */
static struct num arctan(struct num t)
{
	int k = (int)((fixed_of(&t) + (FIXED_ONE >> 5)) >> (127 - 4));
	struct num u = t;

	if (k) {
		struct num c = num_normal(false, 127 - 4, (u128)k);
		u = wide_div(wide_add(t, wide_neg(c)), wide_add(num_normal(false, 0, FIXED_ONE), wide_mul(t, c)));
	}
	struct num z = wide_mul(u, u), r = wide_mul_fixed(u, arctan_series(fixed_of(&z)));
	return k ? wide_add(wide(false, arctan_table[k - 1].exp, arctan_table[k - 1].high, arctan_table[k - 1].low), r) : r;
}

/* The octants between the axes, for |y|, |x| not zero. */
static struct num angle(struct num y, struct num x)
{
	bool left = x.sign, steep;
	struct num a;

	y.sign = x.sign = false;
	steep = y.exp > x.exp || (y.exp == x.exp && y.sig > x.sig);
	a = arctan(steep ? wide_div(x, y) : wide_div(y, x));
	if (steep)
		a = wide_add(pi_times(-1), wide_neg(a));
	return left ? wide_add(pi_times(0), wide_neg(a)) : a;
}

/* On an axis, or infinitely far away (SDM 2A table 3-30) */
static struct num angle_special(const struct num *y, const struct num *x)
{
	bool flat = y->kind == NUM_ZERO || (x->kind == NUM_INF && y->kind != NUM_INF);

	if (flat)
		return x->sign ? pi_times(0) : num_zero(false);
	if (y->kind != x->kind)
		return pi_times(-1);
	return x->sign ? wide_add(pi_times(-1), pi_times(-2)) : pi_times(-2); /* both infinite */
}

struct num num_atan2(struct fp_env *e, struct num y, struct num x)
{
	struct num r;

	if (num_operands(e, &y, &x, &r))
		return r;
	num_note_denormal(e, y.denormal || x.denormal);
	r = x.kind == NUM_FINITE && y.kind == NUM_FINITE ? angle(y, x) : angle_special(&y, &x);
	if (r.kind == NUM_FINITE)
		r = wide_inexact(r);
	r.sign = y.sign;
	return r;
}
