/* SPDX-License-Identifier: GPL-3.0-or-later
 * terminal.h - the terminal in raw mode while a guest has it, and as it was on every way out.
 * Rule: whoever leaves the process or stops it, by exit(), a signal or Ctrl-Z from outside, goes through
 * terminal_restore; only SIGKILL cannot.
 */
#ifndef VITRINE_DEBUGGER_TERMINAL_H
#define VITRINE_DEBUGGER_TERMINAL_H

#include "core/base/types.h"

/* The key that leaves a guest, and what the help line calls it. */
enum { TERMINAL_LEAVE = 0x1d };
#define TERMINAL_LEAVE_NAME "Ctrl-]"

/* Standard input becomes raw: keys come at once, unseen, and none makes a signal; what is printed is still
 * translated (a line feed returns, too).  False: it is no terminal.  In the background it happens when the shell
 * brings us to the foreground; SIGTSTP and SIGCONT leave and enter this mode again. */
bool terminal_raw(void);
/* For screens: `enter` is written when raw mode begins, also again after a stop, and `leave` when it ends; before
 * terminal_raw, constants. */
void terminal_texts(const char *enter, const char *leave);
/* As it was.  Any number of times, also from a signal handler. */
void terminal_restore(void);
/* Keys may be read now: raw mode is on, and the terminal is ours. */
bool terminal_is_raw(void);
/* Once after each stop and continuation: what is on the screen is not ours any more. */
bool terminal_resumed(void);

#endif
