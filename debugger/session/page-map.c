/* SPDX-License-Identifier: GPL-3.0-or-later
 * page-map.c - memory as a picture.
 * Rule: whose a frame is, core/owners.c says; what a page is used for, the guest's own tables say.
 */
#include "debugger/session/page-map.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/owners.h"
#include "debugger/session/stage.h"

#define ULL(x) ((unsigned long long)(x))
enum { CHUNK = 1 << 14, CELLS_SOME = 1024 };

const struct map_look map_looks[MAP_CELLS] = {
	[CELL_NOTHING] = { '.', "free", "nothing" },
	[CELL_OTHER] = { 'v', "other", "taken, but not by this machine's guest" },
	[CELL_HIDDEN] = { 'h', "hidden", "kept by the board, seen by no guest address" },
	[CELL_ROM] = { 'O', "ROM", "read-only memory" },
	[CELL_DEVICE] = { 'D', "dev", "memory of a device" },
	[CELL_RAM] = { 'R', "RAM", "memory; in the guest's picture: mapped by no table" },
	[CELL_CLEAN] = { '-', "clean", "not written since writes are logged" },
	[CELL_ZERO] = { 'z', "zero", "shows the one frame of zeros" },
	[CELL_KERNEL] = { 'k', "super", "mapped for the supervisor" },
	[CELL_USER] = { 'u', "user", "mapped for user mode" },
	[CELL_DIRTY] = { 'd', "dirty", "written since writes are logged" },
	[CELL_SHARED] = { 's', "shared", "in a frame that others show, too: a write makes a copy" },
	[CELL_OUT] = { 'o', "out", "swapped out" },
	[CELL_GUEST_TABLE] = { 'P', "table", "a page table of the guest's" },
	[CELL_TABLES] = { 'T', "tables", "page tables of the hypervisor's" },
};

static const char *const space_names[MAP_SPACES] = {
	[MAP_MACHINE] = "machine",
	[MAP_GUEST] = "guest",
	[MAP_STATE] = "state",
};

const char *map_space_name(enum map_space space)
{
	return space_names[space];
}

bool map_space_find(const char *name, enum map_space *space)
{
	for (int i = 0; i < MAP_SPACES; i++)
		if (!strcmp(name, space_names[i])) {
			*space = (enum map_space)i;
			return true;
		}
	return false;
}

static void put(struct page_map *m, u64 page, enum map_cell kind)
{
	u8 *cell = &m->cell[page / m->group];

	m->count[kind]++;
	if (*cell < kind)
		*cell = (u8)kind;
}

/* ---- the machine's frames ---- */

static enum map_cell cell_of(const struct owner *o)
{
	static const u8 cells[OWNER_KINDS] = {
		[OWNER_FREE] = CELL_NOTHING,  [OWNER_OTHER] = CELL_OTHER,   [OWNER_HIDDEN] = CELL_HIDDEN,
		[OWNER_TABLES] = CELL_TABLES, [OWNER_DEVICE] = CELL_DEVICE, [OWNER_ROM] = CELL_ROM,
		[OWNER_RAM] = CELL_RAM,       [OWNER_ZERO] = CELL_ZERO,
	};

	return o->kind == OWNER_RAM && o->shown && o->refs > 1 ? CELL_SHARED : (enum map_cell)cells[o->kind];
}

static int fill_machine(struct page_map *m, struct session *s, struct err *err)
{
	struct owner *o = malloc(CHUNK * sizeof(*o));

	if (!o)
		return err_set(err, ENOMEM, "no memory for a map of the machine");
	for (u64 first = 0; first < m->pages; first += CHUNK) {
		u64 n = m->pages - first < CHUNK ? m->pages - first : CHUNK;

		machine_owners(&s->vm, 1, first, n, o);
		for (u64 i = 0; i < n; i++)
			put(m, first + i, cell_of(&o[i]));
	}
	free(o);
	return 0;
}

/* ---- guest-physical pages ---- */

/* A byte per page: what the guest's tables say of it. */
struct uses {
	u8 *use; /* enum map_cell */
	u64 pages;
};

static bool note_use(void *arg, u64 address, const struct walk_row *row, const struct stage_end *end)
{
	struct uses *u = arg;
	u64 first = row->frame / PAGE_SIZE_4K, n = end ? end->page_size / PAGE_SIZE_4K : 1;
	enum map_cell kind = !end ? CELL_GUEST_TABLE : end->user ? CELL_USER : CELL_KERNEL;

	for (u64 i = first; i < first + n && i < u->pages; i++)
		if (u->use[i] < kind)
			u->use[i] = (u8)kind;
	return true;
}

static void note_tables(struct session *s, struct uses *u)
{
	u64 seen[VM_VCPUS];
	u32 nseen = 0;

	for (u32 cpu = 0; cpu < s->vm->ncpus; cpu++) {
		struct err err = { 0 };
		struct stage st;
		bool again = false;

		if (stage_of(s, STAGE_GUEST, cpu, &st, &err))
			continue;
		for (u32 i = 0; i < nseen; i++)
			again = again || seen[i] == st.root;
		if (again)
			continue;
		seen[nseen++] = st.root;
		if (st.root / PAGE_SIZE_4K < u->pages)
			u->use[st.root / PAGE_SIZE_4K] = CELL_GUEST_TABLE;
		stage_entries(&st, note_use, u);
	}
}

static enum map_cell use_of(const struct mem_slot *slot, u8 use)
{
	enum map_cell kind = slot->flags & SLOT_DEVICE ? CELL_DEVICE
			     : slot->flags & SLOT_ROM  ? CELL_ROM
						       : CELL_RAM;

	return use > kind ? (enum map_cell)use : kind;
}

static enum map_cell state_of(struct session *s, const struct mem_slot *slot, u64 gpa)
{
	const struct mem *mem = &s->vm->mem;
	frame_no frame = mem_frame(mem, gpa);
	const struct frames *f = s->vm->frames;
	u64 page = (gpa - slot->gpa) / PAGE_SIZE_4K;

	if (mem_is_out(mem, gpa))
		return CELL_OUT;
	if (frame == FRAME_NONE)
		return CELL_NOTHING;
	if (frame == f->zero)
		return CELL_ZERO;
	if (slot->page && mem_is_shared(mem, gpa))
		return CELL_SHARED;
	if (slot->flags & SLOT_LOG && mem_is_dirty(slot, page))
		return CELL_DIRTY;
	for (int log = 0; log < FRAME_LOGS; log++)
		if (f->written[log] && f->written[log][frame / 64] >> frame % 64 & 1)
			return CELL_DIRTY;
	return CELL_CLEAN;
}

static int fill_guest(struct page_map *m, struct session *s, struct err *err)
{
	struct uses u = { .pages = m->pages, .use = calloc(1, m->pages) };
	const struct mem *mem = &s->vm->mem;

	if (!u.use)
		return err_set(err, ENOMEM, "no memory for a map of the guest's pages");
	if (m->space == MAP_GUEST)
		note_tables(s, &u);
	for (const struct mem_slot *slot = mem->slot; slot < mem->slot + mem->nslots; slot++) {
		if (slot->flags & (SLOT_HOLE | SLOT_MACHINE))
			continue;
		for (u64 gpa = slot->gpa; gpa < slot->gpa + slot->size; gpa += PAGE_SIZE_4K) {
			u64 page = gpa / PAGE_SIZE_4K;

			if (page < m->pages)
				put(m, page,
				    m->space == MAP_GUEST ? use_of(slot, u.use[page])
							  : state_of(s, slot, gpa));
		}
	}
	free(u.use);
	return 0;
}

/* ---- all of them ---- */

/* The guest's memory up to its last RAM: what lies above (devices near 4 GiB, the machine's own) would make cells huge. */
static u64 pages_of(const struct session *s, enum map_space space)
{
	const struct mem *mem = &s->vm->mem;
	u64 last = 0;

	if (space == MAP_MACHINE)
		return s->vm->frames->n;
	for (const struct mem_slot *slot = mem->slot; slot < mem->slot + mem->nslots; slot++)
		if (!(slot->flags & (SLOT_HOLE | SLOT_MACHINE | SLOT_DEVICE | SLOT_ROM)) &&
		    slot->gpa + slot->size > last)
			last = slot->gpa + slot->size;
	return last / PAGE_SIZE_4K;
}

int page_map_make(struct page_map *m, struct session *s, enum map_space space, u32 most, struct err *err)
{
	*m = (struct page_map){ .space = space, .pages = pages_of(s, space), .group = 1 };
	while (m->group * (most ? most : 1) < m->pages)
		m->group *= 2;
	m->n = (u32)((m->pages + m->group - 1) / m->group);
	m->cell = calloc(1, m->n + 1);
	if (!m->cell)
		return err_set(err, ENOMEM, "no memory for a map of %u cells", m->n);
	int rc = space == MAP_MACHINE ? fill_machine(m, s, err) : fill_guest(m, s, err);
	if (rc)
		page_map_free(m);
	return rc;
}

void page_map_free(struct page_map *m)
{
	free(m->cell);
	m->cell = NULL;
	m->n = 0;
}

/* ---- in lines ---- */

static void legend(const struct page_map *m, struct lines *l)
{
	for (int i = MAP_CELLS - 1; i > CELL_NOTHING; i--)
		if (m->count[i])
			lines_add(l, LINE_DIM, "%c %8llu page%s  %s", map_looks[i].mark, ULL(m->count[i]),
				  m->count[i] == 1 ? " " : "s", map_looks[i].brief);
}

void describe_page_map(struct session *s, enum map_space space, int width, int rows, struct lines *l)
{
	static const char *const titles[MAP_SPACES] = {
		[MAP_MACHINE] = "the machine's frames",
		[MAP_GUEST] = "guest-physical pages, by what the guest uses them for",
		[MAP_STATE] = "guest-physical pages, by what has become of them",
	};
	u32 columns = 16;
	struct page_map m;
	struct err err = { 0 };

	while (2 * columns + 14 <= (u32)width)
		columns *= 2;
	if (page_map_make(&m, s, space, rows ? columns * (u32)rows : CELLS_SOME, &err)) {
		lines_add(l, LINE_BAD, "%s", err.text);
		return;
	}
	u64 kib = m.group * 4;
	lines_add(l, LINE_TITLE, "%s: %llu, a cell is %llu %s", titles[space], ULL(m.pages),
		  ULL(kib >= 1024 ? kib / 1024 : kib), kib >= 1024 ? "MiB" : "KiB");
	for (u32 i = 0; i < m.n; i++) {
		if (i % columns == 0) {
			u64 at = i * m.group * PAGE_SIZE_4K;
			struct line *line = lines_add(l, LINE_TEXT, "%010llx ", ULL(at));

			line->about = space == MAP_MACHINE ? ABOUT_FRAME : ABOUT_GPA;
			line->value = at;
		}
		lines_more(l, "%c", map_looks[m.cell[i]].mark);
	}
	legend(&m, l);
	page_map_free(&m);
}
