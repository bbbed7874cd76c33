/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-owners.c - who owns the machine's memory: a cell for each group of frames.
 * Rule: a group is shown as what its first owned frame is, so that nothing that is in use looks free.
 */
#include <stdio.h>

#include "debugger/tui/panes.h"

#define ULL(x) ((unsigned long long)(x))
enum owner { OWNER_FREE, OWNER_RAM, OWNER_ROM, OWNER_DEVICE, OWNER_HIDDEN, OWNERS };
static const struct { char mark; enum style style; const char *name; } owners[OWNERS] = {
	[OWNER_FREE] = { '.', STYLE_DIM, "free" },       [OWNER_RAM] = { 'R', STYLE_GOOD, "RAM" },
	[OWNER_ROM] = { 'O', STYLE_WARN, "ROM" },       [OWNER_DEVICE] = { 'D', STYLE_EXIT, "dev" },
	[OWNER_HIDDEN] = { 'h', STYLE_ADDRESS, "hid" },
};

static const struct pane_key help[] = {
	{ "arrows hjkl", "choose a group of frames; the last line says whose it is" },
	{ "Enter", "its guest memory" },
	{ 0 },
};

static enum owner owner_of(const struct mem_slot *slot)
{
	return slot->flags & SLOT_HOLE ? OWNER_HIDDEN : slot->flags & SLOT_DEVICE ? OWNER_DEVICE
	       : slot->flags & SLOT_ROM ? OWNER_ROM : OWNER_RAM;
}

/* The slot with the lowest frame in [from, to); one that the guest sees rather than a hidden one. */
static const struct mem_slot *slot_of(const struct mem *m, u64 from, u64 to)
{
	const struct mem_slot *found = NULL;

	for (int i = 0; i < m->nslots; i++) {
		const struct mem_slot *slot = &m->slot[i];

		if (slot->frame == FRAME_NONE || slot->frame >= to ||
		    slot->frame + slot->size / PAGE_SIZE_4K <= from)
			continue;
		if (!found || (found->flags & SLOT_HOLE && !(slot->flags & SLOT_HOLE)))
			found = slot;
	}
	return found;
}

/* Frames of a cell: a power of two, so that borders of memory fall on borders of cells. */
static u64 group_size(const struct frames *f, i64 cells)
{
	u64 group = 1;

	while (group * (u64)cells < f->n)
		group *= 2;
	return group;
}

static void below(struct pane *p, struct area a, u64 group)
{
	u64 first = (u64)p->at * group;
	const struct mem_slot *slot = slot_of(&p->s->vm->mem, first, first + group);

	if (!slot) {
		area_printf(a, 0, 0, STYLE_KEY, "%llx..%llx free", ULL(first), ULL(first + group - 1));
		return;
	}
	u64 gpa = slot->gpa + (first > slot->frame ? first - slot->frame : 0) * PAGE_SIZE_4K;
	area_printf(a, 0, 0, STYLE_KEY, "%llx.. %s gpa %llx", ULL(first), slot->name, ULL(gpa));
}

static void legend(struct area a)
{
	i32 col = 0;

	for (int i = 0; i < OWNERS; i++) {
		char mark[2] = { owners[i].mark, 0 };

		col += area_put(a, 0, col, owners[i].style, mark);
		col += area_printf(a, 0, col, STYLE_DIM, " %s ", owners[i].name);
	}
}

static void draw(struct pane *p, struct area a)
{
	const struct frames *f = &p->s->vm->frames;
	i32 rows = a.rows - 2;
	i64 cells = (i64)(rows > 0 ? rows : 1) * (a.cols > 0 ? a.cols : 1);
	u64 group = group_size(f, cells);

	p->count = (i64)((f->n + group - 1) / group);
	p->rows = a.cols; /* a step up or down */
	p->address = group;
	if (p->at >= p->count)
		p->at = p->count ? p->count - 1 : 0;
	for (i64 i = 0; i < p->count && rows > 0; i++) {
		const struct mem_slot *slot = slot_of(&p->s->vm->mem, (u64)i * group, (u64)(i + 1) * group);
		enum owner who = slot ? owner_of(slot) : OWNER_FREE;
		char mark[2] = { owners[who].mark, 0 };

		area_put(a, (i32)(i / a.cols), (i32)(i % a.cols),
			 p->focus && i == p->at ? STYLE_CURSOR : owners[who].style, mark);
	}
	legend(area_part(a, a.rows - 2, 0, 1, a.cols));
	below(p, area_part(a, a.rows - 1, 0, 1, a.cols), group);
}

static bool key(struct pane *p, int key)
{
	i64 by = 0;

	switch (key) {
	case KEY_LEFT_: case 'h': by = -1; break;
	case KEY_RIGHT_: case 'l': by = 1; break;
	case KEY_UP_: case 'k': by = -p->rows; break;
	case KEY_DOWN_: case 'j': by = p->rows; break;
	case KEY_ENTER_: {
		const struct mem_slot *slot =
			slot_of(&p->s->vm->mem, (u64)p->at * p->address, (u64)(p->at + 1) * p->address);

		if (slot)
			tui_show_memory(
				p->tui,
				slot->gpa + ((u64)p->at * p->address > slot->frame
						     ? ((u64)p->at * p->address - slot->frame) * PAGE_SIZE_4K
						     : 0),
				true);
		return true;
	}
	default: return false;
	}
	if (p->at + by >= 0 && p->at + by < p->count)
		p->at += by;
	return true;
}

static void title_text(struct pane *p, char *text, size_t size)
{
	const struct frames *f = &p->s->vm->frames;

	u64 kib = p->address * 4;

	snprintf(text, size, "frames %llu/%llu, cell %llu %s", ULL(f->used), ULL(f->n),
		 ULL(kib >= 1024 ? kib / 1024 : kib), kib >= 1024 ? "MiB" : "KiB");
}

const struct pane_class pane_owners = {
	.name = "owners",
	.title = "machine frames",
	.book = "4.1",
	.help = help,
	.min_rows = 4,
	.min_cols = 24,
	.draw = draw,
	.key = key,
	.title_text = title_text,
};
