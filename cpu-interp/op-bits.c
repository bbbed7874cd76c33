/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-bits.c - single bits, bit counts, double shifts, and the exchange-and-compare family.
 *
 * Rule: flags the manual leaves undefined have a fixed value here, so that runs repeat: instructions that
 * define only CF or only ZF leave the other flags alone, as processors do.
 */
#include "cpu-interp/ops.h"

static u64 bits_of(int size) { return 8 * (u64)size; }

/* --- BT, BTS, BTR, BTC (SDM 2A BT) ------------------------------------------------------------ */

/* The word that holds the bit, and the bit's number in it. */
struct bit { u64 off; u32 nr; };

/* An immediate bit number is taken modulo the operand size.  One from a register is too when the string of
 * bits is a register; when it is in memory, the number is signed and reaches as far from the address as it
 * likes. */
static struct bit find_bit(const struct cpu *c, const struct insn *o)
{
	bool immediate = isa_rows[o->row].o[1] == Ib;
	u64 nr = immediate ? o->imm : reg_get(c, o->s, o->size);
	struct bit bit = { 0, (u32)(nr & (bits_of(o->size) - 1)) };
	if (o->mem) {
		i64 words = immediate ? 0 : (i64)(sign_extend(nr, o->size) - bit.nr) / (i64)bits_of(o->size);
		bit.off = ea_plus(c, o, (u64)(words * o->size));
	}
	return bit;
}

SIMPLE(bt)
{
	struct bit bit = find_bit(c, o);
	u64 v;
	if (o->mem) {
		if (!mmu_load(c, o->seg, bit.off, o->size, &v))
			return false;
	} else {
		v = reg_get(c, o->d, o->size);
	}
	flags_change(c, FLAG_CF, v >> bit.nr & 1);
	return true;
}

enum change { SET, RESET, COMPLEMENT };

static u64 changed(u64 v, u64 mask, enum change change)
{
	return change == SET ? v | mask : change == RESET ? v & ~mask : v ^ mask;
}

static bool change_bit(struct cpu *c, const struct insn *o, enum change change)
{
	struct bit bit = find_bit(c, o);
	u64 v, mask = 1ull << bit.nr;
	if (o->mem) {
		if (!mmu_check_store(c, o->seg, bit.off, o->size) ||
		    !mmu_load(c, o->seg, bit.off, o->size, &v) ||
		    !mmu_store(c, o->seg, bit.off, o->size, changed(v, mask, change)))
			return false;
	} else {
		v = reg_get(c, o->d, o->size);
		reg_set(c, o->d, o->size, changed(v, mask, change));
	}
	flags_change(c, FLAG_CF, v >> bit.nr & 1);
	return true;
}

SIMPLE(bts) { return change_bit(c, o, SET); }
SIMPLE(btr) { return change_bit(c, o, RESET); }
SIMPLE(btc) { return change_bit(c, o, COMPLEMENT); }

/* --- counting bits ---------------------------------------------------------------------------- */

/* BSF, BSR: of 0 the manual says "destination undefined"; every processor leaves it as it was (AMD
 * documents that). */
SIMPLE(bsf)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	if (v)
		reg_set(c, o->d, o->size, (u64)__builtin_ctzll(v));
	flags_change(c, FLAG_ZF, v ? 0 : FLAG_ZF);
	return true;
}

SIMPLE(bsr)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	if (v)
		reg_set(c, o->d, o->size, 63 - (u64)__builtin_clzll(v));
	flags_change(c, FLAG_ZF, v ? 0 : FLAG_ZF);
	return true;
}

SIMPLE(popcnt)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	reg_set(c, o->d, o->size, (u64)__builtin_popcountll(v));
	flags_change(c, FLAGS_ARITH, v ? 0 : FLAG_ZF);
	return true;
}

/* LZCNT and TZCNT of 0 give the operand's width and CF; ZF tells that the count is 0. */
static void set_count(struct cpu *c, const struct insn *o, u64 n)
{
	reg_set(c, o->d, o->size, n);
	flags_change(c, FLAG_CF | FLAG_ZF, (n == bits_of(o->size) ? FLAG_CF : 0) | (n == 0 ? FLAG_ZF : 0));
}

SIMPLE(lzcnt)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	set_count(c, o, v ? (u64)__builtin_clzll(v) - (64 - bits_of(o->size)) : bits_of(o->size));
	return true;
}

SIMPLE(tzcnt)
{
	u64 v;
	if (!rm_load(c, o, o->s, o->size, &v))
		return false;
	set_count(c, o, v ? (u64)__builtin_ctzll(v) : bits_of(o->size));
	return true;
}

/* --- SHLD, SHRD ------------------------------------------------------------------------------- */

/* The count is masked to 5 bits (6 for 64-bit operands); 0 changes nothing, not even flags. */
static u32 double_shift_count(const struct cpu *c, const struct insn *o)
{
	u64 n = isa_rows[o->row].o[2] == Ib ? o->imm : c->r[RCX];
	return (u32)(n & (o->size == 8 ? 63 : 31));
}

typedef unsigned __int128 u128;
static u128 joined(u64 high, u64 low, int size) { return (u128)high << 8 * size | low; }

/* A count above 16 with a 16-bit operand is undefined, and processors differ.  Here the 48 bits dest:src:dest
 * are shifted, as Intel's do. */
static u64 shift_left_double(u64 dest, u64 src, u32 n, int size, bool *carry, bool *overflow)
{
	u32 width = (u32)bits_of(size);
	u32 below = size == 2 ? 16 : 0; /* bits of dest once more */
	u128 v = joined(dest, src, size) << below | (below ? dest : 0);
	u64 r = zero_extend((u64)(v >> (below + width - n)), size);
	*carry = v >> (below + 2 * width - n) & 1;
	*overflow = (r >> (width - 1) & 1) != *carry;
	return r;
}

static u64 shift_right_double(u64 dest, u64 src, u32 n, int size, bool *carry, bool *overflow)
{
	u128 v = joined(src, dest, size) | (size == 2 ? (u128)dest << 32 : 0);
	u64 r = zero_extend((u64)(v >> n), size);
	*carry = v >> (n - 1) & 1;
	*overflow = (r ^ r << 1) >> (bits_of(size) - 1) & 1; /* for n = 1: the sign changed */
	return r;
}

static bool double_shift(struct cpu *c, const struct insn *o, bool left)
{
	u32 n = double_shift_count(c, o);
	u64 dest, src = reg_get(c, o->s, o->size);
	bool carry, overflow;
	if (!rm_load_rw(c, o, o->d, o->size, &dest))
		return false;
	if (!n) /* written all the same: a 32-bit register gets its upper half cleared */
		return rm_store(c, o, o->d, o->size, dest);
	u64 r = left ? shift_left_double(dest, src, n, o->size, &carry, &overflow)
		     : shift_right_double(dest, src, n, o->size, &carry, &overflow);
	if (!rm_store(c, o, o->d, o->size, r))
		return false;
	flags_carry(c, sign_extend(r, o->size), (carry ? FLAG_CF : 0) | (overflow ? FLAG_OF : 0));
	return true;
}

SIMPLE(shld) { return double_shift(c, o, true); }
SIMPLE(shrd) { return double_shift(c, o, false); }

/* --- XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B ----------------------------------------------------- */

SIMPLE(xadd)
{
	u64 a, b = reg_get(c, o->s, o->size);
	if (!rm_load_rw(c, o, o->d, o->size, &a) || (o->mem && !rm_store(c, o, o->d, o->size, a + b)))
		return false;
	reg_set(c, o->s, o->size, a);
	if (!o->mem) /* the sum last: XADD EAX, EAX doubles */
		reg_set(c, o->d, o->size, a + b);
	flags_sized(c, K_ADD, o->size, a, b, a + b);
	return true;
}

/* Memory is written whatever the comparison says (SDM 2A CMPXCHG); a register is only touched if it
 * changes. */
SIMPLE(cmpxchg)
{
	u64 v, acc = gpr(c, RAX, o->size);
	if (!rm_load_rw(c, o, o->d, o->size, &v))
		return false;
	bool equal = v == acc;
	if ((o->mem || equal) && !rm_store(c, o, o->d, o->size, equal ? reg_get(c, o->s, o->size) : v))
		return false;
	if (!equal)
		gpr_set(c, RAX, o->size, v);
	flags_sized(c, K_SUB, o->size, acc, v, acc - v);
	return true;
}

/* EDX:EAX against eight bytes, RDX:RAX against sixteen; ZF alone tells. */
static bool exchange_8b(struct cpu *c, const struct insn *o)
{
	u64 v, at = ea(c, o);
	u64 expected = gpr(c, RDX, 4) << 32 | gpr(c, RAX, 4);
	u64 replacement = gpr(c, RCX, 4) << 32 | gpr(c, RBX, 4);
	if (!mmu_check_store(c, o->seg, at, 8) || !mmu_load(c, o->seg, at, 8, &v) ||
	    !mmu_store(c, o->seg, at, 8, v == expected ? replacement : v))
		return false;
	if (v != expected) {
		gpr_set(c, RAX, 4, v);
		gpr_set(c, RDX, 4, v >> 32);
	}
	flags_change(c, FLAG_ZF, v == expected ? FLAG_ZF : 0);
	return true;
}

static bool exchange_16b(struct cpu *c, const struct insn *o)
{
	u64 lin, low, high, at = ea(c, o);
	if (!mmu_linear(c, o->seg, at, 16, true, &lin))
		return false;
	if (lin & 15) /* SDM 2A CMPXCHG16B; and so both halves lie in one page */
		return fault_gp(c, 0);
	if (!mmu_check_store(c, o->seg, at, 8) || !mmu_load(c, o->seg, at, 8, &low) ||
	    !mmu_load(c, o->seg, at + 8, 8, &high))
		return false;
	bool equal = low == c->r[RAX] && high == c->r[RDX];
	if (!mmu_store(c, o->seg, at, 8, equal ? c->r[RBX] : low) ||
	    !mmu_store(c, o->seg, at + 8, 8, equal ? c->r[RCX] : high))
		return false;
	if (!equal) {
		c->r[RAX] = low;
		c->r[RDX] = high;
	}
	flags_change(c, FLAG_ZF, equal ? FLAG_ZF : 0);
	return true;
}

SIMPLE(cmpxchg8b) { return o->opsize == 8 ? exchange_16b(c, o) : exchange_8b(c, o); }

/* --- MOVBE, CRC32, ADCX, ADOX ----------------------------------------------------------------- */

SIMPLE(movbe)
{
	bool load = isa_rows[o->row].o[0] == Gv;
	u64 v;
	if (load) {
		if (!rm_load(c, o, o->s, o->size, &v))
			return false;
		reg_set(c, o->d, o->size, __builtin_bswap64(v) >> (64 - bits_of(o->size)));
		return true;
	}
	v = reg_get(c, o->s, o->size);
	return rm_store(c, o, o->d, o->size, __builtin_bswap64(v) >> (64 - bits_of(o->size)));
}

/* CRC-32C, polynomial 11EDC6F41h; here bit-reversed, as the instruction works on bit-reversed data (SDM 2A
 * CRC32). */
SIMPLE(crc32)
{
	u64 v;
	u32 crc = (u32)reg_get(c, o->d, 4);
	if (!rm_load(c, o, o->s, o->ssize, &v))
		return false;
	for (int byte = 0; byte < o->ssize; byte++) {
		crc ^= (u8)(v >> 8 * byte);
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
	}
	reg_set(c, o->d, 4, crc);
	return true;
}

/* d = d + s + flag; only that flag changes, so two chains of additions can run side by side. */
static bool add_with(struct cpu *c, const struct insn *o, u64 flag, bool carry_in)
{
	u64 a = reg_get(c, o->d, o->size), b;
	if (!rm_load(c, o, o->s, o->size, &b))
		return false;
	u64 r = zero_extend(a + b + carry_in, o->size);
	bool carry_out = r < a || (carry_in && r == a);
	reg_set(c, o->d, o->size, r);
	flags_change(c, flag, carry_out ? flag : 0);
	return true;
}

SIMPLE(adcx) { return add_with(c, o, FLAG_CF, flag_cf(c)); }
SIMPLE(adox) { return add_with(c, o, FLAG_OF, flag_of(c)); }
