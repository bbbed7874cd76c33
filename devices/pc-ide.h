/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-ide.h - the board's IDE disks and its CD drive, if it has any.
 * Rule: only pc*.c includes it.
 */
#ifndef VITRINE_DEVICES_PC_IDE_H
#define VITRINE_DEVICES_PC_IDE_H

#include "core/vm.h"
#include "devices/bmide.h"
#include "devices/pc.h"

struct pc_ide {
	struct bmide master;
	struct ide channel[IDE_CHANNELS];
	struct disk *first; /* what a BIOS calls disk 80h, or NULL */
};

/* Disks take the places in order: master and slave of the first channel, then of the second; the CD drive is
 * the master of the second.  Those of the configuration with `virtio` are left out; if nothing remains, there
 * is no IDE at all.  irq: of the two channels. */
int pc_ide_build(struct pc_ide *p, struct vm *vm, struct pci *bus, const struct pc_config *config,
		 struct disk *disk, struct disk *cdrom, const struct irq_line *irq, struct err *err);

#endif
