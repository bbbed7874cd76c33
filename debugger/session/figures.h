/* SPDX-License-Identifier: GPL-3.0-or-later
 * figures.h - what translation has cost a machine: walks, the TLB, tables of the hypervisor, the dirty log.
 * Rule: a figure is a row of one table; --stats, its JSON and the debugger's counters are loops over it.
 */
#ifndef VITRINE_DEBUGGER_SESSION_FIGURES_H
#define VITRINE_DEBUGGER_SESSION_FIGURES_H

#include "core/base/types.h"

struct vm;

struct figure {
	const char *name;  /* walk_guest_entries: JSON; Prometheus calls it vitrine_walk_guest_entries_total */
	const char *brief; /* up to 60 characters */
	u16 offset;        /* of the u64 */
	u8 in;             /* where: struct vcpu, of all processors, or struct second_stage */
};
extern const struct figure figures[];
extern const u32 figure_count;
u64 figure_get(const struct figure *f, const struct vm *vm);

#endif
