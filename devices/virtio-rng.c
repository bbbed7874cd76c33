/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-rng.c - fill the driver's buffers with random bytes.
 * Rule: a buffer gets at least one byte and at most BYTES_MAX; the driver asks again for more (5.4.6.1).
 * Source: virtio 1.2, 5.4.
 */
#include "devices/virtio-rng.h"

enum { BYTES_MAX = 1024 };

static u32 fill(struct virtio *v, const struct virtio_chain *c)
{
	const struct device_world *w = v->dev.world;
	u32 len = c->writable < BYTES_MAX ? (u32)c->writable : BYTES_MAX;

	for (u32 at = 0; at < len; at += sizeof(u64)) {
		u64 bits = w->random(w->arg);

		virtio_chain_write(v, c, at, &bits, len - at < sizeof(bits) ? len - at : sizeof(bits));
	}
	return len;
}

static void serve(struct virtio *v, u32 queue)
{
	struct virtio_chain c;

	while (virtio_chain_next(v, queue, &c))
		virtio_done(v, queue, c.head, fill(v, &c));
}

static const struct virtio_kind kind = {
	.id = VIRTIO_ID_RNG,
	.nqueues = 1,
	.pci_class = 0x00ff00, /* none of the defined classes */
	.serve = serve,
};

int virtio_rng_init(struct virtio_rng *r, const struct device_world *world, struct err *err)
{
	return virtio_init(&r->v, &kind, &virtio_rng_class, NULL, &r->s, world, err);
}

const struct device_class virtio_rng_class = {
	.name = "virtio-rng",
	.brief = "virtio source of randomness",
	.layout = &virtio_state_layout,
	.restored = virtio_restored,
};
