/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-exit.c - one exit: why, where, who answered it; the latest, or the one chosen in the history.
 * Rule: what is long goes on in the next line; nothing of it is cut while there are lines.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/session/describe.h"
#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

enum { WIDE = 60 };
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "d", "differences from the previous exit, or all of it" },
	{ "Enter", "what it touched: the walk of its address, or its instruction" },
	{ 0 },
};

/* The one that the history's cursor is on. */
static const struct history_exit *chosen(const struct pane *p)
{
	const struct history *h = &p->s->history;
	const struct pane *list = p->tui ? tui_pane(p->tui, &pane_history) : NULL;
	const struct history_exit *e = list && !list->follows ? history_exit_get(h, list->address) : NULL;

	return e || h->next <= h->first ? e : history_exit_get(h, h->next - 1);
}

static const struct history_exit *previous(const struct pane *p, const struct history_exit *e)
{
	return e->number > p->s->history.first ? history_exit_get(&p->s->history, e->number - 1) : NULL;
}

/* Text in as many lines as it needs, broken at blanks.  Returns the next free row. */
static i32 put_wrapped(struct area a, i32 row, enum style style, const char *text)
{
	i32 room = a.cols - 2;

	while (*text && row < a.rows && room > 0) {
		i32 n = (i32)strlen(text);
		if (n > room)
			for (n = room; n > 0 && text[n] != ' '; n--)
				;
		n = n ? n : room;
		area_printf(a, row++, 1, style, "%.*s", (int)n, text);
		text += n;
		text += strspn(text, " ");
	}
	return row;
}

static const char *name_of(const struct history_exit *e)
{
	return exit_name(e->reason) ? exit_name(e->reason) : "?";
}

/* Five lines of 33 columns are enough. */
static void draw_short(struct pane *p, struct area a, const struct history_exit *e)
{
	const struct history_exit *before = previous(p, e);
	struct buf b = { 0 };
	i32 row = 1;

	area_put(a, 0, 1, STYLE_EXIT, name_of(e));
	area_printf(a, 0, 18, STYLE_TEXT, "qual %llx", ULL(e->qualification));
	describe_qualification(e->reason, e->qualification, &b);
	if (e->reason == EXIT_EPT_VIOLATION)
		buf_printf(&b, ", gpa %llx", ULL(e->gpa));
	if (b.len && buf_text(&b))
		row = put_wrapped(area_part(a, 0, 0, a.rows - 2, a.cols), row, STYLE_TEXT, buf_text(&b));
	b.len = 0;
	if (e->who || e->what)
		buf_printf(&b, "%s%s%s%s", e->who ? "device " : "", e->who ? e->who : "", e->who && e->what ? ", " : "",
			   e->what ? e->what : "");
	else
		buf_printf(&b, "no device: answered by the hypervisor");
	if (buf_text(&b))
		row = put_wrapped(area_part(a, 0, 0, a.rows - 1, a.cols), row, STYLE_GOOD, buf_text(&b));
	buf_free(&b);
	if (before && row < a.rows)
		area_printf(a, row++, 1, STYLE_DIM, "prev #%llu %s %u insn ago", ULL(before->number), name_of(before), e->gap);
	if (tui_shows_host_times(p->tui) && row < a.rows && e->reason < EXIT_COUNT)
		area_printf(a, row, 1, STYLE_DIM, "handled in %5.1f us  (p50 %.1f)", (double)e->cost_ns / 1e3,
			    (double)describe_percentile(&p->s->history.reason[e->reason], 500) / 1e3);
}

static void draw_lines(struct pane *p, struct area a, const struct history_exit *e)
{
	struct lines l = { 0 };
	i32 row = 0;

	describe_exit(p->s, e, tui_shows_host_times(p->tui), &l);
	for (u32 i = 1; i < l.n && row < a.rows; i++) { /* the first is our title */
		static const u8 style[] = { [LINE_TEXT] = STYLE_TEXT, [LINE_TITLE] = STYLE_TITLE, [LINE_DIM] = STYLE_DIM,
					    [LINE_GOOD] = STYLE_GOOD, [LINE_BAD] = STYLE_BAD, [LINE_WARN] = STYLE_WARN,
					    [LINE_MISSING] = STYLE_DIM };
		u32 len;
		const char *text = lines_at(&l, i, &len);
		char line[300];
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		row = put_wrapped(a, row, l.line[i].kind < ARRAY_LEN(style) ? style[l.line[i].kind] : STYLE_TEXT, line);
	}
	lines_free(&l);
}

static i32 put_change(struct area a, i32 row, const char *name, u64 was, u64 is)
{
	if (was == is)
		return row;
	area_printf(a, row, 1, STYLE_CHANGED, "*%-8s %llx -> %llx", name, ULL(was), ULL(is));
	return row + 1;
}

static void draw_difference(struct pane *p, struct area a, const struct history_exit *e)
{
	const struct history_exit *before = previous(p, e);
	i32 row = 1;

	if (!before) {
		area_put(a, 0, 1, STYLE_DIM, "the previous exit is not in the history");
		return;
	}
	area_printf(a, 0, 1, STYLE_TEXT, "#%llu %s -> #%llu %s", ULL(before->number), name_of(before), ULL(e->number),
		    name_of(e));
	row = put_change(a, row, "rip", before->rip, e->rip);
	row = put_change(a, row, "qual", before->qualification, e->qualification);
	row = put_change(a, row, "gpa", before->gpa, e->gpa);
	row = put_change(a, row, "value", before->value, e->value);
	area_printf(a, row, 1, STYLE_TEXT, "%u instructions, %llu ns later", e->gap, ULL(e->time - before->time));
}

static void draw(struct pane *p, struct area a)
{
	const struct history_exit *e = chosen(p);

	p->rows = a.rows;
	if (!e)
		put_wrapped(a, 0, STYLE_DIM, "no exit yet: the guest has needed nobody's help. S runs to the first one.");
	else if (p->mode)
		draw_difference(p, a, e);
	else if (a.cols >= WIDE)
		draw_lines(p, a, e);
	else
		draw_short(p, a, e);
}

static void title(struct pane *p, char *text, size_t size)
{
	const struct history_exit *e = chosen(p);

	if (e)
		snprintf(text, size, "exit #%llu   %s   cpu %u%s", ULL(e->number), name_of(e), e->vcpu,
			 p->mode ? "   difference" : "");
}

static bool key(struct pane *p, int key)
{
	const struct history_exit *e = chosen(p);

	if (key != KEY_ENTER_ || !e)
		return false;
	if (e->reason == EXIT_EPT_VIOLATION)
		tui_show_memory(p->tui, e->gpa, true);
	else
		tui_show_code(p->tui, e->rip);
	return true;
}

const struct pane_class pane_exit = {
	.name = "exit", .title = "exit", .book = "3.1", .help = help, .min_rows = 5, .min_cols = 33,
	.draw = draw, .key = key, .title_text = title,
};
