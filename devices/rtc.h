/* SPDX-License-Identifier: GPL-3.0-or-later
 * rtc.h - the state and wires of the battery-backed clock and memory (CMOS).
 * Rule: all of it outlives a reset of the machine; only the interrupt enables are cleared.
 */
#ifndef VITRINE_DEVICES_RTC_H
#define VITRINE_DEVICES_RTC_H

#include "core/device.h"

enum { RTC_BYTES = 128 };

#define RTC_STATE(F, S) \
	F(S, u8, index, 1, 0, HEX, "register selected by port 70h; bit 7 masks NMI") \
	F(S, u8, ram, RTC_BYTES, 0, HEX, "registers 0 to 13, then memory; the time as of the moment 'seen'") \
	F(S, u64, base_s, 1, 946684800, DEC, \
	  "the clock's time in seconds since 1970 at the moment 'base_ns'") \
	F(S, u64, base_ns, 1, 0, DEC, "virtual time in ns of the start of that second, modulo 2^64") \
	F(S, u64, seen, 1, 0, DEC, "virtual time in ns up to which flags and time registers are right")
STATE(rtc_state, 1, RTC_STATE);

struct rtc {
	struct device dev; /* first: a struct device * of this class is a struct rtc * */
	struct rtc_state s;
	struct irq_line irq;      /* IRQ 8 */
	struct irq_line nmi_mask; /* bit 7 of port 70h: 1 = NMI held off */
};

extern const struct device_class rtc_class;

/* For the board, before the machine starts: put in the battery.  The clock shows unix_seconds now (years
 * 1900-9999). */
void rtc_power_up(struct device *d, i64 unix_seconds);
/* A byte of the memory behind the clock registers (index 14 to 127), as the set-up program would leave it. */
void rtc_poke(struct device *d, u8 index, u8 value);

#endif
