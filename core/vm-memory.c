/* SPDX-License-Identifier: GPL-3.0-or-later
 * vm-memory.c - the memory of a virtual machine: opened, closed, and whom it tells of what happens to it.
 * Rule: memory and pager know no engine and no event; what they have to tell goes through here.
 */
#include <errno.h>

#include "core/paging-check.h"
#include "core/run-priv.h"
#include "core/threads.h"

/* Machine memory beyond RAM: ROMs, device memory, page tables of the hypervisor. */
enum { ROM_ROOM = 64 << 20 };

/* ---- memory tells the engine ---- */

static void mem_changing(void *arg)
{
	threads_alone(arg);
}

static void mem_changed(void *arg, const struct mem_slot *slot)
{
	struct vm *vm = arg;

	if (slot)
		dirty_rearm(&vm->paging, slot); /* its log may have been switched on */
	vm->engine->mem_changed(vm, slot);
}

static void mem_remapped(void *arg)
{
	struct vm *vm = arg;

	paging_flush(&vm->paging);
}

static void mem_written(void *arg, u64 gpa, u64 len)
{
	struct vm *vm = arg;

	paging_written(&vm->paging, gpa, len, SYNC_DMA);
	vm->engine->mem_written(vm, gpa, len);
}

/* The shadow pager has made a page of the guest's a table, or lets go of a translation. */
static void protect_page(void *arg, u64 gpa)
{
	struct vm *vm = arg;

	if (vm->engine->protecting)
		vm->engine->protecting(vm, gpa, PAGE_SIZE_4K);
}

static void paging_synced(void *arg, enum paging_sync kind, u64 lin, u64 gpa, u64 guest, u64 shadow)
{
	struct vm *vm = arg;
	struct event ev = { .kind = EV_shadow_sync, .shadow_sync = { (u8)kind, lin, gpa, guest, shadow } };
	struct vcpu *v = &vm->vcpu[vm->turn];
	bool leaving = v->leaving;

	if (!event_wanted(&vm->events, EV_shadow_sync))
		return;
	v->leaving = !v->settled; /* the exit has no answer yet: whoever looks at the processor must not finish it */
	vcpu_emit(v, &ev);
	v->leaving = leaving;
}

/* In an exit, or in the midst of a task switch; frames of tables will be other tables, so nothing of them may stay (SDM 3C
 * 28.3.3.4: INVEPT). */
static void tables_emptied(void *arg)
{
	struct vm *vm = arg;
	const struct drop_operand all = { .eptp = paging_eptp(&vm->paging) };

	for (u32 i = 0; i < vm->ncpus && vm->engine->drop; i++)
		vm->engine->drop(&vm->vcpu[i], DROP_EPT, &all);
}

static void paging_dirtied(void *arg, u64 gpa)
{
	struct vm *vm = arg;
	struct event ev = { .kind = EV_dirty, .dirty = { gpa } };

	if (event_wanted(&vm->events, EV_dirty))
		vcpu_emit(&vm->vcpu[vm->turn], &ev);
}

static void mem_fetching(void *arg, const struct mem_slot *slot)
{
	struct vm *vm = arg;

	dirty_fetching(&vm->paging, slot);
	if (slot->flags & SLOT_LOG && vm->engine->dirty_fetch)
		vm->engine->dirty_fetch(vm, slot);
}

static void mem_cleared(void *arg, const struct mem_slot *slot)
{
	struct vm *vm = arg;

	dirty_rearm(&vm->paging, slot);
	vm->engine->dirty_cleared(vm, slot);
}

static void mem_unmapping(void *arg, u64 gpa, u64 len)
{
	struct vm *vm = arg;

	paging_forget(&vm->paging, gpa, len);
	if (vm->engine->unmapping)
		vm->engine->unmapping(vm, gpa, len);
}

static void emit(struct vm *vm, struct event *ev)
{
	if (event_wanted(&vm->events, ev->kind))
		vcpu_emit(&vm->vcpu[vm->turn], ev);
}

static void mem_news(void *arg, enum mem_news what, u64 gpa, u64 from, u64 to)
{
	struct vm *vm = arg;
	struct event cow = { .kind = EV_cow, .cow = { gpa, from, to } }, share = { .kind = EV_share, .share = { gpa, from, to } };
	struct event swap = { .kind = EV_swap, .swap = { gpa, what == MEM_OUT, what == MEM_OUT ? from : to, what == MEM_OUT ? to : from } };
	struct event balloon = { .kind = EV_balloon, .balloon = { gpa, from } };

	switch (what) {
	case MEM_COPIED:
	case MEM_ZERO_FILLED: emit(vm, &cow); break;
	case MEM_SHARED: emit(vm, &share); break;
	case MEM_IN:
	case MEM_OUT: emit(vm, &swap); break;
	default: emit(vm, &balloon); break;
	}
}

/* ---- opening and closing ---- */

void vm_memory_close(struct vm *vm)
{
	paging_check_close(vm);
	paging_close(&vm->paging);
	mem_close(&vm->mem);
	frames_leave(vm->frames);
}

/* A machine of its own, or room in one that there is. */
static int open_machine(struct vm *vm, struct frames *machine, u64 bytes, struct err *err)
{
	int rc;

	if (!machine) {
		vm->frames = frames_new(bytes, err);
		return vm->frames ? 0 : -ENOMEM;
	}
	rc = frames_grow(machine, bytes, err);
	if (rc)
		return rc;
	vm->frames = machine;
	frames_join(machine);
	return 0;
}

int vm_memory_open(struct vm *vm, const struct vm_config *c, struct err *err)
{
	struct paging_config paging = { .mode = c->paging, .page_max = c->page_max, .phys_bits = vm->cpu->phys_bits,
					.room = paging_room(c->paging, c->mem_size + ROM_ROOM + c->hidden_size, c->shadow_tables),
					.pse = cpu_has(vm->cpu, FEAT_PSE), .page1g = cpu_has(vm->cpu, FEAT_PAGE1G),
					.unsync = c->shadow_unsync, .dirty = c->dirty };
	u64 more = ROM_ROOM + c->hidden_size + paging.room;
	u64 span = c->mem_span ? c->mem_span : (4ull << 30) + c->mem_size + more;
	int rc = open_machine(vm, c->machine, c->mem_size + more, err);

	if (rc)
		return rc;
	rc = mem_open(&vm->mem, vm->frames, span, err);
	if (rc) {
		frames_leave(vm->frames);
		return rc;
	}
	vm->mem.changing = mem_changing;
	vm->mem.changed = mem_changed;
	vm->mem.remapped = mem_remapped;
	vm->mem.written = mem_written;
	vm->mem.fetching = mem_fetching;
	vm->mem.cleared = mem_cleared;
	vm->mem.unmapping = mem_unmapping;
	vm->mem.news = mem_news;
	vm->mem.arg = vm;
	rc = paging_open(&vm->paging, &paging, &vm->mem, err);
	if (rc)
		vm_memory_close(vm);
	else
		vm->paging.hooks = (struct paging_hooks){ protect_page, paging_synced, tables_emptied, paging_dirtied, vm };
	return rc;
}

void vm_memory_silence(struct vm *vm)
{
	vm->mem.changing = NULL;
	vm->mem.remapped = NULL;
	vm->mem.changed = NULL;
	vm->mem.written = NULL;
	vm->mem.fetching = NULL;
	vm->mem.cleared = NULL;
	vm->mem.unmapping = NULL;
	vm->mem.news = NULL;
}
