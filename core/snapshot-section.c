/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-section.c - the frame around everything in a snapshot: name, instance, length, payload, CRC.
 * Rule: lengths come from a hostile stream; every byte is asked of the checked reader.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/snapshot-priv.h"

/* IEEE 802.3 polynomial, bits reversed (0xedb88320), four bits at a time: row n is n shifted out. */
u32 snapshot_crc(u32 crc, const u8 *data, size_t len)
{
	static const u32 nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= data[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

void section_put(struct buf *out, const char *name, const char *instance, struct buf *payload)
{
	size_t start = out->len;

	buf_put_str(out, name);
	buf_put_str(out, instance);
	buf_put_uint(out, payload->len, 4);
	buf_put(out, payload->data, payload->len);
	if (payload->failed || payload->len > UINT32_MAX)
		out->failed = true;
	if (!out->failed)
		buf_put_uint(out, snapshot_crc(0, out->data + start, out->len - start), 4);
	payload->len = 0;
}

int snapshot_begin(struct reader *in, const u8 *data, size_t len, struct err *err)
{
	*in = (struct reader){ .at = data, .end = data + len };
	if (len < SNAPSHOT_MAGIC_LEN || memcmp(data, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN - 1))
		return err_set(err, EINVAL, "snapshot: does not begin with VITRINE; not a snapshot");
	if (data[SNAPSHOT_MAGIC_LEN - 1] != SNAPSHOT_FORMAT)
		return err_set(err, EINVAL, "snapshot: is of format %u, this version reads format %u",
			       data[SNAPSHOT_MAGIC_LEN - 1], SNAPSHOT_FORMAT);
	read_bytes(in, SNAPSHOT_MAGIC_LEN);
	return 0;
}

int section_read(struct reader *in, const u8 *begin, struct section *s, struct err *err)
{
	const u8 *start = in->at, *payload;
	size_t len;

	s->at = (u64)(start - begin);
	read_name(in, s->name, sizeof(s->name));
	read_name(in, s->instance, sizeof(s->instance));
	if (in->bad)
		return err_set(err, EINVAL,
			       "snapshot: no section has a name at byte %" PRIu64 ": it is cut off or damaged there",
			       s->at);
	snprintf(s->title, sizeof(s->title), "%s%s%s", s->name, *s->instance ? " " : "", s->instance);
	len = (size_t)read_uint(in, 4);
	payload = read_bytes(in, len);
	s->crc = (u32)read_uint(in, 4);
	if (in->bad)
		return err_set(err, EINVAL,
			       "snapshot: ends in the middle of section '%s' at byte %" PRIu64
			       "; expected an 'end' section",
			       s->title, s->at);
	if (s->crc != snapshot_crc(0, start, (size_t)(in->at - start) - 4))
		return err_set(err, EINVAL,
			       "snapshot: section '%s' at byte %" PRIu64
			       " is damaged: its CRC does not agree with its content",
			       s->title, s->at);
	s->payload = (struct reader){ .at = payload, .end = payload + len };
	return 0;
}

static int nothing_left(const struct section *s, struct err *err)
{
	if (read_left(&s->payload))
		return err_set(err, EINVAL, "snapshot: section '%s' has %zu bytes too many", s->title,
			       read_left(&s->payload));
	return 0;
}

int section_state(struct section *s, const struct layout *l, void *state, struct err *err)
{
	struct err why = { 0 };
	int rc = state_load(l, state, &s->payload, &why);

	if (rc)
		return err_set(err, -rc, "snapshot: section '%s': %s", s->title, why.text);
	return nothing_left(s, err);
}

int section_writer(struct section *s, struct snapshot_writer *w, struct err *err)
{
	read_name(&s->payload, w->program, sizeof(w->program));
	read_name(&s->payload, w->cpu, sizeof(w->cpu));
	if (s->payload.bad)
		return err_set(err, EINVAL,
			       "snapshot: section '%s' at byte %" PRIu64
			       ": expected the names of a program and a processor model",
			       s->title, s->at);
	return nothing_left(s, err);
}
