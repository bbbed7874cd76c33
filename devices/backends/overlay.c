/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay.c - reading and writing through an overlay file, and the flush that makes it last.
 * Rule: table[] in memory is ahead of the file's table only in pages that were appended since the last flush.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/backends/file.h"
#include "devices/backends/overlay-priv.h"

enum { PAGE = OVERLAY_PAGE, UNSAVED_MAX = 4096 };

/* ---- where bytes lie ---- */

static struct overlay *of(struct block *b)
{
	return (struct overlay *)b;
}

static u64 within_page(u64 offset, u64 len)
{
	u64 rest = PAGE - offset % PAGE;

	return len < rest ? len : rest;
}

/* The longest piece from offset on that lies in a row: in the file (*place, not 0), or in the base. */
static u64 piece(const struct overlay *o, u64 offset, u64 len, u64 *place)
{
	u64 page = offset / PAGE, n = within_page(offset, len);
	u32 entry = o->table[page];

	*place = entry ? overlay_place(o, entry) + offset % PAGE : 0;
	while (n < len && o->table[++page] == (entry ? ++entry : 0))
		n += within_page(offset + n, len - n);
	return n;
}

/* Bytes of the base, zeros behind its end. */
static int base_read(const struct overlay *o, u64 offset, void *data, u64 len, struct err *err)
{
	u64 there = offset < o->base->size ? o->base->size - offset : 0;

	if (there > len)
		there = len;
	memset((u8 *)data + there, 0, len - there);
	return there ? o->base->ops->read(o->base, offset, data, there, err) : 0;
}

static int overlay_read(struct block *b, u64 offset, void *data, u64 len, struct err *err)
{
	struct overlay *o = of(b);
	u8 *to = data;
	int rc = 0;

	for (u64 n, place; len && !rc; offset += n, to += n, len -= n) {
		n = piece(o, offset, len, &place);
		rc = place ? file_read(o->fd, b->name, place, to, n, err) : base_read(o, offset, to, n, err);
	}
	return rc;
}

/* ---- writing ---- */

/* n new pages at the end of the file are those of the disk from `page` on. */
static void append(struct overlay *o, u64 page, u64 n)
{
	for (u64 i = 0; i < n; i++) {
		u64 sector = (page + i) / OVERLAY_ENTRIES;

		o->table[page + i] = ++o->used;
		o->dirty[sector / 64] |= 1ull << sector % 64;
		o->unsaved++;
	}
}

/* Whole pages from offset on that the base still holds. */
static u64 new_pages(const struct overlay *o, u64 offset, u64 len)
{
	u64 n = 0;

	while (offset % PAGE == 0 && len - n * PAGE >= PAGE && !o->table[offset / PAGE + n])
		n++;
	return n;
}

/* Some bytes of a page that the base still holds: the rest is copied. */
static int copy_page(struct overlay *o, u64 offset, const u8 *from, u64 n, struct err *err)
{
	u8 page[PAGE];
	int rc = base_read(o, offset - offset % PAGE, page, PAGE, err);

	memcpy(page + offset % PAGE, from, n);
	return rc ? rc : file_write(o->fd, o->b.name, overlay_place(o, o->used + 1), page, PAGE, err);
}

/* As much as can be done in one go; its length, or a negative errno. */
static i64 write_piece(struct overlay *o, u64 offset, const u8 *from, u64 len, struct err *err)
{
	u64 place, n = new_pages(o, offset, len);
	int rc;

	if (o->used + n + 1 >= UINT32_MAX)
		return err_set(err, ENOSPC, "overlay %.160s: it has no numbers left for new pages", o->b.name);
	if (o->table[offset / PAGE]) {
		n = piece(o, offset, len, &place);
		rc = file_write(o->fd, o->b.name, place, from, n, err);
		return rc ? rc : (i64)n;
	}
	if (n) {
		rc = file_write(o->fd, o->b.name, overlay_place(o, o->used + 1), from, n * PAGE, err);
		if (!rc)
			append(o, offset / PAGE, n);
		return rc ? rc : (i64)(n * PAGE);
	}
	n = within_page(offset, len);
	rc = copy_page(o, offset, from, n, err);
	if (!rc)
		append(o, offset / PAGE, 1);
	return rc ? rc : (i64)n;
}

static int overlay_write(struct block *b, u64 offset, const void *data, u64 len, struct err *err)
{
	const u8 *from = data;
	struct overlay *o = of(b);

	for (i64 n; len; offset += (u64)n, from += n, len -= (u64)n) {
		n = write_piece(o, offset, from, len, err);
		if (n < 0)
			return (int)n;
	}
	/* Who never flushes does not lose everything. */
	return o->unsaved > UNSAVED_MAX ? b->ops->flush(b, err) : 0;
}

/* ---- flushing ---- */

static int write_sector(struct overlay *o, u64 sector, struct err *err)
{
	struct overlay_sector s = { .number = sector + 1 };
	u64 first = sector * OVERLAY_ENTRIES, n = o->pages - first;

	n = n < OVERLAY_ENTRIES ? n : OVERLAY_ENTRIES;
	memcpy(s.entry, o->table + first, n * sizeof(s.entry[0]));
	s.check = overlay_check(&s);
	return file_write(o->fd, o->b.name, OVERLAY_PAGE + sector * OVERLAY_SECTOR, &s, sizeof(s), err);
}

static int write_dirty(struct overlay *o, struct err *err)
{
	int rc = 0;

	for (u64 i = 0; i <= overlay_sectors(o->pages) / 64 && !rc; i++)
		for (u64 bits = o->dirty[i]; bits && !rc; bits &= bits - 1)
			rc = write_sector(o, i * 64 + (u64)__builtin_ctzll(bits), err);
	return rc;
}

/* After a failed fdatasync the kernel may have dropped what it could not write, and the next call would succeed all
 * the same: so it is never called again. */
static int sync_file(struct overlay *o, struct err *err)
{
	int rc = o->broken ? err_set(err, EIO, "flushing %.160s: an earlier flush had failed", o->b.name)
			   : file_sync(o->fd, o->b.name, err);

	o->broken |= rc != 0;
	return rc;
}

static int overlay_flush(struct block *b, struct err *err)
{
	struct overlay *o = of(b);
	int rc = sync_file(o, err); /* the pages first, then who names them */

	if (rc || !o->unsaved)
		return rc;
	rc = write_dirty(o, err);
	if (!rc)
		rc = sync_file(o, err);
	if (rc)
		return rc;
	memset(o->dirty, 0, (overlay_sectors(o->pages) / 64 + 1) * sizeof(*o->dirty));
	o->unsaved = 0;
	return 0;
}

static void overlay_close(struct block *b)
{
	overlay_free(of(b));
}

const struct block_ops overlay_ops = { overlay_read, overlay_write, overlay_flush, overlay_close };
