/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-interrupts.c - interrupts on their way to the processors.
 * Rule: drawn from the chips' state; nothing is acknowledged by looking.
 */
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = { { "left right", "move the text" }, { 0 } };

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_irqs(p->s, l);
	line_pane_draw_wrapped(p, a);
}

const struct pane_class pane_interrupts = {
	.name = "interrupts",
	.title = "interrupts",
	.book = "6.3",
	.help = help,
	.min_rows = 3,
	.min_cols = 30,
	.draw = draw,
	.key = line_pane_key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
