/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-vga.c - the display adapter: registers, planes, windows, VBE, its PCI function, and what a screen shows.
 * Rule: the planes are compared with a model that works on single bits, written from the manual's words.
 */
#include "devices/vga-screen.h"
#include "devices/vga.h"
#include "tests/unit/dev.h"

enum { PAGE = 4096, WINDOW = 0xa0000 };

struct rig {
	struct bench b;
	struct frames frames;
	struct mem mem;
	struct bus mmio;
	struct pci pci;
	struct vga v;
	u64 written_at; /* the last write that memory was told of */
};

static void on_written(void *arg, u64 gpa, u64 len)
{
	((struct rig *)arg)->written_at = gpa;
}

#define SPAN (1ull << 30)
#define HOME (SPAN - VGA_MEMORY)
#define ROM_HOME (HOME - VGA_ROM)

static void setup(struct rig *r, bool bios)
{
	frame_no first, rom;

	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	ck_assert_int_eq(frames_open(&r->frames, VGA_MEMORY + VGA_ROM + PAGE, NULL), 0);
	ck_assert_int_eq(mem_open(&r->mem, &r->frames, SPAN, NULL), 0);
	r->mem.written = on_written;
	r->mem.arg = r;
	r->b.world.mem = &r->mem;
	first = frames_alloc(&r->frames, VGA_MEMORY / PAGE);
	rom = frames_alloc(&r->frames, VGA_ROM / PAGE);
	frames_write(&r->frames, rom, 0, "\x55\xaa", 2);
	r->v.memory = frames_map(&r->frames, first, VGA_MEMORY / PAGE);
	r->v.memory_home = r->v.memory_at = HOME;
	r->v.rom_home = ROM_HOME;
	r->v.memory_slot = mem_slot_add(&r->mem, "video memory", HOME, VGA_MEMORY, first, SLOT_DEVICE | SLOT_HOLE, NULL);
	r->v.rom_slot = mem_slot_add(&r->mem, "video BIOS", ROM_HOME, VGA_ROM, rom, SLOT_DEVICE | SLOT_HOLE, NULL);
	ck_assert(r->v.memory && r->v.memory_slot >= 0 && r->v.rom_slot >= 0);
	r->v.has_bios = bios;
	vga_pci_init(&r->v, 2 << 3);
	bench_add(&r->b, &r->pci.dev, &pci_class, &r->pci.s);
	bench_add(&r->b, &r->v.dev, &vga_class, &r->v.s);
	for (int i = 0; i < vga_class.nclaims; i++)
		if (vga_class.claims[i].space == SPACE_MMIO)
			ck_assert_int_eq(bus_add(&r->mmio, &r->v.dev, &vga_class.claims[i], NULL), 0);
	ck_assert_int_eq(pci_add(&r->pci, &r->v.pci, NULL), 0);
}

static void teardown(struct rig *r)
{
	frames_unmap(r->v.memory, VGA_MEMORY / PAGE);
	mem_close(&r->mem);
	frames_close(&r->frames);
}

static void indexed(struct rig *r, u16 port, u8 index, u8 value)
{
	out16(&r->b, port, (u16)(value << 8 | index)); /* as guests do: both bytes at once */
}

static void seq(struct rig *r, u8 index, u8 value)
{
	indexed(r, 0x3c4, index, value);
}

static void gfx(struct rig *r, u8 index, u8 value)
{
	indexed(r, 0x3ce, index, value);
}

static u8 peek(struct rig *r, u32 at)
{
	return (u8)bus_read(&r->mmio, at, 1, NULL);
}

static void poke(struct rig *r, u32 at, u8 value)
{
	bus_write(&r->mmio, at, 1, value, NULL);
}

static u32 config_read(struct rig *r, u32 reg)
{
	out32(&r->b, 0xcf8, 1u << 31 | 2 << 11 | reg);
	return in32(&r->b, 0xcfc);
}

static void config_write(struct rig *r, u32 reg, u32 value)
{
	out32(&r->b, 0xcf8, 1u << 31 | 2 << 11 | reg);
	out32(&r->b, 0xcfc, value);
}

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

static u32 next_random(u32 *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
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
	bus_write(&r.mmio, 0xb8000, 8, 0x0742074107440743ull, NULL);
	ck_assert_uint_eq(bus_read(&r.mmio, 0xb8002, 4, NULL), 0x07410744);
	ck_assert_uint_eq(vga_screen_cell(&r.v, 3, 0).character, 'B');
	teardown(&r);
}
END_TEST

/* ---- VBE ---- */

static void vbe(struct rig *r, u16 index, u16 value)
{
	out16(&r->b, 0x1ce, index);
	out16(&r->b, 0x1cf, value);
}

static u16 vbe_get(struct rig *r, u16 index)
{
	out16(&r->b, 0x1ce, index);
	return in16(&r->b, 0x1d0);
}

static void vbe_mode(struct rig *r, u16 width, u16 height, u16 bits, u16 flags)
{
	vbe(r, VBE_ENABLE, 0);
	vbe(r, VBE_XRES, width);
	vbe(r, VBE_YRES, height);
	vbe(r, VBE_BPP, bits);
	vbe(r, VBE_ENABLE, VBE_ON | flags);
}

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

START_TEST(vbe_banks_and_pixels)
{
	u32 line[1024];
	struct vga_screen screen;
	struct rig r;

	setup(&r, false);
	gfx(&r, 6, 5);
	vbe_mode(&r, 1024, 768, 16, 0);
	vbe(&r, VBE_BANK, 1);
	bus_write(&r.mmio, WINDOW + 2, 2, 0xf81f, NULL); /* byte 10002h: line 32, pixel 1 */
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
	bus_write(&r.mmio, 0xb8000 + 2 * (80 * 24 + 79), 2, 0x9ec4, NULL);
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
		registers_keep_their_bits, crtc_protection,
		attribute_flip_flop,       dac_counts_on,
		retrace_follows_the_clock, planes_in_every_mode,
		windows,                   wide_accesses_are_bytes,
		vbe_modes,                 vbe_banks_and_pixels,
		frame_buffer_follows_its_bar, restored_it_is_where_it_was,
		text_screen,               mode_13h,
		mode_12h,                  mode_4,
		any_registers_give_a_picture,
	};

	return unit_run("vga", tests, ARRAY_LEN(tests));
}
