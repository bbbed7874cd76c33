/* SPDX-License-Identifier: GPL-3.0-or-later
 * ioapic.c - 82093AA I/O APIC: 24 pins, each with a row that says which message its interrupt becomes.
 * Place: FEC00000h: register select, data window at 10h, EOI register at 40h (version 20h).
 * Rule: an edge at a masked pin is lost; a level at an unmasked one is sent again when its interrupt has ended
 * (remote IRR clear) and it is still up.
 * NOT MODELLED: polarity (a wire here says "asserted", whichever voltage that is; the bit is stored), the boot
 * bit, the arbitration id (always 0, as the bus needs no arbitration).
 * Source: Intel 82093AA data sheet (290566), 3.0 to 3.2.4; the EOI register, as in Intel's ICH (290655) 8.5.5.
 */
#include "devices/ioapic.h"

enum { WINDOW_SELECT = 0, WINDOW_DATA = 0x10, WINDOW_EOI = 0x40 };
enum { REG_ID = 0, REG_VERSION = 1, REG_ARBITRATION = 2, REG_TABLE = 0x10 };
enum { VERSION = 0x20 | (APIC_PINS - 1) << 16 };
enum { LOGICAL = 1 << 11, REMOTE_IRR = 1 << 14, LEVEL = 1 << 15, MASKED = 1 << 16 };
enum { LOW_WRITABLE = 0x1afff }; /* but for delivery status (12) and remote IRR (14) */

static struct ioapic *of(struct device *d)
{
	return (struct ioapic *)d;
}

static bool send(struct ioapic *io, u64 row)
{
	const struct apic_message m = {
		.mode = row >> 8 & 7,
		.vector = (u8)row,
		.level = row & LEVEL,
		.logical = row & LOGICAL,
		.dest = apic_dest((u8)(row >> 56), row & LOGICAL),
	};

	return apic_bus_send(io->bus, &m);
}

/* A level-triggered pin asks as long as it is asserted; once per end of interrupt. */
static void serve_level(struct ioapic *io, int n)
{
	u64 *row = &io->s.redirect[n];

	if (!(*row & LEVEL) || (*row & (MASKED | REMOTE_IRR)) || !(io->s.line[0] >> n & 1))
		return;
	if (send(io, *row)) /* if nobody takes it, it is asked again at the next change */
		*row |= REMOTE_IRR;
}

void ioapic_set_input(void *arg, int n, int level)
{
	struct ioapic *io = arg;
	u32 bit = 1u << n;
	bool was = io->s.line[0] & bit;

	if (was == !!level)
		return;
	io->s.line[0] ^= bit;
	if (io->s.redirect[n] & LEVEL)
		serve_level(io, n);
	else if (level && !(io->s.redirect[n] & MASKED))
		send(io, io->s.redirect[n]);
}

void ioapic_eoi(struct ioapic *io, u8 vector)
{
	for (int n = 0; n < APIC_PINS; n++) {
		u64 *row = &io->s.redirect[n];

		if (!(*row & LEVEL) || !(*row & REMOTE_IRR) || (u8)*row != vector)
			continue;
		*row &= ~(u64)REMOTE_IRR;
		serve_level(io, n);
	}
}

static u32 register_read(const struct ioapic *io, u8 reg)
{
	if (reg == REG_ID || reg == REG_ARBITRATION)
		return reg == REG_ID ? (u32)io->s.id[0] << 24 : 0;
	if (reg == REG_VERSION)
		return VERSION;
	if (reg >= REG_TABLE && reg < REG_TABLE + 2 * APIC_PINS)
		return (u32)(io->s.redirect[(reg - REG_TABLE) / 2] >> (reg & 1 ? 32 : 0));
	return 0;
}

static void row_write(struct ioapic *io, int n, bool high, u32 value)
{
	u64 *row = &io->s.redirect[n];

	if (high) {
		*row = (u32)*row | (u64)(value & 0xff000000) << 32;
		return;
	}
	*row = (*row & ~(u64)LOW_WRITABLE) | (value & LOW_WRITABLE);
	if (!(*row & LEVEL))
		*row &= ~(u64)REMOTE_IRR; /* means nothing for edges */
	serve_level(io, n);
}

static void register_write(struct ioapic *io, u8 reg, u32 value)
{
	if (reg == REG_ID)
		io->s.id[0] = value >> 24 & 15;
	else if (reg >= REG_TABLE && reg < REG_TABLE + 2 * APIC_PINS)
		row_write(io, (reg - REG_TABLE) / 2, reg & 1, value);
}

static u64 ioapic_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	if (offset == WINDOW_SELECT)
		return of(d)->s.select[0];
	return offset == WINDOW_DATA ? register_read(of(d), of(d)->s.select[0]) : 0;
}

static void ioapic_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct ioapic *io = of(d);

	if (offset == WINDOW_SELECT)
		io->s.select[0] = (u8)value;
	else if (offset == WINDOW_DATA && size == 4) /* the table takes whole words only */
		register_write(io, io->s.select[0], (u32)value);
	else if (offset == WINDOW_EOI)
		ioapic_eoi(io, (u8)value);
}

static void ioapic_restored(struct device *d)
{
	struct ioapic_state *s = &of(d)->s;

	s->id[0] &= 15;
	s->line[0] &= (1u << APIC_PINS) - 1;
	for (int n = 0; n < APIC_PINS; n++)
		s->redirect[n] &= 0xff00000000000000 | LOW_WRITABLE | REMOTE_IRR;
}

static const char *const window_regs[WINDOW_EOI + 1] = {
	[WINDOW_SELECT] = "register select",
	[WINDOW_DATA] = "data",
	[WINDOW_EOI] = "end of interrupt",
};
static const struct claim ioapic_claims[] = {
	{ SPACE_MMIO, APIC_IO_BASE, 0x1000, window_regs, WINDOW_EOI + 1, 4 },
};

const struct device_class ioapic_class = {
	.name = "ioapic",
	.brief = "82093AA I/O APIC: 24 interrupt pins",
	.layout = &ioapic_state_layout,
	.claims = ioapic_claims,
	.nclaims = ARRAY_LEN(ioapic_claims),
	.read = ioapic_read,
	.write = ioapic_write,
	.restored = ioapic_restored,
};
