/* SPDX-License-Identifier: GPL-3.0-or-later
 * port92.c - system control port A: the fast way to the A20 gate and to a reset.
 * Port: 92h.
 * Rule: a reset is asked for when bit 0 rises, not while it is set.
 * NOT MODELLED: the power-on password lock (bit 3), the disk lights (bits 6 and 7): they are remembered, no
 * more.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "System Control Port A".
 */
#include "devices/port92.h"

enum { FAST_RESET = 1, A20 = 2 };

static struct port92 *of(struct device *d)
{
	return (struct port92 *)d;
}

static void drive(struct device *d)
{
	irq_set(&of(d)->a20, !!(of(d)->s.value[0] & A20));
}

static void port92_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct port92_state *s = &of(d)->s;
	bool rises = value & ~s->value[0] & FAST_RESET;

	s->value[0] = (u8)value;
	drive(d);
	if (rises && d->world->reset_request)
		d->world->reset_request(d->world->arg);
}

static u64 port92_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return of(d)->s.value[0];
}

static const char *const regs[] = { "A20, reset" };
static const struct claim claims[] = { { SPACE_PORT, 0x92, 1, regs, 1, 1 } };

const struct device_class port92_class = {
	.name = "port92",
	.brief = "system control port A: fast A20 gate and reset",
	.layout = &port92_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = port92_read,
	.write = port92_write,
	.reset = drive,
	.restored = drive,
};
