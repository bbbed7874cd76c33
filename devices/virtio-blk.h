/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-blk.h - a disk on virtio (virtio 1.2, 5.2).
 * Rule: a request is done when the driver rings the bell; nothing waits inside.
 */
#ifndef VITRINE_DEVICES_VIRTIO_BLK_H
#define VITRINE_DEVICES_VIRTIO_BLK_H

#include "devices/disk.h"
#include "devices/virtio.h"

struct virtio_blk {
	struct virtio v; /* first */
	struct virtio_state s;
	struct disk *disk; /* set before reset */
	char name[16];
};

extern const struct device_class virtio_blk_class;

/* In zeroed memory: number `index` among its like. */
int virtio_blk_init(struct virtio_blk *b, u32 index, struct disk *disk, const struct device_world *world,
		    struct err *err);

#endif
