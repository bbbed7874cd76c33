/* SPDX-License-Identifier: GPL-3.0-or-later
 * session-priv.h - what the files of a session share; nobody else includes it.
 * Rule: one file per concern, each with its part of struct session_priv.
 */
#ifndef VITRINE_DEBUGGER_SESSION_PRIV_H
#define VITRINE_DEBUGGER_SESSION_PRIV_H

#include <signal.h>

#include "core/base/buf.h"
#include "core/snapshot-tree.h"
#include "core/timeline.h"
#include "debugger/console.h"
#include "debugger/keys.h"
#include "debugger/machine.h"
#include "debugger/session/session.h"

struct engine;

enum { SESSION_NAME = 64, SESSION_SNAPSHOTS = 64, SESSION_MARKS = 256, SESSION_LINE = 256 };

/* A state that is kept: by the time line, or, where there is none, as a snapshot file's content. */
struct kept {
	char name[SESSION_NAME];
	struct checkpoint *point;
	struct buf bytes;
	u64 icount, time, exits;
};

struct mark {
	char name[SESSION_NAME];
	u64 icount;
};

struct session_priv {
	struct machine_options opt;
	struct machine_files files;
	struct machine machine;
	const struct engine *engine;
	bool foreign;         /* the machine is somebody else's: session_around */
	struct outside outside;
	struct network network;
	struct console console;
	struct keys keyboard; /* keyboard.c: what waits for room in the guest's keyboard, */
	bool typing;          /* and whether we are one of the machine's sources */
	struct injections *injections; /* inject.c: what waits for the machine's next look outside */
	u64 icount_start;
	struct err no_time; /* why there is no time line */

	/* run.c */
	volatile sig_atomic_t paused;
	bool ended;         /* the guest has powered off */
	bool inside;        /* the machine runs now */
	bool because;       /* somebody's words for the stop that comes are in s->stopped */
	u64 exit_goal;      /* stop when so many exits have been handled; 0 = do not */
	u32 goal_cpu;       /* ... of this processor: counted in goal_count; VM_VCPUS = of all */
	u64 goal_count;

	/* history.c */
	int at_exit;        /* subscription */
	int at_log;         /* session.c's */
	u64 left_ns[VM_VCPUS], last_icount[VM_VCPUS];

	/* console.c */
	char line[SESSION_LINE], last_line[SESSION_LINE];
	u32 line_len;

	/* marks.c */
	struct kept start, *snapshot;
	int nsnapshots, nmarks;
	struct mark *mark;

	/* save.c: lines of `symbols`, and the tree of snapshots, or NULL */
	struct buf symbol_lines;
	struct snapshot_tree *tree;
};

/* session.c: begin to record the past anew. */
void session_open_time(struct session *s);

/* run.c: the machine stands where it stands for another reason than a run. */
void session_stopped(struct session *s, enum stop_why why, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* -EBUSY, said in err, while the machine runs. */
int session_busy(const struct session *s, struct err *err);

/* history.c */
int history_open(struct session *s, struct err *err);
void history_close(struct session *s);
/* The machine stands at another point of time: what was recorded after it has not happened. */
void history_rewind(struct session *s);

/* console.c: the guest's console gets its place. */
int session_console_open(struct session *s, struct err *err);
void session_console_close(struct session *s);

/* marks.c */
int kept_take(struct session *s, struct kept *k, struct err *err);
int kept_restore(struct session *s, const struct kept *k, struct err *err);
void kept_drop(struct session *s, struct kept *k);
void session_marks_close(struct session *s);

#endif
