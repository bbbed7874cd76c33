/* SPDX-License-Identifier: GPL-3.0-or-later
 * talk.c - see talk.h.
 * Rule: whoever is silent for longer than the time-out is gone; so both say something, if only PING, four times in it.
 */
#include "core/migrate/talk.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { PIECE = 64 << 10 };

void talk_open(struct talk *t, struct channel *channel, u64 timeout_ns, u64 now)
{
	talk_close(t);
	*t = (struct talk){ .channel = channel, .timeout_ns = timeout_ns, .heard = now, .pinged = now };
}

void talk_close(struct talk *t)
{
	wire_out_close(&t->out);
	wire_in_close(&t->in);
}

void talk_put(struct talk *t, u8 type, struct buf *payload)
{
	if (!wire_put(&t->out, type, payload))
		t->broken = true;
}

void talk_say(struct talk *t, u8 type)
{
	struct buf none = { 0 };

	talk_put(t, type, &none);
}

void talk_flush(struct talk *t, size_t most)
{
	while (most && wire_waiting(&t->out) && !t->broken) {
		size_t len = wire_waiting(&t->out);
		i64 n = t->channel->send(t->channel->arg, wire_front(&t->out), len < most ? len : most);

		if (n < 0)
			t->broken = true;
		if (n <= 0)
			return;
		wire_sent(&t->out, (size_t)n);
		most -= (size_t)n;
	}
}

/* What has come so far.  A broken channel is no news before all that came is read. */
static int receive(struct talk *t, u64 now, struct err *err)
{
	u8 piece[PIECE];
	i64 n = t->channel->receive(t->channel->arg, piece, sizeof(piece));

	if (n < 0)
		return err_set(err, -(int)n, "migration: the link is gone (%s)", n == -EPIPE ? "closed by the other side" : strerror(-(int)n));
	if (n > 0) {
		if (!wire_feed(&t->in, piece, (size_t)n))
			return err_set(err, EPROTO, "migration: the other side sends without waiting for an answer");
		return 1;
	}
	if (t->broken)
		return err_set(err, EPIPE, "migration: the link is gone");
	if (now - t->heard > t->timeout_ns)
		return err_set(err, ETIMEDOUT, "migration: nothing was heard of the other side for %" PRIu64 " ms", (now - t->heard) / 1000000);
	return 0;
}

static void stay_awake(struct talk *t, u64 now)
{
	if (now - t->pinged < t->timeout_ns / 4)
		return;
	t->pinged = now;
	talk_say(t, MSG_PING);
}

int talk_next(struct talk *t, struct message *m, u64 now, struct err *err)
{
	stay_awake(t, now);
	for (;;) {
		int rc = wire_next(&t->in, m, err);

		if (rc < 0)
			return rc;
		if (rc)
			t->heard = now;
		if (rc && m->type != MSG_PING && m->type != MSG_PONG)
			return 1;
		if (rc && m->type == MSG_PING)
			talk_say(t, MSG_PONG);
		if (rc)
			continue;
		rc = receive(t, now, err);
		if (rc <= 0)
			return rc;
	}
}
