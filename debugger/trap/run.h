/* SPDX-License-Identifier: GPL-3.0-or-later
 * run.h - running Trap on a session: statements drive the machine, probes watch it.
 * Rule: a script is bounded in steps, memory and keys, and whatever it does wrong is an error at a place of its text.
 */
#ifndef VITRINE_DEBUGGER_TRAP_RUN_H
#define VITRINE_DEBUGGER_TRAP_RUN_H

#include "debugger/session/session.h"
#include "debugger/trap/trap.h"

struct trap;

enum trap_format { TRAP_TEXT, TRAP_CSV, TRAP_JSON };

struct trap_limits {
	u64 steps;      /* of one probe call, or of statements between two runs of the guest; 0 = 10^6 */
	u64 keys;       /* of one map; 0 = 10^5 */
	u64 memory;     /* bytes of all values; 0 = 64 MiB */
	u64 output;     /* bytes that are printed; 0 = 64 MiB */
	u64 virtual_ns; /* of the guest's time; 0 = no end */
	u64 host_ns;    /* of the host's; 0 = no end */
	enum trap_format format; /* of maps */
	bool quiet;     /* maps that were not printed stay so at the end */
};

/* What was tested, in the order of the text. */
struct trap_test {
	const char *title;
	u64 points, earned;
	u32 expects, failed;
	bool passed;
	char reason[240];  /* of the first failure: "lab3.trap:9: got 97 ticks in one virtual second" */
	u64 exit, time_ns; /* where the machine stood then, or at the end */
};

/* Creates s->trap.  NULL: no memory. */
struct trap *trap_open(struct session *s, const struct trap_limits *limits);
void trap_close(struct trap *t); /* session_close calls it */

/* A whole script: compile (errors are said, status 2, nothing is run), then run to its end.  Returns enum exit_status
 * or what `exit` said.  args: what arg(n) means at top level. */
int trap_script(struct trap *t, const char *file, const char *text, size_t len, const char *const *args, int nargs);
/* Compile only, and say what is wrong: 0, STATUS_USAGE, or STATUS_SKIPPED if only this build lacks something. */
int trap_check_script(struct trap *t, const char *file, const char *text, size_t len);
/* A line of the prompt: declarations and probes stay.  Output goes to session_say.  0; 1: `exit` was executed, *status;
 * or a negative errno, already said. */
int trap_line(struct trap *t, const char *line, int *status);
/* An expression's value as a number: int, gva, gpa, bool, time.  -EINVAL, err says why. */
int trap_number(struct trap *t, const char *text, u64 *value, struct err *err);
/* Its value as text, as `print` would have it. */
int trap_text(struct trap *t, const char *text, struct buf *out, struct err *err);

/* The probes, breakpoints and watchpoints that are armed: numbers start at 1 and are not used twice. */
struct trap_probe_info {
	u32 number;
	const char *name, *text; /* as written: "on exec(0x7c05) { stop; }" */
	bool enabled, breakpoint; /* made by trap_breakpoint */
	u64 hits;
};
int trap_nprobes(const struct trap *t);
bool trap_probe_at(const struct trap *t, int i, struct trap_probe_info *info);
/* Arm what a `break` or `watch` means: event "exec(0x7c05)", where NULL or a condition; stops with `reason`.  The probe's
 * number, or a negative errno. once: it goes with its first hit. */
int trap_breakpoint(struct trap *t, const char *event, const char *where, const char *reason, bool once, struct err *err);
int trap_enable(struct trap *t, u32 number, bool on, struct err *err);
int trap_delete(struct trap *t, u32 number, struct err *err);
/* Is there an enabled breakpoint that stops before the instruction at this linear address? (for marks beside code) */
bool trap_breaks_at(const struct trap *t, u64 gva);

/* Tests of the latest trap_script. */
int trap_ntests(const struct trap *t);
const struct trap_test *trap_test_at(const struct trap *t, int i);
/* Aggregations as `print @x` shows them; all maps that were not printed. */
void trap_maps_text(struct trap *t, bool unprinted, struct buf *out);
/* The report: kind is "text", "tap", "junit" or "json". False: no such kind.  out may be NULL: only asking. */
bool trap_report(struct trap *t, const char *kind, int status, struct buf *out);
/* The unit: names for completion. */
struct trap_unit *trap_unit(struct trap *t);

#endif
