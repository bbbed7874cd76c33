/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen-options.h - the options of commands that take the whole terminal: --color, --mouse.
 * Rule: what the environment says (NO_COLOR) is asked here and nowhere else.
 */
#ifndef VITRINE_DEBUGGER_SCREEN_OPTIONS_H
#define VITRINE_DEBUGGER_SCREEN_OPTIONS_H

#include "debugger/args.h"
#include "debugger/tui/screen-run.h"

/* For rows of a command's table: slots are enum colour_when and bool. */
int take_colour(void *slot, const char *value, struct err *err);
#define SCREEN_OPTION_ROWS(type, member) \
	{ "color", "WHEN", "auto (default; NO_COLOR switches it off), always, never", take_colour, offsetof(type, member.colour) }, \
	{ "mouse", NULL, "clicks and the wheel work (selecting text then needs Shift)", take_flag, \
	  offsetof(type, member.mouse) }

/* NO_COLOR (no-color.org): set and not empty. */
void screen_options_ask(struct screen_options *o);

#endif
