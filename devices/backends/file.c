/* SPDX-License-Identifier: GPL-3.0-or-later
 * file.c - a raw image: pread, pwrite and fdatasync, each until it is done or has failed.
 * Rule: nothing is cached here; what write() took is in the kernel's hands, and flush means fdatasync
 * (POSIX.1-2017, fdatasync: the data, and what is needed to find them again).
 */
#include "devices/backends/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devices/backends/format.h"

struct file_block {
	struct block b; /* first */
	int fd;
	bool stays_raw, broken;
};

static int cannot(const char *what, const char *path, int code, struct err *err)
{
	return err_set(err, code, "%s %.160s: %s", what, path, strerror(code));
}

/* ---- pieces ---- */

int file_read(int fd, const char *name, u64 offset, void *data, u64 len, struct err *err)
{
	u8 *to = data;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cannot("reading", name, errno, err);
		if (!n)
			return err_set(err, EIO, "reading %.160s: the file is shorter than it was", name);
		to += n;
		offset += (u64)n;
		len -= (u64)n;
	}
	return 0;
}

int file_write(int fd, const char *name, u64 offset, const void *data, u64 len, struct err *err)
{
	const u8 *from = data;

	while (len) {
		ssize_t n = pwrite(fd, from, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return cannot("writing", name, n ? errno : ENOSPC, err);
		from += n;
		offset += (u64)n;
		len -= (u64)n;
	}
	return 0;
}

int file_sync(int fd, const char *name, struct err *err)
{
	int rc;

	do
		rc = fdatasync(fd);
	while (rc && errno == EINTR);
	return rc ? cannot("flushing", name, errno, err) : 0;
}

/* ---- opening ---- */

static int check_kind(const char *what, const char *path, const struct stat *st, struct err *err)
{
	if (S_ISREG(st->st_mode) || S_ISBLK(st->st_mode))
		return 0;
	return err_set(err, EINVAL, "%s %.160s: is %s; expected a regular file or a block device", what, path,
		       S_ISDIR(st->st_mode) ? "a directory" : "a pipe or device");
}

/* A writer wants to be alone, readers only without a writer.  File systems without locks are not our business. */
static int lock(int fd, bool writable, const char *what, const char *path, struct err *err)
{
	if (!flock(fd, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) || errno != EWOULDBLOCK)
		return 0;
	return err_set(err, EBUSY, "%s %.160s: is in use: %s", what, path,
		       writable ? "somebody else has it open, so it cannot be written"
				: "a running machine writes it");
}

int file_descriptor(const char *what, const char *path, int flags, u64 *size, struct err *err)
{
	/* O_NONBLOCK: opening a pipe must not wait for its other end. */
	int fd = *path ? open(path, flags | O_CLOEXEC | O_NONBLOCK, 0666) : -1, rc = 0;
	struct stat st;
	off_t end;

	if (!*path)
		return err_set(err, EINVAL, "%s: the file's name is empty", what);
	if (fd < 0)
		return cannot(what, path, errno, err);
	if (fstat(fd, &st))
		rc = cannot(what, path, errno, err);
	if (!rc)
		rc = check_kind(what, path, &st, err);
	if (!rc)
		rc = lock(fd, (flags & O_ACCMODE) != O_RDONLY, what, path, err);
	end = rc ? 0 : lseek(fd, 0, SEEK_END); /* a block device's size is not in st_size */
	if (!rc && end < 0)
		rc = cannot(what, path, errno, err);
	if (rc) {
		close(fd);
		return rc;
	}
	*size = (u64)end;
	return fd;
}

/* ---- the block ---- */

static int block_read(struct block *b, u64 offset, void *data, u64 len, struct err *err)
{
	return file_read(((struct file_block *)b)->fd, b->name, offset, data, len, err);
}

/* What the image would start with after this write. */
static int check_start(struct file_block *f, u64 offset, const void *data, u64 len, struct err *err)
{
	u8 start[FORMAT_PROBE] = { 0 };
	u64 there = f->b.size < sizeof(start) ? f->b.size : sizeof(start);
	int rc = file_read(f->fd, f->b.name, 0, start, there, err);

	if (rc)
		return rc;
	memcpy(start + offset, data, len < sizeof(start) - offset ? len : sizeof(start) - offset);
	if (!format_probe(start))
		return 0;
	return err_set(err, EPERM, "%.160s: the guest would make this raw image look like a %s image; format=raw allows it",
		       f->b.name, format_probe(start));
}

static int block_write(struct block *b, u64 offset, const void *data, u64 len, struct err *err)
{
	struct file_block *f = (struct file_block *)b;
	int rc = f->stays_raw && offset < FORMAT_PROBE ? check_start(f, offset, data, len, err) : 0;

	return rc ? rc : file_write(f->fd, b->name, offset, data, len, err);
}

/* After a failed fdatasync the kernel may have dropped what it could not write, and the next call would succeed all
 * the same: so it is never called again. */
static int block_flush(struct block *b, struct err *err)
{
	struct file_block *f = (struct file_block *)b;
	int rc = f->broken ? err_set(err, EIO, "flushing %.160s: an earlier flush had failed", b->name)
			   : file_sync(f->fd, b->name, err);

	f->broken |= rc != 0;
	return rc;
}

static void block_close(struct block *b)
{
	close(((struct file_block *)b)->fd);
	free(b);
}

static const struct block_ops file_ops = { block_read, block_write, block_flush, block_close };

struct block *file_open(const char *what, const char *path, bool writable, bool stays_raw, struct err *err)
{
	struct file_block *f;
	u64 size;
	int fd = file_descriptor(what, path, writable ? O_RDWR : O_RDONLY, &size, err);

	if (fd < 0)
		return NULL;
	f = size ? calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		close(fd);
		err_set(err, size ? ENOMEM : EINVAL, "%s %.160s: %s", what, path,
			size ? "no memory" : "the file is empty");
		return NULL;
	}
	*f = (struct file_block){ { &file_ops, path, size, !writable }, fd, stays_raw, false };
	return &f->b;
}
