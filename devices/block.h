/* SPDX-License-Identifier: GPL-3.0-or-later
 * block.h - what lies behind a disk: an image file, an NBD export, a CD.
 * Rule: a call returns when it is done; how long a disk takes is virtual time, and its device's affair.
 */
#ifndef VITRINE_DEVICES_BLOCK_H
#define VITRINE_DEVICES_BLOCK_H

#include "core/base/err.h"
#include "core/base/types.h"

struct block;
struct block_ops {
	/* [offset, offset + len) lies within size.  0, or a negative errno: the guest gets an I/O error, *err is for the
	 * user. */
	int (*read)(struct block *b, u64 offset, void *data, u64 len, struct err *err);
	int (*write)(struct block *b, u64 offset, const void *data, u64 len, struct err *err);
	/* What has been written before survives whatever happens to this process and to the host's power. */
	int (*flush)(struct block *b, struct err *err);
	void (*close)(struct block *b);
};

struct block {
	const struct block_ops *ops;
	const char *name; /* for messages */
	u64 size;         /* bytes */
	bool read_only;   /* write is never called */
};

#endif
