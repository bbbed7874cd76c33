/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk.h - a disk: an image that never changes, and the sectors written since, kept in machine memory.
 * Rule: all that changes lies in machine frames, so snapshots, hashes and migration see it without knowing
 * of disks.
 *
 * Layout in the frames, all numbers u32: [0] pages in use; [1 + p] page of the overlay that replaces page p
 * of the disk (counted from 1), 0 = the image still holds; from the next frame on the overlay's pages of 4
 * KiB.
 */
#ifndef VITRINE_DEVICES_DISK_H
#define VITRINE_DEVICES_DISK_H

#include "core/base/err.h"
#include "core/base/types.h"
#include "core/frame.h"

enum { DISK_SECTOR = 512 };

struct disk {
	const u8 *image; /* borrowed */
	u64 size;        /* bytes of it; a last partial sector or page is filled up with zeros */
	u64 sectors;
	struct frames *frames;
	frame_no first; /* the table */
	u64 table_frames;
	u32 room; /* pages of the overlay */
};

/* Take frames for the table and for `room` bytes of written data (less if the disk is smaller).  -EINVAL
 * for an empty image, -ENOSPC if the machine has no such room. */
int disk_open(struct disk *d, struct frames *frames, const u8 *image, u64 size, u64 room, struct err *err);
void disk_close(struct disk *d);
u64 disk_frames(const struct disk *d); /* frames from d->first on */
/* One sector.  lba must be below d->sectors.  A write answers false when the room is used up: nothing is
 * changed. */
void disk_read(const struct disk *d, u64 lba, u8 *sector);
bool disk_write(struct disk *d, u64 lba, const u8 *sector);

#endif
