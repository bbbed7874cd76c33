/* SPDX-License-Identifier: GPL-3.0-or-later
 * num.c - unpack, round, pack: the two ends of every floating-point operation.
 * Rule: num_round is the only place that knows over- and underflow; whatever it returns packs without loss.
 */
#include "cpu-interp/fp/num.h"

const struct fp_shape fp_shapes[] = { /* SDM 1 table 4-2 */
	[FP_SINGLE] = { 24, 8, -126, 127 },
	[FP_DOUBLE] = { 53, 11, -1022, 1023 },
	[FP_EXTENDED] = { 64, 15, -16382, 16383 },
};

const struct num num_indefinite = { .kind = NUM_QNAN, .sign = true, .sig = (u128)3 << 126 };

/* --- significands ------------------------------------------------------------------------------------ */

static int leading_zeros(u128 sig)
{
	u64 high = (u64)(sig >> 64);
	return high ? __builtin_clzll(high) : 64 + __builtin_clzll((u64)sig);
}

u128 shift_sticky(u128 sig, int n)
{
	if (n <= 0)
		return sig;
	if (n > 127)
		return sig != 0;
	return sig >> n | ((sig & (((u128)1 << n) - 1)) != 0);
}

struct num num_normal(bool sign, i32 exp, u128 sig)
{
	if (!sig)
		return num_zero(sign);
	int shift = leading_zeros(sig);
	return (struct num){ .kind = NUM_FINITE, .sign = sign, .exp = exp - shift, .sig = sig << shift };
}

/* --- unpack ------------------------------------------------------------------------------------------ */

static struct num unpack_nan(bool sign, u128 sig)
{
	bool quiet = sig >> 126 & 1;
	return (struct num){ .kind = quiet ? NUM_QNAN : NUM_SNAN, .sign = sign, .sig = sig | NUM_TOP };
}

/* A denormal: its exponent is that of the smallest normal numbers, its integer bit 0. */
static struct num unpack_denormal(bool sign, i32 emin, u128 sig)
{
	struct num x = num_normal(sign, emin, sig);
	x.denormal = sig != 0;
	return x;
}

struct num num_unpack(enum fp_format f, u64 bits)
{
	const struct fp_shape *shape = &fp_shapes[f];
	int fraction_bits = shape->precision - 1;
	bool sign = bits >> (fraction_bits + shape->exp_bits) & 1;
	i32 exp = bits >> fraction_bits & ((1 << shape->exp_bits) - 1);
	u128 sig = (u128)(bits & ((1ull << fraction_bits) - 1)) << (127 - fraction_bits);

	if (exp == 0)
		return unpack_denormal(sign, shape->emin, sig);
	if (exp == (1 << shape->exp_bits) - 1)
		return sig ? unpack_nan(sign, sig) : num_inf(sign);
	return (struct num){ .kind = NUM_FINITE, .sign = sign, .exp = exp - shape->emax, .sig = sig | NUM_TOP };
}

struct num num_unpack80(struct fp80 v)
{
	bool sign = v.exp >> 15, integer = v.sig >> 63;
	i32 exp = v.exp & 0x7fff;
	u128 sig = (u128)v.sig << 64;

	if (exp == 0) /* with the integer bit a pseudo-denormal: a denormal operand, whatever its value */
		return unpack_denormal(sign, fp_shapes[FP_EXTENDED].emin, sig);
	if (!integer) /* pseudo-NaN, pseudo-infinity, unnormal (SDM 1 table 8-3) */
		return (struct num){ .kind = NUM_UNSUPPORTED, .sign = sign };
	if (exp == 0x7fff)
		return sig == NUM_TOP ? num_inf(sign) : unpack_nan(sign, sig);
	return (struct num){ .kind = NUM_FINITE, .sign = sign, .exp = exp - 16383, .sig = sig };
}

/* --- pack -------------------------------------------------------------------------------------------- */

/* Biased exponent, and significand with the integer bit on top. */
static u32 pack_parts(const struct fp_shape *shape, const struct num *x, u64 *sig)
{
	*sig = 0;
	if (x->kind == NUM_ZERO)
		return 0;
	*sig = (u64)(x->sig >> 64);
	if (x->kind != NUM_FINITE) {
		*sig |= 1ull << 63;
		return (1u << shape->exp_bits) - 1;
	}
	if (x->exp >= shape->emin)
		return (u32)(x->exp + shape->emax);
	/* Far below only after an unmasked underflow, whose result SSE throws away. */
	*sig = shape->emin - x->exp < 64 ? *sig >> (shape->emin - x->exp) : 0;
	return 0;
}

u64 num_pack(enum fp_format f, const struct num *x)
{
	const struct fp_shape *shape = &fp_shapes[f];
	int fraction_bits = shape->precision - 1;
	u64 sig, exp = pack_parts(shape, x, &sig);
	return (u64)x->sign << (fraction_bits + shape->exp_bits) | exp << fraction_bits |
	       (sig << 1) >> (64 - fraction_bits);
}

struct fp80 num_pack80(const struct num *x)
{
	struct fp80 v;
	v.exp = (u16)(pack_parts(&fp_shapes[FP_EXTENDED], x, &v.sig) | (u32)x->sign << 15);
	return v;
}

/* --- round ------------------------------------------------------------------------------------------- */

/* Is the magnitude to be rounded up?  odd: the last bit that stays; rest: what goes, in units of which `half` is half of
 * that bit (SDM 1 4.8.4). */
static bool goes_up(const struct fp_env *e, bool sign, bool odd, u128 rest, u128 half)
{
	switch (e->rounding) {
	case ROUND_NEAREST: return rest > half || (rest == half && odd);
	case ROUND_DOWN: return rest && sign;
	case ROUND_UP: return rest && !sign;
	default: return false;
	}
}

/* Round the significand after so many bits from the top, the exponent having no bounds.  True: it was not exact. */
static bool cut(struct fp_env *e, struct num *x, int precision)
{
	u128 last = (u128)1 << (128 - precision), rest = x->sig & (last - 1);

	e->up = goes_up(e, x->sign, (x->sig & last) != 0, rest, last >> 1);
	x->sig -= rest;
	if (e->up) {
		x->sig += last;
		if (!x->sig) { /* 1.11... became 10.00... */
			x->sig = NUM_TOP;
			x->exp++;
		}
	}
	return rest != 0;
}

/* Unmasked, the x87 delivers to a register the rounded number with its exponent brought back by 24576, so that a handler
 * can make something of it; what is then still out of range is an infinity or zero (SDM 1 8.5.4, 8.5.5). */
enum { EXPONENT_WRAP = 24576 };

static struct num wrapped(struct fp_env *e, enum fp_format f, struct num x, i32 by)
{
	if (f != FP_EXTENDED)
		return x;
	x.exp += by;
	if (x.exp <= fp_shapes[f].emax && x.exp >= fp_shapes[f].emin)
		return x;
	e->flags |= FP_PE;
	e->up = by < 0;
	return by < 0 ? num_inf(x.sign) : num_zero(x.sign);
}

/* Unmasked over- or underflow.  What the x87 would store in memory it does not even round (SDM 1 8.5.4). */
static void note_unmasked(struct fp_env *e, enum fp_format f, u8 flag, bool inexact)
{
	bool stored = e->x87 && f != FP_EXTENDED;
	e->flags |= flag | (inexact && !stored ? FP_PE : 0);
	e->up = e->up && !stored;
}

static struct num overflow(struct fp_env *e, enum fp_format f, struct num x, int precision, bool inexact)
{
	if (!(e->masks & FP_OE)) {
		note_unmasked(e, f, FP_OE, inexact);
		return wrapped(e, f, x, -EXPONENT_WRAP);
	}
	e->flags |= FP_OE | FP_PE;
	e->up = e->rounding == ROUND_NEAREST || e->rounding == (x.sign ? ROUND_DOWN : ROUND_UP);
	if (e->up)
		return num_inf(x.sign);
	x.exp = fp_shapes[f].emax;
	x.sig = ~(u128)0 << (128 - precision);
	return x;
}

/* exact: before any rounding; rounded: as if the exponent had no bounds, and even so too small. */
static struct num underflow(struct fp_env *e, enum fp_format f, struct num exact, struct num rounded, int precision,
			    bool inexact)
{
	i32 emin = fp_shapes[f].emin;

	if (!(e->masks & FP_UE)) { /* even if exact */
		note_unmasked(e, f, FP_UE, inexact);
		return wrapped(e, f, rounded, EXPONENT_WRAP);
	}
	if (e->ftz) {
		e->flags |= FP_UE | FP_PE;
		return num_zero(exact.sign);
	}
	exact.sig = shift_sticky(exact.sig, emin - exact.exp);
	exact.exp = emin;
	if (cut(e, &exact, precision))
		e->flags |= FP_UE | FP_PE;
	return num_normal(exact.sign, exact.exp, exact.sig);
}

struct num num_round(struct fp_env *e, enum fp_format f, struct num x)
{
	int precision = f == FP_EXTENDED ? e->precision : fp_shapes[f].precision;
	struct num rounded = x;

	e->up = false;
	if (x.kind != NUM_FINITE || fp_unmasked(e) & FP_PRE)
		return x;
	bool inexact = cut(e, &rounded, precision);
	if (rounded.exp > fp_shapes[f].emax)
		return overflow(e, f, rounded, precision, inexact);
	if (rounded.exp < fp_shapes[f].emin) /* tiny: decided after rounding (SDM 1 4.9.1.5) */
		return underflow(e, f, x, rounded, precision, inexact);
	e->flags |= inexact ? FP_PE : 0;
	return rounded;
}
