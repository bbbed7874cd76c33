/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-history.c - the exits, newest first.
 * Rule: the cursor stays on its exit while newer ones come; only at the newest it goes with them.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "up down PgUp PgDn", "choose an exit; the exit pane tells about it" },
	{ "Enter", "go to the moment of this exit" },
	{ "e", "its instruction, in the code pane" },
	{ "/", "filter: a reason or a device, as `io` or `uart`; empty shows all" },
	{ 0 },
};

static bool wanted(const struct pane *p, const struct history_exit *e)
{
	const char *name = e ? exit_name(e->reason) : NULL;

	if (!e || !*p->filter)
		return e;
	return (name && strcasestr(name, p->filter)) || (e->who && strcasestr(e->who, p->filter)) ||
	       (e->what && strcasestr(e->what, p->filter));
}

/* The wanted exit that is `by` further on (newer: positive), from `from` itself if by is 0; else the last on the way. */
static u64 step(const struct pane *p, u64 from, i64 by)
{
	const struct history *h = &p->s->history;
	u64 found = from, at = from;

	while (by && (by > 0 ? at + 1 < h->next : at > h->first)) {
		at += by > 0 ? 1 : (u64)-1;
		if (!wanted(p, history_exit_get(h, at)))
			continue;
		found = at;
		by += by > 0 ? -1 : 1;
	}
	return found;
}

static u64 newest(const struct pane *p)
{
	const struct history *h = &p->s->history;
	u64 at = h->next - 1;

	if (h->next <= h->first)
		return 0;
	return wanted(p, history_exit_get(h, at)) ? at : step(p, at, -1);
}

/* What the cursor is on: 0 if there is none. */
static u64 cursor(const struct pane *p)
{
	const struct history *h = &p->s->history;

	return p->follows || p->address < h->first || p->address >= h->next ? newest(p) : p->address;
}

static void draw_exit(struct pane *p, struct area a, i32 row, const struct history_exit *e, bool on)
{
	bool times = tui_shows_host_times(p->tui) && a.cols >= 60;
	i32 tail = a.cols >= 50 ? 12 + (times ? 10 : 0) : 0, col;
	struct buf b = { 0 };

	area_put(a, row, 0, STYLE_HERE, on ? ">" : " ");
	col = 1 + area_printf(a, row, 1, STYLE_DIM, "#%-6llu ", ULL(e->number));
	if (p->s->vm->ncpus > 1)
		col += area_printf(a, row, col, STYLE_DIM, "cpu%u ", e->vcpu);
	history_text(e, a.cols - col - tail, &b);
	if (buf_text(&b))
		area_put(area_part(a, row, col, 1, a.cols - col - tail), 0, 0, STYLE_EXIT, buf_text(&b));
	if (tail)
		area_printf(a, row, a.cols - tail, STYLE_DIM, " +%5u insn", e->gap);
	if (times)
		area_printf(a, row, a.cols - 9, STYLE_DIM, "%6.1f us", (double)e->cost_ns / 1e3);
	if (on && p->focus)
		area_style(a, row, 0, a.cols, STYLE_CURSOR);
	buf_free(&b);
}

static void draw(struct pane *p, struct area a)
{
	const struct history *h = &p->s->history;
	u64 on = cursor(p), first = on;
	i32 above = (i32)p->top < a.rows ? (i32)p->top : a.rows - 1;

	p->rows = a.rows;
	if (!on || !wanted(p, history_exit_get(h, on))) {
		area_put(a, 0, 1, STYLE_DIM, *p->filter ? "no exit like this; / changes the filter"
							: "no exit yet: S goes to the first one");
		return;
	}
	first = p->follows ? on : step(p, on, above);
	for (i32 row = 0; row < a.rows; row++) {
		u64 next = step(p, first, -1);
		draw_exit(p, a, row, history_exit_get(h, first), first == on);
		if (next == first)
			break;
		first = next;
	}
}

static void title(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "history   newest first   / filter: %s", *p->filter ? p->filter : "all");
}

/* ---- keys ---- */

static void set_filter(struct pane *p, const char *answer)
{
	if (!answer)
		return;
	snprintf(p->filter, sizeof(p->filter), "%s", answer);
	p->follows = true;
	p->top = 0;
}

static void move(struct pane *p, i64 by)
{
	u64 from = cursor(p), to = step(p, from, -by);

	p->address = to;
	p->top += by;
	p->top = p->top < 0 ? 0 : p->top > p->rows - 1 ? p->rows - 1 : p->top;
	p->follows = to == newest(p);
	if (p->follows)
		p->top = 0;
}

/* The instruction that exited is the next one then. */
static void go(struct pane *p, const struct history_exit *e)
{
	char line[60];

	snprintf(line, sizeof(line), "goto %llu", ULL(e->at));
	tui_command(p->tui, line);
}

static bool key(struct pane *p, int key)
{
	const struct history_exit *e = history_exit_get(&p->s->history, cursor(p));

	switch (key) {
	case KEY_UP_: case 'k': move(p, -1); return true;
	case KEY_DOWN_: case 'j': move(p, 1); return true;
	case KEY_PGUP_: move(p, 1 - p->rows); return true;
	case KEY_PGDN_: move(p, p->rows - 1); return true;
	case 'g': case KEY_HOME_: p->follows = true; p->top = 0; return true;
	case 'G': case KEY_END_: move(p, HISTORY_EXITS); return true;
	case '/': tui_ask(p->tui, "exits with: ", set_filter, p); return true;
	case 'e':
		if (e)
			tui_show_code(p->tui, e->rip);
		return true;
	case KEY_ENTER_:
		if (e)
			go(p, e);
		return true;
	}
	return false;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	const struct history_exit *e = history_exit_get(&p->s->history, cursor(p));
	const char *name = e ? exit_name(e->reason) : NULL;

	if (name)
		snprintf(text, size, "exit(%s)", name);
	return name;
}

const struct pane_class pane_history = {
	.name = "history", .title = "history", .book = "3.1", .help = help, .min_rows = 4, .min_cols = 38,
	.draw = draw, .key = key, .title_text = title, .expression = expression,
};
