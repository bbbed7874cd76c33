/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-net.h - a network card on virtio (virtio 1.2, 5.1).
 * Rule: frames go out when the driver rings the bell, and come in when virtio_net_receive is called.
 */
#ifndef VITRINE_DEVICES_VIRTIO_NET_H
#define VITRINE_DEVICES_VIRTIO_NET_H

#include "devices/net.h"
#include "devices/virtio.h"

struct virtio_net {
	struct virtio v; /* first: the struct device * of it is that of the card */
	struct virtio_state s;
	struct net_port port;
	u8 mac[NET_MAC];
	u8 frame[NET_FRAME_MAX]; /* on its way out */
};

extern const struct device_class virtio_net_class;

/* In zeroed memory. */
int virtio_net_init(struct virtio_net *n, const u8 mac[NET_MAC], const struct device_world *world,
		    struct err *err);
/* Another address, from the driver's next start on: the last three bytes are moved on by `number`. */
void virtio_net_new_address(struct virtio_net *n, u64 number);
/* A frame from the cable.  False: the driver gave no buffer, and the frame is lost. */
bool virtio_net_receive(struct device *d, const u8 *frame, u32 len);
/* Is there a buffer for the next frame? */
bool virtio_net_ready(const struct device *d);

#endif
