/* SPDX-License-Identifier: GPL-3.0-or-later
 * vec-op.h - the words in which the semantics of integer vector instructions are written: one line per family.
 *
 * A family is a function from two vectors to one: a is the old destination, b the source.  The same function serves
 * MMX (n = 8; the upper halves are zero, and what becomes of them is ignored) and XMM (n = 16); imm is the immediate.
 * Rule: such a function knows nothing of the processor; checks, operands and the write are here and in vec.c.
 */
#ifndef VITRINE_CPU_INTERP_VEC_OP_H
#define VITRINE_CPU_INTERP_VEC_OP_H

#include "cpu-interp/vec.h"

typedef union vec (*vec_function)(union vec a, union vec b, int n, u8 imm);

/* Check, fetch both operands, compute, write: MMX or XMM, register, memory or a shift's immediate. */
bool vec_combine(struct cpu *c, const struct insn *o, vec_function of);

/* From two XMM registers, and from an aligned memory operand that hits the TLB; whatever else is for the slow road.
 * Three handlers, and the head of the function itself: VECTOR(por) { ... return r; } */
#define VECTOR_HANDLERS(family) \
	static inline union vec family##_of(union vec a, union vec b, int n, u8 imm); \
	COLD HANDLER(family##_slow) \
	{ \
		TRY(vec_combine(c, o, family##_of)); \
		NEXT; \
	} \
	HANDLER(family##_RR) \
	{ \
		if (UNLIKELY(!sse_ready(c))) \
			TAIL(family##_slow); \
		*xmm(c, o->d) = family##_of(*xmm(c, o->d), *xmm(c, o->s), 16, (u8)o->imm); \
		NEXT; \
	}
#define VECTOR(family) \
	VECTOR_HANDLERS(family) \
	HANDLER(family##_RM) \
	{ \
		const union vec *b = (const union vec *)vec_hit_read(c, o, true); \
		if (UNLIKELY(!b)) \
			TAIL(family##_slow); \
		*xmm(c, o->d) = family##_of(*xmm(c, o->d), *b, 16, (u8)o->imm); \
		NEXT; \
	} \
	const struct op op_##family = { \
		.plain = family##_slow, .by_form[4] = { [RR] = family##_RR, [RM] = family##_RM } }; \
	static inline union vec family##_of(union vec a, union vec b, int n, u8 imm)

/* The same for families whose memory operand is shorter than 16 bytes (PMOVSXBW, MOVDDUP). */
#define VECTOR_SHORT(family) \
	VECTOR_HANDLERS(family) \
	const struct op op_##family = { .plain = family##_slow, .by_form[4] = { [RR] = family##_RR } }; \
	static inline union vec family##_of(union vec a, union vec b, int n, u8 imm)

/* For every lane: result, from x and y, the lanes of a and b.  lane: a member of union vec, b w d q or sb sw sd sq. */
#define LANES(family, lane, result) \
	VECTOR(family) \
	{ \
		union vec r; \
		for (unsigned i = 0; i < ARRAY_LEN(r.lane); i++) { \
			typeof(r.lane[0]) x = a.lane[i], y = b.lane[i]; \
			(void)x; \
			r.lane[i] = (typeof(x))(result); \
		} \
		return r; \
	}

/* Saturation: the nearest value that fits. */
static inline int saturate(int v, int low, int high) { return v < low ? low : v > high ? high : v; }
static inline i8 to_i8(int v) { return (i8)saturate(v, -128, 127); }
static inline u8 to_u8(int v) { return (u8)saturate(v, 0, 255); }
static inline i16 to_i16(int v) { return (i16)saturate(v, -32768, 32767); }
static inline u16 to_u16(int v) { return (u16)saturate(v, 0, 65535); }

#endif
