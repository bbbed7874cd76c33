/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-section.c - the frame around everything in a snapshot: name, instance, length, payload, CRC.
 * Rule: lengths come from a hostile stream; every byte is asked of the checked reader.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/snapshot-priv.h"

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

/* FNV-1a, 64 bits, a byte of each CRC after the other. */
u64 stream_id_add(u64 id, u32 crc)
{
	for (int i = 0; i < 32; i += 8)
		id = (id ^ (crc >> i & 0xff)) * 0x100000001b3ull;
	return id;
}

u64 stream_id(const u8 *begin, const u8 *end)
{
	struct reader in = { .at = begin + SNAPSHOT_MAGIC_LEN, .end = end };
	u64 id = STATE_HASH_SEED;
	struct section s;

	while (section_next(&in, &s) && strcmp(s.name, "end"))
		id = stream_id_add(id, s.crc);
	return id;
}

int snapshot_begin(struct reader *in, const u8 *data, size_t len, struct err *err)
{
	*in = (struct reader){ .at = data, .end = data + len };
	if (len < SNAPSHOT_MAGIC_LEN || memcmp(data, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_LEN - 1))
		return err_set(err, EINVAL, "snapshot: does not begin with VITRINE; not a snapshot");
	if (data[SNAPSHOT_MAGIC_LEN - 1] < SNAPSHOT_FORMAT_OLDEST || data[SNAPSHOT_MAGIC_LEN - 1] > SNAPSHOT_FORMAT)
		return err_set(err, EINVAL, "snapshot: is of format %u, this version reads formats %u to %u",
			       data[SNAPSHOT_MAGIC_LEN - 1], SNAPSHOT_FORMAT_OLDEST, SNAPSHOT_FORMAT);
	read_bytes(in, SNAPSHOT_MAGIC_LEN);
	return 0;
}

bool section_next(struct reader *in, struct section *s)
{
	const u8 *payload;
	size_t len;

	s->title[0] = 0;
	read_name(in, s->name, sizeof(s->name));
	read_name(in, s->instance, sizeof(s->instance));
	len = (size_t)read_uint(in, 4);
	payload = read_bytes(in, len);
	s->crc = (u32)read_uint(in, 4);
	s->payload = (struct reader){ .at = payload, .end = in->bad ? payload : payload + len };
	return !in->bad;
}

int section_read(struct reader *in, const u8 *begin, struct section *s, struct err *err)
{
	const u8 *start = in->at, *payload;
	char where[160];
	size_t len;

	s->at = (u64)(start - begin);
	read_name(in, s->name, sizeof(s->name));
	read_name(in, s->instance, sizeof(s->instance));
	snprintf(s->title, sizeof(s->title), "%s%s%s", s->name, *s->instance ? " " : "", s->instance);
	if (in->bad) {
		section_damage(start, in->end, where, sizeof(where));
		return err_set(err, EINVAL, "snapshot: no section has a name at byte %" PRIu64 ": it is cut off or damaged "
			       "there%s", s->at, where);
	}
	len = (size_t)read_uint(in, 4);
	payload = read_bytes(in, len);
	s->crc = (u32)read_uint(in, 4);
	if (in->bad || s->crc != snapshot_crc(0, start, (size_t)(in->at - start) - 4)) {
		section_damage(start, in->end, where, sizeof(where));
		if (in->bad)
			return err_set(err, EINVAL, "snapshot: ends in the middle of section '%s' at byte %" PRIu64 "; expected an "
				       "'end' section%s", s->title, s->at, where);
		return err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 " is damaged: its CRC does not agree with "
			       "its content%s", s->title, s->at, where);
	}
	s->payload = (struct reader){ .at = payload, .end = payload + len };
	return 0;
}

int section_again(struct reader *in, const u8 *begin, struct section *s)
{
	bool there;

	s->at = (u64)(in->at - begin);
	there = section_next(in, s);
	assert(there);
	(void)there;
	snprintf(s->title, sizeof(s->title), "%s%s%s", s->name, *s->instance ? " " : "", s->instance);
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

int section_about(struct section *s, struct snapshot_head *h, struct err *err)
{
	struct about_state about;
	int rc = section_state(s, &about_state_layout, &about, err);

	if (rc)
		return rc;
	strcpy(h->name, s->instance);
	h->created = about.created[0];
	h->icount = about.icount[0];
	h->time = about.time[0];
	return 0;
}

int section_parent(struct section *s, struct snapshot_head *h, struct err *err)
{
	struct parent_state parent;
	int rc = section_state(s, &parent_state_layout, &parent, err);

	if (!rc && !snapshot_name_good(s->instance))
		rc = err_set(err, EINVAL, "snapshot: section '%s' at byte %" PRIu64 ": '%s' is no name of a snapshot", s->title, s->at,
			     s->instance);
	if (rc)
		return rc;
	strcpy(h->parent, s->instance);
	h->parent_id = parent.id[0];
	h->whole = parent.whole[0];
	return 0;
}

int section_end(struct section *s, u64 id, struct err *err)
{
	struct end_state end;
	int rc = 0;

	if (!read_left(&s->payload)) /* format 1 */
		return 0;
	rc = section_state(s, &end_state_layout, &end, err);
	if (!rc && end.id[0] != id)
		rc = err_set(err, EINVAL, "snapshot: section 'end' at byte %" PRIu64 ": its field 'id', the check of all sections, is "
			     "%016" PRIx64 "; they have %016" PRIx64 ": one is missing, or is another's", s->at, end.id[0], id);
	return rc;
}

/* It becomes a file's name, and is a word of a command. */
bool snapshot_name_good(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-";
	size_t len = strlen(name);

	return len && len < SECTION_NAME && name[0] != '.' && name[0] != '-' && strspn(name, letters) == len;
}

/* What comes before the machine. */
int snapshot_head(const u8 *data, size_t len, struct snapshot_head *h, struct err *err)
{
	struct section s;
	struct reader in;
	int rc = snapshot_begin(&in, data, len, err);

	*h = (struct snapshot_head){ .whole = true };
	while (!rc) {
		rc = section_read(&in, data, &s, err);
		if (!rc && !strcmp(s.name, "about"))
			rc = section_about(&s, h, err);
		else if (!rc && !strcmp(s.name, "parent"))
			rc = section_parent(&s, h, err);
		else if (!rc && strcmp(s.name, "writer"))
			return 0;
	}
	return rc;
}
