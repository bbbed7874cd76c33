/* SPDX-License-Identifier: GPL-3.0-or-later
 * console.h - the bytes a guest sends to the outside: its serial port and its debug console.
 * Rule: raw bytes go through untouched; next to printed events they are gathered into lines of their own.
 */
#ifndef VITRINE_DEBUGGER_CONSOLE_H
#define VITRINE_DEBUGGER_CONSOLE_H

#include <stdio.h>

#include "core/vm.h"
#include "debugger/options.h"

enum { CONSOLE_LINE = 200 };

struct channel {
	const char *label;
	FILE *to;     /* NULL = nowhere */
	bool own;     /* a file opened here */
	bool gather;  /* print whole lines, with the label */
	bool screen;  /* standard output or error: shared with what we print ourselves */
	u8 line[CONSOLE_LINE];
	u32 n;
};

struct console {
	struct channel serial, debugcon;
	FILE *json;   /* also gets each line as an object; NULL = not wanted */
	struct vm *vm; /* stopped when standard output fails */
};

/* json: where JSON lines go, or NULL. */
int console_open(struct console *c, const struct machine_options *o, FILE *json, struct err *err);
/* Make the machine's bytes come here. */
void console_attach(struct console *c, struct vm *vm);
/* Lines without an end are finished, files closed.  -EIO if a file could not be written. */
int console_close(struct console *c, struct err *err);

#endif
