/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci-priv.h - what the two halves of the PCI bus share.
 * Rule: only pci*.c includes it.
 */
#ifndef VITRINE_DEVICES_PCI_PRIV_H
#define VITRINE_DEVICES_PCI_PRIV_H

#include "devices/pci.h"

/* Work out the four wires anew and drive those that changed. */
void pci_drive_wires(struct pci *p);

#endif
