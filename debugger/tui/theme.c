/* SPDX-License-Identifier: GPL-3.0-or-later
 * theme.c - the two looks of every style.
 * Rule: good and bad are blue and orange, never green and red (Okabe and Ito: Color Universal Design, 2008).
 */
#include "debugger/tui/theme.h"

#define NO COLOUR_DEFAULT

static const struct { struct look colour, mono; } looks[STYLES] = {
	[STYLE_TEXT] = { { NO, NO, 0 }, { NO, NO, 0 } },
	[STYLE_DIM] = { { NO, NO, LOOK_DIM }, { NO, NO, LOOK_DIM } },
	[STYLE_TITLE] = { { NO, NO, LOOK_BOLD }, { NO, NO, LOOK_BOLD } },
	[STYLE_BORDER] = { { BLUE, NO, 0 }, { NO, NO, LOOK_DIM } },
	[STYLE_STATUS] = { { NO, NO, LOOK_REVERSE }, { NO, NO, LOOK_REVERSE } },
	[STYLE_KEY] = { { CYAN, NO, 0 }, { NO, NO, LOOK_BOLD } },
	[STYLE_CURSOR] = { { NO, NO, LOOK_REVERSE }, { NO, NO, LOOK_REVERSE } },
	[STYLE_CHANGED] = { { YELLOW, NO, LOOK_BOLD }, { NO, NO, LOOK_BOLD | LOOK_UNDERLINE } },
	[STYLE_GOOD] = { { BLUE, NO, LOOK_BOLD }, { NO, NO, LOOK_BOLD } },
	[STYLE_BAD] = { { YELLOW, NO, LOOK_BOLD | LOOK_REVERSE }, { NO, NO, LOOK_BOLD | LOOK_REVERSE } },
	[STYLE_WARN] = { { YELLOW, NO, 0 }, { NO, NO, LOOK_UNDERLINE } },
	[STYLE_ADDRESS] = { { CYAN, NO, 0 }, { NO, NO, LOOK_DIM } },
	[STYLE_EXIT] = { { MAGENTA, NO, LOOK_BOLD }, { NO, NO, LOOK_BOLD } },
	[STYLE_BREAK] = { { YELLOW, NO, LOOK_REVERSE }, { NO, NO, LOOK_BOLD | LOOK_REVERSE } },
	[STYLE_HERE] = { { YELLOW, NO, LOOK_BOLD }, { NO, NO, LOOK_BOLD } },
};

struct look theme_look(enum style style, bool colour)
{
	u32 i = style < STYLES ? style : STYLE_TEXT;

	return colour ? looks[i].colour : looks[i].mono;
}
