/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-vec-shuffle.c - vectors rearranged: pack, unpack, shuffle, blend, extend, shift by bytes; and arithmetic across
 * lanes: neighbouring pairs, sums of differences.
 * Rule: a function of two vectors and an immediate (vec-op.h); n is 8 for MMX and 16 for XMM.
 */
#include "cpu-interp/vec-op.h"

/* ---- pack: a's lanes, then b's, each half as wide ---- */

#define PACK(family, to, from, narrow) \
	VECTOR(family) \
	{ \
		union vec r; \
		int lanes = n / (int)sizeof(a.from[0]); \
		for (int i = 0; i < lanes; i++) { \
			r.to[i] = narrow(a.from[i]); \
			r.to[lanes + i] = narrow(b.from[i]); \
		} \
		return r; \
	}

PACK(packsswb, sb, sw, to_i8)
PACK(packuswb, b, sw, to_u8)
PACK(packssdw, sw, sd, to_i16)
PACK(packusdw, w, sd, to_u16)

/* ---- unpack: interleave the lower or upper lanes ---- */

#define UNPACK(family, lane, upper) \
	VECTOR(family) \
	{ \
		union vec r; \
		int half = n / (int)sizeof(a.lane[0]) / 2; \
		for (int i = 0; i < half; i++) { \
			r.lane[2 * i] = a.lane[upper * half + i]; \
			r.lane[2 * i + 1] = b.lane[upper * half + i]; \
		} \
		return r; \
	}

UNPACK(punpcklbw, b, 0)
UNPACK(punpcklwd, w, 0)
UNPACK(punpckldq, d, 0)
UNPACK(punpcklqdq, q, 0)
UNPACK(punpckhbw, b, 1)
UNPACK(punpckhwd, w, 1)
UNPACK(punpckhdq, d, 1)
UNPACK(punpckhqdq, q, 1)

/* ---- shuffle: each lane says, or a field of the immediate says, where it comes from ---- */

VECTOR(pshufb)
{
	union vec r;
	for (int i = 0; i < 16; i++)
		r.b[i] = b.b[i] & 0x80 ? 0 : a.b[b.b[i] & (n - 1)];
	return r;
}

/* The i-th two bits of an immediate. */
static inline int pick(u8 imm, int i) { return imm >> 2 * i & 3; }

VECTOR(pshufd)
{
	return (union vec){ .d = { b.d[pick(imm, 0)], b.d[pick(imm, 1)], b.d[pick(imm, 2)], b.d[pick(imm, 3)] } };
}

/* Four words from `base` on, shuffled among themselves; the others stay. */
static inline union vec shuffle_words(union vec b, int base, u8 imm)
{
	union vec r = b;
	for (int i = 0; i < 4; i++)
		r.w[base + i] = b.w[base + pick(imm, i)];
	return r;
}

VECTOR(pshufw) { return shuffle_words(b, 0, imm); }
VECTOR(pshuflw) { return shuffle_words(b, 0, imm); }
VECTOR(pshufhw) { return shuffle_words(b, 4, imm); }

VECTOR(shufps)
{
	return (union vec){ .d = { a.d[pick(imm, 0)], a.d[pick(imm, 1)], b.d[pick(imm, 2)], b.d[pick(imm, 3)] } };
}

VECTOR(shufpd) { return (union vec){ .q = { a.q[imm & 1], b.q[imm >> 1 & 1] } }; }

VECTOR(movhlps) { return (union vec){ .q = { b.q[1], a.q[1] } }; }
VECTOR(movlhps) { return (union vec){ .q = { a.q[0], b.q[0] } }; }
VECTOR(movsldup) { return (union vec){ .d = { b.d[0], b.d[0], b.d[2], b.d[2] } }; }
VECTOR(movshdup) { return (union vec){ .d = { b.d[1], b.d[1], b.d[3], b.d[3] } }; }
VECTOR_SHORT(movddup) { return (union vec){ .q = { b.q[0], b.q[0] } }; }

/* ---- blend: b's lanes where a bit of the immediate is set ---- */

#define BLEND(family, lane) \
	VECTOR(family) \
	{ \
		for (unsigned i = 0; i < ARRAY_LEN(a.lane); i++) \
			if (imm >> i & 1) \
				a.lane[i] = b.lane[i]; \
		return a; \
	}

BLEND(pblendw, w)
BLEND(blendps, d)
BLEND(blendpd, q)

/* The same by the top bits of XMM0's lanes. */
#define BLEND_BY_XMM0(family, lane) \
	SIMPLE(family) \
	{ \
		union vec b, *a = xmm(c, o->d), mask = *xmm(c, 0); \
		if (!sse_check(c) || !xmm_rm_load(c, o, o->s, 16, &b)) \
			return false; \
		for (unsigned i = 0; i < ARRAY_LEN(b.lane); i++) \
			if (mask.lane[i] < 0) \
				a->lane[i] = b.lane[i]; \
		return true; \
	}

BLEND_BY_XMM0(pblendvb, sb)
BLEND_BY_XMM0(blendvps, sd)
BLEND_BY_XMM0(blendvpd, sq)

/* ---- extend: the lower lanes of b become wider ---- */

#define EXTEND(family, to, from) \
	VECTOR_SHORT(family) \
	{ \
		union vec r; \
		for (unsigned i = 0; i < ARRAY_LEN(r.to); i++) \
			r.to[i] = b.from[i]; \
		return r; \
	}

EXTEND(pmovsxbw, sw, sb)
EXTEND(pmovsxbd, sd, sb)
EXTEND(pmovsxbq, sq, sb)
EXTEND(pmovsxwd, sd, sw)
EXTEND(pmovsxwq, sq, sw)
EXTEND(pmovsxdq, sq, sd)
EXTEND(pmovzxbw, w, b)
EXTEND(pmovzxbd, d, b)
EXTEND(pmovzxbq, q, b)
EXTEND(pmovzxwd, d, w)
EXTEND(pmovzxwq, q, w)
EXTEND(pmovzxdq, q, d)

/* ---- shift all of it by bytes; zeros come in ---- */

static inline union vec bytes_from(const u8 *bytes, int at, int have)
{
	union vec r;
	for (int i = 0; i < 16; i++)
		r.b[i] = at + i >= 0 && at + i < have ? bytes[at + i] : 0;
	return r;
}

/* b is the count here. */
VECTOR(psrldq) { return bytes_from(a.b, b.b[0], 16); }
VECTOR(pslldq) { return bytes_from(a.b, -b.b[0], 16); }

/* a above b, and of that n bytes from imm on (SDM 2B PALIGNR). */
VECTOR(palignr)
{
	u8 both[32];
	memcpy(both, b.b, 16);
	memcpy(both + n, a.b, 16);
	return bytes_from(both, imm, 2 * n);
}

/* ---- pairs: neighbouring lanes x and y, first a's, then b's ---- */

#define PAIRS(family, lane, result) \
	VECTOR(family) \
	{ \
		union vec r; \
		int half = n / (int)sizeof(a.lane[0]) / 2; \
		for (int i = 0; i < 2 * half; i++) { \
			const union vec *from = i < half ? &a : &b; \
			int at = 2 * (i % half); \
			typeof(a.lane[0]) x = from->lane[at], y = from->lane[at + 1]; \
			r.lane[i] = (typeof(x))(result); \
		} \
		return r; \
	}

PAIRS(phaddw, w, x + y)
PAIRS(phaddd, d, x + y)
PAIRS(phaddsw, sw, to_i16(x + y))
PAIRS(phsubw, w, x - y)
PAIRS(phsubd, d, x - y)
PAIRS(phsubsw, sw, to_i16(x - y))

VECTOR(pmaddwd)
{
	union vec r;
	for (int i = 0; i < 4; i++)
		r.d[i] = (u32)(a.sw[2 * i] * b.sw[2 * i]) + (u32)(a.sw[2 * i + 1] * b.sw[2 * i + 1]);
	return r;
}

VECTOR(pmaddubsw)
{
	union vec r;
	for (int i = 0; i < 8; i++)
		r.sw[i] = to_i16(a.b[2 * i] * b.sb[2 * i] + a.b[2 * i + 1] * b.sb[2 * i + 1]);
	return r;
}

/* ---- sums of absolute differences ---- */

static inline u16 sum_of_differences(const u8 *x, const u8 *y, int count)
{
	int sum = 0;
	for (int i = 0; i < count; i++)
		sum += x[i] < y[i] ? y[i] - x[i] : x[i] - y[i];
	return (u16)sum;
}

VECTOR(psadbw)
{
	return (union vec){ .q = { sum_of_differences(a.b, b.b, 8), sum_of_differences(a.b + 8, b.b + 8, 8) } };
}

/* Four bytes of b, chosen by the immediate, against four of a at eight places, one after the other. */
VECTOR(mpsadbw)
{
	const u8 *block = b.b + 4 * (imm & 3), *at = a.b + (imm & 4);
	union vec r;
	for (int i = 0; i < 8; i++)
		r.w[i] = sum_of_differences(at + i, block, 4);
	return r;
}

/* The first of the smallest words, and its number. */
VECTOR(phminposuw)
{
	u16 best = 0;
	for (u16 i = 1; i < 8; i++)
		if (b.w[i] < b.w[best])
			best = i;
	return (union vec){ .w = { b.w[best], best } };
}
