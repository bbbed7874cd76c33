/* SPDX-License-Identifier: GPL-3.0-or-later
 * hpet.c - high-precision event timers: a counter of 100 MHz and three comparators.
 * Place: FED00000h, 400h bytes.
 * Rule: a timer fires at the moment when the counter equals its comparator, not later: one set to the past
 * waits for the counter to come round.
 * An edge-triggered interrupt is a fall (if it was up) and a rise; so the pin stays up until the next one.
 * NOT MODELLED: interrupts as messages (FSB).
 * Source: IA-PC HPET specification 1.0a, 2.3.
 */
#include "devices/hpet.h"

#include "devices/acpi.h"

/* clang-format off */
enum { REG_CAPABILITIES = 0, REG_CONFIG = 0x10, REG_STATUS = 0x20, REG_COUNTER = 0xf0, REG_TIMERS = 0x100,
       TIMER_STRIDE = 0x20, TIMER_CONFIG = 0, TIMER_COMPARATOR = 8 };
enum { CONFIG_ENABLE = 1, CONFIG_LEGACY = 2 };
enum { T_LEVEL = 1 << 1, T_ENABLE = 1 << 2, T_PERIODIC = 1 << 3, T_CAN_PERIODIC = 1 << 4, T_CAN_64 = 1 << 5,
       T_SET_VALUE = 1 << 6, T_32 = 1 << 8, T_ROUTE_SHIFT = 9, T_ROUTE = 31 << T_ROUTE_SHIFT };
/* clang-format on */
enum { T_WRITABLE = T_LEVEL | T_ENABLE | T_PERIODIC | T_SET_VALUE | T_32 | T_ROUTE };
enum { TICK_NS = 10, PIN_PIT = 2, PIN_RTC = 8 };
#define CAPABILITIES (10000000ull << 32 | 0x8086a201) /* fs per tick; Intel, 64 bits, legacy, 3 timers */
/* Pins that a timer can be routed to: those of PIT and RTC, and four that nothing else uses. */
#define ROUTES ((u64)(0xf << 20 | 1 << PIN_RTC | 1 << PIN_PIT))
#define FAR_TICKS (1ull << 59) /* more ns than the clock has */
#define LATE_NS 1000000000ull  /* no honest state is later than this */

static struct hpet *of(struct device *d)
{
	return (struct hpet *)d;
}

static bool is_enabled(const struct hpet_state *s)
{
	return s->config[0] & CONFIG_ENABLE;
}

static u64 counter_at(const struct hpet_state *s, u64 ns)
{
	return s->counter[0] + (is_enabled(s) ? (ns - s->started[0]) / TICK_NS : 0);
}

/* Bits of the counter that a timer compares. */
static u64 mask_of(const struct hpet_state *s, u32 n)
{
	return s->timer_config[n] & T_32 ? UINT32_MAX : UINT64_MAX;
}

/* ---- interrupts ---- */

/* Where timer n's interrupts go, or -1. */
static int pin_of(const struct hpet_state *s, u32 n)
{
	u64 route = (s->timer_config[n] & T_ROUTE) >> T_ROUTE_SHIFT;

	if (s->config[0] & CONFIG_LEGACY && n < 2)
		return n ? PIN_RTC : PIN_PIT;
	return ROUTES >> route & 1 ? (int)route : -1;
}

static void set_pin(struct hpet *h, int pin, bool up)
{
	u32 bit = 1u << pin;

	if (!!(h->s.line[0] & bit) == up)
		return;
	h->s.line[0] ^= bit;
	irq_set(&h->pin[pin], up);
}

static void interrupt(struct hpet *h, u32 n)
{
	struct hpet_state *s = &h->s;
	int pin = pin_of(s, n);
	bool level = s->timer_config[n] & T_LEVEL;

	if (level)
		s->status[0] |= 1u << n;
	if (pin < 0 || !(s->timer_config[n] & T_ENABLE))
		return;
	if (!level)
		set_pin(h, pin, false);
	set_pin(h, pin, true);
}

/* After a change of configuration or status: pins that nobody holds up any more fall. */
static void drop_pins(struct hpet *h)
{
	struct hpet_state *s = &h->s;
	u32 held = 0;

	for (u32 n = 0; n < HPET_TIMERS; n++) {
		int pin = pin_of(s, n);
		bool edge = !(s->timer_config[n] & T_LEVEL);

		if (pin >= 0 && is_enabled(s) && s->timer_config[n] & T_ENABLE &&
		    (edge || s->status[0] >> n & 1))
			held |= 1u << pin;
	}
	for (int pin = 0; pin < HPET_PINS; pin++)
		if (s->line[0] & ~held & 1u << pin)
			set_pin(h, pin, false);
}

/* ---- time ---- */

/* Ticks from `counter` to the next time that timer n fires. */
static u64 ticks_to(const struct hpet_state *s, u32 n, u64 counter)
{
	u64 ticks = (s->comparator[n] - counter) & mask_of(s, n);

	return ticks ? ticks : mask_of(s, n) == UINT32_MAX ? 1ull << 32 : UINT64_MAX;
}

static void set_due(struct hpet *h, u32 n, u64 ns)
{
	h->s.due[n] = ns;
	if (ns == UINT64_MAX)
		device_timer_cancel(&h->dev, n);
	else
		device_timer_set(&h->dev, n, ns);
}

/* Work out anew when timer n fires, seen from now. */
static void arm(struct hpet *h, u32 n)
{
	struct hpet_state *s = &h->s;
	u64 counter = counter_at(s, device_now(&h->dev)), ticks = ticks_to(s, n, counter);
	u64 passed = counter - s->counter[0];

	set_due(h, n,
		is_enabled(s) && ticks < FAR_TICKS ? s->started[0] + (passed + ticks) * TICK_NS : UINT64_MAX);
}

/* Timer n's moment has come, or passed a little ago: the next one follows from it, not from now. */
static void fire(struct hpet *h, u32 n)
{
	struct hpet_state *s = &h->s;
	u64 step = s->timer_config[n] & T_PERIODIC && s->period[n] ? s->period[n]
		   : mask_of(s, n) == UINT32_MAX                   ? 1ull << 32
								   : FAR_TICKS;

	interrupt(h, n);
	if (step < FAR_TICKS) /* in one-shot mode, 2^32: nothing */
		s->comparator[n] = (s->comparator[n] + step) & mask_of(s, n);
	set_due(h, n, step < FAR_TICKS ? s->due[n] + step * TICK_NS : UINT64_MAX);
}

static void hpet_timer(struct device *d, u32 n)
{
	fire(of(d), n);
}

/* A register is accessed: what should have happened before must have. */
static void catch_up(struct hpet *h)
{
	for (u32 n = 0; n < HPET_TIMERS; n++)
		if (h->s.due[n] <= device_now(&h->dev))
			fire(h, n);
}

/* ---- registers ---- */

static void write_config(struct hpet *h, u64 v)
{
	struct hpet_state *s = &h->s;
	u64 now = device_now(&h->dev), counter = counter_at(s, now);
	bool was = is_enabled(s);

	s->config[0] = v & (CONFIG_ENABLE | CONFIG_LEGACY);
	if (is_enabled(s) != was) {
		s->counter[0] = counter;
		s->started[0] = now;
	}
	irq_set(&h->legacy, !!(s->config[0] & CONFIG_LEGACY));
	drop_pins(h);
	for (u32 n = 0; n < HPET_TIMERS; n++)
		arm(h, n);
}

static void write_counter(struct hpet *h, u64 v)
{
	h->s.counter[0] = v;
	h->s.started[0] = device_now(&h->dev);
	for (u32 n = 0; n < HPET_TIMERS; n++)
		arm(h, n);
}

/* In periodic mode the register is the period; together with "set value", the first comparator as well
 * (2.3.9.2.2). */
static void write_comparator(struct hpet *h, u32 n, u64 v)
{
	struct hpet_state *s = &h->s;
	u64 *config = &s->timer_config[n];

	v &= mask_of(s, n);
	if (!(*config & T_PERIODIC) || *config & T_SET_VALUE)
		s->comparator[n] = v;
	if (*config & T_PERIODIC)
		s->period[n] = v;
	*config &= ~(u64)T_SET_VALUE;
	arm(h, n);
}

static void write_timer_config(struct hpet *h, u32 n, u64 v)
{
	struct hpet_state *s = &h->s;

	s->timer_config[n] = v & T_WRITABLE;
	s->comparator[n] &= mask_of(s, n);
	s->period[n] &= mask_of(s, n);
	drop_pins(h);
	arm(h, n);
}

static u64 read_timer(const struct hpet_state *s, u32 n, u64 reg)
{
	if (reg == TIMER_CONFIG)
		return (s->timer_config[n] & ~(u64)T_SET_VALUE) | T_CAN_PERIODIC | T_CAN_64 | ROUTES << 32;
	return reg == TIMER_COMPARATOR ? s->comparator[n] : 0;
}

/* A register of 8 bytes. */
static u64 read_register(const struct hpet *h, u64 reg)
{
	u64 n = (reg - REG_TIMERS) / TIMER_STRIDE;

	switch (reg) {
	case REG_CAPABILITIES: return CAPABILITIES;
	case REG_CONFIG: return h->s.config[0];
	case REG_STATUS: return h->s.status[0];
	case REG_COUNTER: return counter_at(&h->s, device_now(&h->dev));
	}
	return reg >= REG_TIMERS && n < HPET_TIMERS ? read_timer(&h->s, (u32)n, reg % TIMER_STRIDE) : 0;
}

static void write_register(struct hpet *h, u64 reg, u64 v)
{
	u64 n = (reg - REG_TIMERS) / TIMER_STRIDE;

	switch (reg) {
	case REG_CONFIG: write_config(h, v); return;
	case REG_STATUS:
		h->s.status[0] &= ~v;
		drop_pins(h);
		return;
	case REG_COUNTER: write_counter(h, v); return;
	}
	if (reg < REG_TIMERS || n >= HPET_TIMERS)
		return;
	if (reg % TIMER_STRIDE == TIMER_CONFIG)
		write_timer_config(h, (u32)n, v);
	else if (reg % TIMER_STRIDE == TIMER_COMPARATOR)
		write_comparator(h, (u32)n, v);
}

/* What the half of a register that is not written keeps. Status is cleared by ones: nothing. */
static u64 kept(const struct hpet *h, u64 reg)
{
	u64 n = (reg - REG_TIMERS) / TIMER_STRIDE;
	const struct hpet_state *s = &h->s;

	if (reg == REG_STATUS)
		return 0;
	if (reg >= REG_TIMERS && n < HPET_TIMERS && reg % TIMER_STRIDE == TIMER_COMPARATOR &&
	    (s->timer_config[n] & (T_PERIODIC | T_SET_VALUE)) == T_PERIODIC)
		return s->period[n];
	return read_register(h, reg);
}

/* Halves of registers may be accessed alone: 32-bit software does (2.3.1).  Smaller parts may be read only.
 */
static u64 hpet_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	catch_up(of(d));
	return read_register(of(d), offset & ~7ull) >> 8 * (offset & 7);
}

static void hpet_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	u64 reg = offset & ~7ull;
	int shift = offset & 4 ? 32 : 0;

	if (size < 4)
		return;
	catch_up(of(d));
	if (size == 4)
		value = (kept(of(d), reg) & ~((u64)UINT32_MAX << shift)) | value << shift;
	write_register(of(d), reg, value);
}

static void hpet_reset(struct device *d)
{
	struct hpet *h = of(d);

	irq_set(&h->legacy, 0);
	for (int i = 0; i < HPET_PINS; i++)
		irq_set(&h->pin[i], 0);
}

/* Pins before the switch: what is switched must already have its level. */
static void hpet_restored(struct device *d)
{
	struct hpet *h = of(d);
	struct hpet_state *s = &h->s;
	u64 now = device_now(d);

	s->config[0] &= CONFIG_ENABLE | CONFIG_LEGACY;
	s->line[0] &= (u32)ROUTES;
	if (s->started[0] > now)
		s->started[0] = now;
	for (int i = 0; i < HPET_PINS; i++)
		if (ROUTES >> i & 1)
			irq_set(&h->pin[i], s->line[0] >> i & 1);
	irq_set(&h->legacy, !!(s->config[0] & CONFIG_LEGACY));
	for (u32 n = 0; n < HPET_TIMERS; n++) {
		s->timer_config[n] &= T_WRITABLE;
		if (s->due[n] < now && now - s->due[n] > LATE_NS)
			s->due[n] = now;
		set_due(h, n, s->due[n]);
	}
}

static const char *const regs[] = {
	[REG_CAPABILITIES] = "capabilities", [REG_CAPABILITIES + 4] = "tick length",
	[REG_CONFIG] = "configuration",      [REG_STATUS] = "interrupt status",
	[REG_COUNTER] = "counter",           [REG_COUNTER + 4] = "counter high",
	[0x100] = "timer 0 configuration",   [0x108] = "timer 0 comparator",
	[0x120] = "timer 1 configuration",   [0x128] = "timer 1 comparator",
	[0x140] = "timer 2 configuration",   [0x148] = "timer 2 comparator",
};
static const struct claim claims[] = { { SPACE_MMIO, ACPI_HPET_BASE, 0x400, regs, ARRAY_LEN(regs), 8 } };

const struct device_class hpet_class = {
	.name = "hpet",
	.brief = "high-precision event timers",
	.layout = &hpet_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.ntimers = HPET_TIMERS,
	.read = hpet_read,
	.write = hpet_write,
	.timer = hpet_timer,
	.reset = hpet_reset,
	.restored = hpet_restored,
};
