/* SPDX-License-Identifier: GPL-3.0-or-later
 * paged-rig.h - VMs in one machine, each with an array of bytes that it must read: for tests of paged memory.
 * Rule: the array knows nothing of frames; whatever clones, scanner, balloon and swap file do, each VM reads what it wrote,
 * and the count of references to each frame is the number of pages that show it.
 */
#ifndef VITRINE_TESTS_UNIT_PAGED_RIG_H
#define VITRINE_TESTS_UNIT_PAGED_RIG_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clone.h"
#include "core/engine.h"
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096, PAGES = 48, RAM = PAGES * PAGE, HIGH = 16, TOTAL = (PAGES + HIGH) * PAGE, VMS = 6 };
#define HIGH_AT 0x100000ull

struct guest {
	struct vm *vm;
	u8 *bytes; /* what it must read: low RAM, then high */
};

static inline u64 at_gpa(u64 offset)
{
	return offset < RAM ? offset : HIGH_AT + offset - RAM;
}

/* Two slots of RAM, a ROM, and a hole with frames. */
static inline struct vm *build(struct frames *machine, const struct engine *engine, struct err *err)
{
	const struct vm_config config = { .name = "test", .engine = engine, .mem_size = TOTAL, .cpus = 1, .seed = 3,
					  .machine = machine };
	struct vm *vm = vm_create(&config, err);
	frame_no low, high, rom;

	if (!vm)
		return NULL;
	low = frames_alloc(vm->frames, PAGES);
	high = frames_alloc(vm->frames, HIGH);
	rom = frames_alloc(vm->frames, 2);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "low", 0, RAM, low, 0, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "rom", 0xf0000, PAGE, rom, SLOT_ROM, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "high", HIGH_AT, HIGH * PAGE, high, 0, err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "hidden", 0x200000, PAGE, rom + 1, SLOT_HOLE, err), 0);
	frames_unref(vm->frames, low, PAGES);
	frames_unref(vm->frames, high, HIGH);
	frames_unref(vm->frames, rom, 2);
	return vm;
}

static inline struct guest guest_new(struct frames *machine)
{
	struct err err = { 0 };
	struct guest g = { .vm = build(machine, &engine_interp, &err), .bytes = calloc(1, TOTAL) };

	ck_assert_msg(g.vm && g.bytes, "%s", err.text);
	return g;
}

static inline void guest_free(struct guest *g)
{
	vm_destroy(g->vm);
	free(g->bytes);
	*g = (struct guest){ 0 };
}

static inline void guest_write(struct guest *g, u64 offset, const void *data, u64 len)
{
	ck_assert(mem_write(&g->vm->mem, at_gpa(offset), data, len));
	memcpy(g->bytes + offset, data, len);
}

static inline void check_guest(const struct guest *g, const char *after)
{
	u8 page[PAGE];

	for (u64 offset = 0; offset < TOTAL; offset += PAGE) {
		ck_assert(mem_read(&g->vm->mem, at_gpa(offset), page, PAGE));
		ck_assert_msg(!memcmp(page, g->bytes + offset, PAGE), "after %s, page %llu is not what was written", after,
			      (unsigned long long)offset / PAGE);
	}
}

static inline struct guest guest_clone(struct guest *parent, u64 number)
{
	struct guest g = guest_new(parent->vm->frames);
	struct err err = { 0 };

	ck_assert_msg(!vm_clone(g.vm, parent->vm, number, &err), "%s", err.text);
	memcpy(g.bytes, parent->bytes, TOTAL);
	return g;
}

/* Every reference to a frame of RAM is a page that shows it. */
static inline void check_references(struct guest *g, int n)
{
	const struct frames *f = g[0].vm->frames;
	u32 *shown = calloc(f->n, sizeof(*shown));

	for (int i = 0; i < n; i++)
		for (int s = 0; g[i].vm && s < g[i].vm->mem.nslots; s++) {
			const struct mem_slot *slot = &g[i].vm->mem.slot[s];

			for (u64 p = 0; slot->page && p < slot->size / PAGE; p++)
				if (!slot->page[p].out)
					shown[slot->page[p].at]++;
		}
	for (u64 frame = 0; frame < f->n; frame++)
		if (shown[frame])
			ck_assert_uint_eq(f->refs[frame], shown[frame] + (frame == f->zero));
	free(shown);
}

#endif
