/* SPDX-License-Identifier: GPL-3.0-or-later
 * trans-log.c - powers of two and logarithms to base 2.
 * Rule: near the points where a function is zero the result is a product, never a difference, and so keeps its bits.
 */
#include "cpu-interp/fp/trans.h"
#include "cpu-interp/fp/wide.h"

static struct num ln_2(void) { return wide(false, -1, 0xb17217f7d1cf79ab, 0xc9e3b39803f2f6af); }
static struct num log2_e(void) { return wide(false, 0, 0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88); }
/* Processors raise #P even where the result is exact. */
static void note_inexact(struct fp_env *e) { e->flags |= fp_unmasked(e) & FP_PRE ? 0 : FP_PE; }
static struct num one(void) { return wide(false, 0, 1ull << 63, 0); }

/* --- 2^x - 1 ----------------------------------------------------------------------------------------- */

/* (e^u - 1) / u = 1 + u/2 (1 + u/3 (1 + ...)), |u| <= ln 2 */
static u128 exp_series(u128 u, bool negative)
{
	u128 sum = FIXED_ONE;
	for (u32 k = 34; k >= 2; k--) {
		u128 term = fixed_mul(u, sum) / k;
		sum = negative ? FIXED_ONE - term : FIXED_ONE + term;
	}
	return sum;
}

struct num num_exp2m1(struct fp_env *e, struct num x)
{
	struct num r;

	if (num_operand(e, &x, &r))
		return r;
	if (x.kind == NUM_INF)
		return x.sign ? wide(true, 0, 1ull << 63, 0) : x;
	num_note_denormal(e, x.denormal);
	if (x.kind == NUM_ZERO)
		return x;
	note_inexact(e);
	if (x.exp >= 0)
		return x.sign && x.exp == 0 && x.sig == NUM_TOP ? wide(true, -1, 1ull << 63, 0) : x;
	struct num u = wide_mul(x, ln_2());
	return wide_inexact(wide_mul_fixed(u, exp_series(fixed_of(&u), x.sign)));
}

/* --- log2 -------------------------------------------------------------------------------------------- */

/* artanh s / s = 1 + z/3 + z^2/5 + ..., z = s^2 <= (3 - sqrt 8)^2 < 2^-5 */
static u128 artanh_series(u128 z)
{
	u128 sum = 0;
	for (int k = 53; k >= 1; k -= 2)
		sum = FIXED_ONE / (u32)k + fixed_mul(z, sum);
	return sum;
}

/* log2((1 + s) / (1 - s)) = 2 artanh s * log2 e */
static struct num log2_ratio(struct num s)
{
	struct num z = wide_mul(s, s), r = wide_mul(wide_mul_fixed(s, artanh_series(fixed_of(&z))), log2_e());
	r.exp += r.sig ? 1 : 0;
	return r;
}

/* x = 2^n m with m from sqrt(1/2) to sqrt 2: n + log2 m.  m = (1 + s)/(1 - s) with s = (m - 1)/(m + 1). */
static struct num log2_of(struct num x)
{
	static const u128 sqrt_2 = (u128)0xb504f333f9de6484 << 64;
	i32 n = x.exp + (x.sig > sqrt_2);
	struct num m = { .kind = NUM_FINITE, .exp = x.exp - n, .sig = x.sig };
	struct num s = wide_div(wide_add(m, wide_neg(one())), wide_add(m, one()));
	return wide_add(num_from_int(n), log2_ratio(s));
}

/* y * log, where log is a finite number or zero and exact if x was a power of two. */
static struct num product(struct fp_env *e, struct num y, struct num log, bool exact)
{
	struct num r = wide_mul(y, log);
	note_inexact(e);
	return exact ? r : wide_inexact(r);
}

/* y times an infinite logarithm: invalid for 0 (SDM 2A table 3-48) */
static struct num times_infinity(struct fp_env *e, struct num y, bool sign)
{
	return y.kind == NUM_ZERO ? num_invalid(e) : num_inf(y.sign != sign);
}

struct num num_ylog2(struct fp_env *e, struct num y, struct num x)
{
	bool is_one = x.kind == NUM_FINITE && !x.sign && x.exp == 0 && x.sig == NUM_TOP;
	bool below_one = x.exp < 0;
	struct num r;

	if (num_operands(e, &y, &x, &r))
		return r;
	if (x.sign && x.kind != NUM_ZERO)
		return num_invalid(e);
	if (x.kind == NUM_ZERO && y.kind == NUM_FINITE)
		e->flags |= FP_ZE;
	if (x.kind == NUM_ZERO)
		return times_infinity(e, y, true);
	if (is_one && y.kind == NUM_INF)
		return num_invalid(e);
	if (x.kind == NUM_INF && y.kind == NUM_ZERO)
		return num_invalid(e);
	num_note_denormal(e, y.denormal || x.denormal);
	if (x.kind == NUM_INF)
		return times_infinity(e, y, false);
	if (is_one)
		return num_zero(y.sign);
	if (y.kind != NUM_FINITE)
		return y.kind == NUM_ZERO ? num_zero(y.sign != below_one) : num_inf(y.sign != below_one);
	return product(e, y, log2_of(x), x.sig == NUM_TOP);
}

/* log2(1 + x) with s = x / (x + 2), as long as 1 + x is between sqrt(1/2) and sqrt 2 (more than the manual asks for);
 * else of the sum, which loses nothing then. */
static struct num log2_plus_1(struct num x)
{
	struct num sum = wide_add(x, one()), two = wide(false, 1, 1ull << 63, 0);
	if (x.exp < -2)
		return log2_ratio(wide_div(x, wide_add(x, two)));
	return log2_of(sum);
}

struct num num_ylog2p1(struct fp_env *e, struct num y, struct num x)
{
	struct num r;

	if (num_operands(e, &y, &x, &r))
		return r;
	if (x.kind == NUM_ZERO && y.kind == NUM_INF)
		return num_invalid(e);
	if (x.kind == NUM_INF && (x.sign || y.kind == NUM_ZERO))
		return num_invalid(e);
	num_note_denormal(e, y.denormal || x.denormal);
	if (x.kind == NUM_INF)
		return num_inf(y.sign);
	if (x.kind == NUM_ZERO || y.kind != NUM_FINITE)
		return y.kind == NUM_INF ? num_inf(y.sign != x.sign) : num_zero(y.sign != x.sign);
	if (x.sign && x.exp >= 0) { /* x <= -1: the manual promises nothing */
		note_inexact(e);
		return x;
	}
	return product(e, y, log2_plus_1(x), false);
}
