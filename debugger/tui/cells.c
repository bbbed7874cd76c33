/* SPDX-License-Identifier: GPL-3.0-or-later
 * cells.c - characters into cells: UTF-8 decoded, widths known, lines joined, everything cut to its area.
 * Rule: a cell outside of the area or of the screen is never touched, whatever the coordinates are.
 */
#include "debugger/tui/cells.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/utf8.h"

enum { SIDE_MOST = 4096, PRINTF_MOST = 1024 };

/* Line characters by the directions in which they go. */
enum { GO_UP = 1, GO_DOWN = 2, GO_LEFT = 4, GO_RIGHT = 8 };
static const u16 line_chars[16] = {
	[GO_LEFT | GO_RIGHT] = 0x2500, [GO_LEFT] = 0x2500, [GO_RIGHT] = 0x2500,
	[GO_UP | GO_DOWN] = 0x2502, [GO_UP] = 0x2502, [GO_DOWN] = 0x2502,
	[GO_DOWN | GO_RIGHT] = 0x250c, [GO_DOWN | GO_LEFT] = 0x2510,
	[GO_UP | GO_RIGHT] = 0x2514, [GO_UP | GO_LEFT] = 0x2518,
	[GO_UP | GO_DOWN | GO_RIGHT] = 0x251c, [GO_UP | GO_DOWN | GO_LEFT] = 0x2524,
	[GO_DOWN | GO_LEFT | GO_RIGHT] = 0x252c, [GO_UP | GO_LEFT | GO_RIGHT] = 0x2534,
	[GO_UP | GO_DOWN | GO_LEFT | GO_RIGHT] = 0x253c,
};

/* ---- the screen ---- */

int cells_resize(struct cells *c, u32 rows, u32 cols)
{
	struct cell *cell;

	if (rows > SIDE_MOST || cols > SIDE_MOST)
		return -ENOMEM;
	cell = calloc((size_t)rows * cols + 1, sizeof(*cell));
	if (!cell)
		return -ENOMEM;
	free(c->cell);
	c->cell = cell;
	c->rows = rows;
	c->cols = cols;
	cells_clear(c);
	return 0;
}

void cells_free(struct cells *c)
{
	free(c->cell);
	c->cell = NULL;
	c->rows = c->cols = 0;
}

void cells_clear(struct cells *c)
{
	for (size_t i = 0; i < (size_t)c->rows * c->cols; i++)
		c->cell[i] = (struct cell){ .ch = ' ' };
	c->cursor_row = c->cursor_col = -1;
}

struct area area_whole(struct cells *c)
{
	return (struct area){ c, 0, 0, (i32)c->rows, (i32)c->cols };
}

static i32 clamp(i64 v, i32 most)
{
	return v < 0 ? 0 : v > most ? most : (i32)v;
}

struct area area_part(struct area a, i32 row, i32 col, i32 rows, i32 cols)
{
	i32 top = clamp(row, a.rows), left = clamp(col, a.cols);
	i32 bottom = clamp((i64)row + rows, a.rows), right = clamp((i64)col + cols, a.cols);

	bottom = bottom > top ? bottom : top;
	right = right > left ? right : left;
	return (struct area){ a.c, a.row + top, a.col + left, bottom - top, right - left };
}

static struct cell *at(struct area a, i32 row, i32 col)
{
	if (row < 0 || col < 0 || row >= a.rows || col >= a.cols)
		return NULL;
	row += a.row;
	col += a.col;
	if (row < 0 || col < 0 || row >= (i32)a.c->rows || col >= (i32)a.c->cols)
		return NULL;
	return &a.c->cell[(size_t)row * a.c->cols + (size_t)col];
}

/* ---- text ---- */

static u32 line_ascii(u32 ch)
{
	return ch == 0x2500 ? '-' : ch == 0x2502 ? '|' : ch > 0x2502 && ch <= 0x253c ? '+' : 0;
}

/* The next character of UTF-8 (RFC 3629); bytes that are none are '?', one at a time. */
static u32 decode(const char **text)
{
	const u8 *t = (const u8 *)*text;
	int more = t[0] < 0x80 ? 0 : t[0] >= 0xc2 && t[0] < 0xe0 ? 1 : t[0] >= 0xe0 && t[0] < 0xf0 ? 2 :
		   t[0] >= 0xf0 && t[0] < 0xf5 ? 3 : -1;
	u32 ch = more <= 0 ? t[0] : t[0] & (0x3fu >> more);

	for (int i = 1; i <= more; i++) {
		if ((t[i] & 0xc0) != 0x80) {
			more = -1;
			break;
		}
		ch = ch << 6 | (t[i] & 0x3f);
	}
	if (more == 2 && (ch < 0x800 || (ch >= 0xd800 && ch < 0xe000)))
		more = -1; /* longer than needed, or half of a UTF-16 pair */
	if (more == 3 && (ch < 0x10000 || ch > 0x10ffff))
		more = -1;
	if (more < 0) {
		*text += 1;
		return '?';
	}
	*text += more + 1;
	return ch;
}

/* East Asian wide and fullwidth characters (Unicode Standard Annex 11), by block; combining marks have no cell. */
static i32 width(u32 ch)
{
	static const struct { u32 first, last; i32 width; } blocks[] = {
		{ 0x300, 0x36f, 0 }, { 0x200b, 0x200f, 0 }, { 0xfe00, 0xfe0f, 0 }, { 0xfeff, 0xfeff, 0 },
		{ 0x1100, 0x115f, 2 }, { 0x2e80, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 }, { 0xf900, 0xfaff, 2 }, { 0xfe30, 0xfe6f, 2 },
		{ 0xff00, 0xff60, 2 }, { 0x1f300, 0x1f64f, 2 }, { 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3ffff, 2 },
	};

	for (size_t i = 0; i < ARRAY_LEN(blocks); i++)
		if (ch >= blocks[i].first && ch <= blocks[i].last)
			return blocks[i].width;
	return 1;
}

/* What is drawn for a character. */
static u32 shown(const struct cells *c, u32 ch)
{
	if (ch < 0x20 || (ch >= 0x7f && ch < 0xa0))
		return '.';
	if (!c->ascii || ch < 0x7f)
		return ch;
	return line_ascii(ch) ? line_ascii(ch) : '?';
}

/* A wide character that loses one of its cells loses both. */
static void split_wide(struct area a, i32 row, i32 col)
{
	struct area all = area_whole(a.c);
	struct cell *cell = at(a, row, col), *other = NULL;

	if (!cell || !cell->wide)
		return;
	other = at(all, a.row + row, a.col + col + (cell->wide == 1 ? 1 : -1));
	if (other)
		*other = (struct cell){ .ch = ' ', .style = other->style };
	cell->wide = 0;
}

i32 area_put(struct area a, i32 row, i32 col, enum style style, const char *text)
{
	i32 start = col;

	while (*text) {
		u32 ch = shown(a.c, decode(&text));
		i32 w = width(ch);
		if (!w)
			continue;
		if (w == 2 && !at(a, row, col + 1))
			ch = '?';
		for (i32 i = 0; i < w; i++) {
			struct cell *cell = at(a, row, col + i);
			split_wide(a, row, col + i);
			if (cell)
				*cell = (struct cell){ i ? ' ' : ch, (u8)style, w == 2 && ch != '?' ? (u8)(i + 1) : 0 };
		}
		col += w;
	}
	return col - start;
}

i32 area_printf(struct area a, i32 row, i32 col, enum style style, const char *fmt, ...)
{
	char text[PRINTF_MOST];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return area_put(a, row, col, style, text);
}

void area_style(struct area a, i32 row, i32 col, i32 cols, enum style style)
{
	i32 end = clamp((i64)col + cols, a.cols);

	for (i32 i = col < 0 ? 0 : col; i < end; i++) {
		struct cell *cell = at(a, row, i);
		if (cell)
			cell->style = (u8)style;
	}
}

void area_fill(struct area a, enum style style)
{
	for (i32 r = 0; r < a.rows; r++) {
		split_wide(a, r, 0);
		split_wide(a, r, a.cols - 1);
		for (i32 c = 0; c < a.cols; c++) {
			struct cell *cell = at(a, r, c);
			if (cell)
				*cell = (struct cell){ .ch = ' ', .style = (u8)style };
		}
	}
}

/* ---- borders ---- */

static u8 directions(u32 ch)
{
	for (u8 i = 1; ch >= 0x2500 && i < 16; i++)
		if (line_chars[i] == ch && (i & (i - 1))) /* not the half lines, which look like whole ones */
			return i;
	return ch == 0x2500 ? GO_LEFT | GO_RIGHT : ch == 0x2502 ? GO_UP | GO_DOWN : 0;
}

/* Lines that meet are joined: neighbours share their border. */
static void line_cell(struct area a, i32 row, i32 col, u8 go, enum style style)
{
	struct cell *cell = at(a, row, col);
	u32 joined;

	if (!cell)
		return;
	if (a.c->ascii) {
		bool corner = (go & (GO_LEFT | GO_RIGHT)) && (go & (GO_UP | GO_DOWN));
		bool crossing = cell->ch == '-' ? !(go & GO_LEFT) : cell->ch == '|' ? go & GO_LEFT : cell->ch == '+';
		joined = corner || crossing ? '+' : go & (GO_LEFT | GO_RIGHT) ? '-' : '|';
	} else {
		joined = line_chars[go | directions(cell->ch)];
	}
	/* A box with the focus stands out, whoever of the neighbours is drawn last. */
	*cell = (struct cell){ .ch = joined, .style = cell->style == STYLE_HERE ? STYLE_HERE : (u8)style };
}

void area_box(struct area a, const char *title, bool focus)
{
	enum style style = focus ? STYLE_HERE : STYLE_BORDER;
	i32 bottom = a.rows - 1, right = a.cols - 1;
	struct area line = area_part(a, 0, 2, 1, a.cols - 4);

	if (bottom < 1 || right < 1)
		return;
	line_cell(a, 0, 0, GO_DOWN | GO_RIGHT, style);
	line_cell(a, 0, right, GO_DOWN | GO_LEFT, style);
	line_cell(a, bottom, 0, GO_UP | GO_RIGHT, style);
	line_cell(a, bottom, right, GO_UP | GO_LEFT, style);
	for (i32 c = 1; c < right; c++) {
		line_cell(a, 0, c, GO_LEFT | GO_RIGHT, style);
		line_cell(a, bottom, c, GO_LEFT | GO_RIGHT, style);
	}
	for (i32 r = 1; r < bottom; r++) {
		line_cell(a, r, 0, GO_UP | GO_DOWN, style);
		line_cell(a, r, right, GO_UP | GO_DOWN, style);
	}
	if (title && *title && line.cols > 2) {
		i32 n = area_put(line, 0, 0, style, " ");
		n += area_put(line, 0, n, STYLE_TITLE, title);
		area_put(line, 0, n < line.cols ? n : line.cols - 1, style, " ");
	}
}

/* ---- for golden files ---- */

static void put_char(struct buf *out, u32 ch)
{
	char bytes[UTF8_MOST + 1];

	buf_put(out, bytes, utf8_bytes(ch, bytes));
}

/* Trailing blanks are left out, as editors and diff like it. */
void cells_text(const struct cells *c, bool styles, struct buf *out)
{
	static const char letters[STYLES + 1] = " dtb#kC*gbwaeBH";

	for (u32 r = 0; r < c->rows; r++) {
		const struct cell *row = c->cell + (size_t)r * c->cols;
		u32 end = c->cols, styled = c->cols;
		while (end && row[end - 1].ch == ' ' && row[end - 1].wide != 2)
			end--;
		for (u32 i = 0; i < end; i++)
			if (row[i].wide != 2)
				put_char(out, row[i].ch);
		buf_put(out, "\n", 1);
		while (styled && row[styled - 1].style == STYLE_TEXT)
			styled--;
		for (u32 i = 0; styles && i < styled; i++)
			buf_put(out, &letters[row[i].style < STYLES ? row[i].style : 0], 1);
		if (styles)
			buf_put(out, "\n", 1);
	}
}
