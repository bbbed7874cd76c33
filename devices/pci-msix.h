/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci-msix.h - message-signalled interrupts: MSI-X with its table in a BAR, and MSI with one message.
 * Rule: a message is sent when its vector is raised, or, if something masks it, when the last mask goes;
 * the pending bit is all that is remembered between.
 *
 * A device with MSI-X adds PCI_MSIX_STATE to its STATE list, calls pci_msix_init after pci_function_init
 * and pci_bar_memory, pci_msix_reset from its class->reset, pci_msix_restored from its class->restored, and
 * passes accesses on for which pci_msix_holds answers true.
 */
#ifndef VITRINE_DEVICES_PCI_MSIX_H
#define VITRINE_DEVICES_PCI_MSIX_H

#include "devices/pci.h"

enum { PCI_MSIX_ENTRY = 16, PCI_MSIX_VECTORS = 32 };

/* The rows of a device's STATE list for n vectors (1 to PCI_MSIX_VECTORS). */
#define PCI_MSIX_STATE(F, S, n) \
	F(S, u32, msix_table, (n)*4, 0, HEX, \
	  "MSI-X table: address low, high, data, control (bit 0 = masked) of each vector") \
	F(S, u32, msix_pending, 1, 0, BITS, "vectors that were raised while masked")

struct pci_msix {
	struct pci_function *f;
	u8 at;                /* the capability */
	int bar;              /* which BAR holds table and pending bits, */
	u32 table_at, pba_at; /* and where in it */
	u32 nvectors;
	u32 *table, *pending; /* of the device's state */
};

/* MSI-X for f: table at `table_at` of BAR `bar` (16 bytes a vector), pending bits at `pba_at` (8 bytes in
 * all); both multiples of 8, apart from each other. */
void pci_msix_init(struct pci_msix *m, struct pci_function *f, int bar, u32 table_at, u32 pba_at,
		   u32 nvectors, u32 *table, u32 *pending);
void pci_msix_reset(struct pci_msix *m);    /* all vectors masked, none pending */
void pci_msix_restored(struct pci_msix *m); /* undo what no guest could have written */
/* From pci.c: the configuration space was written; what waited may go now. */
void pci_msix_update(struct pci_msix *m);
bool pci_msix_is_enabled(const struct pci_msix *m);
/* Whether an access at this offset of BAR m->bar is for table or pending bits; and the access. */
bool pci_msix_holds(const struct pci_msix *m, u64 offset);
u64 pci_msix_read(const struct pci_msix *m, u64 offset, int size);
void pci_msix_write(struct pci_msix *m, u64 offset, int size, u64 value);
/* Interrupt: only while enabled.  Numbers from nvectors on are ignored. */
void pci_msix_raise(struct pci_msix *m, u32 vector);

/* MSI: a capability with one message of 64-bit address, all of it in the configuration space. Returns its
 * offset. */
u8 pci_msi_init(struct pci_function *f);
/* Send it; false if the guest has not enabled MSI at the capability `at`: then the pin is to be used. */
bool pci_msi_raise(struct pci_function *f, u8 at);

#endif
