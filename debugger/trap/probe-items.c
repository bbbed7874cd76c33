/* SPDX-License-Identifier: GPL-3.0-or-later
 * probe-items.c - what a probe knows of its event: reason, gpa, port, value, vector ...
 * Rule: a name means the same in every event that has it; what this event does not have is a fault, never a zero.
 */
#include <string.h>

#include "debugger/session/stage.h"
#include "debugger/trap/run-priv.h"
#include "devices/pc.h"

/* VALUE_NONE: this event has none. */
typedef struct value (*item_fn)(struct trap *t, const struct occurrence *o);

static bool is_exit(const struct occurrence *o)
{
	return o->ev && (o->ev->kind == EV_leave || o->ev->kind == EV_exit);
}

static struct value number(u64 n)
{
	return value_of(T_INT, (trap_int)n);
}

static struct value item_reason(struct trap *t, const struct occurrence *o)
{
	struct value v = number(is_exit(o) ? o->exit->reason : 0);

	v.unit = SHOW_EXIT;
	return is_exit(o) ? v : VALUE_NONE;
}

static struct value item_gpa(struct trap *t, const struct occurrence *o)
{
	if (is_exit(o) && (o->exit->reason == EXIT_EPT_VIOLATION || o->exit->reason == EXIT_EPT_MISCONFIG))
		return value_of(T_GPA, (trap_int)o->exit->gpa);
	if (o->ev && o->ev->kind == EV_shadow_sync)
		return value_of(T_GPA, (trap_int)o->ev->shadow_sync.gpa);
	if (o->ev && o->ev->kind == EV_balloon)
		return value_of(T_GPA, (trap_int)o->ev->balloon.gpa);
	if (o->ev && o->ev->kind == EV_dirty)
		return value_of(T_GPA, (trap_int)o->ev->dirty.gpa);
	return VALUE_NONE;
}

static struct value item_gva(struct trap *t, const struct occurrence *o)
{
	enum { GLA_VALID = 1 << 7 }; /* SDM 3C table 27-7 */

	if (o->ev && o->ev->kind == EV_fault && o->ev->fault.vector == VEC_PF)
		return value_of(T_GVA, (trap_int)o->ev->fault.addr);
	if (is_exit(o) && o->exit->reason == EXIT_EPT_VIOLATION && (o->exit->qualification & GLA_VALID))
		return value_of(T_GVA, (trap_int)o->exit->gla);
	return VALUE_NONE;
}

static struct value item_port(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) && o->exit->reason == EXIT_IO ? number(o->exit->io.port) : VALUE_NONE;
}

static struct value item_write(struct trap *t, const struct occurrence *o)
{
	switch (is_exit(o) ? o->exit->reason : EXIT_COUNT) {
	case EXIT_IO: return value_of(T_BOOL, o->exit->io.write);
	case EXIT_EPT_VIOLATION: return value_of(T_BOOL, o->exit->mmio.write);
	case EXIT_CR_ACCESS: return value_of(T_BOOL, o->exit->cr.write);
	case EXIT_RDMSR: return value_of(T_BOOL, 0);
	case EXIT_WRMSR: return value_of(T_BOOL, 1);
	default: return VALUE_NONE;
	}
}

static struct value item_size(struct trap *t, const struct occurrence *o)
{
	if (o->ev && o->ev->kind == EV_watch)
		return number(o->ev->watch.size);
	switch (is_exit(o) ? o->exit->reason : EXIT_COUNT) {
	case EXIT_IO: return number(o->exit->io.size);
	case EXIT_EPT_VIOLATION: return number(o->exit->mmio.size);
	case EXIT_RDMSR:
	case EXIT_WRMSR: return number(8);
	default: return VALUE_NONE;
	}
}

/* Of a read only the handler knows it. */
static struct value exit_value(const struct occurrence *o)
{
	const struct vm_exit *e = o->exit;
	bool after = o->ev->kind == EV_exit;

	switch (e->reason) {
	case EXIT_IO: return e->io.write ? number(e->io.value) : after ? number(o->ev->exit.value) : VALUE_NONE;
	case EXIT_EPT_VIOLATION: return e->mmio.write ? number(e->mmio.value) : after ? number(o->ev->exit.value) : VALUE_NONE;
	case EXIT_WRMSR: return number(e->msr.value);
	case EXIT_CR_ACCESS: return e->cr.write ? number(e->cr.value) : VALUE_NONE;
	case EXIT_RDMSR:
	case EXIT_RDRAND:
	case EXIT_RDSEED: return after ? number(o->ev->exit.value) : VALUE_NONE;
	default: return VALUE_NONE;
	}
}

static struct value item_value(struct trap *t, const struct occurrence *o)
{
	if (is_exit(o))
		return exit_value(o);
	if (o->ev && o->ev->kind == EV_watch)
		return number(o->ev->watch.value);
	if (o->ev && o->ev->kind == EV_shadow_sync)
		return number(o->ev->shadow_sync.guest);
	return o->ev && o->ev->kind == EV_cr ? number(o->ev->cr.value) : VALUE_NONE;
}

static struct value item_old(struct trap *t, const struct occurrence *o)
{
	if (o->ev && o->ev->kind == EV_watch)
		return number(o->ev->watch.write ? o->ev->watch.old : o->ev->watch.value);
	return o->ev && o->ev->kind == EV_cr ? number(o->ev->cr.old) : VALUE_NONE;
}

static struct value item_qualification(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? number(o->exit->qualification) : VALUE_NONE;
}

static struct value item_rip(struct trap *t, const struct occurrence *o)
{
	u64 rip = 0;

	if (is_exit(o))
		rip = o->exit->rip;
	else if (o->ev && o->ev->kind == EV_fault)
		rip = o->ev->fault.rip;
	else if (o->ev && o->ev->kind == EV_intr)
		rip = o->ev->intr.rip;
	else if (o->ev && o->ev->kind == EV_cr)
		rip = o->ev->cr.rip;
	else if (o->ev && o->ev->kind == EV_tlb)
		rip = o->ev->tlb.rip;
	else if (o->ev && o->ev->kind == EV_state)
		rip = o->ev->state.rip;
	else if (!session_register(t->s, o->cpu, "rip", &rip))
		return VALUE_NONE;
	return value_of(T_GVA, (trap_int)rip);
}

static struct value item_insns(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? number(o->ev->icount - t->last_exit_icount[o->cpu]) : VALUE_NONE;
}

static struct value item_number(struct trap *t, const struct occurrence *o)
{
	if (o->ev && o->ev->kind == EV_cr)
		return number(o->ev->cr.number);
	if (!is_exit(o))
		return VALUE_NONE;
	if (!strcmp(trap_events[o->row].name, "hypercall"))
		return number(o->exit->call.nr);
	return number(o->ev->kind == EV_leave ? o->ev->leave.number : o->ev->exit.number);
}

static struct value item_elapsed(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? value_of(T_TIME, (trap_int)o->elapsed) : VALUE_NONE;
}

static struct value text(struct trap *t, const char *s)
{
	return value_str(&t->heap, s, strlen(s));
}

static struct value item_handler(struct trap *t, const struct occurrence *o)
{
	if (!is_exit(o) || o->ev->kind != EV_exit)
		return VALUE_NONE;
	return text(t, o->ev->exit.who ? o->ev->exit.who : "nobody");
}

/* The linear address that the guest's entry at gpa maps in its present tables: of a table that is in use in another
 * address space only, nobody can tell. */
struct place { u64 gpa, gva; bool found; };

static bool is_place(void *arg, u64 address, const struct walk_row *row, const struct stage_end *end)
{
	struct place *p = arg;

	p->found = row->gpa <= p->gpa && p->gpa < row->gpa + row->size;
	p->gva = address;
	return !p->found;
}

static struct value synced_at(struct trap *t, const struct event *ev)
{
	struct place p = { .gpa = ev->shadow_sync.gpa };
	struct err err = { 0 };
	struct stage st;

	if (ev->shadow_sync.kind == SYNC_FILL)
		return value_of(T_GVA, (trap_int)ev->shadow_sync.gla);
	if (!stage_of(t->s, STAGE_GUEST, ev->vcpu, &st, &err))
		stage_entries(&st, is_place, &p);
	return p.found ? value_of(T_GVA, (trap_int)p.gva) : VALUE_NONE;
}

static struct value item_at(struct trap *t, const struct occurrence *o)
{
	if (o->ev && o->ev->kind == EV_watch)
		return o->physical ? value_of(T_GPA, (trap_int)o->ev->watch.gpa) : value_of(T_GVA, (trap_int)o->ev->watch.gla);
	if (o->ev && o->ev->kind == EV_tlb)
		return o->ev->tlb.what == TLB_DROP_PAGE ? value_of(T_GVA, (trap_int)o->ev->tlb.gla) : VALUE_NONE;
	if (o->ev && o->ev->kind == EV_shadow_sync)
		return synced_at(t, o->ev);
	return o->ev ? value_of(T_GVA, (trap_int)o->at) : VALUE_NONE;
}

static struct value item_msr(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? number(o->exit->msr.index) : VALUE_NONE;
}

static struct value item_leaf(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? number(o->exit->cpuid.leaf) : VALUE_NONE;
}

static struct value item_subleaf(struct trap *t, const struct occurrence *o)
{
	return is_exit(o) ? number(o->exit->cpuid.subleaf) : VALUE_NONE;
}

static struct value item_vector(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->kind == EV_intr ? o->ev->intr.vector : o->ev->fault.vector) : VALUE_NONE;
}

static struct value item_error(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->fault.error) : VALUE_NONE;
}

/* enum paging_sync, enum tlb_drop */
static struct value item_kind(struct trap *t, const struct occurrence *o)
{
	static const char *const syncs[] = { [SYNC_FILL] = "fill",   [SYNC_WRITE] = "write", [SYNC_DMA] = "dma",
					     [SYNC_INVLPG] = "invlpg", [SYNC_CR3] = "cr3",   [SYNC_MODE] = "mode" };
	static const char *const drops[] = { [TLB_DROP_PAGE] = "page", [TLB_DROP_CR3] = "cr3", [TLB_DROP_MODE] = "mode",
					     [TLB_DROP_PCID] = "pcid" };

	if (!o->ev)
		return VALUE_NONE;
	if (o->ev->kind == EV_shadow_sync)
		return text(t, o->ev->shadow_sync.kind < ARRAY_LEN(syncs) ? syncs[o->ev->shadow_sync.kind] : "?");
	return text(t, o->ev->tlb.what < ARRAY_LEN(drops) ? drops[o->ev->tlb.what] : "?");
}

/* What the entry alone says, as a record. */
static struct value item_pte(struct trap *t, const struct occurrence *o)
{
	u64 v = o->ev ? o->ev->shadow_sync.shadow : 0;
	u64 size = v & PTE_PS ? 1ull << 21 : PAGE_SIZE_4K;
	struct walk_result w = { .page_size = size, .gpa = v & 0x000ffffffffff000ull & ~(size - 1), .writable = v & PTE_W,
				 .user = v & PTE_U, .nx = v & PTE_NX, .dirty = v & PTE_D, .global = v & PTE_G, .steps = 1,
				 .step = { { 0, v } } };
	struct value e = value_entry(&t->heap, o->ev ? o->ev->shadow_sync.gla : 0, v & PTE_P, 8, &w);

	if (e.type == T_ENTRY) {
		((struct entry *)e.o)->stage = STAGE_SHADOW;
		((struct entry *)e.o)->levels = v & PTE_PS ? 2 : 1;
	}
	return e;
}

static struct value item_cr0(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->state.cr0) : VALUE_NONE;
}

static struct value item_cr3(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->state.cr3) : VALUE_NONE;
}

static struct value item_cr4(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->state.cr4) : VALUE_NONE;
}

static struct value item_efer(struct trap *t, const struct occurrence *o)
{
	return o->ev ? number(o->ev->state.efer) : VALUE_NONE;
}

static struct value item_pages(struct trap *t, const struct occurrence *o)
{
	return o->ev && o->ev->kind == EV_balloon ? number(pc_balloon_actual(t->s->pc)) : VALUE_NONE;
}

static struct value item_code(struct trap *t, const struct occurrence *o)
{
	return value_of(T_INT, o->code);
}

static struct value item_name(struct trap *t, const struct occurrence *o)
{
	return o->name ? text(t, o->name) : VALUE_NONE;
}

static const struct item { const char *name; item_fn get; } items[] = {
	{ "reason", item_reason }, { "gpa", item_gpa }, { "gva", item_gva }, { "port", item_port }, { "write", item_write },
	{ "size", item_size }, { "value", item_value }, { "old", item_old }, { "qualification", item_qualification },
	{ "rip", item_rip }, { "insns", item_insns }, { "number", item_number }, { "elapsed", item_elapsed },
	{ "handler", item_handler }, { "at", item_at }, { "msr", item_msr }, { "leaf", item_leaf },
	{ "subleaf", item_subleaf }, { "vector", item_vector }, { "error", item_error }, { "kind", item_kind },
	{ "pte", item_pte }, { "pages", item_pages },
	{ "cr0", item_cr0 }, { "cr3", item_cr3 }, { "cr4", item_cr4 }, { "efer", item_efer }, { "code", item_code },
	{ "name", item_name }, { "text", item_name },
};

int trap_item_row(const char *name)
{
	for (int i = 0; i < (int)ARRAY_LEN(items); i++)
		if (!strcmp(items[i].name, name))
			return i;
	return -1;
}

bool trap_item_is_built(const char *name)
{
	return trap_item_row(name) >= 0;
}

bool eval_item(struct trap *t, const struct node *n, struct value *out)
{
	struct occurrence *o = t->now;

	if (!o || o->row < 0)
		return trap_fail(t, n, NULL, "%s is known in the probe of its event only", n->name);
	if (n->row < 0)
		return trap_fail(t, n, NULL, "this build does not know %s", n->name);
	*out = items[n->row].get(t, o);
	if (out->type == T_NONE)
		*out = is_exit(o) && exit_name(o->exit->reason)
			? value_fault(&t->heap, "an exit %s has no %s here", exit_name(o->exit->reason), n->name)
			: value_fault(&t->heap, "'%s' has no %s here", trap_events[o->row].name, n->name);
	return out->type != T_NONE || trap_no_memory(t, n);
}
