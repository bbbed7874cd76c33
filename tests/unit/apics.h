/* SPDX-License-Identifier: GPL-3.0-or-later
 * apics.h - a bench of local APICs, each with its own buses and pins, and an I/O APIC, without processors.
 * Rule: a test plays the processors: registers, model-specific registers, acknowledge, time; nothing else.
 */
#ifndef VITRINE_TESTS_UNIT_APICS_H
#define VITRINE_TESTS_UNIT_APICS_H

#include <string.h>

#include "devices/apic-bus.h"
#include "devices/ioapic.h"
#include "devices/lapic.h"
#include "tests/unit/unit.h"

enum { BENCH_CPUS = 4 };
struct apics;
struct bench_cpu {
	struct apics *apics;
	struct device_world world;
	struct bus mmio, msr;
	struct lapic l;
	bool refused;
	int intr, nmis, inits, sipi; /* sipi: the latest vector, -1 = none */
	u64 tsc_offset;
};
struct apics {
	struct clock clock;
	struct event_stream events;
	struct bench_cpu cpu[BENCH_CPUS];
	struct device_world world;
	struct bus mmio;
	struct ioapic io;
	struct apic_bus bus;
	int external_acks; /* of the controller at LINT0, whose vector is always 20h */
};

static inline int apics_claim_(void *arg, struct device *d, const struct claim *claim, struct err *err)
{
	return bus_add(&((struct bench_cpu *)arg)->mmio, d, claim, err);
}
static inline void apics_unclaim_(void *arg, struct device *d, const struct claim *claim)
{
	bus_remove_claim(&((struct bench_cpu *)arg)->mmio, claim);
}
static inline void apics_refuse_(void *arg) { ((struct bench_cpu *)arg)->refused = true; }
static inline void apics_intr_(void *arg, int n, int level) { ((struct bench_cpu *)arg)->intr = level; }
static inline void apics_nmi_(void *arg, int n, int level) { ((struct bench_cpu *)arg)->nmis += level; }
static inline void apics_init_(void *arg, int n, int level) { ((struct bench_cpu *)arg)->inits += level; }
static inline void apics_sipi_(void *arg, u8 vector) { ((struct bench_cpu *)arg)->sipi = vector; }
static inline u64 apics_tsc_offset_(void *arg) { return ((struct bench_cpu *)arg)->tsc_offset; }
static inline int apics_external_ack_(void *arg)
{
	((struct apics *)arg)->external_acks++;
	return 0x20;
}

static inline void apics_connect_(struct apics *a, u32 n)
{
	struct bench_cpu *c = &a->cpu[n];

	c->apics = a;
	c->sipi = -1;
	c->world = (struct device_world){ .clock = &a->clock, .events = &a->events, .claim = apics_claim_,
					  .unclaim = apics_unclaim_, .refuse = apics_refuse_, .arg = c };
	c->l.w = (struct lapic_wires){
		.index = n, .phys_bits = 40, .has_x2apic = true, .has_deadline = true,
		.intr = { apics_intr_, c, 0 }, .nmi = { apics_nmi_, c, 0 }, .init = { apics_init_, c, 0 },
		.sipi = apics_sipi_, .tsc_offset = apics_tsc_offset_, .arg = c,
		.external_ack = apics_external_ack_, .external_arg = a,
		.send = apic_bus_ipi, .eoi = apic_bus_eoi, .bus = &a->bus,
	};
	a->bus.local[n] = &c->l;
}

/* Four processors with their APICs just reset, and an I/O APIC.  *a must not move. */
static inline void apics_setup(struct apics *a)
{
	struct err err = { 0 };

	memset(a, 0, sizeof(*a));
	clock_init(&a->clock, 1000);
	a->world = (struct device_world){ .clock = &a->clock, .events = &a->events, .arg = a };
	for (u32 n = 0; n < BENCH_CPUS; n++) {
		struct bench_cpu *c = &a->cpu[n];

		apics_connect_(a, n);
		ck_assert_int_eq(device_init(&c->l.dev, &lapic_class, lapic_names[n], &c->l.s, &c->world, &err), 0);
		for (int i = 0; i < lapic_class.nclaims; i++)
			ck_assert_int_eq(bus_add(&c->msr, &c->l.dev, &lapic_class.claims[i], &err), 0);
		device_reset(&c->l.dev);
	}
	a->bus.n = BENCH_CPUS;
	a->bus.io = &a->io;
	a->io.bus = &a->bus;
	ck_assert_int_eq(device_init(&a->io.dev, &ioapic_class, NULL, &a->io.s, &a->world, &err), 0);
	ck_assert_int_eq(bus_add(&a->mmio, &a->io.dev, &ioapic_class.claims[0], &err), 0);
	device_reset(&a->io.dev);
}

/* Registers of processor n's APIC, at its usual place. */
static inline u32 reg(struct apics *a, int n, u32 offset)
{
	return (u32)bus_read(&a->cpu[n].mmio, APIC_LOCAL_BASE + offset, 4, NULL);
}
static inline void reg_set(struct apics *a, int n, u32 offset, u32 value)
{
	bus_write(&a->cpu[n].mmio, APIC_LOCAL_BASE + offset, 4, value, NULL);
}

/* Model-specific registers; false: #GP(0). */
static inline bool msr_get(struct apics *a, int n, u32 index, u64 *value)
{
	a->cpu[n].refused = !bus_answers(&a->cpu[n].msr, index);
	*value = bus_read(&a->cpu[n].msr, index, 8, NULL);
	return !a->cpu[n].refused;
}
static inline bool msr_set(struct apics *a, int n, u32 index, u64 value)
{
	a->cpu[n].refused = !bus_answers(&a->cpu[n].msr, index);
	bus_write(&a->cpu[n].msr, index, 8, value, NULL);
	return !a->cpu[n].refused;
}

/* Software enables every APIC, as all systems do. */
static inline void apics_enable(struct apics *a)
{
	for (int n = 0; n < BENCH_CPUS; n++)
		reg_set(a, n, 0xf0, 0x1ff);
}

static inline int ack(struct apics *a, int n) { return a->cpu[n].intr ? lapic_ack(&a->cpu[n].l) : -1; }
static inline void eoi(struct apics *a, int n) { reg_set(a, n, 0xb0, 0); }

/* Who has vector v among its requests: a bit per processor. */
static inline u32 who_has(struct apics *a, u8 v)
{
	u32 set = 0;

	for (u32 n = 0; n < BENCH_CPUS; n++)
		set |= (a->cpu[n].l.s.irr[v / 32] >> v % 32 & 1) << n;
	return set;
}

/* All requests are forgotten. */
static inline void forget(struct apics *a)
{
	for (int n = 0; n < BENCH_CPUS; n++)
		for (int k = 0; k < 300 && ack(a, n) >= 0; k++)
			eoi(a, n);
}

static inline void wait_ns(struct apics *a, u64 ns)
{
	u64 end = a->clock.now + ns;

	while (clock_next_due(&a->clock) <= end) {
		clock_skip_to(&a->clock, clock_next_due(&a->clock));
		clock_fire_due(&a->clock);
	}
	clock_skip_to(&a->clock, end);
}

#endif
