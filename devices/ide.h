/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide.h - the state and wires of the primary IDE channel with one disk.
 * Rule: one sector at a time is between the disk and the guest, in `buffer`.
 */
#ifndef VITRINE_DEVICES_IDE_H
#define VITRINE_DEVICES_IDE_H

#include "core/device.h"
#include "devices/disk.h"

/* Registers with a second value are two bytes deep: [0] the latest, [1] the one written before (48-bit
 * commands). */
#define IDE_STATE(F, S) \
	F(S, u8, features, 1, 0, HEX, "features register") \
	F(S, u8, count, 2, 0, DEC, "sector count") \
	F(S, u8, lba_low, 2, 0, HEX, "LBA bits 0-7, or sector number") \
	F(S, u8, lba_mid, 2, 0, HEX, "LBA bits 8-15, or cylinder low") \
	F(S, u8, lba_high, 2, 0, HEX, "LBA bits 16-23, or cylinder high") \
	F(S, u8, device, 1, 0, BITS, \
	  "device register: bit 4 device 1, bit 6 LBA, bits 0-3 head or LBA bits 24-27") \
	F(S, u8, status, 1, 0x50, BITS, "status register") \
	F(S, u8, error, 1, 1, BITS, "error register") \
	F(S, u8, control, 1, 0, BITS, \
	  "device control register: bit 1 no interrupts, bit 2 reset, bit 7 second values") \
	F(S, u8, command, 1, 0, HEX, "command under way, 0 = none") \
	F(S, u8, irq, 1, 0, BOOL, "an interrupt waits") \
	F(S, u8, buffer, DISK_SECTOR, 0, HEX, "sector under transfer") \
	F(S, u16, pos, 1, 0, DEC, "bytes of it transferred") \
	F(S, u32, left, 1, 0, DEC, "sectors still to transfer, this one included") \
	F(S, u32, block_left, 1, 0, DEC, "of these, before the next interrupt") \
	F(S, u64, lba, 1, 0, DEC, "sector under transfer") \
	F(S, u8, multiple, 1, 0, DEC, "sectors per interrupt in READ and WRITE MULTIPLE, 0 = not set") \
	F(S, u8, heads, 1, 16, DEC, "heads the guest counts with") \
	F(S, u8, track, 1, 63, DEC, "sectors per track the guest counts with")
STATE(ide_state, 1, IDE_STATE);

struct ide {
	struct device dev; /* first: a struct device * of this class is a struct ide * */
	struct ide_state s;
	struct disk *disk;
	struct irq_line irq; /* IRQ 14 */
};

extern const struct device_class ide_class;

#endif
