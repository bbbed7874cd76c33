/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-misc.c - stack frames, PUSHA and POPA, BOUND, XLAT, single flags, CLFLUSH, PAUSE.
 * Rule: instructions with several stores check all of them before the first (ops.h).
 */
#include "cpu-interp/ops.h"

/* Offset in SS of a value of rSP, which such instructions move in a variable of their own. */
static u64 stack_off(const struct cpu *c, u64 rsp) { return rsp & c->sp_mask; }

/* --- PUSHA, POPA (SDM 2B) --------------------------------------------------------------------- */

SIMPLE(pusha)
{
	int size = o->opsize;
	u64 sp = c->r[RSP], low = sp & c->sp_mask;
	if (real_or_v86(c) && (low & 1) && low >= 7 && low <= 15)
		return fault_gp(c, 0); /* not #SS (SDM 2B PUSHA, real-address mode exceptions) */
	for (int reg = RAX; reg <= RDI; reg++)
		if (!mmu_check_store(c, SEG_SS, stack_off(c, sp - (u64)((reg + 1) * size)), size))
			return false;
	for (int reg = RAX; reg <= RDI; reg++) /* rSP is pushed as it was before all this */
		if (!mmu_store(c, SEG_SS, stack_off(c, sp - (u64)((reg + 1) * size)), size,
			       gpr(c, reg, size)))
			return false;
	stack_set(c, sp - 8 * (u64)size);
	return true;
}

SIMPLE(popa)
{
	u64 sp = c->r[RSP], v[8];
	for (int i = 0; i < 8; i++)
		if (!mmu_load(c, SEG_SS, stack_off(c, sp + (u64)i * o->opsize), o->opsize, &v[i]))
			return false;
	for (int i = 0; i < 8; i++)
		if (RDI - i != RSP) /* its value is thrown away */
			gpr_set(c, RDI - i, o->opsize, v[i]);
	stack_drop(c, 8u * o->opsize);
	return true;
}

/* --- ENTER, LEAVE (SDM 2A) -------------------------------------------------------------------- */

/* ENTER size, level: push rBP; then, for a procedure nested `level` deep, the frame pointers of those
 * around it, which the caller's frame holds, and the new one; then make room for local variables. */
SIMPLE(enter)
{
	int level = o->disp & 31, size = o->opsize, pushes = level ? level + 1 : 1;
	u64 sp = c->r[RSP], bp = c->r[RBP], v = gpr(c, RBP, size);
	u64 frame = (sp & ~c->sp_mask) | stack_off(c, sp - (u64)size);
	u64 bottom = sp - (u64)(pushes * size) - (o->imm & 0xffff);
	for (int i = 1; i <= pushes; i++)
		if (!mmu_check_store(c, SEG_SS, stack_off(c, sp - (u64)(i * size)), size))
			return false;
	/* "also faults if a write using the final value of the stack pointer would" */
	if (!mmu_check_store(c, SEG_SS, stack_off(c, bottom), size))
		return false;
	for (int i = 1; i <= pushes; i++) {
		if (i > 1 && i == pushes)
			v = frame;
		else if (i > 1 && !mmu_load(c, SEG_SS, stack_off(c, bp - (u64)((i - 1) * size)), size, &v))
			return false;
		if (!mmu_store(c, SEG_SS, stack_off(c, sp - (u64)(i * size)), size, v))
			return false;
	}
	gpr_set(c, RBP, size, frame);
	stack_set(c, bottom);
	return true;
}

SIMPLE(leave)
{
	u64 bp = c->r[RBP], v;
	if (!mmu_load(c, SEG_SS, stack_off(c, bp), o->opsize, &v))
		return false;
	stack_set(c, bp + o->opsize);
	gpr_set(c, RBP, o->opsize, v);
	return true;
}

/* --- BOUND, XLAT ------------------------------------------------------------------------------ */

SIMPLE(bound)
{
	u64 low, high;
	if (!mmu_load(c, o->seg, ea(c, o), o->opsize, &low) ||
	    !mmu_load(c, o->seg, ea_plus(c, o, o->opsize), o->opsize, &high))
		return false;
	i64 index = (i64)sign_extend(reg_get(c, o->d, o->opsize), o->opsize);
	if (index < (i64)sign_extend(low, o->opsize) || index > (i64)sign_extend(high, o->opsize))
		return fault_raise(c, VEC_BR);
	return true;
}

SIMPLE(xlat)
{
	u64 v;
	if (!mmu_load(c, o->seg, (c->r[RBX] + (u8)c->r[RAX]) & o->amask, 1, &v))
		return false;
	gpr_set(c, RAX, 1, v);
	return true;
}

/* --- flags ------------------------------------------------------------------------------------ */

enum { FLAGS_AH = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF | FLAG_CF };

SIMPLE(lahf)
{
	u64 v = (flags_arith(c) & FLAGS_AH) | FLAG_1;
	c->r[RAX] = (c->r[RAX] & ~0xff00ull) | v << 8;
	return true;
}

SIMPLE(sahf)
{
	flags_change(c, FLAGS_AH, c->r[RAX] >> 8 & 0xff);
	return true;
}

SIMPLE(clc)
{
	flags_change(c, FLAG_CF, 0);
	return true;
}

SIMPLE(stc)
{
	flags_change(c, FLAG_CF, FLAG_CF);
	return true;
}

SIMPLE(cmc)
{
	flags_change(c, FLAG_CF, flag_cf(c) ? 0 : FLAG_CF);
	return true;
}

/* DF is no arithmetic flag: its truth is always in rflags. */
SIMPLE(cld)
{
	*c->s.rflags &= ~(u64)FLAG_DF;
	return true;
}

SIMPLE(std)
{
	*c->s.rflags |= FLAG_DF;
	return true;
}

/* --- CLFLUSH, PAUSE --------------------------------------------------------------------------- */

/* There is no cache to flush, but the address is checked as a load of one byte would be (SDM 2A CLFLUSH). */
SIMPLE(clflush) { return mmu_check_load(c, o->seg, ea(c, o), 1); }

static COLD bool ask_pause(struct cpu *c, const struct insn *o)
{
	struct vm_exit question = { .reason = EXIT_PAUSE, .insn_len = o->len };
	return cpu_ask(c, &question) != NULL;
}

/* Spinning processors make millions of these exits, so the instruction is retired first, like HLT; unless a trap or
 * RF has to be looked after when it ends. */
static COLD bool leave_pause(struct cpu *c, const struct insn *o)
{
	c->cur = o;
	if (c->exact || (*c->s.rflags & FLAG_RF))
		return ask_pause(c, o);
	c->exit = exit_question(c, o, EXIT_PAUSE);
	cpu_finish(c, o, cpu_next_ip(c, o));
	c->cur = NULL;
	c->why = WHY_EXIT;
	return false;
}

PLAIN(pause)
{
	if (!c->vm->controls.pause_exiting)
		NEXT;
	if (leave_pause(c, o))
		NEXT;
	LEAVE;
}
