/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen-run.h - the debugger's screen on this terminal, from the first picture to the last key.
 * Rule: it returns; nothing in it ends the process.
 */
#ifndef VITRINE_DEBUGGER_TUI_SCREEN_RUN_H
#define VITRINE_DEBUGGER_TUI_SCREEN_RUN_H

#include "debugger/tui/screen.h"
#include "debugger/tui/tui.h"

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct screen_options {
	enum colour_when colour;
	bool no_color; /* NO_COLOR is set to something */
	bool mouse, tour;
	const char *name;               /* see struct tui_config */
	/* Before the first key: run files of commands, load symbols (tui_command).  NULL: nothing to do. */
	void (*prepare)(void *arg, struct tui *t);
	void *arg;
};

/* enum exit_status, or 128 + the signal that ended it.  Trouble with the machine is in *err, status STATUS_USAGE. */
int screen_run(const struct machine_options *o, const struct screen_options *c, struct err *err);

#endif
