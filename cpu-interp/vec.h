/* SPDX-License-Identifier: GPL-3.0-or-later
 * vec.h - what MMX and SSE instructions share: the registers, the checks they begin with, and memory operands of up
 * to 16 bytes.
 *
 * Rule: first the checks (sse_check, mmx_check or both), then the operands, then the result; an MMX instruction turns
 * the x87 registers into MMX registers (mmx_enter) only once nothing can fail any more.
 */
#ifndef VITRINE_CPU_INTERP_VEC_H
#define VITRINE_CPU_INTERP_VEC_H

#include "cpu-interp/ops.h"

/* 16 bytes as lanes of each width, lane 0 the least significant.  (Hosts are little-endian.) */
union vec {
	u8 b[16];
	u16 w[8];
	u32 d[4];
	u64 q[2];
	i8 sb[16];
	i16 sw[8];
	i32 sd[4];
	i64 sq[2];
} __attribute__((may_alias));

/* ---- registers ---- */

/* XMM register n, to be read and written in place. */
static inline union vec *xmm(struct cpu *c, int n) { return (union vec *)&c->s.xmm[2 * n]; }

/* MMX register n is the significand of the x87's physical register Rn (SDM 1 9.2.2, figure 9-2). */
static inline u64 mmx(const struct cpu *c, int n) { return c->s.fpr[n]; }

/* Every MMX instruction but EMMS makes all x87 registers valid and TOP 0 (SDM 1 9.5.1). */
static inline void mmx_enter(struct cpu *c)
{
	*c->s.ftw = 0xff;
	*c->s.fsw &= (u16)~FSW_TOP;
}
/* One that writes a register sets its bits 64 to 79, seen as an x87 register, to ones (SDM 1 9.5.1). */
static inline void mmx_set(struct cpu *c, int n, u64 v)
{
	mmx_enter(c);
	c->s.fpr[n] = v;
	c->s.fpr_exp[n] = 0xffff;
}

/* ---- the checks every instruction begins with ---- */

/* Instructions with an XMM register (SDM 3A 13.1, table 13-1): true if nothing stands in the way. */
static inline bool sse_ready(const struct cpu *c)
{
	return LIKELY(!(*c->s.cr0 & (CR0_EM | CR0_TS)) && (*c->s.cr4 & CR4_OSFXSR));
}
/* Otherwise raises #UD or #NM. */
bool sse_refuse(struct cpu *c);
static inline bool sse_check(struct cpu *c) { return sse_ready(c) || sse_refuse(c); }
/* Instructions with an MMX register only (SDM 3A 12.1, table 12-1): #UD, #NM, or #MF left behind by the x87. */
bool mmx_check(struct cpu *c);
/* Those with both kinds (CVTPI2PS, MOVQ2DQ...). */
bool sse_mmx_check(struct cpu *c);

/* ---- memory operands: 4, 8 or 16 bytes at o's effective address ---- */

/* #GP(0) if [seg:off] is not a multiple of 16 (legacy SSE, SDM 1 10.4.1.1); after the segment's own checks. */
bool vec_aligned(struct cpu *c, const struct insn *o, bool write);

/* Load n = 1, 2, 4, 8 or 16 bytes; the rest of v becomes zero. */
bool vec_load(struct cpu *c, const struct insn *o, int n, union vec *v);
/* Store n bytes: all or, if any cannot be stored, none. */
bool vec_store(struct cpu *c, const struct insn *o, int n, const union vec *v);

/* The same for 16 bytes that must be aligned (every legacy SSE operand but those of MOVUPS, MOVDQU, LDDQU and
 * PCMPxSTRx). */
static inline bool vec_load_aligned(struct cpu *c, const struct insn *o, union vec *v)
{
	return vec_aligned(c, o, false) && vec_load(c, o, 16, v);
}
static inline bool vec_store_aligned(struct cpu *c, const struct insn *o, const union vec *v)
{
	return vec_aligned(c, o, true) && vec_store(c, o, 16, v);
}

/* An XMM operand that may be in memory (letters W): n bytes; n = 16 must be aligned.  reg: o->d or o->s.  From a
 * register come all 16 bytes, from memory n and zeros. */
static inline bool xmm_rm_load(struct cpu *c, const struct insn *o, u8 reg, int n, union vec *v)
{
	if (o->mem)
		return n == 16 ? vec_load_aligned(c, o, v) : vec_load(c, o, n, v);
	*v = *xmm(c, reg);
	return true;
}
/* The same for MMX (letters Q): n = 4 or 8; no alignment asked for. */
static inline bool mmx_rm_load(struct cpu *c, const struct insn *o, u8 reg, int n, u64 *v)
{
	if (o->mem)
		return mmu_load(c, o->seg, ea(c, o), n, v);
	*v = mmx(c, reg);
	return true;
}

/* Fast paths: host address of o's 16-byte memory operand, aligned for the guest, if it may be touched right away (no
 * check fails, the TLB hits), or NULL.  `fast`: the segment's rfast or wfast, which are about 8 bytes. */
static inline u8 *vec_hit(const struct cpu *c, const struct insn *o, const struct tlb *tlb, u64 fast, bool aligned)
{
	u64 off = ea(c, o), lin = c->seg[o->seg].base + off;
	const struct tlb_entry *t = &tlb->e[lin >> 12 & (TLB_SIZE - 1)];
	/* its page; with aligned operands, also that the lowest four bits are zero */
	u64 page = aligned ? lin & ~(u64)(PAGE_MASK_4K & ~15) : (lin + 15) & ~(u64)PAGE_MASK_4K;
	return LIKELY(page == t->tag && off + 8 < fast && sse_ready(c)) ? (u8 *)(t->add + lin) : NULL;
}
static inline const u8 *vec_hit_read(const struct cpu *c, const struct insn *o, bool aligned)
{
	return vec_hit(c, o, c->rd, c->seg[o->seg].rfast, aligned);
}
static inline u8 *vec_hit_write(const struct cpu *c, const struct insn *o, bool aligned)
{
	return vec_hit(c, o, c->wr, c->seg[o->seg].wfast, aligned);
}

#endif
