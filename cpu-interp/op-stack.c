/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-stack.c - the stack: push, peek, PUSH and POP of anything (SDM 1 6.2).
 * Rule: RSP moves after the access has succeeded, and only within the stack segment's size.
 */
#include "cpu-interp/op-stack.h"

bool stack_push(struct cpu *c, int size, u64 v)
{
	u64 sp = (c->r[RSP] - (u64)size) & c->sp_mask;
	if (!mmu_store(c, SEG_SS, sp, size, v))
		return false;
	stack_set(c, sp);
	return true;
}

bool stack_peek(struct cpu *c, u64 depth, int size, u64 *v)
{
	return mmu_load(c, SEG_SS, (c->r[RSP] + depth) & c->sp_mask, size, v);
}

/* Register, immediate or memory operand; a sign-extended immediate is cut to the size by the store. */
static bool push_any(struct cpu *c, const struct insn *o)
{
	u64 v = o->imm;
	if (o->form != RI && !rm_load(c, o, o->d, o->size, &v))
		return false;
	return stack_push(c, o->size, v);
}

HANDLER_DECL(push_slow)
{
	TRY(push_any(c, o));
	NEXT;
}

/* POP to memory: an address that uses RSP sees it already moved (SDM 2B POP). */
static bool pop_any(struct cpu *c, const struct insn *o)
{
	u64 v, sp = c->r[RSP];
	if (!stack_peek(c, 0, o->size, &v))
		return false;
	stack_drop(c, o->size);
	if (rm_store(c, o, o->d, o->size, v))
		return true;
	c->r[RSP] = sp;
	return false;
}

HANDLER_DECL(pop_slow)
{
	TRY(pop_any(c, o));
	NEXT;
}
