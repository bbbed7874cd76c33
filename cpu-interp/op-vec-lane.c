/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-vec-lane.c - vectors, lane by lane: logic, addition, multiplication, comparison, minimum, average, shifts.
 * Rule: a lane of the result depends on the same lane of the operands, and a shift's count, only (vec-op.h).
 */
#include "cpu-interp/vec-op.h"

/* ---- logic: the lanes could be of any width ---- */

LANES(pand, q, x & y)
LANES(pandn, q, ~x & y)
LANES(por, q, x | y)
LANES(pxor, q, x ^ y)

/* ---- addition and subtraction; S and US saturate (SDM 1 9.3.3) ---- */

LANES(paddb, b, x + y)
LANES(paddw, w, x + y)
LANES(paddd, d, x + y)
LANES(paddq, q, x + y)
LANES(psubb, b, x - y)
LANES(psubw, w, x - y)
LANES(psubd, d, x - y)
LANES(psubq, q, x - y)

LANES(paddsb, sb, to_i8(x + y))
LANES(paddsw, sw, to_i16(x + y))
LANES(paddusb, b, to_u8(x + y))
LANES(paddusw, w, to_u16(x + y))
LANES(psubsb, sb, to_i8(x - y))
LANES(psubsw, sw, to_i16(x - y))
LANES(psubusb, b, to_u8(x - y))
LANES(psubusw, w, to_u16(x - y))

/* ---- multiplication ---- */

LANES(pmullw, sw, x * y)
LANES(pmulhw, sw, x * y >> 16)
LANES(pmulhuw, w, (u32)x * y >> 16)
LANES(pmulhrsw, sw, ((x * y >> 14) + 1) >> 1)
LANES(pmulld, d, x * y)
/* The lower half of each quadword counts. */
LANES(pmuludq, q, (u64)(u32)x * (u32)y)
LANES(pmuldq, sq, (i64)(i32)x * (i32)y)

/* ---- comparison: all ones or all zeros ---- */

LANES(pcmpeqb, b, -(x == y))
LANES(pcmpeqw, w, -(x == y))
LANES(pcmpeqd, d, -(x == y))
LANES(pcmpeqq, q, -(u64)(x == y))
LANES(pcmpgtb, sb, -(x > y))
LANES(pcmpgtw, sw, -(x > y))
LANES(pcmpgtd, sd, -(x > y))
LANES(pcmpgtq, sq, -(i64)(x > y))

LANES(pminub, b, x < y ? x : y)
LANES(pminuw, w, x < y ? x : y)
LANES(pminud, d, x < y ? x : y)
LANES(pminsb, sb, x < y ? x : y)
LANES(pminsw, sw, x < y ? x : y)
LANES(pminsd, sd, x < y ? x : y)
LANES(pmaxub, b, x > y ? x : y)
LANES(pmaxuw, w, x > y ? x : y)
LANES(pmaxud, d, x > y ? x : y)
LANES(pmaxsb, sb, x > y ? x : y)
LANES(pmaxsw, sw, x > y ? x : y)
LANES(pmaxsd, sd, x > y ? x : y)

/* ---- average, absolute value, sign ---- */

LANES(pavgb, b, (x + y + 1) >> 1)
LANES(pavgw, w, (x + y + 1) >> 1)
/* The most negative value has no positive counterpart and stays. */
LANES(pabsb, sb, y < 0 ? -y : y)
LANES(pabsw, sw, y < 0 ? -y : y)
LANES(pabsd, sd, y < 0 ? -(u32)y : (u32)y)
LANES(psignb, sb, y < 0 ? -x : y ? x : 0)
LANES(psignw, sw, y < 0 ? -x : y ? x : 0)
LANES(psignd, sd, y < 0 ? -(u32)x : y ? (u32)x : 0)

/* ---- shifts: one count for all lanes, the low quadword of the source, or an immediate ---- */

/* A count beyond the lane's width shifts everything out. */
#define SHIFT(family, lane, result) \
	VECTOR_HANDLERS(family) \
	HANDLER(family##_RI) \
	{ \
		if (UNLIKELY(!sse_ready(c))) \
			TAIL(family##_slow); \
		*xmm(c, o->d) = family##_of(*xmm(c, o->d), (union vec){ .q = { (u8)o->imm } }, 16, 0); \
		NEXT; \
	} \
	const struct op op_##family = { \
		.plain = family##_slow, .by_form[4] = { [RR] = family##_RR, [RI] = family##_RI } }; \
	static inline union vec family##_of(union vec a, union vec b, int n, u8 imm) \
	{ \
		const int width = 8 * sizeof(a.lane[0]); \
		u64 count = b.q[0]; \
		union vec r; \
		for (unsigned i = 0; i < ARRAY_LEN(r.lane); i++) { \
			typeof(r.lane[0]) x = a.lane[i]; \
			r.lane[i] = (typeof(x))(result); \
		} \
		return r; \
	}
#define SHIFT_LOGICAL(family, lane, operator) SHIFT(family, lane, count < width ? x operator count : 0)
#define SHIFT_ARITHMETIC(family, lane) SHIFT(family, lane, x >> (count < width ? count : width - 1))

SHIFT_LOGICAL(psrlw, w, >>)
SHIFT_LOGICAL(psrld, d, >>)
SHIFT_LOGICAL(psrlq, q, >>)
SHIFT_LOGICAL(psllw, w, <<)
SHIFT_LOGICAL(pslld, d, <<)
SHIFT_LOGICAL(psllq, q, <<)
SHIFT_ARITHMETIC(psraw, sw)
SHIFT_ARITHMETIC(psrad, sd)
