/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay.h - a file that holds what was written to a disk whose base image never changes.
 * Rule: the file is good at every moment: whatever stops the process or the host, it holds everything that was
 * flushed, and the pages it names are there.
 *
 * The file, all numbers little-endian:
 *	0       header, 512 bytes: what it is, which disk it belongs to, where the other parts lie
 *	4096    table, in sectors of 512 bytes: for each page of 4 KiB of the disk the number (from 1) of the page in
 *	        this file that holds it, 0 = the base does; each sector with its own number and check.  A sector of zeros
 *	        is empty.
 *	then    the pages
 * A page is written to the end of the file and gets its place in the table only at the next flush, after fdatasync;
 * an entry once written never changes.  So a table sector on the disk, be it of before or after a power failure,
 * names only pages that are there.
 */
#ifndef VITRINE_BACKENDS_OVERLAY_H
#define VITRINE_BACKENDS_OVERLAY_H

#include "devices/block.h"

enum { OVERLAY_PAGE = 4096, OVERLAY_SECTOR = 512, OVERLAY_ENTRIES = 124 };

struct overlay_header {
	char magic[16]; /* OVERLAY_MAGIC */
	u32 version, page_size;
	u64 disk_size, table_offset, data_offset;
	u8 base_id[32];      /* see overlay_base_id */
	char base_name[416]; /* for messages; ends in zeros */
	u8 zero[8];
	u64 check;           /* of the 504 bytes before */
};

struct overlay_sector {
	u32 entry[OVERLAY_ENTRIES];
	u64 number; /* of this sector, from 1 */
	u64 check;  /* of the 504 bytes before */
};

#define OVERLAY_MAGIC "vitrine overlay\n"

/* Open path over base, or make it if it is not there (or empty) and may be written.  The base becomes the overlay's
 * (closed with it, and here on failure).  NULL and *err if it is damaged or belongs to another base. */
struct block *overlay_open(struct block *base, const char *path, bool writable, struct err *err);
/* The check of a header or sector: SipHash-2-4 of its first 504 bytes, the magic being the key.  It finds damage, not
 * malice. */
u64 overlay_check(const void *sector);

#endif
