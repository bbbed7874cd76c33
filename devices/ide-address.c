/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-address.c - which sectors the IDE registers name, in their three ways of counting.
 * Rule: 48-bit commands use both values of each register; else bit 6 of the device register says whether
 * the rest is a 28-bit number or cylinder, head and sector (which count from 0, 0 and 1).
 * Source: ATA/ATAPI-6 (T13/1410D), 6.2.
 */
#include "devices/ide-priv.h"

bool ide_is_ext(u8 command)
{
	return command == CMD_READ_EXT || command == CMD_WRITE_EXT || command == CMD_READ_MULTIPLE_EXT ||
	       command == CMD_WRITE_MULTIPLE_EXT || command == CMD_VERIFY_EXT ||
	       command == CMD_READ_DMA_EXT || command == CMD_WRITE_DMA_EXT;
}

u64 ide_lba(const struct ide_drive_state *s, bool ext)
{
	u64 low = (u64)s->lba_low[0] | (u64)s->lba_mid[0] << 8 | (u64)s->lba_high[0] << 16;
	u64 cylinder = s->lba_mid[0] | (u64)s->lba_high[0] << 8;
	u32 head = s->device[0] & 15;

	if (ext)
		return low | (u64)s->lba_low[1] << 24 | (u64)s->lba_mid[1] << 32 | (u64)s->lba_high[1] << 40;
	if (s->device[0] & IDE_DEV_LBA)
		return low | (u64)head << 24;
	if (head >= s->heads[0] || !s->lba_low[0] || s->lba_low[0] > s->track[0])
		return UINT64_MAX;
	return (cylinder * s->heads[0] + head) * s->track[0] + s->lba_low[0] - 1;
}

void ide_put_lba(struct ide_drive_state *s, u64 lba, bool ext)
{
	if (!ext && !(s->device[0] & IDE_DEV_LBA)) {
		u64 cylinder = lba / s->track[0] / s->heads[0];

		s->device[0] = (u8)((s->device[0] & 0xf0) | (lba / s->track[0] % s->heads[0]));
		s->lba_low[0] = (u8)(lba % s->track[0] + 1);
		s->lba_mid[0] = (u8)cylinder;
		s->lba_high[0] = (u8)(cylinder >> 8);
		return;
	}
	s->lba_low[0] = (u8)lba;
	s->lba_mid[0] = (u8)(lba >> 8);
	s->lba_high[0] = (u8)(lba >> 16);
	if (!ext) {
		s->device[0] = (u8)((s->device[0] & 0xf0) | (lba >> 24 & 15));
		return;
	}
	s->lba_low[1] = (u8)(lba >> 24);
	s->lba_mid[1] = (u8)(lba >> 32);
	s->lba_high[1] = (u8)(lba >> 40);
}

u32 ide_count(const struct ide_drive_state *s, bool ext)
{
	u32 n = ext ? s->count[0] | (u32)s->count[1] << 8 : s->count[0];

	return n ? n : ext ? 65536 : 256;
}
