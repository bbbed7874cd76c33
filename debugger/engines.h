/* SPDX-License-Identifier: GPL-3.0-or-later
 * engines.h - the engines a user can name.
 * Rule: the only place above core that knows engines by name; everybody else asks for capabilities.
 */
#ifndef VITRINE_DEBUGGER_ENGINES_H
#define VITRINE_DEBUGGER_ENGINES_H

#include "core/engine.h"

struct engine_row {
	const char *name, *brief;
	const struct engine *engine;
};

extern const struct engine_row engine_rows[];
extern const int engine_count;
/* By name, or NULL. */
const struct engine_row *engine_find(const char *name);
/* "exact-budget", ...: the n-th capability's name; NULL after the last. */
const char *engine_cap_name(int n);

#endif
