/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-damage.c - where in a section the damage is: the field that is cut off, the one bit that is wrong.
 * Rule: nothing is repaired by it: who has found a damaged section refuses it, and these are words for his refusal.
 *
 * A section with one wrong bit is found by trying: its CRC tells which bit of a payload it is; of the names and the length
 * before it, every bit is turned until the rest agrees.
 */
#include <stdio.h>
#include <string.h>

#include "core/snapshot-priv.h"

/* An honest section is at most some 270 KB (64 pages that do not get smaller), most are 2 KB; trying costs some 300 CRCs. */
enum { SECTION_MOST = 1 << 20, HEADER_MOST = 2 * (2 + SECTION_NAME) + 4 };

struct extent { /* of a section, as its own bytes have it */
	char name[SECTION_NAME], instance[SECTION_NAME];
	size_t payload, len; /* offset and length of its payload; the CRC follows */
};

/* False: the bytes, as far as they go, are no section. */
static bool measure(const u8 *start, size_t room, struct extent *e)
{
	struct reader in = { .at = start, .end = start + room };

	read_name(&in, e->name, sizeof(e->name));
	read_name(&in, e->instance, sizeof(e->instance));
	e->len = (size_t)read_uint(&in, 4);
	e->payload = (size_t)(in.at - start);
	return !in.bad;
}

/* ---- which field ---- */

static bool is_list(const char *name)
{
	static const char *const lists[] = { "about", "parent", "machine", "clock", "vm", "device", "vcpu", "end" };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (!strcmp(lists[i], name))
			return true;
	return false;
}

/* The field of a list in which the byte at `at` lies; the last one that begins before it, if the list ends too soon. */
static void list_field(struct reader in, size_t at, char *out, size_t size)
{
	const u8 *begin = in.at;
	struct saved_field f;
	u16 version;
	u32 n;

	if (at < 6 || saved_head_read(&in, "", &version, &n, NULL)) {
		snprintf(out, size, "the number of its fields");
		return;
	}
	while (n-- && !saved_field_read(&in, "", &f, NULL))
		if ((size_t)(in.at - begin) > at)
			break;
	snprintf(out, size, "its field '%s'", f.name);
}

static void pages_field(struct reader in, size_t at, char *out, size_t size)
{
	u64 n = read_uint(&in, 4);

	snprintf(out, size, "%s", at < 4 ? "the number of its pages" : at < 4 + n * 8 ? "the addresses of its pages"
										       : "its compressed pages");
}

/* `payload`: as it should be. */
static void name_field(const struct extent *e, struct reader payload, size_t at, char *out, size_t size)
{
	if (is_list(e->name))
		list_field(payload, at, out, size);
	else if (!strcmp(e->name, "pages"))
		pages_field(payload, at, out, size);
	else
		snprintf(out, size, "its entries");
}

/* ---- which bit ---- */

static bool agrees(const u8 *section, size_t room)
{
	struct extent e;
	struct reader crc;

	if (!measure(section, room, &e) || e.len > SECTION_MOST || room - e.payload < e.len + 4)
		return false;
	crc = (struct reader){ .at = section + e.payload + e.len, .end = section + room };
	return read_uint(&crc, 4) == snapshot_crc(0, section, e.payload + e.len);
}

/* One bit of what stands before the payload: names and length. */
static bool find_in_header(u8 *copy, size_t room, size_t *at, u8 *bit)
{
	for (*at = 0; *at < HEADER_MOST && *at < room; ++*at)
		for (*bit = 0; *bit < 8; ++*bit) {
			copy[*at] ^= (u8)(1 << *bit);
			if (agrees(copy, room))
				return true;
			copy[*at] ^= (u8)(1 << *bit);
		}
	return false;
}

/* One bit of the payload or of the CRC itself. */
static bool find_behind(u8 *copy, const struct extent *e, size_t *at, u8 *bit)
{
	size_t len = e->payload + e->len;
	struct reader in = { .at = copy + len, .end = copy + len + 4 };
	u32 difference = snapshot_crc(0, copy, len) ^ (u32)read_uint(&in, 4);

	if (difference && !(difference & (difference - 1))) {
		u32 n = (u32)__builtin_ctz(difference);

		*at = len + n / 8;
		*bit = (u8)(n % 8);
		return true;
	}
	if (!snapshot_crc_bit(difference, len, at, bit))
		return false;
	copy[*at] ^= (u8)(1 << *bit);
	return true;
}

static void say_bit(const u8 *copy, size_t room, size_t at, u8 bit, char *out, size_t size)
{
	char field[SECTION_NAME + 32] = "the CRC itself";
	struct extent e;

	measure(copy, room, &e);
	if (at < e.payload)
		snprintf(field, sizeof(field), "%s", at < e.payload - 4 ? "its name" : "its length");
	else if (at < e.payload + e.len)
		name_field(&e, (struct reader){ .at = copy + e.payload, .end = copy + e.payload + e.len }, at - e.payload, field,
			   sizeof(field));
	snprintf(out, size, "; bit %u of its byte %zu is wrong, which is in %s%s%s%s", bit, at, field,
		 at < e.payload ? " ('" : "", at < e.payload ? e.name : "", at < e.payload ? "')" : "");
}

static void say_end(const struct extent *e, const u8 *start, size_t room, char *out, size_t size)
{
	char field[SECTION_NAME + 32];

	name_field(e, (struct reader){ .at = start + e->payload, .end = start + room }, room - e->payload, field, sizeof(field));
	snprintf(out, size, "; it is cut off in %s", field);
}

void section_damage(const u8 *start, const u8 *end, char *out, size_t size)
{
	size_t room = (size_t)(end - start), all = room < SECTION_MOST ? room : SECTION_MOST, at = 0;
	struct buf copy = { 0 };
	struct extent e = { .name = "" };
	bool measured = measure(start, room, &e);
	u8 bit = 0;

	*out = 0;
	buf_put(&copy, start, all);
	if (copy.failed || !copy.len)
		;
	else if (measured && e.len < all && all - e.payload >= e.len + 4 && find_behind(copy.data, &e, &at, &bit))
		say_bit(copy.data, all, at, bit, out, size);
	else if (find_in_header(copy.data, all, &at, &bit))
		say_bit(copy.data, all, at, bit, out, size);
	else if (measured && room - e.payload < e.len + 4)
		say_end(&e, start, room, out, size);
	buf_free(&copy);
}
