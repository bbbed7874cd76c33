/* SPDX-License-Identifier: GPL-3.0-or-later
 * clock.h - virtual time in nanoseconds and the queue of timers.
 * Rule: time moves only by clock_retire and clock_skip_to; the host's clock is read only in clock.c.
 */
#ifndef VITRINE_CORE_CLOCK_H
#define VITRINE_CORE_CLOCK_H

#include "core/base/types.h"

enum { CLOCK_TIMERS = 64 };

struct timer {
	bool used, armed;
	u64 due;   /* absolute virtual ns */
	u64 order; /* arming order: ties fire first-armed first */
	void (*fire)(void *arg, u32 which);
	void *arg;
	u32 which;
};

struct clock {
	u64 now;         /* virtual ns since power-up */
	u64 insn_ps;     /* picoseconds of virtual time per instruction; 1000 by default */
	u64 frac_ps;     /* not yet a full ns, < 1000 */
	u64 order;
	u64 next_due;    /* earliest armed deadline, UINT64_MAX without one: asked for at every exit */
	struct timer timer[CLOCK_TIMERS];
};

void clock_init(struct clock *c, u64 insn_ps);
/* Register a timer; returns its id, or -ENOSPC. */
int clock_timer_add(struct clock *c, void (*fire)(void *arg, u32 which), void *arg, u32 which);
void clock_timer_set(struct clock *c, int id, u64 due_ns);
void clock_timer_cancel(struct clock *c, int id);
/* Earliest armed deadline, or UINT64_MAX. */
static inline u64 clock_next_due(const struct clock *c) { return c->next_due; }
/* Instructions that may retire before the moment `ns`, at least 1. */
u64 clock_insns_until(const struct clock *c, u64 ns);
/* Instructions that may retire before the next deadline, at least 1; UINT64_MAX without one. */
u64 clock_insns_until_due(const struct clock *c);
/* `insns` have retired. */
void clock_retire(struct clock *c, u64 insns);
/* Idle: jump to a later moment. */
void clock_skip_to(struct clock *c, u64 ns);
/* Call the timers that are due, in order of deadline; each is disarmed before it is called.  Returns how many:
 * at most 4096, what is due beyond that waits for the next call. */
int clock_fire_due(struct clock *c);

/* For display and statistics; it enters a machine only as the time of one with a thread per vCPU (core/threads.h), or on
 * an engine that cannot count instructions (core/vtx/vtx.h). */
u64 clock_host_ns(void);
/* Seconds since 1970, for `--rtc host`: enters the machine only as a recorded input. */
i64 clock_host_unix(void);

#endif
