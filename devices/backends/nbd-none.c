/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd-none.c - what stands in for nbd.c where libnbd is missing.
 * Rule: one clear sentence.
 */
#include <errno.h>

#include "devices/backends/nbd.h"

struct block *nbd_open_uri(const char *uri, bool writable, struct err *err)
{
	err_set(err, ENOSYS, "disk %.160s: this program was built without libnbd, which reaches NBD servers", uri);
	return NULL;
}

struct block *nbd_open_image(const char *path, const char *format, bool writable, struct err *err)
{
	err_set(err, ENOSYS, "disk %.160s: is a %s image, for which this program needs libnbd, and was built without it; "
		"'qemu-img convert -O raw' makes a raw image", path, format);
	return NULL;
}
