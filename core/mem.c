/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem.c - reading and writing guest memory from outside the vCPU, the dirty log, and the hash of all of it.
 * Rule: every write that lands is marked dirty and told to the engine, before the call returns.
 *
 * No function here applies the A20 gate: it sits on the processor's address pins, so whoever acts for
 * the processor passes mem_gpa(gpa); devices, loaders and debuggers reach all of memory.
 */
#include "core/mem.h"

#include <string.h>
#include <unistd.h>

#include "core/x86/x86.h"

u8 *mem_host(const struct mem *m, u64 gpa, u64 len, bool write)
{
	const struct mem_slot *s = mem_slot_at(m, gpa);

	if (!s || len > s->size - (gpa - s->gpa))
		return NULL;
	if (LIKELY(!(s->flags & (SLOT_HOLE | SLOT_PAGED | (write ? SLOT_ROM : 0)))))
		return m->base + gpa;
	return s->flags & SLOT_PAGED ? mem_paged_host(m, s, gpa, len, write) : NULL;
}

/* The longest piece of [gpa, gpa + len) that lies in one slot (in one page, if it is paged), or in none: its length; *slot
 * says which. */
static u64 piece(const struct mem *m, u64 gpa, u64 len, const struct mem_slot **slot)
{
	const struct mem_slot *s = mem_slot_at(m, gpa);

	*slot = s;
	if (s) {
		u64 rest = s->page ? PAGE_SIZE_4K - (gpa & PAGE_MASK_4K) : s->size - (gpa - s->gpa);

		return len < rest ? len : rest;
	}
	for (int i = 0; i < m->nslots; i++)
		if (m->slot[i].gpa > gpa)
			return len < m->slot[i].gpa - gpa ? len : m->slot[i].gpa - gpa;
	return len;
}

/* Where a piece lies; NULL if the host fails us. */
static u8 *place(const struct mem *m, const struct mem_slot *s, u64 gpa, u64 len, bool write)
{
	return s->page ? mem_paged_host(m, s, gpa, len, write) : m->base + gpa;
}

bool mem_read(const struct mem *m, u64 gpa, void *out, u64 len)
{
	const struct mem_slot *s;
	bool all = true;
	u8 *to = out;

	for (u64 n; len; gpa += n, to += n, len -= n) {
		const u8 *from;

		n = piece(m, gpa, len, &s);
		from = s && !(s->flags & SLOT_HOLE) ? place(m, s, gpa, n, false) : NULL;
		if (from) {
			memcpy(to, from, n);
		} else {
			memset(to, 0xff, n);
			all = false;
		}
	}
	return all;
}

static bool write_parts(struct mem *m, u64 gpa, const void *in, u64 len, u32 closed)
{
	const struct mem_slot *s;
	const u8 *from = in;
	bool all = true;

	for (u64 n; len; gpa += n, from += n, len -= n) {
		u8 *to;

		n = piece(m, gpa, len, &s);
		to = s && !(s->flags & closed) ? place(m, s, gpa, n, true) : NULL;
		if (!to) {
			all = false;
			continue;
		}
		memcpy(to, from, n);
		if (s->flags & SLOT_LOG)
			mem_mark_dirty(&m->slot[s - m->slot], gpa, n);
		if (m->written)
			m->written(m->arg, gpa, n);
	}
	return all;
}

void mem_touched(struct mem *m, u64 gpa, u64 len)
{
	const struct mem_slot *s = mem_slot_at(m, gpa);

	if (s && s->flags & SLOT_LOG)
		mem_mark_dirty(&m->slot[s - m->slot], gpa, len);
	if (s && !(s->flags & SLOT_HOLE) && m->written)
		m->written(m->arg, gpa, len);
}

bool mem_write(struct mem *m, u64 gpa, const void *in, u64 len)
{
	return write_parts(m, gpa, in, len, SLOT_HOLE | SLOT_ROM);
}

bool mem_poke(struct mem *m, u64 gpa, const void *in, u64 len)
{
	return write_parts(m, gpa, in, len, SLOT_HOLE);
}

/* Pages of RAM only: a slot that is written through, or shows nothing, keeps what it has. */
static bool is_ram(const struct mem *m, u64 gpa, u64 len)
{
	const struct mem_slot *s;

	if ((gpa | len) & PAGE_MASK_4K || gpa + len < gpa)
		return false;
	for (u64 n; len; gpa += n, len -= n) {
		n = piece(m, gpa, len, &s);
		if (!s || s->flags & (SLOT_HOLE | SLOT_ROM | SLOT_DEVICE))
			return false;
	}
	return true;
}

static void discard(struct mem *m, const struct mem_slot *s, u64 gpa, u64 len)
{
	frame_no first = s->frame + (gpa - s->gpa) / PAGE_SIZE_4K;

	frames_discard(m->frames, first, len / PAGE_SIZE_4K);
	for (u64 i = 0; i < len / PAGE_SIZE_4K && m->news; i++)
		m->news(m->arg, MEM_DISCARDED, gpa + i * PAGE_SIZE_4K, first + i, FRAME_NONE);
}

bool mem_discard(struct mem *m, u64 gpa, u64 len)
{
	const struct mem_slot *s;

	if (!is_ram(m, gpa, len))
		return false;
	for (u64 n; len; gpa += n, len -= n) {
		n = piece(m, gpa, len, &s);
		if (s->page)
			mem_page_discard(m, s, (gpa - s->gpa) / PAGE_SIZE_4K);
		else
			discard(m, s, gpa, n);
		if (s->flags & SLOT_LOG)
			mem_mark_dirty(&m->slot[s - m->slot], gpa, n);
		if (m->written)
			m->written(m->arg, gpa, n);
	}
	return true;
}

void mem_mark_dirty(struct mem_slot *s, u64 gpa, u64 len)
{
	u64 first, last;

	if (!len)
		return;
	first = (gpa - s->gpa) / PAGE_SIZE_4K;
	last = (gpa - s->gpa + len - 1) / PAGE_SIZE_4K;
	for (u64 page = first; page <= last; page++)
		__atomic_fetch_or(&s->dirty[page / 64], 1ull << page % 64, __ATOMIC_RELAXED);
}

/* FNV-1a over 64-bit words instead of bytes, eight times as fast.  A multiplication carries only
 * upwards, so the high half is folded down each time; else two flipped top bits could cancel. */
static u64 hash_word(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x100000001b3ull;
	return hash ^ hash >> 32;
}

/* A page counts with its number, unless it is all zeros.  Four lanes, each of which takes every fourth word: the host
 * multiplies for one while it waits for another. */
static u64 hash_page(u64 hash, u64 number, const u8 *page)
{
	u64 lane[4] = { 1, 2, 3, 4 }, word[4];

	if (page_is_zero(page))
		return hash;
	for (size_t i = 0; i < PAGE_SIZE_4K; i += sizeof(word)) {
		memcpy(word, page + i, sizeof(word));
		for (u32 k = 0; k < 4; k++)
			lane[k] = hash_word(lane[k], word[k]);
	}
	hash = hash_word(hash, number);
	for (u32 k = 0; k < 4; k++)
		hash = hash_word(hash, lane[k]);
	return hash;
}

/* Pages never touched are holes in the memfd; they are stepped over, because even reading one would
 * take host memory. */
static u64 hash_slot(const struct mem *m, const struct mem_slot *s, u64 hash)
{
	u64 at = s->frame * PAGE_SIZE_4K, end = at + s->size;
	u8 hidden[PAGE_SIZE_4K];

	while (at < end) {
		off_t data = lseek(m->frames->fd, (off_t)at, SEEK_DATA), hole;

		if (data < 0 || (u64)data >= end)
			break;
		hole = lseek(m->frames->fd, data, SEEK_HOLE);
		at = (u64)data & ~(u64)PAGE_MASK_4K;
		for (; at < end && (hole < 0 || at < (u64)hole); at += PAGE_SIZE_4K) {
			u64 gpa = s->gpa + (at - s->frame * PAGE_SIZE_4K);
			const u8 *page = m->base + gpa;

			if (s->flags & SLOT_HOLE) { /* not mapped: fetch it */
				frames_read(m->frames, at / PAGE_SIZE_4K, 0, hidden, PAGE_SIZE_4K);
				page = hidden;
			}
			hash = hash_page(hash, gpa / PAGE_SIZE_4K, page);
		}
	}
	return hash;
}

/* Every page by itself; one that is out is read where it is. */
static u64 hash_paged(const struct mem *m, const struct mem_slot *s, u64 hash)
{
	u8 page[PAGE_SIZE_4K];

	for (u64 i = 0; i < s->size / PAGE_SIZE_4K; i++) {
		if (!s->page[i].out && s->page[i].at == m->frames->zero)
			continue;
		if (mem_page_read(m, s, i, page))
			hash = hash_page(hash, s->gpa / PAGE_SIZE_4K + i, page);
	}
	return hash;
}

/* A hole may have frames: memory that nothing shows at the moment. */
static u64 hash_without(const struct mem *m, u64 hash, u32 left_out)
{
	for (const struct mem_slot *s = m->slot; s < m->slot + m->nslots; s++)
		if (s->page)
			hash = hash_paged(m, s, hash);
		else if (s->frame != FRAME_NONE && !(s->flags & left_out))
			hash = hash_slot(m, s, hash);
	return hash;
}

u64 mem_hash(const struct mem *m, u64 seed)
{
	return hash_without(m, seed, 0);
}

u64 mem_hash_guest(const struct mem *m, u64 seed)
{
	return hash_without(m, seed, SLOT_MACHINE);
}
