/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-vga.c - the display adapter: its registers, VBE, and its PCI function.
 * Rule: facts from the FreeVGA documentation; the video BIOS and memtest86+ are the other judges (tests/firmware,
 * tests/display), QEMU is one (tests/guest/vga-planes.asm).
 */
#include "tests/unit/vga-rig.h"

/* ---- registers ---- */

START_TEST(registers_keep_their_bits)
{
	struct rig r;

	setup(&r, false);
	indexed(&r, 0x3d4, 0x0e, 0x12);
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0x12);
	ck_assert_uint_eq(in8(&r.b, 0x3b5), 0xff); /* the monochrome ports are off */
	out8(&r.b, 0x3c2, 0x66);
	ck_assert_uint_eq(in8(&r.b, 0x3cc), 0x66);
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x3b5), 0x12);
	out8(&r.b, 0x3c2, 0x67);
	seq(&r, 2, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x3c5), 0x0f);
	gfx(&r, 4, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x3cf), 0x03);
	gfx(&r, 0xf, 0xff); /* there is none */
	ck_assert_uint_eq(in8(&r.b, 0x3cf), 0x00);
	indexed(&r, 0x3d4, 0x3f, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0x00);
	teardown(&r);
}
END_TEST

START_TEST(crtc_protection)
{
	struct rig r;

	setup(&r, false);
	indexed(&r, 0x3d4, 0x11, 0x8e);
	indexed(&r, 0x3d4, 0x00, 0x11);
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0x5f);
	indexed(&r, 0x3d4, 0x07, 0x00); /* only the line compare bit */
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0x0f);
	indexed(&r, 0x3d4, 0x11, 0x0e);
	indexed(&r, 0x3d4, 0x00, 0x11);
	ck_assert_uint_eq(in8(&r.b, 0x3d5), 0x11);
	teardown(&r);
}
END_TEST

START_TEST(attribute_flip_flop)
{
	struct rig r;

	setup(&r, false);
	in8(&r.b, 0x3da);
	out8(&r.b, 0x3c0, 0x10);
	out8(&r.b, 0x3c0, 0x41);
	out8(&r.b, 0x3c0, 0x05); /* the picture is off: the palette can be changed */
	out8(&r.b, 0x3c0, 0x3f);
	out8(&r.b, 0x3c0, 0x11);
	in8(&r.b, 0x3da); /* that was an index, and now comes one again */
	out8(&r.b, 0x3c0, 0x10);
	ck_assert_uint_eq(in8(&r.b, 0x3c1), 0x41);
	in8(&r.b, 0x3da);
	out8(&r.b, 0x3c0, 0x25);
	ck_assert_uint_eq(in8(&r.b, 0x3c1), 0x3f);
	out8(&r.b, 0x3c0, 0x00); /* the picture is on: it cannot */
	ck_assert_uint_eq(in8(&r.b, 0x3c1), 0x3f);
	teardown(&r);
}
END_TEST

START_TEST(dac_counts_on)
{
	struct rig r;

	setup(&r, false);
	out8(&r.b, 0x3c8, 0xff);
	for (int i = 1; i <= 6; i++) /* two colours: 255, then 0 */
		out8(&r.b, 0x3c9, (u8)(0x40 + i));
	ck_assert_uint_eq(in8(&r.b, 0x3c8), 1);
	out8(&r.b, 0x3c7, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x3c7), 3);
	for (int i = 1; i <= 6; i++)
		ck_assert_uint_eq(in8(&r.b, 0x3c9), i); /* six bits each */
	teardown(&r);
}
END_TEST

/* In mode 3: 449 lines of 900 dots at 28.322 MHz, the retrace in lines 412 and 413, 400 lines with a picture. */
START_TEST(retrace_follows_the_clock)
{
	struct rig r;
	u64 frame_ns = 449ull * 900 * 1000000000 / 28322000, on = 0, blank = 0, samples = 4490;

	setup(&r, false);
	for (u64 i = 0; i < samples; i++) {
		bench_until(&r.b, 1000000 + i * frame_ns / samples);
		on += in8(&r.b, 0x3da) >> 3 & 1;
		blank += in8(&r.b, 0x3da) & 1;
	}
	ck_assert_msg(on >= 18 && on <= 22, "%llu samples in the retrace", (unsigned long long)on);
	/* 49 of 449 lines, and a fifth of each of the 400 others */
	ck_assert_msg(blank > 1200 && blank < 1400, "%llu samples without picture", (unsigned long long)blank);
	teardown(&r);
}
END_TEST
/* ---- VBE ---- */

START_TEST(vbe_modes)
{
	struct vga_screen screen;
	struct rig r;

	setup(&r, false);
	ck_assert_uint_eq(vbe_get(&r, VBE_ID), 0xb0c5);
	ck_assert_uint_eq(vbe_get(&r, VBE_MEMORY_64K), 256);
	r.v.memory[100] = 1;
	vbe_mode(&r, 800, 600, 32, VBE_LINEAR | VBE_KEEP);
	ck_assert_uint_eq(r.v.memory[100], 1);
	vbe_mode(&r, 800, 600, 32, VBE_LINEAR);
	ck_assert_uint_eq(r.v.memory[100], 0);
	ck_assert_uint_eq(vbe_get(&r, VBE_VIRT_WIDTH), 800);
	ck_assert_uint_eq(vbe_get(&r, VBE_VIRT_HEIGHT), VGA_MEMORY / (800 * 4));
	vga_screen(&r.v, &screen);
	ck_assert_int_eq(screen.kind, SCREEN_GRAPHICS);
	ck_assert_uint_eq(screen.width, 800);
	ck_assert_uint_eq(screen.height, 600);
	vbe(&r, VBE_ENABLE, VBE_ON | VBE_ASK_LIMITS);
	ck_assert_uint_eq(vbe_get(&r, VBE_XRES), VBE_XRES_MAX);
	vbe_mode(&r, 2560, 1600, 32, 0);
	ck_assert_uint_eq(vbe_get(&r, VBE_ENABLE) & VBE_ON, VBE_ON);
	vbe(&r, VBE_VIRT_WIDTH, 0xffff); /* more than there is memory for */
	vga_screen(&r.v, &screen);
	ck_assert_int_eq(screen.kind, SCREEN_TEXT);
	vbe_mode(&r, 0, 600, 32, 0);
	ck_assert_uint_eq(vbe_get(&r, VBE_ENABLE) & VBE_ON, 0);
	vbe_mode(&r, 800, 600, 7, 0);
	ck_assert_uint_eq(vbe_get(&r, VBE_ENABLE) & VBE_ON, 0);
	teardown(&r);
}
END_TEST

/* ---- the frame buffer and the ROM move ---- */

START_TEST(frame_buffer_follows_its_bar)
{
	u32 pixel = 0x00123456, read = 0;
	u8 rom[2];
	struct rig r;

	setup(&r, true);
	ck_assert_uint_eq(config_read(&r, 0), 0x11111234);
	ck_assert_uint_eq(config_read(&r, 8) >> 8, 0x030000);
	config_write(&r, 0x10, 0xffffffff);
	ck_assert_uint_eq(config_read(&r, 0x10), 0xff000008);
	config_write(&r, 0x30, 0xfffffffe);
	ck_assert_uint_eq(config_read(&r, 0x30), 0xffff0000);
	config_write(&r, 0x10, 0x10000000);
	ck_assert(!mem_write(&r.mem, 0x10000000, &pixel, 4));
	config_write(&r, 4, 3);
	ck_assert(mem_write(&r.mem, 0x10000000 + 400, &pixel, 4));
	ck_assert_int_eq(memcmp(r.v.memory + 400, &pixel, 4), 0);
	config_write(&r, 0x10, 0x20000000);
	ck_assert(!mem_read(&r.mem, 0x10000000, &read, 4));
	ck_assert(mem_read(&r.mem, 0x20000000 + 400, &read, 4));
	ck_assert_uint_eq(read, pixel);
	config_write(&r, 0x30, 0x30000001);
	ck_assert(mem_read(&r.mem, 0x30000000, rom, 2));
	ck_assert_uint_eq(rom[0], 0x55);
	ck_assert(!mem_write(&r.mem, 0x30000000, rom, 2));
	config_write(&r, 0x10, 0x30000000); /* the ROM is there: the frame buffer goes without */
	ck_assert(!mem_write(&r.mem, 0x30000000, &pixel, 4));
	config_write(&r, 0x10, 0x20000000);
	ck_assert(mem_read(&r.mem, 0x20000000, &read, 4));
	r.written_at = 0;
	out8(&r.b, 0x3c2, 0x67);
	seq(&r, 2, 15);
	seq(&r, 4, 6);
	gfx(&r, 6, 5);
	gfx(&r, 8, 0xff);
	poke(&r, WINDOW + 3, 1); /* who has decoded instructions from the frame buffer hears of it */
	ck_assert_uint_eq(r.written_at, 0x20000000 + 12);
	config_write(&r, 4, 0);
	ck_assert(!mem_read(&r.mem, 0x20000000, &read, 4));
	ck_assert_uint_eq(mem_slot_get(&r.mem, (u32)r.v.memory_slot)->gpa, HOME);
	teardown(&r);
}
END_TEST

START_TEST(restored_it_is_where_it_was)
{
	struct buf stream = { 0 };
	struct rig r;
	u32 pixel;

	setup(&r, true);
	config_write(&r, 0x10, 0x10000000);
	config_write(&r, 0x30, 0x30000001);
	config_write(&r, 4, 3);
	device_save(&r.v.dev, &stream);
	config_write(&r, 0x30, 0x10000001); /* nothing of this is to remain */
	config_write(&r, 0x10, 0x30000000);
	struct reader in = { .at = stream.data, .end = stream.data + stream.len };
	ck_assert_int_eq(device_load(&r.v.dev, &in, NULL), 0);
	ck_assert_uint_eq(mem_slot_get(&r.mem, (u32)r.v.memory_slot)->gpa, 0x10000000);
	ck_assert_uint_eq(mem_slot_get(&r.mem, (u32)r.v.rom_slot)->gpa, 0x30000000);
	ck_assert(mem_read(&r.mem, 0x10000000, &pixel, 4));
	device_reset(&r.v.dev);
	ck_assert(!mem_read(&r.mem, 0x10000000, &pixel, 4));
	ck_assert_uint_eq(mem_slot_get(&r.mem, (u32)r.v.memory_slot)->gpa, HOME);
	buf_free(&stream);
	teardown(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers_keep_their_bits, crtc_protection, attribute_flip_flop,          dac_counts_on,
		retrace_follows_the_clock, vbe_modes,       frame_buffer_follows_its_bar, restored_it_is_where_it_was,
	};

	return unit_run("vga", tests, ARRAY_LEN(tests));
}
