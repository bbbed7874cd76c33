/* SPDX-License-Identifier: GPL-3.0-or-later
 * cable.h - the cable between the machine's network card and what is outside, with a tap for captures.
 * Rule: frames for the machine wait here, in order, and enter it only from cable_deliver, by vm_receive; so the
 * moments at which they come can be recorded.
 */
#ifndef VITRINE_BACKENDS_CABLE_H
#define VITRINE_BACKENDS_CABLE_H

#include "devices/backends/pcap.h"
#include "core/vm.h"
#include "devices/net.h"

/* The machine's end: does it take a frame now (pc_net_ready)?  The frame itself goes in by vm_receive. */
struct cable_card {
	bool (*ready)(void *arg);
	void *arg;
};

enum { CABLE_QUEUE = 1 << 20 }; /* bytes that may wait; what comes then is lost, as in any switch */

struct cable {
	struct vm *vm;
	struct cable_card card;
	struct net_port outside; /* where the machine's frames go */
	struct pcap pcap;
	u8 *queue;               /* a ring: u32 length, frame, ... */
	u32 head, used;
	u64 lost;                /* frames */
};

int cable_open(struct cable *c, struct vm *vm, struct err *err);
void cable_close(struct cable *c, struct err *err);
/* What the card is connected to: its frames are captured and go on to c->outside. */
struct net_port cable_port(struct cable *c);
/* A frame for the machine, from outside; may be called while the machine sends. */
void cable_put(struct cable *c, const u8 *frame, u32 len);
/* Is there something to deliver that the card would take now? */
bool cable_waits(const struct cable *c);
void cable_deliver(struct cable *c);

#endif
