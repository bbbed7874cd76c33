/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay-open.c - make an overlay file, or find out whether one is good and belongs to its base.
 * Rule: the file is hostile input: no number in it is believed before it was checked, and memory is only taken for
 * the sizes of base and file, never for a number in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "devices/backends/file.h"
#include "devices/backends/overlay-priv.h"

enum { VERSION = 1, CHECKED = 504, CHUNK = 128 /* table sectors read at once */ };
/* Of the base, its beginning and pages all over it tell it from others. */
enum { SAMPLE_START = 1 << 20, SAMPLE_PAGES = 64 };

_Static_assert(sizeof(struct overlay_header) == OVERLAY_SECTOR, "the header is one sector");
_Static_assert(sizeof(struct overlay_sector) == OVERLAY_SECTOR, "so is a piece of the table");

u64 overlay_check(const void *sector)
{
	u64 check;

	crypto_shorthash((u8 *)&check, sector, CHECKED, (const u8 *)OVERLAY_MAGIC);
	return check;
}

void overlay_free(struct overlay *o)
{
	if (o->fd >= 0)
		close(o->fd);
	o->base->ops->close(o->base);
	free(o->table);
	free(o->dirty);
	free(o);
}

/* ---- which base ---- */

static int sample(struct block *base, crypto_generichash_state *h, u64 offset, u64 len, struct err *err)
{
	u8 data[OVERLAY_PAGE];
	int rc = 0;

	for (u64 n; len && !rc; offset += n, len -= n) {
		n = len < sizeof(data) ? len : sizeof(data);
		rc = base->ops->read(base, offset, data, n, err);
		crypto_generichash_update(h, data, n);
	}
	return rc;
}

/* Its size, its first MiB and 64 pages spread over the rest. */
static int base_id(struct block *base, u8 id[32], struct err *err)
{
	u64 start = base->size < SAMPLE_START ? base->size : SAMPLE_START, rest = base->size - start;
	crypto_generichash_state h;
	int rc;

	crypto_generichash_init(&h, NULL, 0, 32);
	crypto_generichash_update(&h, (const u8 *)&base->size, sizeof(base->size));
	rc = sample(base, &h, 0, start, err);
	for (u64 i = 1; i <= SAMPLE_PAGES && rest > OVERLAY_PAGE && !rc; i++)
		rc = sample(base, &h, start + (rest - OVERLAY_PAGE) / SAMPLE_PAGES * i, OVERLAY_PAGE, err);
	crypto_generichash_final(&h, id, 32);
	return rc;
}

/* The header that an overlay of this base has. */
static int header_for(const struct overlay *o, struct overlay_header *h, struct err *err)
{
	*h = (struct overlay_header){
		.version = VERSION, .page_size = OVERLAY_PAGE, .disk_size = o->b.size, .table_offset = OVERLAY_PAGE,
		.data_offset = o->data,
	};
	memcpy(h->magic, OVERLAY_MAGIC, sizeof(h->magic));
	strncpy(h->base_name, o->base->name, sizeof(h->base_name) - 1);
	int rc = base_id(o->base, h->base_id, err);
	h->check = overlay_check(h);
	return rc;
}

/* ---- what is in the file ---- */

static int damaged(const struct overlay *o, const char *what, u64 where, struct err *err)
{
	return err_set(err, EINVAL, "overlay %.160s: it is damaged: %s %" PRIu64, o->b.name, what, where);
}

static int check_header(const struct overlay *o, const struct overlay_header *h, const struct overlay_header *want,
			struct err *err)
{
	if (memcmp(h->magic, OVERLAY_MAGIC, sizeof(h->magic)))
		return err_set(err, EINVAL, "overlay %.160s: is something else; expected a file that this program made, or "
			       "none", o->b.name);
	if (h->check != overlay_check(h))
		return damaged(o, "the check of its header is", h->check, err);
	if (h->version != VERSION)
		return err_set(err, EINVAL, "overlay %.160s: its version is %u; expected %d", o->b.name, (unsigned)h->version,
			       VERSION);
	if (h->disk_size != want->disk_size || memcmp(h->base_id, want->base_id, sizeof(h->base_id)))
		return err_set(err, EINVAL, "overlay %.100s: belongs to another base than %.100s (to %.100s, as that was then, "
			       "of %" PRIu64 " bytes)", o->b.name, o->base->name, strnlen(h->base_name, sizeof(h->base_name)) <
			       sizeof(h->base_name) ? h->base_name : "?", h->disk_size);
	if (h->page_size != want->page_size || h->table_offset != want->table_offset ||
	    h->data_offset != want->data_offset)
		return damaged(o, "its pages begin at", h->data_offset, err);
	return 0;
}

/* seen: one bit per page of the file, so that no two pages of the disk share one. */
static int take_entry(struct overlay *o, u64 page, u32 entry, u64 in_file, u64 *seen, struct err *err)
{
	if (!entry)
		return 0;
	if (page >= o->pages)
		return damaged(o, "it names a page behind the disk's end,", page, err);
	if (entry > in_file)
		return damaged(o, "behind its end should be the disk's page", page, err);
	if (seen[entry / 64] >> entry % 64 & 1)
		return damaged(o, "another page of the disk lies where there should be page", page, err);
	seen[entry / 64] |= 1ull << entry % 64;
	o->table[page] = entry;
	if (entry > o->used)
		o->used = entry;
	return 0;
}

static int take_sector(struct overlay *o, const struct overlay_sector *s, u64 number, u64 in_file, u64 *seen,
		       struct err *err)
{
	static const struct overlay_sector empty;
	int rc = 0;

	if (!memcmp(s, &empty, sizeof(*s)))
		return 0;
	if (s->check != overlay_check(s) || s->number != number + 1)
		return damaged(o, "the check of table sector", number, err);
	for (u64 i = 0; i < OVERLAY_ENTRIES && !rc; i++)
		rc = take_entry(o, number * OVERLAY_ENTRIES + i, s->entry[i], in_file, seen, err);
	return rc;
}

/* Table sectors from *at on that are worth reading: holes are not.  0 when there are no more before `end`. */
static u64 next_chunk(const struct overlay *o, u64 *at, u64 end, u64 file_size)
{
	off_t data = lseek(o->fd, (off_t)(OVERLAY_PAGE + *at * OVERLAY_SECTOR), SEEK_DATA);
	u64 in_file = file_size > OVERLAY_PAGE ? (file_size - OVERLAY_PAGE) / OVERLAY_SECTOR : 0;

	if (data < 0 && errno == ENXIO)
		return 0;
	if (data >= 0) /* else: a file system that knows no holes */
		*at = ((u64)data - OVERLAY_PAGE) / OVERLAY_SECTOR;
	end = end < in_file ? end : in_file;
	return *at >= end ? 0 : end - *at < CHUNK ? end - *at : CHUNK;
}

static int load_table(struct overlay *o, u64 file_size, u64 *seen, u64 in_file, struct err *err)
{
	u64 end = overlay_sectors(o->pages);
	struct overlay_sector chunk[CHUNK];
	int rc = 0;

	for (u64 at = 0, n; !rc && (n = next_chunk(o, &at, end, file_size)); at += n) {
		rc = file_read(o->fd, o->b.name, OVERLAY_PAGE + at * OVERLAY_SECTOR, chunk, n * sizeof(chunk[0]), err);
		for (u64 i = 0; i < n && !rc; i++)
			rc = take_sector(o, &chunk[i], at + i, in_file, seen, err);
	}
	return rc;
}

static int load(struct overlay *o, u64 file_size, struct err *err)
{
	u64 in_file = file_size > o->data ? (file_size - o->data) / OVERLAY_PAGE : 0, *seen;
	struct overlay_header h, want;
	int rc;

	if (file_size < sizeof(h))
		return err_set(err, EINVAL, "overlay %.160s: is too short to be one", o->b.name);
	rc = file_read(o->fd, o->b.name, 0, &h, sizeof(h), err);
	if (!rc)
		rc = header_for(o, &want, err);
	if (!rc)
		rc = check_header(o, &h, &want, err);
	if (rc)
		return rc;
	in_file = in_file < UINT32_MAX ? in_file : UINT32_MAX - 1;
	seen = calloc(in_file / 64 + 1, sizeof(*seen));
	if (!seen)
		return err_set(err, ENOMEM, "overlay %.160s: no memory to check it", o->b.name);
	rc = load_table(o, file_size, seen, in_file, err);
	free(seen);
	return rc;
}

/* ---- making one ---- */

/* Its name is in the folder for good, too. */
static int sync_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = 0;

	if (fd < 0 || (fsync(fd) && errno != EINVAL)) /* EINVAL: a file system that cannot */
		rc = err_set(err, errno, "overlay %.160s: its folder: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	free(dir);
	return rc;
}

static int make(struct overlay *o, struct err *err)
{
	struct overlay_header h;
	int rc = header_for(o, &h, err);

	if (!rc)
		rc = file_write(o->fd, o->b.name, 0, &h, sizeof(h), err);
	if (!rc)
		rc = file_sync(o->fd, o->b.name, err);
	return rc ? rc : sync_folder(o->b.name, err);
}

static struct overlay *new_overlay(struct block *base, const char *path, bool writable, struct err *err)
{
	struct overlay *o = calloc(1, sizeof(*o));
	u64 size = (base->size + 511) & ~511ull, pages = (size + OVERLAY_PAGE - 1) / OVERLAY_PAGE;

	if (o && pages < UINT32_MAX) {
		o->table = calloc(pages + 1, sizeof(*o->table)); /* one more: piece() looks behind the end */
		o->dirty = calloc(overlay_sectors(pages) / 64 + 1, sizeof(*o->dirty));
	}
	if (!o || !o->table || !o->dirty) {
		err_set(err, ENOMEM, "overlay %.160s: no memory for the table of a disk of %" PRIu64 " bytes", path,
			base->size);
		if (o) {
			free(o->table);
			free(o->dirty);
		}
		free(o);
		base->ops->close(base);
		return NULL;
	}
	o->b = (struct block){ &overlay_ops, path, size, !writable };
	o->base = base;
	o->fd = -1;
	o->pages = pages;
	o->data = OVERLAY_PAGE + (overlay_sectors(pages) * OVERLAY_SECTOR + OVERLAY_PAGE - 1) / OVERLAY_PAGE * OVERLAY_PAGE;
	return o;
}

struct block *overlay_open(struct block *base, const char *path, bool writable, struct err *err)
{
	struct overlay *o = new_overlay(base, path, writable, err);
	bool existed = !access(path, F_OK);
	u64 file_size = 0;
	int rc;

	if (!o)
		return NULL;
	o->fd = file_descriptor("overlay", path, writable ? O_RDWR | O_CREAT : O_RDONLY, &file_size, err);
	if (o->fd < 0)
		rc = o->fd;
	else if (writable && !file_size)
		rc = make(o, err);
	else
		rc = load(o, file_size, err);
	if (!rc)
		return &o->b;
	if (o->fd >= 0 && !existed)
		unlink(path); /* just made, and good for nothing */
	overlay_free(o);
	return NULL;
}
