/* SPDX-License-Identifier: GPL-3.0-or-later
 * engine-options.h - which engine executes the guest, and when another takes over.
 * Rule: an engine that cannot work on this host is refused before anything is built, with its own sentence.
 */
#ifndef VITRINE_DEBUGGER_ENGINE_OPTIONS_H
#define VITRINE_DEBUGGER_ENGINE_OPTIONS_H

#include "core/vm.h"

struct machine_options;
struct stepper;

enum { ENGINE_SWITCHES = 8 };

/* In the order in which they were given; `at` counts instructions from the beginning of the run. */
struct engine_switches {
	struct engine_switch { u64 at; const struct engine *to; } at[ENGINE_SWITCHES];
	int n;
};

/* "1000000insn:vtx", "5M:interp" */
int take_engine_switch(void *slot, const char *value, struct err *err);
/* The engine that --engine names.  -EINVAL: there is none; -ENOSYS: it cannot be used here, or not by this build. */
int engine_choose(const char *name, const struct engine **engine, struct err *err);
/* After parsing: those that take over can be used; processors get threads where the engine cannot let them take turns;
 * *model becomes what all of them can give, and the options' processor if it is less than that. */
int engine_options_prepare(struct machine_options *o, const struct engine *engine, struct cpu_model *model,
			   struct err *err);
/* guest_run, with the switches on the way. */
enum stop_why engine_switches_run(const struct engine_switches *s, struct vm *vm, u64 budget, struct stepper *stepper,
				  struct err *err);

#endif
