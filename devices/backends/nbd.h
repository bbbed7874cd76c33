/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd.h - a disk on a Network Block Device server; the server may be a qemu-nbd of our own, for formats it knows.
 * Rule: a server we started is ended and waited for by close(), and ends by itself if we die.
 * nbd-none.c stands in when the program is built without libnbd; its functions say so.
 */
#ifndef VITRINE_BACKENDS_NBD_H
#define VITRINE_BACKENDS_NBD_H

#include "devices/block.h"

/* Is it the address of an export (nbd://HOST/EXPORT, nbd+unix:///EXPORT?socket=PATH, nbds://...)? */
static inline bool nbd_is_uri(const char *path)
{
	return !__builtin_strncmp(path, "nbd:", 4) || !__builtin_strncmp(path, "nbd+", 4) ||
	       !__builtin_strncmp(path, "nbds:", 5) || !__builtin_strncmp(path, "nbds+", 5);
}

/* NULL and *err, which names the address; it must stay valid as long as the block. */
struct block *nbd_open_uri(const char *uri, bool writable, struct err *err);
/* A file of a format that qemu-nbd knows (format.h). */
struct block *nbd_open_image(const char *path, const char *format, bool writable, struct err *err);

#endif
