/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-echo.h - a virtio device for tests of what all of them share.
 * Rule: it takes chains from either queue and writes what it read back into them, each byte one greater.
 */
#ifndef VITRINE_TESTS_UNIT_VIRTIO_ECHO_H
#define VITRINE_TESTS_UNIT_VIRTIO_ECHO_H

#include "tests/unit/virtio-driver.h"

enum { F_ECHO = 5, BUF = 0x80000, BUF2 = 0x90000 };

struct echo {
	struct virtio v;
	struct virtio_state s;
	int served, chains;
	u32 npieces, nreadable;
	u64 readable, writable;
};

static inline void echo_serve(struct virtio *v, u32 queue)
{
	struct echo *e = (struct echo *)v;
	struct virtio_chain c;

	e->served++;
	while (virtio_chain_next(v, queue, &c)) {
		u8 data[256];
		u64 n = virtio_chain_read(v, &c, 0, data, sizeof(data));

		for (u64 i = 0; i < n; i++)
			data[i]++;
		e->chains++;
		e->npieces = c.npieces;
		e->nreadable = c.nreadable;
		e->readable = c.readable;
		e->writable = c.writable;
		virtio_done(v, queue, c.head, (u32)virtio_chain_write(v, &c, 0, data, n));
	}
}

static const struct virtio_kind echo_kind = {
	.id = 42, .nqueues = 2, .config_size = 6, .config_writable = 2, .config_writable_size = 2,
	.features = F_BIT(F_ECHO), .serve = echo_serve,
};
static const struct device_class echo_class = { .name = "echo", .layout = &virtio_state_layout,
						.restored = virtio_restored };

struct rig {
	struct driver d;
	struct echo e;
	struct log log;
};

static inline void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	driver_open(&r->d, &r->log);
	ck_assert_int_eq(virtio_init(&r->e.v, &echo_kind, &echo_class, NULL, &r->e.s, &r->d.b.world, NULL), 0);
	driver_attach(&r->d, &r->e.v);
}

static inline void started(struct rig *r, u64 more)
{
	setup(r);
	driver_start(&r->d, F_VERSION | more);
}

#endif
