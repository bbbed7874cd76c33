/* SPDX-License-Identifier: GPL-3.0-or-later
 * engines.c - the rows of the engine table.
 * Rule: the only file of the debugger that may include an engine's header.
 */
#include "debugger/engines.h"

#include <string.h>

#include "core/base/types.h"
#include "core/vtx/vtx.h"
#include "cpu-interp/interp.h"

const struct engine_row engine_rows[] = {
	{ "interp", "the interpreter: readable, deterministic, runs everywhere", &engine_interp },
	{ "vtx", "VT-x (or AMD-V) through Linux /dev/kvm", &engine_vtx },
};
const int engine_count = ARRAY_LEN(engine_rows);

const struct engine_row *engine_find(const char *name)
{
	for (int i = 0; i < engine_count; i++)
		if (!strcmp(engine_rows[i].name, name))
			return &engine_rows[i];
	return NULL;
}

/* In the order of the bits of enum engine_cap. */
const char *engine_cap_name(int n)
{
	static const char *const names[] = {
		"exact-budget", "count-insns", "dirty-log", "watch-mem", "intercepts", "insn-events", "raise",
	};
	return n < (int)ARRAY_LEN(names) ? names[n] : NULL;
}
