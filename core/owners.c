/* SPDX-License-Identifier: GPL-3.0-or-later
 * owners.c - whose is each frame of the machine?
 * Rule: going through the slots once answers for any number of frames; nobody asks frame by frame for a whole map.
 */
#include "core/owners.h"

#include "core/vm.h"
#include "core/x86/x86.h"

const char *owner_kind_name(enum owner_kind kind)
{
	static const char *const names[OWNER_KINDS] = {
		[OWNER_FREE] = "free",	   [OWNER_OTHER] = "other",   [OWNER_HIDDEN] = "hidden", [OWNER_TABLES] = "tables",
		[OWNER_DEVICE] = "device", [OWNER_ROM] = "ROM",	      [OWNER_RAM] = "RAM",	 [OWNER_ZERO] = "zeros",
	};

	return (unsigned)kind < OWNER_KINDS ? names[kind] : "?";
}

static enum owner_kind kind_of(const struct mem_slot *s)
{
	return s->flags & SLOT_MACHINE ? OWNER_TABLES
	       : s->flags & SLOT_HOLE  ? OWNER_HIDDEN
	       : s->flags & SLOT_DEVICE ? OWNER_DEVICE
	       : s->flags & SLOT_ROM   ? OWNER_ROM
				       : OWNER_RAM;
}

/* The question: these frames. */
struct range {
	const struct frames *frames;
	frame_no first;
	u64 count;
	struct owner *out;
};

/* Page n of this slot is in this frame.  The kinds are in the order of how much they say. */
static void note(const struct range *r, int vm, const struct mem_slot *s, u64 page, frame_no frame)
{
	struct owner *o = &r->out[frame - r->first];
	enum owner_kind kind = frame == r->frames->zero ? OWNER_ZERO : kind_of(s);

	o->shown += !!s->page;
	if (s->flags & SLOT_LOG && mem_is_dirty(s, page))
		o->dirty = true;
	if (o->kind >= kind)
		return;
	o->kind = kind;
	o->vm = vm;
	o->slot = s;
	o->gpa = s->gpa + page * PAGE_SIZE_4K;
}

static void note_slot(const struct range *r, int vm, const struct mem_slot *s)
{
	u64 pages = s->size / PAGE_SIZE_4K, from, to;

	if (s->page) {
		for (u64 i = 0; i < pages; i++)
			if (!s->page[i].out && s->page[i].at - r->first < r->count)
				note(r, vm, s, i, s->page[i].at);
		return;
	}
	if (s->frame == FRAME_NONE)
		return;
	from = s->frame > r->first ? s->frame : r->first;
	to = s->frame + pages < r->first + r->count ? s->frame + pages : r->first + r->count;
	for (u64 frame = from; frame < to; frame++)
		note(r, vm, s, frame - s->frame, frame);
}

void machine_owners(struct vm *const *vms, int nvms, frame_no first, u64 count, struct owner *out)
{
	struct range r = { .first = first, .count = count, .out = out, .frames = nvms ? vms[0]->frames : NULL };

	for (u64 i = 0; i < count; i++) {
		u32 refs = r.frames && first + i < r.frames->n ? r.frames->refs[first + i] : 0;

		out[i] = (struct owner){ .kind = refs ? OWNER_OTHER : OWNER_FREE, .refs = refs, .vm = -1 };
	}
	for (int vm = 0; vm < nvms; vm++)
		for (const struct mem_slot *s = vms[vm]->mem.slot; s < vms[vm]->mem.slot + vms[vm]->mem.nslots; s++)
			note_slot(&r, vm, s);
}

struct owner machine_owner(struct vm *const *vms, int nvms, frame_no frame)
{
	struct owner o;

	machine_owners(vms, nvms, frame, 1, &o);
	return o;
}

struct owner_pages vm_pages(const struct vm *vm)
{
	const struct frames *f = vm->frames;
	struct owner_pages n = { 0 };

	for (const struct mem_slot *s = vm->mem.slot; s < vm->mem.slot + vm->mem.nslots; s++) {
		u64 pages = s->size / PAGE_SIZE_4K;

		if (!s->page) {
			n.own += kind_of(s) == OWNER_RAM ? pages : 0;
			continue;
		}
		for (u64 i = 0; i < pages; i++) {
			const struct mem_page *p = &s->page[i];

			if (p->out)
				n.out++;
			else if (p->at == f->zero)
				n.zero++;
			else if (f->refs[p->at] > 1)
				n.shared++;
			else
				n.own++;
		}
	}
	return n;
}
