/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-json.h - `--json`: events, console lines and a summary as JSON lines.
 * Rule: one object per line; each has "event".  Only the host times of --stats depend on the host.
 */
#ifndef VITRINE_DEBUGGER_PRINT_JSON_H
#define VITRINE_DEBUGGER_PRINT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "core/vm.h"

struct json_printer {
	FILE *to;
	bool own;
	struct buf line;
};

/* "-" is standard output. */
int json_printer_open(struct json_printer *j, const char *path, struct err *err);
/* set 0: everything but insn and mem. */
int json_printer_start(struct json_printer *j, struct vm *vm, u32 set);
/* Takes the reference. */
void json_printer_put(struct json_printer *j, json_t *object);
/* -EIO if the file could not be written. */
int json_printer_close(struct json_printer *j, struct err *err);

#endif
