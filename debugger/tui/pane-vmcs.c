/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-vmcs.c - the six areas of a VMCS, as far as the machine has their facts.
 * Rule: what is shown is the machine's own state in the manual's words; what changed by the last step is
 * marked.
 */
#include <string.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ ". ,", "next, previous area" },
	{ "left right", "move the text" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_vmcs(p->s, p->s->cpu, tui_before(p->tui), l);
	line_pane_draw_wrapped(p, a);
}

/* To the next title in this direction. */
static bool jump(struct pane *p, int step)
{
	struct line_pane *own = p->own;

	for (i64 i = p->at + step; own && i >= 0 && i < own->lines.n; i += step)
		if (own->lines.line[i].kind == LINE_TITLE) {
			p->at = i;
			p->top = i;
			return true;
		}
	return true;
}

static bool key(struct pane *p, int key)
{
	if (key == '.' || key == ',')
		return jump(p, key == '.' ? 1 : -1);
	return line_pane_key(p, key);
}

const struct pane_class pane_vmcs = {
	.name = "vmcs",
	.title = "VMCS",
	.book = "5.3",
	.help = help,
	.min_rows = 4,
	.min_cols = 40,
	.draw = draw,
	.key = key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
