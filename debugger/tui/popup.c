/* SPDX-License-Identifier: GPL-3.0-or-later
 * popup.c - help and menus, above everything else.
 * Rule: it fits every screen: what is longer scrolls, and Esc always closes it.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/tui/tui-priv.h"

static i64 lines_of(struct buf *b)
{
	i64 n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->data[i] == '\n';
	return n;
}

void popup_open(struct tui *t, const char *title, bool menu, void (*chosen)(struct tui *t, i64 line))
{
	struct popup *o = &t->popup;

	snprintf(o->title, sizeof(o->title), "%s", title);
	o->menu = menu;
	o->chosen = chosen;
	o->at = o->top = 0;
	o->count = o->text.failed ? 0 : lines_of(&o->text);
	o->open = o->count > 0;
}

static i64 within(i64 v, i64 most)
{
	return v > most ? most < 0 ? 0 : most : v < 0 ? 0 : v;
}

/* Help scrolls by its first line, a menu by its chosen one. */
static void move(struct popup *o, i64 by)
{
	if (o->menu)
		o->at = within(o->at + by, o->count - 1);
	else
		o->top = within(o->top + by, o->count - o->rows);
}

bool popup_key(struct tui *t, int key)
{
	struct popup *o = &t->popup;

	switch (key) {
	case KEY_UP_: case 'k': move(o, -1); return true;
	case KEY_DOWN_: case 'j': move(o, 1); return true;
	case KEY_PGUP_: move(o, -o->rows); return true;
	case KEY_PGDN_: case ' ': move(o, o->rows); return true;
	case KEY_HOME_: case 'g': move(o, -o->count); return true;
	case KEY_END_: case 'G': move(o, o->count); return true;
	case KEY_ENTER_:
		o->open = false;
		if (o->chosen)
			o->chosen(t, o->at);
		return true;
	case '?': /* `??` */
		if (!o->menu)
			return false;
		break;
	}
	o->open = false;
	return true;
}

static i32 widest(const struct popup *o)
{
	i32 most = (i32)strlen(o->title) + 4, n = 0;

	for (size_t i = 0; i < o->text.len; i++) {
		n = o->text.data[i] == '\n' ? 0 : n + 1;
		most = n > most ? n : most;
	}
	return most + 4;
}

static void draw_lines(struct popup *o, struct area in)
{
	const char *line = buf_text(&o->text);

	for (i64 i = 0; line && *line; i++) {
		const char *end = strchr(line, '\n');
		i32 row = (i32)(i - o->top);
		if (row >= 0 && row < in.rows && end)
			area_printf(in, row, 1, STYLE_TEXT, "%.*s", (int)(end - line), line);
		if (o->menu && i == o->at)
			area_style(in, row, 0, in.cols, STYLE_CURSOR);
		line = end ? end + 1 : NULL;
	}
}

void popup_draw(struct tui *t)
{
	struct popup *o = &t->popup;
	struct area all = area_whole(&t->cells), box, in;
	i32 rows = o->count + 2 < all.rows - 2 ? (i32)o->count + 2 : all.rows - 2, cols = widest(o);
	char title[96];

	rows = rows < 3 ? all.rows : rows;
	cols = cols > all.cols ? all.cols : cols;
	box = area_part(all, (all.rows - rows) / 2, (all.cols - cols) / 2, rows, cols);
	in = area_part(box, 1, 1, rows - 2, cols - 2);
	o->rows = in.rows;
	o->top = within(o->top, o->count - in.rows);
	if (o->menu && o->at < o->top)
		o->top = o->at;
	if (o->menu && o->at >= o->top + in.rows)
		o->top = o->at - in.rows + 1;
	snprintf(title, sizeof(title), "%s%s", o->title, o->count > in.rows ? "   arrows scroll" : "");
	area_fill(box, STYLE_TEXT);
	area_box(box, title, true);
	draw_lines(o, in);
}
