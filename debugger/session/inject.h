/* SPDX-License-Identifier: GPL-3.0-or-later
 * inject.h - make something happen to a machine, or go wrong: what Trap's `inject` and the verbs of that name do.
 * Rule: what is done is one of trap_injections[], and arguments are called there as here.
 */
#ifndef VITRINE_DEBUGGER_SESSION_INJECT_H
#define VITRINE_DEBUGGER_SESSION_INJECT_H

#include "debugger/session/session.h"

enum { INJECT_ARGS = 8 };
struct inject_arg {
	const char *name; /* NULL: by its place among the row's args */
	u8 type;          /* enum trap_type: T_INT, T_TIME (ns), T_GPA, T_GVA, T_BOOL or T_STR */
	u64 number;
	const char *text; /* of T_STR, NUL-terminated */
	size_t len;
};
struct inject_args {
	struct inject_arg at[INJECT_ARGS];
	int n;
};

/* Between runs it happens at once, and what was recorded after now is forgotten; while the machine runs (from ui.tick or
 * an event's callback) at its next look outside, within a millisecond of virtual time, and is recorded.  All but
 * `exception`, which is an answer to an exit.  -EINVAL: unknown, or an argument is wrong; -ENODEV: the machine has no such
 * device; -EBUSY: the machine cannot take it now. */
int session_inject(struct session *s, const char *what, const struct inject_args *a, struct err *err);
/* The machine is brought back to another state: what waits for it is dropped. */
void session_inject_forget(struct session *s);
void session_inject_close(struct session *s);

#endif
