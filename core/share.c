/* SPDX-License-Identifier: GPL-3.0-or-later
 * share.c - pages of equal content come to lie in one frame.
 * Rule: what the table says of a page may be long untrue; it is looked at again before anything is done about it.
 */
#include "core/share.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"

int share_open(struct share *s, struct vm *const *vms, int nvms, struct err *err)
{
	u64 room = 1;
	int rc;

	*s = (struct share){ 0 };
	rc = paged_set_open(&s->set, vms, nvms, err);
	if (rc)
		return rc;
	while (room < s->set.pages)
		room *= 2;
	s->mask = room - 1;
	s->sum = calloc(s->set.pages + 1, sizeof(*s->sum));
	s->found = calloc(room, sizeof(*s->found));
	s->zeroed = calloc(s->set.pages / 64 + 1, sizeof(*s->zeroed));
	if (s->sum && s->found && s->zeroed)
		return 0;
	free(s->zeroed);
	free(s->sum);
	free(s->found);
	paged_set_close(&s->set);
	return err_set(err, ENOMEM, "no memory to look for equal pages among %llu", (unsigned long long)s->set.pages);
}

void share_close(struct share *s)
{
	if (!s->sum)
		return;
	free(s->zeroed);
	free(s->sum);
	free(s->found);
	paged_set_close(&s->set);
	*s = (struct share){ 0 };
}

/* FNV-1a by words, folded.  Never 0, which says that there was no sum yet. */
static u32 sum_of(const u8 *page)
{
	u64 hash = 0xcbf29ce484222325ull, word;

	for (size_t i = 0; i < PAGE_SIZE_4K; i += sizeof(word)) {
		memcpy(&word, page + i, sizeof(word));
		hash = (hash ^ word) * 0x100000001b3ull;
		hash ^= hash >> 32;
	}
	return (u32)hash | 1u << 31;
}

/* The page shall show the frame of the other, if it has one, and their bytes are equal. */
static bool merge(struct share *s, const struct paged_ref *r, u64 other)
{
	struct paged_ref o = paged_ref(&s->set, other);

	if (!paged_is_present(&s->set, o.entry) || o.entry->at == r->entry->at)
		return true;
	if (memcmp(mem_page_view(o.mem, o.entry), mem_page_view(r->mem, r->entry), PAGE_SIZE_4K)) {
		s->count.different++;
		return false;
	}
	mem_page_unmap(o.mem, o.slot, o.page); /* from now on it asks before it writes */
	mem_page_share(r->mem, r->slot, r->page, o.entry->at);
	s->count.merged++;
	return true;
}

static void look(struct share *s, u64 number)
{
	struct paged_ref r = paged_ref(&s->set, number);
	const u8 *page;
	u32 sum, *found;

	s->count.scanned++;
	if (!paged_is_present(&s->set, r.entry))
		return;
	page = mem_page_view(r.mem, r.entry);
	if (page_is_zero(page)) {
		mem_page_share(r.mem, r.slot, r.page, s->set.frames->zero);
		s->zeroed[number / 64] |= 1ull << number % 64;
		s->count.zeros++;
		return;
	}
	s->zeroed[number / 64] &= ~(1ull << number % 64);
	sum = sum_of(page);
	if (sum != s->sum[number]) {
		s->count.changing += s->sum[number] != 0;
		s->sum[number] = sum;
		return;
	}
	found = &s->found[(sum ^ sum >> 15) & s->mask];
	if (!*found || *found - 1 == number || s->sum[*found - 1] != sum || !merge(s, &r, *found - 1))
		*found = (u32)number + 1;
}

void share_step(struct share *s, u64 pages)
{
	for (u64 i = 0; i < pages && s->set.pages; i++) {
		look(s, s->next);
		if (++s->next == s->set.pages) {
			s->next = 0;
			s->count.passes++;
		}
	}
}

static void count_page(const struct paged_set *set, const struct mem_page *p, u64 *seen, struct share_gain *gain)
{
	if (p->out) {
		gain->out++;
	} else if (p->at == set->frames->zero) {
		gain->zero++;
	} else if (set->frames->refs[p->at] == 1) {
		gain->own++;
	} else {
		gain->pages++;
		gain->frames += !(seen[p->at / 64] >> p->at % 64 & 1);
		seen[p->at / 64] |= 1ull << p->at % 64;
	}
}

int share_gain(const struct share *s, struct share_gain *gain, struct err *err)
{
	const struct paged_set *set = &s->set;
	u64 *seen = calloc(set->frames->n / 64 + 1, sizeof(*seen));

	*gain = (struct share_gain){ 0 };
	if (!seen)
		return err_set(err, ENOMEM, "no memory to count shared frames");
	for (u64 i = 0; i < set->pages; i++) {
		const struct mem_page *p = paged_ref(set, i).entry;

		count_page(set, p, seen, gain);
		gain->found += !p->out && p->at == set->frames->zero && s->zeroed[i / 64] >> i % 64 & 1;
	}
	free(seen);
	return 0;
}
