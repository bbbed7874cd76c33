/* SPDX-License-Identifier: GPL-3.0-or-later
 * ioapic.h - the state and wires of the I/O APIC.
 * Rule: it only turns levels at pins into messages; which processor takes them is the local APICs' affair.
 */
#ifndef VITRINE_DEVICES_IOAPIC_H
#define VITRINE_DEVICES_IOAPIC_H

#include "core/device.h"
#include "devices/apic-bus.h"

#define IOAPIC_STATE(F, S) \
	F(S, u8, select, 1, 0, HEX, "number of the register behind the data window") \
	F(S, u8, id, 1, 0, HEX, "APIC id, 4 bits; the messages do not carry it") \
	F(S, u64, redirect, APIC_PINS, 0x10000, BITS, "redirection table") \
	F(S, u32, line, 1, 0, BITS, "which pins are asserted")
STATE(ioapic_state, 1, IOAPIC_STATE);

struct ioapic {
	struct device dev; /* first: a struct device * of this class is a struct ioapic * */
	struct ioapic_state s;
	struct apic_bus *bus;
};

extern const struct device_class ioapic_class;

/* The function of an irq_line: pin n (0 to 23) of the struct ioapic that arg points to; 1 = asserted. */
void ioapic_set_input(void *arg, int n, int level);
/* The end of a level-triggered interrupt has been broadcast. */
void ioapic_eoi(struct ioapic *io, u8 vector);

#endif
