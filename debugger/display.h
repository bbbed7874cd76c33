/* SPDX-License-Identifier: GPL-3.0-or-later
 * display.h - the guest's screen and keyboard on the terminal (--display terminal).
 * Rule: looking at the guest changes nothing in it; only keys enter it, through vm_receive.
 */
#ifndef VITRINE_DEBUGGER_DISPLAY_H
#define VITRINE_DEBUGGER_DISPLAY_H

#include "devices/backends/outside.h"
#include "debugger/canvas.h"
#include "debugger/keys.h"

struct pc;

struct display {
	bool on;
	struct vm *vm;
	struct pc *pc;
	struct canvas canvas;
	struct keys keys;
	struct buf messages; /* said while the terminal showed the guest; for afterwards */
	u64 next_ns, key_ns; /* host time of the next drawing; of the last key */
	int watch;
};

/* The terminal becomes the guest's.  -ENOTTY if standard input or output is none. */
int display_open(struct display *d, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err);
/* It is the user's again; the last screen stays on it, and what was said is printed.  Harmless if it was not open. */
void display_close(struct display *d);
/* Text that must not go between the guest's cells; a line without its end. */
void display_message(struct display *d, const char *text);

#endif
