/* SPDX-License-Identifier: GPL-3.0-or-later
 * num-arith.c - add, multiply, divide, square root, remainder, compare.
 *
 * Rule: first what is no number (NaNs and unsupported encodings), then what is invalid or divides by zero, then
 * denormals, then arithmetic: the order of SDM 1 4.9.2.  Operands have at most 64 significant bits.
 */
#include "cpu-interp/fp/num.h"

/* --- operands that are no numbers -------------------------------------------------------------------- */

struct num num_invalid(struct fp_env *e)
{
	e->flags |= FP_IE;
	return num_indefinite;
}

static struct num quieted(struct num x)
{
	x.kind = NUM_QNAN;
	x.sig |= (u128)1 << 126;
	return x;
}

/* SDM 1 table 4-7.  The x87 prefers a quiet NaN to a signalling one, then the larger significand, then the positive one;
 * SSE takes the first operand that is a NaN. */
static struct num choose_nan(const struct fp_env *e, const struct num *a, const struct num *b)
{
	if (!num_is_nan(b))
		return *a;
	if (!num_is_nan(a))
		return *b;
	if (!e->x87)
		return *a;
	if (a->kind != b->kind)
		return a->kind == NUM_QNAN ? *a : *b;
	if (a->sig != b->sig)
		return a->sig > b->sig ? *a : *b;
	return a->sign ? *b : *a;
}

bool num_operands(struct fp_env *e, const struct num *a, const struct num *b, struct num *result)
{
	if (a->kind == NUM_UNSUPPORTED || b->kind == NUM_UNSUPPORTED) {
		*result = num_invalid(e);
		return true;
	}
	if (!num_is_nan(a) && !num_is_nan(b))
		return false;
	if (a->kind == NUM_SNAN || b->kind == NUM_SNAN)
		e->flags |= FP_IE;
	*result = quieted(choose_nan(e, a, b));
	return true;
}

bool num_operand(struct fp_env *e, const struct num *a, struct num *result)
{
	const struct num none = num_zero(false);
	return num_operands(e, a, &none, result);
}

struct num num_convert(struct fp_env *e, struct num a)
{
	struct num r;
	if (num_operand(e, &a, &r))
		return r;
	num_note_denormal(e, a.denormal);
	return a;
}

/* --- add, subtract ----------------------------------------------------------------------------------- */

/* What x - x is, and a sum of zeros of different sign. */
static struct num cancelled(const struct fp_env *e) { return num_zero(e->rounding == ROUND_DOWN); }

static struct num add_finite(const struct fp_env *e, const struct num *a, const struct num *b)
{
	const struct num *big = a->exp >= b->exp ? a : b, *small = big == a ? b : a;
	/* one bit of room for the carry; the operands' low halves are empty */
	u128 x = big->sig >> 1, y = shift_sticky(small->sig >> 1, big->exp - small->exp);

	if (big->sign == small->sign)
		return num_normal(big->sign, big->exp + 1, x + y);
	if (x == y)
		return cancelled(e);
	return x > y ? num_normal(big->sign, big->exp + 1, x - y) : num_normal(small->sign, big->exp + 1, y - x);
}

struct num num_add(struct fp_env *e, struct num a, struct num b)
{
	struct num r;

	if (num_operands(e, &a, &b, &r))
		return r;
	if (a.kind == NUM_INF && b.kind == NUM_INF && a.sign != b.sign)
		return num_invalid(e);
	num_note_denormal(e, a.denormal || b.denormal);
	if (a.kind == NUM_INF || b.kind == NUM_INF)
		return a.kind == NUM_INF ? a : b;
	if (a.kind == NUM_ZERO && b.kind == NUM_ZERO)
		return a.sign == b.sign ? a : cancelled(e);
	if (a.kind == NUM_ZERO || b.kind == NUM_ZERO)
		return a.kind == NUM_ZERO ? b : a;
	return add_finite(e, &a, &b);
}

struct num num_sub(struct fp_env *e, struct num a, struct num b)
{
	if (!num_is_nan(&b))
		b.sign = !b.sign;
	return num_add(e, a, b);
}

/* --- multiply, divide, square root ------------------------------------------------------------------- */

struct num num_mul(struct fp_env *e, struct num a, struct num b)
{
	bool sign = a.sign != b.sign, zero = a.kind == NUM_ZERO || b.kind == NUM_ZERO;
	bool infinite = a.kind == NUM_INF || b.kind == NUM_INF;
	struct num r;

	if (num_operands(e, &a, &b, &r))
		return r;
	if (zero && infinite)
		return num_invalid(e);
	num_note_denormal(e, a.denormal || b.denormal);
	if (zero || infinite)
		return zero ? num_zero(sign) : num_inf(sign);
	/* 1.xx * 1.yy is below 4: the product's point is one place further right */
	return num_normal(sign, a.exp + b.exp + 1, (a.sig >> 64) * (b.sig >> 64));
}

/* Two digits of 64 bits by long division, and whether anything is left. */
static u128 divide_significands(u64 a, u64 b)
{
	u128 first = (u128)a << 63, second = (first % b) << 64;
	return (u128)(u64)(first / b) << 64 | (u64)(second / b) | (second % b != 0);
}

struct num num_div(struct fp_env *e, struct num a, struct num b)
{
	bool sign = a.sign != b.sign;
	struct num r;

	if (num_operands(e, &a, &b, &r))
		return r;
	if (a.kind == b.kind && a.kind != NUM_FINITE) /* 0/0, inf/inf */
		return num_invalid(e);
	if (b.kind == NUM_ZERO && a.kind == NUM_FINITE) {
		e->flags |= FP_ZE;
		return num_inf(sign);
	}
	num_note_denormal(e, a.denormal || b.denormal);
	if (a.kind == NUM_INF || b.kind == NUM_ZERO)
		return num_inf(sign);
	if (a.kind == NUM_ZERO || b.kind == NUM_INF)
		return num_zero(sign);
	return num_normal(sign, a.exp - b.exp, divide_significands((u64)(a.sig >> 64), (u64)(b.sig >> 64)));
}

/* The root by hand: bring down two bits, try whether one more digit fits.  67 digits, and whether anything is left. */
static u128 root_digits(u128 radicand)
{
	enum { DIGITS = 67 };
	u128 root = 0, rest = 0;

	for (int i = 0; i < DIGITS; i++) {
		rest = rest << 2 | radicand >> 126;
		radicand <<= 2;
		root <<= 1;
		if (rest > root << 1) { /* (root + 1)^2 - root^2 = 2 root + 1 */
			rest -= root << 1 | 1;
			root |= 1;
		}
	}
	return root << (128 - DIGITS) | (rest != 0);
}

struct num num_sqrt(struct fp_env *e, struct num a)
{
	struct num r;

	if (num_operand(e, &a, &r))
		return r;
	if (a.sign && a.kind != NUM_ZERO)
		return num_invalid(e);
	num_note_denormal(e, a.denormal);
	if (a.kind != NUM_FINITE)
		return a;
	/* an even exponent, and a significand from 1 to 4 with its point after two digits */
	return num_normal(false, a.exp >> 1, root_digits(a.exp & 1 ? a.sig : a.sig >> 1));
}

/* --- scale, remainder -------------------------------------------------------------------------------- */

/* Far more than any exponent: whatever is moved that far overflows or underflows. */
enum { FAR = 1 << 17 };

struct num num_scale(struct fp_env *e, struct num a, struct num b)
{
	struct num r;

	if (num_operands(e, &a, &b, &r))
		return r;
	if (b.kind == NUM_INF && a.kind == (b.sign ? NUM_INF : NUM_ZERO))
		return num_invalid(e);
	num_note_denormal(e, a.denormal || b.denormal);
	if (b.kind == NUM_INF)
		return b.sign ? num_zero(a.sign) : num_inf(a.sign);
	if (a.kind != NUM_FINITE || b.kind != NUM_FINITE || b.exp < 0)
		return a;
	i32 by = b.exp > 16 ? FAR : (i32)(b.sig >> (127 - b.exp));
	a.exp += b.sign ? -by : by;
	return a;
}

/* |a| mod |b| for a of `bits` more digits than b: long division that keeps the remainder.  The low bits of the quotient
 * come along. */
static u64 divide_bits(u64 *rest, u64 b, int bits)
{
	u128 r = *rest;
	u64 quotient = 0;

	for (int i = 0; i <= bits; i++) {
		quotient <<= 1;
		if (r >= b) {
			r -= b;
			quotient |= 1;
		}
		if (i < bits)
			r <<= 1;
	}
	*rest = (u64)r;
	return quotient;
}

/* Both finite.  The remainder is exact: it has no more digits than b. */
static struct num remainder_finite(struct num a, struct num b, bool nearest, u32 *quotient, bool *partial)
{
	i32 apart = a.exp - b.exp;
	u64 rest = (u64)(a.sig >> 64), divisor = (u64)(b.sig >> 64);

	*partial = apart >= 64;
	if (*partial) { /* reduce the difference by 32 to 63: so that what remains is a multiple of 32 */
		int bits = (apart & 31) | 32;
		divide_bits(&rest, divisor, bits);
		return num_normal(a.sign, a.exp - bits, (u128)rest << 64);
	}
	if (apart < -1)
		return a;
	if (apart < 0) { /* the quotient is 0; the nearest may be 1 */
		bool above_half = nearest && rest > divisor;
		if (!above_half)
			return a;
		*quotient = 1;
		/* 2b - a, in halves of b's units */
		return num_normal(!a.sign, a.exp + 1, (((u128)divisor << 1) - rest) << 63);
	}
	u64 q = divide_bits(&rest, divisor, apart);
	u128 twice = (u128)rest << 1;
	if (nearest && (twice > divisor || (twice == divisor && q & 1))) {
		*quotient = (u32)q + 1;
		return num_normal(!a.sign, b.exp, (u128)(divisor - rest) << 64);
	}
	*quotient = (u32)q;
	return num_normal(a.sign, b.exp, (u128)rest << 64);
}

struct num num_remainder(struct fp_env *e, struct num a, struct num b, bool nearest, u32 *quotient, bool *partial)
{
	struct num r;

	*quotient = 0;
	*partial = false;
	if (num_operands(e, &a, &b, &r))
		return r;
	if (a.kind == NUM_INF || b.kind == NUM_ZERO)
		return num_invalid(e);
	num_note_denormal(e, a.denormal || b.denormal);
	if (a.kind == NUM_ZERO || b.kind == NUM_INF)
		return a;
	return remainder_finite(a, b, nearest, quotient, partial);
}

/* --- compare ----------------------------------------------------------------------------------------- */

/* -1, 0, 1 */
static int compare_magnitudes(const struct num *a, const struct num *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1; /* zero, finite, infinite */
	if (a->kind != NUM_FINITE)
		return 0;
	if (a->exp != b->exp)
		return a->exp < b->exp ? -1 : 1;
	return a->sig < b->sig ? -1 : a->sig > b->sig;
}

enum fp_order num_compare(struct fp_env *e, struct num a, struct num b, bool quiet)
{
	struct num r;

	if (num_operands(e, &a, &b, &r)) {
		if (!quiet)
			e->flags |= FP_IE;
		return FP_UNORDERED;
	}
	num_note_denormal(e, a.denormal || b.denormal);
	if (a.kind == NUM_ZERO && b.kind == NUM_ZERO)
		return FP_EQUAL;
	if (a.sign != b.sign)
		return a.sign ? FP_LESS : FP_GREATER;
	int order = compare_magnitudes(&a, &b) * (a.sign ? -1 : 1);
	return order < 0 ? FP_LESS : order > 0 ? FP_GREATER : FP_EQUAL;
}
