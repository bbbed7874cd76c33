/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn-paging.c - functions that look at page tables: the guest's, the shadow, the extended ones; and at the TLB.
 * Rule: looking changes nothing; what is not there is an entry that is not present, or a fault that says why.
 */
#include <string.h>

#include "debugger/session/stage.h"
#include "debugger/trap/fn.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- the guest's tables ---- */

static u8 levels_of(const struct paging *p)
{
	if (!(p->env.cr0 & CR0_PG))
		return 0;
	return p->env.efer & EFER_LMA ? 4 : 2; /* PAE's third level is in registers */
}

static bool look(struct trap *t, u64 gva, const u64 *cr3, struct paging *p, struct walk_result *w)
{
	memset(w, 0, sizeof(*w));
	if (paging_of(t->s, trap_cpu(t), p) < 0)
		return false;
	p->env.pdpte = p->state.pdpte;
	if (cr3) {
		p->env.cr3 = *cr3;
		for (int i = 0; i < 4; i++) /* PAE: the processor loads them with CR3 (SDM 3A 4.4.1) */
			if (session_read_physical(t->s, (*cr3 & 0xffffffe0) + 8u * (unsigned)i,
						  &p->state.pdpte[i], 8) != 8)
				p->state.pdpte[i] = 0;
	}
	return walk(&p->env, gva, WALK_LOOK, w);
}

void memory_fault(struct trap *t, u64 at, bool physical, struct value *out)
{
	struct walk_result w;
	struct paging p;

	if (physical)
		*out = value_fault(&t->heap, "read of gpa 0x%llx, which is no memory", ULL(at));
	else if (look(t, at, NULL, &p, &w))
		*out = value_fault(&t->heap, "read of gva 0x%llx: gpa 0x%llx is no memory", ULL(at),
				   ULL(w.gpa));
	else
		*out = value_fault(&t->heap, "read of unmapped address gva 0x%llx (L%d entry not present)",
				   ULL(at), w.steps ? levels_of(&p) - w.steps + 1 : levels_of(&p) + 1);
}

static bool give_entry(struct fn_call *c, struct value v, enum stage_kind stage, u8 levels)
{
	if (v.type == T_ENTRY) {
		struct entry *e = (struct entry *)v.o;

		e->stage = stage;
		e->levels = levels;
	}
	return fn_give(c, v);
}

static bool fn_walk(struct fn_call *c)
{
	struct walk_result w;
	struct paging p;
	struct value v;
	u64 gva, cr3;
	bool present;

	if (c->n == 2 && !fn_u64(c, 0, &cr3))
		return false;
	if (!fn_gva(c, c->n - 1, &gva))
		return false;
	present = look(c->t, gva, c->n == 2 ? &cr3 : NULL, &p, &w);
	v = value_entry(&c->t->heap, gva, present, p.env.cr4 & CR4_PAE ? 8 : 4, &w);
	return give_entry(c, v, STAGE_GUEST, levels_of(&p));
}

static bool fn_translate(struct fn_call *c)
{
	struct walk_result w;
	struct paging p;
	u64 gva;

	if (!fn_gva(c, 0, &gva))
		return false;
	if (look(c->t, gva, NULL, &p, &w))
		return fn_give(c, value_of(T_GPA, (trap_int)mem_gpa(&c->t->s->vm->mem, w.gpa)));
	return fn_give(c, value_fault(&c->t->heap, "gva 0x%llx is not mapped", ULL(gva)));
}

/* ---- the hypervisor's tables ---- */

/* The rows of a walk as the record that a script knows. */
static bool give_stage(struct fn_call *c, const struct stage *st, u64 address)
{
	struct walk_row row[WALK_ROWS];
	struct walk_result w = { 0 };
	struct stage_end end;
	int n = stage_walk(st, address, row, &end);

	for (int i = 0; i < n && i < (int)ARRAY_LEN(w.step); i++)
		w.step[w.steps++] = (struct walk_step){ row[i].gpa, row[i].value };
	w.gpa = end.to;
	w.page_size = end.page_size;
	w.writable = end.writable;
	w.nx = !end.executable;
	w.user = end.user || st->kind == STAGE_EPT; /* it knows no user pages */
	w.dirty = end.dirty;
	w.global = end.global;
	return give_entry(c, value_entry(&c->t->heap, address, end.found, 8, &w), st->kind, 4);
}

/* Without a second stage the host backs guest-physical memory page by page: what EPT would have here. */
static bool fn_ept(struct fn_call *c)
{
	const struct mem *mem = &c->t->s->vm->mem;
	struct walk_result w = { .page_size = 4096, .user = true };
	const struct mem_slot *slot;
	struct err err = { 0 };
	struct stage st;
	bool physical, there;
	u64 gpa;

	if (!fn_place(c, 0, &gpa, &physical))
		return false;
	if (c->arg[0].type == T_GVA)
		return trap_fail(c->t, fn_node(c, 0), "translate(...) gives the gpa of a gva",
				 "ept wants a gpa");
	if (!stage_of(c->t->s, STAGE_EPT, trap_cpu(c->t), &st, &err))
		return give_stage(c, &st, gpa);
	slot = mem_slot_at(mem, mem_gpa(mem, gpa));
	there = slot && !(slot->flags & SLOT_HOLE) && machine_address(c->t->s, gpa, &w.gpa);
	w.writable = there && !(slot->flags & SLOT_ROM);
	return give_entry(c, value_entry(&c->t->heap, gpa, there, 8, &w), STAGE_EPT, 0);
}

static bool fn_shadow(struct fn_call *c)
{
	struct err err = { 0 };
	struct stage st;
	u64 gva;

	if (!fn_gva(c, 0, &gva))
		return false;
	if (stage_of(c->t->s, STAGE_SHADOW, trap_cpu(c->t), &st, &err))
		return fn_give(c, value_fault(&c->t->heap, "%.200s", err.text));
	return give_stage(c, &st, gva);
}

static bool fn_tlb(struct fn_call *c)
{
	struct session *s = c->t->s;
	struct walk_result w = { 0 };
	struct tlb_line t;
	u64 gva;

	if (!fn_gva(c, 0, &gva))
		return false;
	if (!s->vm->engine->tlb_each)
		return fn_give(
			c, value_fault(&c->t->heap, "engine %s: its TLB is the host's", s->vm->engine->name));
	if (!tlb_find(s, trap_cpu(c->t), gva, &t))
		return fn_give(c, value_fault(&c->t->heap, "the TLB holds nothing for gva 0x%llx", ULL(gva)));
	w.gpa = t.gpa | (gva & PAGE_MASK_4K);
	w.page_size = t.size;
	w.writable = t.rights & TLB_WRITE;
	w.nx = !(t.rights & TLB_FETCH);
	w.user = t.who == TLB_USER;
	w.dirty = t.rights & TLB_WRITE;
	w.global = t.global;
	return give_entry(c, value_entry(&c->t->heap, gva, true, 8, &w), STAGES, 0);
}

const struct fn_row fn_paging[] = {
	{ "walk", fn_walk, false }, { "translate", fn_translate, false },
	{ "ept", fn_ept, false },   { "shadow", fn_shadow, false },
	{ "tlb", fn_tlb, false },
};
const int fn_npaging = ARRAY_LEN(fn_paging);
