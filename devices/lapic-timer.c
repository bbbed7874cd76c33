/* SPDX-License-Identifier: GPL-3.0-or-later
 * lapic-timer.c - the timer of a local APIC: counting down once or again and again, or waiting for a value of the
 * time-stamp counter.
 * Rule: the count is never kept; it follows from the time of loading, so that reading it costs nothing in between.
 * The clock's timer runs only while an expiry would interrupt (or, for a deadline, has to be noted).
 * NOT MODELLED: the divisor changes for the whole count, also for what has been counted; a write to the time-stamp
 * counter while a deadline is armed takes effect when the deadline is written next.
 * Source: SDM 3A 10.5.4; the clock is the crystal of CPUID leaf 15h: 25 MHz.
 */
#include "devices/lapic-priv.h"

enum { CRYSTAL_NS = 40, MODE_SHIFT = 17 };

u32 lapic_timer_mode(const struct lapic *l)
{
	return l->s.lvt[LVT_TIMER] >> MODE_SHIFT & 3;
}

/* Nanoseconds of one count.  Bits 3, 1, 0 of the divide configuration: 2, 4, ... 128, 1 (SDM 3A figure 10-10). */
static u64 count_ns(const struct lapic *l)
{
	u32 value = l->s.timer_divide[0];
	u32 shift = (value >> 1 & 4) | (value & 3);

	return (u64)CRYSTAL_NS << (shift + 1) % 8;
}

static u64 counts_since_load(const struct lapic *l)
{
	u64 now = device_now(&l->dev), start = l->s.timer_start[0];

	return now > start ? (now - start) / count_ns(l) : 0;
}

u32 lapic_timer_count(const struct lapic *l)
{
	u64 initial = l->s.timer_initial[0], passed = counts_since_load(l);

	if (!initial || lapic_timer_mode(l) == TIMER_DEADLINE)
		return 0;
	if (lapic_timer_mode(l) == TIMER_PERIODIC)
		return (u32)(initial - passed % initial);
	return passed < initial ? (u32)(initial - passed) : 0;
}

/* The time-stamp counter of this processor, now. */
static u64 tsc_now(const struct lapic *l)
{
	return device_now(&l->dev) + l->w.tsc_offset(l->w.arg);
}

static void arm_deadline(struct lapic *l)
{
	u64 now = device_now(&l->dev), tsc = tsc_now(l), left;

	if (!l->s.deadline[0]) {
		device_timer_cancel(&l->dev, 0);
		return;
	}
	left = l->s.deadline[0] > tsc ? l->s.deadline[0] - tsc : 0;
	device_timer_set(&l->dev, 0, left < UINT64_MAX - now ? now + left : UINT64_MAX - 1);
}

/* A moment that the clock can hold: start + counts periods. */
static u64 moment(const struct lapic *l, u64 counts)
{
	unsigned __int128 at = (unsigned __int128)counts * count_ns(l) + l->s.timer_start[0];

	return at < UINT64_MAX ? (u64)at : UINT64_MAX - 1;
}

void lapic_timer_arm(struct lapic *l)
{
	u64 initial = l->s.timer_initial[0], passed = counts_since_load(l);
	bool periodic = lapic_timer_mode(l) == TIMER_PERIODIC;

	if (lapic_timer_mode(l) == TIMER_DEADLINE)
		arm_deadline(l);
	else if (!initial || (l->s.lvt[LVT_TIMER] & LVT_MASKED) || (!periodic && passed >= initial))
		device_timer_cancel(&l->dev, 0);
	else
		device_timer_set(&l->dev, 0, moment(l, passed - passed % initial + initial));
}

void lapic_timer_load(struct lapic *l, u32 initial)
{
	l->s.timer_initial[0] = initial;
	l->s.timer_start[0] = device_now(&l->dev);
	lapic_timer_arm(l);
}

void lapic_timer_fired(struct device *d, u32 which)
{
	struct lapic *l = (struct lapic *)d;

	if (lapic_timer_mode(l) == TIMER_DEADLINE)
		l->s.deadline[0] = 0;
	else
		lapic_timer_arm(l);
	lapic_local_event(l, LVT_TIMER);
}

u64 lapic_deadline(const struct lapic *l)
{
	return lapic_timer_mode(l) == TIMER_DEADLINE ? l->s.deadline[0] : 0;
}

void lapic_deadline_write(struct lapic *l, u64 tsc)
{
	if (lapic_timer_mode(l) != TIMER_DEADLINE)
		return; /* SDM 3A 10.5.4.1 */
	l->s.deadline[0] = tsc;
	arm_deadline(l);
}
