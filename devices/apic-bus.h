/* SPDX-License-Identifier: GPL-3.0-or-later
 * apic-bus.h - what local APICs and I/O APIC say to each other, and the places and numbers they share with ACPI.
 * Rule: a message names its destination as the sender wrote it; each local APIC decides whether it is meant.
 * Source: SDM 3A 10.6 and 10.11; Intel 82093AA data sheet (290566).
 */
#ifndef VITRINE_DEVICES_APIC_BUS_H
#define VITRINE_DEVICES_APIC_BUS_H

#include "core/base/types.h"

struct lapic;
struct ioapic;

#define APIC_LOCAL_BASE 0xfee00000u /* where local APICs answer after reset */
#define APIC_IO_BASE 0xfec00000u    /* where the I/O APIC answers */

/* The pins of the I/O APIC, which are also ACPI's global system interrupts (GSI). */
enum {
	APIC_PINS = 24,
	APIC_GSI_TIMER = 2, /* ISA interrupt 0 comes here; the other ISA interrupts at their own numbers */
	APIC_GSI_SCI = 9,   /* ACPI's interrupt */
	APIC_GSI_PCI = 16,  /* the first of four for PCI */
};
/* Where INTA# (pin 0) to INTD# of a PCI slot arrive. */
static inline u32 apic_pci_gsi(u32 slot, u32 pin) { return APIC_GSI_PCI + (slot + pin) % 4; }

/* SDM 3A 10.6.1, table 10-1 */
enum apic_mode { APIC_FIXED, APIC_LOWEST, APIC_SMI, APIC_NMI = 4, APIC_INIT, APIC_STARTUP, APIC_EXTINT };
#define APIC_BROADCAST 0xffffffffu /* a physical destination: all */

struct apic_message {
	u8 mode;      /* enum apic_mode */
	u8 vector;
	bool level;   /* level-triggered: its end is told to the I/O APIC */
	bool logical; /* dest is a logical destination (SDM 3A 10.6.2.2), not an APIC id */
	u32 dest;     /* 8 bits of it from an xAPIC, an I/O APIC and devices, but APIC_BROADCAST for physical FFh */
};
/* A destination of 8 bits. */
static inline u32 apic_dest(u8 dest, bool logical) { return dest == 0xff && !logical ? APIC_BROADCAST : dest; }

/* Who gets an interprocessor interrupt (SDM 3A 10.6.1) */
enum apic_shorthand { APIC_TO_DEST, APIC_TO_SELF, APIC_TO_ALL, APIC_TO_OTHERS };

enum { APIC_CPUS = 8 };
/* The wire between them; the board fills it in. */
struct apic_bus {
	struct lapic *local[APIC_CPUS]; /* by number of the processor */
	u32 n;
	struct ioapic *io;
};

/* Deliver to whom it may concern; false if nobody took it. */
bool apic_bus_send(struct apic_bus *bus, const struct apic_message *m);
/* The same from processor `from`, as its interrupt command register says. */
void apic_bus_ipi(void *bus, u32 from, enum apic_shorthand to, const struct apic_message *m);
/* A processor has ended the level-triggered interrupt `vector`. */
void apic_bus_eoi(void *bus, u8 vector);
/* A device has written `data` to `address`: a message-signalled interrupt (SDM 3A 10.11). */
void apic_bus_msi(void *bus, u64 address, u32 data);

#endif
