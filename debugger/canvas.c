/* SPDX-License-Identifier: GPL-3.0-or-later
 * canvas.c - text cells and pixels to the cells of a terminal, and the shortest way from the last picture to this one.
 * Rule: `wanted` is filled first, whole; only then is it compared and drawn, so that every kind of picture is drawn by
 * the same code.
 * Source: ECMA-48 (CUP, SGR, ED); ISO 8613-6 for colours beyond the first eight.
 */
#include "debugger/canvas.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/cp437.h"
#include "debugger/utf8.h"

enum { CELLS_MAX = 1000, UPPER_HALF = 0x2580, GREY = 7, BLACK = 0 };

int canvas_open(struct canvas *c, struct canvas_kind kind, struct err *err)
{
	memset(c, 0, sizeof(*c));
	c->kind = kind;
	c->line = malloc(VBE_XRES_MAX * sizeof(*c->line));
	return c->line ? 0 : err_set(err, ENOMEM, "no memory for a line of the screen");
}

void canvas_close(struct canvas *c)
{
	free(c->drawn);
	free(c->wanted);
	free(c->line);
	memset(c, 0, sizeof(*c));
}

int canvas_resize(struct canvas *c, u32 columns, u32 rows)
{
	struct canvas_cell *drawn, *wanted;

	columns = columns < 1 ? 1 : columns > CELLS_MAX ? CELLS_MAX : columns;
	rows = rows < 1 ? 1 : rows > CELLS_MAX ? CELLS_MAX : rows;
	if (c->drawn && columns == c->columns && rows == c->rows)
		return 0;
	drawn = calloc((size_t)columns * rows, sizeof(*drawn));
	wanted = calloc((size_t)columns * rows, sizeof(*wanted));
	if (!drawn || !wanted) {
		free(drawn);
		free(wanted);
		return -ENOMEM;
	}
	free(c->drawn);
	free(c->wanted);
	c->drawn = drawn;
	c->wanted = wanted;
	c->columns = columns;
	c->rows = rows;
	c->fresh = true;
	return 0;
}

void canvas_refresh(struct canvas *c)
{
	c->fresh = true;
}

/* ---- what is wanted ---- */

static struct canvas_cell *cell(struct canvas *c, u32 column, u32 row)
{
	return &c->wanted[(size_t)row * c->columns + column];
}

/* The first row (or column) to show: as before, but with the cursor in view, and no more than there is. */
static u32 scroll(u32 first, u32 room, u32 all, bool cursor, u32 at)
{
	if (all <= room)
		return 0;
	if (cursor && at < first)
		first = at;
	if (cursor && at >= first + room)
		first = at - room + 1;
	return first > all - room ? all - room : first;
}

static void want_text(struct canvas *c, const struct vga *v, const struct vga_screen *s)
{
	u32 columns = s->columns < c->columns ? s->columns : c->columns, rows = s->rows < c->rows ? s->rows : c->rows;

	c->left = scroll(c->left, c->columns, s->columns, s->cursor, s->cursor_column);
	c->top = scroll(c->top, c->rows, s->rows, s->cursor, s->cursor_row);
	for (u32 y = 0; y < rows; y++)
		for (u32 x = 0; x < columns; x++) {
			struct vga_cell from = vga_screen_cell(v, c->left + x, c->top + y);

			*cell(c, x, y) = (struct canvas_cell){
				c->kind.utf8 ? cp437_unicode[from.character] : (u8)cp437_ascii[from.character],
				from.fore, from.back,
			};
		}
}

static void want_words(struct canvas *c, const char *text)
{
	for (u32 x = 0; text[x] && x < c->columns; x++)
		*cell(c, x, 0) = (struct canvas_cell){ (u8)text[x], GREY, BLACK };
}

static u32 mean(const u32 *pixels, u32 n)
{
	u32 red = 0, green = 0, blue = 0;

	for (u32 i = 0; i < n; i++) {
		red += pixels[i] >> 16 & 0xff;
		green += pixels[i] >> 8 & 0xff;
		blue += pixels[i] & 0xff;
	}
	return CANVAS_RGB | red / n << 16 | green / n << 8 | blue / n;
}

/* A cell shows two pixels: the upper one is an upper half block, the lower one the background. */
static void want_pixels(struct canvas *c, const struct vga *v, const struct vga_screen *s)
{
	u32 columns = s->width < c->columns ? s->width : c->columns, lines = columns * s->height / s->width;

	if (lines > c->rows * 2) {
		lines = c->rows * 2;
		columns = lines * s->width / s->height;
		columns = columns < 1 ? 1 : columns > c->columns ? c->columns : columns;
	}
	for (u32 y = 0; y < lines; y++) {
		vga_screen_line(v, s, (y * 2 + 1) * s->height / (lines * 2), c->line);
		for (u32 x = 0; x < columns; x++) {
			u32 from = x * s->width / columns, to = (x + 1) * s->width / columns;
			u32 colour = mean(c->line + from, to > from ? to - from : 1);
			struct canvas_cell *at = cell(c, x, y / 2);

			at->character = UPPER_HALF;
			*(y % 2 ? &at->back : &at->fore) = colour;
		}
	}
}

static void want_graphics(struct canvas *c, const struct vga *v, const struct vga_screen *s)
{
	char text[96];

	if (c->kind.utf8 && !c->kind.dumb && c->kind.colours >= COLOURS_256) {
		want_pixels(c, v, s);
		return;
	}
	snprintf(text, sizeof(text), "[graphics, %u x %u pixels; --screendump FILE.png keeps the picture]", s->width,
		 s->height);
	want_words(c, text);
}

static void want(struct canvas *c, const struct vga *v, struct vga_screen *s)
{
	vga_screen(v, s);
	for (size_t i = 0; i < (size_t)c->columns * c->rows; i++)
		c->wanted[i] = (struct canvas_cell){ ' ', GREY, BLACK };
	if (s->kind == SCREEN_TEXT)
		want_text(c, v, s);
	else if (s->kind == SCREEN_GRAPHICS)
		want_graphics(c, v, s);
}

/* ---- drawing ---- */

static void put_character(struct buf *out, u32 ch)
{
	char bytes[UTF8_MOST + 1];

	buf_put(out, bytes, utf8_bytes(ch, bytes));
}

/* The PC counts blue, green, red; a terminal red, green, blue. */
static u32 ansi(u32 colour)
{
	return (colour & 2) | (colour & 1) << 2 | (colour >> 2 & 1);
}

/* The cube of six steps for each of red, green and blue that follows the first 16 of 256 colours. */
static u32 in_cube(u32 rgb)
{
	return 16 + ((rgb >> 16 & 0xff) * 5 + 127) / 255 * 36 + ((rgb >> 8 & 0xff) * 5 + 127) / 255 * 6 +
	       ((rgb & 0xff) * 5 + 127) / 255;
}

static void put_colour(const struct canvas *c, u32 colour, bool back, struct buf *out)
{
	if (!(colour & CANVAS_RGB))
		buf_printf(out, ";%u", ansi(colour) + (colour & 8 ? 90u : 30u) + (back ? 10u : 0u));
	else if (c->kind.colours == COLOURS_RGB)
		buf_printf(out, ";%u;2;%u;%u;%u", back ? 48u : 38u, colour >> 16 & 0xff, colour >> 8 & 0xff,
			   colour & 0xff);
	else
		buf_printf(out, ";%u;5;%u", back ? 48u : 38u, in_cube(colour));
}

static void put_attributes(const struct canvas *c, const struct canvas_cell *to, struct buf *out)
{
	buf_printf(out, "\033[0");
	if (c->kind.colours == COLOURS_NONE) {
		buf_printf(out, to->back != BLACK ? ";7" : "");
	} else {
		put_colour(c, to->fore, false, out);
		put_colour(c, to->back, true, out);
	}
	buf_printf(out, "m");
}

static bool same_colours(const struct canvas_cell *a, const struct canvas_cell *b)
{
	return a->fore == b->fore && a->back == b->back;
}

static bool same(const struct canvas_cell *a, const struct canvas_cell *b)
{
	return a->character == b->character && same_colours(a, b);
}

static void draw_cells(struct canvas *c, struct buf *out)
{
	const struct canvas_cell *last = NULL; /* whose colours the terminal has */
	size_t next = SIZE_MAX;                /* where its cursor is */

	for (size_t i = 0; i < (size_t)c->columns * c->rows; i++) {
		if (!c->fresh && same(&c->wanted[i], &c->drawn[i]))
			continue;
		if (i != next || i % c->columns == 0)
			buf_printf(out, "\033[%zu;%zuH", i / c->columns + 1, i % c->columns + 1);
		if (!last || !same_colours(last, &c->wanted[i]))
			put_attributes(c, &c->wanted[i], out);
		put_character(out, c->wanted[i].character);
		last = &c->wanted[i];
		next = i + 1;
	}
	if (last)
		buf_printf(out, "\033[0m");
}

static void draw_cursor(struct canvas *c, const struct vga_screen *s, bool moved, struct buf *out)
{
	u32 column = s->cursor_column - c->left, row = s->cursor_row - c->top;
	bool on = s->kind == SCREEN_TEXT && s->cursor && column < c->columns && row < c->rows;

	if (on && (moved || !c->cursor || column != c->cursor_column || row != c->cursor_row))
		buf_printf(out, "\033[%u;%uH", row + 1, column + 1);
	if (on != c->cursor || c->fresh)
		buf_printf(out, on ? "\033[?25h" : "\033[?25l");
	c->cursor = on;
	c->cursor_column = column;
	c->cursor_row = row;
}

/* A terminal without a cursor gets the rows that are new, as lines. */
static void print_rows(struct canvas *c, struct buf *out)
{
	for (u32 y = 0; y < c->rows; y++) {
		const struct canvas_cell *row = cell(c, 0, y);
		u32 end = c->columns;

		if (!c->fresh && !memcmp(row, &c->drawn[(size_t)y * c->columns], c->columns * sizeof(*row)))
			continue;
		while (end && row[end - 1].character == ' ')
			end--;
		for (u32 x = 0; x < end; x++)
			put_character(out, row[x].character);
		if (end)
			buf_printf(out, "\n");
	}
}

void canvas_draw(struct canvas *c, const struct vga *v, struct buf *out)
{
	struct vga_screen screen;
	size_t before = out->len;
	struct canvas_cell *swap;

	if (!c->drawn)
		return;
	want(c, v, &screen);
	if (c->kind.dumb) {
		print_rows(c, out);
	} else {
		if (c->fresh)
			buf_printf(out, "\033[0m\033[2J");
		draw_cells(c, out);
		draw_cursor(c, &screen, out->len != before, out);
	}
	swap = c->drawn;
	c->drawn = c->wanted;
	c->wanted = swap;
	c->fresh = false;
}
