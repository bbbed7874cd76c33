/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-stats.c - exits by reason with their costs, and the counters.
 * Rule: the host's times are shown only where the screen allows it, so that a fixed run draws a fixed screen.
 */
#include <stdio.h>

#include "core/exit.h"
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "Enter", "the exits of this reason, in the output" },
	{ "left right", "move the text" },
	{ ":stats csv FILE", "write the table to a file" },
	{ ":stats prometheus FILE", "the same for Prometheus" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_stats(p->s, a.cols, !p->tui || tui_shows_host_times(p->tui), l);
	line_pane_draw_wrapped(p, a);
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	const char *name = line && line->about == ABOUT_REASON ? exit_name((u16)line->value) : NULL;
	char text[64];

	if (key != KEY_ENTER_ || !name)
		return line_pane_key(p, key);
	snprintf(text, sizeof(text), "exits %s", name);
	tui_command(p->tui, text);
	return true;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	const struct line *line = line_pane_at(p);
	const char *name = line && line->about == ABOUT_REASON ? exit_name((u16)line->value) : NULL;

	if (name)
		snprintf(text, size, "exit(%s)", name);
	return name;
}

const struct pane_class pane_stats = {
	.name = "stats",
	.title = "statistics   since the start",
	.book = "3.3",
	.help = help,
	.min_rows = 4,
	.min_cols = 34,
	.draw = draw,
	.key = key,
	.expression = expression,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
