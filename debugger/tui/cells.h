/* SPDX-License-Identifier: GPL-3.0-or-later
 * cells.h - a screen in memory: cells of character and style, and windows to draw in.
 * Rule: nothing that draws knows a terminal; what falls outside of an area is cut off, so nothing is ever drawn wrong.
 */
#ifndef VITRINE_DEBUGGER_TUI_CELLS_H
#define VITRINE_DEBUGGER_TUI_CELLS_H

#include "core/base/buf.h"
#include "core/base/types.h"

/* What a cell means; the theme says how that looks.  Never a meaning by colour alone. */
enum style {
	STYLE_TEXT, STYLE_DIM, STYLE_TITLE, STYLE_BORDER, STYLE_STATUS, STYLE_KEY,
	STYLE_CURSOR,   /* the line the cursor is on */
	STYLE_CHANGED,  /* changed by the last step */
	STYLE_GOOD, STYLE_BAD, STYLE_WARN,
	STYLE_ADDRESS, STYLE_EXIT, STYLE_BREAK, STYLE_HERE,
	STYLES
};

struct cell {
	u32 ch;    /* Unicode; ASCII only when the screen is */
	u8 style;
	u8 wide;   /* 1: a wide character; 2: the cell it covers */
};

struct cells {
	u32 rows, cols;
	bool ascii;           /* lines are + - |, no other character above 7Eh */
	struct cell *cell;    /* rows * cols */
	i32 cursor_row, cursor_col; /* where the terminal's cursor goes, -1 = hidden */
};

int cells_resize(struct cells *c, u32 rows, u32 cols); /* blank; -ENOMEM leaves it as it was */
void cells_free(struct cells *c);
void cells_clear(struct cells *c);

/* A window of it. Coordinates are its own. */
struct area { struct cells *c; i32 row, col, rows, cols; };
struct area area_whole(struct cells *c);
struct area area_part(struct area a, i32 row, i32 col, i32 rows, i32 cols); /* cut to a */
/* Columns used.  Text is UTF-8; control characters become '.', bytes that are no UTF-8 '?'.  ASCII screens get '?' for
 * the rest but for the line characters, which become + - |. */
i32 area_put(struct area a, i32 row, i32 col, enum style style, const char *text);
i32 area_printf(struct area a, i32 row, i32 col, enum style style, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void area_style(struct area a, i32 row, i32 col, i32 cols, enum style style); /* change the style of what is there */
void area_fill(struct area a, enum style style);
void area_box(struct area a, const char *title, bool focus); /* border; the title in its upper line */
/* The screen as text, for golden files: rows of characters; with styles: after each row a row of style letters. */
void cells_text(const struct cells *c, bool styles, struct buf *out);

#endif
