/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-console.c - the guest's console: its serial terminal, or the text screen of its display adapter.
 * Rule: keys reach the guest only after Enter and until Ctrl-]; so nothing is typed into a guest by accident.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/cp437.h"
#include "debugger/tui/guest-screen.h"
#include "debugger/tui/panes.h"
#include "debugger/utf8.h"
#include "devices/pc.h"
#include "devices/vga-screen.h"

enum { AUTO, SERIAL, VGA, MODES };

struct console_pane {
	struct guest_screen *screen;
	i32 back, left; /* lines scrolled back, columns moved out */
};

static const struct pane_key help[] = {
	{ "Enter", "keys go to the guest, all but Ctrl-]" },
	{ "Ctrl-]", "keys are the debugger's again" },
	{ "up down PgUp PgDn g G", "lines that have scrolled off" },
	{ "left right", "move the text" },
	{ "v", "whichever is used, serial console, screen of the display adapter" },
	{ 0 },
};

static void close_pane(struct pane *p)
{
	struct console_pane *own = p->own;

	if (own)
		guest_screen_free(own->screen);
	free(own);
	p->own = NULL;
}

static void open_pane(struct pane *p)
{
	struct console_pane *own = calloc(1, sizeof(*own));

	p->own = own;
	if (own)
		own->screen = guest_screen_new();
	if (own && !own->screen)
		close_pane(p);
}

static void say(struct pane *p, enum say_kind kind, const char *text, size_t len)
{
	struct console_pane *own = p->own;

	if (own && kind == SAY_CONSOLE)
		guest_screen_feed(own->screen, vm_icount(p->s->vm), text, len);
}

/* Where the machine stands now, nothing has come that later instructions send. */
static void moving(struct pane *p)
{
	struct console_pane *own = p->own;

	if (own && !p->s->running)
		guest_screen_seek(own->screen, vm_icount(p->s->vm));
}

/* ---- what is shown ---- */

static bool is_blank(const struct vga *vga, const struct vga_screen *screen)
{
	if (screen->kind != SCREEN_TEXT)
		return screen->kind == SCREEN_OFF;
	for (u32 row = 0; row < screen->rows; row++)
		for (u32 column = 0; column < screen->columns; column++) {
			u8 c = vga_screen_cell(vga, column, row).character;

			if (c && c != ' ')
				return false;
		}
	return true;
}

static bool shows_vga(const struct pane *p, struct vga_screen *screen)
{
	const struct console_pane *own = p->own;

	if (!p->s->pc || p->mode == SERIAL)
		return false;
	vga_screen(pc_vga(p->s->pc), screen);
	return p->mode == VGA || (guest_screen_is_empty(own->screen) && !is_blank(pc_vga(p->s->pc), screen));
}

static void put(struct area a, i32 row, i32 col, u32 ch, bool bold, bool reverse)
{
	char text[UTF8_MOST + 1];

	utf8_bytes(ch < ' ' || ch == 0x7f ? '.' : ch, text);
	area_put(a, row, col, reverse ? STYLE_STATUS : bold ? STYLE_TITLE : STYLE_TEXT, text);
}

static void cursor(struct pane *p, struct area a, i32 row, i32 col)
{
	if (row < 0 || row >= a.rows || col < 0 || col >= a.cols)
		return;
	if (p->focus && p->grabs) {
		a.c->cursor_row = a.row + row;
		a.c->cursor_col = a.col + col;
	} else {
		area_style(a, row, col, 1, STYLE_CURSOR);
	}
}

/* Rows above the first one shown: the last used row, or the cursor's, stays in sight. */
static i32 first_row(i32 rows, i32 room, i32 cursor_row)
{
	i32 last = cursor_row > room - 1 ? cursor_row : room - 1;

	return rows > room ? last - room + 1 : 0;
}

static void draw_serial(struct pane *p, struct area a)
{
	struct console_pane *own = p->own;
	i32 row = 0, col = 0, top, scrolled;
	bool shown;

	moving(p);
	scrolled = (i32)guest_screen_scrolled(own->screen);
	own->back = own->back > scrolled ? scrolled : own->back;
	shown = guest_screen_cursor(own->screen, &row, &col);
	top = first_row(GUEST_ROWS, a.rows, row) - own->back;
	p->rows = a.rows;
	for (i32 r = 0; r < a.rows && top + r < GUEST_ROWS; r++)
		for (i32 c = 0; c < a.cols && own->left + c < GUEST_COLS; c++) {
			struct guest_cell cell = guest_screen_cell(own->screen, top + r, own->left + c);

			if (cell.ch != (u32)-1 && (cell.ch != ' ' || cell.reverse))
				put(a, r, c, cell.ch, cell.bold, cell.reverse);
		}
	if (shown && !own->back)
		cursor(p, a, row - top, col - own->left);
	if (guest_screen_is_empty(own->screen))
		area_put(a, 0, 0, STYLE_DIM, "the guest has sent nothing yet");
}

static void draw_vga(struct pane *p, struct area a, const struct vga_screen *s)
{
	const struct vga *vga = pc_vga(p->s->pc);
	struct console_pane *own = p->own;
	i32 top = first_row((i32)s->rows, a.rows, s->cursor ? (i32)s->cursor_row : 0);

	if (s->kind != SCREEN_TEXT) {
		area_printf(a, 0, 0, STYLE_DIM,
			    s->kind == SCREEN_OFF ? "the display is off"
						  : "graphics, %u x %u pixels: :screen FILE writes a picture",
			    s->width, s->height);
		return;
	}
	for (i32 r = 0; r < a.rows && top + r < (i32)s->rows; r++)
		for (i32 c = 0; c < a.cols && own->left + c < (i32)s->columns; c++) {
			struct vga_cell cell = vga_screen_cell(vga, (u32)(own->left + c), (u32)(top + r));
			u32 ch = a.c->ascii ? (u8)cp437_ascii[cell.character] : cp437_unicode[cell.character];

			if (ch != ' ' || cell.back)
				put(a, r, c, ch, cell.fore > 7, cell.back);
		}
	if (s->cursor)
		cursor(p, a, (i32)s->cursor_row - top, (i32)s->cursor_column - own->left);
}

static void draw(struct pane *p, struct area a)
{
	struct vga_screen screen = { 0 };

	if (!p->own)
		area_put(a, 0, 0, STYLE_BAD, "no memory for the console");
	else if (shows_vga(p, &screen))
		draw_vga(p, a, &screen);
	else
		draw_serial(p, a);
}

static void title_text(struct pane *p, char *text, size_t size)
{
	struct vga_screen screen = { 0 };
	const char *which = p->own && shows_vga(p, &screen) ? "display" : "serial";

	snprintf(text, size, "guest console: %s%s", which,
		 p->grabs   ? "   Ctrl-] leaves"
		 : p->focus ? "   Enter: type to it"
			    : "");
}

/* ---- keys ---- */

/* What a terminal sends for a key (xterm's, ECMA-48). */
static const struct { int key; const char *bytes;
} sent[] = {
	{ KEY_UP_, "\033[A" },    { KEY_DOWN_, "\033[B" },  { KEY_RIGHT_, "\033[C" },
	{ KEY_LEFT_, "\033[D" },  { KEY_HOME_, "\033[H" },  { KEY_END_, "\033[F" },
	{ KEY_PGUP_, "\033[5~" }, { KEY_PGDN_, "\033[6~" }, { KEY_DELETE_, "\033[3~" },
	{ KEY_BTAB_, "\033[Z" },  { KEY_F1_, "\033OP" },    { KEY_ENTER_, "\r" },
};

static void type(struct pane *p, int key)
{
	struct err err = { 0 };
	char text[UTF8_MOST + 1] = { 0 };
	const char *bytes = text;
	size_t len = 0;

	for (u32 i = 0; i < ARRAY_LEN(sent); i++)
		if (sent[i].key == key) {
			bytes = sent[i].bytes;
			len = strlen(bytes);
		}
	if (!len && key >= 0 && key < 0x100) {
		text[0] = (char)key;
		len = 1;
	} else if (!len && key >= KEY_UNICODE_) {
		len = utf8_bytes((u32)(key - KEY_UNICODE_), text);
	}
	struct vga_screen screen = { 0 };
	int rc = !len                    ? 0
		 : shows_vga(p, &screen) ? session_keyboard_input(p->s, bytes, len, &err)
					 : session_console_input(p->s, bytes, len, &err);
	if (rc)
		session_say(p->s, SAY_ERROR, "%s\n", err.text);
}

static bool key(struct pane *p, int key)
{
	struct console_pane *own = p->own;

	if (!own)
		return false;
	if (p->grabs) {
		own->back = 0;
		type(p, key);
		return true;
	}
	switch (key) {
	case KEY_ENTER_: p->grabs = true; own->back = 0; return true;
	case 'v': p->mode = (p->mode + 1) % MODES; return true;
	case KEY_UP_: case 'k': own->back++; return true;
	case KEY_DOWN_: case 'j': own->back -= own->back > 0; return true;
	case KEY_PGUP_: own->back += p->rows; return true;
	case KEY_PGDN_: own->back = own->back > p->rows ? own->back - p->rows : 0; return true;
	case KEY_HOME_: case 'g': own->back = GUEST_SCROLLBACK; return true;
	case KEY_END_: case 'G': own->back = 0; return true;
	case KEY_RIGHT_: case 'l': own->left += own->left < GUEST_COLS - 8 ? 8 : 0; return true;
	case KEY_LEFT_: case 'h': own->left = own->left > 8 ? own->left - 8 : 0; return true;
	default: return false;
	}
}

const struct pane_class pane_console = {
	.name = "console",
	.title = "guest console",
	.book = "3.7",
	.help = help,
	.min_rows = 3,
	.min_cols = 20,
	.draw = draw,
	.key = key,
	.title_text = title_text,
	.open = open_pane,
	.close = close_pane,
	.moving = moving,
	.say = say,
};
