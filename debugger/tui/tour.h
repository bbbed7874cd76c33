/* SPDX-License-Identifier: GPL-3.0-or-later
 * tour.h - the guided first run: what it says and waits for, and the guest it is about.
 * Rule: the tour never takes a key away; it only notices which were pressed.
 */
#ifndef VITRINE_DEBUGGER_TUI_TOUR_H
#define VITRINE_DEBUGGER_TUI_TOUR_H

#include "core/base/types.h"

struct tui;

struct tour_step { int key; const char *run, *text[2]; };
extern const struct tour_step tour_steps[];
extern const int tour_nsteps;

enum { TOUR_GUEST = 512 };
extern const u8 tour_guest[TOUR_GUEST]; /* asm-examples/32-debugger-tour.asm */

/* A key has done what it does.  True: the tour has gone on to its next step. */
bool tour_key(struct tui *t, int key);

#endif
