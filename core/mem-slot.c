/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem-slot.c - the guest-physical map: which frames appear where.
 * Rule: the host mapping always says what the list says; a hole is mapped without any access, so that a
 * forgotten check of ours stops at once instead of reading something that is not there.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/mem.h"
#include "core/x86/x86.h"

enum { SLOT_FLAGS = SLOT_ROM | SLOT_LOG | SLOT_HOLE | SLOT_DEVICE | SLOT_MACHINE };
#define A20 (1ull << 20)

int mem_open(struct mem *m, struct frames *frames, u64 span, struct err *err)
{
	void *base;

	memset(m, 0, sizeof(*m));
	m->frames = frames;
	m->gpa_mask = UINT64_MAX;
	if (!span || span & PAGE_MASK_4K)
		return err_set(err, EINVAL,
			       "guest-physical space of 0x%" PRIx64 " bytes: expected whole pages", span);
	base = mmap(NULL, span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return err_set(err, errno,
			       "guest-physical space of %" PRIu64 " MiB of addresses: %s%s", span >> 20,
			       strerror(errno), errno == ENOMEM ? "; is there a limit (ulimit -v)?" : "");
	m->base = base;
	m->span = span;
	return 0;
}

static u64 pages_of(const struct mem_slot *s)
{
	return s->size / PAGE_SIZE_4K;
}

void mem_close(struct mem *m)
{
	if (m->base)
		munmap(m->base, m->span);
	for (int i = 0; i < m->nslots; i++) {
		if (m->slot[i].page)
			mem_paged_release(m, &m->slot[i]);
		else if (m->slot[i].frame != FRAME_NONE)
			frames_unref(m->frames, m->slot[i].frame, pages_of(&m->slot[i]));
		free(m->slot[i].dirty);
	}
	memset(m, 0, sizeof(*m));
}

/* Make the host mapping say what the slot says. */
static int map(struct mem *m, const struct mem_slot *s, struct err *err)
{
	void *at = m->base + s->gpa, *got;

	if (s->flags & SLOT_HOLE)
		got = mmap(at, s->size, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
			   -1, 0);
	else
		got = mmap(at, s->size, PROT_READ | PROT_WRITE, MAP_FIXED | MAP_SHARED, m->frames->fd,
			   (off_t)(s->frame * PAGE_SIZE_4K));
	if (got == MAP_FAILED)
		return err_set(err, errno, "slot %s at 0x%" PRIx64 ": mapping its memory failed: %s", s->name,
			       s->gpa, strerror(errno));
	return 0;
}

/* Frames and flags of a slot are ones that can be mapped. */
static int check_backing(const struct mem *m, const struct mem_slot *s, struct err *err)
{
	u64 n = m->frames->n;

	if (s->flags & ~(u32)SLOT_FLAGS)
		return err_set(err, EINVAL, "slot %s: unknown flags 0x%x", s->name, (unsigned)s->flags);
	if (s->frame == FRAME_NONE && !(s->flags & SLOT_HOLE))
		return err_set(err, EINVAL, "slot %s: only a hole can be without frames", s->name);
	if (s->frame != FRAME_NONE && (s->frame >= n || pages_of(s) > n - s->frame))
		return err_set(err, EINVAL,
			       "slot %s: frames 0x%" PRIx64 " and on, the machine has 0x%" PRIx64, s->name,
			       s->frame, n);
	return 0;
}

/* Where in the sorted list the new slot goes, or a negative errno. */
static int place_for(const struct mem *m, const struct mem_slot *s, struct err *err)
{
	int at = 0;

	if (!s->size || (s->gpa | s->size) & PAGE_MASK_4K)
		return err_set(err, EINVAL,
			       "slot %s: 0x%" PRIx64 " bytes at 0x%" PRIx64 ", expected whole pages", s->name,
			       s->size, s->gpa);
	if (s->gpa >= m->span || s->size > m->span - s->gpa)
		return err_set(err, EINVAL,
			       "slot %s: 0x%" PRIx64 " bytes at 0x%" PRIx64
			       " leave the guest's space of 0x%" PRIx64,
			       s->name, s->size, s->gpa, m->span);
	while (at < m->nslots && m->slot[at].gpa < s->gpa)
		at++;
	if (at > 0 && s->gpa - m->slot[at - 1].gpa < m->slot[at - 1].size)
		return err_set(err, EEXIST, "slot %s at 0x%" PRIx64 ": lies in slot %s", s->name, s->gpa,
			       m->slot[at - 1].name);
	if (at < m->nslots && m->slot[at].gpa - s->gpa < s->size)
		return err_set(err, EEXIST, "slot %s at 0x%" PRIx64 ": reaches into slot %s", s->name, s->gpa,
			       m->slot[at].name);
	return at;
}

static int start_log(struct mem_slot *s, struct err *err)
{
	s->dirty = calloc((pages_of(s) + 63) / 64, sizeof(*s->dirty));
	if (!s->dirty)
		return err_set(err, ENOMEM, "slot %s: no memory for its dirty log", s->name);
	s->flags |= SLOT_LOG;
	return 0;
}

static void tell_changing(struct mem *m)
{
	if (m->changing)
		m->changing(m->arg);
}

static void tell_changed(struct mem *m, const struct mem_slot *s)
{
	if (m->changed)
		m->changed(m->arg, s);
}

static void tell_remapped(struct mem *m, const struct mem_slot *s)
{
	if (m->remapped)
		m->remapped(m->arg);
	tell_changed(m, s);
}

/* The list without its entry `at`, and with a new one there. */
static void take_out(struct mem *m, int at)
{
	m->nslots--;
	memmove(&m->slot[at], &m->slot[at + 1], sizeof(m->slot[0]) * (size_t)(m->nslots - at));
}

static void put_in(struct mem *m, int at, const struct mem_slot *s)
{
	memmove(&m->slot[at + 1], &m->slot[at], sizeof(*s) * (size_t)(m->nslots - at));
	m->slot[at] = *s;
	m->nslots++;
}

int mem_slot_add(struct mem *m, const char *name, u64 gpa, u64 size, frame_no frame, u32 flags,
		 struct err *err)
{
	/* Slots are never taken away, so their number is a fresh id. */
	struct mem_slot s = {
		.name = name, .gpa = gpa, .size = size, .frame = frame, .flags = flags, .id = (u32)m->nslots
	};
	int at, rc;

	if (m->nslots == MEM_SLOTS)
		return err_set(err, ENOSPC, "slot %s: there are %d slots already", name, MEM_SLOTS);
	at = place_for(m, &s, err);
	rc = at < 0 ? at : check_backing(m, &s, err);
	if (!rc && flags & SLOT_LOG)
		rc = start_log(&s, err);
	if (!rc)
		rc = map(m, &s, err);
	if (rc) {
		free(s.dirty);
		return rc;
	}
	if (frame != FRAME_NONE)
		frames_ref(m->frames, frame, pages_of(&s));
	put_in(m, at, &s);
	tell_remapped(m, &m->slot[at]);
	return (int)s.id;
}

const struct mem_slot *mem_slot_get(const struct mem *m, u32 id)
{
	for (int i = 0; i < m->nslots; i++)
		if (m->slot[i].id == id)
			return &m->slot[i];
	return NULL;
}

static struct mem_slot *slot_by_id(struct mem *m, u32 id)
{
	return (struct mem_slot *)mem_slot_get(m, id);
}

static void mark_frame(const struct mem *m, const struct mem_slot *s, u64 page)
{
	if (!s->page)
		frames_mark(m->frames, s->frame + page, 1);
	else if (!s->page[page].out)
		frames_mark(m->frames, s->page[page].at, 1);
}

/* Into the log of the machine's memory.  True if there was any. */
static bool gather(struct mem *m, struct mem_slot *s)
{
	bool any = false;

	if (!(s->flags & SLOT_LOG) || (s->frame == FRAME_NONE && !s->page))
		return false;
	if (m->fetching)
		m->fetching(m->arg, s);
	for (u64 i = 0; i < (pages_of(s) + 63) / 64; i++) {
		if (!s->dirty[i])
			continue;
		any = true;
		for (u64 bits = __atomic_exchange_n(&s->dirty[i], 0, __ATOMIC_ACQ_REL); bits; bits &= bits - 1)
			mark_frame(m, s, i * 64 + (u64)__builtin_ctzll(bits));
	}
	return any;
}

int mem_slot_change(struct mem *m, u32 id, frame_no frame, u32 flags, struct err *err)
{
	struct mem_slot *s = slot_by_id(m, id), was, now;
	int rc;

	if (!s)
		return err_set(err, ENOENT, "there is no memory slot %u", (unsigned)id);
	if (s->page)
		return err_set(err, EBUSY, "slot %s: its pages lie in frames of their own; it cannot show others", s->name);
	was = now = *s;
	now.frame = frame;
	now.flags = (flags & ~(u32)SLOT_LOG) | (was.flags & SLOT_LOG); /* mem_log says what is logged */
	if (now.frame == was.frame && now.flags == was.flags)
		return 0;
	tell_changing(m);
	rc = check_backing(m, &now, err);
	if (!rc && (now.frame != was.frame || (now.flags ^ was.flags) & SLOT_HOLE))
		rc = map(m, &now, err);
	if (rc)
		return rc;
	if (now.frame != was.frame && frames_logged(m->frames))
		gather(m, s); /* what is noted is about the frames that it shows no more */
	if (frame != FRAME_NONE)
		frames_ref(m->frames, frame, pages_of(&now));
	if (was.frame != FRAME_NONE)
		frames_unref(m->frames, was.frame, pages_of(&was));
	*s = now;
	if (now.frame != was.frame && now.flags & SLOT_LOG)
		mem_mark_dirty(s, s->gpa, s->size); /* other content at every address */
	tell_remapped(m, s);
	return 0;
}

/* The host mapping of a slot that moves.  The two places may overlap, so the old one is cleared first. */
static int remap(struct mem *m, const struct mem_slot *was, const struct mem_slot *now, struct err *err)
{
	struct mem_slot nothing = *was;
	int rc;

	nothing.flags |= SLOT_HOLE;
	rc = map(m, &nothing, err);
	if (!rc)
		rc = map(m, now, err);
	if (rc)
		map(m, was, NULL);
	return rc;
}

int mem_slot_move(struct mem *m, u32 id, u64 gpa, struct err *err)
{
	struct mem_slot *s = slot_by_id(m, id), was, now;
	int from, to, rc;

	if (!s || !(s->flags & SLOT_DEVICE))
		return err_set(err, ENOENT, "memory slot %u is none that can move", (unsigned)id);
	if (s->gpa == gpa)
		return 0;
	tell_changing(m);
	from = (int)(s - m->slot);
	was = now = *s;
	now.gpa = gpa;
	take_out(m, from);
	to = place_for(m, &now, err);
	rc = to < 0 ? to : remap(m, &was, &now, err);
	if (rc) {
		put_in(m, from, &was);
		return rc;
	}
	put_in(m, to, &now);
	if (now.flags & SLOT_LOG)
		mem_mark_dirty(&m->slot[to], gpa, now.size);
	tell_remapped(m, &m->slot[to]);
	return 0;
}

const struct mem_slot *mem_slot_at(const struct mem *m, u64 gpa)
{
	int low = 0, high = m->nslots;

	while (low < high) {
		int mid = (low + high) / 2;

		if (gpa < m->slot[mid].gpa)
			high = mid;
		else if (gpa - m->slot[mid].gpa >= m->slot[mid].size)
			low = mid + 1;
		else
			return &m->slot[mid];
	}
	return NULL;
}

void mem_set_a20(struct mem *m, bool open)
{
	u64 mask = open ? UINT64_MAX : ~A20;

	if (mask == m->gpa_mask)
		return;
	tell_changing(m);
	m->gpa_mask = mask;
	tell_changed(m, NULL);
}

int mem_log(struct mem *m, u32 id, bool on, struct err *err)
{
	struct mem_slot *s = slot_by_id(m, id);

	if (!s)
		return err_set(err, ENOENT, "there is no memory slot %u", (unsigned)id);
	if (on == !!(s->flags & SLOT_LOG))
		return 0;
	if (on) {
		int rc;

		if (m->fetching) /* what was written until now does not count */
			m->fetching(m->arg, s);
		rc = start_log(s, err);
		if (rc)
			return rc;
	} else {
		free(s->dirty);
		s->dirty = NULL;
		s->flags &= ~(u32)SLOT_LOG;
	}
	tell_changed(m, s);
	return 0;
}

u64 mem_fetch_dirty(struct mem *m, u32 id, u64 *bitmap)
{
	struct mem_slot *s = slot_by_id(m, id);
	u64 found = 0;

	assert(s && s->flags & SLOT_LOG);
	tell_changing(m);
	if (m->fetching)
		m->fetching(m->arg, s);
	for (u64 i = 0; i < (pages_of(s) + 63) / 64; i++) {
		bitmap[i] = __atomic_exchange_n(&s->dirty[i], 0, __ATOMIC_ACQ_REL);
		found += (u64)__builtin_popcountll(bitmap[i]);
	}
	if (m->cleared)
		m->cleared(m->arg, s);
	return found;
}

int mem_log_frames(struct mem *m, enum frame_log log, bool on, struct err *err)
{
	int rc = on ? mem_check_alone(m, err) : 0;

	if (!rc)
		rc = frames_log(m->frames, log, on, err);

	for (int i = 0; i < m->nslots && !rc; i++)
		rc = mem_log(m, m->slot[i].id, frames_logged(m->frames), err);
	return rc;
}

void mem_gather(struct mem *m)
{
	tell_changing(m);
	for (int i = 0; i < m->nslots; i++)
		if (gather(m, &m->slot[i]) && m->cleared)
			m->cleared(m->arg, &m->slot[i]);
}
