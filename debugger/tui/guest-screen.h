/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-screen.h - what a terminal at the guest's serial console would show.
 * Rule: the bytes are a guest's, so they are hostile: whatever they say, the screen keeps its size and
 * nothing is answered.
 *
 * The bytes are kept with the point in time at which they came, so that after going back in time the
 * screen is again
 * what it was then.
 */
#ifndef VITRINE_DEBUGGER_TUI_GUEST_SCREEN_H
#define VITRINE_DEBUGGER_TUI_GUEST_SCREEN_H

#include "core/base/types.h"

enum { GUEST_ROWS = 25, GUEST_COLS = 80, GUEST_SCROLLBACK = 2000 };

struct guest_cell {
	u32 ch; /* Unicode */
	bool bold, reverse, wide;
};

struct guest_screen;
struct guest_screen *guest_screen_new(void); /* NULL: no memory */
void guest_screen_free(struct guest_screen *g);
/* Bytes that came when the machine had retired `icount` instructions. */
void guest_screen_feed(struct guest_screen *g, u64 icount, const char *bytes, size_t len);
/* The machine stands at `icount` now, earlier or later than before: show what had come by then, as far as
 * it is known. */
void guest_screen_seek(struct guest_screen *g, u64 icount);
/* Lines that have scrolled off. */
u32 guest_screen_scrolled(const struct guest_screen *g);
/* Row 0 is the screen's first; negative rows have scrolled off, -1 the latest. */
struct guest_cell guest_screen_cell(const struct guest_screen *g, i32 row, i32 col);
/* False: the guest has hidden it. */
bool guest_screen_cursor(const struct guest_screen *g, i32 *row, i32 *col);
bool guest_screen_is_empty(const struct guest_screen *g); /* nothing has come by now */

#endif
