/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-maps.c - the aggregations of scripts and probes, as `print @name` shows them.
 * Rule: the text is Trap's own; this only cuts it into lines.
 */
#include <string.h>

#include "debugger/trap/run.h"
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "left right", "move the text" },
	{ ":@n = count();", "in a probe: count how often it fires" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);
	struct buf text = { 0 };

	if (l) {
		if (p->s->trap)
			trap_maps_text(p->s->trap, false, &text);
		for (const char *at = text.len ? buf_text(&text) : NULL; at && *at;) {
			size_t n = strcspn(at, "\n");

			lines_add(l, *at == '@' ? LINE_TITLE : LINE_TEXT, "%.*s", (int)n, at);
			at += n + (at[n] == '\n');
		}
		if (!l->n) {
			lines_add(l, LINE_DIM, "nothing is counted; for example, type at the prompt");
			lines_add(l, LINE_DIM, "  on exit { @exits[reason] = count(); }");
		}
		buf_free(&text);
	}
	line_pane_draw_wrapped(p, a);
}

const struct pane_class pane_maps = {
	.name = "maps",
	.title = "aggregations",
	.book = "3.4",
	.help = help,
	.min_rows = 2,
	.min_cols = 30,
	.draw = draw,
	.key = line_pane_key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
