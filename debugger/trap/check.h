/* SPDX-License-Identifier: GPL-3.0-or-later
 * check.h - what the parts of the checker share: where in the text it is, and how names and types are looked up.
 * Rule: T_ANY goes with everything; an error is said only when the text alone shows it.
 */
#ifndef VITRINE_DEBUGGER_TRAP_CHECK_H
#define VITRINE_DEBUGGER_TRAP_CHECK_H

#include "debugger/args.h"
#include "debugger/trap/unit.h"

/* What can only be judged when the whole text is known. */
struct later {
	const struct node *node;
	struct later *next;
};

struct check {
	struct trap_unit *u;
	struct trap_errors *e;
	bool syntax;                /* the text had errors before: an unknown name may be their doing */
	struct node *probe;         /* the innermost one, or NULL */
	const struct node *events;  /* what it waits for */
	bool in_fn, in_test;
	int loops;                  /* around this statement, within the probe or function */
	const struct variable *block; /* what was declared before this block began */
	struct later *later, **later_end;
};

/* ---- check.c ---- */
void check_block(struct check *c, const struct node *block);
void check_statements(struct check *c, struct node *list);
void check_later(struct check *c, const struct node *n);
/* A new variable in this block; complains if there is one already. */
struct variable *check_declare(struct check *c, const struct node *n, const char *name, u8 type);

const struct trap_fn *fn_find(const struct names *names, const char *name);

/* ---- check-probe.c ---- */
void check_probe(struct check *c, struct node *n);
void check_run(struct check *c, struct node *n);
void check_inject(struct check *c, struct node *n);
void check_reply(struct check *c, struct node *n);

/* ---- check-expr.c ---- */
void check_expr(struct check *c, struct node *n);
void check_exprs(struct check *c, struct node *list);
/* A condition of `what` ("if", "where"). */
void check_condition(struct check *c, struct node *n, const char *what);
/* n is checked and wants one of these types (mask of 1 << enum trap_type) for `what` ("step"). */
bool check_wants(struct check *c, const struct node *n, u32 types, const char *what, const char *help);
/* Of literals alone, so that it can be an address of either space. */
bool check_is_plain(const struct node *n);

/* ---- check-call.c ---- */
void check_call(struct check *c, struct node *n);
/* Arguments against the words that say what is taken; they are checked already. */
void check_arguments(struct check *c, const struct node *list, const char *words, const struct trap_pos *pos,
		     const char *kind, const char *name, int min, int max);

/* ---- check-type.c ---- */
void check_binary(struct check *c, struct node *n);
void check_unary(struct check *c, struct node *n);
void check_range(struct check *c, struct node *n);
const char *type_words(u8 type); /* "an int", "a gva" */
const char *node_word(const struct node *n, char *room, size_t size); /* "$rax", "@n", "x", or "this" */
/* Can a value of `type` be given to a place of type `to`? */
bool type_fits(u8 to, u8 type, bool plain);
const char *op_text(u8 op);

/* ---- check-name.c ---- */
void check_name(struct check *c, struct node *n);
void check_field(struct check *c, struct node *n);
void check_register(struct check *c, struct node *n);
const struct variable *variable_find(const struct check *c, const char *name);
int event_find(const char *name);                    /* row of trap_events[], or -1 */
int event_field(int event, const char *name);        /* index, or -1 */
int function_find(const char *name);
int exit_reason_find(const char *name);              /* the manual's name, SVM's or KVM's; -1 */
void exit_reason_offer(struct nearest *near);
/* "did you mean 'x'?", or the text `otherwise` (may be NULL). */
void help_near(const struct nearest *near, const char *sign, const char *otherwise, char *help, size_t size);

/* ---- check-map.c ---- */
/* A map in a value, with its keys; whole: all of it, as print and top take it. */
void check_map(struct check *c, struct node *n, bool whole);
/* It gets a value, or counts. */
void check_map_set(struct check *c, struct node *n, u8 agg);
void check_map_later(struct check *c, const struct node *n);

#endif
