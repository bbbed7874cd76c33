/* SPDX-License-Identifier: GPL-3.0-or-later
 * cable.c - frames from and to the network card, captured on the way.
 * Rule: a frame is captured when it is on the cable: when the card sends it, and when the card is given it.
 */
#include "devices/backends/cable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int cable_open(struct cable *c, struct vm *vm, struct err *err)
{
	*c = (struct cable){ .vm = vm, .pcap = { .fd = -1 }, .queue = malloc(CABLE_QUEUE) };
	return c->queue ? 0 : err_set(err, ENOMEM, "no memory for the network's queue");
}

void cable_close(struct cable *c, struct err *err)
{
	if (c->queue)
		pcap_close(&c->pcap, err);
	free(c->queue);
	*c = (struct cable){ .pcap = { .fd = -1 } };
}

static void capture(struct cable *c, const u8 *frame, u32 len)
{
	struct err err = { 0 };

	if (pcap_frame(&c->pcap, c->vm->clock.now, frame, len, &err))
		log_put(&c->vm->log, LOG_ERROR, "net", "%s; the capture ends here", err.text);
}

static void from_card(void *arg, const u8 *frame, u32 len)
{
	struct cable *c = arg;

	if (c->vm->past) /* it has been sent */
		return;
	capture(c, frame, len);
	if (c->outside.send)
		c->outside.send(c->outside.arg, frame, len);
}

struct net_port cable_port(struct cable *c)
{
	return (struct net_port){ from_card, c };
}

/* ---- the queue ---- */

static void put_bytes(struct cable *c, const void *data, u32 len)
{
	u32 at = (c->head + c->used) % CABLE_QUEUE, first = CABLE_QUEUE - at;

	first = first < len ? first : len;
	memcpy(c->queue + at, data, first);
	memcpy(c->queue, (const u8 *)data + first, len - first);
	c->used += len;
}

static void get_bytes(struct cable *c, void *data, u32 len)
{
	u32 first = CABLE_QUEUE - c->head;

	first = first < len ? first : len;
	memcpy(data, c->queue + c->head, first);
	memcpy((u8 *)data + first, c->queue, len - first);
	c->head = (c->head + len) % CABLE_QUEUE;
	c->used -= len;
}

void cable_put(struct cable *c, const u8 *frame, u32 len)
{
	if (len > NET_FRAME_MAX || len + sizeof(len) > CABLE_QUEUE - c->used) {
		c->lost++;
		return;
	}
	put_bytes(c, &len, sizeof(len));
	put_bytes(c, frame, len);
}

bool cable_waits(const struct cable *c)
{
	return c->used && c->card.ready && c->card.ready(c->card.arg);
}

void cable_deliver(struct cable *c)
{
	u8 frame[NET_FRAME_MAX];
	u32 len;

	while (cable_waits(c)) {
		get_bytes(c, &len, sizeof(len));
		get_bytes(c, frame, len);
		capture(c, frame, len);
		vm_receive(c->vm, INPUT_NET, frame, len);
	}
}
