/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen-run.c - keys from the terminal to the screen, cells from the screen to the terminal.
 * Rule: the same few lines serve a guest that stands still and one that runs: then they are called from within it.
 */
#include "debugger/tui/screen-run.h"

#include "debugger/runner.h"
#include "debugger/status.h"

enum { WAIT_MS = 500, KEYS_AT_ONCE = 64, CTRL_Z = 26 };

struct loop {
	struct tui *t;
	bool gone; /* the terminal */
};

static void show(void *arg)
{
	struct loop *l = arg;
	u32 rows, cols;

	if (!l->t)
		return; /* the session is being opened */
	screen_size_now(&rows, &cols);
	if (rows != tui_cells(l->t)->rows || cols != tui_cells(l->t)->cols)
		tui_resize(l->t, rows, cols);
	screen_show(tui_draw(l->t));
}

/* One key; false: there was none. */
static bool take(struct loop *l, int wait_ms)
{
	i32 row = 0, col = 0;
	int button = 0, key = screen_key(wait_ms, &row, &col, &button);

	if (key == SCREEN_KEY_GONE)
		l->gone = true;
	else if (key == SCREEN_KEY_MOUSE)
		tui_mouse(l->t, row, col, button);
	else if (key == CTRL_Z)
		screen_suspend();
	else if (key >= 0)
		tui_key(l->t, key);
	return key != SCREEN_KEY_NONE && key != SCREEN_KEY_GONE;
}

/* While the guest runs, some 25 times a second. */
static void refresh(void *arg)
{
	struct loop *l = arg;

	if (!l->t)
		return;
	for (int i = 0; i < KEYS_AT_ONCE && take(l, 0); i++)
		;
	show(l);
	if (l->gone)
		session_pause(tui_session(l->t));
}

static int loop(struct loop *l)
{
	show(l);
	while (!tui_leaves(l->t) && !l->gone && !runner_signal()) {
		if (take(l, WAIT_MS))
			for (int i = 0; i < KEYS_AT_ONCE && !tui_leaves(l->t) && take(l, 0); i++)
				;
		show(l);
	}
	return runner_signal() ? STATUS_SIGNAL + runner_signal() : tui_session(l->t)->status;
}

int screen_run(const struct machine_options *o, const struct screen_options *c, struct err *err)
{
	bool colour = c->colour == COLOUR_ALWAYS || (c->colour == COLOUR_AUTO && !c->no_color);
	struct screen_config screen = { .colour = colour, .mouse = c->mouse };
	struct loop l = { 0 };
	struct tui_config tui = { .ascii = !screen_is_utf8(), .host_times = true, .tour = c->tour, .name = c->name, .refresh = refresh,
				  .show = show, .arg = &l };
	int rc = tui_open(&l.t, o, &tui, err), status = STATUS_USAGE;

	if (rc)
		return STATUS_USAGE;
	if (!screen_open(&screen, err)) {
		if (c->prepare)
			c->prepare(c->arg, l.t);
		status = loop(&l);
		screen_close();
	}
	tui_close(l.t);
	return status;
}
