/* SPDX-License-Identifier: GPL-3.0-or-later
 * channel.h - the stream of bytes that joins the two sides of a migration: a socket, a pipe, a file, a simulated link.
 * Rule: nothing here waits.  A channel that has broken stays broken; whoever has one made again opens another.
 */
#ifndef VITRINE_CORE_MIGRATE_CHANNEL_H
#define VITRINE_CORE_MIGRATE_CHANNEL_H

#include "core/base/types.h"

struct channel {
	/* How many of the bytes were taken; 0: none now; -errno: broken (-EPIPE: the other side has closed it). */
	i64 (*send)(void *arg, const u8 *data, size_t len);
	/* How many bytes have come; 0: none now; -errno as above. */
	i64 (*receive)(void *arg, u8 *data, size_t room);
	void *arg;
};

#endif
