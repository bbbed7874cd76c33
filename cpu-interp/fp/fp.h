/* SPDX-License-Identifier: GPL-3.0-or-later
 * fp.h - floating point on bit patterns, in integer arithmetic: the same answers on every host (SDM 1 4.8, 4.9).
 *
 * This is what SSE needs: binary32 and binary64 as the bits of a u64 (the upper half of a binary32 is 0).  The x87 works
 * one floor below, on unpacked numbers (num.h).
 *
 * Rule: an operation adds the exceptions it meets to env->flags and returns the masked response; it never stops.  When
 * one of the flags is unmasked, the caller throws the result away.  An unmasked exception of the operands (FP_PRE)
 * keeps the operation from raising those of the result (FP_POST).  Packed operations: call lane after lane with one env
 * that begins with flags = 0, then fp_settle().
 */
#ifndef VITRINE_CPU_INTERP_FP_FP_H
#define VITRINE_CPU_INTERP_FP_FP_H

#include "core/base/types.h"

enum fp_format { FP_SINGLE, FP_DOUBLE, FP_EXTENDED };

/* The exceptions, in the bit positions of the x87 status word and of MXCSR. */
enum {
	FP_IE = 1 << 0, /* invalid operation */
	FP_DE = 1 << 1, /* denormal operand */
	FP_ZE = 1 << 2, /* division by zero */
	FP_OE = 1 << 3, /* overflow */
	FP_UE = 1 << 4, /* underflow */
	FP_PE = 1 << 5, /* precision: the result is not exact */
	FP_PRE = FP_IE | FP_DE | FP_ZE,
	FP_POST = FP_OE | FP_UE | FP_PE,
	FP_ALL = FP_PRE | FP_POST,
};

/* As in RC, bits 11:10 of the x87 control word and 14:13 of MXCSR (SDM 1 table 4-8). */
enum fp_rounding { ROUND_NEAREST, ROUND_DOWN, ROUND_UP, ROUND_CHOP };

struct fp_env {
	u8 rounding;     /* enum fp_rounding */
	u8 precision;    /* bits of the significand of an FP_EXTENDED result: 24, 53 or 64 */
	u8 masks;        /* exceptions that are masked */
	u8 flags;        /* exceptions raised so far */
	bool daz, ftz;   /* denormal operands, tiny results are zeros (SDM 1 10.2.3.3, 10.2.3.4) */
	bool x87;        /* NaNs are chosen and unmasked over- and underflow answered as the x87 does, else as SSE */
	bool up;         /* out: the last result is larger in magnitude than the exact one (C1) */
};

/* MXCSR (SDM 1 figure 10-3) */
enum { MXCSR_FLAGS = 0x3f, MXCSR_DAZ = 1 << 6, MXCSR_MASKS = 0x1f80, MXCSR_FTZ = 1 << 15 };
static inline struct fp_env fp_env_sse(u32 mxcsr)
{
	return (struct fp_env){ .rounding = mxcsr >> 13 & 3, .precision = 64, .masks = mxcsr >> 7 & FP_ALL,
				.daz = mxcsr & MXCSR_DAZ, .ftz = mxcsr & MXCSR_FTZ };
}
/* Exceptions raised and not masked: for SSE, if not 0, nothing is written but MXCSR's flags, and #XM follows. */
static inline u8 fp_unmasked(const struct fp_env *e) { return e->flags & ~e->masks; }
/* After the last lane: where an operand of some lane raised an unmasked exception, no result was ever computed. */
static inline void fp_settle(struct fp_env *e)
{
	if (fp_unmasked(e) & FP_PRE)
		e->flags &= FP_PRE;
}

/* Two operands of the same format as the result.  a is the manual's first source (the destination register). */
typedef u64 (*fp_binary)(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_add(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_sub(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_mul(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_div(struct fp_env *e, enum fp_format f, u64 a, u64 b);
/* b if either is a NaN (#IA, quiet or not) or if both are zeros (SDM 2B MINPS, MAXPS). */
u64 fp_min(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_max(struct fp_env *e, enum fp_format f, u64 a, u64 b);
u64 fp_sqrt(struct fp_env *e, enum fp_format f, u64 a);

/* The manual's table for COMISS in the order ZF, PF, CF say it.  quiet: only signalling NaNs are invalid (UCOMISS, the
 * CMPPS predicates EQ, UNORD, NEQ, ORD); else every NaN is (COMISS, LT, LE, NLT, NLE). */
enum fp_order { FP_GREATER, FP_LESS, FP_EQUAL, FP_UNORDERED };
enum fp_order fp_compare(struct fp_env *e, enum fp_format f, u64 a, u64 b, bool quiet);

/* To an integral value of the same format (ROUNDSS).  Raises FP_PE if that changes it; a denormal operand is no
 * exception. */
u64 fp_round_int(struct fp_env *e, enum fp_format f, u64 a);
u64 fp_convert(struct fp_env *e, enum fp_format to, enum fp_format from, u64 a);
u64 fp_from_int(struct fp_env *e, enum fp_format f, i64 v);
/* To a signed integer of 16, 32 or 64 bits, sign-extended to 64; what does not fit, and NaNs: FP_IE and the "integer
 * indefinite" -2^(bits-1).  Truncating conversions set e->rounding = ROUND_CHOP before. */
i64 fp_to_int(struct fp_env *e, enum fp_format f, u64 a, int bits);

#endif
