/* SPDX-License-Identifier: GPL-3.0-or-later
 * layout.h - which part of the screen is whose: trees of rows and columns as data.
 * Rule: neighbours share their border, so n boxes side by side have n - 1 columns less than their sum.
 */
#ifndef VITRINE_DEBUGGER_TUI_LAYOUT_H
#define VITRINE_DEBUGGER_TUI_LAYOUT_H

#include "debugger/tui/pane.h"

enum layout_kind { LAYOUT_END, LAYOUT_PANE, LAYOUT_ROWS, LAYOUT_COLS };

/* A tree in prefix order: a node of ROWS or COLS is followed by its n children. */
struct split {
	u8 kind, n;
	i16 size;   /* rows or columns at least, borders counted */
	u8 weight;  /* its share of what is left over */
	const struct pane_class *pane;
};

/* Sizes of screens, each with the rules of its own. */
enum screen_size {
	SCREEN_TINY,   /* prompt and one status line */
	SCREEN_SMALL,  /* one pane, Tab turns pages */
	SCREEN_NORMAL, /* 80x24 and more */
	SCREEN_LARGE,  /* 160x50 and more */
};
enum screen_size screen_size(i32 rows, i32 cols);

struct placed { const struct pane_class *pane; struct area box; };
enum { PLACED_MOST = 12 };
/* The boxes of a tree within an area.  How many. */
int layout_place(const struct split *tree, struct area area, struct placed out[PLACED_MOST]);

struct view {
	const char *name;
	const struct split *normal, *large;
};
extern const struct view views[]; /* 9 of them */

#endif
