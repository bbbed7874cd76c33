/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-ide-dma.c - the IDE bus master with a disk, and the CD drive, by their registers.
 * Rule: facts from "Programming Interface for Bus Master IDE Controller" 1.0, ATA/ATAPI-6 and SFF-8020i.
 */
#include <stdlib.h>

#include "devices/bmide.h"
#include "tests/mem-block.h"
#include "tests/unit/dev.h"

enum { DATA, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS };
enum { DISK = 0x1f0, CD = 0x170, BM = 0xc000, BM_CD = BM + 8, BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4 };
enum {
	IRQ14,
	IRQ15,
	DISK_SECTORS = 400,
	CD_BYTES = 50 * 2048,
	RAM = 1 << 20,
	TABLE = 0x1000,
	PLACE = 0x20000
};

struct rig {
	struct bench b;
	struct frames frames;
	struct mem mem;
	struct pci pci;
	struct bmide bm;
	struct ide ide[2];
	struct mem_block disk_image, cd_image;
	struct disk disk, cd;
	u8 disk_bytes[DISK_SECTORS * 512], cd_bytes[CD_BYTES];
};

static void open_memory(struct rig *r)
{
	frame_no first;

	ck_assert_int_eq(frames_open(&r->frames, RAM, NULL), 0);
	ck_assert_int_eq(mem_open(&r->mem, &r->frames, RAM * 2, NULL), 0);
	first = frames_alloc(&r->frames, RAM / 4096);
	ck_assert_int_ge(mem_slot_add(&r->mem, "RAM", 0, RAM, first, 0, NULL), 0);
	frames_unref(&r->frames, first, RAM / 4096);
	r->b.world.mem = &r->mem;
}

static struct rig *setup(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	bench_init(&r->b);
	open_memory(r);
	for (u32 i = 0; i < sizeof(r->disk_bytes); i++)
		r->disk_bytes[i] = (u8)(i * 7 + (i >> 9));
	for (u32 i = 0; i < CD_BYTES; i++)
		r->cd_bytes[i] = (u8)(i * 3 + (i >> 11) + 1);
	r->disk_image = mem_block(r->disk_bytes, sizeof(r->disk_bytes), false);
	r->cd_image = mem_block(r->cd_bytes, CD_BYTES, true);
	ck_assert_int_eq(disk_open(&r->disk, &r->disk_image.b, NULL, NULL), 0);
	ck_assert_int_eq(disk_open(&r->cd, &r->cd_image.b, NULL, NULL), 0);
	bench_add(&r->b, &r->pci.dev, &pci_class, &r->pci.s);
	bmide_init(&r->bm);
	for (int i = 0; i < 2; i++) {
		ide_init(&r->ide[i], i);
		bmide_connect(&r->bm, &r->ide[i]);
		r->bm.irq[i] = bench_line(&r->b, IRQ14 + i);
	}
	r->ide[0].drive[0].disk = &r->disk;
	r->ide[1].drive[0].disk = &r->cd;
	r->ide[1].drive[0].cd = true;
	ck_assert_int_eq(pci_add(&r->pci, &r->bm.pci, NULL), 0);
	bench_add(&r->b, &r->bm.dev, &bmide_class, &r->bm.s);
	for (int i = 0; i < 2; i++) {
		bench_add(&r->b, &r->ide[i].drive[0].dev, &ide_drive_class, &r->ide[i].drive[0].s);
		bench_add(&r->b, &r->ide[i].dev, i ? &ide1_class : &ide0_class, &r->ide[i].s);
	}
	out32(&r->b, 0xcf8, 0x80000920);
	out32(&r->b, 0xcfc, BM);
	out32(&r->b, 0xcf8, 0x80000904);
	out16(&r->b, 0xcfc, PCI_COMMAND_IO | PCI_COMMAND_MASTER);
	return r;
}

static void done(struct rig *r)
{
	disk_close(&r->disk);
	disk_close(&r->cd);
	mem_close(&r->mem);
	frames_close(&r->frames);
	free(r);
}

static void put_prd(struct rig *r, int n, u32 place, u32 size, bool last)
{
	u32 prd[2] = { place, (size & 0xffff) | (u32)last << 31 };

	ck_assert(mem_write(&r->mem, TABLE + (u64)n * 8, prd, 8));
}

static void start(struct rig *r, u16 bm, bool to_memory)
{
	out8(&r->b, bm + BM_COMMAND, 0);
	out8(&r->b, bm + BM_STATUS, 6);
	out32(&r->b, bm + BM_TABLE, TABLE);
	out8(&r->b, bm + BM_COMMAND, to_memory ? 9 : 1);
}

static void command(struct rig *r, u8 c, u32 lba, u8 count)
{
	out8(&r->b, DISK + COUNT, count);
	out8(&r->b, DISK + LOW, (u8)lba);
	out8(&r->b, DISK + MID, (u8)(lba >> 8));
	out8(&r->b, DISK + HIGH, (u8)(lba >> 16));
	out8(&r->b, DISK + DEVICE, 0xe0);
	out8(&r->b, DISK + STATUS, c);
}

static void want_memory(struct rig *r, u32 place, const u8 *data, u32 len)
{
	u8 *got = malloc(len);

	ck_assert(mem_read(&r->mem, place, got, len));
	ck_assert_mem_eq(got, data, len);
	free(got);
}

START_TEST(read_dma)
{
	struct rig *r = setup();

	put_prd(r, 0, PLACE, 1536, false);
	put_prd(r, 1, PLACE + 0x8000, 512, true);
	command(r, 0xc8, 20, 4);
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x58);
	ck_assert_int_eq(r->b.level[IRQ14], 0);
	start(r, BM, true);
	ck_assert_int_eq(r->b.level[IRQ14], 1);
	ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS), 4); /* interrupt, not active */
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x50);
	ck_assert_int_eq(r->b.level[IRQ14], 0);
	want_memory(r, PLACE, r->disk_bytes + 20 * 512, 1536);
	want_memory(r, PLACE + 0x8000, r->disk_bytes + 23 * 512, 512);
	out8(&r->b, BM + BM_STATUS, 4);
	ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS), 0);
	done(r);
}
END_TEST

/* The other way round: the bus master waits for the drive; and a whole command of 256 sectors. */
START_TEST(started_first)
{
	struct rig *r = setup();

	put_prd(r, 0, PLACE, 0, false); /* 64 KiB */
	put_prd(r, 1, PLACE + 0x10000, 0, false);
	put_prd(r, 2, PLACE + 0x20000, 512, true); /* more than needed */
	start(r, BM, true);
	ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS), 1);
	command(r, 0xc8, 0, 0);
	ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS), 5); /* the drive is done, the table is not */
	want_memory(r, PLACE, r->disk_bytes, 256 * 512);
	out8(&r->b, BM + BM_COMMAND, 0);
	ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS), 4);
	done(r);
}
END_TEST

START_TEST(write_dma_and_flush)
{
	struct rig *r = setup();
	u8 data[2048];

	memset(data, 0x5a, sizeof(data));
	mem_write(&r->mem, PLACE, data, sizeof(data));
	put_prd(r, 0, PLACE, 2048, true);
	command(r, 0xca, 100, 4);
	start(r, BM, false);
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x50);
	ck_assert_mem_eq(r->disk_bytes + 100 * 512, data, sizeof(data));
	ck_assert_uint_eq(r->disk_bytes[104 * 512], (u8)(104 * 512 * 7 + 104));
	command(r, 0xe7, 0, 0);
	ck_assert_int_eq(r->disk_image.flushes, 1);
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x50);
	r->disk_image.fail_flushes = EIO;
	command(r, 0xea, 0, 0);
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x71);
	r->disk_image.fail_writes = ENOSPC;
	command(r, 0xca, 100, 4);
	start(r, BM, false);
	ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x71);
	done(r);
}
END_TEST

/* Tables that are wrong in every way: nothing moves that should not, and a reset brings the drive back. */
START_TEST(bad_tables)
{
	for (int i = 0; i < 6; i++) {
		struct rig *r = setup();
		bool stuck = i < 3;

		put_prd(r, 0, i == 0 ? 0x40000000 : PLACE, 512, i != 1);
		if (i == 1)
			put_prd(r, 1, 0xfffffffe, 0, true);
		command(r, 0xc8, i == 3 ? DISK_SECTORS - 1 : 0, 2);
		if (i == 4)
			out16(&r->b, 0xcfc, PCI_COMMAND_IO); /* no bus master */
		start(r, BM, i != 5);
		if (i == 3)
			ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x51); /* beyond the end */
		else
			ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x58);
		ck_assert_uint_eq(in8(&r->b, BM + BM_STATUS) & 3, stuck && i == 2 ? 0 : i == 3 ? 1 : 2);
		out8(&r->b, 0x3f6, 4);
		out8(&r->b, 0x3f6, 0);
		ck_assert_uint_eq(in8(&r->b, DISK + STATUS), 0x50);
		done(r);
	}
}
END_TEST

/* ---- the CD drive ---- */

static void send_packet(struct rig *r, const u8 *cdb, u8 features, u16 limit)
{
	out8(&r->b, CD + DEVICE, 0xa0);
	out8(&r->b, CD + ERROR, features);
	out8(&r->b, CD + MID, (u8)limit);
	out8(&r->b, CD + HIGH, (u8)(limit >> 8));
	out8(&r->b, CD + STATUS, 0xa0);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x58);
	ck_assert_uint_eq(in8(&r->b, CD + COUNT) & 3, 1);
	for (int i = 0; i < 12; i += 2)
		out16(&r->b, CD + DATA, (u16)(cdb[i] | cdb[i + 1] << 8));
}

/* Read all blocks of an answer; returns its length. */
static u32 receive(struct rig *r, u8 *to, u32 room)
{
	u32 len = 0;

	while (in8(&r->b, CD + STATUS) & 8) {
		u32 n = in8(&r->b, CD + MID) | (u32)in8(&r->b, CD + HIGH) << 8;

		ck_assert_uint_eq(in8(&r->b, CD + COUNT) & 3, 2);
		for (u32 i = 0; i < n; i += 2) {
			u16 w = in16(&r->b, CD + DATA);

			if (len + i + 1 < room) {
				to[len + i] = (u8)w;
				to[len + i + 1] = (u8)(w >> 8);
			}
		}
		len += n;
	}
	ck_assert_uint_eq(in8(&r->b, CD + COUNT) & 3, 3);
	return len;
}

START_TEST(cd_signature)
{
	struct rig *r = setup();

	ck_assert_uint_eq(in8(&r->b, CD + MID), 0x14);
	ck_assert_uint_eq(in8(&r->b, CD + HIGH), 0xeb);
	out8(&r->b, CD + STATUS, 0xec);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x51);
	ck_assert_uint_eq(in8(&r->b, CD + HIGH), 0xeb);
	out8(&r->b, CD + STATUS, 0xa1);
	ck_assert_int_eq(r->b.level[IRQ15], 1);
	ck_assert_uint_eq(in16(&r->b, CD + DATA) & 0x9f03, 0x8500); /* packets of 12 bytes, CD */
	for (int i = 1; i < 256; i++)
		in16(&r->b, CD + DATA);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x50);
	done(r);
}
END_TEST

START_TEST(cd_questions)
{
	struct rig *r = setup();
	u8 a[64];

	send_packet(r, (u8[12]){ 0x25 }, 0, 0xfffe);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 8);
	ck_assert_mem_eq(a, ((u8[]){ 0, 0, 0, 49, 0, 0, 8, 0 }), 8);
	send_packet(r, (u8[12]){ 0x12, 0, 0, 0, 36 }, 0, 0xfffe);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 36);
	ck_assert_mem_eq(a + 8, "VITRINE CD-ROM  ", 16);
	send_packet(r, (u8[12]){ 0x12, 0, 0, 0, 5 }, 0, 0xfffe);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 5);
	send_packet(r, (u8[12]){ 0x43, 2, 0, 0, 0, 0, 0, 0, 20 }, 0,
		    0xfffe); /* as minutes, seconds, frames */
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 20);
	ck_assert_mem_eq(a, ((u8[]){ 0, 18, 1, 1, 0, 0x14, 1, 0, 0, 0, 2, 0, 0, 0x14, 0xaa, 0, 0, 0, 2, 50 }),
			 20);
	send_packet(r, (u8[12]){ 0x5a, 0, 0x2a, 0, 0, 0, 0, 0, 64 }, 0, 0xfffe);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 28);
	ck_assert_uint_eq(a[8], 0x2a);
	send_packet(r, (u8[12]){ 0 }, 0, 0xfffe);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x50);
	done(r);
}
END_TEST

START_TEST(cd_errors)
{
	struct rig *r = setup();
	u8 a[32];

	send_packet(r, (u8[12]){ 0xde }, 0, 0xfffe);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x51);
	ck_assert_uint_eq(in8(&r->b, CD + ERROR) >> 4, 5);
	send_packet(r, (u8[12]){ 3, 0, 0, 0, 18 }, 0, 0xfffe);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 18);
	ck_assert_uint_eq(a[2], 5);
	ck_assert_uint_eq(a[12], 0x20);
	send_packet(r, (u8[12]){ 0x28, 0, 0, 0, 0, 49, 0, 0, 2 }, 0, 0xfffe); /* half beyond the end */
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x51);
	send_packet(r, (u8[12]){ 0xa8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 0, 0xfffe);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x51);
	r->cd_image.fail_reads = EIO;
	send_packet(r, (u8[12]){ 0x28, 0, 0, 0, 0, 0, 0, 0, 1 }, 0, 0xfffe);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x51);
	ck_assert_uint_eq(in8(&r->b, CD + ERROR) >> 4, 3);
	done(r);
}
END_TEST

START_TEST(cd_reads)
{
	static const u16 limits[] = { 0xfffe, 2048, 100, 0, 2 };
	struct rig *r = setup();
	u8 a[3 * 2048];

	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		memset(a, 0, sizeof(a));
		send_packet(r, (u8[12]){ 0x28, 0, 0, 0, 0, 7, 0, 0, 3 }, 0, limits[i]);
		ck_assert_uint_eq(receive(r, a, sizeof(a)), sizeof(a));
		ck_assert_mem_eq(a, r->cd_bytes + 7 * 2048, sizeof(a));
	}
	send_packet(r, (u8[12]){ 0xa8, 0, 0, 0, 0, 48, 0, 0, 0, 2 }, 0, 0x8000);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 2 * 2048);
	ck_assert_mem_eq(a, r->cd_bytes + 48 * 2048, 2 * 2048);
	send_packet(r, (u8[12]){ 0x28, 0, 0, 0, 0, 7, 0, 0, 0 }, 0, 0x8000);
	ck_assert_uint_eq(receive(r, a, sizeof(a)), 0);
	done(r);
}
END_TEST

START_TEST(cd_reads_by_dma)
{
	struct rig *r = setup();

	put_prd(r, 0, PLACE, 3000, false);
	put_prd(r, 1, PLACE + 3000, 5 * 2048 - 3000, true);
	send_packet(r, (u8[12]){ 0x28, 0, 0, 0, 0, 10, 0, 0, 5 }, 1, 0);
	ck_assert_int_eq(r->b.level[IRQ15], 0);
	start(r, BM_CD, true);
	ck_assert_int_eq(r->b.level[IRQ15], 1);
	ck_assert_uint_eq(in8(&r->b, BM_CD + BM_STATUS), 4);
	ck_assert_uint_eq(in8(&r->b, CD + STATUS), 0x50);
	want_memory(r, PLACE, r->cd_bytes + 10 * 2048, 5 * 2048);
	done(r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		read_dma,  started_first, write_dma_and_flush, bad_tables, cd_signature, cd_questions,
		cd_errors, cd_reads,      cd_reads_by_dma,
	};

	return unit_run("ide dma and cd", tests, ARRAY_LEN(tests));
}
