/* SPDX-License-Identifier: GPL-3.0-or-later
 * parse.h - from text to tree: what lexer, grammar and tree building share.
 * Rule: no tree is higher than TRAP_HEIGHT and no bracket deeper than OPEN_MAX, so all that follows may call itself.
 */
#ifndef VITRINE_DEBUGGER_TRAP_PARSE_H
#define VITRINE_DEBUGGER_TRAP_PARSE_H

#include "debugger/trap/unit.h"

enum { OPEN_MAX = 100, TOKENS_KEPT = 4 };

/* Where something stands, and its bytes [from, to) of the text. */
struct span {
	u32 line, col, end_line, end;
	u32 from, to;
};

struct list {
	struct node *first, *last;
};

struct token {
	int kind;
	struct span at;
};

struct parse {
	struct trap_unit *u;
	struct trap_errors *errors;
	const struct source *source;
	void *scanner;
	struct span at;                /* the latest token as the lexer saw it */
	int start;                     /* token that chooses what is parsed; given first, then 0 */
	struct token now, prev[TOKENS_KEPT]; /* what the grammar looks at, and what it took before, the latest first */
	struct { char with; u32 line; } open[OPEN_MAX];
	int nopen;
	bool one_line;                 /* its last ';' may be missing */
	bool stopped;                  /* no more tokens: too deep, or no memory */
	bool recovering, skip, failed; /* since a syntax error; over what stands in braces; there was one */
	u32 error_line;                /* of the latest syntax error: one is enough for a line */
	struct node *result;
};

/* Parse a text.  NULL: it is empty, or *failed: it has syntax errors. */
struct node *trap_parse(struct trap_unit *u, const struct source *s, bool expression, struct trap_errors *errors,
			bool *failed);

/* ---- for the lexer and the grammar (tokens.c, syntax-error.c) ---- */
void lex_error(struct parse *p, const char *help, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct trap_pos span_pos(const struct parse *p, const struct span *s);
/* p->now is not what may stand here; expected: the grammar's names for what may. */
void syntax_error(struct parse *p, const char *const *expected, int n);

/* ---- building (tree.c) ---- */
struct node *tree_node(struct parse *p, enum trap_node kind, const struct span *at, struct node *a, struct node *b,
		       struct node *c);
struct node *tree_named(struct parse *p, enum trap_node kind, const struct span *at, const char *name, struct node *a);
struct node *tree_number(struct parse *p, const char *text, size_t len);
struct node *tree_string(struct parse *p, const char *text, size_t len);
struct node *tree_binary(struct parse *p, enum trap_op op, const struct span *at, struct node *a, struct node *b);
struct node *tree_unary(struct parse *p, enum trap_op op, const struct span *at, struct node *a);
struct node *tree_index(struct parse *p, const struct span *at, struct node *of, struct node *by);
struct node *tree_text(struct parse *p, struct node *n, const struct span *all); /* its text as written */
struct node *tree_method(struct parse *p, const struct span *at, struct node *of, const char *name, struct node *args);
struct node *tree_run(struct parse *p, const struct span *at, struct node *until, struct node *where, struct node *limit);
void tree_test(struct parse *p, struct node *test, const struct node *title, struct node *options);
void tree_condition(struct node *n);
void tree_migrate(struct parse *p, const struct span *at, const char *word);
struct list tree_append(struct list l, struct node *n);

#endif
