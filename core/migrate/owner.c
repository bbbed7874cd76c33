/* SPDX-License-Identifier: GPL-3.0-or-later
 * owner.c - the lock on a file: see owner.h.
 * Rule: the kernel drops the lock with the last descriptor, so it cannot outlive who held it.
 */
#include "core/migrate/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool set_lock(const struct owner_file *f, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };

	return !fcntl(f->fd, F_OFD_SETLK, &lock);
}

static bool take(void *arg)
{
	return set_lock(arg, F_WRLCK);
}

static void give(void *arg)
{
	set_lock(arg, F_UNLCK);
}

int owner_file_open(struct owner_file *f, const char *path, struct err *err)
{
	*f = (struct owner_file){ .owner = { take, give, f }, .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	if (f->fd < 0)
		return err_set(err, errno, "the lock %.200s, which says who may run the machine: %s", path, strerror(errno));
	return 0;
}

void owner_file_close(struct owner_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
