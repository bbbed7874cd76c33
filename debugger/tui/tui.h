/* SPDX-License-Identifier: GPL-3.0-or-later
 * tui.h - the debugger's screen: keys go in, cells come out.
 * Rule: nothing here knows a terminal; so tests and fuzzing drive the same screen that a person sees.
 *
 * A key is done when tui_key returns: `c` runs the guest until it stops.  Meanwhile `refresh` is called some 25 times
 * a second, from within; it may call everything here but tui_close: that is how the screen lives while the guest runs.
 */
#ifndef VITRINE_DEBUGGER_TUI_TUI_H
#define VITRINE_DEBUGGER_TUI_TUI_H

#include "debugger/tui/pane.h"

enum { TUI_VIEWS = 9 };

struct tui_config {
	bool ascii;      /* lines are + - | */
	bool host_times; /* show what depends on the host's speed */
	bool tour;       /* the guided first run */
	const char *name; /* what the status line calls the guest; NULL: its file */
	void (*refresh)(void *arg); /* see above */
	void (*show)(void *arg);    /* something that may take long begins: show what the screen says now; may be NULL */
	void *arg;
};

/* The session is opened, too; its guest stands before its first instruction.  *t is NULL after an error. */
int tui_open(struct tui **t, const struct machine_options *o, const struct tui_config *c, struct err *err);
void tui_close(struct tui *t);

/* A key: enum tui_key.  Everything that can be typed is allowed at any time. */
void tui_key(struct tui *t, int key);
/* A click (button 1) or the wheel (4 up, 5 down) at a cell. */
void tui_mouse(struct tui *t, i32 row, i32 col, int button);
/* The screen's new size.  False: no memory, it keeps the old one. */
bool tui_resize(struct tui *t, u32 rows, u32 cols);
/* Everything drawn anew; the cells are the screen's until it is called again. */
const struct cells *tui_draw(struct tui *t);

/* As drawn last. */
const struct cells *tui_cells(const struct tui *t);

/* The user wants to leave, and has confirmed it. */
bool tui_leaves(const struct tui *t);
struct session *tui_session(struct tui *t);
/* Show view 1 to 9. */
void tui_view(struct tui *t, int view);
/* One line into the output pane. */
void tui_say(struct tui *t, enum say_kind kind, const char *text, size_t len);

#endif
