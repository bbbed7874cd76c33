/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-lines.c - drawing lists of lines, and what Enter does on them.
 * Rule: the list that is drawn is the one keys act on, so the cursor is always on what the user sees.
 */
#include "debugger/tui/pane-lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHIFT = 8, TEXT_MOST = 512, FOOT_MOST = 2 };

void line_pane_open(struct pane *p, size_t size)
{
	p->own = calloc(1, size);
}

void line_pane_open_plain(struct pane *p)
{
	line_pane_open(p, sizeof(struct line_pane));
}

void line_pane_close(struct pane *p)
{
	struct line_pane *own = p->own;

	if (own)
		lines_free(&own->lines);
	free(own);
	p->own = NULL;
}

struct lines *line_pane_begin(struct pane *p)
{
	struct line_pane *own = p->own;

	if (!own)
		return NULL;
	lines_clear(&own->lines);
	return &own->lines;
}

/* ---- drawing ---- */

static enum style style_of(const struct line *line)
{
	static const enum style styles[] = {
		[LINE_TEXT] = STYLE_TEXT,    [LINE_TITLE] = STYLE_TITLE, [LINE_DIM] = STYLE_DIM,
		[LINE_GOOD] = STYLE_GOOD,    [LINE_BAD] = STYLE_BAD,     [LINE_WARN] = STYLE_WARN,
		[LINE_MISSING] = STYLE_WARN,
	};

	return line->changed ? STYLE_CHANGED : styles[line->kind];
}

static bool any_changed(const struct lines *l)
{
	for (u32 i = 0; i < l->n; i++)
		if (l->line[i].changed)
			return true;
	return false;
}

/* Text of a line from column `from` on. */
static const char *text_of(const struct lines *l, u32 i, i32 from, char out[TEXT_MOST])
{
	u32 len;
	const char *text = lines_at(l, i, &len);

	if (from >= (i32)len)
		len = 0;
	else
		text += from, len -= (u32)from;
	snprintf(out, TEXT_MOST, "%.*s", (int)len, text);
	return out;
}

/* Rows below the list in which the cursor's line goes on, when it is wider than the pane. */
static i32 foot_rows(const struct pane *p, const struct lines *l, struct area a)
{
	i32 most = a.rows < 12 ? 1 : FOOT_MOST, rest;
	u32 len;

	if (!p->focus || a.rows < 4 || a.cols < 8 || p->at < 0 || p->at >= l->n)
		return 0;
	lines_at(l, (u32)p->at, &len);
	rest = (i32)len - (a.cols - 1);
	if (rest <= 0)
		return 0;
	return (rest + a.cols - 3) / (a.cols - 2) > most ? most : (rest + a.cols - 3) / (a.cols - 2);
}

static void foot(const struct pane *p, const struct lines *l, struct area a)
{
	char text[TEXT_MOST], part[TEXT_MOST];
	i32 at = a.cols - 1;

	text_of(l, (u32)p->at, 0, text);
	while (at > 1 && text[at - 1] != ' ')
		at--;
	for (i32 r = 0; r < a.rows && at < (i32)strlen(text); r++) {
		snprintf(part, sizeof(part), "%.*s", (int)(a.cols - 2), text + at);
		area_put(a, r, 0, STYLE_KEY, r ? "  " : "> ");
		area_put(a, r, 2, STYLE_KEY, part);
		at += a.cols - 2;
	}
}

void line_pane_draw(struct pane *p, struct area a)
{
	struct line_pane *own = p->own;
	char text[TEXT_MOST];
	i32 room;

	if (!own) {
		area_put(a, 0, 0, STYLE_BAD, "no memory for this pane");
		return;
	}
	const struct lines *l = &own->lines;
	bool marks = any_changed(l);
	room = a.rows - foot_rows(p, l, a);
	pane_scroll(p, l->n, room);
	for (i32 r = 0; r < room && p->top + r < l->n; r++) {
		u32 i = (u32)(p->top + r);
		bool here = p->focus && p->top + r == p->at;

		if (marks)
			area_put(a, r, 0, STYLE_CHANGED, l->line[i].changed ? "*" : " ");
		area_put(a, r, marks, here ? STYLE_CURSOR : style_of(&l->line[i]),
			 text_of(l, i, own->left, text));
		if (here)
			area_style(a, r, 0, a.cols, STYLE_CURSOR);
	}
	if (room < a.rows)
		foot(p, l, area_part(a, room, 0, a.rows - room, a.cols));
	if (l->cut)
		area_put(a, a.rows - 1, 0, STYLE_WARN, "... and more, which is not shown");
}

void line_pane_draw_wrapped(struct pane *p, struct area a)
{
	struct line_pane *own = p->own;

	if (own)
		lines_wrap(&own->lines, a.cols - any_changed(&own->lines));
	line_pane_draw(p, a);
}

/* ---- keys ---- */

const struct line *line_pane_at(const struct pane *p)
{
	const struct line_pane *own = p->own;

	return own && !own->lines.failed && p->at >= 0 && p->at < own->lines.n ? &own->lines.line[p->at]
									       : NULL;
}

static i32 widest(const struct lines *l)
{
	u32 most = 0;

	for (u32 i = 0; i < l->n; i++)
		most = l->line[i].len > most ? l->line[i].len : most;
	return (i32)most;
}

static bool follow(struct pane *p)
{
	const struct line *line = line_pane_at(p);

	if (!line)
		return false;
	switch (line->about) {
	case ABOUT_GVA: tui_show_memory(p->tui, line->value, false); return true;
	case ABOUT_GPA:
	case ABOUT_TABLE: tui_show_memory(p->tui, line->value, true); return true;
	case ABOUT_FRAME: tui_show_frame(p->tui, line->value); return true;
	default: return false;
	}
}

bool line_pane_key(struct pane *p, int key)
{
	struct line_pane *own = p->own;

	if (!own)
		return false;
	switch (key) {
	case KEY_RIGHT_:
	case 'l':
		if (own->left + SHIFT < widest(&own->lines))
			own->left += SHIFT;
		return true;
	case KEY_LEFT_:
	case 'h':
		own->left = own->left > SHIFT ? own->left - SHIFT : 0;
		return true;
	case KEY_ENTER_: return follow(p);
	default: return false;
	}
}

bool line_pane_expression(struct pane *p, char *text, size_t size)
{
	const struct line *line = line_pane_at(p);

	if (!line || (line->about != ABOUT_GVA && line->about != ABOUT_GPA && line->about != ABOUT_TABLE))
		return false;
	snprintf(text, size, "%s(0x%llx)", line->about == ABOUT_GVA ? "gva" : "gpa",
		 (unsigned long long)line->value);
	return true;
}
