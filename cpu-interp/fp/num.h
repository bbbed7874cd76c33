/* SPDX-License-Identifier: GPL-3.0-or-later
 * num.h - one unpacked form for all formats, and the arithmetic on it (SDM 1 4.8, 4.9).
 *
 * Every operation is: unpack the operands, compute so exactly that nothing which matters for rounding is lost, round
 * once to the format of the result, pack.  The exact result of an operation on 64-bit significands needs at most 128
 * bits, if the last one stands for "and something below" (the sticky bit).
 *
 * Rule: only num_round and the conversions to integers round; they alone raise FP_POST.  The operations before them
 * raise FP_PRE.  Exceptions come in the order of SDM 1 4.9.2.
 */
#ifndef VITRINE_CPU_INTERP_FP_NUM_H
#define VITRINE_CPU_INTERP_FP_NUM_H

#include "cpu-interp/fp/fp.h"

typedef unsigned __int128 u128;

enum num_kind {
	NUM_ZERO, NUM_FINITE, NUM_INF, NUM_QNAN, NUM_SNAN,
	NUM_UNSUPPORTED, /* 80-bit encodings that the 8087 knew and the 80387 refuses (SDM 1 8.2.2) */
};

/* NUM_FINITE: the value is sig / 2^127 * 2^exp, and bit 127 of sig is 1.  NaNs: the significand, likewise left-aligned,
 * bit 126 tells quiet from signalling. */
struct num {
	u8 kind;       /* enum num_kind */
	bool sign;
	bool denormal; /* it came from a denormal (or pseudo-denormal) encoding */
	i32 exp;
	u128 sig;
};
#define NUM_TOP ((u128)1 << 127)

/* A value of the x87's own format as registers hold it: significand with explicit integer bit; sign and exponent. */
struct fp80 { u64 sig; u16 exp; };

/* How a format spends its bits; exponents of normal numbers go from emin = 1 - bias to emax = bias. */
struct fp_shape { u8 precision, exp_bits; i32 emin, emax; };
extern const struct fp_shape fp_shapes[]; /* by enum fp_format */

/* The default NaN, "real indefinite": what an invalid operation gives (SDM 1 4.8.3.7). */
extern const struct num num_indefinite;
static inline struct num num_zero(bool sign) { return (struct num){ .kind = NUM_ZERO, .sign = sign }; }
static inline struct num num_inf(bool sign) { return (struct num){ .kind = NUM_INF, .sign = sign }; }
static inline bool num_is_nan(const struct num *x) { return x->kind == NUM_QNAN || x->kind == NUM_SNAN; }

/* Bits to number and back, without any exception.  f: FP_SINGLE or FP_DOUBLE.  A number to be packed has been rounded
 * to its format. */
struct num num_unpack(enum fp_format f, u64 bits);
u64 num_pack(enum fp_format f, const struct num *x);
struct num num_unpack80(struct fp80 v);
struct fp80 num_pack80(const struct num *x);

/* Round a finite number to a format: overflow, underflow, precision, and their responses.  Others pass. */
struct num num_round(struct fp_env *e, enum fp_format f, struct num x);
/* Shift right; ones that fall out stay as the sticky bit. */
u128 shift_sticky(u128 sig, int n);
/* sig / 2^127 * 2^exp with any sig as a number, +-0 if sig is 0 */
struct num num_normal(bool sign, i32 exp, u128 sig);

/* The operands' share of the exceptions.  True: the result is already known. */
bool num_operand(struct fp_env *e, const struct num *a, struct num *result);
bool num_operands(struct fp_env *e, const struct num *a, const struct num *b, struct num *result);
/* #D, if this operation gets that far. */
static inline void num_note_denormal(struct fp_env *e, bool denormal) { e->flags |= denormal ? FP_DE : 0; }
struct num num_invalid(struct fp_env *e); /* #IA and the default NaN */

/* Exact, or with a sticky bit: to be rounded. */
struct num num_add(struct fp_env *e, struct num a, struct num b);
struct num num_sub(struct fp_env *e, struct num a, struct num b);
struct num num_mul(struct fp_env *e, struct num a, struct num b);
struct num num_div(struct fp_env *e, struct num a, struct num b);
struct num num_sqrt(struct fp_env *e, struct num a);
/* a * 2^trunc(b) (FSCALE) */
struct num num_scale(struct fp_env *e, struct num a, struct num b);
/* a - b * q; q truncated (FPREM) or to the nearest, even if halfway (FPREM1).  If the exponents are 64 or more apart only
 * part of the way is gone (*partial), and the three low bits of q in *quotient mean nothing. */
struct num num_remainder(struct fp_env *e, struct num a, struct num b, bool nearest, u32 *quotient, bool *partial);
enum fp_order num_compare(struct fp_env *e, struct num a, struct num b, bool quiet);
/* The operand's share of a conversion between formats: NaNs made quiet, denormals noted.  Rounding is num_round's. */
struct num num_convert(struct fp_env *e, struct num a);

/* --- integers (num-int.c) --- */

struct num num_from_int(i64 v);
/* To an integral value; raises FP_PE. */
struct num num_round_int(struct fp_env *e, struct num x);
i64 num_to_int(struct fp_env *e, struct num x, int bits);
/* Packed decimal, 18 digits and a sign in 10 bytes (SDM 1 4.7). */
struct num num_from_bcd(const u8 bcd[10]);
void num_to_bcd(struct fp_env *e, struct num x, u8 bcd[10]);

#endif
