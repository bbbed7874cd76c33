/* SPDX-License-Identifier: GPL-3.0-or-later
 * ide-identify.c - what IDE disk and CD drive say about themselves.
 * Rule: they offer only what ide-disk.c and ide-cd.c do.
 * Source: ATA/ATAPI-6 (T13/1410D), 8.15.
 */
#include "devices/ide-priv.h"

#include <string.h>

static void put_word(u8 *buffer, int word, u32 value)
{
	buffer[word * 2] = (u8)value;
	buffer[word * 2 + 1] = (u8)(value >> 8);
}

/* Texts have the first character in the high byte of each word. */
static void put_text(u8 *buffer, int word, int words, const char *text)
{
	size_t len = strlen(text);

	for (int n = 0; n < words * 2; n++)
		buffer[word * 2 + (n ^ 1)] = (size_t)n < len ? (u8)text[n] : ' ';
}

/* Whole cylinders, at most what the field can say.  At least two, so that a disk of one sector has a first
 * cylinder: a BIOS reads the boot sector by cylinder 0, and may keep the last cylinder for itself. */
static u64 cylinders_of(u64 n, u32 heads, u32 track, u64 most)
{
	u64 cylinders = n / ((u64)heads * track);

	return cylinders > most ? most : cylinders < 2 ? 2 : cylinders;
}

/* The geometry of old: what the disk proposes, and what the guest has set. */
static void put_geometry(const struct ide_drive_state *s, u8 *b, u64 n)
{
	u64 cylinders = cylinders_of(n, IDE_HEADS, IDE_TRACK, 16383);
	u64 current = cylinders_of(n, s->heads[0], s->track[0], 65535);
	u32 capacity;

	capacity = (u32)current * s->heads[0] * s->track[0];
	put_word(b, 1, (u32)cylinders);
	put_word(b, 3, IDE_HEADS);
	put_word(b, 6, IDE_TRACK);
	put_word(b, 54, (u32)current);
	put_word(b, 55, s->heads[0]);
	put_word(b, 56, s->track[0]);
	put_word(b, 57, capacity);
	put_word(b, 58, capacity >> 16);
}

/* Multiword DMA 0 to 2 and ultra DMA 0 to 5; the one in use has its bit in the high byte as well. */
static void put_dma(const struct ide_drive_state *s, u8 *b)
{
	u8 mode = s->dma_mode[0] & 0xf8, bit = (u8)(1 << (s->dma_mode[0] & 7));

	put_word(b, 53, 0x0007); /* words 54-58, 64-70 and 88 are valid */
	put_word(b, 63, 0x07u | (mode == 0x20 ? (u32)bit << 8 : 0));
	put_word(b, 64, 0x0003); /* PIO modes 3 and 4 */
	for (int w = 65; w <= 68; w++)
		put_word(b, w, 120); /* ns per cycle: DMA, PIO without and with flow control */
	put_word(b, 88, 0x3fu | (mode == 0x40 ? (u32)bit << 8 : 0));
}

void ide_identify(struct ide_drive_state *s, u64 n)
{
	u32 n28 = n > 0x0fffffff ? 0x0fffffff : (u32)n;
	u8 *b = s->buffer;

	memset(b, 0, DISK_SECTOR);
	put_geometry(s, b, n);
	put_word(b, 0, 0x0040); /* fixed disk */
	put_text(b, 10, 10, "VTR0001");
	put_text(b, 23, 4, "1.0");
	put_text(b, 27, 20, "Vitrine disk");
	put_word(b, 47, 0x8000 | IDE_MULTIPLE_MAX);
	put_word(b, 49, 0x0300); /* LBA, DMA */
	put_dma(s, b);
	put_word(b, 59, s->multiple[0] ? 0x100u | s->multiple[0] : 0);
	put_word(b, 60, n28);
	put_word(b, 61, n28 >> 16);
	put_word(b, 80, 0x0070); /* ATA-4 to ATA-6 */
	put_word(b, 82, 0x0020); /* a write cache, which FLUSH CACHE empties */
	put_word(b, 83, 0x7400); /* FLUSH CACHE, FLUSH CACHE EXT, 48-bit addresses */
	put_word(b, 84, 0x4000);
	put_word(b, 85, 0x0020);
	put_word(b, 86, 0x3400);
	put_word(b, 87, 0x4000);
	put_word(b, 93, 0x6001); /* after reset: passed, 80 wires */
	for (int w = 0; w < 4; w++)
		put_word(b, 100 + w, (u32)(n >> 16 * w & 0xffff));
}

void ide_identify_cd(struct ide_drive_state *s)
{
	u8 *b = s->buffer;

	memset(b, 0, DISK_SECTOR);
	put_word(b, 0,
		 0x85c0); /* packets of 12 bytes, a CD drive, removable, asks for packets without interrupt */
	put_text(b, 10, 10, "VTR0002");
	put_text(b, 23, 4, "1.0");
	put_text(b, 27, 20, "Vitrine CD-ROM");
	put_word(b, 49, 0x0300);
	put_dma(s, b);
	put_word(b, 80, 0x0070);
	put_word(b, 82, 0x0210); /* PACKET, DEVICE RESET */
	put_word(b, 83, 0x4000);
	put_word(b, 84, 0x4000);
	put_word(b, 85, 0x0210);
	put_word(b, 87, 0x4000);
	put_word(b, 93, 0x6001);
}
