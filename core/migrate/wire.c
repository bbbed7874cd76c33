/* SPDX-License-Identifier: GPL-3.0-or-later
 * wire.c - framing: see wire.h.
 * Rule: nothing that comes in decides how much memory is taken, beyond WIRE_MAX.
 */
#include "core/migrate/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/snapshot-priv.h"

enum { MARK = 0x4d56, ROOM = 4 * WIRE_MAX };

static const struct {
	const char *name;
	char from; /* 'S', 'T' or 'E' */
} messages[] = {
#define MESSAGE(number, name, from, what) [number] = { #name, #from[0] },
#include "core/migrate/messages.def"
#undef MESSAGE
};

const char *message_name(int type)
{
	return type > 0 && type < MSG_END ? messages[type].name : NULL;
}

bool message_of_source(int type)
{
	return message_name(type) && messages[type].from != 'T';
}

bool message_of_target(int type)
{
	return message_name(type) && messages[type].from != 'S';
}

/* ---- out ---- */

static void drop_sent(struct wire_out *w)
{
	if (w->sent < w->bytes.len && w->sent < WIRE_MAX)
		return;
	memmove(w->bytes.data, w->bytes.data + w->sent, w->bytes.len - w->sent);
	w->bytes.len -= w->sent;
	w->sent = 0;
}

bool wire_put(struct wire_out *w, u8 type, struct buf *payload)
{
	size_t start;

	if (w->sent)
		drop_sent(w);
	start = w->bytes.len;
	buf_put_uint(&w->bytes, MARK, 2);
	buf_put_uint(&w->bytes, type, 1);
	buf_put_uint(&w->bytes, 0, 1);
	buf_put_uint(&w->bytes, payload->len, 4);
	buf_put_uint(&w->bytes, w->number++, 4);
	buf_put(&w->bytes, payload->data, payload->len);
	if (!w->bytes.failed)
		buf_put_uint(&w->bytes, snapshot_crc(0, w->bytes.data + start, w->bytes.len - start), 4);
	w->total += WIRE_HEAD + payload->len + WIRE_TAIL;
	payload->len = 0;
	return !w->bytes.failed && !payload->failed;
}

void wire_sent(struct wire_out *w, size_t n)
{
	w->sent += n;
	if (w->sent == w->bytes.len)
		w->sent = w->bytes.len = 0;
}

void wire_out_close(struct wire_out *w)
{
	buf_free(&w->bytes);
	*w = (struct wire_out){ 0 };
}

/* ---- in ---- */

bool wire_feed(struct wire_in *w, const void *data, size_t len)
{
	if (w->taken) {
		memmove(w->bytes.data, w->bytes.data + w->taken, w->bytes.len - w->taken);
		w->bytes.len -= w->taken;
		w->taken = 0;
	}
	if (len > ROOM - w->bytes.len)
		return false;
	buf_put(&w->bytes, data, len);
	return !w->bytes.failed;
}

static int bad(struct wire_in *w, struct err *err, const char *what, u64 found, u64 expected)
{
	w->bad = true;
	return err_set(err, EPROTO, "migration: message %" PRIu32 " has %s 0x%" PRIx64 "; expected 0x%" PRIx64, w->number, what,
		       found, expected);
}

/* The head says how long it is: so it is checked before its tail has come. */
static int check_head(struct wire_in *w, struct reader *head, u8 *type, u64 *len, struct err *err)
{
	u64 mark = read_uint(head, 2), number;

	if (mark != MARK)
		return bad(w, err, "the mark", mark, MARK);
	*type = (u8)read_uint(head, 1);
	if (!message_name(*type))
		return bad(w, err, "the unknown type", *type, MSG_HELLO);
	read_uint(head, 1);
	*len = read_uint(head, 4);
	if (*len > WIRE_MAX)
		return bad(w, err, "a length of", *len, WIRE_MAX);
	number = read_uint(head, 4);
	return number == w->number ? 0 : bad(w, err, "the number", number, w->number);
}

int wire_next(struct wire_in *w, struct message *m, struct err *err)
{
	const u8 *start = w->bytes.data + w->taken;
	struct reader in = { .at = start, .end = start + (w->bytes.len - w->taken) };
	u64 len = 0, crc;
	u32 ours;

	if (w->bad)
		return err_set(err, EPROTO, "migration: the stream is broken");
	if (w->bytes.len - w->taken < WIRE_HEAD)
		return 0;
	if (check_head(w, &in, &m->type, &len, err))
		return -EPROTO;
	if (read_left(&in) < len + WIRE_TAIL)
		return 0;
	m->payload = (struct reader){ .at = read_bytes(&in, len) };
	m->payload.end = m->payload.at + len;
	ours = snapshot_crc(0, start, WIRE_HEAD + len);
	crc = read_uint(&in, 4);
	if (crc != ours)
		return bad(w, err, "the CRC", crc, ours);
	m->number = w->number++;
	w->taken += WIRE_HEAD + len + WIRE_TAIL;
	return 1;
}

void wire_in_close(struct wire_in *w)
{
	buf_free(&w->bytes);
	*w = (struct wire_in){ 0 };
}
