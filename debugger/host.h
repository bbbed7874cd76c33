/* SPDX-License-Identifier: GPL-3.0-or-later
 * host.h - several guests in one machine: what `vitrine host` was asked for, and what came of it.
 * Rule: guests run in turns of a fixed number of instructions, one after the other; so the same command does the same.
 */
#ifndef VITRINE_DEBUGGER_HOST_H
#define VITRINE_DEBUGGER_HOST_H

#include <jansson.h>
#include <stdio.h>

#include "core/share.h"
#include "core/swap.h"
#include "debugger/machine.h"
#include "debugger/print-exits.h"
#include "debugger/print-trace.h"

enum { HOST_GUESTS = PAGED_VMS };

struct host_guest {
	struct machine m;
	enum stop_why why;     /* STOP_NONE: it can run on */
	u64 clone_ns;          /* of the host's time; 0: no clone; */
	u64 clone_cpu_ns;      /* of its processor's, however busy it is */
	struct exit_printer exits;
	struct trace_printer trace;
	struct buf line;       /* of its console, until it ends */
	int number;
};

/* The host's memory, in bytes. */
struct host_memory {
	u64 frames;   /* of all guests: what the machine's memfd takes */
	u64 process;  /* that, and everything else that is this process's alone */
};

struct host {
	struct machine_options opt; /* first: the option tables count from here */
	u64 vms, clones, clone_after, insns, slice;
	const char *restore, *swap_path, *policy;
	u64 resident;          /* bytes */
	bool share;
	u64 scan;              /* pages that the scanner looks at after each round */
	u64 balloon;           /* bytes that each guest is asked to leave to itself, 0 = not asked */

	struct machine_files files;
	struct host_guest guest[HOST_GUESTS];
	int n;
	struct vm *vm[HOST_GUESTS];
	struct share sharing;
	struct swap swapping;
	struct host_memory before, cloned, unshared, after; /* before the clones; behind them; before the last scan; at the end */
	u64 rounds;
};

/* Measure now. */
struct host_memory host_memory(const struct host *h);
/* The table; the same as JSON (a new reference, NULL: no memory). */
void host_print(const struct host *h, FILE *out);
json_t *host_json(const struct host *h);

#endif
