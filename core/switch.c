/* SPDX-License-Identifier: GPL-3.0-or-later
 * switch.c - a running machine goes from one engine to another.
 * Rule: all that goes over is struct x86_state, which is the whole of a processor; so what a guest does afterwards can
 * depend on the engine only by what the contract lets differ.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/run-priv.h"

/* What the vCPUs and the VM have of one engine. */
struct side {
	const struct engine *engine;
	void *vm_data, *cpu_data[VM_VCPUS];
};

static void swap_in(struct vm *vm, const struct side *s)
{
	vm->engine = s->engine;
	vm->engine_data = s->vm_data;
	for (u32 i = 0; i < vm->ncpus; i++)
		vm->vcpu[i].engine_data = s->cpu_data[i];
}

static struct side side_of(const struct vm *vm)
{
	struct side s = { .engine = vm->engine, .vm_data = vm->engine_data };

	for (u32 i = 0; i < vm->ncpus; i++)
		s.cpu_data[i] = vm->vcpu[i].engine_data;
	return s;
}

static void close_side(struct vm *vm, u32 cpus)
{
	while (cpus)
		vm->engine->vcpu_close(&vm->vcpu[--cpus]);
	vm->engine->vm_close(vm);
}

/* The new one's vCPUs, in the states of the old one's. */
static int open_side(struct vm *vm, const struct engine *engine, const struct x86_state *state, struct err *err)
{
	u32 n = 0;
	int rc;

	swap_in(vm, &(struct side){ .engine = engine });
	rc = engine->vm_open(vm, err);
	if (rc)
		return rc;
	while (!rc && n < vm->ncpus) {
		rc = engine->vcpu_open(&vm->vcpu[n], err);
		n += !rc;
	}
	for (u32 i = 0; i < vm->ncpus && !rc; i++)
		rc = engine->set(&vm->vcpu[i], &state[i], ST_ALL, err);
	if (rc)
		close_side(vm, n);
	for (u32 i = 0; i < vm->ncpus && !rc; i++) {
		engine->want_window(&vm->vcpu[i], vm->vcpu[i].window);
		engine->observe(&vm->vcpu[i]);
	}
	return rc;
}

/* Pages that are shared or out (core/mem.h) are the affair of engines that can be told when they move. */
static int memory_check(const struct vm *vm, const struct engine *engine, struct err *err)
{
	for (int i = 0; i < vm->mem.nslots; i++)
		if (vm->mem.slot[i].flags & SLOT_PAGED && !engine->unmapping)
			return err_set(err, ENOTSUP, "engine %s: cannot execute a guest whose pages are shared or swapped out; "
						     "it stays on %s", engine->name, vm->engine->name);
	return 0;
}

int vm_switch_engine(struct vm *vm, const struct engine *engine, struct err *err)
{
	struct x86_state *state = calloc(vm->ncpus, sizeof(*state));
	struct side old = side_of(vm), new;
	int rc = state ? 0 : err_set(err, ENOMEM, "no memory for the processors' states");

	if (!rc && vm->tape) /* it counts on one engine's way to cut a run */
		rc = err_set(err, EBUSY, "a guest that is recorded, or can go back in time, stays on its engine");
	if (!rc)
		rc = paging_check(vm->paging.mode, engine, err);
	if (!rc && mem_is_paged(&vm->mem) && !engine->unmapping)
		rc = err_set(err, ENOTSUP, "engine %s: this guest's memory is shared or swapped, which the engine does not know",
			     engine->name);
	if (!rc)
		rc = memory_check(vm, engine, err);
	for (u32 i = 0; i < vm->ncpus && !rc; i++) {
		rc = vcpu_settle(&vm->vcpu[i], err);
		rc = rc < 0 ? rc : vm->engine->get(&vm->vcpu[i], &state[i], ST_ALL);
		if (rc < 0)
			err_set(err, -rc, "engine %s: cannot read vCPU %u: %s", vm->engine->name, i, strerror(-rc));
	}
	for (int i = 0; i < vm->mem.nslots && !rc; i++)
		if (vm->mem.slot[i].flags & SLOT_LOG && vm->engine->dirty_fetch)
			vm->engine->dirty_fetch(vm, &vm->mem.slot[i]);
	if (!rc && (rc = open_side(vm, engine, state, err)))
		swap_in(vm, &old);
	if (!rc) {
		new = side_of(vm);
		swap_in(vm, &old);
		close_side(vm, vm->ncpus);
		swap_in(vm, &new);
	}
	free(state);
	return rc;
}
