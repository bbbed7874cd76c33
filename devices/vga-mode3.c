/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-mode3.c - what a video BIOS would have done, for machines that start without one: text mode 3, 80 columns
 * and 25 rows in 16 colours.
 * Rule: the values are those of the BIOS's parameter table for mode 3 at 400 lines, so that a kernel which takes
 * the screen over (vgacon, screen_info with orig_video_mode 3) finds what it expects.
 * Source: IBM PS/2 BIOS Interface Technical Reference, video parameter table; FreeVGA.
 */
#include <string.h>

#include "devices/vga-font.h"
#include "devices/vga-priv.h"

enum { CELLS = 0x4000, GLYPH_PLACE = 32, BLANK = ' ', GREY_ON_BLACK = 0x07 };

static const u8 seq[] = { 0x03, 0x00, 0x03, 0x00, 0x02 };
static const u8 crtc[VGA_CRTC_REGS] = {
	0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
	0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff,
};
static const u8 gfx[VGA_GFX_REGS] = { 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff };
static const u8 attr[VGA_ATTR_REGS] = {
	0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a,
	0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00,
};

/* The 64 colours of the EGA: two bits for each of red, green and blue, the weaker ones in bits 5 to 3. */
static void set_colours(struct vga_state *s)
{
	for (int i = 0; i < 64; i++)
		for (int part = 0; part < 3; part++)
			s->dac[i * 3 + part] = (u8)((i >> (2 - part) & 1) * 0x2a + (i >> (5 - part) & 1) * 0x15);
}

static void load_font(struct vga *v)
{
	for (u32 c = 0; c < 256; c++) {
		u8 shape[FONT_HEIGHT];

		font_glyph((u8)c, shape);
		for (u32 y = 0; y < FONT_HEIGHT; y++)
			v->memory[4 * (c * GLYPH_PLACE + y) + 2] = shape[y];
	}
}

void vga_set_mode3(struct vga *v)
{
	struct vga_state *s = &v->s;

	s->misc[0] = 0x67;
	memcpy(s->seq, seq, sizeof(seq));
	memcpy(s->crtc, crtc, sizeof(crtc));
	memcpy(s->gfx, gfx, sizeof(gfx));
	memcpy(s->attr, attr, sizeof(attr));
	s->attr_index[0] = ATTR_INDEX_ON;
	set_colours(s);
	memset(v->memory, 0, 4 * VGA_PLANE);
	for (u32 i = 0; i < CELLS; i++) {
		v->memory[8 * (size_t)i] = BLANK;
		v->memory[8 * (size_t)i + 1] = GREY_ON_BLACK;
	}
	load_font(v);
	vga_touched(v, 0, 4 * VGA_PLANE);
}
