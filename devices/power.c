/* SPDX-License-Identifier: GPL-3.0-or-later
 * power.c - the ports by which hobby systems and firmware switch the machine off.
 * Ports: B004h (PM1 control where Bochs and old QEMU have it; see also acpi-pm.c), 8900h (Bochs: "Shutdown").
 * Rule: a word with SLP_EN set and sleep type 0 (soft off on these boards) ends the run; other types do
 * nothing.
 * Source: ACPI specification 4.8.3.2.1 (PM1 control); Bochs user manual (port 8900h).
 */
#include "devices/power.h"

enum { SLP_EN = 1 << 13, SLP_TYP = 7 << 10 };
enum { CLAIM_PM1, CLAIM_BOCHS };

static void off(struct device *d)
{
	if (d->world->power_off)
		d->world->power_off(d->world->arg, 0);
}

static void write_control(struct device *d, u64 offset, int size, u64 value)
{
	struct power_state *s = &((struct power *)d)->s;
	u16 now = s->control[0];

	if (size == 2)
		now = (u16)value;
	else
		now = offset ? (u16)((now & 0xff) | value << 8) : (u16)((now & 0xff00) | (value & 0xff));
	s->control[0] = now & (u16)~SLP_EN; /* SLP_EN is a command; it reads as 0 */
	if (now & SLP_EN && !(now & SLP_TYP))
		off(d);
}

static void write_bochs(struct device *d, u8 c)
{
	static const char word[] = "Shutdown";
	struct power_state *s = &((struct power *)d)->s;
	u8 n = s->matched[0] % (sizeof(word) - 1);

	s->matched[0] = c == (u8)word[n] ? n + 1 : c == (u8)word[0];
	if (s->matched[0] == sizeof(word) - 1) {
		s->matched[0] = 0;
		off(d);
	}
}

static void power_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	if (claim == &d->class->claims[CLAIM_BOCHS])
		write_bochs(d, (u8)value);
	else
		write_control(d, offset, size, value);
}

static u64 power_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	if (claim == &d->class->claims[CLAIM_BOCHS])
		return 0xff;
	return ((struct power *)d)->s.control[0] >> 8 * offset;
}

static const char *const pm1_regs[] = { "PM1 control" };
static const char *const bochs_regs[] = { "shutdown" };
static const struct claim claims[] = {
	[CLAIM_PM1] = { SPACE_PORT, 0xb004, 2, pm1_regs, 1, 2 },
	[CLAIM_BOCHS] = { SPACE_PORT, 0x8900, 1, bochs_regs, 1, 1 },
};

const struct device_class power_class = {
	.name = "power",
	.brief = "power-off ports (ACPI PM1 control, Bochs)",
	.layout = &power_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = power_read,
	.write = power_write,
};
