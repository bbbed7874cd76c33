/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen.h - the terminal: cells go to it, keys come from it.
 * Rule: it is as it was on every way out; there is one terminal, so there is one screen.
 */
#ifndef VITRINE_DEBUGGER_TUI_SCREEN_H
#define VITRINE_DEBUGGER_TUI_SCREEN_H

#include "core/base/err.h"
#include "debugger/tui/pane.h"

struct screen_config {
	bool colour, mouse;
};

enum { SCREEN_KEY_NONE = -1, SCREEN_KEY_GONE = -2, SCREEN_KEY_MOUSE = -3 };

/* Why this terminal cannot have a screen: one line, or NULL if it can.  Looks only. */
const char *screen_refusal(void);
/* The terminal's characters are UTF-8, as its locale says. */
bool screen_is_utf8(void);
/* After runner_init.  Takes standard input and output. */
int screen_open(const struct screen_config *c, struct err *err);
void screen_close(void);
/* Rows and columns now. */
void screen_size_now(u32 *rows, u32 *cols);
/* Only what changed goes to the terminal. */
void screen_show(const struct cells *c);
/* The next key, or SCREEN_KEY_NONE when none came within so many ms, or a signal did; SCREEN_KEY_GONE: the terminal is
 * no more; SCREEN_KEY_MOUSE: *row, *col, *button (1 left, 4 wheel up, 5 down). */
int screen_key(int wait_ms, i32 *row, i32 *col, int *button);
/* Ctrl-Z: the shell has the terminal until it continues us. */
void screen_suspend(void);

#endif
