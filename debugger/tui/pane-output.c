/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-output.c - what verbs, scripts and devices said.
 * Rule: it shows the end until the user scrolls back, and then stands still until the user is at the end again.
 */
#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

static const struct pane_key help[] = {
	{ "arrows PgUp PgDn g G", "scroll back and forward; G follows what is said" },
	{ 0 },
};

static enum style style_of(const struct output_line *l)
{
	return l->typed ? STYLE_DIM : l->kind == SAY_ERROR ? STYLE_BAD : l->kind == SAY_LOG ? STYLE_WARN : STYLE_TEXT;
}

static void draw(struct pane *p, struct area a)
{
	const struct output *o = p->tui ? &p->tui->output : NULL;
	i64 lines = o ? (i64)(o->next - o->first) : 0, top;

	p->rows = a.rows;
	p->count = lines;
	if (p->at >= lines - 1)
		p->follows = true;
	if (p->follows)
		p->at = lines - 1;
	top = p->at - a.rows + 1 > 0 ? p->at - a.rows + 1 : 0;
	for (i32 r = 0; r < a.rows && top + r < lines; r++) {
		const struct output_line *l = output_get(o, o->first + (u64)(top + r));
		area_put(a, r, 0, style_of(l), l->text);
	}
}

/* Up moves the last line shown; the first screenful cannot move up. */
static bool key(struct pane *p, int key)
{
	i64 by = key == KEY_UP_ || key == 'k' ? -1 : key == KEY_PGUP_ ? -p->rows :
		 key == KEY_HOME_ || key == 'g' ? -p->count : 0;

	if (!by)
		return false;
	p->follows = false;
	p->at = p->at + by < p->rows - 1 ? p->rows - 1 : p->at + by;
	return true;
}

const struct pane_class pane_output = {
	.name = "output", .title = "output", .book = "3.2", .help = help, .min_rows = 2, .min_cols = 20,
	.draw = draw, .key = key,
};
