/* SPDX-License-Identifier: GPL-3.0-or-later
 * print-exits.h - `--exits`: one line per VM exit.
 * Rule: number, virtual time, the manual's name, the qualification decoded, what the hypervisor did.
 */
#ifndef VITRINE_DEBUGGER_PRINT_EXITS_H
#define VITRINE_DEBUGGER_PRINT_EXITS_H

#include <stdio.h>

#include "core/vm.h"

struct exit_printer {
	struct vm *vm;
	FILE *out;
	u64 n;          /* exits so far */
	bool stepping;  /* single steps are the debugger's own: not shown */
	struct buf line;
};

/* The line without its number and newline. */
void exit_text(const struct event *ev, const struct vm_exit *x, struct buf *out);
/* Print from now on; unsubscribing is vm_destroy's.  -ENOSPC when too many listen. */
int exit_printer_start(struct exit_printer *p, struct vm *vm, FILE *out, bool stepping);
void exit_printer_end(struct exit_printer *p);

#endif
