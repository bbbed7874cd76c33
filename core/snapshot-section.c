/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-section.c - the frame around everything in a snapshot: name, instance, length, payload, CRC.
 * Rule: lengths come from a hostile stream; every byte is asked of the checked reader.
 */
#include <errno.h>
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

int section_read(struct reader *in, struct section *s, struct err *err)
{
	const u8 *start = in->at, *payload;
	size_t len;
	u32 crc;

	read_str(in, s->name, sizeof(s->name));
	read_str(in, s->instance, sizeof(s->instance));
	len = (size_t)read_uint(in, 4);
	payload = read_bytes(in, len);
	crc = (u32)read_uint(in, 4);
	if (in->bad)
		return err_set(err, EINVAL,
			       "snapshot: ends in the middle of a section; expected an 'end' section");
	if (crc != snapshot_crc(0, start, (size_t)(in->at - start) - 4))
		return err_set(err, EINVAL,
			       "snapshot: a section is damaged: its CRC does not agree with its content");
	s->payload = (struct reader){ .at = payload, .end = payload + len };
	return 0;
}
