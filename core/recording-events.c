/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording-events.c - what happens in a run as marks of four bytes, by which the first event that differs is found.
 * Rule: only what follows from the guest and its inputs is marked; how the run was cut into pieces leaves no mark.
 */
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#include "core/recording-priv.h"

#define ULL(x) ((unsigned long long)(x))
enum { ZSTD_LEVEL = 1 };

static u8 fold(u64 n)
{
	n ^= n >> 32;
	n *= 0x9e3779b97f4a7c15ull; /* 2^64 / golden ratio: every bit of n reaches the top ones */
	return (u8)(n >> 56);
}

bool mark_of(const struct event *ev, u64 *latest, struct mark *m)
{
	u64 since = ev->icount - *latest;

	if (ev->kind == EV_intr)
		*m = (struct mark){ fold(0x100u + ev->intr.vector), fold(ev->intr.rip), 0, fold(since) };
	else if (ev->kind == EV_exit && exit_is_guests(ev->exit.reason) && ev->exit.number)
		*m = (struct mark){ fold(ev->exit.reason ^ ev->exit.qualification << 8 ^ ev->exit.gpa << 16), fold(ev->exit.rip),
				    fold(ev->exit.value), fold(since) };
	else
		return false;
	m->what ^= ev->vcpu;
	*latest = ev->icount;
	return true;
}

void marks_pack(const struct mark *m, u32 n, struct buf *out)
{
	u8 packed[MARKS_MAX * sizeof(*m) * 2]; /* more than ZSTD_compressBound of it */
	size_t size = ZSTD_compress(packed, sizeof(packed), m, n * sizeof(*m), ZSTD_LEVEL);

	buf_put_uint(out, n, 4);
	out->failed |= ZSTD_isError(size) != 0;
	if (!ZSTD_isError(size))
		buf_put(out, packed, size);
}

u32 marks_unpack(struct reader *in, struct mark out[MARKS_MAX])
{
	u32 n = (u32)read_uint(in, 4);
	size_t len = read_left(in), size;

	if (in->bad || !n || n > MARKS_MAX)
		return 0;
	size = ZSTD_decompress(out, MARKS_MAX * sizeof(*out), read_bytes(in, len), len);
	return ZSTD_isError(size) || size != n * sizeof(*out) ? 0 : n;
}

static const char *field_that_differs(const struct mark *a, const struct mark *b)
{
	if (a->what != b->what)
		return "it is another event than then";
	if (a->where != b->where)
		return "rip was another one then";
	return a->value != b->value ? "its value was another one then" : "it came at another instruction then";
}

void mark_difference(const struct event *ev, const struct mark *then, const struct mark *now, char *out, size_t size)
{
	const char *field = field_that_differs(then, now);

	if (ev->kind == EV_intr)
		snprintf(out, size, "interrupt 0x%x of processor %u at instruction %llu, rip 0x%llx: %s", ev->intr.vector, ev->vcpu,
			 ULL(ev->icount), ULL(ev->intr.rip), field);
	else
		snprintf(out, size, "exit #%llu (%s, %s %s) of processor %u at instruction %llu, rip 0x%llx, value 0x%llx: %s",
			 ULL(ev->exit.number), exit_name(ev->exit.reason), ev->exit.who ? ev->exit.who : "nobody",
			 ev->exit.what ? ev->exit.what : "", ev->vcpu, ULL(ev->icount), ULL(ev->exit.rip), ULL(ev->exit.value),
			 field);
}
