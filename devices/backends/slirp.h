/* SPDX-License-Identifier: GPL-3.0-or-later
 * slirp.h - a network without privileges: libslirp plays router, DHCP and name server, and speaks through sockets of
 * this process.
 * Rule: the guest reaches what this user could reach, and 10.0.2.2 is the host itself; with `restricted` it reaches
 * nothing but what was forwarded to it.  Its addresses: 10.0.2.15 by DHCP, router 10.0.2.2, names 10.0.2.3.
 * slirp-none.c stands in when the program is built without libslirp.
 */
#ifndef VITRINE_BACKENDS_SLIRP_H
#define VITRINE_BACKENDS_SLIRP_H

#include "devices/backends/cable.h"
#include "devices/backends/outside.h"

/* A port of the host that leads to one of the guest's. */
struct slirp_forward {
	bool udp;
	u32 host;  /* address, bytes in network order */
	u32 guest; /* 0 = 10.0.2.15 */
	u16 host_port, guest_port;
};

enum { SLIRP_FORWARDS = 16 };
struct slirp_options {
	bool restricted;
	struct slirp_forward forward[SLIRP_FORWARDS];
	int nforwards;
};

struct slirp_net;
/* Start it at the other end of the cable, as a source of the machine's outside. */
struct slirp_net *slirp_net_open(const struct slirp_options *o, struct cable *cable, struct outside *outside,
				 struct err *err);
void slirp_net_close(struct slirp_net *s);

#endif
