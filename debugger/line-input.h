/* SPDX-License-Identifier: GPL-3.0-or-later
 * line-input.h - lines from a person (readline: history, completion, editing) or from a file or pipe.
 * Rule: readline knows one session and one place of its own, here; nobody else includes its headers.
 */
#ifndef VITRINE_DEBUGGER_LINE_INPUT_H
#define VITRINE_DEBUGGER_LINE_INPUT_H

#include <stdbool.h>

struct session;

/* person: standard input and output are a terminal.  Says once, on standard error, if there can be no history. */
void line_input_open(struct session *s, bool person);
void line_input_close(void);
/* The next line without its end, malloc'd; NULL: the end, or a signal that ends (runner_signal).  An empty one: Ctrl-C. */
char *line_input(const char *prompt);
/* Remember a statement, which may be of several lines. */
void line_input_remember(const char *text);

#endif
