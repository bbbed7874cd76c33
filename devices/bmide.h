/* SPDX-License-Identifier: GPL-3.0-or-later
 * bmide.h - the state and wires of the IDE function of the PIIX3: PCI face and bus master of both channels.
 * Rule: a transfer is done at once, when drive and guest are both ready.
 */
#ifndef VITRINE_DEVICES_BMIDE_H
#define VITRINE_DEVICES_BMIDE_H

#include "devices/ide.h"
#include "devices/pci.h"

#define BMIDE_STATE(F, S) \
	F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space of 00:01.1") \
	F(S, u8, command, IDE_CHANNELS, 0, BITS, "bus master command: bit 0 started, bit 3 to memory") \
	F(S, u8, status, IDE_CHANNELS, 0, BITS, \
	  "bus master status: bit 0 active, bit 1 error, bit 2 interrupt") \
	F(S, u32, table, IDE_CHANNELS, 0, HEX, "guest-physical address of the table of regions (PRD table)") \
	F(S, u32, entry, IDE_CHANNELS, 0, DEC, "region of it that is next") \
	F(S, u32, place, IDE_CHANNELS, 0, HEX, \
	  "guest-physical address of the next byte of the present region") \
	F(S, u32, left, IDE_CHANNELS, 0, DEC, "bytes left in the present region") \
	F(S, u8, last, IDE_CHANNELS, 0, BOOL, "the present region is the table's last") \
	F(S, u8, line, IDE_CHANNELS, 0, BOOL, "levels of the channels' interrupts")
STATE(bmide_state, 1, BMIDE_STATE);

struct bmide {
	struct device dev; /* first: a struct device * of this class is a struct bmide * */
	struct bmide_state s;
	struct pci_function pci;
	struct ide *channel[IDE_CHANNELS]; /* NULL: there is none */
	struct irq_line irq[IDE_CHANNELS]; /* IRQ 14, 15 */
};

extern const struct device_class bmide_class;

/* Before device_init: prepare b->pci for pci_add. */
void bmide_init(struct bmide *b);
/* Connect a channel: its interrupt and its DMA go through the bus master. */
void bmide_connect(struct bmide *b, struct ide *channel);

#endif
