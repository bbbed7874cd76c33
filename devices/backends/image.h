/* SPDX-License-Identifier: GPL-3.0-or-later
 * image.h - from what a user says of a disk to what lies behind it: file, server, overlay.
 * Rule: the format is found by content, never by the file's name.
 */
#ifndef VITRINE_BACKENDS_IMAGE_H
#define VITRINE_BACKENDS_IMAGE_H

#include "devices/block.h"

struct image_options {
	const char *path;    /* a file, or an NBD address */
	const char *format;  /* NULL = found by content; "raw"; or a name of format.h */
	const char *overlay; /* what is written goes to this file; NULL = to the image */
	bool writable;       /* false: nothing is written, to either */
};

/* NULL and *err.  The strings must stay valid as long as the block. */
struct block *image_open(const struct image_options *o, struct err *err);

#endif
