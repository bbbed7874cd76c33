/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-lines.h - panes that show a list of lines made by a describer (session/describe.h).
 * Rule: nothing is lost at the right edge: Left and Right move the text, and the cursor's line is shown
 * whole below.
 */
#ifndef VITRINE_DEBUGGER_TUI_PANE_LINES_H
#define VITRINE_DEBUGGER_TUI_PANE_LINES_H

#include "debugger/session/describe.h"
#include "debugger/tui/pane.h"

/* p->own of such a pane begins with this. */
struct line_pane {
	struct lines lines; /* as drawn last */
	i32 left;           /* columns moved out at the left */
};

/* For class->open, class->close: own is `size` zeroed bytes, a struct line_pane first. */
void line_pane_open(struct pane *p, size_t size);
void line_pane_close(struct pane *p);
/* The list, emptied, to be filled and then drawn; NULL: no memory. */
struct lines *line_pane_begin(struct pane *p);
void line_pane_draw(struct pane *p, struct area a);
/* The same with lines that are too wide broken, where lines need not stand one below the other. */
void line_pane_draw_wrapped(struct pane *p, struct area a);
/* The cursor's line as drawn last, or NULL. */
const struct line *line_pane_at(const struct pane *p);
/* Left, Right; Enter follows the address, to the memory pane or the code pane. */
bool line_pane_key(struct pane *p, int key);
/* The address of the cursor's line as Trap writes it. */
bool line_pane_expression(struct pane *p, char *text, size_t size);

/* class->open for panes that need no more than a list. */
void line_pane_open_plain(struct pane *p);

#endif
