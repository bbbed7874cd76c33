/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-vec-move.c - moves to, from and between MMX and XMM registers, whole or in part; masks; insert and extract.
 * Rule: check, compute, write (ops.h); where MMX and XMM, or loads and stores, share a family, the operands tell.
 */
#include "cpu-interp/vec.h"

/* The slow and complete way of a family that has quick handlers too. */
#define SLOW(family) \
	static bool exec_##family(struct cpu *c, const struct insn *o); \
	COLD HANDLER(family##_slow) \
	{ \
		TRY(exec_##family(c, o)); \
		NEXT; \
	} \
	static bool exec_##family(struct cpu *c, const struct insn *o)

/* ---- 16 bytes: MOVAPS and its kin, which must be aligned, MOVUPS and its kin, which need not ---- */

static inline bool move_16(struct cpu *c, const struct insn *o, bool must_align)
{
	union vec v;
	if (!sse_check(c) || (o->mem && must_align && !vec_aligned(c, o, o->form == MR)))
		return false;
	if (o->form == MR)
		return vec_store(c, o, 16, xmm(c, o->s));
	if (o->form == RR)
		v = *xmm(c, o->s);
	else if (!vec_load(c, o, 16, &v))
		return false;
	*xmm(c, o->d) = v;
	return true;
}

#define MOVE_16(family, must_align) \
	SLOW(family) { return move_16(c, o, must_align); } \
	HANDLER(family##_RR) \
	{ \
		if (UNLIKELY(!sse_ready(c))) \
			TAIL(family##_slow); \
		*xmm(c, o->d) = *xmm(c, o->s); \
		NEXT; \
	} \
	HANDLER(family##_RM) \
	{ \
		const u8 *host = vec_hit_read(c, o, must_align); \
		if (UNLIKELY(!host)) \
			TAIL(family##_slow); \
		memcpy(xmm(c, o->d), host, 16); \
		NEXT; \
	} \
	HANDLER(family##_MR) \
	{ \
		u8 *host = vec_hit_write(c, o, must_align); \
		if (UNLIKELY(!host)) \
			TAIL(family##_slow); \
		memcpy(host, xmm(c, o->s), 16); \
		NEXT; \
	} \
	const struct op op_##family = { .plain = family##_slow, \
		.by_form[4] = { [RR] = family##_RR, [RM] = family##_RM, [MR] = family##_MR } };

MOVE_16(movaps, true)
MOVE_16(movups, false)

/* ---- the lowest 4 or 8 bytes: MOVSS, MOVSD, MOVQ ---- */

/* A load clears the rest of the register; what a move between registers does with it is `rest`. */
enum rest { KEEP, CLEAR };

static inline bool move_low(struct cpu *c, const struct insn *o, int n, enum rest rest)
{
	union vec v;
	if (!sse_check(c))
		return false;
	if (o->form == MR)
		return vec_store(c, o, n, xmm(c, o->s));
	if (o->form == RM) {
		if (!vec_load(c, o, n, &v))
			return false;
	} else {
		v = rest == KEEP ? *xmm(c, o->d) : (union vec){ .q = { 0, 0 } };
		memcpy(&v, xmm(c, o->s), (size_t)n);
	}
	*xmm(c, o->d) = v;
	return true;
}

#define MOVE_LOW(family, n, width, rest) \
	SLOW(family) { return move_low(c, o, n, rest); } \
	HANDLER(family##_RM) \
	{ \
		const u8 *host = mmu_hit_read(c, o->seg, ea(c, o), n); \
		if (UNLIKELY(!host || !sse_ready(c))) \
			TAIL(family##_slow); \
		*xmm(c, o->d) = (union vec){ .q = { host_get(host, n) } }; \
		NEXT; \
	} \
	HANDLER(family##_MR) \
	{ \
		u8 *host = mmu_hit_write(c, o->seg, ea(c, o), n); \
		if (UNLIKELY(!host || !sse_ready(c))) \
			TAIL(family##_slow); \
		memcpy(host, xmm(c, o->s), n); \
		NEXT; \
	} \
	const struct op op_##family = { .plain = family##_slow, \
		.by_form[width] = { [RM] = family##_RM, [MR] = family##_MR } };

MOVE_LOW(movss, 4, 2, KEEP)
MOVE_LOW(movsd, 8, 3, KEEP)
MOVE_LOW(movq, 8, 3, CLEAR)

/* ---- half a register and memory ---- */

static inline bool move_half(struct cpu *c, const struct insn *o, int half)
{
	u64 *q = &c->s.xmm[2 * (o->form == MR ? o->s : o->d) + half];
	if (!sse_check(c))
		return false;
	if (o->form == MR)
		return mmu_store(c, o->seg, ea(c, o), 8, *q);
	return mmu_load(c, o->seg, ea(c, o), 8, q);
}

SIMPLE(movlps) { return move_half(c, o, 0); }
SIMPLE(movhps) { return move_half(c, o, 1); }

/* ---- general registers and memory: MOVD, MOVQ ---- */

SIMPLE(movd_to_xmm)
{
	u64 v;
	if (!sse_check(c) || !rm_load(c, o, o->s, o->ssize, &v))
		return false;
	*xmm(c, o->d) = (union vec){ .q = { v, 0 } };
	return true;
}

SIMPLE(movd_from_xmm) { return sse_check(c) && rm_store(c, o, o->d, o->size, xmm(c, o->s)->q[0]); }

SIMPLE(movd_to_mmx)
{
	u64 v;
	if (!mmx_check(c) || !rm_load(c, o, o->s, o->ssize, &v))
		return false;
	mmx_set(c, o->d, v);
	return true;
}

SIMPLE(movd_from_mmx)
{
	if (!mmx_check(c) || !rm_store(c, o, o->d, o->size, mmx(c, o->s)))
		return false;
	mmx_enter(c);
	return true;
}

/* ---- MMX ---- */

SIMPLE(movq_mmx)
{
	u64 v = mmx(c, o->s);
	if (!mmx_check(c))
		return false;
	if (o->form == MR) {
		if (!mmu_store(c, o->seg, ea(c, o), 8, v))
			return false;
		mmx_enter(c);
		return true;
	}
	if (!mmx_rm_load(c, o, o->s, 8, &v))
		return false;
	mmx_set(c, o->d, v);
	return true;
}

SIMPLE(movq2dq)
{
	if (!sse_mmx_check(c))
		return false;
	mmx_enter(c);
	*xmm(c, o->d) = (union vec){ .q = { mmx(c, o->s), 0 } };
	return true;
}

SIMPLE(movdq2q)
{
	if (!sse_mmx_check(c))
		return false;
	mmx_set(c, o->d, xmm(c, o->s)->q[0]);
	return true;
}

/* SDM 2A EMMS: the tags only. */
SIMPLE(emms)
{
	if (!mmx_check(c))
		return false;
	*c->s.ftw = 0;
	return true;
}

/* ---- top bits into a general register ---- */

static inline u32 top_bits(const u8 *bytes, int count, int step)
{
	u32 mask = 0;
	for (int i = 0; i < count; i++)
		mask |= (u32)(bytes[i * step + step - 1] >> 7) << i;
	return mask;
}

/* Eight bytes' top bits: the multiplication brings bit 8i to bit 56 + i. */
static inline u32 top_bits_8(u64 v)
{
	return (u32)((v >> 7 & 0x0101010101010101) * 0x0102040810204080 >> 56);
}

SIMPLE(pmovmskb)
{
	if (o->ssize == 16) {
		const union vec *v = xmm(c, o->s);
		if (!sse_check(c))
			return false;
		reg_set(c, o->d, 4, top_bits_8(v->q[0]) | top_bits_8(v->q[1]) << 8);
		return true;
	}
	if (!mmx_check(c))
		return false;
	mmx_enter(c);
	reg_set(c, o->d, 4, top_bits_8(mmx(c, o->s)));
	return true;
}

static bool move_mask(struct cpu *c, const struct insn *o, int count, int step)
{
	if (!sse_check(c))
		return false;
	reg_set(c, o->d, 4, top_bits(xmm(c, o->s)->b, count, step));
	return true;
}

SIMPLE(movmskps) { return move_mask(c, o, 4, 4); }
SIMPLE(movmskpd) { return move_mask(c, o, 2, 8); }

/* ---- MASKMOVQ, MASKMOVDQU: the bytes of the first whose mask in the second is negative go to DS:rDI ---- */

static bool store_masked(struct cpu *c, const struct insn *o, const union vec *v, const union vec *mask)
{
	u64 at = c->r[RDI] & o->amask;
	for (int i = 0; i < o->size; i++)
		if (mask->sb[i] < 0 && !mmu_check_store(c, o->seg, at + (u64)i, 1))
			return false;
	for (int i = 0; i < o->size; i++)
		if (mask->sb[i] < 0 && !mmu_store(c, o->seg, at + (u64)i, 1, v->b[i]))
			return false;
	return true;
}

SIMPLE(maskmov)
{
	if (o->size == 16)
		return sse_check(c) && store_masked(c, o, xmm(c, o->d), xmm(c, o->s));
	union vec v = { .q = { mmx(c, o->d) } }, mask = { .q = { mmx(c, o->s) } };
	if (!mmx_check(c) || !store_masked(c, o, &v, &mask))
		return false;
	mmx_enter(c);
	return true;
}

/* ---- insert and extract one lane ---- */

/* PINSRx: the register is wider than a byte or word lane; of memory just the lane is read. */
#define INSERT(family, lane) \
	SIMPLE(family) \
	{ \
		u64 v; \
		union vec *to = xmm(c, o->d); \
		if (!sse_check(c) || !rm_load(c, o, o->s, o->ssize, &v)) \
			return false; \
		to->lane[o->imm & (ARRAY_LEN(to->lane) - 1)] = (typeof(to->lane[0]))v; \
		return true; \
	}

INSERT(pinsrb, b)
INSERT(pinsrw, w)
INSERT(pinsrd, d)
INSERT(pinsrq, q)

SIMPLE(pinsrw_mmx)
{
	u64 v;
	union vec to = { .q = { mmx(c, o->d) } };
	if (!mmx_check(c) || !rm_load(c, o, o->s, o->ssize, &v))
		return false;
	to.w[o->imm & 3] = (u16)v;
	mmx_set(c, o->d, to.q[0]);
	return true;
}

/* PEXTRx: a register gets the lane zero-extended, memory just the lane. */
#define EXTRACT(family, lane) \
	SIMPLE(family) \
	{ \
		const union vec *from = xmm(c, o->s); \
		return sse_check(c) && \
		       rm_store(c, o, o->d, o->size, from->lane[o->imm & (ARRAY_LEN(from->lane) - 1)]); \
	}

EXTRACT(pextrb, b)
EXTRACT(pextrw, w)
EXTRACT(pextrd, d)
EXTRACT(pextrq, q)

SIMPLE(pextrw_mmx)
{
	union vec from = { .q = { mmx(c, o->s) } };
	if (!mmx_check(c))
		return false;
	mmx_enter(c);
	reg_set(c, o->d, 4, from.w[o->imm & 3]);
	return true;
}

/* SDM 2A INSERTPS: bits 7:6 choose the source's lane (memory has one only), 5:4 the place, 3:0 what to clear. */
SIMPLE(insertps)
{
	union vec from, *to = xmm(c, o->d);
	if (!sse_check(c) || !xmm_rm_load(c, o, o->s, o->mem ? 4 : 16, &from))
		return false;
	to->d[o->imm >> 4 & 3] = from.d[o->mem ? 0 : o->imm >> 6 & 3];
	for (int i = 0; i < 4; i++)
		if (o->imm >> i & 1)
			to->d[i] = 0;
	return true;
}

/* SDM 2B PTEST */
SIMPLE(ptest)
{
	union vec b, a = *xmm(c, o->d);
	if (!sse_check(c) || !xmm_rm_load(c, o, o->s, 16, &b))
		return false;
	bool none_common = !(a.q[0] & b.q[0]) && !(a.q[1] & b.q[1]);
	bool none_outside = !(~a.q[0] & b.q[0]) && !(~a.q[1] & b.q[1]);
	flags_change(c, FLAGS_ARITH, (none_common ? FLAG_ZF : 0) | (none_outside ? FLAG_CF : 0));
	return true;
}
