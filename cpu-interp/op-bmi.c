/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-bmi.c - BMI1 and BMI2: bit manipulation with three operands (SDM 2A 2.6.1, VEX exception type 13).
 *
 * Rule: operands are Gy (ModRM.reg), By (VEX.vvvv, in o->x) and Ey (ModRM r/m); 4 or 8 bytes.  All of these
 * are #UD in real and virtual-8086 mode.
 */
#include "cpu-interp/ops.h"

static u64 vvvv(const struct cpu *c, const struct insn *o) { return gpr(c, o->x, o->size); }
static void set_reg(struct cpu *c, const struct insn *o, u64 v) { gpr_set(c, o->digit, o->size, v); }
static void set_vvvv(struct cpu *c, const struct insn *o, u64 v) { gpr_set(c, o->x, o->size, v); }
static u32 width(const struct insn *o) { return 8u * o->size; }

/* Ey, or #UD where VEX is not allowed. */
static bool load(struct cpu *c, const struct insn *o, u64 *v)
{
	if (real_or_v86(c))
		return fault_ud(c);
	return rm_load(c, o, o->s, o->size, v);
}

/* SF and ZF of the result, OF = 0, CF as given.  AF and PF (BEXTR: SF too) are undefined; they follow the
 * result. */
static void set_flags(struct cpu *c, const struct insn *o, u64 r, bool cf)
{
	flags_carry(c, sign_extend(r, o->size), cf ? FLAG_CF : 0);
}

/* --- BMI1 ------------------------------------------------------------------------------------- */

SIMPLE(andn)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 r = ~vvvv(c, o) & v;
	set_reg(c, o, r);
	set_flags(c, o, r, false);
	return true;
}

/* Bits 7:0 of the control say where the field starts, bits 15:8 how long it is. */
SIMPLE(bextr)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 control = vvvv(c, o), start = control & 0xff, length = control >> 8 & 0xff;
	u64 r = start < width(o) ? v >> start : 0;
	if (length < width(o))
		r &= (1ull << length) - 1;
	set_reg(c, o, r);
	set_flags(c, o, r, false);
	return true;
}

SIMPLE(blsi)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 r = v & -v;
	set_vvvv(c, o, r);
	set_flags(c, o, r, v != 0);
	return true;
}

SIMPLE(blsmsk)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 r = zero_extend(v ^ (v - 1), o->size);
	set_vvvv(c, o, r);
	set_flags(c, o, r, v == 0);
	return true;
}

SIMPLE(blsr)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 r = v & (v - 1);
	set_vvvv(c, o, r);
	set_flags(c, o, r, v == 0);
	return true;
}

/* --- BMI2 ------------------------------------------------------------------------------------- */

SIMPLE(bzhi)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u64 n = vvvv(c, o) & 0xff;
	u64 r = n < width(o) ? v & ((1ull << n) - 1) : v;
	set_reg(c, o, r);
	set_flags(c, o, r, n >= width(o));
	return true;
}

/* rDX times Ey: upper half to Gy, lower to By; if they are the same register, it gets the upper half. */
SIMPLE(mulx)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	unsigned __int128 product = (unsigned __int128)gpr(c, RDX, o->size) * v;
	set_vvvv(c, o, (u64)product);
	set_reg(c, o, (u64)(product >> width(o)));
	return true;
}

/* The mask is Ey: for each of its ones, from the lowest up, the next low bit of By goes to that place... */
SIMPLE(pdep)
{
	u64 mask;
	if (!load(c, o, &mask))
		return false;
	u64 from = vvvv(c, o), r = 0;
	for (; mask; mask &= mask - 1, from >>= 1)
		if (from & 1)
			r |= mask & -mask;
	set_reg(c, o, r);
	return true;
}

/* ... and here the bits at those places are gathered at the low end. */
SIMPLE(pext)
{
	u64 mask;
	if (!load(c, o, &mask))
		return false;
	u64 from = vvvv(c, o), r = 0;
	for (u64 to = 1; mask; mask &= mask - 1, to <<= 1)
		if (from & mask & -mask)
			r |= to;
	set_reg(c, o, r);
	return true;
}

SIMPLE(rorx)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	u32 n = (u32)o->imm & (width(o) - 1);
	set_reg(c, o, n ? v >> n | v << (width(o) - n) : v);
	return true;
}

SIMPLE(sarx)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	set_reg(c, o, (u64)((i64)sign_extend(v, o->size) >> (vvvv(c, o) & (width(o) - 1))));
	return true;
}

SIMPLE(shlx)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	set_reg(c, o, v << (vvvv(c, o) & (width(o) - 1)));
	return true;
}

SIMPLE(shrx)
{
	u64 v;
	if (!load(c, o, &v))
		return false;
	set_reg(c, o, v >> (vvvv(c, o) & (width(o) - 1)));
	return true;
}
