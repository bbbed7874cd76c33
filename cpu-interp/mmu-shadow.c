/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu-shadow.c - translation by shadow page tables: one walk, from linear addresses to the machine's.
 * Rule: the processor reads no table of the guest and sets no bit there; where the shadow does not allow an access, it
 * leaves with a page fault, and does what the hypervisor answers.
 *
 * Under VT-x the hypervisor emulates an instruction that no table lets execute (a device's register, a store into a page
 * table).  Here it answers with the guest-physical address instead, and the processor makes the access.
 */
#include "core/shadow.h"
#include "cpu-interp/fault.h"
#include "cpu-interp/mmu-priv.h"
#include "cpu-interp/mmu.h"

static struct shadow_regs registers(const struct cpu *c)
{
	return (struct shadow_regs){ *c->s.cr0, *c->s.cr3, *c->s.cr4, *c->s.efer,
				     { c->s.pdpte[0], c->s.pdpte[1], c->s.pdpte[2], c->s.pdpte[3] } };
}

/* An answer of before: to this very access, or one that goes for the whole page. */
static bool answers(const struct vm_exit *a, u64 lin, u32 access)
{
	u64 apart = a->qualification ^ lin;

	if (a->reason != EXIT_EXCEPTION || a->pf.access != access)
		return false;
	return a->pf.through ? !(apart & ~(u64)PAGE_MASK_4K) : !apart;
}

/* Page faults are not asked in the order of the instruction's other questions: a page that was mapped when it began may
 * have been taken away since, for it has become a page table.  So their answers are looked for by address. */
static const struct vm_exit *ask(struct cpu *c, u64 lin, u32 access, u32 error)
{
	for (u8 i = 0; i < c->nanswers; i++) {
		if (!answers(&c->answer[i], lin, access))
			continue;
		while (c->cursor <= i && c->answer[c->cursor].reason == EXIT_EXCEPTION)
			c->cursor++;
		return &c->answer[i];
	}
	c->exit = (struct vm_exit){ .reason = EXIT_EXCEPTION, .intr_info = intr_info(INTR_TYPE_HARD_EXC, VEC_PF, true),
				    .intr_error = error, .qualification = lin, .gla = lin };
	c->exit.pf.access = (u8)access;
	c->exit.pf.asked = 1;
	c->asked = true;
	c->why = WHY_EXIT;
	return NULL;
}

/* Within a task switch there is no way back to ask.  Under VT-x it is the hypervisor that does all of it (SDM 3C 25.2). */
static const struct vm_exit *ask_at_once(struct cpu *c, const struct shadow_regs *r, u64 lin, u32 access)
{
	struct shadow_answer a = shadow_fault(&c->vm->paging, c->vcpu->index, r, lin, access);

	c->exit = (struct vm_exit){ .reason = EXIT_EXCEPTION, .qualification = lin };
	shadow_answer_put(&a, &c->exit);
	return &c->exit;
}

static bool found(struct cpu *c, const struct shadow_regs *r, u64 lin, u32 access, struct shadow_result *s,
		  struct walk_result *res)
{
	bool there = shadow_walk(&c->vm->paging, c->vcpu->index, r, lin, access, s);

	c->vcpu->walks.shadow += s->walk.steps;
	*res = (struct walk_result){ .gpa = s->gpa, .page_size = s->guest_size, .global = s->walk.global,
				     .error = s->walk.error };
	return there;
}

bool mmu_translate_shadow(struct cpu *c, u64 lin, u32 access, struct walk_result *res)
{
	struct shadow_regs r = registers(c);
	struct shadow_result s;
	const struct vm_exit *a;

	if (found(c, &r, lin, access, &s, res))
		return true;
	a = c->in_new_task ? ask_at_once(c, &r, lin, access) : ask(c, lin, access, s.walk.error);
	if (!a)
		return false;
	if (a->pf.retry)
		return found(c, &r, lin, access, &s, res);
	if (!a->pf.through)
		return fault_page(c, lin, a->pf.error);
	res->gpa = (a->pf.gpa & ~(u64)PAGE_MASK_4K) | (lin & PAGE_MASK_4K);
	res->page_size = a->pf.page_size;
	res->global = a->pf.global;
	return true;
}

/* The page may not enter the write TLB, where another might have to leave for it without a shadow: it does so, too. */
bool mmu_stored_shadow(struct cpu *c, u64 lin, u64 gpa, u64 n, struct tlb *t)
{
	struct tlb_entry *e = &t->e[lin >> 12 & (TLB_SIZE - 1)];

	if (!shadow_is_table(&c->vm->paging, gpa))
		return false;
	paging_written(&c->vm->paging, gpa, n, SYNC_WRITE);
	e->tag = TLB_EMPTY;
	return true;
}
