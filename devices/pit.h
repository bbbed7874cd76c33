/* SPDX-License-Identifier: GPL-3.0-or-later
 * pit.h - the state and wires of the 8254 timer and of port 61h, which goes with it.
 * Rule: a count is never ticked; it is computed from the moment it was loaded and the virtual time.
 */
#ifndef VITRINE_DEVICES_PIT_H
#define VITRINE_DEVICES_PIT_H

#include "core/device.h"

enum { PIT_CHANNELS = 3 };
#define PIT_HZ 1193182ull

/* Moments are in clock ticks of 1193182 Hz since power-up. */
#define PIT_STATE(F, S) \
	F(S, u8, mode, PIT_CHANNELS, 0, DEC, "operating mode, 0 to 5") \
	F(S, u8, access, PIT_CHANNELS, 3, DEC, \
	  "bytes of the count that are accessed: 1 low, 2 high, 3 low then high") \
	F(S, u8, bcd, PIT_CHANNELS, 0, BOOL, "counts in decimal") \
	F(S, u8, phase, PIT_CHANNELS, 0, DEC, \
	  "0 waits for a count or trigger, 1 counts, 2 is held by its gate") \
	F(S, u32, count, PIT_CHANNELS, 0x10000, DEC, "count that is being counted down, 1 to 65536") \
	F(S, u32, reload, PIT_CHANNELS, 0, DEC, "count last written, 0 = none since the control word") \
	F(S, u32, next, PIT_CHANNELS, 0, DEC, "count that takes over at switch_at, 0 = none") \
	F(S, u64, switch_at, PIT_CHANNELS, 0, DEC, "tick at which it does") \
	F(S, u64, start, PIT_CHANNELS, 0, DEC, "tick at which the count was loaded") \
	F(S, u64, held, PIT_CHANNELS, 0, DEC, "ticks already counted when the gate stopped it") \
	F(S, u8, low_byte, PIT_CHANNELS, 0, HEX, "first byte of a two-byte write") \
	F(S, u8, write_high, PIT_CHANNELS, 0, BOOL, "the next byte written is the high one") \
	F(S, u8, read_high, PIT_CHANNELS, 0, BOOL, "the next byte read is the high one") \
	F(S, u16, latch, PIT_CHANNELS, 0, HEX, "latched count") \
	F(S, u8, latched, PIT_CHANNELS, 0, BOOL, "reads return the latch") \
	F(S, u8, status, PIT_CHANNELS, 0, BITS, "latched status") \
	F(S, u8, status_latched, PIT_CHANNELS, 0, BOOL, "the next read returns it") \
	F(S, u64, due, 1, 0, DEC, "virtual time in ns at which channel 0's output changes next, 0 = never") \
	F(S, u8, port61, 1, 0, BITS, \
	  "bits 0-3 of port 61h: gate of channel 2, speaker, parity and I/O checks off")
STATE(pit_state, 1, PIT_STATE);

struct pit {
	struct device dev; /* first: a struct device * of this class is a struct pit * */
	struct pit_state s;
	struct irq_line irq0; /* OUT of channel 0 */
};

extern const struct device_class pit_class;

/* Level of a channel's OUT pin now. */
bool pit_out(const struct device *d, int channel);

#endif
