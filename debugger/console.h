/* SPDX-License-Identifier: GPL-3.0-or-later
 * console.h - the bytes a guest sends to the outside, by its serial port and its debug console, and gets from there.
 * Rule: raw bytes go through untouched; next to printed events they are gathered into lines of their own.
 */
#ifndef VITRINE_DEBUGGER_CONSOLE_H
#define VITRINE_DEBUGGER_CONSOLE_H

#include <stdio.h>

#include "core/vm.h"
#include "debugger/options.h"
#include "debugger/serial.h"

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
	struct channel serial, debugcon, other; /* serial is the guest's console: COM1 or virtio */
	struct serial line; /* COM1's input, and its output if that is no file or terminal */
	FILE *json;   /* also gets each line as an object; NULL = not wanted */
	struct vm *vm; /* stopped when standard output fails */
	void (*say)(void *arg, const char *label, const char *text, size_t len); /* gets the lines of gathered channels */
	void *say_arg;
};

/* json: where JSON lines go, or NULL. */
int console_open(struct console *c, const struct machine_options *o, FILE *json, struct err *err);
/* The same for a front end, which has the places of standard input, output and error: it takes the console's bytes
 * itself, before console_put, and gets the debug console's lines by `say`. */
int console_open_for(struct console *c, const struct machine_options *o,
		     void (*say)(void *arg, const char *label, const char *text, size_t len), void *arg, struct err *err);
/* A byte from the guest, as struct vm's put_byte. */
void console_put(struct console *c, const char *who, u8 byte);
/* Make the machine's bytes come here, and what is typed (or piped) go there. */
int console_attach(struct console *c, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err);
/* Lines without an end are finished, files closed.  -EIO if a file could not be written. */
int console_close(struct console *c, struct err *err);

#endif
