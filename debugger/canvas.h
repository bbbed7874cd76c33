/* SPDX-License-Identifier: GPL-3.0-or-later
 * canvas.h - a guest's screen as a terminal can show it: what is on it now, and the bytes that change it.
 * Rule: only cells that differ from what was drawn last are drawn; the bytes go to a buffer, so that a test needs no
 * terminal.
 */
#ifndef VITRINE_DEBUGGER_CANVAS_H
#define VITRINE_DEBUGGER_CANVAS_H

#include "core/base/buf.h"
#include "devices/vga-screen.h"

enum canvas_colours {
	COLOURS_NONE, /* NO_COLOR: a background other than black is shown reversed */
	COLOURS_16,
	COLOURS_256,
	COLOURS_RGB,
};

struct canvas_kind {
	bool dumb; /* it can only print lines: changed rows are printed, as text */
	bool utf8;
	enum canvas_colours colours;
};

/* The form of a colour: 0 to 15 as the PC counts them, or a mark and RGB. */
#define CANVAS_RGB 0x1000000u
struct canvas_cell {
	u32 character; /* Unicode, or ASCII */
	u32 fore, back;
};

struct canvas {
	struct canvas_kind kind;
	u32 columns, rows;           /* of the terminal */
	u32 left, top;               /* the guest's column and row in its upper left corner */
	struct canvas_cell *drawn, *wanted; /* columns * rows each */
	bool fresh;                  /* nothing is drawn yet */
	bool cursor;                 /* as drawn */
	u32 cursor_column, cursor_row;
	u32 *line;                   /* room for one line of pixels */
};

int canvas_open(struct canvas *c, struct canvas_kind kind, struct err *err);
void canvas_close(struct canvas *c);
/* The terminal has this size now; everything is drawn again.  -ENOMEM leaves it as it was. */
int canvas_resize(struct canvas *c, u32 columns, u32 rows);
/* Something else has written to the terminal. */
void canvas_refresh(struct canvas *c);
/* Append what makes the terminal show the adapter's picture as it is now; nothing if it does already. */
void canvas_draw(struct canvas *c, const struct vga *v, struct buf *out);

#endif
