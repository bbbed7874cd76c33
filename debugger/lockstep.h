/* SPDX-License-Identifier: GPL-3.0-or-later
 * lockstep.h - one guest in two machines that differ in the engine alone, compared after every step.
 * Rule: what may differ is said by tables (the state's fields that are not compared, the engine's unseen exits, the
 * flags an instruction leaves undefined), never decided case by case.
 *
 * A step is one instruction, or everything up to the next exit that both engines show.  Both machines live in virtual
 * time, which a single step moves by one instruction on either engine: so their timers fire at the same moments.
 */
#ifndef VITRINE_DEBUGGER_LOCKSTEP_H
#define VITRINE_DEBUGGER_LOCKSTEP_H

#include <stdio.h>

#include "debugger/guest-code.h"
#include "debugger/machine.h"

enum { LOCKSTEP_EXITS = 12 };

/* A machine and what it did last. */
struct lockstep_side {
	struct machine m;
	struct x86_state s;
	enum stop_why why;
	struct lockstep_exit { u64 icount; u16 reason; u64 qualification, rip, gpa, value; } exit[LOCKSTEP_EXITS];
	u64 nexits;     /* a ring: the n-th is at n % LOCKSTEP_EXITS */
	bool by_exit, *looking;
	const struct lockstep_side *other;
};

struct lockstep {
	struct lockstep_side a, b; /* a is the one that can be stepped exactly: the interpreter */
	bool by_exit;
	u64 steps, realigned, adopted, pages;
	u64 limit;      /* steps at most, 0 = no limit */
	struct code_line code; /* before the latest step */
	char why[200];  /* of the divergence */
	bool looking;
};

/* Both machines are built; the first states are compared. */
int lockstep_start(struct lockstep *l, struct err *err);
/* Until both have stopped: 0; 1: they diverge, l->why says in what; or a negative errno. */
int lockstep_run(struct lockstep *l, struct err *err);
/* Both states side by side, what differs marked, and the last exits. */
void lockstep_print(const struct lockstep *l, FILE *out);

#endif
