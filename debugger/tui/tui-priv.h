/* SPDX-License-Identifier: GPL-3.0-or-later
 * tui-priv.h - the screen's own state, and what its files offer each other.
 * Rule: only the files of the frame read this; panes use pane.h.
 */
#ifndef VITRINE_DEBUGGER_TUI_TUI_PRIV_H
#define VITRINE_DEBUGGER_TUI_TUI_PRIV_H

#include "core/state.h"
#include "debugger/tui/edit.h"
#include "debugger/tui/layout.h"
#include "debugger/tui/output.h"
#include "debugger/tui/tui.h"

enum { PANES_MOST = 32, TRAIL = 16 };

/* A question in the place of the prompt. */
struct question {
	bool open;
	char text[80];
	struct edit answer;
	void (*done)(struct pane *p, const char *answer);
	struct pane *pane;
};

/* Lines above everything else: help, or a menu to choose from. */
struct popup {
	bool open, menu;
	char title[64];
	struct buf text;      /* lines */
	i64 at, top, count;
	i32 rows;             /* lines it had when it was drawn */
	void (*chosen)(struct tui *t, i64 line);
};

struct tui {
	struct tui_config config;
	struct session *s;
	struct cells cells;
	struct pane pane[PANES_MOST];
	int npanes, view, focus[TUI_VIEWS + 1]; /* which pane of the view's */
	struct { int view, focus; } trail[TRAIL]; /* where Backspace goes */
	int ntrail;
	bool zoom;
	bool working;          /* a line is being run, and the guest stands still */
	struct placed placed[PLACED_MOST]; /* as drawn last */
	int nplaced;
	struct output output;
	struct edit prompt;
	struct edit_history history;
	struct buf lines;      /* of a Trap block that is not complete yet */
	bool prompting;
	struct question ask;
	struct popup popup;
	bool confirm_quit, leaves;
	int after;             /* a key that waits for the next one: m ' */
	char message[200];     /* on the last line until the next key */
	char search[64];
	struct x86_state before, now; /* `now` as it was when the latest command began */
	bool have_before;
	u64 run_host, run_icount, mips; /* while the guest runs: since when */
	int tour_step;
	bool memory, console;  /* shown in the places of walk and output */
};

/* tui.c */
struct pane *tui_focused(struct tui *t);
void tui_focus(struct tui *t, const struct pane_class *class);
void tui_message(struct tui *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void tui_remember_place(struct tui *t);
/* Run a line; echo: show it in the output pane, as a typed one. */
void tui_run_line(struct tui *t, const char *line, bool echo);
/* What is seen in the place of this class: memory may be where the walk is, tour or console where the output is. */
const struct pane_class *tui_instead(const struct tui *t, const struct pane_class *class);
/* The view's panes in the order of Tab. */
int tui_view_panes(const struct tui *t, const struct pane_class *out[PLACED_MOST]);

/* frame.c */
void tui_frame(struct tui *t);
/* keymap.c */
void tui_global_key(struct tui *t, int key);
void keymap_hints(struct tui *t, struct buf *out);
void keymap_help(struct tui *t, bool all, struct buf *out);
/* popup.c */
void popup_open(struct tui *t, const char *title, bool menu, void (*chosen)(struct tui *t, i64 line));
bool popup_key(struct tui *t, int key);
void popup_draw(struct tui *t);
/* prompt.c */
void prompt_open(struct tui *t, const char *text);
void prompt_key(struct tui *t, int key);
void ask_key(struct tui *t, int key);
void prompt_draw(struct tui *t, struct area a);
/* status.c */
void status_draw(struct tui *t, struct area a);
void tabs_draw(struct tui *t, struct area a);
void timeline_draw(struct tui *t, struct area a);
#endif
