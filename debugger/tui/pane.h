/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane.h - what a part of the screen is: a class (const), and what the user has chosen in it.
 * Rule: drawing a pane changes nothing, in the guest or in the session; keys do that.
 *
 * A class is one file, pane-NAME.c, named once in panes.h and once in the view that shows it.
 */
#ifndef VITRINE_DEBUGGER_TUI_PANE_H
#define VITRINE_DEBUGGER_TUI_PANE_H

#include "debugger/session/session.h"
#include "debugger/tui/cells.h"

/* Keys as panes see them: ASCII, or one of these. */
enum tui_key { KEY_UP_ = 0x100, KEY_DOWN_, KEY_LEFT_, KEY_RIGHT_, KEY_PGUP_, KEY_PGDN_, KEY_HOME_, KEY_END_, KEY_BTAB_, KEY_F1_,
	       KEY_DELETE_, KEY_MOUSE_, KEY_RESIZE_, KEY_ENTER_ = '\n', KEY_TAB_ = '\t', KEY_ESC_ = 27, KEY_BACKSPACE_ = 0x7f };

struct pane;

struct pane_key { const char *keys, *brief; }; /* "x", "hexadecimal, decimal, symbol": for `?` */

struct pane_class {
	const char *name, *title;
	const char *book;              /* section of the textbook that explains it: "4.2" */
	const struct pane_key *help;   /* its own keys, ended by {0} */
	i32 min_rows, min_cols;        /* inside its border */
	/* Draw inside the border.  All in the pane is as the last key left it. */
	void (*draw)(struct pane *p, struct area a);
	/* True: the key was for this pane.  Arrows, hjkl, PgUp/PgDn, g, G that it does not take move p->at within p->count. */
	bool (*key)(struct pane *p, int key);
	void (*title_text)(struct pane *p, char *text, size_t size); /* NULL: the title */
	/* What `y` copies: the cursor's line as a Trap expression. NULL: nothing */
	bool (*expression)(struct pane *p, char *text, size_t size);
};

struct pane {
	const struct pane_class *class;
	struct session *s;
	struct tui *tui;
	bool focus;
	i64 at, top, count;   /* cursor, first line shown, number of lines (draw sets count) */
	i32 rows;             /* lines it had when it was drawn */
	u32 mode;             /* the class's own: which table, radix... */
	u64 address;          /* what it looks at, if it follows nothing */
	bool follows;         /* it shows what the processor is at */
	char filter[64];
};

/* For a pane's key(): run a line as if it had been typed (`break 0x7c05`, `step 1exit`). */
void tui_command(struct tui *t, const char *line);
/* Ask for a line; the answer comes to `done`, NULL if the user left with Esc. */
void tui_ask(struct tui *t, const char *question, void (*done)(struct pane *p, const char *answer), struct pane *p);
/* Show the main view with the code or memory pane at an address. */
void tui_show_code(struct tui *t, u64 gva);
void tui_show_memory(struct tui *t, u64 address, bool physical);
/* The processor's state as it was before the latest step, for marking changes; NULL: nothing to compare with. */
const struct x86_state *tui_before(const struct tui *t);

#endif
