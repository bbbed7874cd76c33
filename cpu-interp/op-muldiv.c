/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-muldiv.c - one-operand multiplications and divisions: a double-width number in rDX:rAX (bytes: AX).
 *
 * Rule: the double-width number is only ever seen as two halves of the operand's width, high and low; so
 * one piece of code serves all widths.
 */
#include "cpu-interp/ops.h"

typedef unsigned __int128 u128;
typedef __int128 i128;

/* AH:AL for bytes, rDX:rAX otherwise. */
static u64 high_half(const struct cpu *c, int size)
{
	return size == 1 ? c->r[RAX] >> 8 & 0xff : gpr(c, RDX, size);
}

static u64 low_half(const struct cpu *c, int size) { return gpr(c, RAX, size); }

static void set_halves(struct cpu *c, int size, u64 high, u64 low)
{
	if (size == 1) {
		gpr_set(c, RAX, 2, (high & 0xff) << 8 | (low & 0xff));
	} else {
		gpr_set(c, RAX, size, low);
		gpr_set(c, RDX, size, high);
	}
}

/* --- MUL, IMUL (SDM 2B MUL, 2A IMUL) ---------------------------------------------------------- */

/* CF = OF = the upper half says something the lower does not.  Undefined: SF, ZF, PF, here those of the
 * lower half, and AF, here 0. */
static void set_product(struct cpu *c, int size, u64 high, u64 low, bool fits)
{
	set_halves(c, size, high, low);
	flags_carry(c, sign_extend(low, size), fits ? 0 : FLAG_CF | FLAG_OF);
}

SIMPLE(mul)
{
	u64 v;
	if (!rm_load(c, o, o->d, o->size, &v))
		return false;
	u128 product = (u128)low_half(c, o->size) * v;
	u64 low = zero_extend((u64)product, o->size);
	u64 high = zero_extend((u64)(product >> 8 * o->size), o->size);
	set_product(c, o->size, high, low, high == 0);
	return true;
}

SIMPLE(imul1)
{
	u64 v;
	if (!rm_load(c, o, o->d, o->size, &v))
		return false;
	i128 product = (i128)(i64)sign_extend(low_half(c, o->size), o->size) * (i64)sign_extend(v, o->size);
	u64 low = zero_extend((u64)product, o->size);
	u64 high = zero_extend((u64)(product >> 8 * o->size), o->size);
	set_product(c, o->size, high, low, product == (i64)sign_extend(low, o->size));
	return true;
}

/* --- DIV, IDIV (SDM 2A) ----------------------------------------------------------------------- */

/* #DE if the divisor is 0 or the quotient needs more than the operand's width: both at once, as high >=
 * divisor. All flags are undefined: they stay. */
SIMPLE(div)
{
	u64 divisor, high = high_half(c, o->size), low = low_half(c, o->size);
	if (!rm_load(c, o, o->d, o->size, &divisor))
		return false;
	if (high >= divisor)
		return fault_raise(c, VEC_DE);
	if (o->size < 8) { /* the host divides 64 bits many times faster than 128 */
		u64 dividend = high << 8 * o->size | low;
		set_halves(c, o->size, dividend % divisor, dividend / divisor);
	} else {
		u128 dividend = (u128)high << 64 | low;
		set_halves(c, o->size, (u64)(dividend % divisor), (u64)(dividend / divisor));
	}
	return true;
}

/* Done with magnitudes, because -2^127 / -1 would trap on the host.  The quotient is cut toward zero, the
 * remainder has the dividend's sign; -2^(n-1) is a valid quotient (not on the 8086), 2^(n-1) is not. */
SIMPLE(idiv)
{
	u64 v, high = high_half(c, o->size), low = low_half(c, o->size);
	if (!rm_load(c, o, o->d, o->size, &v))
		return false;
	i64 divisor = (i64)sign_extend(v, o->size);
	u128 dividend = (u128)(i128)(i64)sign_extend(high, o->size) << 8 * o->size | low;
	bool negative = (i128)dividend < 0, quotient_negative = negative != (divisor < 0);
	u128 magnitude = negative ? -dividend : dividend;
	u64 by = divisor < 0 ? -(u64)divisor : (u64)divisor;
	u64 most = (1ull << (8 * o->size - 1)) - !quotient_negative;
	if (!by || magnitude / by > most)
		return fault_raise(c, VEC_DE);
	u64 quotient = (u64)(magnitude / by), remainder = (u64)(magnitude % by);
	set_halves(c, o->size, negative ? -remainder : remainder, quotient_negative ? -quotient : quotient);
	return true;
}
