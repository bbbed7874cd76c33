/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-ide.c - the IDE disk by its registers, and the overlay that keeps what was written.
 * Rule: facts from ATA/ATAPI-6; the image given to the disk must be the same at the end of every test.
 */
#include <errno.h>
#include <stdlib.h>

#include "devices/ide.h"
#include "tests/mem-block.h"
#include "tests/unit/dev.h"

enum { DATA = 0x1f0, ERROR, COUNT, LOW, MID, HIGH, DEVICE, STATUS, CONTROL = 0x3f6 };
enum { PROBE_IRQ14, SECTORS = 3000, BYTES = SECTORS * 512 - 100 };

struct rig {
	struct bench b;
	struct ide ide;
	struct mem_block block;
	struct disk disk;
	struct frames frames;
	u8 *image, *copy;
};

static u8 pattern(u32 lba, int i)
{
	return (u8)(lba * 7 + (u32)i * 3 + (lba >> 8));
}

static void setup_size(struct rig *r, u64 bytes, u64 room)
{
	struct err err = { 0 };

	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	ck_assert_int_eq(frames_open(&r->frames, 8 << 20, &err), 0);
	r->image = malloc(BYTES);
	r->copy = malloc(BYTES);
	for (u32 i = 0; i < BYTES; i++)
		r->image[i] = pattern(i / 512, (int)(i % 512));
	memcpy(r->copy, r->image, BYTES);
	r->block = mem_block(r->image, bytes, true);
	ck_assert_msg(disk_open(&r->disk, &r->block.b, NULL, &err) == 0, "%s", err.text);
	ck_assert_msg(disk_snapshot(&r->disk, &r->frames, room, &err) == 0, "%s", err.text);
	ide_init(&r->ide, 0);
	r->ide.drive[0].disk = &r->disk;
	r->ide.irq = bench_line(&r->b, PROBE_IRQ14);
	bench_add(&r->b, &r->ide.drive[0].dev, &ide_drive_class, &r->ide.drive[0].s);
	bench_add(&r->b, &r->ide.dev, &ide0_class, &r->ide.s);
}

static void setup_room(struct rig *r, u64 room)
{
	setup_size(r, BYTES, room);
}

static void setup(struct rig *r)
{
	setup_room(r, 4 << 20);
}

static void done(struct rig *r)
{
	ck_assert_mem_eq(r->image, r->copy, BYTES);
	disk_close(&r->disk);
	ck_assert_uint_eq(r->frames.used, 0);
	frames_close(&r->frames);
	free(r->image);
	free(r->copy);
}

static void command(struct rig *r, u8 c, u32 lba, u8 count)
{
	out8(&r->b, COUNT, count);
	out8(&r->b, LOW, (u8)lba);
	out8(&r->b, MID, (u8)(lba >> 8));
	out8(&r->b, HIGH, (u8)(lba >> 16));
	out8(&r->b, DEVICE, (u8)(0xe0 | (lba >> 24 & 15)));
	out8(&r->b, STATUS, c);
}

static void command_ext(struct rig *r, u8 c, u64 lba, u16 count)
{
	out8(&r->b, COUNT, (u8)(count >> 8));
	out8(&r->b, LOW, (u8)(lba >> 24));
	out8(&r->b, MID, (u8)(lba >> 32));
	out8(&r->b, HIGH, (u8)(lba >> 40));
	command(r, c, (u32)lba & 0xffffff, (u8)count);
}

static void want_sector(struct rig *r, u32 lba)
{
	ck_assert_uint_eq(in8(&r->b, CONTROL), 0x58);
	for (int i = 0; i < 512; i += 2) {
		u16 w = in16(&r->b, DATA);
		bool there = lba * 512 + (u32)i + 1 < BYTES;

		ck_assert_uint_eq(w & 0xff, there ? pattern(lba, i) : 0);
		ck_assert_uint_eq(w >> 8, there ? pattern(lba, i + 1) : 0);
	}
}

static void send_sector(struct rig *r, u8 fill)
{
	for (int i = 0; i < 128; i++)
		out32(&r->b, DATA, fill * 0x01010101u);
}

static u16 identify_word(struct rig *r, int word)
{
	u16 w = 0;

	command(r, 0xec, 0, 0);
	for (int i = 0; i < 256; i++) {
		u16 v = in16(&r->b, DATA);

		w = i == word ? v : w;
	}
	ck_assert_uint_eq(in8(&r->b, STATUS), 0x50);
	return w;
}

START_TEST(signature_after_reset)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	ck_assert_uint_eq(in8(&r.b, ERROR), 1);
	ck_assert_uint_eq(in8(&r.b, COUNT), 1);
	ck_assert_uint_eq(in8(&r.b, LOW), 1);
	ck_assert_uint_eq(in8(&r.b, MID) | in8(&r.b, HIGH), 0); /* not a packet device */
	out8(&r.b, LOW, 0x55);
	out8(&r.b, CONTROL, 4);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x80);
	out8(&r.b, CONTROL, 0);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	ck_assert_uint_eq(in8(&r.b, LOW), 1);
	done(&r);
}
END_TEST

START_TEST(identify)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(identify_word(&r, 0), 0x0040);
	ck_assert_uint_eq(identify_word(&r, 1), SECTORS / 1008);
	ck_assert_uint_eq(identify_word(&r, 60), SECTORS);
	ck_assert_uint_eq(identify_word(&r, 100), SECTORS);
	ck_assert_uint_eq(identify_word(&r, 27), 'V' << 8 | 'i');
	ck_assert_uint_eq(identify_word(&r, 49) & 0x300, 0x300);
	ck_assert_uint_eq(identify_word(&r, 83) & 0xc400, 0x4400);
	done(&r);
}
END_TEST

/* A boot sector alone is a disk: SeaBIOS reads it by cylinder, head and sector, and believes the geometry. */
START_TEST(smallest_disk)
{
	struct rig r;

	setup_size(&r, 512, 4 << 20);
	ck_assert_uint_eq(identify_word(&r, 1), 2);
	ck_assert_uint_eq(identify_word(&r, 54), 2);
	ck_assert_uint_eq(identify_word(&r, 60), 1);
	command(&r, 0x20, 0, 1);
	want_sector(&r, 0);
	command(&r, 0x20, 1, 1);
	ck_assert_uint_eq(in8(&r.b, STATUS) & 1, 1);
	ck_assert_uint_eq(in8(&r.b, ERROR), 0x10); /* no such sector, whatever the geometry says */
	done(&r);
}
END_TEST

START_TEST(reads)
{
	struct rig r;

	setup(&r);
	command(&r, 0x20, 7, 3);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1);
	in8(&r.b, CONTROL);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1); /* the alternate status leaves it */
	in8(&r.b, STATUS);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 0);
	for (u32 i = 0; i < 3; i++) {
		want_sector(&r, 7 + i);
		ck_assert_int_eq(r.b.level[PROBE_IRQ14], i < 2); /* one for each sector offered */
		in8(&r.b, STATUS);
	}
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	ck_assert_uint_eq(in16(&r.b, DATA), 0xffff);
	command(&r, 0x20, SECTORS - 1, 1); /* the last, partial one is filled up with zeros */
	want_sector(&r, SECTORS - 1);
	command(&r, 0x20, 0, 0); /* 0 means 256 */
	for (u32 i = 0; i < 256; i++)
		want_sector(&r, i);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command_ext(&r, 0x24, 600, 0x101);
	for (u32 i = 0; i < 0x101; i++)
		want_sector(&r, 600 + i);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	done(&r);
}
END_TEST

START_TEST(cylinders_heads_sectors)
{
	struct rig r;

	setup(&r);
	out8(&r.b, COUNT, 63);
	out8(&r.b, DEVICE, 0xaf); /* 16 heads */
	out8(&r.b, STATUS, 0x91);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	out8(&r.b, COUNT, 1);
	out8(&r.b, LOW, 5);
	out8(&r.b, MID, 1);
	out8(&r.b, HIGH, 0);
	out8(&r.b, DEVICE, 0xa2);
	out8(&r.b, STATUS, 0x20);
	want_sector(&r, (1 * 16 + 2) * 63 + 4);
	out8(&r.b, LOW, 0); /* there is no sector 0 */
	out8(&r.b, STATUS, 0x20);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	ck_assert_uint_eq(in8(&r.b, ERROR), 0x10);
	done(&r);
}
END_TEST

START_TEST(writes_stay_in_the_overlay)
{
	struct rig r;

	setup(&r);
	command(&r, 0x30, 9, 2);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 0); /* none before the first sector */
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x58);
	send_sector(&r, 0xaa);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x58);
	send_sector(&r, 0xbb);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command(&r, 0x20, 8, 4);
	want_sector(&r, 8); /* its neighbours in the page are as before */
	ck_assert_uint_eq(in32(&r.b, DATA), 0xaaaaaaaa);
	for (int i = 1; i < 128; i++)
		in32(&r.b, DATA);
	ck_assert_uint_eq(in16(&r.b, DATA), 0xbbbb);
	for (int i = 1; i < 256; i++)
		in16(&r.b, DATA);
	want_sector(&r, 11);
	device_reset(&r.ide.drive[0].dev);
	device_reset(&r.ide.dev); /* the machine's reset does not clean the disk */
	command(&r, 0x20, 9, 1);
	ck_assert_uint_eq(in16(&r.b, DATA), 0xaaaa);
	done(&r);
}
END_TEST

START_TEST(multiple)
{
	struct rig r;

	setup(&r);
	command(&r, 0xc4, 0, 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51); /* not set yet */
	command(&r, 0xc6, 0, 3);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51); /* a power of two */
	command(&r, 0xc6, 0, 4);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command(&r, 0xc4, 100, 10);
	for (u32 i = 0; i < 10; i++) {
		ck_assert_int_eq(r.b.level[PROBE_IRQ14], i % 4 == 0); /* one for each block of four */
		in8(&r.b, STATUS);
		want_sector(&r, 100 + i);
	}
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 0);
	command(&r, 0xc5, 200, 5);
	for (u8 i = 0; i < 5; i++)
		send_sector(&r, i);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	done(&r);
}
END_TEST

START_TEST(beyond_the_end)
{
	struct rig r;

	setup(&r);
	command(&r, 0x20, SECTORS - 1, 2);
	want_sector(&r, SECTORS - 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	ck_assert_uint_eq(in8(&r.b, ERROR), 0x10);
	ck_assert_uint_eq(in8(&r.b, LOW) | in8(&r.b, MID) << 8, SECTORS); /* where it happened */
	command(&r, 0x30, SECTORS, 1);
	send_sector(&r, 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	command_ext(&r, 0x24, 0xffffffffffffull, 1);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	command(&r, 0x40, 2000, 0);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command(&r, 0x40, 2900, 0);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	done(&r);
}
END_TEST

START_TEST(a_full_overlay_is_a_failing_disk)
{
	struct rig r;

	setup_room(&r, 2 * 4096);
	for (u32 i = 0; i < 3; i++) {
		command(&r, 0x30, i * 8, 1);
		send_sector(&r, (u8)(i + 1));
		ck_assert_uint_eq(in8(&r.b, STATUS), i < 2 ? 0x50 : 0x71); /* DF and ERR */
	}
	command(&r, 0x30, 1, 1); /* a page that is there already */
	send_sector(&r, 9);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command(&r, 0x20, 16, 1);
	want_sector(&r, 16);
	done(&r);
}
END_TEST

START_TEST(other_commands)
{
	static const struct {
		u8 command, status;
	} row[] = {
		{ 0x10, 0x50 }, { 0x1f, 0x50 }, { 0x70, 0x50 }, { 0xe0, 0x50 }, { 0xe5, 0x50 },
		{ 0xe7, 0x50 }, { 0xea, 0x50 }, { 0xf8, 0x50 }, { 0x90, 0x50 }, { 0x00, 0x51 },
		{ 0x08, 0x51 }, { 0xa0, 0x51 }, { 0xa1, 0x51 }, { 0xff, 0x51 },
	};
	struct rig r;

	setup(&r);
	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		command(&r, row[i].command, 0, 1);
		ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1);
		ck_assert_msg(in8(&r.b, STATUS) == row[i].status, "command %02x", row[i].command);
		if (row[i].status & 1)
			ck_assert_uint_eq(in8(&r.b, ERROR), 0x04);
	}
	out8(&r.b, ERROR, 0x03);
	command(&r, 0xef, 0, 0x0c); /* PIO mode 4 */
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	command(&r, 0xef, 0, 0x22); /* multiword DMA mode 2 */
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	ck_assert_uint_eq(identify_word(&r, 63), 0x0407);
	out8(&r.b, ERROR, 0x03);
	command(&r, 0xef, 0, 0x45); /* ultra DMA mode 5 */
	ck_assert_uint_eq(identify_word(&r, 63), 0x0007);
	ck_assert_uint_eq(identify_word(&r, 88), 0x203f);
	out8(&r.b, ERROR, 0x03);
	command(&r, 0xef, 0, 0x46);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x51);
	done(&r);
}
END_TEST

START_TEST(device_1_is_absent)
{
	struct rig r;

	setup(&r);
	out8(&r.b, DEVICE, 0xb0);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0);
	out8(&r.b, STATUS, 0xec);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 0);
	out8(&r.b, DEVICE, 0xa0);
	ck_assert_uint_eq(in8(&r.b, STATUS), 0x50);
	done(&r);
}
END_TEST

START_TEST(second_values_and_interrupt_gate)
{
	struct rig r;

	setup(&r);
	out8(&r.b, LOW, 0x12);
	out8(&r.b, LOW, 0x34);
	ck_assert_uint_eq(in8(&r.b, LOW), 0x34);
	out8(&r.b, CONTROL, 0x80);
	ck_assert_uint_eq(in8(&r.b, LOW), 0x12);
	out8(&r.b, MID, 0); /* any write shows the latest again */
	ck_assert_uint_eq(in8(&r.b, LOW), 0x34);
	out8(&r.b, CONTROL, 0x02);
	command(&r, 0x20, 0, 1);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 0);
	out8(&r.b, CONTROL, 0x00);
	ck_assert_int_eq(r.b.level[PROBE_IRQ14], 1);
	r.b.rises[PROBE_IRQ14] = 0;
	command(&r, 0xe7, 0, 0); /* a command ends the old interrupt and makes a new edge */
	ck_assert_int_eq(r.b.rises[PROBE_IRQ14], 1);
	done(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		signature_after_reset,
		identify,
		smallest_disk,
		reads,
		cylinders_heads_sectors,
		writes_stay_in_the_overlay,
		multiple,
		beyond_the_end,
		a_full_overlay_is_a_failing_disk,
		other_commands,
		device_1_is_absent,
		second_values_and_interrupt_gate,
	};

	return unit_run("ide", tests, ARRAY_LEN(tests));
}
