/* SPDX-License-Identifier: GPL-3.0-or-later
 * edit.h - a line that is being typed, and the lines typed before.
 * Rule: the text is always valid UTF-8, and `at` is always the start of a character or the end.
 */
#ifndef VITRINE_DEBUGGER_TUI_EDIT_H
#define VITRINE_DEBUGGER_TUI_EDIT_H

#include "core/base/types.h"

enum { EDIT_MOST = 1000, EDIT_HISTORY = 200 };

struct edit {
	char text[EDIT_MOST + 1];
	size_t len, at; /* bytes */
};

struct edit_history {
	char *line[EDIT_HISTORY]; /* oldest first */
	int n, at;                /* at == n: the line being typed */
	struct edit kept;         /* it, while older ones are looked at */
};

void edit_set(struct edit *e, const char *text); /* cut to EDIT_MOST */
/* Put text at the cursor; false: no room, nothing is done. */
bool edit_insert(struct edit *e, const char *text, size_t len);
/* Replace [start, at) by text. */
void edit_replace(struct edit *e, size_t start, const char *text);
/* Keys of a line: characters, arrows, Home, End, Delete, Backspace, and Ctrl-A E B F K U W D as readline has them.
 * False: not one of these. */
bool edit_key(struct edit *e, int key);

void edit_history_add(struct edit_history *h, const char *line); /* not the same twice in a row; no memory: lost */
bool edit_history_key(struct edit_history *h, struct edit *e, int key); /* up, down, Ctrl-P, Ctrl-N */
void edit_history_free(struct edit_history *h);

#endif
