/* SPDX-License-Identifier: GPL-3.0-or-later
 * output.h - what was said, line by line, the latest of it.
 * Rule: a line's number never changes, so what is being read stays where it is while more comes.
 */
#ifndef VITRINE_DEBUGGER_TUI_OUTPUT_H
#define VITRINE_DEBUGGER_TUI_OUTPUT_H

#include "debugger/session/session.h"

enum { OUTPUT_LINES = 4096, OUTPUT_LINE_MOST = 1000 };

struct output_line { char *text; u8 kind; bool typed; };
struct output {
	struct output_line line[OUTPUT_LINES]; /* number n is at n % OUTPUT_LINES */
	u64 first, next;                       /* first .. next - 1 are there */
};

/* Lines of text, their ends left out; a long one is cut. */
void output_add(struct output *o, enum say_kind kind, bool typed, const char *text, size_t len);
const struct output_line *output_get(const struct output *o, u64 number); /* NULL: gone */
void output_free(struct output *o);

#endif
