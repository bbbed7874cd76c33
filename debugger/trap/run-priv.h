/* SPDX-License-Identifier: GPL-3.0-or-later
 * run-priv.h - what the parts of the evaluator share; nobody else includes it.
 * Rule: a function that returns false has put the reason into t->end, once, where it was understood.
 */
#ifndef VITRINE_DEBUGGER_TRAP_RUN_PRIV_H
#define VITRINE_DEBUGGER_TRAP_RUN_PRIV_H

#include "debugger/trap/maps.h"
#include "debugger/trap/run.h"
#include "debugger/trap/value.h"

enum { CALL_DEPTH = 100, EVAL_DEPTH = 2000, PROBES_MAX = 1000, TESTS_MAX = 10000, MESSAGES_MAX = 20, EVENT_ARGS = 3, CONSOLE_TEXT = 4096, VALUE_KEYS = 8, TEST_POINTS = 1000000,
       FN_PARAMS = 16 };

#define TRAP_START "the start of the script" /* the snapshot that tests begin from */

/* How a statement left: FLOW_LEAVE: t->end says why, or the test is over. */
enum flow { FLOW_GO, FLOW_BREAK, FLOW_NEXT, FLOW_RETURN, FLOW_STOP, FLOW_LEAVE };

enum end_kind {
	END_NOT,
	END_ERROR,  /* fault used, overflow ... */
	END_ASSERT,
	END_LIMIT,  /* steps, memory, time ... */
	END_EXIT,   /* `exit N`: status */
	END_SIGNAL, /* Ctrl-C: status */
	END_SKIP,   /* the host or this build lacks it */
	END_TEST,   /* the test's time is over: only this test ends */
};

struct end {
	enum end_kind kind;
	int status;
	struct trap_error error; /* ERROR, ASSERT, LIMIT, SKIP: where and what */
	char context[200];       /* "in probe `null', exit #812, ..." */
};

/* ---- probes ---- */

struct probe;
/* Something that has happened, while probes look at it. */
struct occurrence {
	int row;                /* of trap_events[] */
	const struct event *ev; /* NULL: an event that is not the machine's (end, timer, snapshot) */
	struct vm_exit *exit;   /* of exit events: where the answer goes, or a copy */
	bool answerable;        /* `reply` and `inject exception` are possible */
	bool answered, stop;
	u32 cpu;
	u64 at;                 /* exec: linear address of the instruction */
	bool physical;          /* read, write: the probe was given a gpa */
	u64 elapsed;            /* host ns, of `handled` */
	i64 code;               /* guest_exit's number */
	const char *name;       /* snapshot's */
};

/* One event of a probe, with its arguments' values. */
struct armed {
	int row;                /* of trap_events[] */
	u8 kind;                /* row of kinds[] in probe-events.c */
	u8 nargs;
	u32 mask;               /* EV_BITs */
	struct value arg[EVENT_ARGS];
	u64 lo, hi;             /* addresses or numbers that match */
	bool before;            /* it is told before the handler */
	bool physical;          /* lo and hi are guest-physical */
	bool placed;            /* breakpoints or a watch are set */
	u64 next, period;       /* timer: virtual ns */
	const char *text;       /* console: what is looked for, how far it has come */
	u32 len, *fail;         /* Knuth, Morris, Pratt: where to go on after a mismatch */
	u32 matched, searched;  /* now; while the machine looks back */
};

struct probe {
	u32 number;
	const struct node *node; /* S_PROBE; S_RUN of a `run until` */
	const struct node *where, *body;
	char *text;
	struct armed *on;
	u32 non, mask;
	u64 hits;
	bool enabled, breakpoint, once, spent, until;
	char reason[24], words[160]; /* of a breakpoint: what session_stop_because says */
	u32 scope;                   /* depth of the block whose end removes it; 0: stays */
};

/* ---- the evaluator ---- */

struct undo { u32 slot; struct value old; };

struct test_state {
	struct trap_test *row;
	u64 deadline;  /* virtual ns, UINT64_MAX: none */
};

struct trap {
	struct session *s;
	struct trap_unit *unit;
	struct trap_limits limit;
	struct heap heap;
	struct value *slot;
	u32 nslots;
	struct map *map;
	u32 nmaps;
	struct probe **probe;
	u32 nprobes, next_number, scope;
	int subscription;
	u32 mask;                   /* of it */
	bool logging;               /* the dirty log is on for a probe: LOG_PROBE */
	struct vm_exit left[VM_VCPUS]; /* each processor's latest exit, as it left the guest */
	u64 left_at[VM_VCPUS];      /* host ns */
	u64 last_exit_icount[VM_VCPUS];
	struct told_fault { u64 icount, vm_icount, rip; u8 vector; } told, latest_fault; /* see step_before_exception */
	/* now */
	struct occurrence *now;     /* NULL: not in a probe */
	struct probe *in;
	bool quiet;                 /* looking back: nothing but `stop` acts */
	struct undo *undo;
	u32 nundo, undo_room;
	u64 steps, run_steps;       /* left of this call; of all statements between the guest's runs */
	u32 depth, calls, commands;
	struct value result;        /* of `return` */
	bool stopping;              /* a function that a probe called said `stop` */
	struct end end;
	/* running the guest */
	const struct node *until;   /* `run until expr`, or NULL */
	bool driving;               /* a statement runs the guest; else a verb does */
	bool until_each, probed;    /* it is looked at after each instruction; after a probe has run */
	/* the script */
	const char *const *args;
	int nargs;
	bool in_script, died;
	u64 started_at, started_icount; /* virtual ns; vm_icount */
	u64 tests_failed, all_steps;
	const char *text, *text_file; /* of the script or line that runs: probes are shown from it */
	size_t text_len;
	bool broken;                /* a test had an error of the script's own */
	u64 started_host, messages, failed, expects, said, random;
	struct trap_test *test;
	u32 ntests, test_room;
	struct test_state *testing;
	char *file;                 /* of the latest script, as named */
};

/* After a text has been compiled: room for its variables and maps. */
bool trap_grow(struct trap *t);
/* False: t->end has it.  help may be NULL. */
bool trap_fail(struct trap *t, const struct node *at, const char *help, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
bool trap_limit(struct trap *t, const struct node *at, const char *option, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* This engine cannot do it: the script is skipped, status 77. */
bool trap_skip(struct trap *t, const struct node *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* No memory: the heap's limit, or the host's. */
/* A signal ends the script; false. */
bool trap_interrupted(struct trap *t, const struct node *at);
bool trap_no_memory(struct trap *t, const struct node *at);
/* Work that is more than a step: so many bytes or items. */
bool trap_spend(struct trap *t, const struct node *at, u64 items);
/* "in probe `null', exit #812, t=1.204s, rip=..." */
void trap_context(struct trap *t, char *out, size_t size);
/* Tell how it ended, and forget it. */
void trap_end_tell(struct trap *t);
void trap_say(struct trap *t, const struct node *at, struct buf *text);
/* The processor that registers and memory are read through. */
static inline u32 trap_cpu(const struct trap *t) { return t->now ? t->now->cpu : t->s->cpu; }

/* eval-expr.c: *out is the caller's to drop, T_NONE after false. */
bool eval(struct trap *t, const struct node *n, struct value *out);       /* a fault is an error */
bool eval_any(struct trap *t, const struct node *n, struct value *out);   /* a fault is a value */
bool eval_bool(struct trap *t, const struct node *n, bool *yes);
bool eval_u64(struct trap *t, const struct node *n, u64 *out);            /* int, address, bool: within 64 bits */
bool eval_address(struct trap *t, const struct node *n, u64 *at, bool *physical);
bool eval_call_own(struct trap *t, const struct node *n, struct value *out);
bool eval_keys(struct trap *t, const struct node *map, struct value **keys, u32 *n);
/* A value as a number for `what`; an error at `at`. */
bool number_of(struct trap *t, const struct node *at, const struct value *v, u64 *out, const char *what);

/* eval-match.c: =~ */
bool eval_match(struct trap *t, const struct node *n, const struct value *text, const struct value *pattern, bool *yes);

/* eval-names.c, fn.c */
bool eval_name(struct trap *t, const struct node *n, struct value *out);
bool eval_register(struct trap *t, const struct node *n, const char *name, u32 cpu, struct value *out);
bool eval_field(struct trap *t, const struct node *n, const struct value *of, struct value *out);
bool eval_function(struct trap *t, const struct node *n, struct value *out);
bool trap_name_is_built(const char *name);
bool eval_item(struct trap *t, const struct node *n, struct value *out);
void memory_fault(struct trap *t, u64 at, bool physical, struct value *out);

/* eval-stmt.c */
enum flow exec_block(struct trap *t, const struct node *block);
enum flow exec_list(struct trap *t, const struct node *first);
bool trap_assign(struct trap *t, u32 slot, struct value *v); /* takes *v over */
/* eval-machine.c: statements that drive or change the machine */
enum flow exec_run(struct trap *t, const struct node *n);
enum flow exec_step(struct trap *t, const struct node *n);
enum flow exec_snapshot(struct trap *t, const struct node *n);
enum flow exec_inject(struct trap *t, const struct node *n);
enum flow exec_reply(struct trap *t, const struct node *n);
/* script.c */
char *trap_read_include(void *arg, const char *path, size_t *len, struct err *err);
/* eval-test.c */
bool trap_test_over(struct trap *t, const struct node *at, const char *why); /* this test has failed and ends; false */
enum flow exec_test(struct trap *t, const struct node *n);
enum flow exec_expect(struct trap *t, const struct node *n);
/* print.c */
enum flow exec_print(struct trap *t, const struct node *n);
enum flow exec_dump(struct trap *t, const struct node *n);
void trap_map_print(struct trap *t, struct map *m, u32 most, struct buf *out);
bool trap_words(struct trap *t, const struct node *first, struct buf *line); /* as `print` has them */
void trap_regs_text(struct trap *t, u32 cpu, struct buf *out);

/* probes.c */
struct probe *probe_new(struct trap *t, const struct node *n, const struct node *events, const struct node *where,
			const struct node *body);
bool probe_arm(struct trap *t, const struct node *n);
bool probe_is_armed(const struct trap *t, const struct node *n);
void probe_free(struct trap *t, struct probe *p);
void probes_remove_scope(struct trap *t, u32 scope);
void probes_remove(struct trap *t, struct probe *p);
void probes_observe(struct trap *t); /* subscribe to what the armed probes need */
/* end, guest_exit, snapshot: what the evaluator itself knows to have happened.  True: a probe says stop. */
bool probes_say(struct trap *t, const char *event, i64 code, const char *name);
bool probe_say(struct trap *t, struct probe *p, const struct armed *a, i64 code, const char *name);
/* probe-events.c */
bool armed_prepare(struct trap *t, const struct node *event, bool answers, struct armed *a);
void armed_release(struct trap *t, struct armed *a);
bool armed_matches(struct trap *t, struct armed *a, const struct event *ev, struct occurrence *o);
bool armed_is_exec(const struct armed *a);
bool armed_is_said(const struct armed *a, const char *event, i64 code);
bool trap_event_is_built(int row);
/* probe-items.c */
bool trap_item_is_built(const char *name);
void armed_rewind(struct trap *t); /* consoles begin anew: a run begins */
void timers_rewind(struct trap *t);    /* the machine stands at an earlier time */
u64 timers_next(const struct trap *t); /* virtual ns, UINT64_MAX: none */
bool timers_fire(struct trap *t);      /* true: one of them says stop */

#endif
