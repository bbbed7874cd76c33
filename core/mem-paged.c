/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem-paged.c - slots whose pages lie in frames of their own choice: shared, copied on a write, out in a swap file.
 * Rule: a frame that more than one refer to is never written; before a page shows another frame, goes out, or begins to
 * share the one it has, `unmapping` is told, so that nobody holds on to an address, or to the right to write.
 *
 * What a page shows never changes by any of this, so it is no state: the guest and the state hash see no difference.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/mem.h"
#include "core/x86/x86.h"

static u64 pages_of(const struct mem_slot *s)
{
	return s->size / PAGE_SIZE_4K;
}

static u64 gpa_of(const struct mem_slot *s, u64 page)
{
	return s->gpa + page * PAGE_SIZE_4K;
}

u8 *mem_page_view(const struct mem *m, const struct mem_page *p)
{
	return m->frames->view + (u64)p->at * PAGE_SIZE_4K;
}

static bool is_shared(const struct mem *m, const struct mem_page *p)
{
	return m->frames->refs[p->at] > 1;
}

static void tell(struct mem *m, enum mem_news what, u64 gpa, u64 from, u64 to)
{
	m->count[what]++;
	if (m->news)
		m->news(m->arg, what, gpa, from, to);
}

void mem_page_unmap(struct mem *m, const struct mem_slot *s, u64 page)
{
	if (m->unmapping)
		m->unmapping(m->arg, gpa_of(s, page), PAGE_SIZE_4K);
}

/* ---- making a slot paged ---- */

bool mem_can_be_paged(const struct mem *m, const struct mem_slot *s)
{
	if (s->flags & (SLOT_HOLE | SLOT_ROM | SLOT_DEVICE | SLOT_MACHINE) || s->frame == FRAME_NONE)
		return false;
	/* RAM behind a ROM has more than the slot's reference, and must stay where all of them look for it. */
	for (u64 i = 0; i < pages_of(s); i++)
		if (m->frames->refs[s->frame + i] != 1)
			return false;
	return true;
}

/* Pages [from, to) of what is still an ordinary slot: the frames they have, unless nobody ever touched them. */
static void take_run(struct mem *m, const struct mem_slot *s, struct mem_page *page, u64 from, u64 to, bool touched)
{
	for (u64 i = from; i < to; i++)
		page[i] = (struct mem_page){ .at = (u32)(touched ? s->frame + i : frames_ref_zero(m->frames)), .used = 1 };
	if (!touched && to > from)
		frames_unref(m->frames, s->frame + from, to - from);
}

/* Holes in the memfd are pages nobody ever touched. */
static void take_pages(struct mem *m, const struct mem_slot *s, struct mem_page *page)
{
	u64 first = s->frame * PAGE_SIZE_4K, end = first + s->size, at = first;

	while (at < end) {
		off_t data = lseek(m->frames->fd, (off_t)at, SEEK_DATA), hole;
		u64 from = data < 0 || (u64)data > end ? end : (u64)data;

		take_run(m, s, page, (at - first) / PAGE_SIZE_4K, (from - first) / PAGE_SIZE_4K, false);
		hole = from < end ? lseek(m->frames->fd, (off_t)from, SEEK_HOLE) : (off_t)end;
		at = hole < 0 || (u64)hole > end ? end : (u64)hole;
		take_run(m, s, page, (from - first) / PAGE_SIZE_4K, (at - first) / PAGE_SIZE_4K, true);
	}
}

/* Nobody can use the slot's own host addresses by mistake. */
static int close_addresses(struct mem *m, const struct mem_slot *s, struct err *err)
{
	if (mmap(m->base + s->gpa, s->size, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) ==
	    MAP_FAILED)
		return err_set(err, errno, "slot %s: its addresses cannot be closed: %s", s->name, strerror(errno));
	return 0;
}

/* It has these entries instead of frames in a row. */
static void become_paged(struct mem *m, struct mem_slot *s, struct mem_page *page)
{
	s->page = page;
	s->frame = FRAME_NONE;
	s->flags |= SLOT_PAGED;
	if (m->remapped)
		m->remapped(m->arg);
	if (m->changed)
		m->changed(m->arg, s);
}

int mem_make_paged(struct mem *m, u32 id, struct err *err)
{
	struct mem_slot *s = (struct mem_slot *)mem_slot_get(m, id);
	struct mem_page *page;
	int rc;

	if (s && s->page)
		return 0;
	if (!s || !mem_can_be_paged(m, s))
		return err_set(err, EINVAL, "memory slot %u (%s): only RAM that appears at one place can have pages of its own",
			       (unsigned)id, s ? s->name : "none");
	if (frames_ref_zero(m->frames) == FRAME_NONE) /* so that there is one from now on */
		return err_set(err, ENOMEM, "slot %s: the machine has no frame left for pages of zeros", s->name);
	frames_unref(m->frames, m->frames->zero, 1);
	if (m->frames->n > MEM_PAGED_FRAMES || !frames_view(m->frames))
		return err_set(err, ENOMEM, "slot %s: the host has no room to map the whole machine; is there a limit (ulimit -v)?",
			       s->name);
	page = malloc(pages_of(s) * sizeof(*page));
	if (!page)
		return err_set(err, ENOMEM, "slot %s: no memory for the entries of its pages", s->name);
	if (m->changing)
		m->changing(m->arg);
	rc = close_addresses(m, s, err);
	if (rc) {
		free(page);
		return rc;
	}
	take_pages(m, s, page);
	become_paged(m, s, page);
	return 0;
}

int mem_clone_slot(struct mem *m, struct mem *parent, u32 id, struct err *err)
{
	struct mem_slot *s = (struct mem_slot *)mem_slot_get(m, id);
	const struct mem_slot *from = mem_slot_get(parent, id);
	frame_no old = s->frame;
	struct mem_page *page;
	int rc = 0;

	if (!from->page || s->page || s->size != from->size || m->frames != parent->frames || !mem_can_be_paged(m, s))
		return err_set(err, EINVAL, "slot %s: cannot show what the other's does", s->name);
	page = malloc(pages_of(s) * sizeof(*page));
	if (!page)
		return err_set(err, ENOMEM, "slot %s: no memory for the entries of its pages", s->name);
	for (u64 i = 0; i < pages_of(s) && !rc; i++) /* what is out has no frame to share */
		if (from->page[i].out && !mem_page_ready(parent, from, i, false))
			rc = err_set(err, parent->trouble.code, "%s", parent->trouble.text);
	if (!rc && parent->unmapping)
		parent->unmapping(parent->arg, from->gpa, from->size); /* it must not write any more without asking */
	if (!rc)
		rc = close_addresses(m, s, err);
	if (rc) {
		free(page);
		return rc;
	}
	memcpy(page, from->page, pages_of(s) * sizeof(*page));
	for (u64 i = 0; i < pages_of(s); i++)
		frames_ref(m->frames, page[i].at, 1);
	become_paged(m, s, page);
	frames_unref(m->frames, old, pages_of(s));
	return 0;
}

bool mem_is_paged(const struct mem *m)
{
	for (int i = 0; i < m->nslots; i++)
		if (m->slot[i].page)
			return true;
	return false;
}

int mem_check_alone(const struct mem *m, struct err *err)
{
	if (!mem_is_paged(m) && m->frames->users <= 1)
		return 0;
	return err_set(err, EBUSY, "the guest shares its machine with others, or its pages are shared or swapped (vitrine host): its "
		       "memory cannot be saved, sent or logged frame by frame");
}

void mem_paged_release(struct mem *m, struct mem_slot *s)
{
	for (u64 i = 0; i < pages_of(s); i++) {
		if (!s->page[i].out)
			frames_unref(m->frames, s->page[i].at, 1);
		else if (m->backing.taken)
			m->backing.taken(m->backing.arg, s->page[i].at);
	}
	free(s->page);
	s->page = NULL;
}

/* ---- asking ---- */

static const struct mem_page *page_at(const struct mem *m, u64 gpa, const struct mem_slot **slot)
{
	const struct mem_slot *s = *slot = mem_slot_at(m, gpa);

	return s && s->page ? &s->page[(gpa - s->gpa) / PAGE_SIZE_4K] : NULL;
}

frame_no mem_frame(const struct mem *m, u64 gpa)
{
	const struct mem_slot *s;
	const struct mem_page *p = page_at(m, gpa, &s);

	if (p)
		return p->out ? FRAME_NONE : p->at;
	return !s || s->flags & SLOT_HOLE ? FRAME_NONE : s->frame + (gpa - s->gpa) / PAGE_SIZE_4K;
}

bool mem_is_shared(const struct mem *m, u64 gpa)
{
	const struct mem_slot *s;
	const struct mem_page *p = page_at(m, gpa, &s);

	return p && !p->out && is_shared(m, p);
}

bool mem_is_out(const struct mem *m, u64 gpa)
{
	const struct mem_slot *s;
	const struct mem_page *p = page_at(m, gpa, &s);

	return p && p->out;
}

bool mem_page_read(const struct mem *m, const struct mem_slot *s, u64 page, u8 *out)
{
	const struct mem_page *p = &s->page[page];

	if (p->out)
		return m->backing.read(m->backing.arg, p->at, out);
	memcpy(out, mem_page_view(m, p), PAGE_SIZE_4K);
	return true;
}

/* ---- changing ---- */

/* A frame of its own, which is empty, or FRAME_NONE. */
static frame_no fresh(struct mem *m, const struct mem_slot *s, u64 page)
{
	frame_no frame = frames_alloc(m->frames, 1);

	if (frame == FRAME_NONE)
		err_set(mem_trouble(m), ENOMEM,
			"the machine's memory is used up: no frame for guest page 0x%" PRIx64 " of slot %s; run fewer guests, or with "
			"less memory",
			gpa_of(s, page) / PAGE_SIZE_4K, s->name);
	return frame;
}

/* The page gets a frame that nobody else has, before it is written. */
static bool copy_page(struct mem *m, const struct mem_slot *s, u64 page)
{
	struct mem_page *p = &s->page[page];
	frame_no old = p->at, new = fresh(m, s, page);
	bool zero = old == m->frames->zero;

	if (new == FRAME_NONE)
		return false;
	mem_page_unmap(m, s, page);
	if (!zero)
		memcpy(m->frames->view + new * PAGE_SIZE_4K, mem_page_view(m, p), PAGE_SIZE_4K);
	p->at = (u32)new;
	frames_unref(m->frames, old, 1);
	tell(m, zero ? MEM_ZERO_FILLED : MEM_COPIED, gpa_of(s, page), old, new);
	return true;
}

static bool bring_in(struct mem *m, const struct mem_slot *s, u64 page)
{
	struct mem_page *p = &s->page[page];
	u32 place = p->at;
	frame_no new = fresh(m, s, page);

	if (new == FRAME_NONE)
		return false;
	if (!m->backing.read(m->backing.arg, place, m->frames->view + new * PAGE_SIZE_4K)) {
		frames_unref(m->frames, new, 1);
		return false;
	}
	p->at = (u32)new;
	p->out = 0;
	m->backing.taken(m->backing.arg, place);
	tell(m, MEM_IN, gpa_of(s, page), place, new);
	return true;
}

bool mem_page_ready(struct mem *m, const struct mem_slot *s, u64 page, bool write)
{
	struct mem_page *p = &s->page[page];

	p->used = 1;
	if (UNLIKELY(p->out) && !bring_in(m, s, page))
		return false;
	return !write || !is_shared(m, p) || copy_page(m, s, page);
}

u8 *mem_paged_host(const struct mem *m, const struct mem_slot *s, u64 gpa, u64 len, bool write)
{
	u64 first = (gpa - s->gpa) / PAGE_SIZE_4K, last = len ? (gpa - s->gpa + len - 1) / PAGE_SIZE_4K : first;

	for (u64 i = first; i <= last; i++)
		if (!mem_page_ready((struct mem *)m, s, i, write) || s->page[i].at != s->page[first].at + (i - first))
			return NULL;
	return mem_page_view(m, &s->page[first]) + (gpa & PAGE_MASK_4K);
}

void mem_page_share(struct mem *m, const struct mem_slot *s, u64 page, frame_no frame)
{
	struct mem_page *p = &s->page[page];
	frame_no old = p->at;

	mem_page_unmap(m, s, page);
	frames_ref(m->frames, frame, 1);
	p->at = (u32)frame;
	frames_unref(m->frames, old, 1);
	tell(m, MEM_SHARED, gpa_of(s, page), old, frame);
}

void mem_page_out(struct mem *m, const struct mem_slot *s, u64 page, u32 place)
{
	struct mem_page *p = &s->page[page];
	frame_no old = p->at;

	mem_page_unmap(m, s, page);
	p->at = place;
	p->out = 1;
	frames_unref(m->frames, old, 1);
	tell(m, MEM_OUT, gpa_of(s, page), old, place);
}

void mem_page_discard(struct mem *m, const struct mem_slot *s, u64 page)
{
	struct mem_page *p = &s->page[page];
	struct mem_page old = *p;
	frame_no zero = frames_ref_zero(m->frames);

	mem_page_unmap(m, s, page);
	*p = (struct mem_page){ .at = (u32)zero };
	if (old.out)
		m->backing.taken(m->backing.arg, old.at);
	else
		frames_unref(m->frames, old.at, 1);
	tell(m, MEM_DISCARDED, gpa_of(s, page), old.out ? FRAME_NONE : old.at, zero);
}
