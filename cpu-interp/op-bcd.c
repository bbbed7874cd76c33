/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-bcd.c - decimal adjustment: one digit per byte (AAA, AAS, AAM, AAD) or two (DAA, DAS); and SALC.
 * Rule: the algorithms are those of SDM 2A; none of these exists in 64-bit mode (the table says so).
 */
#include "cpu-interp/ops.h"

static u8 al(const struct cpu *c) { return (u8)c->r[RAX]; }
static u8 ah(const struct cpu *c) { return (u8)(c->r[RAX] >> 8); }
static void set_ax(struct cpu *c, u64 ax) { gpr_set(c, RAX, 2, ax); }
static void set_al(struct cpu *c, u64 v) { gpr_set(c, RAX, 1, v); }

/* SF, ZF and PF of AL; CF and AF as given; OF, undefined for all of these, becomes 0. */
static void set_flags(struct cpu *c, bool cf, bool af)
{
	flags_carry(c, sign_extend(al(c), 1), (cf ? FLAG_CF : 0) | (af ? FLAG_AF : 0));
}

static bool digit_overflows(const struct cpu *c) { return (al(c) & 0xf) > 9 || flag_af(c); }

SIMPLE(aaa)
{
	bool adjust = digit_overflows(c);
	set_ax(c, (c->r[RAX] + (adjust ? 0x106 : 0)) & 0xff0f);
	set_flags(c, adjust, adjust);
	return true;
}

SIMPLE(aas)
{
	bool adjust = digit_overflows(c);
	set_ax(c, (c->r[RAX] - (adjust ? 0x106 : 0)) & 0xff0f);
	set_flags(c, adjust, adjust);
	return true;
}

SIMPLE(daa)
{
	u8 old = al(c), adjust = 0;
	bool low = digit_overflows(c), high = old > 0x99 || flag_cf(c);
	adjust += low ? 0x06 : 0;
	adjust += high ? 0x60 : 0;
	set_al(c, old + adjust);
	set_flags(c, high, low);
	return true;
}

/* Unlike DAA's, the lower digit's borrow counts as well: AL = 05 with AF set gives FF and CF. */
SIMPLE(das)
{
	u8 old = al(c), adjust = 0;
	bool low = digit_overflows(c), high = old > 0x99 || flag_cf(c);
	adjust += low ? 0x06 : 0;
	adjust += high ? 0x60 : 0;
	set_al(c, old - adjust);
	set_flags(c, high || (low && old < 6), low);
	return true;
}

/* The immediate is the base, ten as assemblers write it. */
SIMPLE(aam)
{
	u8 base = (u8)o->imm;
	if (!base)
		return fault_raise(c, VEC_DE);
	set_ax(c, (u64)(al(c) / base) << 8 | al(c) % base);
	set_flags(c, false, false);
	return true;
}

SIMPLE(aad)
{
	set_ax(c, (u8)(al(c) + ah(c) * (u8)o->imm));
	set_flags(c, false, false);
	return true;
}

/* D6: not in the manual, in every processor. */
SIMPLE(salc)
{
	set_al(c, flag_cf(c) ? 0xff : 0);
	return true;
}
