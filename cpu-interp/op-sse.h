/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-sse.h - what SSE's floating-point instructions share: lanes, MXCSR, the end of an instruction.
 *
 * Rule: all lanes are computed with one struct fp_env before anything is written; sse_finish then says
 * whether the result counts. MXCSR's flags are written in any case (SDM 1 11.5.2, 11.5.3).
 */
#ifndef VITRINE_CPU_INTERP_OP_SSE_H
#define VITRINE_CPU_INTERP_OP_SSE_H

#include "cpu-interp/fp/fp.h"
#include "cpu-interp/vec.h"

/* What a lane holds: enum fp_format's FP_SINGLE or FP_DOUBLE, or a 32-bit integer. */
enum { LANE_INT = FP_EXTENDED + 1 };

static inline u64 lane_get(const union vec *v, int type, int i)
{
	return type == FP_DOUBLE ? v->q[i] : v->d[i];
}
static inline void lane_set(union vec *v, int type, int i, u64 bits)
{
	if (type == FP_DOUBLE)
		v->q[i] = bits;
	else
		v->d[i] = (u32)bits;
}
static inline int lane_size(int type) { return type == FP_DOUBLE ? 8 : 4; }

/* Record the exceptions met. An unmasked one: #XM, or #UD if the system has no handler for that (SDM 1
 * 11.5.3, SDM 3A 2.5 OSXMMEXCPT). */
bool sse_unmasked(struct cpu *c, const struct fp_env *e);
static inline bool sse_finish(struct cpu *c, struct fp_env *e)
{
	fp_settle(e);
	*c->s.mxcsr |= e->flags;
	return LIKELY(!fp_unmasked(e)) || sse_unmasked(c, e);
}

/* The operand in XMM or memory, for `lanes` lanes; with the checks. */
static inline bool sse_operand(struct cpu *c, const struct insn *o, int type, int lanes, union vec *v)
{
	return sse_check(c) && xmm_rm_load(c, o, o->s, lane_size(type) * lanes, v);
}

/* One body for packed and scalar, single and double: FLOATS(add, binary, fp_add) defines op_addps,
 * op_addpd, op_addss, op_addsd as binary(c, o, format, lanes, fp_add). */
#define FLOAT_PS(name, body, ...) SIMPLE(name##ps) { return body(c, o, FP_SINGLE, 4, __VA_ARGS__); }
#define FLOAT_PD(name, body, ...) SIMPLE(name##pd) { return body(c, o, FP_DOUBLE, 2, __VA_ARGS__); }
#define FLOAT_SS(name, body, ...) SIMPLE(name##ss) { return body(c, o, FP_SINGLE, 1, __VA_ARGS__); }
#define FLOAT_SD(name, body, ...) SIMPLE(name##sd) { return body(c, o, FP_DOUBLE, 1, __VA_ARGS__); }
#define FLOATS(name, body, ...) \
	FLOAT_PS(name, body, __VA_ARGS__) FLOAT_PD(name, body, __VA_ARGS__) \
	FLOAT_SS(name, body, __VA_ARGS__) FLOAT_SD(name, body, __VA_ARGS__)

#endif
