/* SPDX-License-Identifier: GPL-3.0-or-later
 * views.c - the nine views: which panes, where.
 * Rule: at 80x24 every pane has room for what it must show: code and registers are never cut.
 *
 * Sizes count the borders.  80x24 leaves 20 rows and 80 columns for panes, 160x50 46 rows and 160 columns.
 */
#include "debugger/tui/layout.h"
#include "debugger/tui/panes.h"

#define ROWS(size, weight, n) { LAYOUT_ROWS, n, size, weight, NULL }
#define COLS(size, weight, n) { LAYOUT_COLS, n, size, weight, NULL }
#define PANE(name, size, weight) { LAYOUT_PANE, 0, size, weight, &pane_##name }

static const struct split main_normal[] = {
	ROWS(0, 1, 3),
		COLS(10, 3, 2), PANE(code, 35, 1), PANE(registers, 46, 0),
		COLS(7, 0, 2), PANE(exit, 35, 1), PANE(walk, 46, 0),
		PANE(output, 5, 2),
};

static const struct split main_large[] = {
	ROWS(0, 1, 2),
		COLS(40, 1, 2),
			ROWS(82, 1, 2),
				COLS(14, 1, 2), PANE(code, 38, 1), PANE(registers, 45, 0),
				PANE(console, 27, 0),
			ROWS(79, 1, 4), PANE(exit, 8, 0), PANE(history, 7, 1), PANE(walk, 12, 0), PANE(stats, 16, 1),
		PANE(output, 7, 1),
};

static const struct split exits_normal[] = {
	ROWS(0, 1, 3),
		PANE(history, 8, 2),
		COLS(9, 1, 2), PANE(reasons, 46, 1), PANE(exit, 35, 1),
		PANE(output, 5, 0),
};

static const struct split exits_large[] = {
	ROWS(0, 1, 2),
		COLS(40, 1, 2),
			PANE(history, 90, 1),
			ROWS(71, 0, 3), PANE(exit, 10, 0), PANE(reasons, 20, 1), PANE(registers, 14, 0),
		PANE(output, 7, 0),
};

static const struct split paging_normal[] = {
	ROWS(0, 1, 3),
		COLS(11, 3, 2), PANE(tables, 50, 1), PANE(tlb, 31, 0),
		COLS(7, 0, 2), PANE(owners, 35, 1), PANE(walk, 46, 0),
		PANE(output, 4, 1),
};

static const struct split paging_large[] = {
	ROWS(0, 1, 2),
		COLS(40, 1, 2),
			PANE(tables, 81, 1),
			ROWS(80, 0, 3), PANE(walk, 12, 0), PANE(tlb, 14, 1), PANE(owners, 16, 1),
		PANE(output, 7, 0),
};

static const struct split vmcs_any[] = { ROWS(0, 1, 2), PANE(vmcs, 16, 1), PANE(output, 5, 0) };

static const struct split devices_normal[] = {
	ROWS(0, 1, 3),
		COLS(10, 2, 2), PANE(devices, 31, 0), PANE(device, 50, 1),
		COLS(8, 1, 2), PANE(interrupts, 41, 1), PANE(queues, 40, 1),
		PANE(output, 4, 0),
};

static const struct split devices_large[] = {
	ROWS(0, 1, 2),
		COLS(40, 1, 3),
			PANE(devices, 42, 0),
			PANE(device, 60, 1),
			ROWS(60, 0, 2), PANE(interrupts, 20, 1), PANE(queues, 20, 1),
		PANE(output, 7, 0),
};

static const struct split sched_any[] = { ROWS(0, 1, 2), PANE(sched, 16, 1), PANE(output, 5, 0) };
static const struct split migrate_any[] = { ROWS(0, 1, 2), PANE(migrate, 16, 1), PANE(output, 5, 0) };

static const struct split stats_normal[] = {
	ROWS(0, 1, 3), PANE(stats, 12, 2), PANE(maps, 6, 1), PANE(output, 4, 0),
};

static const struct split stats_large[] = {
	ROWS(0, 1, 2), COLS(40, 1, 2), PANE(stats, 90, 1), PANE(maps, 60, 1), PANE(output, 7, 0),
};

static const struct split tests_any[] = {
	ROWS(0, 1, 3), PANE(tests, 9, 2), PANE(probes, 8, 1), PANE(output, 5, 1),
};

const struct view views[] = {
	{ "Main", main_normal, main_large },
	{ "Exits", exits_normal, exits_large },
	{ "Paging", paging_normal, paging_large },
	{ "VMCS", vmcs_any, vmcs_any },
	{ "Devices", devices_normal, devices_large },
	{ "Sched", sched_any, sched_any },
	{ "Migrate", migrate_any, migrate_any },
	{ "Stats", stats_normal, stats_large },
	{ "Tests", tests_any, tests_any },
};
