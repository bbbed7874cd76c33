/* SPDX-License-Identifier: GPL-3.0-or-later
 * piix3.h - the state and wires of the south bridge's ISA function.
 * Rule: a PCI interrupt pin reaches the interrupt that the guest has routed it to, and no other.
 */
#ifndef VITRINE_DEVICES_PIIX3_H
#define VITRINE_DEVICES_PIIX3_H

#include "devices/pci.h"

enum { PIIX3_PIRQS = 4, PIIX3_IRQS = 16 };

#define PIIX3_STATE(F, S) \
	F(S, u8, isa, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space of 00:01.0, the ISA bridge") \
	F(S, u8, pirq, PIIX3_PIRQS, 0, BOOL, "levels of PIRQA# to PIRQD#") \
	F(S, u16, driven, 1, 0, BITS, "interrupts held up by them")
STATE(piix3_state, 1, PIIX3_STATE);

struct piix3 {
	struct device dev; /* first: a struct device * of this class is a struct piix3 * */
	struct piix3_state s;
	struct pci_function isa;
	struct irq_line irq[PIIX3_IRQS];
};

extern const struct device_class piix3_class;

/* Before device_init: prepare p->isa for pci_add. */
void piix3_init(struct piix3 *p);
/* The function of an irq_line: PIRQ n (0 = A) of the struct piix3 that arg points to; 1 = asserted. */
void piix3_set_pirq(void *arg, int n, int level);

#endif
