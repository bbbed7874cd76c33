/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci.h - PCI configuration space: the mechanism, and what a function on bus 0 must bring.
 * Rule: a function's 256 bytes are part of its own device's state; here are only the address register and a
 * list.
 */
#ifndef VITRINE_DEVICES_PCI_H
#define VITRINE_DEVICES_PCI_H

#include "core/device.h"

enum { PCI_FUNCTIONS = 16, PCI_CONFIG_BYTES = 256 };

/* Offsets in configuration space (PCI Local Bus Specification 2.2, 6.1) */
/* clang-format off */
enum { PCI_VENDOR_ID = 0, PCI_DEVICE_ID = 2, PCI_COMMAND = 4, PCI_STATUS = 6, PCI_REVISION = 8, PCI_CLASS = 9,
       PCI_HEADER_TYPE = 0x0e, PCI_SUBSYSTEM_VENDOR_ID = 0x2c, PCI_SUBSYSTEM_ID = 0x2e };
/* clang-format on */

#define PCI_STATE(F, S) \
	F(S, u32, address, 1, 0, HEX, \
	  "configuration address register: enable, bus, device, function, register") \
	F(S, u8, reset_control, 1, 0, BITS, "port CF9h: bit 1 hard reset, bit 2 resets when it rises")
STATE(pci_state, 1, PCI_STATE);

struct pci_function {
	u8 devfn;           /* device * 8 + function */
	struct device *dev; /* whose function it is */
	u8 *config;         /* PCI_CONFIG_BYTES of its state */
	const u8 *writable; /* PCI_CONFIG_BYTES: the bits a guest can change */
	void (*written)(struct device *dev, u32 reg, int size); /* after a write; may be NULL */
};

struct pci {
	struct device dev; /* first: a struct device * of this class is a struct pci * */
	struct pci_state s;
	struct pci_function function[PCI_FUNCTIONS];
	int nfunctions;
};

extern const struct device_class pci_class;

int pci_add(struct pci *p, const struct pci_function *f, struct err *err);
/* Little-endian words of a configuration space. */
static inline void pci_put16(u8 *config, u32 reg, u16 value)
{
	config[reg] = (u8)value;
	config[reg + 1] = (u8)(value >> 8);
}

#endif
