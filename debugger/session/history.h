/* SPDX-License-Identifier: GPL-3.0-or-later
 * history.h - the exits that a session has seen, the latest of them one by one.
 * Rule: an exit's number counts what the guest caused (vm->guest_exits), so it is the same however the run was cut.
 */
#ifndef VITRINE_DEBUGGER_SESSION_HISTORY_H
#define VITRINE_DEBUGGER_SESSION_HISTORY_H

#include "core/event.h"
#include "core/exit.h"

struct vm;

enum { HISTORY_EXITS = 1 << 14, HISTORY_BUCKETS = 40 };

struct history_exit {
	u64 number, icount, time; /* from 1; of its processor; virtual ns */
	u64 at;                   /* instructions of all processors then (vm_icount) */
	u64 rip, qualification, gpa, value;
	u64 cost_ns;              /* of the host's time, from leaving the guest to the end of the handler */
	u32 gap;                  /* instructions of its processor since that one's previous exit */
	u16 reason;
	u8 vcpu;
	const char *who, *what;   /* as in struct vm_exit */
};

struct history_reason { u64 count, cost_ns; u64 bucket[HISTORY_BUCKETS]; /* by log2 of cost_ns */ };

struct history {
	struct vm *vm;
	struct history_exit *ring; /* HISTORY_EXITS */
	u64 first, next;           /* numbers first .. next - 1 are there */
	struct history_reason reason[EXIT_COUNT];
};

/* The exit with this number, or NULL. */
const struct history_exit *history_exit_get(const struct history *h, u64 number);
/* "IO  out 3f8 byte 6f  uart" : what it was, in one line of at most `width` columns, without number and time. */
void history_text(const struct history_exit *e, int width, struct buf *out);

#endif
