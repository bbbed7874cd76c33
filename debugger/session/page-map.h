/* SPDX-License-Identifier: GPL-3.0-or-later
 * page-map.h - memory as a picture: a cell for each group of pages, saying whose they are or what has become of them.
 * Rule: a group is shown as the page in it that says most, so that nothing that is in use looks free.
 */
#ifndef VITRINE_DEBUGGER_SESSION_PAGE_MAP_H
#define VITRINE_DEBUGGER_SESSION_PAGE_MAP_H

#include "debugger/session/session.h"

enum map_space {
	MAP_MACHINE, /* the machine's frames: who owns them */
	MAP_GUEST,   /* guest-physical pages: what the guest uses them for */
	MAP_STATE,   /* the same pages: written, shared, swapped out */
	MAP_SPACES
};
/* In the order of how much they say. */
enum map_cell {
	CELL_NOTHING, CELL_OTHER, CELL_HIDDEN, CELL_ROM, CELL_DEVICE, CELL_RAM, CELL_CLEAN, CELL_ZERO, CELL_KERNEL, CELL_USER,
	CELL_DIRTY, CELL_SHARED, CELL_OUT, CELL_GUEST_TABLE, CELL_TABLES, MAP_CELLS
};
extern const struct map_look { char mark; const char *name, *brief; } map_looks[MAP_CELLS];

struct page_map {
	enum map_space space;
	u64 pages, group; /* of the space; of a cell */
	u32 n;
	u8 *cell;         /* enum map_cell */
	u64 count[MAP_CELLS]; /* pages of each kind */
};
/* At most `most` cells of equal size, a power of two of pages.  -ENOMEM. */
int page_map_make(struct page_map *m, struct session *s, enum map_space space, u32 most, struct err *err);
void page_map_free(struct page_map *m);
/* "machine" "guest" "state"; what a legend is called. */
const char *map_space_name(enum map_space space);
/* By its name; false: there is none. */
bool map_space_find(const char *name, enum map_space *space);

struct lines;
/* The picture in lines of `width` columns, with a legend that counts.  rows: as large a part of the space per cell as to
 * fit; 0: some 1000 cells. */
void describe_page_map(struct session *s, enum map_space space, int width, int rows, struct lines *l);

#endif
