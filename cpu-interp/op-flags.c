/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-flags.c - the flags that belong to the system: IF and its virtual twin VIF, PUSHF and POPF, AC.
 * Rule: who may touch IF is decided here for all of them, by mode, CPL, IOPL, VME and PVI.
 */
#include "cpu-interp/far-priv.h"
#include "cpu-interp/ops.h"

/* What CLI and STI act on (SDM 2A CLI, table 3-7). */
static u64 interrupt_flag(const struct cpu *c)
{
	if (real_mode(c) || c->cpl <= iopl(c))
		return FLAG_IF;
	if (c->v86)
		return *c->s.cr4 & CR4_VME ? FLAG_VIF : 0;
	return c->cpl == 3 && (*c->s.cr4 & CR4_PVI) ? FLAG_VIF : 0;
}

ENDING(cli)
{
	u64 flag = interrupt_flag(c);
	if (!flag)
		return fault_gp(c, 0);
	flags_change(c, flag, 0);
	return true;
}

/* Interrupts come only after the next instruction: STI; HLT and STI; RET leave no gap (SDM 2B STI). */
ENDING(sti)
{
	u64 flag = interrupt_flag(c);
	if (!flag || (flag == FLAG_VIF && (*c->s.rflags & FLAG_VIP)))
		return fault_gp(c, 0);
	if (flag == FLAG_IF && !(*c->s.rflags & FLAG_IF))
		*c->s.shadow |= SHADOW_STI;
	flags_change(c, flag, flag);
	return true;
}

/* --- PUSHF, POPF ------------------------------------------------------------------------------------- */

/* A virtual-8086 program below IOPL 3 sees its VIF as IF, if VME is on and the operand has 16 bits. */
static bool is_virtualised(const struct cpu *c) { return c->v86 && iopl(c) < 3; }

static bool has_vme(const struct cpu *c, const struct insn *o)
{
	return (*c->s.cr4 & CR4_VME) && o->opsize == 2;
}

SIMPLE(pushf)
{
	u64 flags = flags_get(c) & ~(u64)(FLAG_VM | FLAG_RF);
	if (is_virtualised(c)) {
		if (!has_vme(c, o))
			return fault_gp(c, 0);
		flags = (flags & ~(u64)FLAG_IF) | FLAG_IOPL | (flags & FLAG_VIF ? FLAG_IF : 0);
	}
	return stack_push(c, o->opsize, flags);
}

/* SDM 2B POPF, table 4-15 */
static u64 popf_mask(const struct cpu *c, int opsize)
{
	u64 mask = FLAGS_ARITH | FLAG_TF | FLAG_DF | FLAG_NT;
	if (c->cpl == 0)
		mask |= FLAG_IOPL;
	if (c->cpl <= iopl(c))
		mask |= FLAG_IF;
	if (opsize > 2)
		mask |= FLAG_AC | FLAG_ID;
	return mask & flags_present(c);
}

static bool popf_vme(struct cpu *c, u64 v)
{
	if ((v & FLAG_TF) || ((v & FLAG_IF) && (*c->s.rflags & FLAG_VIP)))
		return fault_gp(c, 0);
	flags_change(c, FLAGS_ARITH | FLAG_DF | FLAG_NT | FLAG_RF, v);
	flags_change(c, FLAG_VIF, v & FLAG_IF ? FLAG_VIF : 0);
	return true;
}

ENDING(popf)
{
	u64 v;
	if (is_virtualised(c) && !has_vme(c, o))
		return fault_gp(c, 0);
	if (!stack_peek(c, 0, o->opsize, &v))
		return false;
	if (is_virtualised(c)) {
		if (!popf_vme(c, v & ~(u64)FLAG_RF))
			return false;
	} else {
		flags_change(c, popf_mask(c, o->opsize) | FLAG_RF, v & ~(u64)FLAG_RF);
	}
	stack_drop(c, o->opsize);
	cpu_update_mode(c);
	return true;
}

/* --- AC, the key to user pages under SMAP ------------------------------------------------------------ */

static bool set_ac(struct cpu *c, u64 ac)
{
	if (c->cpl != 0)
		return fault_ud(c);
	flags_change(c, FLAG_AC, ac);
	cpu_update_mode(c);
	return true;
}

ENDING(clac) { return set_ac(c, 0); }
ENDING(stac) { return set_ac(c, FLAG_AC); }
