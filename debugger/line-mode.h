/* SPDX-License-Identifier: GPL-3.0-or-later
 * line-mode.h - the debugger's prompt: a line in, its answer out.
 * Rule: an error in a line never ends it; `quit`, Trap's `exit`, the end of the input or a signal does.
 */
#ifndef VITRINE_DEBUGGER_LINE_MODE_H
#define VITRINE_DEBUGGER_LINE_MODE_H

#include "debugger/options.h"

enum { FIRST_LINES = 32 };
/* What is to be done before the first prompt, in this order. */
struct first_line {
	char kind; /* x: a file of lines; e: a line; s: symbols, FILE[@OFFSET] */
	const char *text;
};
struct first_lines {
	struct first_line line[FIRST_LINES];
	int n;
};

struct session;

/* One of them, as the line that could be typed instead; malloc'd, NULL without memory. */
char *first_line_text(const struct first_line *f);
/* Open a session, run the first lines, then those of standard input.  Returns enum exit_status. */
int line_mode(const struct machine_options *o, const struct first_lines *first);

#endif
