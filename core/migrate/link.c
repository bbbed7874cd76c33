/* SPDX-License-Identifier: GPL-3.0-or-later
 * link.c - the simulated link: see link.h.
 * Rule: a parcel is one whole message; it arrives after those before it, whatever chance says.
 */
#include "core/migrate/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/migrate/wire.h"

enum { SEGMENT = 1448, WINDOW = 1 << 20 /* bytes under way at most */ };
#define RETRANSMIT_NS 200000000ull

struct parcel {
	struct parcel *next;
	u64 due;
	size_t len;
	u8 bytes[];
};

/* One direction. */
struct lane {
	struct link *link;
	struct buf partial;            /* a message whose end has not been sent yet */
	struct parcel *first, **last;
	struct buf arrived;
	size_t taken;                  /* of what arrived */
	size_t under_way;
	u64 free_at;                   /* when the wire has sent all that was given to it */
	u64 latest;                    /* when the parcel before this one arrives */
};

struct link {
	struct link_options opt;
	struct lane lane[SIDES];       /* by who sends */
	struct channel end[SIDES];
	u64 now, random;
	bool broken, stalled, done;
	enum link_fault fault;
	u8 type;
	u32 countdown;
};

const char *link_fault_name(enum link_fault fault)
{
	static const char *const names[LINK_FAULTS] = {
		[FAULT_NONE] = "none", [FAULT_DROP] = "drop", [FAULT_DELAY] = "delay", [FAULT_TRUNCATE] = "truncate",
		[FAULT_DUPLICATE] = "duplicate", [FAULT_CORRUPT] = "corrupt", [FAULT_CUT] = "cut", [FAULT_STALL] = "stall",
		[FAULT_KILL_SENDER] = "kill-sender", [FAULT_KILL_RECEIVER] = "kill-receiver",
	};

	return fault < LINK_FAULTS ? names[fault] : NULL;
}

/* xorshift64*: good enough for weather */
static u64 chance(struct link *l)
{
	l->random ^= l->random >> 12;
	l->random ^= l->random << 25;
	l->random ^= l->random >> 27;
	return l->random * 0x2545f4914f6cdd1dull;
}

/* ---- sending ---- */

static u64 journey(struct link *l, struct lane *lane, size_t len)
{
	u64 begin = l->now > lane->free_at ? l->now : lane->free_at, arrive;

	lane->free_at = begin + (l->opt.bandwidth ? (u64)len * 1000000000ull / l->opt.bandwidth : 0);
	arrive = lane->free_at + l->opt.latency_ns;
	if (l->opt.jitter_ns)
		arrive += chance(l) % l->opt.jitter_ns;
	for (size_t at = 0; l->opt.loss_ppm && at < len; at += SEGMENT)
		if (chance(l) % 1000000 < l->opt.loss_ppm)
			arrive += RETRANSMIT_NS;
	if (arrive < lane->latest)
		arrive = lane->latest;
	return lane->latest = arrive;
}

static void post(struct link *l, struct lane *lane, const u8 *bytes, size_t len, u64 extra)
{
	struct parcel *p = malloc(sizeof(*p) + len);

	if (!p) {
		l->broken = true;
		return;
	}
	*p = (struct parcel){ .len = len };
	memcpy(p->bytes, bytes, len);
	p->due = journey(l, lane, len) + extra;
	if (extra)
		lane->latest = p->due;
	lane->under_way += len;
	*lane->last = p;
	lane->last = &p->next;
}

/* The message that was waited for. */
static void strike(struct link *l, struct lane *lane, u8 *bytes, size_t len)
{
	l->done = true;
	switch (l->fault) {
	case FAULT_DROP: return;
	case FAULT_DELAY: post(l, lane, bytes, len, LINK_DELAY_NS); return;
	case FAULT_TRUNCATE: post(l, lane, bytes, len / 2, 0); return;
	case FAULT_DUPLICATE:
		post(l, lane, bytes, len, 0);
		post(l, lane, bytes, len, 0);
		return;
	case FAULT_CORRUPT:
		bytes[chance(l) % len] ^= (u8)(1u << chance(l) % 8);
		post(l, lane, bytes, len, 0);
		return;
	case FAULT_STALL: l->stalled = true; return;
	default: l->broken = true; return; /* cut; whose process has died, the driver sees to */
	}
}

static void send_message(struct link *l, struct lane *lane, u8 *bytes, size_t len)
{
	if (l->stalled)
		return;
	if (!l->done && l->fault && bytes[2] == l->type && !l->countdown--)
		strike(l, lane, bytes, len);
	else
		post(l, lane, bytes, len, 0);
}

/* Whole messages leave; they are our own, so their heads are as wire_put made them. */
static void send_whole(struct link *l, struct lane *lane)
{
	struct buf *b = &lane->partial;
	size_t at = 0;

	while (b->len - at >= WIRE_HEAD) {
		struct reader head = { .at = b->data + at + 4, .end = b->data + at + 8 };
		size_t len = WIRE_HEAD + (size_t)read_uint(&head, 4) + WIRE_TAIL;

		if (b->len - at < len)
			break;
		send_message(l, lane, b->data + at, len);
		at += len;
	}
	if (at)
		memmove(b->data, b->data + at, b->len - at);
	b->len -= at;
}

static i64 lane_send(void *arg, const u8 *data, size_t len)
{
	struct lane *lane = arg;
	struct link *l = lane->link;

	if (l->broken)
		return -EPIPE;
	if (lane->under_way >= WINDOW && !l->stalled)
		return 0;
	if (len > WINDOW)
		len = WINDOW;
	buf_put(&lane->partial, data, len);
	if (lane->partial.failed)
		return -ENOMEM;
	send_whole(l, lane);
	return (i64)len;
}

/* ---- receiving ---- */

static i64 lane_receive(void *arg, u8 *data, size_t room)
{
	struct lane *lane = arg;
	size_t n = lane->arrived.len - lane->taken;

	if (!n)
		return lane->link->broken ? -EPIPE : 0;
	if (n > room)
		n = room;
	memcpy(data, lane->arrived.data + lane->taken, n);
	lane->taken += n;
	if (lane->taken == lane->arrived.len)
		lane->taken = lane->arrived.len = 0;
	return (i64)n;
}

static i64 end_send(void *arg, const u8 *data, size_t len)
{
	return lane_send(arg, data, len);
}

/* arg is the lane this side sends on; the other one is what it hears. */
static i64 end_receive(void *arg, u8 *data, size_t room)
{
	struct lane *mine = arg;
	struct link *l = mine->link;

	return lane_receive(mine == &l->lane[SIDE_SOURCE] ? &l->lane[SIDE_TARGET] : &l->lane[SIDE_SOURCE], data, room);
}

struct link *link_open(const struct link_options *o)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->opt = *o;
	l->random = o->seed * 2 + 1;
	for (int i = 0; i < SIDES; i++) {
		l->lane[i].link = l;
		l->lane[i].last = &l->lane[i].first;
		l->end[i] = (struct channel){ end_send, end_receive, &l->lane[i] };
	}
	return l;
}

void link_close(struct link *l)
{
	for (int i = 0; l && i < SIDES; i++) {
		for (struct parcel *p = l->lane[i].first, *next; p; p = next) {
			next = p->next;
			free(p);
		}
		buf_free(&l->lane[i].partial);
		buf_free(&l->lane[i].arrived);
	}
	free(l);
}

struct channel *link_end(struct link *l, int side)
{
	return &l->end[side];
}

static void deliver(struct link *l, struct lane *lane)
{
	struct parcel *p;

	while ((p = lane->first) && p->due <= l->now) {
		lane->first = p->next;
		if (!lane->first)
			lane->last = &lane->first;
		lane->under_way -= p->len;
		buf_put(&lane->arrived, p->bytes, p->len);
		free(p);
		if (lane->arrived.failed)
			l->broken = true;
	}
}

void link_advance(struct link *l, u64 now)
{
	if (now > l->now)
		l->now = now;
	if (l->broken || l->stalled)
		return;
	for (int i = 0; i < SIDES; i++)
		deliver(l, &l->lane[i]);
}

u64 link_next(const struct link *l)
{
	u64 next = UINT64_MAX;

	if (l->broken || l->stalled)
		return next;
	for (int i = 0; i < SIDES; i++)
		if (l->lane[i].first && l->lane[i].first->due < next)
			next = l->lane[i].first->due;
	return next;
}

void link_set_fault(struct link *l, enum link_fault fault, u8 type, u32 n)
{
	l->fault = fault;
	l->type = type;
	l->countdown = n;
	l->done = false;
}

bool link_fault_done(const struct link *l)
{
	return l->done;
}

void link_cut(struct link *l)
{
	l->broken = true;
}
