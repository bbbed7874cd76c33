/* SPDX-License-Identifier: GPL-3.0-or-later
 * host-file.c - read a file of the host; find out whether one could be written.
 * Rule: opening never blocks (a pipe could) and never creates anything.
 */
#include "debugger/host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *what, const char *path, struct err *err)
{
	int code = errno;
	return err_set(err, code, "%s %.160s: %s", what, path, strerror(code));
}

/* A descriptor of a regular, non-empty file and its size, or a negative errno. */
static int open_regular(const char *what, const char *path, u64 *len, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (!*path)
		return err_set(err, EINVAL, "%s: the file's name is empty", what);
	if (fd < 0)
		return cannot(what, path, err);
	if (fstat(fd, &st)) {
		int rc = cannot(what, path, err);
		close(fd);
		return rc;
	}
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, EINVAL, "%s %.160s: is %s; expected a regular file", what, path,
			       S_ISDIR(st.st_mode) ? "a directory" : "a pipe or device");
	}
	if (st.st_size == 0) {
		close(fd);
		return err_set(err, EINVAL, "%s %.160s: the file is empty", what, path);
	}
	*len = (u64)st.st_size;
	return fd;
}

static int read_all(int fd, u8 *to, u64 len)
{
	for (u64 at = 0; at < len;) {
		ssize_t n = read(fd, to + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO; /* it shrank meanwhile */
		at += (u64)n;
	}
	return 0;
}

int host_file_read(struct host_file *f, const char *what, const char *path, u64 most, struct err *err)
{
	u64 len = 0;
	int fd = open_regular(what, path, &len, err);

	if (fd < 0)
		return fd;
	if (len > most) {
		close(fd);
		return err_set(err, EFBIG, "%s %.160s: its %llu KiB are more than the %llu KiB that could fit", what, path,
			       (unsigned long long)(len >> 10), (unsigned long long)(most >> 10));
	}
	*f = (struct host_file){ .path = path, .data = malloc(len), .len = len };
	int rc = f->data ? read_all(fd, f->data, len) : -ENOMEM;
	close(fd);
	if (!rc)
		return 0;
	host_file_close(f);
	errno = -rc;
	return cannot(what, path, err);
}

void host_file_close(struct host_file *f)
{
	free(f->data);
	*f = (struct host_file){ 0 };
}

/* The folder that holds the path: may files be made there? */
static int folder_writable(const char *what, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *dir = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	int rc = 0;

	if (!dir)
		return err_set(err, ENOMEM, "%s %.160s: no memory", what, path);
	if (access(dir, W_OK | X_OK))
		rc = cannot(what, path, err);
	free(dir);
	return rc;
}

/* What is there now?  st->st_mode is 0 if nothing is. */
static int look(const char *what, const char *path, struct stat *st, struct err *err)
{
	st->st_mode = 0;
	if (!*path)
		return err_set(err, EINVAL, "%s: the file's name is empty", what);
	if (stat(path, st))
		return errno == ENOENT ? 0 : cannot(what, path, err);
	if (S_ISDIR(st->st_mode))
		return err_set(err, EISDIR, "%s %.160s: is a directory; expected a file's name", what, path);
	return access(path, W_OK) ? cannot(what, path, err) : 0;
}

int host_path_writable(const char *what, const char *path, struct err *err)
{
	struct stat st;
	int rc = look(what, path, &st, err);

	return rc || st.st_mode ? rc : folder_writable(what, path, err);
}

int host_path_replaceable(const char *what, const char *path, struct err *err)
{
	enum { ROOM = 32 }; /* for the ending of a temporary name */
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct stat st;
	int rc = look(what, path, &st, err);

	if (rc)
		return rc;
	if (!lstat(path, &st) && !S_ISREG(st.st_mode))
		return err_set(err, EINVAL, "%s %.160s: is a link, pipe or device; expected a regular file's name", what,
			       path);
	if (strlen(name) > NAME_MAX - ROOM)
		return err_set(err, ENAMETOOLONG, "%s %.160s...: %s", what, path, strerror(ENAMETOOLONG));
	return folder_writable(what, path, err);
}

bool host_path_same(const char *a, const char *b)
{
	struct stat sa, sb;

	if (stat(a, &sa) || stat(b, &sb))
		return !strcmp(a, b);
	return S_ISREG(sa.st_mode) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int host_file_write(const char *path, const void *data, size_t len, struct err *err)
{
	FILE *f = fopen(path, "we");
	bool bad;

	if (!f)
		return err_set(err, errno, "%.160s: %s", path, strerror(errno));
	bad = fwrite(data, 1, len, f) != len;
	if (fclose(f) || bad)
		return err_set(err, EIO, "%.160s: could not be written completely", path);
	return 0;
}
