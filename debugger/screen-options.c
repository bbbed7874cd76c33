/* SPDX-License-Identifier: GPL-3.0-or-later
 * screen-options.c - what a user says about the screen's looks.
 * Rule: the command line is stronger than the environment.
 */
#include "debugger/screen-options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int take_colour(void *slot, const char *value, struct err *err)
{
	static const char *const names[] = { [COLOUR_AUTO] = "auto", [COLOUR_ALWAYS] = "always", [COLOUR_NEVER] = "never" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++) {
		if (!strcmp(value, names[i])) {
			*(enum colour_when *)slot = (enum colour_when)i;
			return 0;
		}
	}
	return err_set(err, EINVAL, "'%.40s' is no such time; expected auto, always or never", value);
}

void screen_options_ask(struct screen_options *o)
{
	const char *no_color = getenv("NO_COLOR");

	o->no_color = no_color && *no_color;
}
