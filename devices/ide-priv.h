/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-priv.h - what the files of the IDE disk share.
 * Rule: only ide*.c includes it.
 */
#ifndef VITRINE_DEVICES_IDE_PRIV_H
#define VITRINE_DEVICES_IDE_PRIV_H

#include "devices/ide.h"

/* The geometry the disk was "made" with, and the longest block of READ and WRITE MULTIPLE. */
enum { IDE_HEADS = 16, IDE_TRACK = 63, IDE_MULTIPLE_MAX = 16 };

enum { IDE_DEV_LBA = 0x40 }; /* of the device register */

/* Command codes (ATA/ATAPI-6, 8) */
/* clang-format off */
enum { CMD_RECALIBRATE = 0x10, CMD_READ = 0x20, CMD_READ_EXT = 0x24, CMD_NATIVE_MAX_EXT = 0x27,
       CMD_READ_MULTIPLE_EXT = 0x29, CMD_WRITE = 0x30, CMD_WRITE_EXT = 0x34, CMD_WRITE_MULTIPLE_EXT = 0x39,
       CMD_VERIFY = 0x40, CMD_VERIFY_EXT = 0x42, CMD_SEEK = 0x70, CMD_DIAGNOSTIC = 0x90,
       CMD_INIT_PARAMETERS = 0x91, CMD_READ_MULTIPLE = 0xc4, CMD_WRITE_MULTIPLE = 0xc5,
       CMD_SET_MULTIPLE = 0xc6, CMD_STANDBY_NOW = 0xe0, CMD_IDLE_NOW = 0xe1, CMD_STANDBY = 0xe2,
       CMD_IDLE = 0xe3, CMD_CHECK_POWER = 0xe5, CMD_SLEEP = 0xe6, CMD_FLUSH = 0xe7, CMD_FLUSH_EXT = 0xea,
       CMD_IDENTIFY = 0xec, CMD_SET_FEATURES = 0xef, CMD_NATIVE_MAX = 0xf8 };
/* clang-format on */

/* Whether a command takes a 48-bit address. */
bool ide_is_ext(u8 command);
/* The first sector that the registers name; an impossible one comes out as UINT64_MAX. */
u64 ide_lba(const struct ide_state *s, bool ext);
/* Make the registers name a sector: after an error, the one it happened at. */
void ide_put_lba(struct ide_state *s, u64 lba, bool ext);
/* Sectors to transfer; 0 in the register means the smallest number that does not fit. */
u32 ide_count(const struct ide_state *s, bool ext);
/* Fill the buffer with the answer to IDENTIFY DEVICE, for a disk of n sectors. */
void ide_identify(struct ide_state *s, u64 n);

#endif
