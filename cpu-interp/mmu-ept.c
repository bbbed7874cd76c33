/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu-ept.c - the second stage of translation: guest-physical addresses through extended page tables.
 * Rule: with EPT every guest-physical address is translated, those of page-table entries too: a cold walk through four
 * levels of both makes 24 references to memory (SDM 3C 28.2.1).
 */
#include "cpu-interp/mmu.h"
#include "cpu-interp/mmu-priv.h"

/* The page-modification log is full: the hypervisor takes it, and the access is made again (SDM 3C 28.2.5). */
static enum stage leave_for_log(struct cpu *c, u64 gpa)
{
	c->exit = (struct vm_exit){ .reason = EXIT_PML_FULL, .gpa = gpa };
	c->asked = true;
	c->why = WHY_EXIT;
	return STAGE_LEAVE;
}

enum stage mmu_walk_ept(struct cpu *c, u64 gpa, u64 access, u8 *rights)
{
	struct ept_env env = paging_env(&c->vm->paging);
	struct ept_result res;
	bool found = ept_walk(&env, gpa, access, &res);
	c->vcpu->walks.ept += res.steps;
	if (found)
		return STAGE_MEMORY;
	if (res.log_full && !c->in_new_task)
		return leave_for_log(c, gpa);
	if (res.log_full) {
		dirty_drain(&c->vm->paging);
		return ept_walk(&env, gpa, access, &res) ? STAGE_MEMORY : STAGE_LEAVE;
	}
	if (res.misconfigured) {
		const struct vm_exit q = { .reason = EXIT_EPT_MISCONFIG, .gpa = gpa };
		cpu_ask(c, &q);
		return STAGE_LEAVE;
	}
	/* Within a task switch there is no way back to ask.  Under VT-x it is the hypervisor that does all of it (SDM 3C 25.2). */
	if (c->in_new_task && paging_fill(&c->vm->paging, gpa, access))
		return STAGE_MEMORY;
	*rights = res.rights;
	return STAGE_VIOLATION;
}

bool mmu_own_access_ept(struct cpu *c, u64 lin, u64 gpa, int size, u64 access, bool final, u64 *value)
{
	u8 rights;
	enum stage stage = mmu_second_stage(c, gpa, access, &rights);
	if (stage != STAGE_VIOLATION)
		return stage == STAGE_MEMORY;
	struct vm_exit q = { .reason = EXIT_EPT_VIOLATION, .gpa = gpa, .gla = lin };
	q.qualification = exit_ept_qualification(access, rights, true, final);
	q.mmio.size = (u8)size;
	q.mmio.fetch = access == EPT_X;
	const struct vm_exit *a = cpu_ask(c, &q);
	if (a && value)
		*value = a->mmio.value;
	return a;
}
