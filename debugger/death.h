/* SPDX-License-Identifier: GPL-3.0-or-later
 * death.h - a triple fault, explained.
 * Rule: nothing is recorded while a guest runs; the machine is deterministic, so it is built again, run up to
 * just before its death, and from there on step by step.
 */
#ifndef VITRINE_DEBUGGER_DEATH_H
#define VITRINE_DEBUGGER_DEATH_H

#include <stdio.h>

#include "debugger/machine.h"

/* dead: the machine that triple-faulted.  The explanation, or why there is none, goes to out. */
void death_explain(const struct machine *dead, const struct machine_options *o, struct machine_files *f,
		   const struct engine *engine, FILE *out);

#endif
