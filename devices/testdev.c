/* SPDX-License-Identifier: GPL-3.0-or-later
 * testdev.c - ports with which a guest ends the run, or marks a moment of it.
 * Ports: F4h-F7h, exit: the status of the program becomes value * 2 + 1 (so it is never 0), as with QEMU's
 * isa-debug-exit.  E0h-E3h, marker: a value of 1, 2 or 4 bytes becomes a "mark" event.  No PC has anything
 * at E0h.
 * Rule: reads give all-ones, as if nothing were there.
 */
#include "devices/testdev.h"

enum { CLAIM_EXIT, CLAIM_MARKER };

static void mark(struct device *d, u32 value)
{
	struct testdev_state *s = &((struct testdev *)d)->s;
	const struct device_world *w = d->world;

	s->marks[0]++;
	s->last_mark[0] = value;
	if (w->events && event_wanted(w->events, EV_mark)) {
		struct event ev = { .kind = EV_mark,
				    .time = w->clock ? device_now(d) : 0,
				    .mark = { value } };

		event_emit(w->events, &ev);
	}
}

static void testdev_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	if (claim == &d->class->claims[CLAIM_MARKER])
		mark(d, (u32)value);
	else if (d->world->power_off)
		d->world->power_off(d->world->arg, (int)(value << 1 & 0xff) | 1);
}

static u64 testdev_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return UINT64_MAX;
}

static const char *const exit_regs[] = { "exit" };
static const char *const marker_regs[] = { "marker" };
static const struct claim claims[] = {
	[CLAIM_EXIT] = { SPACE_PORT, 0xf4, 4, exit_regs, 1, 4 },
	[CLAIM_MARKER] = { SPACE_PORT, 0xe0, 4, marker_regs, 1, 4 },
};

const struct device_class testdev_class = {
	.name = "testdev",
	.brief = "exit port and marker port for tests",
	.layout = &testdev_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = testdev_read,
	.write = testdev_write,
};
