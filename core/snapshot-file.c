/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-file.c - snapshots on disk.
 * Rule: a file appears under its name only when all of it is safely written; a half-written one is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot-priv.h"

static int write_all(int fd, const u8 *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -(n ? errno : EIO);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Write, sync, rename; on failure nothing is left behind. */
static int write_file(const char *path, const char *temp, const struct buf *b)
{
	int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_all(fd, b->data, b->len);
	if (!rc && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(temp, path))
		rc = -errno;
	if (rc)
		unlink(temp);
	return rc;
}

int snapshot_save_file(struct vm *vm, const char *path, struct err *err)
{
	char temp[PATH_MAX];
	struct buf b = { 0 };
	int rc;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.tmp-%ld", path, (long)getpid()) >= sizeof(temp))
		return err_set(err, ENAMETOOLONG, "snapshot %.200s...: the path is too long", path);
	rc = snapshot_save(vm, &b, err);
	if (!rc) {
		rc = write_file(path, temp, &b);
		if (rc)
			err_set(err, -rc, "snapshot %.200s: cannot be written: %s", path, strerror(-rc));
	}
	buf_free(&b);
	return rc;
}

/* No honest snapshot of this machine is larger: its memory, uncompressed, twice, and room for the devices. */
static u64 largest(const struct vm *vm)
{
	return vm->frames.n * PAGE_SIZE_4K * 2 + (256u << 20);
}

static int read_all(int fd, u8 *data, size_t len)
{
	while (len) {
		ssize_t n = read(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -(n ? errno : EIO);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A regular file of sensible size, read whole: a file that changes under us must not change under the
 * checks. */
static int read_file(struct vm *vm, const char *path, u8 **data, size_t *len, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc;

	if (fd < 0)
		return err_set(err, errno, "snapshot %.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = err_set(err, EINVAL, "snapshot %.200s: not a regular file", path);
	else if ((u64)st.st_size > largest(vm))
		rc = err_set(err, EFBIG,
			     "snapshot %.200s: %" PRIu64 " bytes; one of this machine has at most %" PRIu64,
			     path, (u64)st.st_size, largest(vm));
	else if (!(*data = malloc((size_t)st.st_size + 1)))
		rc = err_set(err, ENOMEM, "snapshot %.200s: no memory for its %" PRIu64 " bytes", path,
			     (u64)st.st_size);
	else if ((rc = read_all(fd, *data, *len = (size_t)st.st_size)))
		err_set(err, -rc, "snapshot %.200s: cannot be read: %s", path, strerror(-rc));
	close(fd);
	return rc;
}

int snapshot_load_file(struct vm *vm, const char *path, struct err *err)
{
	u8 *data = NULL;
	size_t len = 0;
	int rc = read_file(vm, path, &data, &len, err);

	if (!rc)
		rc = snapshot_load(vm, data, len, err);
	free(data);
	return rc;
}
