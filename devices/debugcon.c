/* SPDX-License-Identifier: GPL-3.0-or-later
 * debugcon.c - the debug console of Bochs and QEMU: a port that prints.
 * Ports: E9h (Bochs), 402h (where SeaBIOS looks).  A read gives E9h, which tells a guest that the port is
 * there.
 * Rule: each byte is one event and one byte for the channel "debugcon".
 * Source: Bochs user manual, "port_e9_hack"; QEMU documentation, "isa-debugcon".
 */
#include "devices/debugcon.h"

enum { PRESENT = 0xe9 };

static void debugcon_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	const struct device_world *w = d->world;

	((struct debugcon *)d)->s.written[0]++;
	if (w->events && event_wanted(w->events, EV_debug)) {
		struct event ev = { .kind = EV_debug,
				    .time = w->clock ? device_now(d) : 0,
				    .debug = { (u8)value } };

		event_emit(w->events, &ev);
	}
	if (w->put_byte)
		w->put_byte(w->arg, "debugcon", (u8)value);
}

static u64 debugcon_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return PRESENT;
}

static const char *const regs[] = { "output" };
static const struct claim claims[] = {
	{ SPACE_PORT, 0xe9, 1, regs, 1, 1 },
	{ SPACE_PORT, 0x402, 1, regs, 1, 1 },
};

const struct device_class debugcon_class = {
	.name = "debugcon",
	.brief = "debug console: what is written is printed",
	.layout = &debugcon_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = debugcon_read,
	.write = debugcon_write,
};
