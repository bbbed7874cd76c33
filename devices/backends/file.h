/* SPDX-License-Identifier: GPL-3.0-or-later
 * file.h - a raw image in a file of the host.
 * Rule: the image is exactly the file's bytes; its size is that of the moment it was opened.
 */
#ifndef VITRINE_BACKENDS_FILE_H
#define VITRINE_BACKENDS_FILE_H

#include "devices/block.h"

/* A regular file or a block device.  A writable one is locked against other writers and readers of this kind.
 * stays_raw: the guest may not write what would make the image look like another format the next time (format.h):
 * such an image could name any file of the host as its base.  NULL and *err, which names `what` ("disk") and the
 * path; the path must stay valid as long as the block. */
struct block *file_open(const char *what, const char *path, bool writable, bool stays_raw, struct err *err);

/* The same in pieces, for formats that live in a file: open, check, lock; the descriptor or a negative errno. */
int file_descriptor(const char *what, const char *path, int flags, u64 *size, struct err *err);
/* All of it or a negative errno; the end of the file is -EIO, "shorter than it was".  pread and pwrite, in loops. */
int file_read(int fd, const char *name, u64 offset, void *data, u64 len, struct err *err);
int file_write(int fd, const char *name, u64 offset, const void *data, u64 len, struct err *err);
int file_sync(int fd, const char *name, struct err *err);

#endif
