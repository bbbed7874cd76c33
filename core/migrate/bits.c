/* SPDX-License-Identifier: GPL-3.0-or-later
 * bits.c - see bits.h.
 * Rule: what comes over the wire sets no bit beyond the machine's frames.
 */
#include "core/migrate/bits.h"

#include <errno.h>
#include <inttypes.h>

enum { PART = 4096 /* words in a message at most */ };

u64 bits_count(const u64 *bits, u64 frames)
{
	u64 n = 0;

	for (u64 i = 0; i < bits_words(frames); i++)
		n += (u64)__builtin_popcountll(bits[i]);
	return n;
}

u64 bits_next(const u64 *bits, u64 frames, u64 from)
{
	for (u64 word = from / 64, mask = ~0ull << from % 64; word < bits_words(frames); word++, mask = ~0ull)
		if (bits[word] & mask)
			return word * 64 + (u64)__builtin_ctzll(bits[word] & mask);
	return UINT64_MAX;
}

static void send_part(struct talk *t, u8 type, bool last, u64 first, const u64 *words, u64 n)
{
	struct buf payload = { 0 };

	buf_put_uint(&payload, last, 1);
	buf_put_uint(&payload, first, 8);
	buf_put_uint(&payload, n, 4);
	for (u64 i = 0; i < n; i++)
		buf_put_uint(&payload, words[i], 8);
	talk_put(t, type, &payload);
	buf_free(&payload);
}

void bits_send(struct talk *t, u8 type, const u64 *bits, u64 frames)
{
	for (u64 at = 0, n; at < bits_words(frames); at += n) {
		n = bits_words(frames) - at < PART ? bits_words(frames) - at : PART;
		if (bits_count(bits + at, n * 64))
			send_part(t, type, false, at, bits + at, n);
	}
	send_part(t, type, true, 0, NULL, 0);
}

int bits_receive(struct reader *in, u64 *bits, u64 frames, bool *last, struct err *err)
{
	u64 words = bits_words(frames), first, n;

	*last = read_uint(in, 1);
	first = read_uint(in, 8);
	n = read_uint(in, 4);
	if (in->bad || n > PART || first > words || n > words - first || read_left(in) != n * 8)
		return err_set(err, EINVAL, "migration: a list of %" PRIu64 " words of pages from word %" PRIu64
			       "; this machine has %" PRIu64, n, first, words);
	for (u64 i = 0; i < n; i++)
		bits[first + i] |= read_uint(in, 8);
	if (frames % 64 && bits[words - 1] >> frames % 64)
		return err_set(err, EINVAL, "migration: a list of pages beyond the machine's last");
	return 0;
}
