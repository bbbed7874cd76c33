/* SPDX-License-Identifier: GPL-3.0-or-later
 * field.c - what every state list can do: reset, save, load by name, print, diff, hash.
 *
 * On the wire a run is: u16 version, u32 fields; then per field its name (u16 length, bytes), u8 width,
 * u32 count and the values, little-endian.  A host of ours is little-endian (types.h), so an array
 * travels as its bytes.
 * Rule: a run being loaded is hostile; nothing of it reaches *state before the last byte of it has been
 * checked.
 */
#include "core/field.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PRINT_MAX = 16 };

static size_t bytes_of(const struct field *f)
{
	return (size_t)f->width * f->count;
}

u64 field_get(const struct field *f, const void *state, u32 index)
{
	u64 value = 0;

	memcpy(&value, (const u8 *)state + f->offset + (size_t)index * f->width, f->width);
	return value;
}

void field_set(const struct field *f, void *state, u32 index, u64 value)
{
	memcpy((u8 *)state + f->offset + (size_t)index * f->width, &value, f->width);
}

static const struct field *find_exact(const struct layout *l, const char *name, size_t len)
{
	for (u32 i = 0; i < l->nfields; i++)
		if (strlen(l->fields[i].name) == len && !memcmp(l->fields[i].name, name, len))
			return &l->fields[i];
	return NULL;
}

/* "[12]" -> 12; false when it is anything else or not below `count`. */
static bool parse_index(const char *text, u32 count, u32 *index)
{
	u64 n = 0;
	const char *c = text + 1;

	if (*text != '[' || *c < '0' || *c > '9')
		return false;
	for (; *c >= '0' && *c <= '9'; c++) {
		n = n * 10 + (u64)(*c - '0');
		if (n >= count)
			return false;
	}
	*index = (u32)n;
	return c[0] == ']' && c[1] == 0;
}

const struct field *field_find(const struct layout *l, const char *name, u32 *index)
{
	size_t len = strcspn(name, "[");
	const struct field *f = find_exact(l, name, len);

	*index = 0;
	if (!f || (name[len] && !parse_index(name + len, f->count, index)))
		return NULL;
	return f;
}

void state_reset(const struct layout *l, void *state)
{
	for (u32 i = 0; i < l->nfields; i++)
		for (u32 n = 0; n < l->fields[i].count; n++)
			field_set(&l->fields[i], state, n, l->fields[i].reset);
}

void state_save(const struct layout *l, const void *state, struct buf *out)
{
	buf_put_uint(out, l->version, 2);
	buf_put_uint(out, l->nfields, 4);
	for (const struct field *f = l->fields; f < l->fields + l->nfields; f++) {
		buf_put_str(out, f->name);
		buf_put_uint(out, f->width, 1);
		buf_put_uint(out, f->count, 4);
		buf_put(out, (const u8 *)state + f->offset, bytes_of(f));
	}
}

static bool all_zero(const u8 *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

int saved_head_read(struct reader *in, const char *who, u16 *version, u32 *nfields, struct err *err)
{
	*version = (u16)read_uint(in, 2);
	*nfields = (u32)read_uint(in, 4);
	if (in->bad)
		return err_set(err, EINVAL, "%s: the saved state ends within its first 6 bytes", who);
	return 0;
}

int saved_field_read(struct reader *in, const char *who, struct saved_field *f, struct err *err)
{
	read_name(in, f->name, sizeof(f->name));
	f->width = (u8)read_uint(in, 1);
	f->count = (u32)read_uint(in, 4);
	f->values = read_bytes(in, (size_t)f->width * f->count); /* at most 255 * (2^32 - 1) */
	if (!f->values)
		return err_set(err, EINVAL, "%s: the saved state ends or is damaged near field '%s'", who, f->name);
	if (f->width != 1 && f->width != 2 && f->width != 4 && f->width != 8)
		return err_set(err, EINVAL, "%s.%s: saved as values of %u bytes; expected 1, 2, 4 or 8", who, f->name,
			       (unsigned)f->width);
	return 0;
}

/* One field of a run into the scratch copy; seen[] notes which fields have come. */
static int load_field(const struct layout *l, u8 *scratch, u8 *seen, struct reader *in, struct err *err)
{
	struct saved_field saved;
	const struct field *f;
	int rc = saved_field_read(in, l->name, &saved, err);

	if (rc)
		return rc;
	f = find_exact(l, saved.name, strlen(saved.name));
	if (!f) {
		if (all_zero(saved.values, (size_t)saved.width * saved.count))
			return 0;
		return err_set(err, EINVAL,
			       "%s: the saved state has a field '%s' that this version does not know",
			       l->name, saved.name);
	}
	if (saved.width != f->width || saved.count != f->count)
		return err_set(err, EINVAL, "%s.%s: saved as %u values of %u bytes, expected %u of %u", l->name,
			       saved.name, (unsigned)saved.count, (unsigned)saved.width, (unsigned)f->count,
			       (unsigned)f->width);
	if (seen[f - l->fields]++)
		return err_set(err, EINVAL, "%s.%s: comes twice in the saved state", l->name, saved.name);
	memcpy(scratch + f->offset, saved.values, bytes_of(f));
	return 0;
}

static int load_run(const struct layout *l, u8 *scratch, u8 *seen, struct reader *in, struct err *err)
{
	u16 version;
	u32 nfields;
	int rc = saved_head_read(in, l->name, &version, &nfields, err);

	if (!rc && version > l->version)
		rc = err_set(err, EINVAL, "%s: saved by version %u, this one knows up to %u", l->name,
			     (unsigned)version, (unsigned)l->version);
	/* Every field takes bytes from the reader, so a lie about their number ends with the input. */
	for (u32 i = 0; i < nfields && !rc; i++)
		rc = load_field(l, scratch, seen, in, err);
	return rc;
}

int state_load(const struct layout *l, void *state, struct reader *in, struct err *err)
{
	u8 *scratch = calloc(1, l->size + l->nfields);
	int rc;

	if (!scratch)
		return err_set(err, ENOMEM, "%s: no memory to load the saved state", l->name);
	state_reset(l, scratch);
	rc = load_run(l, scratch, scratch + l->size, in, err);
	if (!rc)
		memcpy(state, scratch, l->size);
	free(scratch);
	return rc;
}

void field_put_value(const struct field *f, u64 value, struct buf *out)
{
	if (f->format == DEC)
		buf_printf(out, "%" PRIu64, value);
	else if (f->format == BOOL && value <= 1)
		buf_printf(out, "%s", value ? "yes" : "no");
	else
		buf_printf(out, "0x%0*" PRIx64, f->width * 2, value);
}

void field_print(const struct field *f, const void *state, struct buf *out)
{
	u32 shown = f->count < PRINT_MAX ? f->count : PRINT_MAX;

	buf_printf(out, "%-16s =", f->name);
	for (u32 i = 0; i < shown; i++) {
		buf_printf(out, " ");
		field_put_value(f, field_get(f, state, i), out);
	}
	if (shown < f->count)
		buf_printf(out, " ... (%u values)", (unsigned)f->count);
	if (f->help)
		buf_printf(out, "   (%s)", f->help);
	buf_printf(out, "\n");
}

void state_print(const struct layout *l, const void *state, struct buf *out)
{
	for (const struct field *f = l->fields; f < l->fields + l->nfields; f++)
		field_print(f, state, out);
}

int state_diff(const struct layout *l, const void *a, const void *b, struct buf *out)
{
	int differing = 0;

	for (const struct field *f = l->fields; f < l->fields + l->nfields; f++)
		for (u32 i = 0; i < f->count; i++) {
			u64 x = field_get(f, a, i), y = field_get(f, b, i);

			if (x == y)
				continue;
			differing++;
			buf_printf(out, "%s", f->name);
			if (f->count > 1)
				buf_printf(out, "[%u]", (unsigned)i);
			buf_printf(out, ": 0x%" PRIx64 " != 0x%" PRIx64 "\n", x, y);
		}
	return differing;
}

/* FNV-1a, 64 bits: over the bytes of each value, lowest first (draft-eastlake-fnv section 2). */
u64 state_hash(const struct layout *l, const void *state, u64 seed)
{
	u64 hash = seed;

	for (const struct field *f = l->fields; f < l->fields + l->nfields; f++) {
		const u8 *at = (const u8 *)state + f->offset;

		for (size_t i = 0; i < bytes_of(f); i++)
			hash = (hash ^ at[i]) * 0x100000001b3ull;
	}
	return hash;
}
