/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-trace.h - `--trace`: chosen events, one line each.
 * Rule: instructions are shown by the stepper, as text; every other event in the stream's own words.
 */
#ifndef VITRINE_DEBUGGER_PRINT_TRACE_H
#define VITRINE_DEBUGGER_PRINT_TRACE_H

#include <stdio.h>

#include "debugger/stepper.h"

struct trace_printer {
	FILE *out;
	bool stepping;
	struct buf line;
};

/* `stepper` is started too when the set holds insn. */
int trace_printer_start(struct trace_printer *t, struct vm *vm, u32 set, struct stepper *stepper, FILE *out);
void trace_printer_end(struct trace_printer *t);

#endif
