/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline-pages.c - every content that the machine's pages had at the points of a time line.
 * Rule: a content is stored once, however many points have it; a page that did not change costs nothing, nor do zeros.
 *
 * Which pages may have changed is in the log of the machine's memory (core/frame.h), into which the guest's writes come
 * by the logs of all slots (mem_gather).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "core/timeline-priv.h"

enum { ZSTD_LEVEL = 1, OVERHEAD = 16 /* of an allocation */ };

/* ---- contents ---- */

static void account(struct pages *p, i64 bytes)
{
	p->bytes += (u64)bytes;
}

static struct page *page_new(struct pages *p, const u8 *data)
{
	struct page *new = malloc(sizeof(*new) + PAGE_SIZE_4K);

	if (!new)
		return NULL;
	*new = (struct page){ .refs = 1, .size = PAGE_SIZE_4K };
	memcpy(new->data, data, PAGE_SIZE_4K);
	account(p, sizeof(*new) + PAGE_SIZE_4K + OVERHEAD);
	return new;
}

static struct page *page_share(struct page *page)
{
	if (page)
		page->refs++;
	return page;
}

static void page_drop(struct pages *p, struct page *page)
{
	if (!page || --page->refs)
		return;
	account(p, -(i64)(sizeof(*page) + page->size + OVERHEAD));
	free(page);
}

/* Its bytes; valid until the next call. */
static const u8 *page_data(struct pages *p, const struct page *page)
{
	static const u8 zeros[PAGE_SIZE_4K];

	if (!page)
		return zeros;
	if (page->size == PAGE_SIZE_4K)
		return page->data;
	ZSTD_decompress(p->scratch, PAGE_SIZE_4K, page->data, page->size); /* we made it */
	return p->scratch;
}

static bool page_is(struct pages *p, const struct page *page, const u8 *data)
{
	return page ? !memcmp(page_data(p, page), data, PAGE_SIZE_4K) : page_is_zero(data);
}

/* ---- versions ---- */

/* The latest version at or before the point, or NULL. */
static struct version *version_at(const struct pages *p, u64 frame, const struct point *at)
{
	struct version *v = p->newest[frame];

	while (v && v->at->image->icount > at->image->icount)
		v = v->older;
	return v;
}

static struct page *page_at(const struct pages *p, u64 frame, const struct point *at)
{
	const struct version *v = version_at(p, frame, at);

	return v ? v->page : NULL;
}

/* A new version at this point; `page` is its own reference.  False: no memory. */
static bool add_version(struct pages *p, u64 frame, struct point *at, struct page *page)
{
	struct version *v = malloc(sizeof(*v)), *older = version_at(p, frame, at);

	if (!v)
		return false;
	*v = (struct version){ .older = older, .at = at, .frame = frame, .page = page, .next = at->pages };
	v->newer = older ? older->newer : p->newest[frame];
	if (!older) /* it becomes the oldest: behind the end of the chain */
		for (; v->newer && v->newer->older; )
			v->newer = v->newer->older;
	if (v->newer)
		v->newer->older = v;
	else
		p->newest[frame] = v;
	if (older)
		older->newer = v;
	at->pages = v;
	account(p, sizeof(*v) + OVERHEAD);
	return true;
}

static void unchain(struct pages *p, struct version *v)
{
	if (v->newer)
		v->newer->older = v->older;
	else
		p->newest[v->frame] = v->older;
	if (v->older)
		v->older->newer = v->newer;
}

static void version_free(struct pages *p, struct version *v)
{
	unchain(p, v);
	page_drop(p, v->page);
	account(p, -(i64)(sizeof(*v) + OVERHEAD));
	free(v);
}

/* ---- taking ---- */

static bool has_version(const struct version *v, const struct point *at)
{
	return v && v->at == at;
}

/* The page differs at this point, and the next one, which has relied on the one before, needs a version of its own. */
static bool note(struct pages *p, u64 frame, struct point *at, struct page *now)
{
	struct version *before = version_at(p, frame, at);
	struct version *after = before ? before->newer : p->newest[frame];

	while (!before && after && after->older)
		after = after->older;
	if (at->newer && !has_version(after, at->newer) &&
	    !add_version(p, frame, at->newer, page_share(before ? before->page : NULL))) {
		page_drop(p, before ? before->page : NULL);
		return false;
	}
	if (!has_version(before, at))
		return add_version(p, frame, at, now);
	page_drop(p, before->page); /* this point is taken once more */
	before->page = now;
	return true;
}

static bool take_frame(struct pages *p, u64 frame, struct point *at)
{
	const u8 *data = p->view + frame * PAGE_SIZE_4K;
	struct page *page = NULL; /* zeros are not kept */
	bool zero;

	if (page_is(p, page_at(p, frame, at), data))
		return true;
	zero = page_is_zero(data);
	if (!zero)
		page = page_new(p, data);
	if ((!zero && !page) || !note(p, frame, at, page)) {
		page_drop(p, page);
		return false;
	}
	return true;
}

/* Call fn for every frame in the log.  False from fn ends it. */
#define EACH_LOGGED(frames, frame) \
	for (u64 word_ = 0; word_ < ((frames)->n + 63) / 64; word_++) \
		for (u64 bits_ = (frames)->written[LOG_PAST][word_], frame; bits_ && (frame = word_ * 64 + (u64)__builtin_ctzll(bits_), true); \
		     bits_ &= bits_ - 1)

static void clear_log(struct frames *f)
{
	memset(f->written[LOG_PAST], 0, (f->n + 63) / 64 * sizeof(u64));
}

/* Whatever was ever touched: the rest are holes, which nobody must even look at. */
static void mark_all(const struct frames *f)
{
	off_t end = (off_t)(f->n * PAGE_SIZE_4K), at = 0;

	while ((at = lseek(f->fd, at, SEEK_DATA)) >= 0 && at < end) {
		off_t hole = lseek(f->fd, at, SEEK_HOLE);

		if (hole < 0)
			hole = end;
		frames_mark(f, (u64)at / PAGE_SIZE_4K, ((u64)(hole - at) + PAGE_SIZE_4K - 1) / PAGE_SIZE_4K);
		at = hole;
	}
}

int pages_take(struct pages *p, struct point *at, bool all)
{
	struct frames *f = p->vm->frames;

	mem_gather(&p->vm->mem);
	if (all)
		mark_all(f);
	p->looked = 0;
	EACH_LOGGED(f, frame) {
		p->looked++;
		if (!take_frame(p, frame, at))
			return -ENOMEM;
	}
	at->packed = false;
	clear_log(f);
	return 0;
}

int pages_take_kept(struct pages *p, struct point *at, const struct kept_page *kept, u64 n)
{
	for (u64 i = 0; i < n; i++)
		if (!add_version(p, kept[i].frame, at, page_share(kept[i].page))) {
			page_drop(p, kept[i].page);
			return -ENOMEM;
		}
	clear_log(p->vm->frames);
	return 0;
}

/* ---- putting back ---- */

/* Wherever the guest sees this frame, its decoded code is stale. */
static void tell_written(const struct mem *m, u64 frame)
{
	for (const struct mem_slot *s = m->slot; s < m->slot + m->nslots; s++)
		if (!(s->flags & SLOT_HOLE) && frame >= s->frame && frame - s->frame < s->size / PAGE_SIZE_4K)
			m->written(m->arg, s->gpa + (frame - s->frame) * PAGE_SIZE_4K, PAGE_SIZE_4K);
}

static void put_frame(struct pages *p, u64 frame, const struct page *page)
{
	u8 *now = p->view + frame * PAGE_SIZE_4K;
	const u8 *then = page_data(p, page);

	if (!memcmp(now, then, PAGE_SIZE_4K))
		return;
	memcpy(now, then, PAGE_SIZE_4K);
	frames_mark(p->vm->frames, frame, 1); /* in the logs of others, too */
	tell_written(&p->vm->mem, frame);
}

static void mark(struct pages *p, const struct point *at)
{
	for (const struct version *v = at->pages; v; v = v->next)
		frames_mark(p->vm->frames, v->frame, 1);
}

/* What differs between two points of the list. */
static void mark_between(struct pages *p, const struct point *from, const struct point *to)
{
	bool back = to->image->icount < from->image->icount;
	const struct point *low = back ? to : from, *high = back ? from : to;

	for (const struct point *at = high; at != low; at = at->older)
		mark(p, at);
}

void pages_put(struct pages *p, const struct point *from, const struct point *to)
{
	struct frames *f = p->vm->frames;

	mem_gather(&p->vm->mem);
	mark_between(p, from, to);
	EACH_LOGGED(f, frame)
		put_frame(p, frame, page_at(p, frame, to));
	clear_log(f);
}

/* ---- points that go ---- */

void pages_merge(struct pages *p, struct point *gone)
{
	struct point *heir = gone->newer;

	for (struct version *v = gone->pages, *next; v; v = next) {
		next = v->next;
		if (has_version(v->newer, heir)) {
			version_free(p, v);
			continue;
		}
		v->at = heir;
		v->next = heir->pages;
		heir->pages = v;
		heir->packed &= gone->packed;
	}
	gone->pages = NULL;
}

void pages_forget(struct pages *p, struct point *gone)
{
	for (struct version *v = gone->pages, *next; v; v = next) {
		next = v->next;
		version_free(p, v);
	}
	gone->pages = NULL;
}

/* ---- compressing ---- */

static struct page *pack(struct pages *p, struct page *page)
{
	size_t size = ZSTD_compressCCtx(p->packer, p->scratch, PAGE_SIZE_4K, page->data, PAGE_SIZE_4K, ZSTD_LEVEL);
	struct page *small;

	if (ZSTD_isError(size) || size > PAGE_SIZE_4K * 7 / 8) /* "no room" is its word for "it does not get smaller" */
		return page;
	small = malloc(sizeof(*small) + size);
	if (!small)
		return page;
	*small = (struct page){ .refs = 1, .size = (u32)size };
	memcpy(small->data, p->scratch, size);
	account(p, (i64)(sizeof(*small) + size + OVERHEAD));
	page_drop(p, page);
	return small;
}

bool pages_pack(struct pages *p, struct point *at)
{
	if (at->packed)
		return false;
	at->packed = true;
	for (struct version *v = at->pages; v; v = v->next)
		if (v->page && v->page->size == PAGE_SIZE_4K && v->page->refs == 1)
			v->page = pack(p, v->page);
	return true;
}

/* ---- keeping ---- */

/* The frame's page as it is now: a new reference; NULL with *failed if there is no memory. */
static struct page *page_now(struct pages *p, u64 frame, const struct point *base, bool *failed)
{
	const struct frames *f = p->vm->frames;
	const u8 *data = p->view + frame * PAGE_SIZE_4K;
	struct page *page = page_at(p, frame, base);
	if (!(f->written[LOG_PAST][frame / 64] >> frame % 64 & 1))
		return page_share(page);
	if (page_is(p, page, data))
		return page_share(page);
	if (page_is_zero(data))
		return NULL;
	page = page_new(p, data);
	*failed |= !page;
	return page;
}

static bool is_known(const struct pages *p, u64 frame)
{
	return p->newest[frame] || p->vm->frames->written[LOG_PAST][frame / 64] >> frame % 64 & 1;
}

struct kept_page *pages_keep(struct pages *p, const struct point *base, u64 *n)
{
	struct kept_page *kept;
	bool failed = false;
	u64 count = 0;

	mem_gather(&p->vm->mem);
	for (u64 frame = 0; frame < p->vm->frames->n; frame++)
		count += is_known(p, frame);
	kept = malloc((count + 1) * sizeof(*kept));
	*n = 0;
	for (u64 frame = 0; kept && frame < p->vm->frames->n; frame++) {
		struct page *page = is_known(p, frame) ? page_now(p, frame, base, &failed) : NULL;

		if (page)
			kept[(*n)++] = (struct kept_page){ frame, page };
	}
	if (!failed)
		return kept;
	pages_drop(p, kept, *n);
	return NULL;
}

void pages_drop(struct pages *p, struct kept_page *kept, u64 n)
{
	for (u64 i = 0; i < n; i++)
		page_drop(p, kept[i].page);
	free(kept);
}

void pages_put_kept(struct pages *p, const struct point *from, const struct kept_page *kept, u64 n)
{
	const struct frames *f = p->vm->frames;
	u64 i = 0;

	mem_gather(&p->vm->mem);
	for (u64 frame = 0; frame < f->n; frame++) {
		bool is_kept = i < n && kept[i].frame == frame;
		struct page *then = is_kept ? kept[i++].page : NULL;
		bool logged = f->written[LOG_PAST][frame / 64] >> frame % 64 & 1;

		if (!logged && (!p->newest[frame] || page_at(p, frame, from) == then) && (p->newest[frame] || !then))
			continue;
		put_frame(p, frame, then);
		frames_mark(f, frame, 1);
	}
}

/* ---- all of it ---- */

int pages_open(struct pages *p, struct vm *vm, struct err *err)
{
	u64 n = vm->frames->n;

	*p = (struct pages){ .vm = vm, .view = frames_map(vm->frames, 0, n) };
	p->newest = calloc(n, sizeof(struct version *));
	p->scratch = malloc(PAGE_SIZE_4K);
	p->packer = ZSTD_createCCtx();
	if (p->view && p->newest && p->scratch && p->packer)
		return mem_log_frames(&vm->mem, LOG_PAST, true, err);
	return err_set(err, ENOMEM, "no memory to keep the machine's past");
}

void pages_close(struct pages *p)
{
	if (!p->vm)
		return;
	mem_log_frames(&p->vm->mem, LOG_PAST, false, NULL);
	frames_unmap(p->view, p->vm->frames->n);
	ZSTD_freeCCtx(p->packer);
	free(p->newest);
	free(p->scratch);
}
