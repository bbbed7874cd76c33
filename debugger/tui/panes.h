/* SPDX-License-Identifier: GPL-3.0-or-later
 * panes.h - all classes of panes, by name.
 * Rule: a new pane is a file and a line here; views.c says where it is seen.
 */
#ifndef VITRINE_DEBUGGER_TUI_PANES_H
#define VITRINE_DEBUGGER_TUI_PANES_H

#include "debugger/tui/pane.h"

/* 1 Main, 2 Exits */
extern const struct pane_class pane_code, pane_registers, pane_exit, pane_walk, pane_memory, pane_console, pane_output,
	pane_history, pane_reasons, pane_tour;
/* 3 Paging .. 9 Tests */
extern const struct pane_class pane_tables, pane_tlb, pane_owners, pane_vmcs, pane_devices, pane_device, pane_interrupts,
	pane_queues, pane_sched, pane_migrate, pane_stats, pane_maps, pane_probes, pane_tests;

/* pane-owners.c: the machine's frames, with the cursor on this address's. */
void owners_show_frame(struct pane *p, u64 address);

#endif
