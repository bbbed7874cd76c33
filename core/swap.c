/* SPDX-License-Identifier: GPL-3.0-or-later
 * swap.c - pages out to a file, and in again.
 * Rule: a place in the file is taken before its page is written, and given back only when the page is in memory again (or
 * thrown away); every page has a CRC, which the memory keeps, not the file.
 */
#include "core/swap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/snapshot-priv.h"
#include "core/vm.h"

enum { PAGE = 4096, SLACK = 32 /* once there are too many, a 32nd part of the limit more goes out */ };

const struct swap_policy_info swap_policies[SWAP_POLICIES] = {
#define SWAP_POLICY(name, text) { #name, text },
#include "core/swap.def"
#undef SWAP_POLICY
};

int swap_policy_by_name(const char *name)
{
	for (int i = 0; i < SWAP_POLICIES; i++)
		if (!strcmp(swap_policies[i].name, name))
			return i;
	return -1;
}

/* ---- the file ---- */

static u64 place_take(struct swap *s)
{
	while (s->taken[s->cursor / 64] >> s->cursor % 64 & 1) /* there are as many places as pages */
		s->cursor = (s->cursor + 1) % s->places;
	s->taken[s->cursor / 64] |= 1ull << s->cursor % 64;
	s->out++;
	if (s->out > s->count.most)
		s->count.most = s->out;
	return s->cursor;
}

static void place_give(void *arg, u32 place)
{
	struct swap *s = ((struct swap_link *)arg)->swap;

	s->taken[place / 64] &= ~(1ull << place % 64);
	s->out--;
}

static int write_page(struct swap *s, u64 place, const u8 *page, struct err *err)
{
	ssize_t done = pwrite(s->fd, page, PAGE, (off_t)(place * PAGE));

	s->crc[place] = snapshot_crc(0, page, PAGE);
	if (done == PAGE)
		return 0;
	return err_set(err, done < 0 ? errno : ENOSPC, "swap file %.160s: cannot write page %llu: %s", s->config.path,
		       (unsigned long long)place, done < 0 ? strerror(errno) : "no space left");
}

static bool read_page(void *arg, u32 place, u8 *page)
{
	struct swap_link *link = arg;
	struct swap *s = link->swap;
	ssize_t done = pread(s->fd, page, PAGE, (off_t)((u64)place * PAGE));

	if (done != PAGE) {
		err_set(mem_trouble(link->mem), EIO, "swap file %.160s: cannot read page %u: %s; the guest cannot go on without it",
			s->config.path, place, done < 0 ? strerror(errno) : "the file has become shorter");
		return false;
	}
	if (snapshot_crc(0, page, PAGE) != s->crc[place]) {
		err_set(mem_trouble(link->mem), EIO,
			"swap file %.160s: page %u is not what was written there (CRC %08x, expected %08x); the guest cannot go on "
			"without it",
			s->config.path, place, snapshot_crc(0, page, PAGE), s->crc[place]);
		return false;
	}
	s->count.in++;
	return true;
}

/* ---- pages in the order they came in ---- */

static void enqueue(struct swap *s, u64 number)
{
	s->queue[(s->head + s->length++) % s->places] = (u32)number;
	s->queued[number / 64] |= 1ull << number % 64;
}

static u64 dequeue(struct swap *s)
{
	u64 number = s->queue[s->head];

	s->head = (s->head + 1) % s->places;
	s->length--;
	s->queued[number / 64] &= ~(1ull << number % 64);
	return number;
}

/* Who came in since the last time; among them the order of numbers decides. */
static void note_arrivals(struct swap *s)
{
	for (u64 i = 0; i < s->places; i++)
		if (!(s->queued[i / 64] >> i % 64 & 1) && paged_is_own(&s->set, paged_ref(&s->set, i).entry))
			enqueue(s, i);
}

/* Was it used since the last time somebody asked?  From now on it must be looked for anew, so that we see it. */
static bool was_used(struct swap *s, const struct paged_ref *r)
{
	if (!r->entry->used)
		return false;
	r->entry->used = 0;
	mem_page_unmap(r->mem, r->slot, r->page);
	s->count.spared++;
	return true;
}

/* ---- policies: the number of a page that may go out, or PAGE_NONE ---- */

static u64 choose_fifo(struct swap *s)
{
	while (s->length) {
		u64 number = dequeue(s);

		if (paged_is_own(&s->set, paged_ref(&s->set, number).entry))
			return number;
	}
	return PAGE_NONE;
}

static u64 choose_second(struct swap *s)
{
	while (s->length) {
		u64 number = dequeue(s);
		struct paged_ref r = paged_ref(&s->set, number);

		if (!paged_is_own(&s->set, r.entry))
			continue;
		if (!was_used(s, &r))
			return number;
		enqueue(s, number);
	}
	return PAGE_NONE;
}

static u64 choose_clock(struct swap *s)
{
	for (u64 i = 0; i < 2 * s->places; i++) { /* after one round nothing is used any more */
		u64 number = s->hand;
		struct paged_ref r = paged_ref(&s->set, number);

		s->hand = (s->hand + 1) % s->places;
		if (paged_is_own(&s->set, r.entry) && !was_used(s, &r))
			return number;
	}
	return PAGE_NONE;
}

/* The lowest age, the first of them behind the hand. */
static u64 choose_lru(struct swap *s)
{
	u64 best = PAGE_NONE, at = s->hand;

	for (u64 i = 0; i < s->places; i++, at = (at + 1) % s->places) {
		if ((best != PAGE_NONE && s->age[at] >= s->age[best]) || !paged_is_own(&s->set, paged_ref(&s->set, at).entry))
			continue;
		best = at;
		if (!s->age[at])
			break;
	}
	s->hand = best == PAGE_NONE ? s->hand : (best + 1) % s->places;
	return best;
}

static u64 choose_random(struct swap *s)
{
	u64 at;

	s->random ^= s->random << 13; /* xorshift64 (Marsaglia 2003); not 0 */
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	at = s->random % s->places;
	for (u64 i = 0; i < s->places; i++, at = (at + 1) % s->places)
		if (paged_is_own(&s->set, paged_ref(&s->set, at).entry))
			return at;
	return PAGE_NONE;
}

/* Once per step that lets pages go: what the policies know of the pages. */
static void sample(struct swap *s)
{
	note_arrivals(s);
	for (u64 i = 0; s->config.policy == SWAP_lru && i < s->places; i++) {
		struct paged_ref r = paged_ref(&s->set, i);

		if (paged_is_own(&s->set, r.entry))
			s->age[i] = (u8)(s->age[i] >> 1 | (was_used(s, &r) ? 0x80 : 0));
	}
}

static u64 choose(struct swap *s)
{
	static u64 (*const by_policy[SWAP_POLICIES])(struct swap *s) = {
#define SWAP_POLICY(name, text) [SWAP_##name] = choose_##name,
#include "core/swap.def"
#undef SWAP_POLICY
	};

	return by_policy[s->config.policy](s);
}

/* ---- steps ---- */

u64 swap_resident(const struct swap *s)
{
	return s->set.frames->used - s->others;
}

static int put_out(struct swap *s, u64 number, struct err *err)
{
	struct paged_ref r = paged_ref(&s->set, number);
	u64 place = place_take(s);
	int rc = write_page(s, place, mem_page_view(r.mem, r.entry), err);

	if (rc) {
		s->taken[place / 64] &= ~(1ull << place % 64);
		s->out--;
		return rc;
	}
	mem_page_out(r.mem, r.slot, r.page, (u32)place);
	s->count.out++;
	return 0;
}

int swap_step(struct swap *s, struct err *err)
{
	u64 limit = s->config.resident, low = limit - limit / SLACK;
	int rc = 0;

	if (swap_resident(s) <= limit)
		return 0;
	sample(s);
	while (!rc && swap_resident(s) > low) {
		u64 number = choose(s);

		if (number == PAGE_NONE)
			break;
		rc = put_out(s, number, err);
	}
	s->count.stuck += swap_resident(s) > limit;
	return rc;
}

/* ---- opening and closing ---- */

/* Frames that guests' pages show, each once. */
static int count_shown(const struct paged_set *set, u64 *shown, struct err *err)
{
	u64 *seen = calloc(set->frames->n / 64 + 1, sizeof(*seen));

	*shown = 0;
	if (!seen)
		return err_set(err, ENOMEM, "no memory to count the machine's frames");
	for (u64 i = 0; i < set->pages; i++) {
		const struct mem_page *p = paged_ref(set, i).entry;

		if (p->out || p->at == set->frames->zero)
			continue;
		*shown += !(seen[p->at / 64] >> p->at % 64 & 1);
		seen[p->at / 64] |= 1ull << p->at % 64;
	}
	free(seen);
	return 0;
}

static int open_file(struct swap *s, struct err *err)
{
	s->fd = open(s->config.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return err_set(err, errno, "swap file %.200s: cannot be made: %s%s", s->config.path, strerror(errno),
			       errno == EEXIST ? "; expected the name of a new file" : "");
	unlink(s->config.path);
	return 0;
}

static int open_tables(struct swap *s, struct vm *const *vms, int nvms, struct err *err)
{
	u64 words = s->places / 64 + 1;

	s->taken = calloc(words, sizeof(*s->taken));
	s->queued = calloc(words, sizeof(*s->queued));
	s->crc = calloc(s->places, sizeof(*s->crc));
	s->queue = calloc(s->places, sizeof(*s->queue));
	s->age = calloc(s->places, 1);
	s->link = calloc((size_t)nvms, sizeof(*s->link));
	if (!s->taken || !s->queued || !s->crc || !s->queue || !s->age || !s->link)
		return err_set(err, ENOMEM, "no memory to keep account of %llu pages", (unsigned long long)s->places);
	s->nlinks = nvms;
	for (int i = 0; i < nvms; i++) {
		s->link[i] = (struct swap_link){ s, &vms[i]->mem };
		vms[i]->mem.backing = (struct mem_backing){ read_page, place_give, &s->link[i] };
	}
	return 0;
}

int swap_open(struct swap *s, const struct swap_config *config, struct vm *const *vms, int nvms, struct err *err)
{
	u64 shown = 0;
	int rc;

	*s = (struct swap){ .config = *config, .fd = -1, .random = config->seed * 2 + 1 };
	if (!config->resident)
		return err_set(err, EINVAL, "swap file %.160s: no page at all may stay in memory; expected at least one",
			       config->path);
	rc = paged_set_open(&s->set, vms, nvms, err);
	s->places = s->set.pages;
	if (!rc)
		rc = open_file(s, err);
	if (!rc)
		rc = count_shown(&s->set, &shown, err);
	if (!rc)
		rc = open_tables(s, vms, nvms, err);
	if (rc)
		swap_close(s);
	else
		s->others = s->set.frames->used - shown;
	return rc;
}

void swap_close(struct swap *s)
{
	for (u64 i = 0; s->nlinks && i < s->places; i++) {
		struct paged_ref r = paged_ref(&s->set, i);

		if (r.entry->out)
			mem_page_ready(r.mem, r.slot, r.page, false);
	}
	for (int i = 0; i < s->nlinks; i++)
		s->link[i].mem->backing = (struct mem_backing){ 0 };
	if (s->fd >= 0)
		close(s->fd);
	free(s->taken);
	free(s->queued);
	free(s->crc);
	free(s->queue);
	free(s->age);
	free(s->link);
	paged_set_close(&s->set);
	*s = (struct swap){ .fd = -1 };
}
