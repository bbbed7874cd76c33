/* SPDX-License-Identifier: GPL-3.0-or-later
 * wire.h - messages on a stream of bytes, between the two sides of a migration.
 * Rule: a message is whole before anybody looks into it: its length is possible, its number the next one, its CRC right.
 * After the first that is not, nothing of the stream is believed any more.
 *
 * All numbers are little-endian.  A message is
 *	u16 0x4d56 ("VM"), u8 type, u8 0, u32 bytes of payload, u32 its number on this stream from 0, payload, u32 CRC-32 of all that.
 */
#ifndef VITRINE_CORE_MIGRATE_WIRE_H
#define VITRINE_CORE_MIGRATE_WIRE_H

#include "core/base/buf.h"
#include "core/base/err.h"

enum message_type {
#define MESSAGE(number, name, from, what) MSG_##name = number,
#include "core/migrate/messages.def"
#undef MESSAGE
	MSG_END,
};
/* "HANDOVER", or NULL. */
const char *message_name(int type);
/* Does the source say it?  The target?  Both may say some. */
bool message_of_source(int type);
bool message_of_target(int type);

enum { WIRE_HEAD = 12, WIRE_TAIL = 4, WIRE_MAX = 2 << 20 /* bytes of payload at most */ };

struct message {
	u8 type;
	u32 number;
	struct reader payload; /* valid until the next wire_next or wire_feed */
};

/* Messages on their way out.  The head of the queue may have been sent in part. */
struct wire_out {
	struct buf bytes;
	size_t sent;  /* of them */
	u32 number;
	u64 total;    /* bytes put in since the beginning */
};
/* The payload is emptied for the next one.  False: no memory. */
bool wire_put(struct wire_out *w, u8 type, struct buf *payload);
/* What waits to be sent; wire_sent says how much of it has gone. */
static inline size_t wire_waiting(const struct wire_out *w) { return w->bytes.len - w->sent; }
static inline const u8 *wire_front(const struct wire_out *w) { return w->bytes.data + w->sent; }
void wire_sent(struct wire_out *w, size_t n);
void wire_out_close(struct wire_out *w);

/* Messages as they come in. */
struct wire_in {
	struct buf bytes;
	size_t taken; /* of them, by the messages so far */
	u32 number;
	bool bad;
};
/* False: no memory, or more than any message needs is waiting to be looked at. */
bool wire_feed(struct wire_in *w, const void *data, size_t len);
/* 1: a message; 0: not yet; -EPROTO, and *err says what is wrong with the stream. */
int wire_next(struct wire_in *w, struct message *m, struct err *err);
void wire_in_close(struct wire_in *w);

#endif
