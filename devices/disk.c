/* SPDX-License-Identifier: GPL-3.0-or-later
 * disk.c - sectors over a block, with a copy-on-write overlay in machine frames.
 * Rule: a page enters the overlay whole, by its first write; from then on the image is not asked about it.
 * The frames may have been loaded from a snapshot, so numbers found in them are checked before use.
 */
#include "devices/disk.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "devices/faults.h"

enum { PAGE = 4096 };

int disk_open(struct disk *d, struct block *image, const struct log *log, struct err *err)
{
	u64 pages = image->size / PAGE + (image->size % PAGE != 0);

	*d = (struct disk){ .image = image, .log = log, .read_only = image->read_only, .first = FRAME_NONE };
	if (!image->size)
		return err_set(err, EINVAL, "disk %.160s: it is empty; expected at least one sector of 512 bytes",
			       image->name);
	if (pages >= UINT32_MAX)
		return err_set(err, EINVAL, "disk %.160s: %" PRIu64 " bytes; expected less than 16 TiB", image->name,
			       image->size);
	d->sectors = image->size / DISK_SECTOR + (image->size % DISK_SECTOR != 0);
	return 0;
}

/* ---- the overlay ---- */

static u64 pages_of(u64 size)
{
	return size / PAGE + (size % PAGE != 0);
}

static u64 table_frames(u64 pages)
{
	return pages_of((pages + 1) * sizeof(u32));
}

u64 disk_snapshot_frames(u64 image_size, u64 room)
{
	u64 pages = pages_of(image_size);

	return table_frames(pages) + (room / PAGE < pages ? room / PAGE : pages);
}

int disk_snapshot(struct disk *d, struct frames *frames, u64 room, struct err *err)
{
	u64 pages = pages_of(d->image->size), all = disk_snapshot_frames(d->image->size, room);

	d->table_frames = table_frames(pages);
	d->room = (u32)(all - d->table_frames);
	d->first = frames_alloc(frames, all);
	if (d->first == FRAME_NONE)
		return err_set(err, ENOSPC,
			       "disk %.160s: %" PRIu64 " bytes need %" PRIu64 " KiB of machine memory for written sectors "
			       "and their table; the machine has not so much left",
			       d->image->name, d->image->size, all * 4);
	d->frames = frames;
	d->read_only = false;
	return 0;
}

u64 disk_frames(const struct disk *d)
{
	return d->frames ? d->table_frames + d->room : 0;
}

void disk_close(struct disk *d)
{
	if (d->frames)
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

u64 disk_written(const struct disk *d)
{
	return d->frames ? (u64)get(d, 0) * PAGE : 0;
}

/* Where in the frames page n (from 1) of the overlay lies. */
static u64 page_offset(const struct disk *d, u32 n)
{
	return (d->table_frames + n - 1) * PAGE;
}

/* ---- what lies behind ---- */

/* One line per disk and kind of trouble: a guest tries again and again. */
static void say(const struct disk *d, bool *said, const char *what, const char *why)
{
	if (!*said)
		log_put(d->log, LOG_ERROR, d->image->name, "%s: %s; the guest sees an I/O error (said once)", what, why);
	*said = true;
}

/* Bytes of the image, zeros behind its end. */
static bool image_read(struct disk *d, u64 offset, void *out, u64 len)
{
	u64 size = d->image->size, there = offset < size ? size - offset : 0;
	struct err err = { 0 };

	if (there > len)
		there = len;
	memset((u8 *)out + there, 0, len - there);
	if (!there || d->image->ops->read(d->image, offset, out, there, &err) == 0)
		return true;
	say(d, &d->said_read, "cannot read the disk", err.text);
	return false;
}

/* What reaches behind the image's end is dropped: those bytes read as zeros again. */
static bool image_write(struct disk *d, u64 offset, const void *in, u64 len)
{
	u64 size = d->image->size, there = offset < size ? size - offset : 0;
	struct err err = { 0 };

	if (there > len)
		there = len;
	if (!there || d->image->ops->write(d->image, offset, in, there, &err) == 0)
		return true;
	say(d, &d->said_write, "cannot write the disk", err.text);
	return false;
}

/* ---- bytes through the overlay ---- */

/* How many of the bytes from offset on lie in one page. */
static u64 within_page(u64 offset, u64 len)
{
	u64 rest = PAGE - offset % PAGE;

	return len < rest ? len : rest;
}

/* The longest piece from offset on that the image still holds; 0 if the first page is in the overlay. */
static u64 untouched(const struct disk *d, u64 offset, u64 len)
{
	u64 n = 0;

	while (n < len && !get(d, 1 + (offset + n) / PAGE))
		n += within_page(offset + n, len - n);
	return n;
}

static bool overlay_read(struct disk *d, u64 offset, u8 *out, u64 len)
{
	for (u64 n; len; offset += n, out += n, len -= n) {
		n = untouched(d, offset, len);
		if (n) {
			if (!image_read(d, offset, out, n))
				return false;
			continue;
		}
		n = within_page(offset, len);
		frames_read(d->frames, d->first, page_offset(d, get(d, 1 + offset / PAGE)) + offset % PAGE, out, n);
	}
	return true;
}

/* Bring the page into the overlay: its number there, or 0.  A page that will be written whole is not read. */
static u32 take_page(struct disk *d, u64 disk_page, bool whole)
{
	u32 used = get(d, 0), page = used + 1;
	u8 copy[PAGE];

	if (used >= d->room) {
		say(d, &d->said_full, "no room for more written sectors in memory",
		    "keep them in a file (overlay=FILE) or in the image (snapshot=off)");
		return 0;
	}
	if (!whole) {
		if (!image_read(d, disk_page * PAGE, copy, PAGE))
			return 0;
		frames_write(d->frames, d->first, page_offset(d, page), copy, PAGE);
	}
	put(d, 0, page);
	put(d, 1 + disk_page, page);
	return page;
}

static bool overlay_write(struct disk *d, u64 offset, const u8 *in, u64 len)
{
	for (u64 n; len; offset += n, in += n, len -= n) {
		u32 page = get(d, 1 + offset / PAGE);

		n = within_page(offset, len);
		if (!page)
			page = take_page(d, offset / PAGE, n == PAGE);
		if (!page)
			return false;
		frames_write(d->frames, d->first, page_offset(d, page) + offset % PAGE, in, n);
	}
	return true;
}

/* ---- sectors ---- */

bool disk_read(struct disk *d, u64 lba, u64 n, void *data)
{
	bool done;

	assert(lba <= d->sectors && n <= d->sectors - lba);
	if (d->faults && faults_fails(d->faults, d->number, lba, n))
		return false;
	done = d->frames ? overlay_read(d, lba * DISK_SECTOR, data, n * DISK_SECTOR)
			 : image_read(d, lba * DISK_SECTOR, data, n * DISK_SECTOR);
	if (d->faults && done)
		faults_spoil(d->faults, d->number, lba, n, data);
	return done;
}

bool disk_write(struct disk *d, u64 lba, u64 n, const void *data)
{
	u64 bytes = n * DISK_SECTOR;

	assert(lba <= d->sectors && n <= d->sectors - lba);
	if (d->read_only || (d->faults && faults_fails(d->faults, d->number, lba, n)))
		return false;
	if (d->faults)
		bytes = faults_torn(d->faults, d->number, lba, n, bytes);
	if (d->frames)
		return overlay_write(d, lba * DISK_SECTOR, data, bytes);
	return image_write(d, lba * DISK_SECTOR, data, bytes);
}

bool disk_flush(struct disk *d)
{
	struct err err = { 0 };

	if (d->frames || d->read_only || d->image->ops->flush(d->image, &err) == 0)
		return true;
	say(d, &d->said_flush, "cannot bring the disk's data to stable storage", err.text);
	return false;
}
