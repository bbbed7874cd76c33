/* SPDX-License-Identifier: GPL-3.0-or-later
 * net-options.c - from --net user,key=value... to a network.
 * Rule: an address is four numbers; names are never looked up.
 */
#include "debugger/net-options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/suboptions.h"
#include "devices/pc.h"

#define FORWARD_FORM "expected tcp:[ADDRESS]:PORT-[ADDRESS]:PORT, the host's side first (or udp:...)"

/* [ADDRESS]:PORT, up to `end`. */
static bool take_end(const char *text, const char *end, u32 *address, u16 *port)
{
	const char *colon = memchr(text, ':', (size_t)(end - text)), *stop;
	char host[INET_ADDRSTRLEN];
	struct in_addr a = { 0 };
	u64 number;

	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = 0;
	if (host[0] && inet_pton(AF_INET, host, &a) != 1)
		return false;
	if (!number_parse(colon + 1, &number, &stop) || stop != end || !number || number > 65535)
		return false;
	if (host[0])
		*address = a.s_addr;
	*port = (u16)number;
	return true;
}

static int take_forward(void *slot, const char *value, struct err *err)
{
	struct slirp_options *o = &((struct net_options *)slot)->slirp;
	/* Without an address, only this host itself can come in. */
	struct slirp_forward f = { .udp = !strncmp(value, "udp:", 4), .host = htonl(INADDR_LOOPBACK) };
	const char *host = value + 4, *dash = strchr(value, '-');

	if (o->nforwards == SLIRP_FORWARDS)
		return err_set(err, E2BIG, "more than %d; expected at most that many", SLIRP_FORWARDS);
	if ((!f.udp && strncmp(value, "tcp:", 4)) || !dash || !take_end(host, dash, &f.host, &f.host_port) ||
	    !take_end(dash + 1, dash + strlen(dash), &f.guest, &f.guest_port))
		return err_set(err, EINVAL, FORWARD_FORM);
	o->forward[o->nforwards++] = f;
	return 0;
}

static int take_mac(void *slot, const char *value, struct err *err)
{
	u8 mac[NET_MAC];
	const char *at = value;

	for (int i = 0; i < NET_MAC; i++, at += 3) {
		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]) || at[2] != (i < NET_MAC - 1 ? ':' : 0))
			return err_set(err, EINVAL, "expected six bytes as 52:54:00:12:34:56");
		mac[i] = (u8)strtoul(at, NULL, 16);
	}
	if (mac[0] & 1)
		return err_set(err, EINVAL, "is a group's address; expected that of one card (an even first byte)");
	memcpy(slot, mac, sizeof(mac));
	return 0;
}

#define PART(key, take, member) { key, take, offsetof(struct net_options, member) }
static const struct suboption parts[] = {
	{ "hostfwd", take_forward, 0 },
	PART("restrict", take_switch, slirp.restricted),
	PART("mac", take_mac, mac),
	PART("pcap", take_text, pcap),
};

int take_net(void *slot, const char *value, struct err *err)
{
	struct net_options *o = slot;
	int rc;

	if (strlen(value) >= sizeof(o->text))
		return err_set(err, ENAMETOOLONG, "'%.40s...' is longer than %zu bytes", value, sizeof(o->text) - 1);
	memset(o, 0, sizeof(*o));
	strcpy(o->text, value);
	rc = suboptions_parse(o->text, &o->kind, parts, ARRAY_LEN(parts), o, err);
	if (!rc && strcmp(o->kind, "user") && strcmp(o->kind, "none"))
		return err_set(err, EINVAL, "'%.40s' is no network; expected user or none", o->kind);
	if (!rc && !strcmp(o->kind, "none") && strchr(value, ','))
		return err_set(err, EINVAL, "none has no parts; expected 'none' alone, or user,...");
	if (!rc && o->pcap && !*o->pcap)
		return err_set(err, EINVAL, "pcap=: the file's name is empty");
	return rc;
}

bool net_options_wanted(const struct net_options *o)
{
	return o->kind && !strcmp(o->kind, "user");
}

/* ---- the network ---- */

static bool card_ready(void *arg)
{
	return pc_net_ready(arg);
}


int network_open(struct network *n, const struct net_options *o, struct outside *outside, struct pc *pc, i64 start,
		 struct err *err)
{
	struct net_port port;
	int rc;

	memset(n, 0, sizeof(*n));
	if (!net_options_wanted(o))
		return 0;
	rc = cable_open(&n->cable, outside->vm, err);
	if (!rc && o->pcap)
		rc = pcap_open(&n->cable.pcap, o->pcap, start, err);
	if (!rc) {
		n->slirp = slirp_net_open(&o->slirp, &n->cable, outside, err);
		rc = n->slirp ? 0 : -err->code;
	}
	if (rc)
		return rc;
	n->cable.card = (struct cable_card){ card_ready, pc };
	port = cable_port(&n->cable);
	pc_net_connect(pc, &port);
	return 0;
}

void network_close(struct network *n)
{
	slirp_net_close(n->slirp);
	cable_close(&n->cable, NULL);
	memset(n, 0, sizeof(*n));
}
