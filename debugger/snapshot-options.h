/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-options.h - --snapshots and --snapshot-at: a run's tree of snapshots, and when it adds to it.
 * Rule: a name that cannot be taken is refused before the guest's first instruction.
 */
#ifndef VITRINE_DEBUGGER_SNAPSHOT_OPTIONS_H
#define VITRINE_DEBUGGER_SNAPSHOT_OPTIONS_H

#include "core/snapshot-tree.h"
#include "core/vm.h"

struct machine_options;
struct stepper;

enum { SNAPSHOT_POINTS = 64 };
#define SNAPSHOT_AT_END UINT64_MAX

/* In the order in which they were given; `at` counts instructions from the beginning of the run. */
struct snapshot_options {
	const char *folder; /* NULL = no tree */
	struct snapshot_point { u64 at; const char *name; } at[SNAPSHOT_POINTS];
	int n;
};

/* "1000000insn:NAME", "5M:NAME", "end:NAME" */
int take_snapshot_at(void *slot, const char *value, struct err *err);
/* After parsing. */
int snapshot_options_check(const struct machine_options *o, struct err *err);
/* The tree of a machine that is ready to run, NULL if none is asked for.  Its folder is made. */
int snapshot_options_open(struct snapshot_tree **t, const struct machine_options *o, struct vm *vm, struct err *err);
/* engine_switches_run, with the snapshots on the way; those for the end are snapshot_options_end's. */
enum stop_why snapshot_options_run(const struct machine_options *o, struct snapshot_tree *t, struct vm *vm, struct stepper *stepper,
				   struct err *err);
int snapshot_options_end(const struct machine_options *o, struct snapshot_tree *t, struct err *err);

#endif
