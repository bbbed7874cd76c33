/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-tables.c - page tables: the guest's as a tree, as a picture of one table, as ranges; the hypervisor's map.
 * Rule: an entry is opened by what it maps, not by where its table lies, so it stays open when tables move.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

enum { OPEN_MOST = 256, RANGES_MOST = 2000 };
enum { TREE, HEAT, RANGES, SHADOW, EPT, TLB, DIFFERENCE, MODES };
static const char *const mode_names[MODES] = { "guest", "guest: one table", "guest: ranges", "shadow", "EPT", "TLB", "difference" };

struct tables {
	struct line_pane base;
	struct table_open open[OPEN_MOST];
	u32 nopen;
	struct table_open chosen; /* of which the picture is; level 0: the root */
};

static const struct pane_key help[] = {
	{ "Enter + -", "open or close the table behind the entry; on a page: its memory" },
	{ "v", "guest, one table as a picture, ranges, shadow, EPT, TLB" },
	{ "D", "difference between guest and shadow tables" },
	{ "left right", "move the text" },
	{ 0 },
};

static void open_pane(struct pane *p)
{
	line_pane_open(p, sizeof(struct tables));
}

static void missing(struct lines *l, const char *what)
{
	lines_add(l, LINE_MISSING, "This build has no %s.", what);
}

static void fill(struct pane *p, struct lines *l, i32 cols)
{
	const struct tables *t = p->own;
	struct session *s = p->s;

	switch (p->mode) {
	case TREE: describe_tables(s, s->cpu, t->open, t->nopen, l); break;
	case HEAT: describe_heat(s, s->cpu, t->chosen.level, t->chosen.first, cols, l); break;
	case RANGES: describe_mappings(s, s->cpu, RANGES_MOST, l); break;
	case SHADOW: missing(l, "shadow page tables"); break;
	case EPT:
		missing(l, "extended page tables (EPT); this map does their work");
		describe_memory(s, l);
		break;
	case TLB: missing(l, "TLB that can be looked at"); break;
	default: missing(l, "shadow page tables to compare with the guest's"); break;
	}
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		fill(p, l, a.cols);
	line_pane_draw(p, a);
}

static void toggle(struct pane *p, const struct line *line)
{
	struct tables *t = p->own;

	t->chosen = (struct table_open){ line->first, line->level };
	for (u32 i = 0; i < t->nopen; i++)
		if (t->open[i].first == line->first && t->open[i].level == line->level) {
			t->open[i] = t->open[--t->nopen];
			return;
		}
	if (t->nopen == OPEN_MOST)
		memmove(t->open, t->open + 1, sizeof(t->open[0]) * --t->nopen);
	t->open[t->nopen++] = t->chosen;
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	struct tables *t = p->own;

	if (!t)
		return false;
	if (key == 'v' || key == 'D') {
		if (p->mode == TREE && line && line->about == ABOUT_TABLE)
			t->chosen = (struct table_open){ line->first, line->level };
		p->mode = key == 'D' ? (p->mode == DIFFERENCE ? TREE : DIFFERENCE) : (p->mode + 1) % DIFFERENCE;
		p->at = p->top = t->base.left = 0;
		return true;
	}
	if ((key == KEY_ENTER_ || key == '+' || key == '-') && p->mode == TREE && line && line->about == ABOUT_TABLE) {
		toggle(p, line);
		return true;
	}
	return line_pane_key(p, key);
}

static void title_text(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "page tables: %s   v next", mode_names[p->mode < MODES ? p->mode : 0]);
}

const struct pane_class pane_tables = {
	.name = "tables", .title = "page tables", .book = "4.2", .help = help, .min_rows = 4, .min_cols = 40, .draw = draw, .key = key,
	.title_text = title_text, .expression = line_pane_expression, .open = open_pane, .close = line_pane_close,
};
