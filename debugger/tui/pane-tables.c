/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-tables.c - page tables: the guest's as a tree, as a picture of one table, as ranges; the
 * hypervisor's, and how they differ.
 * Rule: an entry is opened by what it maps, not by where its table lies, so it stays open when tables move.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"
#include "debugger/verbs/verb.h"

enum { OPEN_MOST = 256, RANGES_MOST = 2000, DIFFERENCES_MOST = 2000 };
enum { TREE, HEAT, RANGES, SHADOW, SHADOW_TABLES, EPT, TLB, DIFFERENCE, MODES };
static const char *const mode_names[MODES] = {
	"guest", "guest: one table", "guest: ranges", "shadow", "shadow: all tables", "EPT", "TLB", "difference",
};

struct tables {
	struct line_pane base;
	struct table_open open[OPEN_MOST]; /* of the guest's and the shadow's trees */
	u32 nopen;
	struct table_open chosen; /* of which the picture is; level 0: the root */
};

static const struct pane_key help[] = {
	{ "Enter + -", "open or close the table behind the entry; on a page: its memory, or its frame" },
	{ "o a", "open the tables on the way to the next instruction, to an address" },
	{ "v", "guest, one table as a picture, ranges, shadow, EPT, TLB" },
	{ "x", "the entries as they are, or decoded" },
	{ "D", "difference between guest and shadow tables" },
	{ "left right", "move the text" },
	{ 0 },
};

static void open_pane(struct pane *p)
{
	line_pane_open(p, sizeof(struct tables));
}

/* Whose tree is shown; false: the mode shows none. */
static bool tree_kind(u32 mode, enum stage_kind *kind)
{
	*kind = mode == SHADOW ? STAGE_SHADOW : mode == EPT ? STAGE_EPT : STAGE_GUEST;
	return mode == TREE || mode == SHADOW || mode == EPT;
}

static void fill(struct pane *p, struct lines *l, i32 cols)
{
	const struct tables *t = p->own;
	struct session *s = p->s;
	enum stage_kind kind;

	if (tree_kind(p->mode, &kind)) {
		describe_tables(s, kind, s->cpu, t->open, t->nopen, p->decimal, l);
		return;
	}
	switch (p->mode) {
	case HEAT: describe_heat(s, STAGE_GUEST, s->cpu, t->chosen.level, t->chosen.first, cols, l); break;
	case RANGES: describe_mappings(s, STAGE_GUEST, s->cpu, RANGES_MOST, l); break;
	case SHADOW_TABLES: describe_shadow_tables(s, l); break;
	case TLB: describe_tlb(s, s->cpu, cols, l); break;
	default: describe_difference(s, s->cpu, DIFFERENCES_MOST, l); break;
	}
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		fill(p, l, a.cols);
	if (p->mode == HEAT)
		line_pane_draw_wrapped(p, a);
	else
		line_pane_draw(p, a);
}

static i64 find_open(const struct tables *t, struct table_open o)
{
	for (u32 i = 0; i < t->nopen; i++)
		if (t->open[i].first == o.first && t->open[i].level == o.level)
			return i;
	return -1;
}

static void open_table(struct tables *t, struct table_open o)
{
	if (find_open(t, o) >= 0)
		return;
	if (t->nopen == OPEN_MOST)
		memmove(t->open, t->open + 1, sizeof(t->open[0]) * --t->nopen);
	t->open[t->nopen++] = o;
}

static void toggle(struct pane *p, const struct line *line)
{
	struct tables *t = p->own;
	i64 i;

	t->chosen = (struct table_open){ line->first, line->level };
	i = find_open(t, t->chosen);
	if (i >= 0)
		t->open[i] = t->open[--t->nopen];
	else
		open_table(t, t->chosen);
}

/* Open the way to an address, and put the cursor on the entry that maps it, or where the way ends. */
static void go_to(struct pane *p, u64 gva)
{
	struct tables *t = p->own;
	struct table_open way[4];
	struct lines *l;
	enum stage_kind kind;
	u32 n;

	if (!tree_kind(p->mode, &kind))
		p->mode = TREE;
	n = describe_way(p->s, kind, p->s->cpu, gva, way);
	for (u32 i = 0; i < n; i++)
		open_table(t, way[i]);
	l = line_pane_begin(p);
	fill(p, l, 80);
	for (u32 i = 1; i < l->n; i++)
		if (l->line[i].about != ABOUT_NOTHING && l->line[i].first <= gva)
			p->at = i;
}

static void address_given(struct pane *p, const char *answer)
{
	struct err err = { 0 };
	u64 gva;

	if (!answer || !*answer || !p->own)
		return;
	if (verb_number(p->s, answer, &gva, &err))
		session_say(p->s, SAY_ERROR, "%s\n", err.text);
	else
		go_to(p, gva);
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	struct tables *t = p->own;
	enum stage_kind kind;

	if (!t)
		return false;
	if (key == 'v' || key == 'D') {
		if (p->mode == TREE && line && line->about == ABOUT_TABLE)
			t->chosen = (struct table_open){ line->first, line->level };
		p->mode =
			key == 'D' ? (p->mode == DIFFERENCE ? TREE : DIFFERENCE) : (p->mode + 1) % DIFFERENCE;
		p->at = p->top = t->base.left = 0;
		return true;
	}
	if (key == 'a') {
		tui_ask(p->tui, "open the tables on the way to: ", address_given, p);
		return true;
	}
	if (key == 'o') {
		u64 base = 0, rip = 0;

		session_register(p->s, p->s->cpu, "cs.base", &base);
		session_register(p->s, p->s->cpu, "rip", &rip);
		go_to(p, base + rip);
		return true;
	}
	if ((key == KEY_ENTER_ || key == '+' || key == '-') && tree_kind(p->mode, &kind) && line &&
	    line->about == ABOUT_TABLE) {
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
	.name = "tables",
	.title = "page tables",
	.book = "4.2",
	.help = help,
	.min_rows = 4,
	.min_cols = 40,
	.draw = draw,
	.key = key,
	.title_text = title_text,
	.expression = line_pane_expression,
	.open = open_pane,
	.close = line_pane_close,
};
