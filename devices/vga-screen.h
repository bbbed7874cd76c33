/* SPDX-License-Identifier: GPL-3.0-or-later
 * vga-screen.h - what a monitor at the display adapter would show: text cells, or lines of pixels.
 * Rule: looking changes nothing, and any contents of registers and memory give some picture of bounded size.
 */
#ifndef VITRINE_DEVICES_VGA_SCREEN_H
#define VITRINE_DEVICES_VGA_SCREEN_H

#include "devices/vga.h"

enum vga_screen_kind { SCREEN_OFF, SCREEN_TEXT, SCREEN_GRAPHICS };

struct vga_screen {
	enum vga_screen_kind kind;
	u32 width, height;             /* pixels; at most VBE_XRES_MAX by VBE_YRES_MAX */
	u32 columns, rows;             /* characters, of a text screen */
	u32 char_width, char_height;   /* pixels */
	bool cursor;                   /* it is on, and on the screen */
	u32 cursor_column, cursor_row;
	bool linear;                   /* packed pixels, as `vbe` says */
	struct vbe_mode vbe;
	u32 line_scans;                /* scan lines per line of the picture: equal ones are shown once */
};

struct vga_cell {
	u8 character, attribute;
	u8 fore, back;                 /* colours 0 to 15 */
};

void vga_screen(const struct vga *v, struct vga_screen *screen);
/* A character of a text screen; column and row are within it. */
struct vga_cell vga_screen_cell(const struct vga *v, u32 column, u32 row);
/* The colour that the adapter makes of colour 0 to 15: 00RRGGBBh. */
u32 vga_screen_colour(const struct vga *v, u8 colour);
/* One line of pixels, screen->width of them, as 00RRGGBBh: of text, too. */
void vga_screen_line(const struct vga *v, const struct vga_screen *screen, u32 y, u32 *pixels);

#endif
