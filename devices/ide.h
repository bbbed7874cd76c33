/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide.h - the state and wires of an IDE channel, and of the drives on its cable.
 * Rule: each drive has its own registers; both hear what is written to the channel, the selected one
 * answers.
 */
#ifndef VITRINE_DEVICES_IDE_H
#define VITRINE_DEVICES_IDE_H

#include "core/device.h"
#include "devices/disk.h"

enum { IDE_CHANNELS = 2, IDE_DRIVES = 2, IDE_BUFFER = 2048 };

/* ---- a drive: a disk, or a CD drive ---- */

/* Registers with a second value are two bytes deep: [0] the latest, [1] the one written before (48-bit
 * commands). */
#define IDE_DRIVE_STATE(F, S) \
	F(S, u8, features, 1, 0, HEX, "features register") \
	F(S, u8, count, 2, 0, DEC, "sector count; of a CD drive: interrupt reason") \
	F(S, u8, lba_low, 2, 0, HEX, "LBA bits 0-7, or sector number") \
	F(S, u8, lba_mid, 2, 0, HEX, "LBA bits 8-15, cylinder low, or byte count low") \
	F(S, u8, lba_high, 2, 0, HEX, "LBA bits 16-23, cylinder high, or byte count high") \
	F(S, u8, device, 1, 0, BITS, \
	  "device register: bit 4 device 1, bit 6 LBA, bits 0-3 head or LBA bits 24-27") \
	F(S, u8, status, 1, 0x50, BITS, "status register") \
	F(S, u8, error, 1, 1, BITS, "error register") \
	F(S, u8, command, 1, 0, HEX, "command under way, 0 = none") \
	F(S, u8, irq, 1, 0, BOOL, "an interrupt waits") \
	F(S, u8, phase, 1, 0, DEC, "what the data register is for: enum ide_phase") \
	F(S, u8, buffer, IDE_BUFFER, 0, HEX, "data under transfer") \
	F(S, u16, pos, 1, 0, DEC, "bytes of it transferred") \
	F(S, u16, end, 1, 0, DEC, "bytes of it to transfer before the next interrupt") \
	F(S, u16, filled, 1, 0, DEC, "of a CD drive: bytes of it that belong to the answer") \
	F(S, u32, left, 1, 0, DEC, "sectors still to transfer, the one in the buffer included") \
	F(S, u32, block_left, 1, 0, DEC, "of these, before the next interrupt") \
	F(S, u64, lba, 1, 0, DEC, "sector under transfer") \
	F(S, u8, multiple, 1, 0, DEC, "sectors per interrupt in READ and WRITE MULTIPLE, 0 = not set") \
	F(S, u8, heads, 1, 16, DEC, "heads the guest counts with") \
	F(S, u8, track, 1, 63, DEC, "sectors per track the guest counts with") \
	F(S, u8, dma_mode, 1, 0, HEX, \
	  "transfer mode set by the guest: 20h + n multiword DMA, 40h + n ultra DMA") \
	F(S, u8, sense, 3, 0, HEX, "of a CD drive: why the last command failed: key, code, qualifier") \
	F(S, u16, limit, 1, 0, DEC, "of a CD drive: bytes at most between interrupts")
STATE(ide_drive_state, 1, IDE_DRIVE_STATE);

struct ide;
struct ide_drive {
	struct device dev; /* first: a struct device * of this class is a struct ide_drive * */
	struct ide_drive_state s;
	struct disk *disk;   /* NULL: there is no such drive on the cable */
	bool cd;             /* it is a CD drive, and disk is what lies in it */
	struct ide *channel; /* to which it is connected */
};

/* ---- a channel ---- */

#define IDE_STATE(F, S) \
	F(S, u8, selected, 1, 0, DEC, "which drive answers") \
	F(S, u8, control, 1, 0, BITS, \
	  "device control register: bit 1 no interrupts, bit 2 reset, bit 7 second values")
STATE(ide_state, 2, IDE_STATE);

/* The bus master that moves data between drive and memory. */
struct ide_dma {
	/* Move up to len bytes; returns how many it had a place for. */
	u32 (*move)(void *arg, int channel, u8 *data, u32 len, bool to_memory);
	/* A drive has a transfer ready; the bus master calls ide_dma_run now, or when the guest has started
	 * it. */
	void (*ready)(void *arg, int channel);
	void *arg;
};

struct ide {
	struct device dev; /* first: a struct device * of this class is a struct ide * */
	struct ide_state s;
	struct ide_drive drive[IDE_DRIVES];
	int number;          /* 0 or 1: which channel */
	struct irq_line irq; /* IRQ 14 or 15 */
	struct ide_dma dma;  /* without functions: none, DMA commands never end */
};

extern const struct device_class ide0_class, ide1_class, ide_drive_class;

/* Before device_init: who belongs together. */
void ide_init(struct ide *i, int number);
/* The bus master is at work for this channel: do the transfer that is ready, if there is one. */
void ide_dma_run(struct ide *i);

#endif
