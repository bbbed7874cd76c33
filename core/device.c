/* SPDX-License-Identifier: GPL-3.0-or-later
 * device.c - what every device does in the same way: reset, save, load, timers, log lines.
 * Rule: a device's declared list is all of its state, so nothing here ever asks the device to help.
 */
#include "core/device.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A timer is due: say so, then let the device act. */
static void fire(void *arg, u32 which)
{
	struct device *d = arg;
	struct event_stream *events = d->world->events;

	if (events && event_wanted(events, EV_timer)) {
		struct event ev = { .kind = EV_timer, .time = device_now(d) };

		ev.timer.due = d->world->clock->timer[d->timer_id[which]].due;
		ev.timer.which = (u8)which;
		ev.timer.who = d->name;
		event_emit(events, &ev);
	}
	d->class->timer(d, which);
}

int device_init(struct device *d, const struct device_class *class, const char *name, void *state,
		const struct device_world *world, struct err *err)
{
	assert(class->ntimers <= DEVICE_TIMERS && (!class->ntimers || class->timer));
	d->class = class;
	d->name = name ? name : class->name;
	d->state = state;
	d->world = world;
	if (class->ntimers && !world->clock)
		return err_set(err, EINVAL, "%s: has timers, but its world has no clock", d->name);
	for (u32 i = 0; i < class->ntimers; i++) {
		d->timer_id[i] = clock_timer_add(world->clock, fire, d, i);
		if (d->timer_id[i] < 0)
			return err_set(err, ENOSPC, "%s: the clock already has its %d timers", d->name,
				       CLOCK_TIMERS);
	}
	state_reset(class->layout, state);
	return 0;
}

void device_reset(struct device *d)
{
	for (u32 i = 0; i < d->class->ntimers; i++)
		device_timer_cancel(d, i);
	if (!d->class->battery)
		state_reset(d->class->layout, d->state);
	if (d->class->reset)
		d->class->reset(d);
}

void device_save(const struct device *d, struct buf *out)
{
	state_save(d->class->layout, d->state, out);
}

int device_load(struct device *d, struct reader *in, struct err *err)
{
	int rc = state_load(d->class->layout, d->state, in, err);

	if (!rc)
		device_restored(d);
	return rc;
}

void device_restored(struct device *d)
{
	for (u32 i = 0; i < d->class->ntimers; i++)
		device_timer_cancel(d, i);
	if (d->class->restored)
		d->class->restored(d);
}

void device_timer_set(struct device *d, u32 which, u64 due_ns)
{
	assert(which < d->class->ntimers);
	clock_timer_set(d->world->clock, d->timer_id[which], due_ns);
}

void device_timer_cancel(struct device *d, u32 which)
{
	assert(which < d->class->ntimers);
	clock_timer_cancel(d->world->clock, d->timer_id[which]);
}

void device_log(const struct device *d, enum log_level level, const char *fmt, ...)
{
	char line[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	log_put(d->world->log, level, d->name, "%s", line);
}
