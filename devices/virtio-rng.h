/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-rng.h - a source of randomness on virtio (virtio 1.2, 5.4).
 * Rule: its bytes come from world->random, so they are the same in every run and in a replay.
 */
#ifndef VITRINE_DEVICES_VIRTIO_RNG_H
#define VITRINE_DEVICES_VIRTIO_RNG_H

#include "devices/virtio.h"

struct virtio_rng {
	struct virtio v; /* first */
	struct virtio_state s;
};

extern const struct device_class virtio_rng_class;

/* In zeroed memory. */
int virtio_rng_init(struct virtio_rng *r, const struct device_world *world, struct err *err);

#endif
