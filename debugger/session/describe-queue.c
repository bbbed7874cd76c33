/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-queue.c - virtqueues: what the driver has made available and what the device has used 
 * (virtio 1.2, 2.7).
 * Rule: rings are a claim of somebody hostile: every index is compared with the size, every chain is cut at
 * it.
 */
#include "debugger/session/describe.h"
#include "devices/virtio-balloon.h"
#include "devices/virtio-blk.h"
#include "devices/virtio-console.h"
#include "devices/virtio-net.h"
#include "devices/virtio-rng.h"

#define ULL(x) ((unsigned long long)(x))
enum { CHAINS = 16, USED = 8 }; /* shown at most */
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 }; /* 2.7.5 */

static const struct queues {
	const struct device_class *class;
	const char *name[VIRTIO_QUEUES]; /* virtio 1.2, 5.1.2, 5.2.2, 5.3.2, 5.4.2, 5.5.2 */
} kinds[] = {
	{ &virtio_blk_class, { "requests" } },
	{ &virtio_net_class, { "receive", "transmit", "control" } },
	{ &virtio_console_class, { "receive", "transmit" } },
	{ &virtio_rng_class, { "requests" } },
	{ &virtio_balloon_class, { "inflate", "deflate", "stats", "free", "report" } },
};

struct ring {
	const struct virtio *v;
	struct mem *mem;
	u32 q, size;
	struct lines *l;
};

static bool get(const struct ring *r, u64 gpa, void *out, u32 size)
{
	return mem_read(r->mem, gpa, out, size);
}

/* ---- chains ---- */

/* One descriptor; the number of the next one, or -1. */
static int descriptor(const struct ring *r, u64 table, u32 i, struct lines *l)
{
	struct { u64 addr; u32 len; u16 flags, next; } d;
	struct line *line;

	if (!get(r, table + (u64)i * sizeof(d), &d, sizeof(d))) {
		lines_add(l, LINE_BAD, "      descriptor %u at %llx: no RAM there", i,
			  ULL(table + (u64)i * sizeof(d)));
		return -1;
	}
	line = lines_add(l, LINE_TEXT, "      desc %-3u %012llx %7u bytes  %s", i, ULL(d.addr), d.len,
			 d.flags & DESC_INDIRECT ? "table of more"
			 : d.flags & DESC_WRITE  ? "device writes"
						 : "device reads");
	line->about = ABOUT_GPA;
	line->value = d.addr;
	if (!(d.flags & DESC_NEXT))
		return -1;
	lines_more(l, "  then %u", d.next);
	return d.next;
}

static void chain(const struct ring *r, u16 head, struct lines *l)
{
	int i = head;

	for (u32 n = 0; i >= 0; n++) {
		if ((u32)i >= r->size || n == r->size) {
			lines_add(l, LINE_BAD, "      %s",
				  n == r->size ? "a loop of descriptors" : "a descriptor beyond the table");
			return;
		}
		i = descriptor(r, r->v->s->queue_desc[r->q], (u32)i, l);
	}
}

/* ---- rings ---- */

static void waiting(const struct ring *r, u16 from, u16 to)
{
	for (u16 n = from; n != to && (u16)(n - from) < CHAINS; n++) {
		u16 head;

		if (!get(r, r->v->s->queue_driver[r->q] + 4 + 2 * (u64)(n % r->size), &head, 2))
			return;
		lines_add(r->l, LINE_WARN, "    waits: entry %u, chain %u", n % r->size, head);
		chain(r, head, r->l);
	}
	if ((u16)(to - from) > CHAINS)
		lines_add(r->l, LINE_DIM, "    ... and %u chains more", (u16)(to - from) - CHAINS);
}

static void used(const struct ring *r, u16 idx)
{
	u32 n = idx < USED && idx < r->size ? idx : USED < r->size ? USED : r->size;

	for (u32 i = 0; i < n; i++) {
		u16 at = (u16)(idx - 1 - i);
		struct { u32 head, len; } e;

		if (!get(r, r->v->s->queue_device[r->q] + 4 + 8 * (u64)(at % r->size), &e, 8))
			return;
		lines_add(r->l, LINE_DIM, "    used: entry %u, chain %u, %u bytes written", at % r->size,
			  e.head, e.len);
	}
}

/* Behind the entries each side says from where on it wants to hear (2.7.7, 2.7.10). */
static void events(const struct ring *r)
{
	const struct virtio_state *s = r->v->s;
	u16 used_event = 0, avail_event = 0;

	if (!virtio_has(r->v, VIRTIO_F_EVENT_IDX))
		return;
	if (get(r, s->queue_driver[r->q] + 4 + 2 * (u64)r->size, &used_event, 2) &&
	    get(r, s->queue_device[r->q] + 4 + 8 * (u64)r->size, &avail_event, 2))
		lines_add(r->l, LINE_TEXT, "    interrupt wanted at used %u, bell at available %u",
			  used_event, avail_event);
}

static void queue(const struct ring *r, const char *name, bool detail)
{
	const struct virtio_state *s = r->v->s;
	u16 avail = 0, done = 0;
	struct line *line;

	if (!s->queue_enable[r->q] || !r->size) {
		lines_add(r->l, LINE_DIM, "%2u %-8s not set up", r->q, name ? name : "");
		return;
	}
	bool ok = get(r, s->queue_driver[r->q] + 2, &avail, 2) && get(r, s->queue_device[r->q] + 2, &done, 2);
	u16 n = avail - s->avail_next[r->q];
	line = lines_add(r->l, !ok || n > r->size ? LINE_BAD : n ? LINE_WARN : LINE_TEXT,
			 "%2u %-8s %3u %5u %5u %5u %4u", r->q, name ? name : "", r->size,
			 avail, s->avail_next[r->q], done, n);
	line->about = ABOUT_QUEUE;
	line->value = r->q;
	if (!ok)
		lines_more(r->l, "  (no RAM there)");
	if (!detail || !ok)
		return;
	lines_add(r->l, LINE_DIM, "    descriptors at %llx", ULL(s->queue_desc[r->q]));
	lines_add(r->l, LINE_DIM, "    available ring at %llx, used ring at %llx", ULL(s->queue_driver[r->q]),
		  ULL(s->queue_device[r->q]));
	events(r);
	if (n <= r->size)
		waiting(r, s->avail_next[r->q], avail);
	else
		lines_add(r->l, LINE_BAD,
			  "    more chains wait than the ring has entries: the driver is wrong");
	used(r, done);
}

/* ---- devices ---- */

/* How far driver and device have come (2.1): the last stage reached, or what went wrong. */
static const char *stage(u8 status)
{
	return status & VIRTIO_FAILED	     ? "FAILED"
	       : status & VIRTIO_NEEDS_RESET ? "NEEDS_RESET"
	       : status & VIRTIO_DRIVER_OK   ? "DRIVER_OK"
	       : status & VIRTIO_FEATURES_OK ? "FEATURES_OK"
	       : status & VIRTIO_DRIVER	     ? "DRIVER"
	       : status & VIRTIO_ACKNOWLEDGE ? "ACKNOWLEDGE"
					     : "no driver";
}

static void device(struct session *s, int index, const struct queues *kind, bool detail, struct lines *l)
{
	const struct virtio *v = (const struct virtio *)s->vm->device[index];
	u8 status = v->s->status[0];
	struct line *line =
		lines_add(l, status & (VIRTIO_FAILED | VIRTIO_NEEDS_RESET) ? LINE_BAD : LINE_TITLE,
			  "%s  %02x %s", v->dev.name, status, stage(status));

	line->about = ABOUT_DEVICE;
	line->value = (u64)index;
	if (detail)
		lines_add(l, LINE_DIM, "    features taken %llx of %llx", ULL(v->s->driver_features[0]),
			  ULL(v->features | v->kind->features));
	for (u32 q = 0; q < v->kind->nqueues; q++) {
		struct ring r = { v, &s->vm->mem, q, v->s->queue_size[q], l };

		queue(&r, kind->name[q], detail);
	}
}

void describe_queues(struct session *s, bool detail, struct lines *l)
{
	int found = 0;

	for (int i = 0; i < s->vm->ndevices; i++)
		for (u32 k = 0; k < ARRAY_LEN(kinds); k++)
			if (s->vm->device[i]->class == kinds[k].class) {
				if (!found++)
					lines_add(l, LINE_DIM, "   %-8s len avail taken  used wait", "queue");
				device(s, i, &kinds[k], detail, l);
			}
	if (!found)
		lines_add(l, LINE_DIM,
			  "this machine has no virtio device (--disk FILE,if=virtio, --net user, --virtio "
			  "rng)");
}
