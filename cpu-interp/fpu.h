/* SPDX-License-Identifier: GPL-3.0-or-later
 * fpu.h - the words in which x87 instructions are written: the register stack, exceptions, operands (SDM 1 8).
 *
 * Rule: every instruction is: fpu_begin; fetch the operands; fpu_record; look for empty registers; compute; store to
 * memory, if it does; fpu_settle; only if that says so, write registers, push and pop.  Until the last access to memory
 * has succeeded nothing changes, because a page fault restarts the instruction.
 */
#ifndef VITRINE_CPU_INTERP_FPU_H
#define VITRINE_CPU_INTERP_FPU_H

#include "cpu-interp/fp/num.h"
#include "cpu-interp/ops.h"

/* --- the stack: ST(i) is the physical register R((TOP + i) mod 8) ------------------------------------ */

static inline int fpu_reg(const struct cpu *c, int i) { return ((*c->s.fsw >> FSW_TOP_SHIFT) + i) & 7; }
static inline bool fpu_empty(const struct cpu *c, int i) { return !(*c->s.ftw >> fpu_reg(c, i) & 1); }
static inline struct fp80 fpu_get(const struct cpu *c, int i)
{
	int r = fpu_reg(c, i);
	return (struct fp80){ c->s.fpr[r], c->s.fpr_exp[r] };
}
static inline void fpu_set(struct cpu *c, int i, struct fp80 v)
{
	int r = fpu_reg(c, i);
	c->s.fpr[r] = v.sig;
	c->s.fpr_exp[r] = v.exp;
	*c->s.ftw |= (u8)(1 << r);
}
static inline struct num fpu_num(const struct cpu *c, int i) { return num_unpack80(fpu_get(c, i)); }
static inline void fpu_set_num(struct cpu *c, int i, const struct num *x) { fpu_set(c, i, num_pack80(x)); }
static inline void fpu_turn(struct cpu *c, int by) /* TOP += by */
{
	*c->s.fsw = (u16)((*c->s.fsw & ~FSW_TOP) | fpu_reg(c, by) << FSW_TOP_SHIFT);
}
static inline void fpu_free(struct cpu *c, int i) { *c->s.ftw &= (u8)~(1 << fpu_reg(c, i)); }
static inline void fpu_pop(struct cpu *c)
{
	fpu_free(c, 0);
	fpu_turn(c, 1);
}
static inline void fpu_push(struct cpu *c, const struct num *x)
{
	fpu_turn(c, -1);
	fpu_set_num(c, 0, x);
}

/* --- beginning --------------------------------------------------------------------------------------- */

/* #NM if CR0.EM or TS asks for it. */
bool fpu_present(struct cpu *c);
/* #MF if an earlier instruction left an exception that is not masked. */
bool fpu_no_exception(struct cpu *c);
/* Both. */
bool fpu_begin(struct cpu *c);
/* Note where this instruction is, and its memory operand (SDM 1 8.1.8, 8.1.9).  Not for control instructions. */
void fpu_record(struct cpu *c, const struct insn *o);

/* --- exceptions -------------------------------------------------------------------------------------- */

/* Rounding as the control word says; results with all 64 bits, or as many as precision control says. */
struct fp_env fpu_env(const struct cpu *c);
struct fp_env fpu_env_precise(const struct cpu *c);
/* Put the exceptions and C1 into the status word.  False: an unmasked exception of the operands; nothing is written. */
bool fpu_settle(struct cpu *c, const struct fp_env *e);
/* The stack was empty (overflow = false) or full.  True: the exception is masked, the result is the default NaN. */
bool fpu_stack_fault(struct cpu *c, bool overflow);
/* A new word: ES and B follow from the exceptions that are not masked. */
void fpu_set_fcw(struct cpu *c, u16 fcw);
void fpu_set_fsw(struct cpu *c, u16 fsw);
static inline void fpu_set_cc(struct cpu *c, u16 which, u16 value)
{
	*c->s.fsw = (u16)((*c->s.fsw & ~which) | value);
}
/* FNINIT: the state after it. */
void fpu_init(struct cpu *c);

/* --- whole instructions ------------------------------------------------------------------------------ */

typedef struct num (*fpu_unary_fn)(struct fp_env *e, struct num a);
typedef struct num (*fpu_binary_fn)(struct fp_env *e, struct num a, struct num b);
/* ST0 = fn(ST0), which has rounded it as e says. */
bool fpu_unary(struct cpu *c, const struct insn *o, struct fp_env e, fpu_unary_fn fn);
/* ST0 = fn(ST0, ST1); or ST1 = fn(ST0, ST1) and pop.  Rounded to 64 bits here. */
bool fpu_binary(struct cpu *c, const struct insn *o, fpu_binary_fn fn, bool pop);

/* --- memory operands: reals of 4, 8 or 10 bytes, integers of 2, 4 or 8 -------------------------------- */

/* Operands do not wrap around the end of the address size: what is beyond is beyond the limit. */
bool fpu_load(struct cpu *c, const struct insn *o, struct num *x);
bool fpu_load_int(struct cpu *c, const struct insn *o, struct num *x);
/* `delta` bytes into the operand */
bool fpu_load80(struct cpu *c, const struct insn *o, u64 delta, struct fp80 *v);
bool fpu_store80(struct cpu *c, const struct insn *o, u64 delta, struct fp80 v);
/* Would a store of `size` bytes succeed? */
bool fpu_check_store(struct cpu *c, const struct insn *o, int size);

#endif
