/* SPDX-License-Identifier: GPL-3.0-or-later
 * session.h - one guest under observation: the whole interface that verbs, scripts, screen, gdb and control socket share.
 * Rule: a session never ends by itself, and nothing that is asked of it can end it: whatever goes wrong is said in err.
 *
 * All of it on one thread.  Functions that run the guest (session_run, _step, _back, _goto) return when it has
 * stopped; meanwhile ui.tick is called some 25 times a second of the host's, while the machine stands still between
 * two instructions: then everything here may be called but those and session_close.
 */
#ifndef VITRINE_DEBUGGER_SESSION_SESSION_H
#define VITRINE_DEBUGGER_SESSION_SESSION_H

#include "core/vm.h"
#include "debugger/options.h"
#include "debugger/session/history.h"

struct pc;
struct machine;
struct symbols;
struct timeline;
struct snapshot_tree;
struct trap;

enum say_kind {
	SAY_TEXT,    /* what was asked for */
	SAY_LOG,     /* what devices and the processor have to say; a probe's print */
	SAY_ERROR,
	SAY_CONSOLE, /* raw bytes of the guest's console */
};

/* The front end. */
struct session_ui {
	/* lines with their end, but SAY_CONSOLE */
	void (*say)(void *arg, enum say_kind kind, const char *text, size_t len);
	void (*tick)(void *arg); /* may be NULL */
	void *arg;
	/* somebody may type at the guest's console: a guest that waits for input then waits in real time */
	bool person;
};

/* In the units of Trap: 500insn, 3exits, 20ms of virtual time. */
enum amount_unit { BY_INSN, BY_EXIT, BY_TIME };
struct amount {
	u64 n; /* 0: without end */
	enum amount_unit unit;
};

/* Why and where it stands; the machine has not run yet: reason "start". */
struct session_stop {
	enum stop_why why;
	char reason[24]; /* "start" "step" "timeout" (an amount ran out) "stop" (a probe's) "break" "watch" "user" "power-off" "halted"
			    "triple-fault" "exit" "begin" (of recorded time) "error" ... : what Trap calls stopped.reason */
	char text[200];  /* for people: "probe `apic' at lab3.trap:6: third null access" */
	u32 cpu;
	int status;      /* with power-off */
};

struct session {
	const struct machine_options *opt; /* as given to session_open */
	struct vm *vm;
	struct pc *pc;
	struct machine *machine;
	struct session_ui ui;
	u32 cpu;                     /* the processor that is looked at */
	struct session_stop stopped;
	bool running;                /* within ui.tick */
	u32 depth;                   /* of lines that run lines (verb_line) */
	int status;                  /* what Trap's `exit` said: the front end's when it leaves */
	/* what devices and the processor say is passed on up to here (enum log_level) */
	int log_level;
	/* going back: subscribers may stop the machine, and must change nothing else */
	bool searching;
	struct history history;      /* the latest exits */
	struct timeline *timeline;   /* NULL: this machine cannot go back; session_no_time says why */
	const char *no_time;
	struct symbols *symbols;
	struct trap *trap;           /* what is armed: probes, breakpoints */
	struct session_priv *priv;
};

/* Build the machine as the options say and stop before its first instruction.  *s is NULL after an error. */
int session_open(struct session **s, const struct machine_options *o, const struct session_ui *ui, struct err *err);
/* The same around a machine that somebody else has built and attached to its files and console, and takes apart after
 * session_close (`vitrine run`).  past: record it, so that one can go back.  The console is not ours to type at. */
int session_around(struct session **s, const struct machine *m, const struct machine_options *o, bool past,
		   const struct session_ui *ui, struct err *err);
/* Note the exits (history) from now on.  A session of its own always does; one around a machine only if it is asked to, so
 * that a machine with a debugger attached is as fast as without. */
int session_watch_exits(struct session *s, struct err *err);
void session_close(struct session *s);
/* The machine as session_open left it: memory, devices, time.  Symbols, probes, bookmarks stay. */
int session_restart(struct session *s, struct err *err);

/* Run until something stops it or the amount has passed.  0: s->stopped says why, -errno: host trouble, or the guest has ended. */
int session_run(struct session *s, struct amount amount, struct err *err);
/* The same on the chosen processor's account: so many of *its* instructions, or exits; BY_TIME as session_run. */
int session_step(struct session *s, struct amount amount, struct err *err);
/* Back by the amount, or (n == 0) as far as is recorded; on the way, the latest earlier place where a probe stops wins.
 * Instructions are those of all processors.  BY_EXIT: to the n-th earlier place at which an exit of the guest's had just
 * been handled, so that it mirrors the stepping forward. */
int session_back(struct session *s, struct amount amount, struct err *err);
/* To a point in recorded time, in instructions of all processors (vm_icount); ahead of now too. */
int session_goto(struct session *s, u64 icount, struct err *err);
/* A running machine stops soon: from ui.tick, an event's callback, or a signal handler. */
void session_pause(struct session *s);
/* From an event's callback that answers EV_STOP: the words of session_stop. */
void session_stop_because(struct session *s, const char *reason, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* -EBUSY while the run is recorded in a file (--record), or is a replay: a change by hand could not come again. */
int session_may_change(const struct session *s, struct err *err);
/* Somebody changed the machine by hand (a register, memory, an injected event): what was recorded after now is gone. */
void session_changed(struct session *s);

/* Named snapshots in memory; the same name again replaces it.  Restoring brings the machine's time back, too. */
int session_snapshot(struct session *s, const char *name, struct err *err);
int session_restore(struct session *s, const char *name, struct err *err);
int session_nsnapshots(const struct session *s);
/* The i-th in the order of icount. */
const char *session_snapshot_at(const struct session *s, int i, u64 *icount, u64 *time);
/* Bookmarks: a name (one letter in the screen) for a point in recorded time. */
int session_mark(struct session *s, const char *name, struct err *err);
int session_mark_point(struct session *s, const char *name, u64 icount, struct err *err);
int session_goto_mark(struct session *s, const char *name, struct err *err);
int session_nmarks(const struct session *s);
const char *session_mark_at(const struct session *s, int i, u64 *icount);

/* Type at the guest's console; bytes beyond its room wait. */
int session_console_input(struct session *s, const void *bytes, size_t len, struct err *err);
/* The same at its keyboard, as a terminal sends keys (see keys.h): at most some 60 strokes wait.  -ENOSPC. */
int session_keyboard_input(struct session *s, const void *bytes, size_t len, struct err *err);
/* The latest whole line of the console, "" if there was none. */
const char *session_last_line(const struct session *s);

/* Symbols from a file (symbols.h); session_save remembers it.  The number of them, or a negative errno. */
int session_load_symbols(struct session *s, const char *path, u64 offset, struct err *err);
/* The machine into a snapshot file, and beside it PATH.session: lines that bring back symbols, marks and probes. */
int session_save(struct session *s, const char *path, struct err *err);
/* A machine from a snapshot file of the same options.  What was recorded and the snapshots in memory are gone; the lines
 * of PATH.session are the caller's to run. */
int session_load(struct session *s, const char *path, struct err *err);
/* A tree of snapshots (core/snapshot-tree.h), made if it is not there; --snapshots opens one.  session_tree: NULL, said in err,
 * if there is none; the next two need one.  Restoring is like session_load. */
int session_tree_open(struct session *s, const char *folder, struct err *err);
struct snapshot_tree *session_tree(struct session *s, struct err *err);
int session_tree_save(struct session *s, const char *name, struct err *err);
int session_tree_restore(struct session *s, const char *name, struct err *err);

/* Say something to the front end. */
void session_say(struct session *s, enum say_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The guest's memory as the chosen processor sees it.  Looking changes nothing.  Returns the bytes that could be read
 * before the first that could not. */
u64 session_read(struct session *s, u64 gva, void *out, u64 len);
u64 session_read_physical(struct session *s, u64 gpa, void *out, u64 len);
/* Writes ROM, too; session_changed is done here. -EFAULT, err names the address. */
int session_write(struct session *s, u64 gva, const void *in, u64 len, struct err *err);
int session_write_physical(struct session *s, u64 gpa, const void *in, u64 len, struct err *err);
/* A register of processor `cpu` by name: rax eax ax al, rip eip, rflags, es.sel .base .limit .attr, cr0, dr7, gdtr.base,
 * xmm0 (its low half), st0, every field name of x86_state ("star", "mxcsr"), rflags.ZF and other bits by their names. */
bool session_register(struct session *s, u32 cpu, const char *name, u64 *value);
int session_set_register(struct session *s, u32 cpu, const char *name, u64 value, struct err *err);
/* The same for who asks often: the name's row, -1 if it has none (the parts of a register, the x87 stack), and its value. */
int session_register_row(const char *name);
bool session_register_at(struct session *s, u32 cpu, int row, u64 *value);
/* Is there such a register, on any processor? */
bool session_register_known(const char *name);
/* All names that session_register knows but those of bits, for completion; NULL after the last. */
const char *session_register_name(int i);

#endif
