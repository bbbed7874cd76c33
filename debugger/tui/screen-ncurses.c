/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen-ncurses.c - the screen on a terminal, through terminfo; the only file that knows ncurses.
 * Rule: debugger/terminal.c owns the terminal's modes: it puts them back also when a signal ends or stops us, which
 * ncurses does not; so raw mode is on before ncurses begins and goes after it has ended.
 */
#define NCURSES_WIDECHAR 1
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "debugger/terminal.h"
#include "debugger/tui/screen.h"
#include "debugger/tui/theme.h"

/* Last: term.h makes macros of words like lines. */
#include <ncurses.h>
#include <term.h>

enum { ESCAPE_MS = 25, RUN_MOST = 512, PAIRS = 32 };

static struct {
	SCREEN *screen;
	bool colour;
	attr_t look[STYLES];
	short pair[STYLES];
	/* What the terminal needs to be itself again; written by signal handlers. */
	char enter[128], leave[256];
} screen;

/* ---- is there a terminal? ---- */

const char *screen_refusal(void)
{
	const char *term = getenv("TERM"), *can;
	int status;

	if (!isatty(0) || !isatty(1))
		return "standard input or output is no terminal";
	if (!term || !*term)
		return "TERM is not set";
	if (!strcmp(term, "dumb"))
		return "TERM=dumb cannot place a cursor";
	if (setupterm(NULL, 1, &status) == ERR)
		return "this TERM is not known to terminfo";
	can = tigetstr("cup");
	bool places = can && can != (char *)-1;
	del_curterm(cur_term);
	return places ? NULL : "this TERM cannot place a cursor";
}

bool screen_is_utf8(void)
{
	setlocale(LC_CTYPE, "");
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* ---- open, close ---- */

static void add_string(char *out, size_t size, const char *capability)
{
	const char *text = tigetstr(capability);
	size_t len = strlen(out);

	if (!text || text == (char *)-1)
		return;
	for (; *text && len + 1 < size; text++) { /* without padding, $<5>, which only old hardware wants */
		if (text[0] == '$' && text[1] == '<' && strchr(text, '>'))
			text = strchr(text, '>');
		else
			out[len++] = *text;
	}
	out[len] = 0;
}

static void collect_strings(bool mouse)
{
	screen.enter[0] = screen.leave[0] = 0;
	add_string(screen.enter, sizeof(screen.enter), "smcup");
	add_string(screen.enter, sizeof(screen.enter), "smkx");
	if (mouse)
		strcpy(screen.leave, "\033[?1000l\033[?1006l");
	add_string(screen.leave, sizeof(screen.leave), "sgr0");
	add_string(screen.leave, sizeof(screen.leave), "rmkx");
	add_string(screen.leave, sizeof(screen.leave), "cnorm");
	add_string(screen.leave, sizeof(screen.leave), "rmcup");
}

static void make_looks(void)
{
	static const struct { u8 look; attr_t attribute; } bits[] = {
		{ LOOK_BOLD, A_BOLD }, { LOOK_DIM, A_DIM }, { LOOK_REVERSE, A_REVERSE }, { LOOK_UNDERLINE, A_UNDERLINE },
	};

	for (int i = 0; i < STYLES; i++) {
		struct look l = theme_look((enum style)i, screen.colour);
		screen.look[i] = 0;
		screen.pair[i] = 0;
		for (size_t b = 0; b < ARRAY_LEN(bits); b++)
			if (l.attributes & bits[b].look)
				screen.look[i] |= bits[b].attribute;
		if (screen.colour && (l.fore != COLOUR_DEFAULT || l.back != COLOUR_DEFAULT)) {
			screen.pair[i] = (short)(i + 1);
			init_pair(screen.pair[i], l.fore, l.back);
		}
	}
}

int screen_open(const struct screen_config *c, struct err *err)
{
	int status;

	if (setupterm(NULL, 1, &status) == OK) {
		collect_strings(c->mouse);
		del_curterm(cur_term);
	}
	terminal_texts(screen.enter, screen.leave);
	terminal_raw();
	screen.screen = newterm(NULL, stdout, stdin);
	if (!screen.screen) {
		terminal_restore();
		return err_set(err, ENOTTY, "this terminal cannot have a screen; --line has the same commands");
	}
	set_term(screen.screen);
	set_escdelay(ESCAPE_MS);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, FALSE);
	screen.colour = c->colour && has_colors() && start_color() == OK && use_default_colors() == OK;
	make_looks();
	if (c->mouse) {
		mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
		mouseinterval(0);
	}
	return 0;
}

void screen_close(void)
{
	if (!screen.screen)
		return;
	endwin();
	delscreen(screen.screen);
	screen.screen = NULL;
	terminal_restore();
}

/* ---- showing ---- */

void screen_size_now(u32 *rows, u32 *cols)
{
	struct winsize w = { 0 };

	if (ioctl(1, TIOCGWINSZ, &w) || !w.ws_row || !w.ws_col) {
		*rows = (u32)LINES;
		*cols = (u32)COLS;
		return;
	}
	*rows = w.ws_row;
	*cols = w.ws_col;
	if (LINES != w.ws_row || COLS != w.ws_col)
		resizeterm(w.ws_row, w.ws_col);
}

/* Neighbours of one style go in one piece. */
static void show_row(const struct cells *c, u32 row)
{
	const struct cell *cell = c->cell + (size_t)row * c->cols;
	wchar_t text[RUN_MOST];

	for (u32 col = 0; col < c->cols;) {
		u32 start = col, n = 0;
		u8 style = cell[col].style;
		for (; col < c->cols && n < RUN_MOST && cell[col].style == style; col++)
			if (cell[col].wide != 2)
				text[n++] = (wchar_t)cell[col].ch;
		attr_set(screen.look[style < STYLES ? style : 0], screen.pair[style < STYLES ? style : 0], NULL);
		mvaddnwstr((int)row, (int)start, text, (int)n);
	}
}

void screen_show(const struct cells *c)
{
	if (!terminal_is_raw())
		return; /* in the background, or gone */
	if (terminal_resumed()) {
		reset_prog_mode();
		clearok(curscr, TRUE);
	}
	for (u32 row = 0; row < c->rows; row++)
		show_row(c, row);
	curs_set(c->cursor_row >= 0);
	move(c->cursor_row >= 0 ? c->cursor_row : (int)c->rows - 1, c->cursor_row >= 0 ? c->cursor_col : 0);
	refresh();
}

/* ---- keys ---- */

static const struct { int theirs, ours; } function_keys[] = {
	{ KEY_UP, KEY_UP_ }, { KEY_DOWN, KEY_DOWN_ }, { KEY_LEFT, KEY_LEFT_ }, { KEY_RIGHT, KEY_RIGHT_ },
	{ KEY_PPAGE, KEY_PGUP_ }, { KEY_NPAGE, KEY_PGDN_ }, { KEY_HOME, KEY_HOME_ }, { KEY_END, KEY_END_ },
	{ KEY_BTAB, KEY_BTAB_ }, { KEY_F(1), KEY_F1_ }, { KEY_DC, KEY_DELETE_ }, { KEY_BACKSPACE, KEY_BACKSPACE_ },
	{ KEY_ENTER, KEY_ENTER_ },
};

static int function_key(int key, i32 *row, i32 *col, int *button)
{
	MEVENT m;

	if (key == KEY_MOUSE && getmouse(&m) == OK) {
		*row = m.y;
		*col = m.x;
		*button = m.bstate & BUTTON4_PRESSED ? 4 : m.bstate & BUTTON5_PRESSED ? 5 : 1;
		return SCREEN_KEY_MOUSE;
	}
	for (size_t i = 0; i < ARRAY_LEN(function_keys); i++)
		if (function_keys[i].theirs == key)
			return function_keys[i].ours;
	return SCREEN_KEY_NONE;
}

int screen_key(int wait_ms, i32 *row, i32 *col, int *button)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	wint_t ch;
	int rc = get_wch(&ch); /* there may be keys in its own buffer */

	if (rc == ERR) {
		if (!terminal_is_raw())
			in.fd = -1;
		if (poll(&in, 1, wait_ms) <= 0 || in.fd < 0)
			return SCREEN_KEY_NONE;
		if (in.revents & (POLLHUP | POLLERR | POLLNVAL))
			return SCREEN_KEY_GONE;
		rc = get_wch(&ch);
	}
	if (rc == ERR)
		return SCREEN_KEY_NONE;
	if (rc == KEY_CODE_YES)
		return function_key((int)ch, row, col, button);
	if (ch == '\r')
		return KEY_ENTER_;
	if (ch == 8)
		return KEY_BACKSPACE_;
	return ch < 0x80 ? (int)ch : KEY_UNICODE_ + (int)ch;
}

void screen_suspend(void)
{
	raise(SIGTSTP);
}
