/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk.h - a disk in sectors: what an IDE or virtio disk reads and writes, over whatever lies behind (block.h).
 * Rule: a failure is said once, here, to the user; the device only tells its guest of an I/O error.
 *
 * Writes go to what lies behind, or (disk_snapshot) stay in machine frames, which snapshots, hashes and
 * migration see without knowing of disks.  Layout in the frames, all numbers u32: [0] pages in use; [1 + p]
 * page of the overlay that replaces page p of the disk (counted from 1), 0 = the image still holds; from the
 * next frame on the overlay's pages of 4 KiB.
 */
#ifndef VITRINE_DEVICES_DISK_H
#define VITRINE_DEVICES_DISK_H

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/types.h"
#include "core/frame.h"
#include "devices/block.h"

enum { DISK_SECTOR = 512 };

struct disk {
	struct block *image; /* borrowed; NULL = no disk */
	u64 sectors;         /* a last partial sector is filled up with zeros */
	bool read_only;      /* the guest is told so, and writes fail */
	const struct log *log;
	bool said_read, said_write, said_flush, said_full; /* this has been said: no second line */
	struct frames *frames;                             /* of the overlay; NULL = there is none */
	frame_no first;                                    /* the table */
	u64 table_frames;
	u32 room; /* pages of the overlay */
	struct faults *faults; /* what is broken of it; NULL = nothing ever */
	u8 number;             /* as faults.h counts disks */
};

/* A disk over *image, which must outlive it; log gets what the user should know (may be NULL).  -EINVAL if
 * there is no sector in it, or more than 16 TiB. */
int disk_open(struct disk *d, struct block *image, const struct log *log, struct err *err);
/* From now on keep what is written in frames: the image is not written any more, and the disk is writable even
 * if its image is not.  `room` bytes at most, less if the disk is smaller.  -ENOSPC if the machine has no such
 * room. */
int disk_snapshot(struct disk *d, struct frames *frames, u64 room, struct err *err);
/* The frames that disk_snapshot will need, for who makes the machine. */
u64 disk_snapshot_frames(u64 image_size, u64 room);
void disk_close(struct disk *d);
u64 disk_frames(const struct disk *d);  /* frames from d->first on; 0 = no overlay */
u64 disk_written(const struct disk *d); /* bytes kept in the overlay; 0 if there is none */

/* n sectors from lba on, which must lie within d->sectors.  False: an I/O error (or the disk is read-only,
 * or the room is used up); part of the work may be done. */
bool disk_read(struct disk *d, u64 lba, u64 n, void *data);
bool disk_write(struct disk *d, u64 lba, u64 n, const void *data);
/* What was written before is on stable storage.  False: it may be not. */
bool disk_flush(struct disk *d);

#endif
