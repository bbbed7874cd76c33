/* SPDX-License-Identifier: GPL-3.0-or-later
 * image.c - open a disk's image, and the overlay above it.
 * Rule: a base under an overlay is opened for reading only.
 */
#include "devices/backends/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "devices/backends/file.h"
#include "devices/backends/format.h"
#include "devices/backends/nbd.h"
#include "devices/backends/overlay.h"

/* A disk has whole sectors: the rest of the last one would have no place to be written to. */
static struct block *check_size(struct block *b, struct err *err)
{
	if (b && !b->read_only && b->size % 512) {
		err_set(err, EINVAL, "disk %.160s: %llu bytes are no whole number of sectors of 512; with overlay=FILE or "
			"snapshot=on it can be used all the same", b->name, (unsigned long long)b->size);
		b->ops->close(b);
		return NULL;
	}
	return b;
}

/* The format that the content shows (NULL = raw).  Trouble with the file is for file_open to tell. */
static const char *probe(const char *path)
{
	u8 start[FORMAT_PROBE] = { 0 };
	struct err err = { 0 };
	u64 size;
	int fd = file_descriptor("disk", path, O_RDONLY, &size, &err);

	if (fd < 0)
		return NULL;
	int rc = file_read(fd, path, 0, start, size < sizeof(start) ? size : sizeof(start), &err);
	close(fd);
	return rc ? NULL : format_probe(start);
}

static struct block *open_base(const struct image_options *o, bool writable, struct err *err)
{
	bool automatic = !o->format || !strcmp(o->format, "auto");
	const char *format = o->format;

	if (nbd_is_uri(o->path))
		return nbd_open_uri(o->path, writable, err);
	if (automatic)
		format = probe(o->path);
	if (!format || !strcmp(format, "raw"))
		return file_open("disk", o->path, writable, automatic, err);
	return nbd_open_image(o->path, format, writable, err);
}

struct block *image_open(const struct image_options *o, struct err *err)
{
	struct block *base = check_size(open_base(o, o->writable && !o->overlay, err), err);

	return base && o->overlay ? overlay_open(base, o->overlay, o->writable, err) : base;
}
