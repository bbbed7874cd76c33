/* SPDX-License-Identifier: GPL-3.0-or-later
 * clock.c - virtual time, the queue of timers, and the only two looks at the host's clock.
 * Rule: timers fire in order of (deadline, arming); the same calls give the same order everywhere.
 */
#include "core/clock.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <time.h>

enum {
	PS_PER_NS = 1000,
	/* A timer that always arms itself for a moment already past must not hold the machine: the rest
	 * of what is due waits for the next call, at least one instruction later. */
	FIRE_MAX = 4096,
};

void clock_init(struct clock *c, u64 insn_ps)
{
	memset(c, 0, sizeof(*c));
	c->insn_ps = insn_ps ? insn_ps : PS_PER_NS;
	c->next_due = UINT64_MAX;
}

int clock_timer_add(struct clock *c, void (*fire)(void *arg, u32 which), void *arg, u32 which)
{
	for (int id = 0; id < CLOCK_TIMERS; id++) {
		if (c->timer[id].used)
			continue;
		c->timer[id] = (struct timer){ .used = true, .fire = fire, .arg = arg, .which = which };
		return id;
	}
	return -ENOSPC;
}

/* The armed timer that comes first, or NULL.  Places are given out in order and never given back. */
static const struct timer *first_armed(const struct clock *c)
{
	const struct timer *first = NULL;

	for (const struct timer *t = c->timer; t < c->timer + CLOCK_TIMERS && t->used; t++) {
		if (!t->armed)
			continue;
		if (!first || t->due < first->due || (t->due == first->due && t->order < first->order))
			first = t;
	}
	return first;
}

/* After every change of a timer. */
static void note_next_due(struct clock *c)
{
	const struct timer *t = first_armed(c);

	c->next_due = t ? t->due : UINT64_MAX;
}

void clock_timer_set(struct clock *c, int id, u64 due_ns)
{
	struct timer *t = &c->timer[id];

	assert(id >= 0 && id < CLOCK_TIMERS && t->used);
	t->armed = true;
	t->due = due_ns;
	t->order = c->order++;
	note_next_due(c);
}

void clock_timer_cancel(struct clock *c, int id)
{
	assert(id >= 0 && id < CLOCK_TIMERS && c->timer[id].used);
	c->timer[id].armed = false;
	note_next_due(c);
}

u64 clock_insns_until(const struct clock *c, u64 ns)
{
	unsigned __int128 ps, insns;

	if (ns <= c->now)
		return 1;
	ps = (unsigned __int128)(ns - c->now) * PS_PER_NS - c->frac_ps;
	insns = (ps + c->insn_ps - 1) / c->insn_ps;
	return insns > UINT64_MAX ? UINT64_MAX : (u64)insns;
}

u64 clock_insns_until_due(const struct clock *c)
{
	u64 due = clock_next_due(c);

	return due == UINT64_MAX ? UINT64_MAX : clock_insns_until(c, due);
}

/* Time stops at the end of its 64 bits (584 years) instead of wrapping. */
void clock_retire(struct clock *c, u64 insns)
{
	unsigned __int128 ps = (unsigned __int128)insns * c->insn_ps + c->frac_ps;
	unsigned __int128 now = c->now + ps / PS_PER_NS;

	c->frac_ps = (u64)(ps % PS_PER_NS);
	c->now = now > UINT64_MAX ? UINT64_MAX : (u64)now;
}

void clock_skip_to(struct clock *c, u64 ns)
{
	if (ns <= c->now)
		return;
	c->now = ns;
	c->frac_ps = 0;
}

int clock_fire_due(struct clock *c)
{
	int fired = 0;

	while (fired < FIRE_MAX) {
		const struct timer *t = first_armed(c);

		if (!t || t->due > c->now)
			break;
		clock_timer_cancel(c, (int)(t - c->timer));
		t->fire(t->arg, t->which);
		fired++;
	}
	return fired;
}

u64 clock_host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

i64 clock_host_unix(void)
{
	return (i64)time(NULL);
}
