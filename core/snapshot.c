/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot.c - a whole VM as a stream of sections, and the hash of all that a VM is.
 * Rule: what is saved is what is hashed: declared lists and memory, nothing else.
 */
#include "core/snapshot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/version.h"
#include "core/snapshot-priv.h"

/* ---- the lists, from and to the machine ---- */

void machine_state_get(const struct vm *vm, struct machine_state *s)
{
	memset(s, 0, sizeof(*s));
	s->mem_size[0] = vm->mem_size;
	s->cpus[0] = vm->ncpus;
	s->insn_ps[0] = vm->clock.insn_ps;
	s->paging[0] = (u8)vm->paging.mode;
}

void clock_state_get(const struct vm *vm, struct clock_state *s)
{
	memset(s, 0, sizeof(*s));
	s->now[0] = vm->clock.now;
	s->frac_ps[0] = vm->clock.frac_ps;
	s->order[0] = vm->clock.order;
	for (int i = 0; i < CLOCK_TIMERS; i++) {
		const struct timer *t = &vm->clock.timer[i];

		if (!t->armed)
			continue;
		s->timer_armed[i] = 1;
		s->timer_due[i] = t->due;
		s->timer_order[i] = t->order;
	}
}

void clock_state_set_order(struct vm *vm, const struct clock_state *s)
{
	for (int i = 0; i < CLOCK_TIMERS; i++) {
		struct timer *t = &vm->clock.timer[i];

		if (t->armed && s->timer_armed[i] && t->due == s->timer_due[i])
			t->order = s->timer_order[i];
	}
	vm->clock.order = s->order[0];
}

static bool a20_is_open(const struct mem *m)
{
	return m->gpa_mask >> 20 & 1;
}

void vm_state_get(const struct vm *vm, struct vm_state *s)
{
	memset(s, 0, sizeof(*s));
	for (u32 i = 0; i < vm->ncpus; i++) {
		s->intr[i] = vm->vcpu[i].intr;
		s->nmi[i] = vm->vcpu[i].nmi;
		s->init[i] = vm->vcpu[i].init;
		s->sipi[i] = vm->vcpu[i].sipi;
	}
	s->a20[0] = a20_is_open(&vm->mem);
	s->reset_wanted[0] = vm->reset_wanted;
	s->random[0] = vm->random;
	s->turn[0] = vm->turn;
	s->turn_used[0] = vm->turn_used;
	s->guest_exits[0] = vm->guest_exits;
	s->tables[0] = paging_used(&vm->paging);
}

void vm_state_set(struct vm *vm, const struct vm_state *s)
{
	for (u32 i = 0; i < vm->ncpus; i++) {
		vm->vcpu[i].intr = s->intr[i];
		vm->vcpu[i].nmi = s->nmi[i];
		vm->vcpu[i].init = s->init[i];
		vm->vcpu[i].sipi = s->sipi[i];
		vm->attention |= 1u << i;
	}
	vm->rest_until = 0;
	vm->reset_wanted = s->reset_wanted[0];
	vm->random = s->random[0];
	vm->turn = s->turn[0];
	vm->turn_used = s->turn_used[0];
	vm->guest_exits = s->guest_exits[0];
	paging_restored(&vm->paging, s->tables[0]);
	if (a20_is_open(&vm->mem) != (bool)s->a20[0])
		mem_set_a20(&vm->mem, s->a20[0]);
}

/* ---- save ---- */

static void put_state(struct buf *out, const char *name, const char *instance, const struct layout *l,
		      const void *s)
{
	struct buf payload = { 0 };

	state_save(l, s, &payload);
	section_put(out, name, instance, &payload);
	buf_free(&payload);
}

u64 slot_place(const struct mem_slot *slot)
{
	return slot->flags & SLOT_DEVICE ? 0 : slot->gpa;
}

static void put_slots(const struct vm *vm, struct buf *out)
{
	struct buf payload = { 0 };

	buf_put_uint(&payload, (u64)vm->mem.nslots, 4);
	for (int i = 0; i < vm->mem.nslots; i++) {
		const struct mem_slot *slot = mem_slot_get(&vm->mem, (u32)i);

		buf_put_str(&payload, slot->name);
		buf_put_uint(&payload, slot_place(slot), 8);
		buf_put_uint(&payload, slot->size, 8);
	}
	section_put(out, "slots", "", &payload);
	buf_free(&payload);
}

/* It comes first: whoever looks into the file shall see it. */
static void put_writer(const struct vm *vm, struct buf *out)
{
	struct buf payload = { 0 };

	buf_put_str(&payload, "vitrine " VITRINE_VERSION);
	buf_put_str(&payload, vm->cpu->name);
	section_put(out, "writer", "", &payload);
	buf_free(&payload);
}

static int put_vcpus(struct vm *vm, struct buf *out, struct err *err)
{
	struct x86_state s = { 0 };
	char index[16];

	for (u32 i = 0; i < vm->ncpus; i++) {
		int rc = vcpu_get(&vm->vcpu[i], &s, ST_ALL);

		if (rc < 0)
			return err_set(err, -rc, "snapshot: cannot read vCPU %u: %s", i, strerror(-rc));
		snprintf(index, sizeof(index), "%u", i);
		put_state(out, "vcpu", index, &x86_state_layout, &s);
	}
	return 0;
}

static void put_origin(const struct vm *vm, const struct snapshot_origin *o, struct buf *out)
{
	struct about_state about = { .created = { o->created }, .icount = { vm_icount(vm) }, .time = { vm->clock.now } };
	struct parent_state parent = { .id = { o->parent_id }, .whole = { !o->only } };

	put_state(out, "about", o->name, &about_state_layout, &about);
	if (o->parent)
		put_state(out, "parent", o->parent, &parent_state_layout, &parent);
}

static void put_machine(const struct vm *vm, struct buf *out)
{
	struct machine_state machine;
	struct clock_state clock;
	struct vm_state state;

	machine_state_get(vm, &machine);
	clock_state_get(vm, &clock);
	vm_state_get(vm, &state);
	put_state(out, "machine", vm->cpu->name, &machine_state_layout, &machine);
	put_slots(vm, out);
	put_state(out, "clock", "", &clock_state_layout, &clock);
	put_state(out, "vm", "", &vm_state_layout, &state);
	for (int i = 0; i < vm->ndevices; i++)
		put_state(out, "device", vm->device[i]->name, vm->device[i]->class->layout, vm->device[i]->state);
}

int snapshot_save_as(struct vm *vm, const struct snapshot_origin *origin, struct buf *out, u64 *id, struct err *err)
{
	struct end_state end = { .id = { 0 } };
	struct buf vcpus = { 0 };
	size_t begin = out->len;
	int rc = put_vcpus(vm, &vcpus, err); /* first: it settles, which may still move devices and time */

	buf_put(out, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN);
	put_writer(vm, out);
	put_origin(vm, origin, out);
	put_machine(vm, out);
	buf_put(out, vcpus.data, vcpus.len);
	if (!rc)
		rc = mem_check_alone(&vm->mem, err);
	if (!rc)
		rc = pages_save(vm, origin->only, out, err);
	if (!out->failed)
		*id = end.id[0] = stream_id(out->data + begin, out->data + out->len);
	put_state(out, "end", "", &end_state_layout, &end);
	if (!rc && (out->failed || vcpus.failed))
		rc = err_set(err, ENOMEM, "snapshot: no memory for %zu bytes and more", out->len);
	buf_free(&vcpus);
	return rc;
}

int snapshot_save(struct vm *vm, struct buf *out, struct err *err)
{
	u64 id;

	return snapshot_save_as(vm, &(struct snapshot_origin){ .name = "" }, out, &id, err);
}

/* ---- hash ---- */

u64 vm_state_hash(struct vm *vm)
{
	u64 hash = STATE_HASH_SEED;
	struct x86_state cpu;
	struct clock_state clock;
	struct vm_state state;

	for (u32 i = 0; i < vm->ncpus; i++) {
		memset(&cpu, 0, sizeof(cpu));
		if (vcpu_get(&vm->vcpu[i], &cpu, ST_ALL) < 0)
			return 0; /* host trouble: no state, no hash */
		hash = state_hash(&x86_state_layout, &cpu, hash);
	}
	clock_state_get(vm, &clock);
	hash = state_hash(&clock_state_layout, &clock, hash);
	vm_state_get(vm, &state);
	hash = state_hash(&vm_state_layout, &state, hash);
	for (int i = 0; i < vm->ndevices; i++)
		hash = state_hash(vm->device[i]->class->layout, vm->device[i]->state, hash);
	/* a shadow is no state: it can be dropped at any moment */
	return vm->paging.mode == PAGING_SHADOW ? mem_hash_guest(&vm->mem, hash) : mem_hash(&vm->mem, hash);
}
