/* SPDX-License-Identifier: GPL-3.0-or-later
 * outside.c - poll() for a machine: all sources are asked what to watch, then what came is delivered.
 * Rule: the time returned is the time slept; nobody asks the host's clock when nobody sleeps.
 */
#include "devices/backends/outside.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"

/* A signal's request to stop may come just before poll() sleeps: so it never sleeps long. */
enum { SLEEP_NS = 100000000 };
/* Rounds in which nothing was executed and nobody had anything to wait for: as in core/run.c, nothing will wake it. */
enum { IDLE_LIMIT = 1 << 21 };

void outside_open(struct outside *o, struct vm *vm)
{
	*o = (struct outside){ .vm = vm };
}

void outside_close(struct outside *o)
{
	if (o->vm)
		o->vm->outside = (struct vm_outside){ 0 };
	free(o->fd);
	*o = (struct outside){ 0 };
}

int outside_watch(struct outside *o, int fd, short events)
{
	if (o->nfds == o->room) {
		int room = o->room ? o->room * 2 : 16;
		struct pollfd *more = realloc(o->fd, (size_t)room * sizeof(*more));

		if (!more)
			return -1;
		o->fd = more;
		o->room = room;
	}
	o->fd[o->nfds] = (struct pollfd){ .fd = fd, .events = events };
	return o->nfds++;
}

void outside_within(struct outside *o, u64 ns)
{
	if (ns < o->limit)
		o->limit = ns;
}

short outside_ready(const struct outside *o, int watch)
{
	return watch >= 0 && watch < o->nfds ? o->fd[watch].revents : 0;
}

/* Nothing can come, and no timer runs that would wake the guest, or those that run do not: then the machine is halted
 * for ever, which the run loop sees once nobody is outside. */
static bool is_over(struct outside *o)
{
	u64 icount = vm_icount(o->vm);

	o->idle = icount == o->icount ? o->idle + 1 : 0;
	o->icount = icount;
	return clock_next_due(&o->vm->clock) == UINT64_MAX || o->idle > IDLE_LIMIT;
}

/* Has any descriptor something?  Sleeps for it. */
static bool look(struct outside *o, u64 sleep_ns)
{
	struct timespec t = { (time_t)(sleep_ns / 1000000000), (long)(sleep_ns % 1000000000) };

	if (!sleep_ns && !o->nfds)
		return false;
	int n = ppoll(o->fd, (nfds_t)o->nfds, &t, NULL);
	for (int i = 0; n < 0 && i < o->nfds; i++) /* a signal: nothing is known */
		o->fd[i].revents = 0;
	return n > 0;
}

/* The ns it took until something came.  What is there already takes no time, so that a guest fed by a file runs the
 * same way every time. */
static u64 rest(struct outside *o, u64 wait_ns)
{
	u64 start = clock_host_ns();

	if (look(o, 0) || !o->limit)
		return 0;
	look(o, wait_ns < o->limit ? wait_ns : o->limit);
	return clock_host_ns() - start;
}

static u64 outside_poll(void *arg, u64 wait_ns)
{
	struct outside *o = arg;
	bool waits = false;
	u64 slept = 0;

	o->nfds = 0;
	o->resting = wait_ns;
	o->limit = SLEEP_NS;
	for (int i = 0; i < o->n; i++)
		waits |= o->source[i].prepare(o->source[i].arg, o);
	if (wait_ns && !waits && is_over(o)) {
		o->vm->outside = (struct vm_outside){ 0 };
		return 0;
	}
	if (wait_ns && waits)
		slept = rest(o, wait_ns);
	else
		look(o, 0);
	for (int i = o->n - 1; i >= 0; i--) /* downwards: it may remove itself */
		o->source[i].deliver(o->source[i].arg, o);
	return slept;
}

int outside_add(struct outside *o, struct outside_source source, struct err *err)
{
	if (o->n == OUTSIDE_SOURCES)
		return err_set(err, ENOSPC, "more than %d sources of input", OUTSIDE_SOURCES);
	o->source[o->n++] = source;
	o->vm->outside = (struct vm_outside){ outside_poll, o };
	return 0;
}

void outside_remove(struct outside *o, const void *arg)
{
	for (int i = 0; i < o->n; i++) {
		if (o->source[i].arg != arg)
			continue;
		memmove(&o->source[i], &o->source[i + 1], sizeof(o->source[0]) * (size_t)(o->n - i - 1));
		o->n--;
		break;
	}
	if (!o->n)
		o->vm->outside = (struct vm_outside){ 0 };
}
