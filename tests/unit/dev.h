/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev.h - a bench for devices without a VM: a clock, two buses, and sixteen probes to hang on their lines.
 * Rule: a test sees a device as a guest does (ports, interrupts, time), and in no other way.
 */
#ifndef VITRINE_TESTS_UNIT_DEV_H
#define VITRINE_TESTS_UNIT_DEV_H

#include <string.h>

#include "core/device.h"
#include "tests/unit/unit.h"

struct bench {
	struct clock clock;
	struct bus port, mmio;
	struct event_stream events;
	struct device_world world;
	int level[16], rises[16]; /* of the probes */
	char text[512];           /* bytes that came out */
	int ntext;
	char channel[16]; /* of the last of them */
	int status;       /* power-off status, -1 = still on */
	int resets;
	u64 msi_address; /* of the last message-signalled interrupt */
	u32 msi_data;
	int msis; /* how many there were */
};

static inline void bench_probe_(void *arg, int n, int level)
{
	struct bench *b = arg;

	b->rises[n] += level && !b->level[n];
	b->level[n] = level;
}

static inline struct irq_line bench_line(struct bench *b, int n)
{
	return (struct irq_line){ bench_probe_, b, n };
}

static inline void bench_power_off_(void *arg, int status)
{
	((struct bench *)arg)->status = status;
}

static inline void bench_reset_(void *arg)
{
	((struct bench *)arg)->resets++;
}

static inline void bench_byte_(void *arg, const char *channel, u8 byte)
{
	struct bench *b = arg;

	strncpy(b->channel, channel, sizeof(b->channel) - 1);
	if (b->ntext < (int)sizeof(b->text) - 1)
		b->text[b->ntext++] = (char)byte;
}

static inline int bench_claim_(void *arg, struct device *d, const struct claim *claim, struct err *err)
{
	struct bench *b = arg;

	return bus_add(claim->space == SPACE_PORT ? &b->port : &b->mmio, d, claim, err);
}

static inline void bench_unclaim_(void *arg, struct device *d, const struct claim *claim)
{
	struct bench *b = arg;

	bus_remove_claim(claim->space == SPACE_PORT ? &b->port : &b->mmio, claim);
}

static inline void bench_msi_(void *arg, u64 address, u32 data)
{
	struct bench *b = arg;

	b->msi_address = address;
	b->msi_data = data;
	b->msis++;
}

static inline void bench_init(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	clock_init(&b->clock, 1000);
	b->status = -1;
	b->world = (struct device_world){ .clock = &b->clock,
					  .events = &b->events,
					  .power_off = bench_power_off_,
					  .reset_request = bench_reset_,
					  .claim = bench_claim_,
					  .unclaim = bench_unclaim_,
					  .msi = bench_msi_,
					  .put_byte = bench_byte_,
					  .arg = b };
}

/* Lines must be connected before: the reset drives them. */
static inline void bench_add(struct bench *b, struct device *d, const struct device_class *class, void *state)
{
	struct err err = { 0 };

	ck_assert_msg(device_init(d, class, NULL, state, &b->world, &err) == 0, "%s", err.text);
	for (int i = 0; i < class->nclaims; i++)
		if (class->claims[i].space != SPACE_MSR)
			ck_assert_msg(bench_claim_(b, d, &class->claims[i], &err) == 0, "%s", err.text);
	device_reset(d);
}

static inline u8 in8(struct bench *b, u16 port)
{
	return (u8)bus_read(&b->port, port, 1, NULL);
}
static inline u16 in16(struct bench *b, u16 port)
{
	return (u16)bus_read(&b->port, port, 2, NULL);
}
static inline u32 in32(struct bench *b, u16 port)
{
	return (u32)bus_read(&b->port, port, 4, NULL);
}
static inline void out8(struct bench *b, u16 port, u8 v)
{
	bus_write(&b->port, port, 1, v, NULL);
}
static inline void out16(struct bench *b, u16 port, u16 v)
{
	bus_write(&b->port, port, 2, v, NULL);
}
static inline void out32(struct bench *b, u16 port, u32 v)
{
	bus_write(&b->port, port, 4, v, NULL);
}

/* Virtual time passes; every timer fires at its own moment. */
static inline void bench_until(struct bench *b, u64 ns)
{
	while (clock_next_due(&b->clock) <= ns) {
		clock_skip_to(&b->clock, clock_next_due(&b->clock));
		clock_fire_due(&b->clock);
	}
	clock_skip_to(&b->clock, ns);
}

static inline void bench_wait(struct bench *b, u64 ns)
{
	bench_until(b, b->clock.now + ns);
}

#endif
