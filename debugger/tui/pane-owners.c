/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-owners.c - memory as a picture: a cell for each group of pages; whose, for what, in which state.
 * Rule: what a cell means is decided in session/page-map.c, for verbs and screen alike.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/owners.h"
#include "debugger/session/page-map.h"
#include "debugger/session/stage.h"
#include "debugger/tui/panes.h"

#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "arrows hjkl", "choose a group of pages; the last line says what is in it" },
	{ "v", "next picture: the machine's frames, what the guest uses its pages for, their state" },
	{ "Enter", "its guest memory" },
	{ "o", "every entry that leads to the first page of the group" },
	{ "a", "put the cursor on a guest-physical address" },
	{ 0 },
};

static const enum style styles[MAP_CELLS] = {
	[CELL_NOTHING] = STYLE_DIM, [CELL_OTHER] = STYLE_DIM,       [CELL_HIDDEN] = STYLE_ADDRESS,
	[CELL_ROM] = STYLE_WARN,    [CELL_DEVICE] = STYLE_EXIT,     [CELL_RAM] = STYLE_GOOD,
	[CELL_CLEAN] = STYLE_TEXT,  [CELL_ZERO] = STYLE_DIM,        [CELL_KERNEL] = STYLE_WARN,
	[CELL_USER] = STYLE_TITLE,  [CELL_DIRTY] = STYLE_CHANGED,   [CELL_SHARED] = STYLE_ADDRESS,
	[CELL_OUT] = STYLE_BAD,     [CELL_GUEST_TABLE] = STYLE_KEY, [CELL_TABLES] = STYLE_KEY,
};

struct owners_pane {
	u64 group; /* pages of a cell, as drawn last */
	u64 want;  /* a machine or guest-physical address on which the cursor is to be put */
	bool wants;
};

static void open_pane(struct pane *p)
{
	p->own = calloc(1, sizeof(struct owners_pane));
}

static void close_pane(struct pane *p)
{
	free(p->own);
	p->own = NULL;
}

static enum map_space space_of(const struct pane *p)
{
	return p->mode < MAP_SPACES ? (enum map_space)p->mode : MAP_MACHINE;
}

void owners_show_frame(struct pane *p, u64 address)
{
	struct owners_pane *own = p->own;

	if (!own)
		return;
	p->mode = MAP_MACHINE;
	own->want = address;
	own->wants = true;
}

/* The guest-physical address of the first page under the cursor that has one. */
static bool cursor_gpa(const struct pane *p, u64 *gpa)
{
	const struct owners_pane *own = p->own;
	struct owner *o;
	bool found = false;

	*gpa = (u64)p->at * own->group * PAGE_SIZE_4K;
	if (space_of(p) != MAP_MACHINE)
		return true;
	o = malloc(own->group * sizeof(*o));
	if (!o)
		return false;
	machine_owners(&p->s->vm, 1, (u64)p->at * own->group, own->group, o);
	for (u64 i = 0; i < own->group && !found; i++)
		if (o[i].slot && !(o[i].slot->flags & SLOT_MACHINE)) {
			*gpa = o[i].gpa;
			found = true;
		}
	free(o);
	return found;
}

static void below(struct pane *p, struct area a, const struct page_map *m)
{
	u64 first = (u64)p->at * m->group, gpa;
	const char *what = map_looks[p->at < m->n ? m->cell[p->at] : CELL_NOTHING].name;

	if (!cursor_gpa(p, &gpa)) {
		area_printf(a, 0, 0, STYLE_KEY, "%llx..%llx %s", ULL(first), ULL(first + m->group - 1), what);
		return;
	}
	const struct mem_slot *slot = mem_slot_at(&p->s->vm->mem, gpa);
	area_printf(a, 0, 0, STYLE_KEY, "%llx.. %s %s gpa %llx", ULL(first), what, slot ? slot->name : "",
		    ULL(gpa));
}

static void legend(struct area a, const struct page_map *m)
{
	i32 col = 0;

	for (int i = 0; i < MAP_CELLS; i++) {
		char mark[2] = { map_looks[i].mark, 0 };

		if (!m->count[i] && i != CELL_NOTHING)
			continue;
		col += area_put(a, 0, col, styles[i], mark);
		col += area_printf(a, 0, col, STYLE_DIM, " %s ", map_looks[i].name);
	}
}

static void place_cursor(struct pane *p, const struct page_map *m)
{
	struct owners_pane *own = p->own;

	own->group = m->group;
	if (own->wants)
		p->at = (i64)(own->want / PAGE_SIZE_4K / m->group);
	own->wants = false;
	if (p->at >= p->count)
		p->at = p->count ? p->count - 1 : 0;
}

static void draw(struct pane *p, struct area a)
{
	i32 rows = a.rows - 2, cols = a.cols > 0 ? a.cols : 1;
	struct err err = { 0 };
	struct page_map m;

	if (!p->own || page_map_make(&m, p->s, space_of(p), (u32)((rows > 0 ? rows : 1) * cols), &err)) {
		area_put(a, 0, 0, STYLE_BAD, "no memory for this pane");
		return;
	}
	p->count = m.n;
	p->rows = cols; /* a step up or down */
	p->address = m.group;
	place_cursor(p, &m);
	for (i64 i = 0; i < p->count && rows > 0; i++) {
		char mark[2] = { map_looks[m.cell[i]].mark, 0 };

		area_put(a, (i32)(i / cols), (i32)(i % cols),
			 p->focus && i == p->at ? STYLE_CURSOR : styles[m.cell[i]], mark);
	}
	legend(area_part(a, a.rows - 2, 0, 1, a.cols), &m);
	below(p, area_part(a, a.rows - 1, 0, 1, a.cols), &m);
	page_map_free(&m);
}

static void address_given(struct pane *p, const char *answer)
{
	struct owners_pane *own = p->own;
	u64 gpa;

	if (!own || !pane_number(p, answer, &gpa))
		return;
	if (space_of(p) != MAP_MACHINE)
		own->want = gpa;
	else if (!machine_address(p->s, gpa, &own->want))
		return;
	own->wants = true;
}

static void ask_owner(struct pane *p)
{
	char command[40];
	u64 gpa;

	if (!cursor_gpa(p, &gpa))
		return;
	snprintf(command, sizeof(command), "owner 0x%llx", ULL(gpa));
	tui_command(p->tui, command);
}

static bool key(struct pane *p, int key)
{
	i64 by = 0;
	u64 gpa;

	if (!p->own)
		return false;
	switch (key) {
	case KEY_LEFT_:
	case 'h': by = -1; break;
	case KEY_RIGHT_:
	case 'l': by = 1; break;
	case KEY_UP_:
	case 'k': by = -p->rows; break;
	case KEY_DOWN_:
	case 'j': by = p->rows; break;
	case 'v':
		p->mode = (space_of(p) + 1) % MAP_SPACES;
		p->at = 0;
		return true;
	case 'a': tui_ask(p->tui, "guest-physical address: ", address_given, p); return true;
	case 'o': ask_owner(p); return true;
	case KEY_ENTER_:
		if (cursor_gpa(p, &gpa))
			tui_show_memory(p->tui, gpa, true);
		return true;
	default: return false;
	}
	if (p->at + by >= 0 && p->at + by < p->count)
		p->at += by;
	return true;
}

static void title_text(struct pane *p, char *text, size_t size)
{
	const struct frames *f = p->s->vm->frames;
	u64 kib = p->address * 4;
	const char *unit = kib >= 1024 ? "MiB" : "KiB";

	kib = kib >= 1024 ? kib / 1024 : kib;
	if (space_of(p) == MAP_MACHINE)
		snprintf(text, size, "frames %llu/%llu, cell %llu %s", ULL(f->used), ULL(f->n), ULL(kib),
			 unit);
	else
		snprintf(text, size, "%s pages, cell %llu %s",
			 space_of(p) == MAP_GUEST ? "guest" : "state of", ULL(kib), unit);
}

const struct pane_class pane_owners = {
	.name = "owners",
	.title = "machine frames",
	.book = "5.5",
	.help = help,
	.min_rows = 4,
	.min_cols = 24,
	.draw = draw,
	.key = key,
	.title_text = title_text,
	.open = open_pane,
	.close = close_pane,
};
