/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-queue.c - split virtqueues (virtio 1.2, 2.7): a table of descriptors, a ring of chains that the
 * driver makes available, and a ring of chains that the device has used; all three in the guest's memory.
 * Rule: everything read from there is a claim of somebody hostile.  An index is compared with the size, a
 * chain has at most as many pieces as the queue has entries, a piece lies in RAM; else the device needs a
 * reset.
 *
 * Memory order: only with a thread per processor does the driver run at the same time; the fences are for
 * that.
 */
#include <assert.h>
#include <stdatomic.h>

#include "devices/virtio.h"

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };           /* descriptor flags, 2.7.5 */
enum { AVAIL_NO_INTERRUPT = 1 };                                     /* 2.7.6 */
enum { RING_FLAGS = 0, RING_IDX = 2, RING_ENTRIES = 4 };             /* both rings, 2.7.6, 2.7.8 */
enum { DESC_BYTES = 16, AVAIL_ENTRY_BYTES = 2, USED_ENTRY_BYTES = 8 };
/* Buffers in one notification.  Only a driver that adds more meanwhile (see above) can reach it. */
enum { TAKEN_MAX = 1 << 16 };

struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};
_Static_assert(sizeof(struct desc) == DESC_BYTES, "as in memory");

/* ---- the rings in memory ---- */

static bool get16(struct virtio *v, u64 gpa, u16 *value)
{
	if (mem_read(v->dev.world->mem, gpa, value, sizeof(*value)))
		return true;
	virtio_needs_reset(v, "a ring at 0x%llx, where there is no RAM", (unsigned long long)gpa);
	return false;
}

static void put(struct virtio *v, u64 gpa, const void *data, u64 len)
{
	if (!mem_write(v->dev.world->mem, gpa, data, len))
		virtio_needs_reset(v, "a used ring at 0x%llx, where there is no RAM", (unsigned long long)gpa);
}

/* Where each side asks to be told: behind the entries of the ring that it owns (2.7.7, 2.7.10). */
static u64 used_event_gpa(const struct virtio *v, u32 q)
{
	return v->s->queue_driver[q] + RING_ENTRIES + AVAIL_ENTRY_BYTES * (u64)v->s->queue_size[q];
}

static u64 avail_event_gpa(const struct virtio *v, u32 q)
{
	return v->s->queue_device[q] + RING_ENTRIES + USED_ENTRY_BYTES * (u64)v->s->queue_size[q];
}

/* ---- one chain ---- */

/* All of it is memory that the device may read, or write. */
static bool in_ram(const struct mem *m, u64 gpa, u64 len, bool write)
{
	while (len) {
		const struct mem_slot *s = mem_slot_at(m, gpa);
		u64 n;

		if (!s || s->flags & (write ? SLOT_HOLE | SLOT_ROM : SLOT_HOLE))
			return false;
		n = s->size - (gpa - s->gpa);
		if (n >= len)
			return true;
		gpa += n;
		len -= n;
	}
	return true;
}

static bool add_piece(struct virtio *v, u32 q, struct virtio_chain *c, const struct desc *d)
{
	bool write = d->flags & DESC_WRITE;

	if (c->npieces == v->s->queue_size[q]) {
		virtio_needs_reset(v, "a chain longer than queue %u, or a loop in it", q);
		return false;
	}
	if (!write && c->writable) {
		virtio_needs_reset(v, "a chain in queue %u with a buffer to read behind one to write", q);
		return false;
	}
	if (!d->len || !in_ram(v->dev.world->mem, d->addr, d->len, write)) {
		virtio_needs_reset(v, "a buffer of %u bytes at 0x%llx in queue %u: not in RAM", d->len,
				   (unsigned long long)d->addr, q);
		return false;
	}
	c->piece[c->npieces].gpa = d->addr;
	c->piece[c->npieces++].len = d->len;
	if (write) {
		c->writable += d->len;
	} else {
		c->readable += d->len;
		c->nreadable++;
	}
	return true;
}

static bool fetch(struct virtio *v, u64 table, u32 n, u32 i, struct desc *d)
{
	if (i >= n) {
		virtio_needs_reset(v, "descriptor %u in a table of %u", i, n);
		return false;
	}
	if (!mem_read(v->dev.world->mem, table + (u64)i * DESC_BYTES, d, sizeof(*d))) {
		virtio_needs_reset(v, "descriptors at 0x%llx, where there is no RAM", (unsigned long long)table);
		return false;
	}
	return true;
}

/* Follow a chain through the queue's own table, and at its end through one indirect table (2.7.5.3). */
static bool walk(struct virtio *v, u32 q, struct virtio_chain *c)
{
	u64 table = v->s->queue_desc[q];
	u32 n = v->s->queue_size[q], i = c->head;
	bool indirect = false;
	struct desc d;

	for (;;) {
		if (!fetch(v, table, n, i, &d))
			return false;
		if (!(d.flags & DESC_INDIRECT)) {
			if (!add_piece(v, q, c, &d))
				return false;
			if (!(d.flags & DESC_NEXT))
				return true;
			i = d.next;
			continue;
		}
		if (indirect || !virtio_has(v, VIRTIO_F_INDIRECT_DESC) || d.flags & DESC_NEXT || !d.len ||
		    d.len % DESC_BYTES) {
			virtio_needs_reset(v, "a wrong indirect descriptor in queue %u", q);
			return false;
		}
		indirect = true;
		table = d.addr;
		n = d.len / DESC_BYTES;
		i = 0;
	}
}

/* ---- the available ring ---- */

/* Chains that wait; 0 also if the index is wrong. */
static u16 waiting(struct virtio *v, u32 q)
{
	u16 idx, n;

	if (!get16(v, v->s->queue_driver[q] + RING_IDX, &idx))
		return 0;
	n = idx - v->s->avail_next[q];
	if (n <= v->s->queue_size[q])
		return n;
	virtio_needs_reset(v, "%u chains in queue %u of %u entries", n, q, v->s->queue_size[q]);
	return 0;
}

/* The queue looks empty: ask to be told of the next chain (2.7.10), then look again: it may have come
 * meanwhile. */
static bool really_empty(struct virtio *v, u32 q)
{
	u16 event = v->s->avail_next[q];

	if (v->s->status[0] & VIRTIO_NEEDS_RESET)
		return true;
	if (virtio_has(v, VIRTIO_F_EVENT_IDX))
		put(v, avail_event_gpa(v, q), &event, sizeof(event));
	atomic_thread_fence(memory_order_seq_cst);
	return !waiting(v, q);
}

bool virtio_chain_next(struct virtio *v, u32 q, struct virtio_chain *c)
{
	struct virtio_state *s = v->s;
	u64 entry;

	if (!virtio_ready(v, q) || v->taken == TAKEN_MAX || (!waiting(v, q) && really_empty(v, q)))
		return false;
	atomic_thread_fence(memory_order_acquire);
	entry = RING_ENTRIES + AVAIL_ENTRY_BYTES * (u64)(s->avail_next[q] % s->queue_size[q]);
	c->nreadable = c->npieces = 0;
	c->readable = c->writable = 0;
	if (!get16(v, s->queue_driver[q] + entry, &c->head) || !walk(v, q, c))
		return false;
	s->avail_next[q]++;
	v->taken++;
	return true;
}

bool virtio_chain_waiting(const struct virtio *v, u32 q)
{
	u16 idx;

	if (!virtio_ready(v, q))
		return false;
	return mem_read(v->dev.world->mem, v->s->queue_driver[q] + RING_IDX, &idx, sizeof(idx)) &&
	       idx != v->s->avail_next[q];
}

void virtio_chain_untake(struct virtio *v, u32 q, u16 n)
{
	v->s->avail_next[q] -= n;
}

/* ---- the used ring ---- */

void virtio_done(struct virtio *v, u32 q, u16 head, u32 written)
{
	struct virtio_state *s = v->s;
	u32 entry[2] = { head, written };

	put(v, s->queue_device[q] + RING_ENTRIES + USED_ENTRY_BYTES * (u64)(s->used_next[q] % s->queue_size[q]),
	    entry, sizeof(entry));
	s->used_next[q]++;
	v->finished[q]++;
}

/* Does the driver want to hear that the used index went from `old` to `new`? (2.7.7.2, 2.7.10) */
static bool wants_interrupt(struct virtio *v, u32 q, u16 old, u16 new)
{
	u16 flags, event;

	if (!virtio_has(v, VIRTIO_F_EVENT_IDX))
		return get16(v, v->s->queue_driver[q] + RING_FLAGS, &flags) && !(flags & AVAIL_NO_INTERRUPT);
	return get16(v, used_event_gpa(v, q), &event) && (u16)(new - event - 1) < (u16)(new - old);
}

void virtio_publish(struct virtio *v, u32 q)
{
	u16 n = v->finished[q], new = v->s->used_next[q];

	v->finished[q] = 0;
	if (!n)
		return;
	atomic_thread_fence(memory_order_release);
	put(v, v->s->queue_device[q] + RING_IDX, &new, sizeof(new));
	atomic_thread_fence(memory_order_seq_cst);
	if (!wants_interrupt(v, q, new - n, new))
		return;
	v->s->isr[0] |= VIRTIO_ISR_QUEUE;
	if (v->interrupt)
		v->interrupt(v->transport, (int)q);
}

/* ---- copying ---- */

/* Call the copy for every part of [offset, offset + len) of the pieces [from, to). */
static u64 copy(struct mem *m, const struct virtio_chain *c, u32 from, u32 to, u64 offset, void *out,
		const void *in, u64 len)
{
	u64 done = 0;

	for (u32 i = from; i < to && done < len; i++) {
		u64 gpa = c->piece[i].gpa, n = c->piece[i].len;

		if (offset >= n) {
			offset -= n;
			continue;
		}
		n -= offset;
		if (n > len - done)
			n = len - done;
		if (out)
			mem_read(m, gpa + offset, (u8 *)out + done, n);
		else
			mem_write(m, gpa + offset, (const u8 *)in + done, n);
		done += n;
		offset = 0;
	}
	return done;
}

u64 virtio_chain_read(const struct virtio *v, const struct virtio_chain *c, u64 offset, void *out, u64 len)
{
	return copy(v->dev.world->mem, c, 0, c->nreadable, offset, out, NULL, len);
}

u64 virtio_chain_write(struct virtio *v, const struct virtio_chain *c, u64 offset, const void *in, u64 len)
{
	return copy(v->dev.world->mem, c, c->nreadable, c->npieces, offset, NULL, in, len);
}
