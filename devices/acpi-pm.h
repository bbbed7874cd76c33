/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-pm.h - the state and wires of the PIIX4's power management function, which this board has beside its
 * PIIX3.
 * Rule: ACPI mode is always on: there is no SMI here that could switch it.
 */
#ifndef VITRINE_DEVICES_ACPI_PM_H
#define VITRINE_DEVICES_ACPI_PM_H

#include "devices/pci.h"

#define ACPI_PM_STATE(F, S) \
	F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space of 00:01.3") \
	F(S, u16, status, 1, 0, BITS, "PM1 status: bit 0 timer, bit 8 power button") \
	F(S, u16, enable, 1, 0, BITS, "PM1 enable, same bits") \
	F(S, u16, control, 1, 1, BITS, "PM1 control: bit 0 SCI enable, bits 10-12 sleep type") \
	F(S, u16, gpe_status, 1, 0, BITS, "general-purpose events; none ever happens") \
	F(S, u16, gpe_enable, 1, 0, BITS, "the same, enabled") \
	F(S, u64, seen, 1, 0, DEC, "virtual time in ns up to which the timer's status bit is right")
STATE(acpi_pm_state, 1, ACPI_PM_STATE);

struct acpi_pm {
	struct device dev; /* first: a struct device * of this class is a struct acpi_pm * */
	struct acpi_pm_state s;
	struct pci_function pci;
	struct irq_line sci; /* IRQ 9, a level */
};

extern const struct device_class acpi_pm_class;

/* Before device_init: prepare p->pci for pci_add. */
void acpi_pm_init(struct acpi_pm *p);
/* Somebody pressed the power button; what follows is up to the guest. */
void acpi_pm_power_button(struct device *d);

#endif
