/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-monitor.c - gdb's `monitor`: every verb of the debugger, and Trap.
 * Rule: what is wrong with a line is said in its text, never as an error of the protocol.
 */
#include <string.h>

#include "debugger/gdb/gdb-priv.h"
#include "debugger/verbs/verb.h"

/* gdb keeps what it has read until the machine runs by its own command. */
static const char stale[] = "(gdb shows what it read before: `maintenance flush register-cache`, or `stepi`)\n";

void gdb_monitor(struct gdb *g, const char *line, struct buf *out)
{
	const u64 icount = vm_icount(g->vm), time = g->vm->clock.now;
	struct err err = { 0 };
	int rc;

	g->s->cpu = g->cpu;
	g->told = out;
	rc = session_watch_exits(g->s, &err);
	if (!rc)
		rc = verb_line(g->s, line, out, &err);
	g->told = NULL;
	if (rc < 0 && (err.text[0] || !out->len))
		buf_printf(out, "%s\n", err.text[0] ? err.text : strerror(-rc));
	if (rc == VERB_QUIT)
		g->next = GDB_KILL;
	if (vm_icount(g->vm) != icount || g->vm->clock.now != time) {
		g->died = false;
		buf_printf(out, "%s", stale);
	}
}
