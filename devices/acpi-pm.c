/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-pm.c - ACPI's fixed hardware: PM1 status, enable and control, the power button, the PM timer.
 * Ports: 600h-63Fh. PCI 00:01.3, with which firmware knows the board: what it writes to the base address
 * register 40h is not taken over.
 * Rule: sync() first: it brings the timer's status bit to the present; drive() last.
 * NOT MODELLED: SMI and everything that needs it, general-purpose events (registers only), the SMBus.
 * Source: ACPI specification 6.4, 4.8; Intel 82371AB (PIIX4) data sheet (290562), 7.
 */
#include "devices/acpi-pm.h"

#include "devices/acpi.h"

/* clang-format off */
enum { REG_STATUS = 0, REG_ENABLE = 2, REG_CONTROL = 4, REG_TIMER = 8, REG_GPE_STATUS = 0xc,
       REG_GPE_ENABLE = 0xe };
enum { PM1_TIMER = 1, PM1_GLOBAL = 1 << 5, PM1_POWER_BUTTON = 1 << 8, PM1_RTC = 1 << 10, PM1_WAKE = 1 << 15 };
enum { CONTROL_SCI = 1, CONTROL_SLEEP_TYPE = 7 << 10, CONTROL_SLEEP = 1 << 13 };
enum { CONFIG_BASE = 0x40, CONFIG_DEVACTB = 0x58, CONFIG_MISC = 0x80 };
/* clang-format on */
enum { PM1_STATUS = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_RTC | PM1_WAKE };
enum { PM1_ENABLES = PM1_TIMER | PM1_GLOBAL | PM1_POWER_BUTTON | PM1_RTC };
enum { TIMER_BITS = 24 }; /* and the status bit is set whenever the highest of them changes */
#define TIMER_HZ 3579545u
#define NS 1000000000u

static struct acpi_pm *of(struct device *d)
{
	return (struct acpi_pm *)d;
}

static u64 ticks_at(u64 ns)
{
	return (u64)((unsigned __int128)ns * TIMER_HZ / NS);
}

/* The first ns at which ticks_at answers so much. */
static u64 ns_of_tick(u64 tick)
{
	return (u64)(((unsigned __int128)tick * NS + TIMER_HZ - 1) / TIMER_HZ);
}

static u64 halves_at(u64 ns)
{
	return ticks_at(ns) >> (TIMER_BITS - 1);
}

static void sync(struct acpi_pm *p)
{
	u64 now = device_now(&p->dev);

	if (halves_at(now) != halves_at(p->s.seen[0]))
		p->s.status[0] |= PM1_TIMER;
	p->s.seen[0] = now;
}

static void drive(struct acpi_pm *p)
{
	struct acpi_pm_state *s = &p->s;

	irq_set(&p->sci,
		(s->status[0] & s->enable[0] & PM1_ENABLES) || (s->gpe_status[0] & s->gpe_enable[0]));
	if (s->enable[0] & PM1_TIMER && !(s->status[0] & PM1_TIMER))
		device_timer_set(&p->dev, 0, ns_of_tick((halves_at(s->seen[0]) + 1) << (TIMER_BITS - 1)));
	else
		device_timer_cancel(&p->dev, 0);
}

static void pm_timer(struct device *d, u32 which)
{
	sync(of(d));
	drive(of(d));
}

void acpi_pm_power_button(struct device *d)
{
	sync(of(d));
	of(d)->s.status[0] |= PM1_POWER_BUTTON;
	drive(of(d));
}

/* ---- the ports ---- */

static void set_byte(u16 *reg, u64 which, u8 v)
{
	*reg = which ? (u16)((*reg & 0xff) | v << 8) : (u16)((*reg & 0xff00) | v);
}

static void clear_bits(u16 *reg, u64 which, u8 v)
{
	*reg &= (u16) ~(v << 8 * which);
}

/* The high byte carries type and command; both come in one access. */
static void write_control(struct acpi_pm *p, u64 which, u8 v)
{
	const struct device_world *w = p->dev.world;
	u16 *control = &p->s.control[0];

	set_byte(control, which, v);
	if (*control & CONTROL_SLEEP && !(*control & CONTROL_SLEEP_TYPE) && w->power_off)
		w->power_off(w->arg, 0);
	*control &= (u16)~CONTROL_SLEEP; /* a command; it reads as 0 */
	*control |= CONTROL_SCI;
}

static void write_byte(struct acpi_pm *p, u64 reg, u8 v)
{
	struct acpi_pm_state *s = &p->s;

	switch (reg & ~1ull) {
	case REG_STATUS: clear_bits(&s->status[0], reg & 1, v); break;
	case REG_ENABLE:
		set_byte(&s->enable[0], reg & 1, v);
		s->enable[0] &= PM1_ENABLES;
		break;
	case REG_CONTROL: write_control(p, reg & 1, v); break;
	case REG_GPE_STATUS: clear_bits(&s->gpe_status[0], reg & 1, v); break;
	case REG_GPE_ENABLE: set_byte(&s->gpe_enable[0], reg & 1, v); break;
	}
}

static u8 read_byte(const struct acpi_pm *p, u64 reg)
{
	const struct acpi_pm_state *s = &p->s;
	u16 value = 0;

	switch (reg & ~1ull) {
	case REG_STATUS: value = s->status[0]; break;
	case REG_ENABLE: value = s->enable[0]; break;
	case REG_CONTROL: value = s->control[0]; break;
	case REG_TIMER: value = (u16)ticks_at(s->seen[0]); break;
	case REG_TIMER + 2: value = ticks_at(s->seen[0]) >> 16 & 0xff; break;
	case REG_GPE_STATUS: value = s->gpe_status[0]; break;
	case REG_GPE_ENABLE: value = s->gpe_enable[0]; break;
	}
	return (u8)(value >> 8 * (reg & 1));
}

static void pm_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	sync(of(d));
	for (int i = 0; i < size; i++)
		write_byte(of(d), offset + (u64)i, (u8)(value >> 8 * i));
	drive(of(d));
}

static u64 pm_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	u64 value = 0;

	sync(of(d));
	for (int i = 0; i < size; i++)
		value |= (u64)read_byte(of(d), offset + (u64)i) << 8 * i;
	return value;
}

/* ---- the PCI function ---- */

void acpi_pm_init(struct acpi_pm *p)
{
	static const struct pci_identity id = {
		.vendor = 0x8086,
		.device = 0x7113,
		.class = 0x068000,
		.revision = 3,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
	};
	u8 *c = p->pci.initial;

	pci_function_init(&p->pci, &p->dev, 1 << 3 | 3, p->s.config, &id);
	pci_put16(c, PCI_STATUS, 0x0280);
	pci_put32(c, CONFIG_BASE, ACPI_PM_BASE | 1);
	/* Bit 25: writes to the APM port raise an SMI. SeaBIOS takes it for "SMM is set up", and leaves it
	 * alone. */
	pci_put32(c, CONFIG_DEVACTB, 1u << 25);
	c[CONFIG_MISC] = 1; /* the ports are decoded */
}

static void pm_reset(struct device *d)
{
	of(d)->s.seen[0] = device_now(d);
	pci_function_reset(&of(d)->pci);
	drive(of(d));
}

static void pm_restored(struct device *d)
{
	struct acpi_pm_state *s = &of(d)->s;

	s->status[0] &= PM1_STATUS;
	s->enable[0] &= PM1_ENABLES;
	s->control[0] = (s->control[0] & (u16)~CONTROL_SLEEP) | CONTROL_SCI;
	if (s->seen[0] > device_now(d))
		s->seen[0] = device_now(d);
	pci_function_restored(&of(d)->pci);
	drive(of(d));
}

static const char *const regs[] = {
	"PM1 status",  "PM1 status + 1",  "PM1 enable",   "PM1 enable + 1",
	"PM1 control", "PM1 control + 1", NULL,           NULL,
	"PM timer",    "PM timer + 1",    "PM timer + 2", "PM timer + 3",
	"GPE0 status", "GPE0 status + 1", "GPE0 enable",  "GPE0 enable + 1",
};
static const struct claim claims[] = { { SPACE_PORT, ACPI_PM_BASE, ACPI_PM_SIZE, regs, ARRAY_LEN(regs), 4 } };

const struct device_class acpi_pm_class = {
	.name = "acpi-pm",
	.brief = "ACPI power management (PIIX4), PCI 00:01.3",
	.layout = &acpi_pm_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.ntimers = 1,
	.read = pm_read,
	.write = pm_write,
	.timer = pm_timer,
	.reset = pm_reset,
	.restored = pm_restored,
};
