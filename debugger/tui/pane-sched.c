/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-sched.c - who runs: the processors and their turns.
 * Rule: only what the run loop really does is drawn; a scheduler is not pretended.
 */
#include <stdio.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = { { "Enter", "look at the processor of this line" },
					{ "left right", "move the text" },
					{ 0 } };

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l) {
		lines_add(l, LINE_MISSING,
			  "This build has no scheduler with weights and caps; the processors take turns:");
		describe_processors(p->s, l);
		describe_turns(p->s, a.cols - 2, l);
	}
	line_pane_draw_wrapped(p, a);
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	char text[24];

	if (key != KEY_ENTER_ || !line || line->about != ABOUT_CPU)
		return line_pane_key(p, key);
	snprintf(text, sizeof(text), "cpu %llu", (unsigned long long)line->value);
	tui_command(p->tui, text);
	return true;
}

const struct pane_class pane_sched = {
	.name = "sched",
	.title = "processors and their turns",
	.book = "7.1",
	.help = help,
	.min_rows = 4,
	.min_cols = 40,
	.draw = draw,
	.key = key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
