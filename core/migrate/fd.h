/* SPDX-License-Identifier: GPL-3.0-or-later
 * fd.h - a channel over descriptors of the host: a socket, or the two pipes of a program.
 * Rule: they do not block; who has nothing to do meanwhile waits for them by poll(2).
 */
#ifndef VITRINE_CORE_MIGRATE_FD_H
#define VITRINE_CORE_MIGRATE_FD_H

#include "core/migrate/channel.h"

struct fd_channel {
	struct channel channel;
	int in, out; /* may be the same */
};

/* They are made not to block, and are closed with the channel. */
void fd_channel_open(struct fd_channel *c, int in, int out);
void fd_channel_close(struct fd_channel *c);
/* Sleep until something has come, or, if wanted, something can be sent; `most_ms` at most. */
void fd_channel_wait(const struct fd_channel *c, bool to_send, int most_ms);

#endif
