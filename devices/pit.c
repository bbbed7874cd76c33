/* SPDX-License-Identifier: GPL-3.0-or-later
 * pit.c - 8254 programmable interval timer: channel 0 ticks the system, channel 2 feeds the speaker.
 * Ports: 40h-43h; 61h, the PC's port with channel 2's gate and output, the speaker and the refresh toggle.
 * Rule: nothing counts.  Output and count at any moment follow from {mode, count, start} by arithmetic, so
 * no rounding error builds up: tick t begins at nanosecond ceil(t * 10^9 / 1193182), whatever happened
 * before.
 * NOT MODELLED: channel 1 does not refresh memory; the speaker is silent; parity and I/O checks never fail.
 * Source: Intel 8254 data sheet (231164); port 61h: Intel 82371SB (290550) 2.5.3.1.
 */
#include "devices/pit.h"

enum { PHASE_WAIT, PHASE_RUN, PHASE_HELD };
enum { CONTROL = 3, SELECT_READ_BACK = 3 };
enum { ACCESS_LATCH, ACCESS_LOW, ACCESS_HIGH, ACCESS_BOTH };
enum { NOT_LATCH_COUNT = 0x20, NOT_LATCH_STATUS = 0x10 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40 };
enum { P61_GATE2 = 1, P61_REFRESH = 0x10, P61_OUT2 = 0x20, P61_WRITABLE = 0xf };
enum { REFRESH_NS = 15085 }; /* 18 ticks: the refresh request of the original board */
enum { CLAIM_COUNTERS, CLAIM_PORT61 };

static struct pit *of(struct device *d)
{
	return (struct pit *)d;
}

/* ---- time ---- */

static u64 tick_now(const struct device *d)
{
	return (u64)((unsigned __int128)device_now(d) * PIT_HZ / 1000000000);
}

/* First nanosecond of a tick. */
static u64 tick_ns(u64 tick)
{
	unsigned __int128 ns = ((unsigned __int128)tick * 1000000000 + PIT_HZ - 1) / PIT_HZ;

	return ns > UINT64_MAX ? UINT64_MAX : (u64)ns;
}

/* ---- what a channel shows at tick t ---- */

/* Channels 0 and 1 are always enabled; channel 2's gate is bit 0 of port 61h. */
static bool gate(const struct pit_state *s, int c)
{
	return c < 2 || s->port61[0] & P61_GATE2;
}

/* Ticks counted since the count was loaded. */
static u64 elapsed(const struct pit_state *s, int c, u64 t)
{
	if (s->phase[c] != PHASE_RUN)
		return s->held[c];
	return (i64)(t - s->start[c]) > 0 ? t - s->start[c] : 0;
}

/* Mode 3: length of the high half; it is the longer one of an odd count. */
static u32 high_half(u32 count)
{
	return (count + 1) / 2;
}

static bool out_at(const struct pit_state *s, int c, u64 t)
{
	u64 e = elapsed(s, c, t);
	u32 n = s->count[c];

	if (s->phase[c] == PHASE_WAIT)
		return s->mode[c] != 0;
	switch (s->mode[c]) {
	case 0:
	case 1: return e >= n;                                      /* low until terminal count */
	case 2: return s->phase[c] == PHASE_HELD || e % n != n - 1; /* low for the last tick of each period */
	case 3: return s->phase[c] == PHASE_HELD || e % n < high_half(n); /* square wave */
	default: return e != n; /* 4, 5: one low pulse at terminal count */
	}
}

bool pit_out(const struct device *d, int channel)
{
	return out_at(d->state, channel, tick_now(d));
}

/* Ticks from elapsed e to the next change of OUT; 0 = it will not change by itself. */
static u64 until_change(u8 mode, u32 n, u64 e)
{
	switch (mode) {
	case 0:
	case 1: return e < n ? n - e : 0;
	case 2: return n < 2 ? 0 : e % n < n - 1 ? n - 1 - e % n : 1;
	case 3: return n < 2 ? 0 : e % n < high_half(n) ? high_half(n) - e % n : n - e % n;
	default: return e < n ? n - e : e == n;
	}
}

static u16 to_bcd(u32 v)
{
	return (u16)(v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12);
}

static u32 from_bcd(u16 v)
{
	return (v & 15) + (v >> 4 & 15) * 10u + (v >> 8 & 15) * 100u + (v >> 12) * 1000u;
}

/* What the counting element holds. */
static u16 count_at(const struct pit_state *s, int c, u64 t)
{
	u32 n = s->count[c], modulus = s->bcd[c] ? 10000 : 0x10000, v;
	u64 e = elapsed(s, c, t);

	if (s->phase[c] == PHASE_WAIT) {
		v = 0;
	} else if (s->mode[c] == 2) {
		v = n - (u32)(e % n);
	} else if (s->mode[c] == 3) { /* counts by two, each half from the top; an odd count from one less */
		u32 pos = (u32)(e % n), half = high_half(n);

		v = (n & ~1u) - 2 * (pos < half ? pos : pos - half);
	} else { /* goes on below zero, around the modulus */
		v = n + modulus - (u32)(e % modulus);
	}
	return s->bcd[c] ? to_bcd(v % modulus) : (u16)v;
}

/* ---- loading, gates, periods ---- */

/* Let a count written earlier take over if its moment has come.  Mode 3 takes it at the end of either half:
 * where the low half follows, the period is placed so that its middle lies there. */
static void sync(struct pit_state *s, int c, u64 t)
{
	u64 at = s->switch_at[c];
	bool low_follows;

	if (!s->next[c] || (i64)(t - at) < 0)
		return;
	low_follows = s->mode[c] == 3 && !out_at(s, c, at);
	s->count[c] = s->next[c];
	s->start[c] = low_follows ? at - high_half(s->count[c]) : at;
	s->next[c] = 0;
}

static void start_count(struct pit_state *s, int c, u64 t)
{
	s->count[c] = s->reload[c];
	s->next[c] = 0;
	s->start[c] = t + 1; /* loaded by the next clock pulse */
	s->held[c] = 0;
	s->phase[c] = PHASE_RUN;
}

/* A complete count has been written (data sheet, "Mode definitions"). */
static void load(struct pit_state *s, int c, u32 value, u64 t)
{
	u8 mode = s->mode[c];
	u32 n = s->count[c];
	u64 e;

	s->reload[c] = value;
	if (mode == 1 || mode == 5) /* used at the next trigger */
		return;
	if ((mode == 2 || mode == 3) && s->phase[c] == PHASE_RUN && (i64)(t - s->start[c]) >= 0) {
		e = elapsed(s, c, t) % n;
		s->next[c] = value;
		s->switch_at[c] = t - e + (mode == 3 && e < high_half(n) ? high_half(n) : n);
		return;
	}
	start_count(s, c, t);
	if (!gate(s, c))
		s->phase[c] = PHASE_HELD;
}

static void gate_falls(struct pit_state *s, int c, u64 t)
{
	if (s->phase[c] != PHASE_RUN || s->mode[c] == 1 || s->mode[c] == 5)
		return;
	s->held[c] = elapsed(s, c, t);
	s->phase[c] = PHASE_HELD;
}

static void gate_rises(struct pit_state *s, int c, u64 t)
{
	if (!s->reload[c])
		return;
	if (s->mode[c] == 0 || s->mode[c] == 4) { /* counting goes on */
		s->start[c] = t - s->held[c];
		s->phase[c] = PHASE_RUN;
	} else { /* counting starts anew */
		start_count(s, c, t);
	}
}

/* ---- channel 0 drives a line ---- */

static void arm(struct pit *p)
{
	if (p->s.due[0])
		device_timer_set(&p->dev, 0, p->s.due[0]);
	else
		device_timer_cancel(&p->dev, 0);
}

static void drive(struct pit *p)
{
	struct pit_state *s = &p->s;
	u64 t = tick_now(&p->dev), change, due;

	sync(s, 0, t);
	irq_set(&p->irq0, out_at(s, 0, t));
	change = s->phase[0] == PHASE_RUN ? until_change(s->mode[0], s->count[0], elapsed(s, 0, t)) : 0;
	due = ((i64)(t - s->start[0]) > 0 ? t : s->start[0]) + change;
	if (s->next[0] && (i64)(due - s->switch_at[0]) > 0)
		due = s->switch_at[0];
	s->due[0] = change ? tick_ns(due) : 0;
	arm(p);
}

static void pit_timer(struct device *d, u32 which)
{
	drive(of(d));
}

/* ---- the ports ---- */

static u8 status_at(const struct pit_state *s, int c, u64 t)
{
	bool null = s->phase[c] == PHASE_WAIT || s->next[c] || (i64)(t - s->start[c]) < 0;

	return (u8)((out_at(s, c, t) ? STATUS_OUT : 0) | (null ? STATUS_NULL : 0) | s->access[c] << 4 |
		    s->mode[c] << 1 | s->bcd[c]);
}

static void latch_count(struct pit_state *s, int c, u64 t)
{
	if (s->latched[c]) /* an unread latch is kept */
		return;
	s->latch[c] = count_at(s, c, t);
	s->latched[c] = 1;
}

static void read_back(struct pit_state *s, u8 value, u64 t)
{
	for (int c = 0; c < PIT_CHANNELS; c++) {
		if (!(value >> (c + 1) & 1))
			continue;
		sync(s, c, t);
		if (!(value & NOT_LATCH_COUNT))
			latch_count(s, c, t);
		if (!(value & NOT_LATCH_STATUS) && !s->status_latched[c]) {
			s->status[c] = status_at(s, c, t);
			s->status_latched[c] = 1;
		}
	}
}

static void write_control(struct pit_state *s, u8 value, u64 t)
{
	int c = value >> 6;
	u8 mode = value >> 1 & 7;

	if (c == SELECT_READ_BACK) {
		read_back(s, value, t);
		return;
	}
	sync(s, c, t);
	if ((value >> 4 & 3) == ACCESS_LATCH) {
		latch_count(s, c, t);
		return;
	}
	s->access[c] = value >> 4 & 3;
	s->mode[c] = mode > 5 ? mode - 4 : mode; /* bit 2 does not count in modes 2 and 3 */
	s->bcd[c] = value & 1;
	s->phase[c] = PHASE_WAIT;
	s->reload[c] = s->next[c] = 0;
	s->held[c] = 0;
	s->write_high[c] = s->read_high[c] = s->latched[c] = s->status_latched[c] = 0;
}

static void write_count(struct pit_state *s, int c, u8 v, u64 t)
{
	u16 raw;
	u32 value;

	sync(s, c, t);
	if (s->access[c] == ACCESS_BOTH && !s->write_high[c]) {
		s->low_byte[c] = v;
		s->write_high[c] = 1;
		if (s->mode[c] == 0) /* the first byte stops the counting */
			s->phase[c] = PHASE_WAIT;
		return;
	}
	raw = s->access[c] == ACCESS_LOW ? v
					 : (u16)(v << 8 | (s->access[c] == ACCESS_BOTH ? s->low_byte[c] : 0));
	s->write_high[c] = 0;
	value = s->bcd[c] ? from_bcd(raw) : raw;
	if (!value)
		value = s->bcd[c] ? 10000 : 0x10000;
	load(s, c, value, t);
}

static u8 read_count(struct pit_state *s, int c, u64 t)
{
	bool high = s->access[c] == ACCESS_HIGH || (s->access[c] == ACCESS_BOTH && s->read_high[c]);
	u16 value;

	if (s->status_latched[c]) {
		s->status_latched[c] = 0;
		return s->status[c];
	}
	sync(s, c, t);
	value = s->latched[c] ? s->latch[c] : count_at(s, c, t);
	if (s->access[c] == ACCESS_BOTH)
		s->read_high[c] = !s->read_high[c];
	if (!s->read_high[c])
		s->latched[c] = 0;
	return (u8)(high ? value >> 8 : value);
}

static void write_port61(struct pit_state *s, u8 v, u64 t)
{
	u8 changed = s->port61[0] ^ v;

	sync(s, 2, t);
	s->port61[0] = v & P61_WRITABLE;
	if (!(changed & P61_GATE2))
		return;
	if (v & P61_GATE2)
		gate_rises(s, 2, t);
	else
		gate_falls(s, 2, t);
}

static u8 read_port61(struct pit *p, u64 t)
{
	sync(&p->s, 2, t);
	return (u8)(p->s.port61[0] | (device_now(&p->dev) / REFRESH_NS & 1 ? P61_REFRESH : 0) |
		    (out_at(&p->s, 2, t) ? P61_OUT2 : 0));
}

static void pit_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct pit *p = of(d);
	u64 t = tick_now(d);

	if (claim == &d->class->claims[CLAIM_PORT61])
		write_port61(&p->s, (u8)value, t);
	else if (offset == CONTROL)
		write_control(&p->s, (u8)value, t);
	else
		write_count(&p->s, (int)offset, (u8)value, t);
	drive(p);
}

static u64 pit_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct pit *p = of(d);
	u64 t = tick_now(d);

	if (claim == &d->class->claims[CLAIM_PORT61])
		return read_port61(p, t);
	return offset == CONTROL ? 0xff
				 : read_count(&p->s, (int)offset, t); /* the control word cannot be read */
}

static void pit_reset(struct device *d)
{
	drive(of(d));
}

/* A saved state may come from anywhere: bring it back to what the chip can be in.  The line needs no
 * driving: whoever is at its end has saved its level. */
static void pit_restored(struct device *d)
{
	struct pit_state *s = &of(d)->s;
	u64 t = tick_now(d);

	for (int c = 0; c < PIT_CHANNELS; c++) {
		s->mode[c] = s->mode[c] > 5 ? 0 : s->mode[c];
		s->phase[c] = s->phase[c] > PHASE_HELD ? PHASE_WAIT : s->phase[c];
		s->access[c] &= 3;
		s->bcd[c] &= 1;
		if (s->count[c] - 1 > 0xffff)
			s->count[c] = 0x10000;
		if (s->reload[c] > 0x10000)
			s->reload[c] = 0;
		if (s->next[c] > 0x10000 || (i64)(s->switch_at[c] - t) > 0x10000)
			s->next[c] = 0;
		if ((i64)(s->start[c] - t) > 1)
			s->start[c] = t;
	}
	arm(of(d));
}

static const char *const counter_regs[] = { "channel 0", "channel 1", "channel 2", "control" };
static const char *const port61_regs[] = { "port 61h" };
static const struct claim claims[] = {
	[CLAIM_COUNTERS] = { SPACE_PORT, 0x40, 4, counter_regs, 4, 1 },
	[CLAIM_PORT61] = { SPACE_PORT, 0x61, 1, port61_regs, 1, 1 },
};

const struct device_class pit_class = {
	.name = "pit",
	.brief = "8254 programmable interval timer, and port 61h",
	.layout = &pit_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.ntimers = 1,
	.read = pit_read,
	.write = pit_write,
	.timer = pit_timer,
	.reset = pit_reset,
	.restored = pit_restored,
};
