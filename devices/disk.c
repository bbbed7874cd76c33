/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk.c - copy-on-write over a read-only image.
 * Rule: a page enters the overlay whole, by its first write; from then on the image is not asked about it.
 * The frames may have been loaded from a snapshot, so numbers found in them are checked before use.
 */
#include "devices/disk.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { PAGE = 4096, SECTORS_PER_PAGE = PAGE / DISK_SECTOR };

int disk_open(struct disk *d, struct frames *frames, const u8 *image, u64 size, u64 room, struct err *err)
{
	u64 pages = size / PAGE + (size % PAGE != 0), room_pages = room / PAGE;
	u64 table = ((pages + 1) * sizeof(u32) + PAGE - 1) / PAGE;

	*d = (struct disk){ .image = image, .size = size, .frames = frames, .first = FRAME_NONE };
	if (!size)
		return err_set(err, EINVAL,
			       "disk image: it is empty; expected at least one sector of 512 bytes");
	if (pages >= UINT32_MAX)
		return err_set(err, EINVAL, "disk image: %" PRIu64 " bytes; expected less than 16 TiB", size);
	if (room_pages > pages)
		room_pages = pages;
	d->sectors = size / DISK_SECTOR + (size % DISK_SECTOR != 0);
	d->table_frames = table;
	d->room = (u32)room_pages;
	d->first = frames_alloc(frames, table + room_pages);
	if (d->first == FRAME_NONE)
		return err_set(err, ENOSPC,
			       "disk image: %" PRIu64 " bytes need %" PRIu64
			       " KiB of machine memory for written "
			       "sectors and their table; the machine has not so much left",
			       size, (table + room_pages) * 4);
	return 0;
}

u64 disk_frames(const struct disk *d)
{
	return d->table_frames + d->room;
}

void disk_close(struct disk *d)
{
	if (d->frames && d->first != FRAME_NONE)
		frames_unref(d->frames, d->first, disk_frames(d));
	*d = (struct disk){ .first = FRAME_NONE };
}

static u32 get(const struct disk *d, u64 index)
{
	u32 value;

	frames_read(d->frames, d->first, index * sizeof(value), &value, sizeof(value));
	return value <= d->room ? value : 0;
}

static void put(struct disk *d, u64 index, u32 value)
{
	frames_write(d->frames, d->first, index * sizeof(value), &value, sizeof(value));
}

/* Where in the frames page n (from 1) of the overlay lies. */
static u64 page_offset(const struct disk *d, u32 n)
{
	return (d->table_frames + n - 1) * PAGE;
}

/* Bytes of the image, zeros behind its end. */
static void read_image(const struct disk *d, u64 offset, void *out, u64 len)
{
	u64 there = offset < d->size ? d->size - offset : 0;

	if (there > len)
		there = len;
	memset(out, 0, len);
	if (there)
		memcpy(out, d->image + offset, there);
}

void disk_read(const struct disk *d, u64 lba, u8 *sector)
{
	u32 page = get(d, 1 + lba / SECTORS_PER_PAGE);

	if (page)
		frames_read(d->frames, d->first, page_offset(d, page) + lba % SECTORS_PER_PAGE * DISK_SECTOR,
			    sector, DISK_SECTOR);
	else
		read_image(d, lba * DISK_SECTOR, sector, DISK_SECTOR);
}

bool disk_write(struct disk *d, u64 lba, const u8 *sector)
{
	u64 disk_page = lba / SECTORS_PER_PAGE;
	u32 page = get(d, 1 + disk_page), used = get(d, 0);
	u8 copy[PAGE];

	if (!page) {
		if (used >= d->room)
			return false;
		page = used + 1;
		read_image(d, disk_page * PAGE, copy, PAGE);
		frames_write(d->frames, d->first, page_offset(d, page), copy, PAGE);
		put(d, 0, page);
		put(d, 1 + disk_page, page);
	}
	frames_write(d->frames, d->first, page_offset(d, page) + lba % SECTORS_PER_PAGE * DISK_SECTOR, sector,
		     DISK_SECTOR);
	return true;
}
