/* SPDX-License-Identifier: GPL-3.0-or-later
 * theme.h - what a style looks like.
 * Rule: every style differs from plain text without colour, too; the 16 colours are the terminal's own.
 */
#ifndef VITRINE_DEBUGGER_TUI_THEME_H
#define VITRINE_DEBUGGER_TUI_THEME_H

#include "debugger/tui/cells.h"

/* ANSI's colours; 8 more are the bright ones. */
enum colour { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, COLOUR_DEFAULT = -1 };
enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_REVERSE = 4, LOOK_UNDERLINE = 8 };

struct look { i8 fore, back; u8 attributes; };

/* Colours that people with any kind of colour vision can tell apart, or none. */
struct look theme_look(enum style style, bool colour);

#endif
