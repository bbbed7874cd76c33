/* SPDX-License-Identifier: GPL-3.0-or-later
 * source-pages.c - which pages go next, and how fast.
 * Rule: a page's bit is cleared before the page is read; so whatever is written later sets it again.
 */
#include <string.h>
#include <unistd.h>

#include "core/migrate/source-priv.h"
#include "core/x86/x86.h"

enum { QUEUE = 256 << 10 /* bytes that may wait for the channel */, BURST_MS = 50 };

void source_all_pages(struct source *s)
{
	off_t end = (off_t)(s->frames->n * PAGE_SIZE_4K), at = 0;

	while ((at = lseek(s->frames->fd, at, SEEK_DATA)) >= 0 && at < end) {
		off_t hole = lseek(s->frames->fd, at, SEEK_HOLE);

		if (hole < 0 || hole > end)
			hole = end;
		for (u64 frame = (u64)at / PAGE_SIZE_4K; frame * PAGE_SIZE_4K < (u64)hole; frame++)
			if (s->frames->refs[frame])
				bit_set(s->todo, frame);
		at = hole;
	}
	s->cursor = 0;
}

u64 source_gather(struct source *s)
{
	u64 *written = s->frames->written[LOG_MIGRATION], found;

	mem_gather(&s->vm->mem);
	found = bits_count(written, s->frames->n);
	for (u64 i = 0; i < bits_words(s->frames->n); i++) {
		s->todo[i] |= written[i];
		written[i] = 0;
	}
	s->cursor = 0;
	return found;
}

static u64 next_page(struct source *s)
{
	u64 frame = bits_next(s->todo, s->frames->n, s->cursor);

	if (frame == UINT64_MAX && s->cursor)
		frame = bits_next(s->todo, s->frames->n, 0);
	s->cursor = frame == UINT64_MAX ? 0 : frame;
	return frame;
}

/* A message of pages that begin with this one. */
static u64 put_parcel(struct source *s, u64 frame)
{
	struct buf payload = { 0 }, pages = { 0 };
	u64 n = 0;

	do {
		bit_clear(s->todo, frame);
		packer_put(&s->packer, &pages, frame, s->view + frame * PAGE_SIZE_4K);
		n++;
		frame = next_page(s);
	} while (n < PARCEL_PAGES && frame != UINT64_MAX);
	buf_put_uint(&payload, n, 2);
	buf_put(&payload, pages.data, pages.len);
	payload.failed |= pages.failed;
	talk_put(&s->talk, MSG_PAGES, &payload);
	s->status.pages += n;
	s->status.round[s->status.rounds % MIGRATE_ROUNDS].pages += n;
	buf_free(&pages);
	buf_free(&payload);
	return frame;
}

/* While the guest stands still there is no limit but the channel's. */
static bool is_limited(const struct source *s)
{
	return s->opt.bandwidth && s->status.phase != PHASE_STOPPED && s->status.phase != PHASE_HANDOVER;
}

bool source_send_pages(struct source *s)
{
	u64 frame = next_page(s);

	while (frame != UINT64_MAX && talk_waiting(&s->talk) < QUEUE && !s->talk.broken &&
	       (!is_limited(s) || talk_waiting(&s->talk) < s->allowance))
		frame = put_parcel(s, frame);
	return frame == UINT64_MAX;
}

/* A single page, and then its neighbours, which are likely to be wanted next. */
void source_send_page(struct source *s, u64 frame)
{
	struct buf payload = { 0 };

	if (frame >= s->frames->n || !bit_is_set(s->todo, frame))
		return; /* it is on its way, or never was missing */
	bit_clear(s->todo, frame);
	buf_put_uint(&payload, 1, 2);
	packer_put(&s->packer, &payload, frame, s->view + frame * PAGE_SIZE_4K);
	talk_put(&s->talk, MSG_PAGES, &payload);
	buf_free(&payload);
	s->status.pages++;
	s->cursor = frame + 1 < s->frames->n ? frame + 1 : 0;
}

static void count_allowance(struct source *s)
{
	u64 passed = s->now - s->counted, most = s->opt.bandwidth / 1000 * BURST_MS;

	if (most < 128 << 10)
		most = 128 << 10;
	s->counted = s->now;
	s->allowance += (u64)((unsigned __int128)passed * s->opt.bandwidth / 1000000000u);
	if (s->allowance > most)
		s->allowance = most;
}

void source_flush(struct source *s)
{
	size_t before = talk_waiting(&s->talk);

	count_allowance(s);
	if (!is_limited(s)) {
		talk_flush(&s->talk, SIZE_MAX);
		return;
	}
	talk_flush(&s->talk, s->allowance);
	s->allowance -= before - talk_waiting(&s->talk);
}
