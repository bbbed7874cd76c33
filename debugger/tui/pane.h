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

/* Keys as panes see them: ASCII, one of these, or KEY_UNICODE_ + a character. */
enum tui_key { KEY_UP_ = 0x100, KEY_DOWN_, KEY_LEFT_, KEY_RIGHT_, KEY_PGUP_, KEY_PGDN_, KEY_HOME_, KEY_END_, KEY_BTAB_, KEY_F1_,
	       KEY_DELETE_, KEY_UNICODE_ = 0x200000, KEY_ENTER_ = '\n', KEY_TAB_ = '\t', KEY_ESC_ = 27, KEY_BACKSPACE_ = 0x7f };

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
	/* For a class that remembers more than struct pane does, in p->own; each may be NULL. */
	void (*open)(struct pane *p);  /* when the pane is made; own == NULL afterwards: no memory, and it shows less */
	void (*close)(struct pane *p);
	void (*moving)(struct pane *p); /* the guest is about to run, or time to change: note what changes are to be marked against */
	void (*say)(struct pane *p, enum say_kind kind, const char *text, size_t len); /* as struct session_ui */
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
	void *own;            /* the class's: see open */
	bool decimal;         /* `x`: numbers in decimal */
	bool grabs;           /* every key but Ctrl-], which clears this, is its: the guest's console */
};

/* A pane outside of any screen, for tests (t NULL): draw with p->class->draw. */
void pane_open(struct pane *p, const struct pane_class *class, struct session *s, struct tui *t);
void pane_close(struct pane *p);
/* Draw the lines of a list: keeps p->top so that p->at is seen, and marks the cursor's line. */
void pane_scroll(struct pane *p, i64 count, i32 rows);

/* An answer of tui_ask that is an address, as Trap reckons it.  False: there is none, and why has been said. */
bool pane_number(struct pane *p, const char *answer, u64 *value);
/* For tui_ask: look at that address, and follow nothing. */
void pane_look_at(struct pane *p, const char *answer);

/* The pane of a class on the same screen, or NULL: what is chosen there (which device) decides what others show. */
struct pane *tui_pane(struct tui *t, const struct pane_class *class);
/* For a pane's key(): run a line as if it had been typed (`break 0x7c05`, `step 1exit`). */
void tui_command(struct tui *t, const char *line);
/* Ask for a line; the answer comes to `done`, NULL if the user left with Esc. */
void tui_ask(struct tui *t, const char *question, void (*done)(struct pane *p, const char *answer), struct pane *p);
/* Show the main view with the code or memory pane at an address. */
void tui_show_code(struct tui *t, u64 gva);
void tui_show_memory(struct tui *t, u64 address, bool physical);
/* Show the paging view with the map of the machine at a machine address. */
void tui_show_frame(struct tui *t, u64 address);
/* The host's times may be shown (costs of exits, speeds); false in golden screens. */
bool tui_shows_host_times(const struct tui *t);
/* The processor's state as it was before the latest step, for marking changes; NULL: nothing to compare with. */
const struct x86_state *tui_before(const struct tui *t);

#endif
