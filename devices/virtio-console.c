/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-console.c - one port: a queue of bytes in, a queue of bytes out.
 * Rule: input waits inside only while the driver has given no buffer for it, and outside until the driver has
 * sent something.
 * NOT MODELLED: more than one port.
 * Source: virtio 1.2, 5.3; numbers in brackets are its sections.
 */
#include "devices/virtio-console.h"

#include <string.h>

enum { F_SIZE = 0, F_EMERG_WRITE = 2 };                                                        /* 5.3.3 */
/* 5.3.4 */
enum { CONFIG_COLS = 0, CONFIG_ROWS = 2, CONFIG_MAX_PORTS = 4, CONFIG_EMERG = 8, CONFIG_BYTES = 12 };
enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUES };                                                /* 5.3.2 */
enum { COLS = 80, ROWS = 25, OUTPUT_MAX = 64 << 10 };

static struct virtio_console *of(struct virtio *v)
{
	return (struct virtio_console *)v;
}

static void put_byte(struct virtio *v, u8 byte)
{
	const struct device_world *w = v->dev.world;

	if (w->put_byte)
		w->put_byte(w->arg, "virtio-console", byte);
}

static void transmit(struct virtio *v, const struct virtio_chain *c)
{
	u64 len = c->readable < OUTPUT_MAX ? c->readable : OUTPUT_MAX, n;
	u8 text[256];

	for (u64 at = 0; at < len; at += n) {
		n = virtio_chain_read(v, c, at, text, len - at < sizeof(text) ? len - at : sizeof(text));
		for (u64 i = 0; i < n; i++)
			put_byte(v, text[i]);
	}
}

/* Give what waits to the driver. */
static void deliver(struct virtio *v)
{
	struct virtio_console_state *s = &of(v)->s;
	struct virtio_chain c;

	while (s->ninput[0] && virtio_chain_next(v, QUEUE_RECEIVE, &c)) {
		u8 n = (u8)virtio_chain_write(v, &c, 0, s->input, s->ninput[0]);

		s->ninput[0] -= n;
		memmove(s->input, s->input + n, s->ninput[0]);
		virtio_done(v, QUEUE_RECEIVE, c.head, n);
	}
}

static void serve(struct virtio *v, u32 queue)
{
	struct virtio_chain c;

	if (queue == QUEUE_RECEIVE) {
		deliver(v);
		return;
	}
	while (virtio_chain_next(v, queue, &c)) {
		of(v)->s.has_spoken[0] = 1;
		transmit(v, &c);
		virtio_done(v, queue, c.head, 0);
	}
}

/* A byte in emerg_wr is written out at once, queues or not (5.3.5.1). */
static void config_written(struct virtio *v, u32 offset)
{
	if (offset == CONFIG_EMERG)
		put_byte(v, v->s->config[CONFIG_EMERG]);
}

/* Linux gives buffers for input before its console is complete, and throws away what comes then. */
int virtio_console_room(const struct device *d)
{
	const struct virtio_console_state *s = d->state;
	bool listens = s->has_spoken[0] && virtio_ready((const struct virtio *)d, QUEUE_RECEIVE);

	return listens ? VIRTIO_CONSOLE_INPUT - s->ninput[0] : 0;
}

void virtio_console_receive(struct device *d, u8 byte)
{
	struct virtio *v = (struct virtio *)d;
	struct virtio_console_state *s = d->state;

	if (!virtio_console_room(d))
		return;
	s->input[s->ninput[0]++] = byte;
	virtio_notify(v, QUEUE_RECEIVE);
}

/* ---- the device ---- */

static const struct virtio_kind kind = {
	.id = VIRTIO_ID_CONSOLE,
	.nqueues = QUEUES,
	.config_size = CONFIG_BYTES,
	.config_writable = CONFIG_EMERG,
	.config_writable_size = 4,
	.pci_class = 0x078000, /* communication controller, other */
	.features = 1ull << F_SIZE | 1ull << F_EMERG_WRITE,
	.serve = serve,
	.config_written = config_written,
};

int virtio_console_init(struct virtio_console *c, const struct device_world *world, struct err *err)
{
	return virtio_init(&c->v, &kind, &virtio_console_class, NULL, &c->s, world, err);
}

static void virtio_console_reset(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	virtio_config_put(v, CONFIG_COLS, COLS, 2);
	virtio_config_put(v, CONFIG_ROWS, ROWS, 2);
	virtio_config_put(v, CONFIG_MAX_PORTS, 1, 4);
}

static void virtio_console_restored(struct device *d)
{
	struct virtio_console_state *s = d->state;

	if (s->ninput[0] > VIRTIO_CONSOLE_INPUT)
		s->ninput[0] = VIRTIO_CONSOLE_INPUT;
	virtio_restored(d);
}

const struct device_class virtio_console_class = {
	.name = "virtio-console",
	.brief = "virtio console",
	.layout = &virtio_console_state_layout,
	.reset = virtio_console_reset,
	.restored = virtio_console_restored,
};
