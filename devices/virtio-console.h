/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-console.h - a console on virtio (virtio 1.2, 5.3).
 * Rule: bytes come in through virtio_console_receive and go out through world->put_byte, as with the serial
 * port.
 */
#ifndef VITRINE_DEVICES_VIRTIO_CONSOLE_H
#define VITRINE_DEVICES_VIRTIO_CONSOLE_H

#include "devices/virtio.h"

enum { VIRTIO_CONSOLE_INPUT = 64 };

#define VIRTIO_CONSOLE_STATE(F, S) \
	VIRTIO_STATE(F, S) \
	F(S, u8, input, VIRTIO_CONSOLE_INPUT, 0, HEX, "bytes from outside that wait for a buffer") \
	F(S, u8, ninput, 1, 0, DEC, "how many") \
	F(S, u8, has_spoken, 1, 0, BOOL, "the driver has sent something, so it is complete")
STATE(virtio_console_state, 1, VIRTIO_CONSOLE_STATE);

struct virtio_console {
	struct virtio v; /* first */
	struct virtio_console_state s;
};

extern const struct device_class virtio_console_class;

/* In zeroed memory. */
int virtio_console_init(struct virtio_console *c, const struct device_world *world, struct err *err);
/* A byte from outside; lost if there is no room. */
void virtio_console_receive(struct device *d, u8 byte);
/* How many bytes it can take without loss: none before the driver has said something. */
int virtio_console_room(const struct device *d);

#endif
