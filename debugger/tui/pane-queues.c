/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-queues.c - virtqueues, with their rings and descriptors.
 * Rule: rings are read as the guest left them; a wrong one is shown as wrong.
 */
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "Enter", "rings and descriptors, and back; on a descriptor: its memory" },
	{ "left right", "move the text" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_queues(p->s, p->mode, l);
	if (l && l->n == 1)
		line_pane_draw_wrapped(p, a);
	else
		line_pane_draw(p, a);
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);

	if (key == KEY_ENTER_ && (!line || line->about != ABOUT_GPA)) {
		p->mode = !p->mode;
		return true;
	}
	return line_pane_key(p, key);
}

const struct pane_class pane_queues = {
	.name = "queues",
	.title = "virtqueues   Enter: rings",
	.book = "6.5",
	.help = help,
	.min_rows = 3,
	.min_cols = 30,
	.draw = draw,
	.key = key,
	.expression = line_pane_expression,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
