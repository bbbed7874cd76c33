/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-vga-memory.c - the display adapter's planes and windows, and the picture that a monitor makes of them.
 * Rule: the planes are compared with a model that works on single bits, written from the manual's words.
 */
#include "tests/unit/vga-rig.h"

/* ---- the planes, against a model of single bits ---- */

struct model {
	bool bit[4][VGA_PLANE / 64][8]; /* plane, address (a part of them is enough), bit number */
	bool latch[4][8];
	u8 seq[8], gfx[9];
};
enum { MODEL_BYTES = VGA_PLANE / 64 };

static bool bit_of(u8 byte, int n)
{
	return byte >> n & 1;
}

static bool function(int op, bool data, bool latch)
{
	return op == 0 ? data : op == 1 ? data && latch : op == 2 ? data || latch : data != latch;
}

static bool model_bit(const struct model *m, u8 value, int plane, int n)
{
	u8 rotate = m->gfx[3] & 7, rotated = (u8)(value >> rotate | value << (8 - rotate));
	bool set_reset = bit_of(m->gfx[0], plane), enabled = bit_of(m->gfx[1], plane), mask = bit_of(m->gfx[8], n);
	int op = m->gfx[3] >> 3 & 3;
	bool latch = m->latch[plane][n];

	switch (m->gfx[5] & 3) {
	case 0: return mask ? function(op, enabled ? set_reset : bit_of(rotated, n), latch) : latch;
	case 1: return latch;
	case 2: return mask ? function(op, bit_of(value, plane), latch) : latch;
	default: return mask && bit_of(rotated, n) ? function(op, set_reset, latch) : latch;
	}
}

static void model_write(struct model *m, u32 a, u8 value)
{
	u8 planes = m->seq[2] & 15;

	if (m->seq[4] & 8) {
		planes &= (u8)(1 << a % 4);
		a -= a % 4;
	} else if (!(m->seq[4] & 4)) {
		planes &= a % 2 ? 10 : 5;
		a -= a % 2;
	}
	for (int p = 0; p < 4; p++)
		for (int n = 0; n < 8 && bit_of(planes, p); n++)
			m->bit[p][a][n] = model_bit(m, value, p, n);
}

static u8 model_read(struct model *m, u32 a)
{
	int plane = m->gfx[4];
	u8 value = 0;

	if (m->seq[4] & 8) {
		plane = (int)(a % 4);
		a -= a % 4;
	} else if (m->gfx[5] & 0x10) {
		plane = (plane & 2) + (int)(a % 2);
		a -= a % 2;
	}
	for (int n = 0; n < 8; n++) {
		bool same = true;

		for (int p = 0; p < 4; p++) {
			m->latch[p][n] = m->bit[p][a][n];
			if (bit_of(m->gfx[7], p) && m->bit[p][a][n] != bit_of(m->gfx[2], p))
				same = false;
		}
		value |= (u8)((m->gfx[5] & 8 ? same : m->bit[plane][a][n]) << n);
	}
	return value;
}
START_TEST(planes_in_every_mode)
{
	static struct model m;
	struct rig r;
	u32 random = 1;

	setup(&r, false);
	memset(&m, 0, sizeof(m));
	memset(r.v.memory, 0, 4 * VGA_PLANE);
	gfx(&r, 6, 5); /* all of A0000h-AFFFFh is open */
	memcpy(m.gfx, r.v.s.gfx, sizeof(m.gfx));
	memcpy(m.seq, r.v.s.seq, sizeof(m.seq));
	for (int i = 0; i < 200000; i++) {
		u32 a = next_random(&random) % MODEL_BYTES, what = next_random(&random) % 8;
		u8 value = (u8)next_random(&random);
		static const u8 gfx_mask[9] = { 15, 15, 15, 0x1f, 3, 0x1b, 0, 15, 0xff };

		if (what < 3) {
			model_write(&m, a, value);
			poke(&r, WINDOW + a, value);
		} else if (what < 6) {
			u8 want = model_read(&m, a), got = peek(&r, WINDOW + a);

			ck_assert_msg(got == want, "step %d: at %x read %02x, expected %02x (mode %02x)", i, a, got,
				      want, m.gfx[5]);
		} else if (what == 6) {
			u8 index = value % 9;

			m.gfx[index] = index == 6 ? 5 : (u8)next_random(&random) & gfx_mask[index];
			gfx(&r, index, m.gfx[index]);
		} else {
			u8 index = value % 2 ? 2 : 4;

			m.seq[index] = (u8)next_random(&random) & 0xe;
			seq(&r, index, m.seq[index]);
		}
	}
	teardown(&r);
}
END_TEST

START_TEST(windows)
{
	static const struct {
		u8 select;
		u32 first, last;
	} window[] = { { 0, 0xa0000, 0xbffff }, { 4, 0xa0000, 0xaffff }, { 8, 0xb0000, 0xb7fff }, { 12, 0xb8000, 0xbffff } };
	struct rig r;

	setup(&r, false);
	seq(&r, 4, 6);
	seq(&r, 2, 15);
	gfx(&r, 5, 0);
	for (size_t i = 0; i < ARRAY_LEN(window); i++) {
		gfx(&r, 6, window[i].select);
		poke(&r, window[i].first, 0x5a);
		ck_assert_uint_eq(r.v.memory[0], 0x5a);
		poke(&r, window[i].last, 0xa5);
		ck_assert_uint_eq(peek(&r, window[i].last), 0xa5);
		r.v.memory[0] = 0;
		if (window[i].first > 0xa0000)
			ck_assert_uint_eq(peek(&r, window[i].first - 1), 0xff);
		if (window[i].last < 0xbffff)
			ck_assert_uint_eq(peek(&r, window[i].last + 1), 0xff);
	}
	out8(&r.b, 0x3c2, 0x65); /* the memory does not answer at all */
	poke(&r, 0xb8000, 0x77);
	ck_assert_uint_eq(peek(&r, 0xb8000), 0xff);
	ck_assert_uint_eq(r.v.memory[0], 0);
	teardown(&r);
}
END_TEST

START_TEST(wide_accesses_are_bytes)
{
	struct rig r;

	setup(&r, false);
	bus_write(&r.b.mmio, 0xb8000, 8, 0x0742074107440743ull, NULL);
	ck_assert_uint_eq(bus_read(&r.b.mmio, 0xb8002, 4, NULL), 0x07410744);
	ck_assert_uint_eq(vga_screen_cell(&r.v, 3, 0).character, 'B');
	teardown(&r);
}
END_TEST

START_TEST(vbe_banks_and_pixels)
{
	u32 line[1024];
	struct vga_screen screen;
	struct rig r;

	setup(&r, false);
	gfx(&r, 6, 5);
	vbe_mode(&r, 1024, 768, 16, 0);
	vbe(&r, VBE_BANK, 1);
	bus_write(&r.b.mmio, WINDOW + 2, 2, 0xf81f, NULL); /* byte 10002h: line 32, pixel 1 */
	vga_screen(&r.v, &screen);
	vga_screen_line(&r.v, &screen, 32, line);
	ck_assert_uint_eq(line[0], 0);
	ck_assert_uint_eq(line[1], 0xff00ff);
	vbe(&r, VBE_Y_OFFSET, 32);
	vga_screen(&r.v, &screen);
	vga_screen_line(&r.v, &screen, 0, line);
	ck_assert_uint_eq(line[1], 0xff00ff);
	vbe(&r, VBE_BANK, 0xffff);
	poke(&r, WINDOW, 1); /* nowhere */
	ck_assert_uint_eq(peek(&r, WINDOW), 0xff);
	teardown(&r);
}
END_TEST

/* ---- the picture ---- */

START_TEST(text_screen)
{
	struct vga_screen screen;
	struct vga_cell c;
	u32 line[2048];
	struct rig r;

	setup(&r, false);
	vga_screen(&r.v, &screen);
	ck_assert_int_eq(screen.kind, SCREEN_TEXT);
	ck_assert_uint_eq(screen.columns, 80);
	ck_assert_uint_eq(screen.rows, 25);
	ck_assert_uint_eq(screen.width, 720);
	ck_assert_uint_eq(screen.height, 400);
	ck_assert(screen.cursor && !screen.cursor_column && !screen.cursor_row);
	bus_write(&r.b.mmio, 0xb8000 + 2 * (80 * 24 + 79), 2, 0x9ec4, NULL);
	c = vga_screen_cell(&r.v, 79, 24);
	ck_assert_uint_eq(c.character, 0xc4);
	ck_assert_uint_eq(c.fore, 14);
	ck_assert_uint_eq(c.back, 1); /* bit 7 blinks */
	vga_screen_line(&r.v, &screen, 24 * 16 + 7, line);
	for (int x = 711; x < 720; x++) /* the line goes on through the ninth dot */
		ck_assert_uint_eq(line[x], 0xffff55);
	vga_screen_line(&r.v, &screen, 24 * 16, line);
	ck_assert_uint_eq(line[719], 0x0000aa);
	vga_screen_line(&r.v, &screen, 14, line);
	ck_assert_uint_eq(line[0], 0xaaaaaa); /* the cursor */
	indexed(&r, 0x3d4, 0x0d, 80); /* one row on */
	ck_assert_uint_eq(vga_screen_cell(&r.v, 79, 23).character, 0xc4);
	vga_screen(&r.v, &screen);
	ck_assert(!screen.cursor);
	teardown(&r);
}
END_TEST

static void registers(struct rig *r, u8 misc, const u8 *seq4, const u8 *gfx9, u8 h_end, const u8 *crtc_rest)
{
	static const u8 index[] = { 0x07, 0x09, 0x12, 0x13, 0x14, 0x17 };

	out8(&r->b, 0x3c2, misc);
	for (u8 i = 1; i < 5; i++)
		seq(r, i, seq4[i - 1]);
	for (u8 i = 0; i < 9; i++)
		gfx(r, i, gfx9[i]);
	indexed(r, 0x3d4, 0x11, 0);
	indexed(r, 0x3d4, 0x01, h_end);
	for (size_t i = 0; i < ARRAY_LEN(index); i++)
		indexed(r, 0x3d4, index[i], crtc_rest[i]);
}

static void colour(struct rig *r, u8 n, u8 red, u8 green, u8 blue)
{
	out8(&r->b, 0x3c8, n);
	out8(&r->b, 0x3c9, red);
	out8(&r->b, 0x3c9, green);
	out8(&r->b, 0x3c9, blue);
}

START_TEST(mode_13h)
{
	struct vga_screen screen;
	u32 line[2048];
	struct rig r;

	setup(&r, false);
	registers(&r, 0x63, (u8[]){ 1, 15, 0, 14 }, (u8[]){ 0, 0, 0, 0, 0, 0x40, 5, 15, 0xff }, 0x4f,
		  (u8[]){ 0x1f, 0x41, 0x8f, 0x28, 0x40, 0xa3 });
	memset(r.v.memory, 0, 4 * VGA_PLANE);
	colour(&r, 200, 63, 32, 0);
	poke(&r, WINDOW + 320 * 100 + 7, 200);
	vga_screen(&r.v, &screen);
	ck_assert_int_eq(screen.kind, SCREEN_GRAPHICS);
	ck_assert_uint_eq(screen.width, 320);
	ck_assert_uint_eq(screen.height, 200);
	vga_screen_line(&r.v, &screen, 100, line);
	ck_assert_uint_eq(line[7], 0xff8200);
	ck_assert_uint_eq(line[6], 0);
	ck_assert_uint_eq(line[8], 0);
	vga_screen_line(&r.v, &screen, 199, line);
	ck_assert_uint_eq(line[319], 0);
	teardown(&r);
}
END_TEST

START_TEST(mode_12h)
{
	struct vga_screen screen;
	u32 line[2048];
	struct rig r;

	setup(&r, false);
	registers(&r, 0xe3, (u8[]){ 1, 15, 0, 6 }, (u8[]){ 0, 0, 0, 0, 0, 0, 5, 15, 0xff }, 0x4f,
		  (u8[]){ 0x3e, 0x40, 0xdf, 0x28, 0x00, 0xe3 });
	memset(r.v.memory, 0, 4 * VGA_PLANE);
	seq(&r, 2, 0xa); /* planes 3 and 1: bright green, at eight bits of line 479 */
	poke(&r, WINDOW + 80 * 479 + 79, 0x81);
	vga_screen(&r.v, &screen);
	ck_assert_uint_eq(screen.width, 640);
	ck_assert_uint_eq(screen.height, 480);
	vga_screen_line(&r.v, &screen, 479, line);
	ck_assert_uint_eq(line[632], 0x55ff55);
	ck_assert_uint_eq(line[633], 0);
	ck_assert_uint_eq(line[639], 0x55ff55);
	teardown(&r);
}
END_TEST

/* CGA, 320 x 200 in four colours: two bits per pixel, odd lines 8 KiB further on. */
START_TEST(mode_4)
{
	struct vga_screen screen;
	u32 line[2048];
	struct rig r;

	setup(&r, false);
	registers(&r, 0x63, (u8[]){ 9, 3, 0, 2 }, (u8[]){ 0, 0, 0, 0, 0, 0x30, 0xf, 0, 0xff }, 0x27,
		  (u8[]){ 0x1f, 0xc1, 0x8f, 0x14, 0x00, 0xa2 });
	memset(r.v.memory, 0, 4 * VGA_PLANE);
	poke(&r, 0xb8000 + 0x2000 + 79, 0x1b); /* line 1, the last four pixels: colours 0 1 2 3 */
	poke(&r, 0xb8000 + 80, 0xc0);          /* line 2, first pixel */
	vga_screen(&r.v, &screen);
	ck_assert_uint_eq(screen.width, 320);
	ck_assert_uint_eq(screen.height, 200);
	vga_screen_line(&r.v, &screen, 1, line);
	ck_assert_uint_eq(line[316], vga_screen_colour(&r.v, 0));
	ck_assert_uint_eq(line[317], vga_screen_colour(&r.v, 1));
	ck_assert_uint_eq(line[318], vga_screen_colour(&r.v, 2));
	ck_assert_uint_eq(line[319], vga_screen_colour(&r.v, 3));
	vga_screen_line(&r.v, &screen, 2, line);
	ck_assert_uint_eq(line[0], vga_screen_colour(&r.v, 3));
	teardown(&r);
}
END_TEST

/* Whatever is in the registers, a picture stays within its bounds (the sanitizers watch the memory). */
START_TEST(any_registers_give_a_picture)
{
	struct vga_screen screen;
	u32 line[VBE_XRES_MAX];
	u32 random = 7;
	struct rig r;

	setup(&r, false);
	for (int i = 0; i < 3000; i++) {
		u8 *bytes = (u8 *)&r.v.s;

		for (int n = 0; n < 40; n++)
			bytes[next_random(&random) % sizeof(r.v.s)] = (u8)next_random(&random);
		r.v.s.attr_index[0] |= 0x20;
		r.v.s.seq[1] &= 0xdf;
		r.v.s.crtc[0x17] |= 0x80;
		vga_screen(&r.v, &screen);
		ck_assert_int_ne(screen.kind, SCREEN_OFF);
		ck_assert(screen.width && screen.width <= VBE_XRES_MAX && screen.height && screen.height <= VBE_YRES_MAX);
		vga_screen_line(&r.v, &screen, 0, line);
		vga_screen_line(&r.v, &screen, screen.height - 1, line);
		in8(&r.b, 0x3da);
		poke(&r, WINDOW + next_random(&random) % 0x20000, 1);
	}
	teardown(&r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		planes_in_every_mode, windows,  wide_accesses_are_bytes, vbe_banks_and_pixels,
		text_screen,          mode_13h, mode_12h,                mode_4,
		any_registers_give_a_picture,
	};

	return unit_run("vga memory", tests, ARRAY_LEN(tests));
}
