/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-store.c - a snapshot's way to the disk, whatever happens to this process, the disk or the power meanwhile.
 * Rule: a name shows either what it showed before or all of the new file, never a part: the content goes to a file of
 * another name, is synced, and takes the name by rename(2), which is one step.
 *
 * The other name ends in .tmp-PID.  Its writer holds a lock on it (flock), which ends with the process: so whoever finds
 * such a file without a lock knows that it is a dead one's.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot-priv.h"

/* ---- the host ---- */

static int host_rename(const char *from, const char *to, bool fresh)
{
	if (!fresh)
		return rename(from, to);
	if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (!access(to, F_OK)) { /* a file system without it */
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

const struct store_ops store_host = { write, fsync, host_rename };

/* ---- writing ---- */

static int write_all(const struct store_ops *ops, int fd, const u8 *data, size_t len)
{
	while (len) {
		ssize_t n = ops->write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -(n ? errno : EIO);
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A new file, locked.  Somebody who tidies up may take it away before the lock is ours: then once more. */
static int open_temp(const char *temp)
{
	for (int tries = 0; tries < 10; tries++) {
		int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		struct stat st;

		if (fd < 0 && errno == EEXIST && !unlink(temp)) /* by a process that had our number */
			continue;
		if (fd < 0)
			return -errno;
		if (!flock(fd, LOCK_EX | LOCK_NB) && !fstat(fd, &st) && st.st_nlink)
			return fd;
		close(fd);
	}
	return -EBUSY;
}

/* The length of the folder's part of a path, without the slash. */
static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* The name is in the folder for good, too. */
static int sync_folder(const struct store_ops *ops, const char *path)
{
	size_t len = folder_len(path);
	char *folder = !strchr(path, '/') ? strdup(".") : len ? strndup(path, len) : strdup("/");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1, rc = 0;

	if (fd < 0 || (ops->sync(fd) && errno != EINVAL)) /* EINVAL: a file system that cannot */
		rc = -errno;
	if (fd >= 0)
		close(fd);
	free(folder);
	return rc;
}

static int write_file(const struct store_ops *ops, const char *path, const char *temp, const struct buf *b, bool fresh)
{
	int fd = open_temp(temp), rc;

	if (fd < 0)
		return fd;
	rc = write_all(ops, fd, b->data, b->len);
	if (!rc && ops->sync(fd))
		rc = -errno;
	if (!rc && ops->rename(temp, path, fresh))
		rc = -errno;
	if (rc)
		unlink(temp);
	if (close(fd) && !rc) /* it was synced: nothing is lost */
		rc = 0;
	return rc;
}

int store_file(const struct store_ops *ops, const char *path, const struct buf *content, bool fresh, struct err *err)
{
	char temp[PATH_MAX];
	int rc;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.tmp-%ld", path, (long)getpid()) >= sizeof(temp))
		return err_set(err, ENAMETOOLONG, "snapshot %.200s...: the path is too long", path);
	rc = write_file(ops, path, temp, content, fresh);
	if (rc)
		return err_set(err, -rc, "snapshot %.200s: cannot be written: %s", path,
			       rc == -EEXIST ? "there is one of that name already" : strerror(-rc));
	rc = sync_folder(ops, path);
	if (rc)
		return err_set(err, -rc, "snapshot %.200s: is written, but its folder cannot be synced (%s): a power cut may take "
			       "its name away", path, strerror(-rc));
	return 0;
}

/* ---- what others left ---- */

static bool is_temp(const char *name, const char *base)
{
	const char *end = strstr(name, ".tmp-");

	if (!end || !end[5] || end[5 + strspn(end + 5, "0123456789")])
		return false;
	if (base)
		return strlen(base) == (size_t)(end - name) && !strncmp(name, base, strlen(base));
	return end - name > (ptrdiff_t)strlen(SNAPSHOT_SUFFIX) &&
	       !strncmp(end - strlen(SNAPSHOT_SUFFIX), SNAPSHOT_SUFFIX, strlen(SNAPSHOT_SUFFIX));
}

static void clean_one(int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !flock(fd, LOCK_EX | LOCK_NB))
		unlinkat(folder, name, 0);
	close(fd);
}

void store_clean(const char *folder, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path;
	char *name = !path ? strdup(folder) : !slash ? strdup(".") : strndup(path, (size_t)(slash + 1 - path));
	DIR *d = name ? opendir(name) : NULL;

	free(name);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));)
		if (is_temp(e->d_name, base))
			clean_one(dirfd(d), e->d_name);
	closedir(d);
}

/* ---- reading ---- */

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

/* Whole: a file that changes under us must not change under the checks. */
int store_read(const char *path, u64 most, struct buf *content, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	struct stat st;

	*content = (struct buf){ 0 };
	if (fd < 0)
		return err_set(err, errno, "snapshot %.200s: %s", path, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = err_set(err, EINVAL, "snapshot %.200s: not a regular file", path);
	else if ((u64)st.st_size > most)
		rc = err_set(err, EFBIG, "snapshot %.200s: %" PRIu64 " bytes; one of this machine has at most %" PRIu64, path,
			     (u64)st.st_size, most);
	else if (!(content->data = malloc((size_t)st.st_size + 1)))
		rc = err_set(err, ENOMEM, "snapshot %.200s: no memory for its %" PRIu64 " bytes", path, (u64)st.st_size);
	else if ((rc = read_all(fd, content->data, content->len = (size_t)st.st_size)))
		err_set(err, -rc, "snapshot %.200s: cannot be read: %s", path, strerror(-rc));
	close(fd);
	if (rc)
		buf_free(content);
	return rc;
}
