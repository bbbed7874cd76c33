/* SPDX-License-Identifier: GPL-3.0-or-later
 * net.h - the cable between a network card and what is outside.
 * Rule: frames are whole Ethernet frames without FCS; who cannot take one drops it, as on a wire.
 */
#ifndef VITRINE_DEVICES_NET_H
#define VITRINE_DEVICES_NET_H

#include "core/base/types.h"

enum { NET_FRAME_MAX = 65550, NET_MAC = 6 };

/* The card's end: frames go out here.  send == NULL: no cable. */
struct net_port {
	void (*send)(void *arg, const u8 *frame, u32 len);
	void *arg;
};

#endif
