/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn.h - the functions of Trap, as a table: rows of functions.c, each with its meaning.
 * Rule: a function gets its arguments worked out, no fault among them, and leaves a value or an error.
 */
#ifndef VITRINE_DEBUGGER_TRAP_FN_H
#define VITRINE_DEBUGGER_TRAP_FN_H

#include "debugger/trap/run-priv.h"

enum { FN_ARGS = 16 };

struct fn_call {
	struct trap *t;
	const struct node *at;      /* the call; its arguments are at->a ... */
	struct value arg[FN_ARGS];
	u32 n;
	struct value out;
};

/* False: trap_fail has been called. */
typedef bool (*fn_exec)(struct fn_call *c);
struct fn_row {
	const char *name;
	fn_exec exec;
	bool map; /* its first argument is a map itself, not worked out */
};

extern const struct fn_row fn_numbers[], fn_texts[], fn_machine[], fn_paging[];
extern const int fn_nnumbers, fn_ntexts, fn_nmachine, fn_npaging;

/* Argument i as what is wanted; an error at its place. */
bool fn_u64(struct fn_call *c, u32 i, u64 *out);
bool fn_int(struct fn_call *c, u32 i, trap_int *out);
bool fn_text(struct fn_call *c, u32 i, const struct text **out);
bool fn_place(struct fn_call *c, u32 i, u64 *at, bool *physical); /* int, gva, gpa */
bool fn_gva(struct fn_call *c, u32 i, u64 *gva);                  /* a gpa is an error */
const struct node *fn_node(const struct fn_call *c, u32 i);
bool fn_give_text(struct fn_call *c, struct buf *text);           /* takes the text over */
bool fn_give(struct fn_call *c, struct value v);                  /* T_NONE: no memory */
bool trap_function_is_built(const char *name);

#endif
