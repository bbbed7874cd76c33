/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-mmio.h - a virtio device at a fixed address, without any bus (virtio 1.2, 4.2).
 * Rule: it translates; what a register does is virtio.c's affair.
 *
 * A guest cannot find it by itself.  Linux is told by its command line, virtio_mmio.device=512@0xfeb00000:5,
 * or by ACPI (LNRO0005).
 */
#ifndef VITRINE_DEVICES_VIRTIO_MMIO_H
#define VITRINE_DEVICES_VIRTIO_MMIO_H

#include "devices/virtio.h"

enum { VIRTIO_MMIO_BYTES = 0x200, VIRTIO_MMIO_CONFIG = 0x100 };

#define VIRTIO_MMIO_STATE(F, S) \
	F(S, u32, shm_select, 1, 0, DEC, "shared memory region that the registers show: there is none")
STATE(virtio_mmio_state, 1, VIRTIO_MMIO_STATE);

struct virtio_mmio {
	struct device dev; /* first: a struct device * of this class is a struct virtio_mmio * */
	struct virtio_mmio_state s;
	struct irq_line irq;
	struct claim claim;
	struct virtio *v;
	char name[32]; /* "virtio-blk0-mmio" */
};

extern const struct device_class virtio_mmio_class;

/* In zeroed memory: attach v, which has been initialised, at `base`. */
int virtio_mmio_init(struct virtio_mmio *m, struct virtio *v, u64 base, const struct device_world *world,
		     struct err *err);
/* Once the machine knows the device: answer there. */
int virtio_mmio_claim(struct virtio_mmio *m, struct err *err);

#endif
