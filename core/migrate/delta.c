/* SPDX-License-Identifier: GPL-3.0-or-later
 * delta.c - runs of equal and of changed bytes: see delta.h.
 * Rule: a run of fewer than GAP equal bytes is not worth its two lengths, and counts as changed.
 */
#include "core/migrate/delta.h"

#include <string.h>

#include "core/x86/x86.h"

enum { PAGE = PAGE_SIZE_4K, GAP = 4 };

static size_t equal_run(const u8 *old, const u8 *new, size_t at)
{
	size_t start = at;
	u64 a, b;

	for (; at + 8 <= PAGE; at += 8) {
		memcpy(&a, old + at, 8);
		memcpy(&b, new + at, 8);
		if (a != b)
			break;
	}
	while (at < PAGE && old[at] == new[at])
		at++;
	return at - start;
}

/* Up to the next run of GAP equal bytes. */
static size_t changed_run(const u8 *old, const u8 *new, size_t at)
{
	size_t start = at, equal = 0;

	for (; at < PAGE && equal < GAP; at++)
		equal = old[at] == new[at] ? equal + 1 : 0;
	return at - equal - start;
}

static size_t put_length(u8 *out, size_t n)
{
	if (n < 0x80) {
		out[0] = (u8)n;
		return 1;
	}
	out[0] = (u8)(n | 0x80);
	out[1] = (u8)(n >> 7); /* a page has 12 bits of them */
	return 2;
}

bool delta_encode(const u8 *old, const u8 *new, u8 *out, size_t room, size_t *len)
{
	size_t used = 0;

	for (size_t at = 0; at < PAGE;) {
		size_t equal = equal_run(old, new, at), changed = changed_run(old, new, at + equal);

		if (!changed)
			break;
		if (used + 4 + changed > room)
			return false;
		used += put_length(out + used, equal);
		used += put_length(out + used, changed);
		memcpy(out + used, new + at + equal, changed);
		used += changed;
		at += equal + changed;
	}
	*len = used;
	return true;
}

/* False: it does not end, or is longer than a page. */
static bool get_length(const u8 **in, const u8 *end, size_t *n)
{
	*n = 0;
	for (unsigned shift = 0; shift <= 7; shift += 7) {
		if (*in == end)
			return false;
		*n |= (size_t)(**in & 0x7f) << shift;
		if (!(*(*in)++ & 0x80))
			return *n <= PAGE;
	}
	return false;
}

bool delta_apply(u8 *page, const u8 *in, size_t len)
{
	const u8 *end = in + len;
	size_t at = 0, equal, changed;

	while (in < end) {
		if (!get_length(&in, end, &equal) || !get_length(&in, end, &changed))
			return false;
		if (equal + changed > PAGE - at || changed > (size_t)(end - in))
			return false;
		memcpy(page + at + equal, in, changed);
		in += changed;
		at += equal + changed;
	}
	return true;
}
