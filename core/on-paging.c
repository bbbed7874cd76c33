/* SPDX-License-Identifier: GPL-3.0-or-later
 * on-paging.c - exits that are the pager's own: extended page tables and shadow page tables.
 * Rule: the guest gets nothing from these exits that it would not have got from a machine without a hypervisor.
 */
#include "core/run-priv.h"
#include "core/shadow.h"

/* Memory that the guest has not touched before, or that was taken away, or is shared: now it is there. */
bool paging_on_violation(struct vm *vm, struct vm_exit *e, u64 gpa)
{
	const u64 *count = vm->mem.count;
	u64 copies = count[MEM_COPIED] + count[MEM_ZERO_FILLED], in = count[MEM_IN];

	if (!paging_fill(&vm->paging, gpa, e->qualification & EPT_RIGHTS))
		return false;
	e->mmio.retry = 1;
	e->who = "ept";
	e->what = count[MEM_IN] != in ? "page came in from the swap file"
		  : count[MEM_COPIED] + count[MEM_ZERO_FILLED] != copies ? "shared page copied" : "page mapped";
	return true;
}

static bool registers(struct vcpu *v, struct x86_state *s, struct shadow_regs *r)
{
	int rc = v->vm->engine->get(v, s, ST_GPR | ST_CTRL);

	*r = (struct shadow_regs){ s->cr0[0], s->cr3[0], s->cr4[0], s->efer[0],
				   { s->pdpte[0], s->pdpte[1], s->pdpte[2], s->pdpte[3] } };
	return rc >= 0;
}

bool shadow_on_fault(struct vcpu *v, struct vm_exit *e)
{
	static const char *const what[] = { "entry made", "the guest's own fault", "let through" };
	struct shadow_answer a;
	struct shadow_regs r;
	struct x86_state s;

	if (!registers(v, &s, &r))
		return false;
	a = shadow_fault(&v->vm->paging, v->index, &r, e->qualification, e->pf.access);
	shadow_answer_put(&a, e);
	e->gpa = a.verdict == SHADOW_FAULT ? 0 : a.gpa;
	e->who = "shadow";
	e->what = what[a.verdict];
	return true;
}

/* SDM 3C table 27-3: the register, the kind of access (0: MOV to it), the general register. */
static bool on_control_register(struct vcpu *v, u64 qualification)
{
	struct shadow_regs r;
	struct x86_state s;

	if ((qualification & 15) != 3)
		shadow_mode(&v->vm->paging);
	if ((qualification & 15) != 3 || qualification >> 4 & 3)
		return true;
	if (!registers(v, &s, &r))
		return false;
	r.cr3 = s.gpr[qualification >> 8 & 15] & ~CR3_NOFLUSH;
	shadow_mov_cr3(&v->vm->paging, v->index, &r);
	return true;
}

bool shadow_on_flush(struct vcpu *v, struct vm_exit *e)
{
	struct second_stage *p = &v->vm->paging;

	e->what = "let it happen";
	if (!p->shadow)
		return true;
	switch (e->reason) {
	case EXIT_INVLPG: shadow_invlpg(p, v->index, e->qualification); return true;
	case EXIT_INVPCID: shadow_invpcid(p); return true;
	case EXIT_CR_ACCESS: return on_control_register(v, e->qualification);
	default: shadow_mode(p); return true; /* WRMSR of EFER */
	}
}
