/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-virtio.h - the board's virtio devices and where they are attached.
 * Rule: their order, and so their slots and names, follows from struct pc_config alone.
 */
#ifndef VITRINE_DEVICES_PC_VIRTIO_H
#define VITRINE_DEVICES_PC_VIRTIO_H

#include "devices/pc.h"
#include "devices/virtio-balloon.h"
#include "devices/virtio-blk.h"
#include "devices/virtio-console.h"
#include "devices/virtio-mmio.h"
#include "devices/virtio-net.h"
#include "devices/virtio-pci.h"
#include "devices/virtio-rng.h"

/* On PCI: device numbers from 3 on.  Outside: places and ISA interrupts that nothing else has. */
enum { PC_VIRTIO_SLOT = 3, PC_VIRTIO_MAX = PC_DISKS + 4, PC_VIRTIO_MMIO_MAX = 6 };
#define PC_VIRTIO_MMIO_BASE 0xfeb00000u
extern const u8 pc_virtio_mmio_irq[PC_VIRTIO_MMIO_MAX];

/* Zeroed at first. */
struct pc_virtio_devices {
	struct virtio_blk blk[PC_DISKS];
	struct virtio_net net;
	struct virtio_console console;
	struct virtio_rng rng;
	struct virtio_balloon balloon;
	struct virtio_pci pci[PC_VIRTIO_MAX];
	struct virtio_mmio mmio[PC_VIRTIO_MMIO_MAX];
	u32 npci, nmmio;
	struct net_port cable; /* what the card's frames pass on to, if faults lets them */
	/* From the board: */
	struct vm *vm;
	struct pci *bus;
	struct faults *faults;
	struct disk *disk; /* PC_DISKS of them; those of the configuration with `virtio` are taken */
	struct irq_line irq[PC_VIRTIO_MMIO_MAX]; /* the lines of pc_virtio_mmio_irq */
};

/* Create what the configuration asks for and put it into the machine. */
int pc_virtio_build(struct pc_virtio_devices *set, const struct pc_config *config, struct err *err);
/* From pc.c: those of a board. */
struct pc_virtio_devices *pc_virtio_of(struct pc *pc);

#endif
