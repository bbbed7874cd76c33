/* SPDX-License-Identifier: GPL-3.0-or-later
 * forge.h - right CRCs over whatever the sections of a snapshot say now: for tests of what lies behind the checks.
 * Rule: it knows the form of a stream (core/snapshot-priv.h) and believes nothing in it.
 */
#ifndef VITRINE_TESTS_FORGE_H
#define VITRINE_TESTS_FORGE_H

#include <string.h>

#include "core/snapshot-priv.h"

/* Section "end" gets the check of all CRCs before it, if its one field is where it should be. */
static void forge_end(const struct section *s, u64 id)
{
	size_t len = read_left(&s->payload);

	for (size_t i = 0; len >= 8 && i < 8; i++)
		((u8 *)s->payload.end)[(ptrdiff_t)i - 8] = (u8)(id >> 8 * i);
}

static void forge(struct buf *b)
{
	struct reader in = { .at = b->data + SNAPSHOT_MAGIC_LEN, .end = b->data + b->len };
	u64 id = STATE_HASH_SEED;
	struct section s;

	for (const u8 *start = in.at; section_next(&in, &s); start = in.at) {
		u32 crc;

		if (!strcmp(s.name, "end"))
			forge_end(&s, id);
		crc = snapshot_crc(0, start, (size_t)(in.at - start) - 4);
		for (int i = 0; i < 4; i++)
			b->data[in.at - b->data - 4 + i] = (u8)(crc >> 8 * i);
		id = stream_id_add(id, crc);
	}
}

#endif
