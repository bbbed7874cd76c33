/* SPDX-License-Identifier: GPL-3.0-or-later
 * ast.h - a Trap program as a tree: what the parser makes, the checker completes and the evaluator walks.
 * Rule: every node knows where it stands in the text, so every message can point there.
 *
 * One kind of node serves for all.  What its members mean is said beside its kind; a list (of statements, arguments,
 * events, options) is its first node, linked by `next`.
 */
#ifndef VITRINE_DEBUGGER_TRAP_AST_H
#define VITRINE_DEBUGGER_TRAP_AST_H

#include "core/base/types.h"

typedef __int128 trap_int; /* exact: 128 bits inside, whatever a register has */

enum trap_type {
	T_ANY, /* only known when it runs */
	T_INT, T_GVA, T_GPA, T_BOOL, T_TIME, T_AMOUNT, T_STR, T_RANGE, T_ENTRY, T_FAULT, T_LIST,
	T_CPU,  /* a processor: cpu(1), regs; its fields are its registers, .exits and .insns */
	T_NONE, /* no value: a statement, a function without result */
};

/* Lines and columns count from 1, columns in bytes; `end` is the column behind the last byte. */
struct trap_pos {
	u32 line, col, end_line, end;
	const char *file; /* as the user named it: "lab3.trap", "-e", "prompt" */
};

enum trap_op {
	OP_NONE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD, OP_SHL, OP_SHR, OP_AND, OP_OR, OP_XOR,
	OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_IN, OP_MATCH, /* =~ */
	OP_ALSO, OP_EITHER, /* && || : the right side only when needed */
	OP_ELSE, /* ?? */
	OP_NEG, OP_NOT, OP_INVERT, /* unary - ! ~ */
};

enum trap_unit_kind { UNIT_INSN, UNIT_EXIT, UNIT_NS };

enum trap_node {
	/* expressions */
	N_INT,    /* number */
	N_TIME,   /* number: ns */
	N_AMOUNT, /* number of op: enum trap_unit_kind */
	N_STR,    /* text, len */
	N_BOOL,   /* number: 0 or 1 */
	N_VAR,    /* name; slot: a variable, constant or parameter */
	/* name; slot: index of the event's field (struct trap_event) that is meant; of a probe with several
	 * events, the first one's */
	N_ITEM,
	/* name; a name from the tables: `time`, `regs`, an exit reason... slot: its row in trap_names[], or
	 * -1 and number: a constant */
	N_NAME,
	N_REG,    /* $name */
	N_MAP,    /* @name; a: keys; slot: which map */
	N_UNARY,  /* op a */
	N_BINARY, /* a op b */
	N_RANGE,  /* a .. b, both included */
	N_CALL,   /* name(a...); slot: row of trap_functions[], or -1: `fn` is the script's own */
	N_INDEX,  /* a[b] of a list or string */
	N_MEM,    /* name: u8 u16 u32 u64, number: bytes; [a] */
	N_FIELD,  /* a.name: of a value (entry, cpu(1), regs...) */
	/* on the right of @x = : count() sum(a) min(a) max(a) avg(a) hist(a) lhist(a, from, to, step); op:
	 * enum trap_agg; a: arguments */
	N_AGG,
	/* statements */
	S_BLOCK,  /* a: statements */
	S_LET,    /* name; slot; a: value.  op: 1 = const */
	/* a: place (N_VAR, N_MAP, N_REG, N_MEM); op: OP_NONE or the operator of op= ; b: value (N_AGG allowed
	 * for a map and OP_NONE) */
	S_SET,
	S_IF,     /* a: condition, b: block, c: else (S_BLOCK or S_IF) or NULL */
	S_WHILE,  /* a, b */
	S_FOR,    /* slot: of the variable; a: range or list; b: block */
	S_REPEAT, /* a: times; b: block */
	S_BREAK, S_NEXT,
	S_RETURN, /* a: value or NULL */
	S_STEP, S_BACK, /* a: amount or NULL */
	S_STOP,   /* a: reason or NULL */
	/* a: until-expression or NULL; b: until-event (N_EVENT) or NULL; c: where or NULL; d: for (time or
	 * amount) or NULL; slot of N_EVENT as in a probe */
	S_RUN,
	S_EXPECT, S_ASSERT, /* a: condition, its ->next...: what to say; text: the condition as written */
	S_SNAPSHOT, S_RESTORE, /* a: name */
	S_MIGRATE, /* a: to; b: options */
	S_INJECT, /* name; a: arguments; b: options; slot: row of trap_injections[] */
	S_REPLY,  /* b: options */
	S_ENABLE, S_DISABLE, /* name: of a probe */
	S_PRINT, S_DUMP, /* a: values */
	S_CLEAR,  /* slot: map */
	S_TEST,   /* text: its title; a: points or NULL; b: within or NULL; c: block */
	S_EXIT,   /* a: status or NULL */
	S_EXPR,   /* a */
	/* name or NULL; a: N_EVENT list; b: where or NULL; c: block; slot: its number; text: as written; op:
	 * 1 = replies, so it wants to be asked before the handler */
	S_PROBE,
	S_FN,     /* a function; see struct trap_fn */
	S_INCLUDE, /* text: a file; the compiler puts its statements here, nobody else ever sees one */
	/* parts */
	N_EVENT,  /* name; a: arguments; slot: row of trap_events[] */
	N_OPTION, /* name = a */
};

enum trap_agg { AGG_NONE, AGG_COUNT, AGG_SUM, AGG_MIN, AGG_MAX, AGG_AVG, AGG_HIST, AGG_LHIST };

enum { TRAP_HEIGHT = 200 };

struct node {
	u8 kind, op, type; /* enum trap_node; see there; enum trap_type as far as the text tells */
	u8 height;         /* of the tree below it, at most TRAP_HEIGHT: whoever walks it may call itself */
	i32 slot;
	i32 row;                 /* N_ITEM: of probe-items.c; N_REG: session_register_row; -1: to be found by name */
	struct trap_pos pos;
	const char *name, *text; /* NUL-terminated, in the unit's memory */
	u32 len;                 /* of text */
	trap_int number;
	struct node *a, *b, *c, *d, *next;
	const struct trap_fn *fn;
};

struct trap_fn {
	const char *name;
	/* parameters are the first of its variables; a call saves and renews all of them */
	u32 nparams, first_slot, nslots;
	const struct node *body;         /* S_BLOCK */
	struct trap_fn *next;
};

#endif
