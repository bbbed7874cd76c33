/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay-priv.h - an open overlay, between overlay.c and overlay-open.c.
 * Rule: only overlay*.c includes it.
 */
#ifndef VITRINE_BACKENDS_OVERLAY_PRIV_H
#define VITRINE_BACKENDS_OVERLAY_PRIV_H

#include "devices/backends/overlay.h"

struct overlay {
	struct block b; /* first */
	struct block *base;
	int fd;
	u64 pages;   /* of the disk */
	u64 data;    /* where page 1 of the file lies */
	u32 used;    /* pages in the file that count */
	u32 *table;  /* per page of the disk */
	u64 *dirty;  /* bit per table sector: not in the file yet */
	u32 unsaved; /* pages that the file's table does not name yet */
	bool broken;
};

extern const struct block_ops overlay_ops;
void overlay_free(struct overlay *o); /* and all that is in it */

static inline u64 overlay_place(const struct overlay *o, u32 entry) { return o->data + (u64)(entry - 1) * OVERLAY_PAGE; }

static inline u64 overlay_sectors(u64 pages) { return (pages + OVERLAY_ENTRIES - 1) / OVERLAY_ENTRIES; }

#endif
