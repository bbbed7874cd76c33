/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-load.c - make a VM what a snapshot says.
 * Rule: the stream is gone over twice: the first time everything is checked and nothing changed; the second
 * time nothing in it can be wrong any more.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot-priv.h"

/* ---- the first time: check ---- */

struct load {
	struct vm *vm;
	const struct snapshot_chain *chain;
	struct buf *remarks; /* NULL = nobody wants them */
	struct clock_state clock;
	struct vm_state state;
	struct x86_state vcpu[VM_VCPUS], before[VM_VCPUS];
	struct pages_in pages;
	bool seen_writer, seen_about, seen_parent, seen_machine, seen_slots, seen_clock, seen_vm, seen_frames, seen_zeros, seen_end;
	u64 id;                    /* of the file that is gone over: of its sections so far, */
	struct snapshot_head head; /* and what it says of itself */
	bool seen_vcpu[VM_VCPUS], seen_device[VM_DEVICES];
};

static int check_once(bool *seen, const struct section *s, struct err *err)
{
	if (*seen)
		return err_set(err, EINVAL, "snapshot: section '%s' comes twice", s->title);
	*seen = true;
	return 0;
}

static int check_machine(struct load *l, struct section *s, struct err *err)
{
	struct machine_state theirs, ours;
	int rc = check_once(&l->seen_machine, s, err);

	if (!rc)
		rc = section_state(s, &machine_state_layout, &theirs, err);
	if (rc)
		return rc;
	machine_state_get(l->vm, &ours);
	for (u32 i = 0; i < machine_state_layout.nfields; i++) {
		const struct field *f = &machine_state_layout.fields[i];

		if (field_get(f, &theirs, 0) != field_get(f, &ours, 0))
			return err_set(err, EINVAL,
				       "snapshot: made with %s = %" PRIu64 ", this machine has %" PRIu64
				       ": %s",
				       f->name, field_get(f, &theirs, 0), field_get(f, &ours, 0), f->help);
	}
	if (strcmp(s->instance, l->vm->cpu->name))
		return err_set(err, EINVAL, "snapshot: made with --cpu %s, this machine has %s", s->instance,
			       l->vm->cpu->name);
	return 0;
}

static int check_writer(struct load *l, struct section *s, struct err *err)
{
	struct snapshot_writer who;
	int rc = check_once(&l->seen_writer, s, err);

	return rc ? rc : section_writer(s, &who, err);
}

/* Names and places; what a slot shows (ROM, RAM or a hole) is the state of the device that switches it. */
static int check_slots(struct load *l, struct section *s, struct err *err)
{
	const struct mem *m = &l->vm->mem;
	struct reader *in = &s->payload;
	int rc = check_once(&l->seen_slots, s, err);
	u64 n = read_uint(in, 4);

	if (!rc && n != (u64)m->nslots)
		rc = err_set(err, EINVAL, "snapshot: made with %" PRIu64 " memory slots, this machine has %d "
			     "(with --bios or --disk there are more)",
			     n, m->nslots);
	for (int i = 0; i < m->nslots && !rc; i++) {
		const struct mem_slot *slot = mem_slot_get(m, (u32)i);
		struct snapshot_slot theirs = { .name = "" };

		if (!snapshot_slot_next(in, &theirs) || strcmp(theirs.name, slot->name) ||
		    theirs.gpa != slot_place(slot) || theirs.size != slot->size)
			rc = err_set(err, EINVAL,
				     "snapshot: memory slot '%s' differs; this machine has '%s' at 0x%" PRIx64
				     ", 0x%" PRIx64 " bytes",
				     theirs.name, slot->name, slot->gpa, slot->size);
	}
	if (!rc && read_left(in))
		rc = err_set(err, EINVAL, "snapshot: section 'slots' has %zu bytes too many", read_left(in));
	return rc;
}

static int check_clock(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_clock, s, err);

	if (!rc)
		rc = section_state(s, &clock_state_layout, &l->clock, err);
	if (!rc && l->clock.frac_ps[0] >= 1000)
		rc = err_set(err, EINVAL, "snapshot: clock.frac_ps is %" PRIu64 "; expected less than 1000",
			     l->clock.frac_ps[0]);
	return rc;
}

static int check_vm(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_vm, s, err);

	if (!rc)
		rc = section_state(s, &vm_state_layout, &l->state, err);
	if (!rc && (l->state.turn[0] >= l->vm->ncpus || l->state.turn_used[0] > VM_QUANTUM))
		rc = err_set(err, EINVAL,
			     "snapshot: vm.turn is %u after %" PRIu64
			     " instructions; expected a vCPU below %u "
			     "and at most %u",
			     l->state.turn[0], l->state.turn_used[0], l->vm->ncpus, VM_QUANTUM);
	return rc;
}

static int check_vcpu(struct load *l, struct section *s, struct err *err)
{
	for (u32 i = 0; i < l->vm->ncpus; i++) {
		char index[16];

		snprintf(index, sizeof(index), "%u", i);
		if (strcmp(index, s->instance))
			continue;
		if (check_once(&l->seen_vcpu[i], s, err))
			return -EINVAL;
		memset(&l->vcpu[i], 0, sizeof(l->vcpu[i]));
		if (section_state(s, &x86_state_layout, &l->vcpu[i], err))
			return -EINVAL;
		if (l->vcpu[i].activity[0] > ACT_WAIT_SIPI)
			return err_set(err, EINVAL, "snapshot: vCPU %u has activity %u; expected 0 to 3", i,
				       l->vcpu[i].activity[0]);
		return 0;
	}
	return err_set(err, EINVAL, "snapshot: has a vCPU '%s', this machine has %u", s->instance,
		       l->vm->ncpus);
}

static int check_device(struct load *l, struct section *s, struct err *err)
{
	for (int i = 0; i < l->vm->ndevices; i++) {
		const struct device *d = l->vm->device[i];
		void *scratch;
		int rc;

		if (strcmp(d->name, s->instance))
			continue;
		if (check_once(&l->seen_device[i], s, err))
			return -EINVAL;
		scratch = malloc(d->class->layout->size);
		if (!scratch)
			return err_set(err, ENOMEM, "snapshot: no memory to check device %s", d->name);
		rc = section_state(s, d->class->layout, scratch, err);
		free(scratch);
		return rc;
	}
	return err_set(err, EINVAL, "snapshot: has a device '%s', this machine has none of that name",
		       s->instance);
}

static int check_pages(struct load *l, struct section *s, struct err *err)
{
	return pages_in_section(&l->pages, s, err);
}

static int check_frames(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_frames, s, err);

	return rc ? rc : pages_in_section(&l->pages, s, err);
}

static int check_zeros(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_zeros, s, err);

	return rc ? rc : pages_in_section(&l->pages, s, err);
}

static int check_about(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_about, s, err);

	return rc ? rc : section_about(s, &l->head, err);
}

static int check_parent(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_parent, s, err);

	return rc ? rc : section_parent(s, &l->head, err);
}

static int check_end(struct load *l, struct section *s, struct err *err)
{
	int rc = check_once(&l->seen_end, s, err);

	return rc ? rc : section_end(s, l->id, err);
}

static const struct section_kind {
	const char *name;
	int (*check)(struct load *l, struct section *s, struct err *err);
} section_kinds[] = {
	{ "machine", check_machine }, { "slots", check_slots },   { "clock", check_clock },
	{ "vm", check_vm },           { "device", check_device }, { "vcpu", check_vcpu },
	{ "frames", check_frames },   { "pages", check_pages },   { "end", check_end },
	{ "writer", check_writer },   { "about", check_about },   { "parent", check_parent },
	{ "zeros", check_zeros },
};

static int check_section(struct load *l, struct section *s, struct err *err)
{
	for (unsigned i = 0; i < ARRAY_LEN(section_kinds); i++)
		if (!strcmp(section_kinds[i].name, s->name))
			return section_kinds[i].check(l, s, err);
	return err_set(err, EINVAL, "snapshot: has a section '%s', which this version does not know",
		       s->title);
}

static int check_complete(const struct load *l, struct err *err)
{
	const struct {
		bool seen;
		const char *name;
	} needed[] = {
		{ l->seen_machine, "machine" }, { l->seen_slots, "slots" },   { l->seen_clock, "clock" },
		{ l->seen_vm, "vm" },           { l->seen_frames, "frames" },
	};

	for (unsigned i = 0; i < ARRAY_LEN(needed); i++)
		if (!needed[i].seen)
			return err_set(err, EINVAL, "snapshot: has no section '%s'", needed[i].name);
	for (u32 i = 0; i < l->vm->ncpus; i++)
		if (!l->seen_vcpu[i])
			return err_set(err, EINVAL, "snapshot: has no section 'vcpu %u'", i);
	return 0;
}

static bool is_memory(const struct section *s)
{
	return !strcmp(s->name, "pages") || !strcmp(s->name, "zeros");
}

/* Of an ancestor only memory is wanted, and who its own parent is. */
static int check_ancestors_section(struct load *l, struct section *s, struct err *err)
{
	if (is_memory(s))
		return pages_in_section(&l->pages, s, err);
	if (!strcmp(s->name, "parent"))
		return section_parent(s, &l->head, err);
	return strcmp(s->name, "end") ? 0 : section_end(s, l->id, err);
}

/* Number i of the chain. */
static int check_file(struct load *l, u32 i, struct err *err)
{
	const struct buf *file = &l->chain->file[i];
	bool own = !i;
	struct section s = { .name = "" };
	struct reader in;
	int rc = snapshot_begin(&in, file->data, file->len, err);

	l->head = (struct snapshot_head){ .whole = true };
	l->id = STATE_HASH_SEED;
	pages_in_file(&l->pages, own);
	while (!rc && strcmp(s.name, "end")) {
		rc = l->chain->known[i] ? section_again(&in, file->data, &s) : section_read(&in, file->data, &s, err);
		if (!rc)
			rc = own ? check_section(l, &s, err) : check_ancestors_section(l, &s, err);
		if (!rc && strcmp(s.name, "end"))
			l->id = stream_id_add(l->id, s.crc);
	}
	if (!rc && read_left(&in))
		rc = err_set(err, EINVAL, "snapshot: %zu bytes follow its end", read_left(&in));
	return rc || !own ? rc : check_complete(l, err);
}

/* The snapshot's own file, and each that it builds upon: is it the one that was there then? */
static int check_chain(struct load *l, struct err *err)
{
	struct snapshot_head below = { .whole = true };
	int rc = pages_in_start(&l->pages, false, err);

	for (u32 i = 0; i < l->chain->n && !rc; i++) {
		struct err why = { 0 };

		rc = check_file(l, i, &why);
		if (rc)
			return i ? err_set(err, why.code, "in '%.40s', upon which it builds: %.250s", below.parent, why.text)
				 : err_set(err, why.code, "%s", why.text);
		if (i && below.parent_id != l->id)
			return err_set(err, ESTALE, "snapshot: it builds upon '%.40s' with the check %016" PRIx64 "; the one that is "
				       "there has %016" PRIx64 ": another one of that name", below.parent, below.parent_id, l->id);
		below = l->head;
	}
	if (!rc && below.parent[0] && !below.whole)
		rc = err_set(err, EINVAL, "snapshot: it holds only what has changed since '%.40s'; expected that one's file, too, in "
			     "the same folder", below.parent);
	return rc;
}

/* ---- the second time: commit ---- */

/* The only part that may still refuse: an engine knows which states no processor can be in.  So it comes
 * first. */
static int commit_vcpus(struct load *l, struct err *err)
{
	for (u32 i = 0; i < l->vm->ncpus; i++) {
		int rc = vcpu_set(&l->vm->vcpu[i], &l->vcpu[i], ST_ALL, err);

		if (!rc)
			continue;
		while (i--)
			vcpu_set(&l->vm->vcpu[i], &l->before[i], ST_ALL, NULL);
		return rc;
	}
	return 0;
}

static struct device *find_loaded(struct vm *vm, const struct section *s)
{
	return strcmp(s->name, "device") ? NULL : vm_find_device(vm, s->instance);
}

static int commit_file(struct load *l, const struct buf *file, bool own, struct err *err)
{
	struct section s = { .name = "" };
	struct reader in;
	int rc = snapshot_begin(&in, file->data, file->len, err);

	pages_in_file(&l->pages, own);
	while (!rc && section_next(&in, &s)) {
		if (is_memory(&s))
			rc = pages_in_section(&l->pages, &s, err);
		else if (own && find_loaded(l->vm, &s))
			rc = device_load(find_loaded(l->vm, &s), &s.payload, err);
	}
	return rc;
}

static int commit_chain(struct load *l, struct err *err)
{
	int rc = 0;

	for (u32 i = 0; i < l->chain->n && !rc; i++)
		rc = commit_file(l, &l->chain->file[i], !i, err);
	return rc ? rc : pages_in_rest(&l->pages, err);
}

/* The file is older than the device: it begins as after power-up. */
static void reset_unsaved(struct load *l)
{
	for (int i = 0; i < l->vm->ndevices; i++) {
		struct device *d = l->vm->device[i];

		if (l->seen_device[i])
			continue;
		state_reset(d->class->layout, d->state);
		device_reset(d);
		if (l->remarks)
			buf_printf(l->remarks, "%s%s", l->remarks->len ? ", " : "", d->name);
	}
}

/* Everything that was derived from memory is stale, and all of it may be news to whoever reads the dirty
 * log. */
static void memory_is_new(struct vm *vm)
{
	vm->engine->mem_changed(vm, NULL);
	for (int i = 0; i < vm->mem.nslots; i++) {
		struct mem_slot *slot = &vm->mem.slot[i];

		vm->engine->mem_written(vm, slot->gpa, slot->size);
		if (slot->flags & SLOT_LOG)
			mem_mark_dirty(slot, slot->gpa, slot->size);
	}
}

static int commit(struct load *l, struct err *err)
{
	struct vm *vm = l->vm;
	int rc = commit_vcpus(l, err);

	if (rc)
		return rc;
	rc = pages_in_start(&l->pages, true, err);
	if (rc) {
		for (u32 i = 0; i < vm->ncpus; i++)
			vcpu_set(&vm->vcpu[i], &l->before[i], ST_ALL, NULL);
		return rc;
	}
	vm->clock.now = l->clock.now[0];
	vm->clock.frac_ps = l->clock.frac_ps[0];
	reset_unsaved(l);
	rc = commit_chain(l, err);
	clock_state_set_order(vm, &l->clock);
	vm_state_set(vm, &l->state); /* after the devices, which have just driven their lines */
	memory_is_new(vm);
	return rc;
}

static int load_chain(struct vm *vm, const struct snapshot_chain *chain, const u64 *stale, struct buf *remarks, bool only_check,
		      struct err *err)
{
	struct load *l = calloc(1, sizeof(*l));
	int rc = 0;

	if (!l)
		return err_set(err, ENOMEM, "snapshot: no memory to load it");
	l->vm = vm;
	l->chain = chain;
	l->remarks = remarks;
	for (u32 i = 0; i < vm->ncpus && !rc; i++) {
		rc = vcpu_get(&vm->vcpu[i], &l->before[i], ST_ALL);
		if (rc)
			err_set(err, -rc, "snapshot: cannot read vCPU %u: %s", i, strerror(-rc));
	}
	if (!rc)
		rc = pages_in_open(&l->pages, vm, stale, err);
	if (!rc)
		rc = check_chain(l, err);
	if (!rc && !only_check)
		rc = commit(l, err);
	pages_in_close(&l->pages);
	free(l);
	return rc;
}

int snapshot_load_chain(struct vm *vm, const struct snapshot_chain *chain, const u64 *stale, struct buf *remarks, struct err *err)
{
	return load_chain(vm, chain, stale, remarks, false, err);
}

int snapshot_check_chain(struct vm *vm, const struct snapshot_chain *chain, struct err *err)
{
	return load_chain(vm, chain, NULL, NULL, true, err);
}

int snapshot_load(struct vm *vm, const u8 *data, size_t len, struct err *err)
{
	struct snapshot_chain chain = { .file = { { .data = (u8 *)data, .len = len } }, .n = 1 };

	return snapshot_load_chain(vm, &chain, NULL, NULL, err);
}
