/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-screen.c - the way from registers and planes to a picture.
 * Rule: the counter of the CRT controller runs over character clocks; address() alone knows which byte of the
 * planes one of them fetches.
 * Source: FreeVGA Project, "CRT controller", "Sequencer", "Attribute controller".
 */
#include "devices/vga-screen.h"

#include <string.h>

#include "devices/vga-priv.h"

enum { FONT_PLANE = 2, GLYPH_BYTES = 32, LINE_GRAPHICS_FIRST = 0xc0, LINE_GRAPHICS_LAST = 0xdf };
enum { CRTC_RUNS = 0x80, CRTC_MODE_WRAP15 = 0x20, ADDRESS_MASK = VGA_PLANE - 1 };

static u8 plane_byte(const struct vga *v, u32 plane, u32 n)
{
	return v->memory[4 * (size_t)(n & ADDRESS_MASK) + plane];
}

/* Bytes are fetched singly, or in words or doublewords; then two address bits may be those of the row's scan
 * line, as in the memory of the CGA and the Hercules card. */
static u32 address(const struct vga_state *s, u32 counter, u32 scan)
{
	u8 mode = s->crtc[CRTC_MODE];
	u32 at = counter;

	if (s->crtc[CRTC_UNDERLINE] & UNDERLINE_DWORD)
		at = counter << 2 | (counter >> 14 & 3);
	else if (!(mode & CRTC_MODE_BYTE))
		at = counter << 1 | (counter >> (mode & CRTC_MODE_WRAP15 ? 15 : 13) & 1);
	if (!(mode & CRTC_MODE_NOT_CGA))
		at = (at & ~(1u << 13)) | (scan & 1) << 13;
	if (!(mode & CRTC_MODE_NOT_HERCULES))
		at = (at & ~(1u << 14)) | (scan >> 1 & 1) << 14;
	return at & ADDRESS_MASK;
}

static u32 start_address(const struct vga_state *s)
{
	return (u32)s->crtc[CRTC_START_HIGH] << 8 | s->crtc[CRTC_START_LOW];
}

static u32 row_step(const struct vga_state *s)
{
	return s->crtc[CRTC_OFFSET] * 2u;
}

static u32 scans_per_row(const struct vga_state *s)
{
	return (s->crtc[CRTC_MAX_SCAN] & 0x1fu) + 1;
}

/* Below the line of the line compare register the picture starts again, from address 0 (split screen). */
static u32 split_line(const struct vga_state *s)
{
	return s->crtc[CRTC_LINE_COMPARE] | (s->crtc[CRTC_OVERFLOW] >> 4 & 1u) << 8 |
	       (s->crtc[CRTC_MAX_SCAN] >> 6 & 1u) << 9;
}

/* ---- colours ---- */

/* `bits` bits of a value, as eight: the largest becomes full brightness. */
static u32 expand(u32 value, u32 shift, u32 bits)
{
	u32 part = value >> shift & ((1u << bits) - 1);

	return part << (8 - bits) | part >> (2 * bits - 8);
}

static u32 dac_colour(const struct vga *v, u8 index)
{
	const u8 *c = &v->s.dac[(index & v->s.dac_mask[0]) * 3];
	u32 bits = v->s.vbe[VBE_ENABLE] & VBE_DAC_8 ? 8 : 6;

	return expand(c[0], 0, bits) << 16 | expand(c[1], 0, bits) << 8 | expand(c[2], 0, bits);
}

u32 vga_screen_colour(const struct vga *v, u8 colour)
{
	const u8 *attr = v->s.attr;
	u8 entry = attr[colour & attr[ATTR_PLANES] & 15], select = attr[ATTR_COLOUR_SELECT];

	if (attr[ATTR_MODE] & ATTR_MODE_SELECT)
		return dac_colour(v, (u8)((entry & 0x0f) | (select & 0x0f) << 4));
	return dac_colour(v, (u8)((entry & 0x3f) | (select & 0x0c) << 4));
}

/* ---- the size ---- */

static void graphics_size(const struct vga_state *s, struct vga_screen *screen)
{
	u32 scans = s->crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE ? 2 : 1;
	u8 both = CRTC_MODE_NOT_CGA | CRTC_MODE_NOT_HERCULES;

	if ((s->crtc[CRTC_MODE] & both) == both) /* the scan lines of a row show the same bytes */
		scans *= scans_per_row(s);
	screen->kind = SCREEN_GRAPHICS;
	screen->line_scans = scans;
	screen->width = (s->crtc[CRTC_H_END] + 1u) * (s->gfx[GFX_MODE] & GFX_MODE_256 ? 4 : 8);
	screen->height = (vga_shown_lines(s) + scans - 1) / scans;
}

static void text_size(const struct vga_state *s, struct vga_screen *screen)
{
	u32 scans = s->crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE ? 2 : 1, step = row_step(s), at;

	screen->kind = SCREEN_TEXT;
	screen->line_scans = scans;
	screen->char_height = scans_per_row(s);
	screen->char_width = s->seq[SEQ_CLOCKING] & CLOCKING_8_DOTS ? 8 : 9;
	screen->columns = s->crtc[CRTC_H_END] + 1u;
	screen->rows = vga_shown_lines(s) / scans / screen->char_height;
	if (!screen->rows)
		screen->rows = 1;
	screen->width = screen->columns * screen->char_width;
	screen->height = screen->rows * screen->char_height;
	at = (((u32)s->crtc[CRTC_CURSOR_HIGH] << 8 | s->crtc[CRTC_CURSOR_LOW]) - start_address(s)) & 0xffff;
	screen->cursor_column = step ? at % step : at;
	screen->cursor_row = step ? at / step : 0;
	screen->cursor = !(s->crtc[CRTC_CURSOR_START] & CURSOR_OFF) &&
			 (s->crtc[CRTC_CURSOR_START] & 0x1f) <= (s->crtc[CRTC_CURSOR_END] & 0x1f) &&
			 screen->cursor_column < screen->columns && screen->cursor_row < screen->rows;
}

void vga_screen(const struct vga *v, struct vga_screen *screen)
{
	const struct vga_state *s = &v->s;
	bool vbe;

	memset(screen, 0, sizeof(*screen));
	vbe = vga_vbe_mode(s, &screen->vbe);
	if (!(s->attr_index[0] & ATTR_INDEX_ON) || s->seq[SEQ_CLOCKING] & CLOCKING_OFF ||
	    (!vbe && !(s->crtc[CRTC_MODE] & CRTC_RUNS)))
		return;
	if (vbe) {
		screen->kind = SCREEN_GRAPHICS;
		screen->linear = true;
		screen->width = screen->vbe.width;
		screen->height = screen->vbe.height;
	} else if (s->gfx[GFX_MISC] & GFX_MISC_GRAPHICS) {
		graphics_size(s, screen);
	} else {
		text_size(s, screen);
	}
}

/* ---- text ---- */

/* Characters are in plane 0, their attributes in plane 1. */
static struct vga_cell cell_at(const struct vga *v, u32 at)
{
	struct vga_cell c = { .character = plane_byte(v, 0, at), .attribute = plane_byte(v, 1, at) };

	c.fore = c.attribute & 15;
	c.back = c.attribute >> 4;
	if (v->s.attr[ATTR_MODE] & ATTR_MODE_BLINK)
		c.back &= 7;
	return c;
}

struct vga_cell vga_screen_cell(const struct vga *v, u32 column, u32 row)
{
	const struct vga_state *s = &v->s;
	u32 first_split = (split_line(s) + 1) / (s->crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE ? 2 : 1) / scans_per_row(s);
	u32 counter = row >= first_split ? (row - first_split) * row_step(s) : start_address(s) + row * row_step(s);

	return cell_at(v, address(s, (counter + column) & 0xffff, 0));
}

/* Two fonts can be loaded at once; bit 3 of the attribute chooses, if they differ. */
static u32 font_base(const struct vga_state *s, u8 attribute)
{
	u8 map = s->seq[SEQ_FONT];
	u32 two_bits = attribute & 8 ? map >> 2 & 3 : map & 3, third = attribute & 8 ? map >> 5 & 1 : map >> 4 & 1;

	return two_bits << 14 | third << 13;
}

static void text_line(const struct vga *v, const struct vga_screen *screen, u32 y, u32 *pixels)
{
	const struct vga_state *s = &v->s;
	u32 row = y / screen->char_height, scan = y % screen->char_height;

	for (u32 column = 0; column < screen->columns; column++, pixels += screen->char_width) {
		struct vga_cell c = vga_screen_cell(v, column, row);
		u32 glyph = font_base(s, c.attribute) + c.character * GLYPH_BYTES;
		u32 fore = vga_screen_colour(v, c.fore), back = vga_screen_colour(v, c.back);
		u32 dots = (u32)plane_byte(v, FONT_PLANE, glyph + scan) << 1;

		/* The ninth dot is empty, or for lines and blocks the eighth once more. */
		if (s->attr[ATTR_MODE] & ATTR_MODE_LINE && c.character >= LINE_GRAPHICS_FIRST &&
		    c.character <= LINE_GRAPHICS_LAST)
			dots |= dots >> 1 & 1;
		if (screen->cursor && column == screen->cursor_column && row == screen->cursor_row &&
		    scan >= (s->crtc[CRTC_CURSOR_START] & 0x1fu) && scan <= (s->crtc[CRTC_CURSOR_END] & 0x1fu))
			dots = 0x1ff;
		for (u32 i = 0; i < screen->char_width; i++)
			pixels[i] = dots >> (8 - i) & 1 ? fore : back;
	}
}

/* ---- graphics ---- */

/* The eight pixels of one character clock: a bit of every plane each, or two bits of two planes in turn. */
static void planar_clock(const struct vga *v, u32 at, u32 *pixels)
{
	bool pairs = v->s.gfx[GFX_MODE] & GFX_MODE_INTERLEAVE;
	u8 p[4];

	for (u32 i = 0; i < 4; i++)
		p[i] = plane_byte(v, i, at);
	for (u32 i = 0; i < 8; i++) {
		u32 low = p[i / 4], high = p[2 + i / 4], bit = 7 - i, pair = 6 - i % 4 * 2;
		u32 colour = pairs ? (low >> pair & 3) | (high >> pair & 3) << 2
				   : (p[0] >> bit & 1u) | (p[1] >> bit & 1u) << 1 | (p[2] >> bit & 1u) << 2 |
					     (p[3] >> bit & 1u) << 3;

		pixels[i] = vga_screen_colour(v, (u8)colour);
	}
}

static void vga_line(const struct vga *v, const struct vga_screen *screen, u32 y, u32 *pixels)
{
	const struct vga_state *s = &v->s;
	u32 doubled = s->crtc[CRTC_MAX_SCAN] & MAX_SCAN_DOUBLE ? 2 : 1, clocks = s->crtc[CRTC_H_END] + 1u;
	u32 scan_line = y * screen->line_scans, split = split_line(s);
	bool below = scan_line > split;
	u32 counter = below ? 0 : start_address(s), scan;

	scan_line = (below ? scan_line - split - 1 : scan_line) / doubled;
	scan = scan_line % scans_per_row(s);
	counter += scan_line / scans_per_row(s) * row_step(s);
	for (u32 i = 0; i < clocks; i++) {
		u32 at = address(s, (counter + i) & 0xffff, scan);

		if (!(s->gfx[GFX_MODE] & GFX_MODE_256)) {
			planar_clock(v, at, pixels + 8 * (size_t)i);
			continue;
		}
		for (u32 plane = 0; plane < 4; plane++)
			pixels[4 * (size_t)i + plane] = dac_colour(v, plane_byte(v, plane, at));
	}
}

static u32 packed_pixel(const struct vga *v, u32 bits, const u8 *at)
{
	switch (bits) {
	case 8: return dac_colour(v, at[0]);
	case 15: {
		u32 w = at[0] | (u32)at[1] << 8;

		return expand(w, 10, 5) << 16 | expand(w, 5, 5) << 8 | expand(w, 0, 5);
	}
	case 16: {
		u32 w = at[0] | (u32)at[1] << 8;

		return expand(w, 11, 5) << 16 | expand(w, 5, 6) << 8 | expand(w, 0, 5);
	}
	default: return (u32)at[2] << 16 | (u32)at[1] << 8 | at[0];
	}
}

static void vbe_line(const struct vga *v, const struct vbe_mode *mode, u32 y, u32 *pixels)
{
	u32 bytes = (mode->bits + 7) / 8, line = mode->first + y * mode->pitch;

	for (u32 x = 0; x < mode->width; x++) {
		const u8 *at = v->memory + (mode->bits == 4 ? 4 * (size_t)(line + x / 8) : line + (size_t)x * bytes);
		u32 bit = 7 - x % 8;

		if (mode->bits == 4)
			pixels[x] = vga_screen_colour(v, (u8)((at[0] >> bit & 1) | (at[1] >> bit & 1) << 1 |
							      (at[2] >> bit & 1) << 2 | (at[3] >> bit & 1) << 3));
		else
			pixels[x] = packed_pixel(v, mode->bits, at);
	}
}

void vga_screen_line(const struct vga *v, const struct vga_screen *screen, u32 y, u32 *pixels)
{
	if (screen->kind == SCREEN_TEXT)
		text_line(v, screen, y, pixels);
	else if (screen->linear)
		vbe_line(v, &screen->vbe, y, pixels);
	else if (screen->kind == SCREEN_GRAPHICS)
		vga_line(v, screen, y, pixels);
}
