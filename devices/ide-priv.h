/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-priv.h - what the files of the IDE channel and its drives share.
 * Rule: only ide*.c includes it.
 */
#ifndef VITRINE_DEVICES_IDE_PRIV_H
#define VITRINE_DEVICES_IDE_PRIV_H

#include "devices/ide.h"

/* The geometry the disk was "made" with, and the longest block of READ and WRITE MULTIPLE. */
enum { IDE_HEADS = 16, IDE_TRACK = 63, IDE_MULTIPLE_MAX = 16 };

enum { IDE_DEV_1 = 0x10, IDE_DEV_LBA = 0x40 }; /* of the device register */
/* clang-format off */
enum { ST_ERR = 1, ST_DRQ = 8, ST_DSC = 0x10, ST_DF = 0x20, ST_DRDY = 0x40, ST_BSY = 0x80 };
enum { ER_ABRT = 4, ER_IDNF = 0x10, ER_UNC = 0x40, ER_PASSED = 1 };

enum ide_phase { PHASE_NONE, PHASE_READ, PHASE_WRITE, PHASE_PACKET /* the CD's command */, PHASE_READ_DMA,
		 PHASE_WRITE_DMA };

/* Command codes (ATA/ATAPI-6, 8) */
enum { CMD_NOP = 0, CMD_DEVICE_RESET = 0x08, CMD_RECALIBRATE = 0x10, CMD_READ = 0x20, CMD_READ_EXT = 0x24,
       CMD_READ_DMA_EXT = 0x25, CMD_NATIVE_MAX_EXT = 0x27, CMD_READ_MULTIPLE_EXT = 0x29, CMD_WRITE = 0x30,
       CMD_WRITE_EXT = 0x34, CMD_WRITE_DMA_EXT = 0x35, CMD_WRITE_MULTIPLE_EXT = 0x39, CMD_VERIFY = 0x40,
       CMD_VERIFY_EXT = 0x42, CMD_SEEK = 0x70, CMD_DIAGNOSTIC = 0x90, CMD_INIT_PARAMETERS = 0x91,
       CMD_PACKET = 0xa0, CMD_IDENTIFY_PACKET = 0xa1, CMD_READ_MULTIPLE = 0xc4, CMD_WRITE_MULTIPLE = 0xc5,
       CMD_SET_MULTIPLE = 0xc6, CMD_READ_DMA = 0xc8, CMD_WRITE_DMA = 0xca, CMD_STANDBY_NOW = 0xe0,
       CMD_IDLE_NOW = 0xe1, CMD_STANDBY = 0xe2, CMD_IDLE = 0xe3, CMD_CHECK_POWER = 0xe5, CMD_SLEEP = 0xe6,
       CMD_FLUSH = 0xe7, CMD_FLUSH_EXT = 0xea, CMD_IDENTIFY = 0xec, CMD_SET_FEATURES = 0xef,
       CMD_NATIVE_MAX = 0xf8 };
/* clang-format on */

/* ---- ide.c: the drive's side of the cable ---- */

/* The command is over: without or with an error (then also `status` bits); ask for attention. */
void ide_finish(struct ide_drive *d, u8 error);
void ide_set_signature(struct ide_drive *d);
/* SET FEATURES, which both kinds of drives know. */
void ide_set_features(struct ide_drive *d);

/* ---- ide-disk.c and ide-cd.c: what a drive does ---- */

void ide_disk_command(struct ide_drive *d, u8 command);
void ide_cd_command(struct ide_drive *d, u8 command);
/* The guest has read or written the buffer up to its end. */
void ide_disk_block(struct ide_drive *d);
void ide_cd_block(struct ide_drive *d);
/* The bus master can move data now (phases PHASE_*_DMA). */
void ide_disk_dma(struct ide_drive *d);
void ide_cd_dma(struct ide_drive *d);
/* Move all of it; false if the bus master had no place for that much. */
bool ide_dma_move(struct ide_drive *d, u8 *data, u32 len, bool to_memory);

/* ---- ide-address.c ---- */

/* Whether a command takes a 48-bit address. */
bool ide_is_ext(u8 command);
/* The first sector that the registers name; an impossible one comes out as UINT64_MAX. */
u64 ide_lba(const struct ide_drive_state *s, bool ext);
/* Make the registers name a sector: after an error, the one it happened at. */
void ide_put_lba(struct ide_drive_state *s, u64 lba, bool ext);
/* Sectors to transfer; 0 in the register means the smallest number that does not fit. */
u32 ide_count(const struct ide_drive_state *s, bool ext);

/* ---- ide-identify.c: fill 512 bytes of the buffer ---- */

/* The answer to IDENTIFY DEVICE, for a disk of n sectors. */
void ide_identify(struct ide_drive_state *s, u64 n);
/* The answer to IDENTIFY PACKET DEVICE. */
void ide_identify_cd(struct ide_drive_state *s);

#endif
