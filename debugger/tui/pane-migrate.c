/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-migrate.c - the place where a migration will be watched.
 * Rule: nothing is drawn that did not happen; the figures of the machine that a migration would move are
 * true.
 */
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = { { "left right", "move the text" }, { 0 } };

static void memory(struct pane *p, struct lines *l)
{
	const struct mem *m = &p->s->vm->mem;
	u64 pages = 0;

	for (int i = 0; i < m->nslots; i++)
		pages += m->slot[i].frame == FRAME_NONE ? 0 : m->slot[i].size / PAGE_SIZE_4K;
	lines_add(l, LINE_TEXT, "memory           %llu pages of 4 KiB", (unsigned long long)pages);
	lines_add(l, LINE_TEXT, "processors       %u", p->s->vm->ncpus);
	lines_add(l, LINE_TEXT, "devices          %d", p->s->vm->ndevices);
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l) {
		lines_add(l, LINE_MISSING, "This build has no migration.");
		lines_add(l, LINE_TITLE, "phase            set-up > pre-copy > stop and copy > done");
		lines_add(l, LINE_DIM, "none under way");
		lines_add(l, LINE_TITLE, "what would be moved");
		memory(p, l);
		lines_add(l, LINE_TITLE,
			  "round   sent pages   dirtied meanwhile   rate   estimated downtime");
		lines_add(l, LINE_DIM, "none");
	}
	line_pane_draw_wrapped(p, a);
}

const struct pane_class pane_migrate = {
	.name = "migrate",
	.title = "migration",
	.book = "8.2",
	.help = help,
	.min_rows = 4,
	.min_cols = 40,
	.draw = draw,
	.key = line_pane_key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
