/* SPDX-License-Identifier: GPL-3.0-or-later
 * clone.c - a second VM like a first one.
 * Rule: devices and processors go by their state lists, as for a checkpoint in time (core/timeline-image.c); pages of RAM
 * are not copied, but shared.
 */
#include "core/clone.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/engine.h"
#include "core/run-priv.h"
#include "core/timeline-priv.h"

/* ---- paged memory for a whole VM ---- */

static int check_paged(const struct vm *vm, struct err *err)
{
	if (!vm->engine->unmapping)
		return err_set(err, ENOTSUP,
			       "%s: engine %s cannot share or swap memory, which needs to know where every page lies; use --engine interp",
			       vm->name, vm->engine->name);
	if (vm->threads)
		return err_set(err, EBUSY, "%s: --smp-threads; memory is shared or swapped where processors take turns", vm->name);
	if (vm->tape || frames_logged(vm->frames))
		return err_set(err, EBUSY, "%s: is recorded, or can go back in time; its memory must stay where it is", vm->name);
	return 0;
}

int vm_make_paged(struct vm *vm, struct err *err)
{
	int rc = check_paged(vm, err);

	for (int i = 0; i < vm->mem.nslots && !rc; i++)
		if (mem_can_be_paged(&vm->mem, &vm->mem.slot[i]))
			rc = mem_make_paged(&vm->mem, vm->mem.slot[i].id, err);
	if (!rc && !vm->no_past)
		vm->no_past = "its memory is shared, or swapped";
	return rc;
}

/* ---- are they alike? ---- */

static int differ(const char *what, const char *which, struct err *err)
{
	return err_set(err, EINVAL, "a clone must be built as its parent was; they differ in %s%s%s", what, which ? " " : "",
		       which ? which : "");
}

static int check_devices(const struct vm *a, const struct vm *b, struct err *err)
{
	if (a->ndevices != b->ndevices)
		return differ("the number of devices", NULL, err);
	for (int i = 0; i < a->ndevices; i++)
		if (a->device[i]->class != b->device[i]->class || strcmp(a->device[i]->name, b->device[i]->name))
			return differ("device", a->device[i]->name, err);
	return 0;
}

static int check_alike(const struct vm *a, const struct vm *b, struct err *err)
{
	if (a == b || a->frames != b->frames)
		return err_set(err, EINVAL, "a clone must be another VM of the same machine");
	if (a->mem_size != b->mem_size || a->mem.nslots != b->mem.nslots)
		return differ("memory", NULL, err);
	for (int i = 0; i < a->mem.nslots; i++) {
		const struct mem_slot *s = mem_slot_get(&a->mem, (u32)i), *t = mem_slot_get(&b->mem, (u32)i);

		if (s->size != t->size || strcmp(s->name, t->name))
			return differ("memory slot", s->name, err);
	}
	if (a->ncpus != b->ncpus || a->cpu != b->cpu || a->paging.mode != b->paging.mode ||
	    a->clock.insn_ps != b->clock.insn_ps)
		return differ("processors", NULL, err);
	return check_devices(a, b, err);
}

/* ---- memory ---- */

/* A page of zeros that somebody only looked at shall cost the clone nothing. */
static void copy_page(struct frames *f, u64 from, u64 to)
{
	if (page_is_zero(f->view + from))
		frames_discard(f, to / PAGE_SIZE_4K, 1);
	else
		memcpy(f->view + to, f->view + from, PAGE_SIZE_4K);
}

/* Frames that nobody ever touched are holes in the memfd; the rest is copied. */
static void copy_frames(struct frames *f, frame_no from, frame_no to, u64 count)
{
	u64 at = from * PAGE_SIZE_4K, end = (from + count) * PAGE_SIZE_4K, shift = to * PAGE_SIZE_4K - at;

	while (at < end) {
		off_t data = lseek(f->fd, (off_t)at, SEEK_DATA), hole;

		if (data < 0 || (u64)data >= end)
			return;
		hole = lseek(f->fd, data, SEEK_HOLE);
		at = (u64)data;
		for (; at < end && (hole < 0 || at < (u64)hole); at += PAGE_SIZE_4K)
			copy_page(f, at, at + shift);
	}
}

/* What is not shared: ROMs, memory of devices, what the board hides.  The hypervisor's own tables are built anew. */
static void copy_rest(struct vm *clone, const struct vm *parent)
{
	for (int i = 0; i < parent->mem.nslots; i++) {
		const struct mem_slot *from = mem_slot_get(&parent->mem, (u32)i), *to = mem_slot_get(&clone->mem, (u32)i);

		if (!from->page && from->frame != FRAME_NONE && to->frame != FRAME_NONE && !(from->flags & SLOT_MACHINE))
			copy_frames(parent->frames, from->frame, to->frame, from->size / PAGE_SIZE_4K);
	}
}

static int share_ram(struct vm *clone, struct vm *parent, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < parent->mem.nslots && !rc; i++) {
		const struct mem_slot *from = mem_slot_get(&parent->mem, (u32)i);

		if (from->page)
			rc = mem_clone_slot(&clone->mem, &parent->mem, from->id, err);
	}
	return rc;
}

/* SplitMix64's step, so that near numbers lead far apart. */
static u64 stir(u64 seed, u64 number)
{
	u64 z = seed ^ number * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	return z ^ z >> 27;
}

static int become(struct vm *clone, struct vm *parent, const struct image *image, struct err *err)
{
	int rc = share_ram(clone, parent, err);

	if (rc)
		return rc;
	image_put_devices(clone, image); /* first: it moves memory about */
	paging_flush(&clone->paging);
	copy_rest(clone, parent);
	return image_put_processors(clone, image, err);
}

int vm_clone(struct vm *clone, struct vm *parent, u64 number, struct err *err)
{
	struct image *image;
	int rc = check_alike(clone, parent, err);

	if (!rc)
		rc = vm_make_paged(parent, err);
	if (!rc)
		rc = check_paged(clone, err);
	image = rc ? NULL : image_take(parent, err);
	if (!image)
		return rc ? rc : -ENOMEM;
	rc = become(clone, parent, image, err);
	free(image);
	if (!rc && number)
		clone->random = stir(clone->random, number);
	if (!clone->no_past)
		clone->no_past = parent->no_past;
	return rc;
}
