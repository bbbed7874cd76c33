/* SPDX-License-Identifier: GPL-3.0-or-later
 * talk.h - what the two sides of a migration have in common: messages over a channel, and noticing that it is gone.
 * Rule: only core/migrate includes this.
 */
#ifndef VITRINE_CORE_MIGRATE_TALK_H
#define VITRINE_CORE_MIGRATE_TALK_H

#include "core/migrate/channel.h"
#include "core/migrate/wire.h"

struct talk {
	struct channel *channel;
	struct wire_out out;
	struct wire_in in;
	u64 heard;      /* when a whole message came last: the beginning of one is none */
	u64 pinged;
	u64 timeout_ns;
	bool broken;
};

void talk_open(struct talk *t, struct channel *channel, u64 timeout_ns, u64 now);
void talk_close(struct talk *t);
/* Queue a message; the payload is emptied. */
void talk_put(struct talk *t, u8 type, struct buf *payload);
/* The same, without payload. */
void talk_say(struct talk *t, u8 type);
/* Send what can be sent. */
void talk_flush(struct talk *t, size_t most);
/* Bytes that wait. */
static inline size_t talk_waiting(const struct talk *t) { return wire_waiting(&t->out); }
/* The next message.  1: got one; 0: none now; negative: the channel is of no more use, and *err says why.  PING and PONG
 * are dealt with here. */
int talk_next(struct talk *t, struct message *m, u64 now, struct err *err);

#endif
