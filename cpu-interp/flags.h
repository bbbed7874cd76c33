/* SPDX-License-Identifier: GPL-3.0-or-later
 * flags.h - arithmetic flags, worked out only when somebody asks.
 *
 * An instruction leaves what made the flags: kind, operands a and b, result r, each sign-extended from its width to
 * 64 bits.  Sign extension keeps unsigned order and puts every width's top bit into bit 63, so no formula below needs
 * to know the width.  Rule: with kind K_FLAGS the truth is in s.rflags; otherwise in fa, fb, fr.
 */
#ifndef VITRINE_CPU_INTERP_FLAGS_H
#define VITRINE_CPU_INTERP_FLAGS_H

#include "cpu-interp/cpu.h"

static inline void flags_lazy(struct cpu *c, u32 kind, u64 a, u64 b, u64 r)
{
	c->fk = kind;
	c->fa = a;
	c->fb = b;
	c->fr = r;
}

/* K_ADC and K_SBB: the carry that went in is what a, b and r do not explain. */
static inline bool flag_cf(const struct cpu *c)
{
	switch (c->fk) {
	case K_ADD: return c->fr < c->fa;
	case K_ADC: return (c->fr - c->fa - c->fb) & 1 ? c->fr <= c->fa : c->fr < c->fa;
	case K_SUB: return c->fa < c->fb;
	case K_SBB: return (c->fa - c->fb - c->fr) & 1 ? c->fa <= c->fb : c->fa < c->fb;
	case K_LOGIC: return false;
	case K_FLAGS: return *c->s.rflags & FLAG_CF;
	default: return c->fb & FLAG_CF; /* INC, DEC keep it in fb; so do shifts */
	}
}

static inline bool flag_zf(const struct cpu *c)
{
	return c->fk == K_FLAGS ? *c->s.rflags & FLAG_ZF : c->fr == 0;
}

static inline bool flag_sf(const struct cpu *c)
{
	return c->fk == K_FLAGS ? *c->s.rflags & FLAG_SF : (i64)c->fr < 0;
}

static inline bool flag_pf(const struct cpu *c)
{
	return c->fk == K_FLAGS ? *c->s.rflags & FLAG_PF : !__builtin_parity(c->fr & 0xff);
}

static inline bool flag_of(const struct cpu *c)
{
	switch (c->fk) {
	case K_ADD: case K_ADC: return (i64)((c->fa ^ c->fr) & (c->fb ^ c->fr)) < 0;
	case K_SUB: case K_SBB: return (i64)((c->fa ^ c->fb) & (c->fa ^ c->fr)) < 0;
	case K_LOGIC: return false;
	case K_INC: return (i64)(~c->fa & c->fr) < 0;
	case K_DEC: return (i64)(c->fa & ~c->fr) < 0;
	case K_FLAGS: return *c->s.rflags & FLAG_OF;
	default: return c->fb & FLAG_OF;
	}
}

static inline bool flag_af(const struct cpu *c)
{
	switch (c->fk) {
	case K_LOGIC: return false;
	case K_INC: case K_DEC: return (c->fa ^ c->fr ^ 1) & 0x10;
	case K_FLAGS: return *c->s.rflags & FLAG_AF;
	case K_CARRY: return c->fb & FLAG_AF;
	default: return (c->fa ^ c->fb ^ c->fr) & 0x10;
	}
}

/* Results whose CF, OF, AF do not follow from operands (shifts, multiplications): co holds them in RFLAGS' places. */
static inline void flags_carry(struct cpu *c, u64 r, u32 co) { flags_lazy(c, K_CARRY, 0, co, r); }

/* Rotates change CF and OF only; ZF, SF and PF go on being those of the last result. */
static inline void flags_rotate(struct cpu *c, u32 co)
{
	if (c->fk == K_FLAGS)
		*c->s.rflags = (*c->s.rflags & ~(u64)(FLAG_CF | FLAG_OF)) | co;
	else
		flags_carry(c, c->fr, co | (flag_af(c) ? FLAG_AF : 0));
}

/* The six arithmetic flags, in place. */
static inline u32 flags_arith(const struct cpu *c)
{
	return (flag_cf(c) ? FLAG_CF : 0) | (flag_pf(c) ? FLAG_PF : 0) | (flag_af(c) ? FLAG_AF : 0) |
	       (flag_zf(c) ? FLAG_ZF : 0) | (flag_sf(c) ? FLAG_SF : 0) | (flag_of(c) ? FLAG_OF : 0);
}

/* All of RFLAGS. */
static inline u64 flags_get(const struct cpu *c) { return (*c->s.rflags & ~(u64)FLAGS_ARITH) | flags_arith(c); }
/* Replace all of RFLAGS.  Call cpu_update_mode if VM, TF, AC or IF may have changed. */
static inline void flags_set(struct cpu *c, u64 rflags)
{
	c->fk = K_FLAGS;
	*c->s.rflags = rflags;
}
/* Replace only the flags in mask. */
static inline void flags_change(struct cpu *c, u64 mask, u64 value)
{
	flags_set(c, (flags_get(c) & ~mask) | (value & mask));
}

/* The sixteen conditions of Jcc, SETcc, CMOVcc (SDM 1 appendix B). */
static inline bool flags_cond(const struct cpu *c, int cond)
{
	bool v;
	switch (cond >> 1) {
	case 0: v = flag_of(c); break;
	case 1: v = flag_cf(c); break;
	case 2: v = flag_zf(c); break;
	case 3: v = flag_cf(c) || flag_zf(c); break;
	case 4: v = flag_sf(c); break;
	case 5: v = flag_pf(c); break;
	case 6: v = flag_sf(c) != flag_of(c); break;
	default: v = flag_zf(c) || flag_sf(c) != flag_of(c); break;
	}
	return v != (cond & 1);
}

/* For handlers that know their width only at run time: size in bytes. */
static inline u64 sign_extend(u64 v, int size)
{
	int shift = 64 - 8 * size;
	return (u64)((i64)(v << shift) >> shift);
}
static inline u64 zero_extend(u64 v, int size) { return size == 8 ? v : v & ((1ull << 8 * size) - 1); }
static inline void flags_sized(struct cpu *c, u32 kind, int size, u64 a, u64 b, u64 r)
{
	flags_lazy(c, kind, sign_extend(a, size), sign_extend(b, size), sign_extend(r, size));
}

#endif
