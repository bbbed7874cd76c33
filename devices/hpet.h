/* SPDX-License-Identifier: GPL-3.0-or-later
 * hpet.h - the state and wires of the high-precision event timers.
 * Rule: the counter is never stepped: it is the pair {counter, started} and the clock.
 */
#ifndef VITRINE_DEVICES_HPET_H
#define VITRINE_DEVICES_HPET_H

#include "core/device.h"

enum { HPET_TIMERS = 3, HPET_PINS = 24 };

#define HPET_STATE(F, S) \
	F(S, u64, config, 1, 0, BITS, "general configuration: bit 0 enabled, bit 1 takes over IRQ 0 and 8") \
	F(S, u64, status, 1, 0, BITS, "level-triggered interrupts that wait, bit per timer") \
	F(S, u64, counter, 1, 0, DEC, "main counter, at the moment 'started' if enabled") \
	F(S, u64, started, 1, 0, DEC, "virtual time in ns since which it counts on") \
	F(S, u64, timer_config, HPET_TIMERS, 0, BITS, "timer configuration, without what is fixed") \
	F(S, u64, comparator, HPET_TIMERS, UINT64_MAX, DEC, "counter at which the timer fires") \
	F(S, u64, due, HPET_TIMERS, UINT64_MAX, DEC, \
	  "virtual time in ns at which it fires; all ones = never") \
	F(S, u64, period, HPET_TIMERS, 0, DEC, "ticks added to it each time, in periodic mode") \
	F(S, u32, line, 1, 0, BITS, "pins held up")
STATE(hpet_state, 1, HPET_STATE);

struct hpet {
	struct device dev; /* first: a struct device * of this class is a struct hpet * */
	struct hpet_state s;
	struct irq_line pin[HPET_PINS]; /* of the I/O APIC; 2 and 8 are also ISA interrupts 0 and 8 */
	struct irq_line legacy;         /* 1: timers 0 and 1 have replaced PIT and RTC at their interrupts */
};

extern const struct device_class hpet_class;

#endif
