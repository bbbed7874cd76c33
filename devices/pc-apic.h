/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-apic.h - the board's APICs: one per processor, one for the interrupt pins, and the wires between.
 * Rule: only pc*.c includes it.
 */
#ifndef VITRINE_DEVICES_PC_APIC_H
#define VITRINE_DEVICES_PC_APIC_H

#include "core/vm.h"
#include "devices/apic-bus.h"
#include "devices/ioapic.h"
#include "devices/lapic.h"
#include "devices/pic.h"

struct pc_apics {
	u32 n; /* processors with a local APIC: all or, if the model has none, 0; then there is no I/O APIC either */
	struct lapic local[APIC_CPUS];
	struct ioapic io;
	struct apic_bus bus;
};

/* Connect the processors' pins with their APICs, and those with the 8259A `master`; without APICs, directly. */
void pc_apics_connect(struct pc_apics *a, struct vm *vm, struct pic *master);
/* Add the devices; before the 8259As, whose reset drives LINT0. */
int pc_apics_add(struct pc_apics *a, struct vm *vm, struct err *err);
/* An ISA interrupt (0 to 15) changes its level, as the I/O APIC sees it. */
void pc_apics_set_isa(struct pc_apics *a, int irq, int level);
/* Wire n of the PCI bus, (slot + pin) modulo 4, does. */
void pc_apics_set_pci(struct pc_apics *a, int wire, int level);
/* A non-maskable interrupt: at LINT1 of every processor, or at the NMI pin of the only one. */
void pc_apics_nmi(struct pc_apics *a, struct vm *vm);

#endif
