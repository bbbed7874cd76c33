/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-net.c - frames between two queues and a cable.
 * Rule: a frame is passed on whole or not at all.
 * NOT MODELLED: checksum and segmentation offload, the control queue (so every frame is received), several
 * pairs of queues.
 * Source: virtio 1.2, 5.1; numbers in brackets are its sections.
 */
#include "devices/virtio-net.h"

#include <string.h>

enum { F_MTU = 3, F_MAC = 5, F_MRG_RXBUF = 15, F_STATUS = 16 };                  /* 5.1.3 */
enum { CONFIG_MAC = 0, CONFIG_STATUS = 6, CONFIG_MTU = 10, CONFIG_BYTES = 12 };  /* 5.1.4 */
enum { STATUS_LINK_UP = 1, MTU = 1500 };
enum { QUEUE_RECEIVE, QUEUE_TRANSMIT, QUEUES };                                  /* 5.1.2 */
enum { HEADER_BYTES = 12, HEADER_NUM_BUFFERS = 10 };                             /* 5.1.6 */
enum { ETHERNET_HEADER = 14 };

static struct virtio_net *of(struct virtio *v)
{
	return (struct virtio_net *)v;
}

/* ---- out ---- */

static void transmit(struct virtio_net *n, const struct virtio_chain *c)
{
	u64 len = c->readable - HEADER_BYTES;

	if (len < ETHERNET_HEADER || len > NET_FRAME_MAX || !n->port.send)
		return;
	virtio_chain_read(&n->v, c, HEADER_BYTES, n->frame, len);
	n->port.send(n->port.arg, n->frame, (u32)len);
}

static void serve(struct virtio *v, u32 queue)
{
	struct virtio_chain c;

	while (queue == QUEUE_TRANSMIT && virtio_chain_next(v, queue, &c)) {
		if (c.readable < HEADER_BYTES) {
			virtio_needs_reset(v, "a frame to send without its header");
			return;
		}
		transmit(of(v), &c);
		virtio_done(v, queue, c.head, 0);
	}
}

/* ---- in ---- */

/* Of a frame that goes into several buffers, with its header in front (5.1.6.3). */
struct arrival {
	const u8 *frame;
	u32 len;  /* with the header */
	u32 done; /* bytes stored */
	u16 nbuffers;
	struct { u16 head; u32 written; } buffer[VIRTIO_QUEUE_MAX];
	struct virtio_chain first; /* where the header is */
};

/* Fill one buffer. */
static void store(struct virtio_net *n, struct arrival *a, const struct virtio_chain *c)
{
	u32 at = 0, len = a->len - a->done;

	if (len > c->writable)
		len = (u32)c->writable;
	if (!a->done) {
		at = HEADER_BYTES;
		a->first = *c;
	}
	virtio_chain_write(&n->v, c, at, a->frame + a->done + at - HEADER_BYTES, len - at);
	a->buffer[a->nbuffers].head = c->head;
	a->buffer[a->nbuffers++].written = len;
	a->done += len;
}

/* Take buffers until all of the frame is stored.  False: there are not enough, and none stays taken. */
static bool fill_buffers(struct virtio_net *n, struct arrival *a)
{
	bool merge = virtio_has(&n->v, F_MRG_RXBUF);
	struct virtio_chain c;

	while (a->done < a->len) {
		if ((a->nbuffers && !merge) || a->nbuffers == VIRTIO_QUEUE_MAX ||
		    !virtio_chain_next(&n->v, QUEUE_RECEIVE, &c))
			break;
		if (c.writable <= HEADER_BYTES || c.readable) {
			virtio_needs_reset(&n->v, "a buffer to receive into that has no room for a header");
			break;
		}
		store(n, a, &c);
	}
	n->v.taken = 0;
	if (a->done == a->len)
		return true;
	virtio_chain_untake(&n->v, QUEUE_RECEIVE, a->nbuffers);
	return false;
}

bool virtio_net_receive(struct device *d, const u8 *frame, u32 len)
{
	struct virtio_net *n = of((struct virtio *)d);
	u8 header[HEADER_BYTES] = { 0 };
	struct arrival a = { .frame = frame, .len = len + HEADER_BYTES };

	if (len < ETHERNET_HEADER || len > NET_FRAME_MAX || !fill_buffers(n, &a))
		return false;
	header[HEADER_NUM_BUFFERS] = (u8)a.nbuffers;
	header[HEADER_NUM_BUFFERS + 1] = (u8)(a.nbuffers >> 8);
	virtio_chain_write(&n->v, &a.first, 0, header, sizeof(header));
	for (u16 i = 0; i < a.nbuffers; i++)
		virtio_done(&n->v, QUEUE_RECEIVE, a.buffer[i].head, a.buffer[i].written);
	virtio_publish(&n->v, QUEUE_RECEIVE);
	return true;
}

bool virtio_net_ready(const struct device *d)
{
	return virtio_chain_waiting((const struct virtio *)d, QUEUE_RECEIVE);
}

/* ---- the device ---- */

static const struct virtio_kind kind = {
	.id = VIRTIO_ID_NET,
	.nqueues = QUEUES,
	.config_size = CONFIG_BYTES,
	.pci_class = 0x020000, /* Ethernet controller */
	.features = 1ull << F_MTU | 1ull << F_MAC | 1ull << F_MRG_RXBUF | 1ull << F_STATUS,
	.serve = serve,
};

int virtio_net_init(struct virtio_net *n, const u8 mac[NET_MAC], const struct device_world *world,
		    struct err *err)
{
	memcpy(n->mac, mac, NET_MAC);
	return virtio_init(&n->v, &kind, &virtio_net_class, NULL, &n->s, world, err);
}

static void show_address(struct virtio *v)
{
	for (u32 i = 0; i < NET_MAC; i++)
		virtio_config_put(v, CONFIG_MAC + i, of(v)->mac[i], 1);
}

void virtio_net_new_address(struct virtio_net *n, u64 number)
{
	u64 low = ((u64)n->mac[3] << 16 | (u64)n->mac[4] << 8 | n->mac[5]) + number;

	n->mac[3] = (u8)(low >> 16);
	n->mac[4] = (u8)(low >> 8);
	n->mac[5] = (u8)low;
	show_address(&n->v);
}

static void virtio_net_reset(struct device *d)
{
	struct virtio *v = (struct virtio *)d;

	show_address(v);
	virtio_config_put(v, CONFIG_STATUS, STATUS_LINK_UP, 2);
	virtio_config_put(v, CONFIG_MTU, MTU, 2);
}

const struct device_class virtio_net_class = {
	.name = "virtio-net",
	.brief = "virtio network card",
	.layout = &virtio_state_layout,
	.reset = virtio_net_reset,
	.restored = virtio_restored,
};
