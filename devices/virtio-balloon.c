/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-balloon.c - pages into and out of the balloon, reports of free pages, statistics.
 * Rule: a page is given back by mem_discard, which takes RAM only; whatever else a guest names is ignored.
 * NOT MODELLED: free page hints, page poisoning.
 * Source: virtio 1.2, 5.5; numbers in brackets are its sections.
 */
#include "devices/virtio-balloon.h"

#include "core/x86/x86.h"

enum { F_STATS_VQ = 1, F_DEFLATE_ON_OOM = 2, F_PAGE_REPORTING = 5 };      /* 5.5.3 */
enum { CONFIG_NUM_PAGES = 0, CONFIG_ACTUAL = 4, CONFIG_BYTES = 16 };      /* 5.5.4 */
/* 5.5.2; the queue of reports comes after that of free page hints, if there is one */
enum { QUEUE_INFLATE, QUEUE_DEFLATE, QUEUE_STATS, QUEUE_REPORTING, QUEUES };
enum { PFN_BYTES = 4, STAT_BYTES = 10, PFNS_MAX = 4096 };

static struct virtio_balloon *of(struct virtio *v)
{
	return (struct virtio_balloon *)v;
}

/* An array of page numbers (5.5.6). */
static void take_pages(struct virtio *v, const struct virtio_chain *c)
{
	u64 n = c->readable / PFN_BYTES;
	u32 pfn;

	for (u64 i = 0; i < n && i < PFNS_MAX; i++) {
		virtio_chain_read(v, c, i * PFN_BYTES, &pfn, sizeof(pfn));
		if (mem_discard(v->dev.world->mem, (u64)pfn * PAGE_SIZE_4K, PAGE_SIZE_4K))
			of(v)->s.pages_taken[0]++;
	}
}

/* The buffers themselves are the free pages (5.5.6.7). */
static void take_report(struct virtio *v, const struct virtio_chain *c)
{
	for (u32 i = c->nreadable; i < c->npieces; i++)
		if (mem_discard(v->dev.world->mem, c->piece[i].gpa, c->piece[i].len))
			of(v)->s.pages_reported[0] += c->piece[i].len / PAGE_SIZE_4K;
}

/* Entries of a u16 tag and a u64 value (5.5.6.3). */
static void take_stats(struct virtio *v, const struct virtio_chain *c)
{
	struct { u16 tag; u64 value; } __attribute__((packed)) entry;

	_Static_assert(sizeof(entry) == STAT_BYTES, "as in memory");
	for (u64 i = 0; i < c->readable / STAT_BYTES && i < VIRTIO_BALLOON_STATS * 4; i++) {
		virtio_chain_read(v, c, i * STAT_BYTES, &entry, sizeof(entry));
		if (entry.tag < VIRTIO_BALLOON_STATS)
			of(v)->s.stat[entry.tag] = entry.value;
	}
}

static void serve_stats(struct virtio *v)
{
	struct virtio_balloon_state *s = &of(v)->s;
	struct virtio_chain c;

	while (virtio_chain_next(v, QUEUE_STATS, &c)) {
		if (s->has_stats_buffer[0]) /* two are one more than the device asked for: return the old one */
			virtio_done(v, QUEUE_STATS, s->stats_buffer[0], 0);
		take_stats(v, &c);
		s->stats_buffer[0] = c.head;
		s->has_stats_buffer[0] = 1;
	}
}

static void serve(struct virtio *v, u32 queue)
{
	struct virtio_chain c;

	if (queue == QUEUE_STATS) {
		serve_stats(v);
		return;
	}
	while (virtio_chain_next(v, queue, &c)) {
		if (queue == QUEUE_INFLATE)
			take_pages(v, &c);
		else if (queue == QUEUE_DEFLATE)
			of(v)->s.pages_given[0] += c.readable / PFN_BYTES;
		else
			take_report(v, &c);
		virtio_done(v, queue, c.head, 0);
	}
}

void virtio_balloon_set(struct device *d, u32 pages)
{
	struct virtio *v = (struct virtio *)d;
	struct virtio_balloon_state *s = d->state;

	s->target[0] = pages;
	virtio_config_change(v, CONFIG_NUM_PAGES, pages, 4);
	if (!s->has_stats_buffer[0] || !virtio_ready(v, QUEUE_STATS))
		return;
	s->has_stats_buffer[0] = 0;
	virtio_done(v, QUEUE_STATS, s->stats_buffer[0], 0);
	virtio_publish(v, QUEUE_STATS);
}

u32 virtio_balloon_actual(const struct device *d)
{
	return virtio_config_get((const struct virtio *)d, CONFIG_ACTUAL, 4);
}

/* ---- the device ---- */

static const struct virtio_kind kind = {
	.id = VIRTIO_ID_BALLOON,
	.nqueues = QUEUES,
	.config_size = CONFIG_BYTES,
	.config_writable = CONFIG_ACTUAL,
	.config_writable_size = 4,
	.pci_class = 0x00ff00, /* none of the defined classes */
	.features = 1ull << F_STATS_VQ | 1ull << F_DEFLATE_ON_OOM | 1ull << F_PAGE_REPORTING,
	.serve = serve,
};

int virtio_balloon_init(struct virtio_balloon *b, const struct device_world *world, struct err *err)
{
	return virtio_init(&b->v, &kind, &virtio_balloon_class, NULL, &b->s, world, err);
}

/* Of the class's battery: only what the user wants outlives a reset. */
static void virtio_balloon_reset(struct device *d)
{
	struct virtio_balloon_state *s = d->state;
	u32 target = s->target[0];

	state_reset(d->class->layout, s);
	s->target[0] = target;
	virtio_config_put((struct virtio *)d, CONFIG_NUM_PAGES, target, 4);
}

const struct device_class virtio_balloon_class = {
	.name = "virtio-balloon",
	.brief = "virtio memory balloon",
	.layout = &virtio_balloon_state_layout,
	.battery = true,
	.reset = virtio_balloon_reset,
	.restored = virtio_restored,
};
