/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-tlb.c - what the chosen processor's TLB holds.
 * Rule: the text is session/describe-tlb.c's; an engine that cannot tell says so.
 */
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "Enter", "the memory that the translation leads to" },
	{ "left right", "move the text" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_tlb(p->s, p->s->cpu, a.cols, l);
	line_pane_draw(p, a);
}

const struct pane_class pane_tlb = {
	.name = "tlb",
	.title = "TLB",
	.book = "5.4",
	.help = help,
	.min_rows = 2,
	.min_cols = 20,
	.draw = draw,
	.key = line_pane_key,
	.expression = line_pane_expression,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
