/* SPDX-License-Identifier: GPL-3.0-or-later
 * net-options.h - --net: what the user says, and the network that comes of it.
 * Rule: without --net user nothing of the guest leaves this process.
 */
#ifndef VITRINE_DEBUGGER_NET_OPTIONS_H
#define VITRINE_DEBUGGER_NET_OPTIONS_H

#include "devices/backends/slirp.h"

struct pc;

enum { NET_TEXT = 2048 };
struct net_options {
	char text[NET_TEXT]; /* the others point into it */
	const char *kind;    /* "user"; NULL or "none" = no network card */
	const char *pcap;    /* file for captured frames, or NULL */
	u8 mac[NET_MAC];     /* all zeros: the board's default */
	struct slirp_options slirp;
};

struct network {
	struct cable cable;
	struct slirp_net *slirp;
};

/* For the table of options; slot is the struct net_options. */
int take_net(void *slot, const char *value, struct err *err);
bool net_options_wanted(const struct net_options *o);
/* Connect the board's card.  start: the guest's date at power-up, for the capture. */
int network_open(struct network *n, const struct net_options *o, struct outside *outside, struct pc *pc, i64 start,
		 struct err *err);
void network_close(struct network *n);

#endif
