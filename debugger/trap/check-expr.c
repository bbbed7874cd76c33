/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-expr.c - expressions: each node gets its type, and what it names.
 * Rule: a node is checked once, its parts before it; the tree's height bounds the calls.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/trap/check.h"

#define TYPE(t) (1u << (t))

bool check_is_plain(const struct node *n)
{
	switch (n->kind) {
	case N_INT: return true;
	case N_VAR: return n->number; /* check_name: a constant made of literals */
	case N_UNARY: return check_is_plain(n->a);
	case N_BINARY: return n->type == T_INT && check_is_plain(n->a) && check_is_plain(n->b);
	default: return false;
	}
}

/* "int, gva or time" */
static void types_text(u32 types, char *out, size_t size)
{
	size_t len = 0;

	out[0] = 0;
	for (u8 t = 0; t <= T_NONE && len < size; t++) {
		if (!(types & TYPE(t)))
			continue;
		types &= ~TYPE(t);
		len += (size_t)snprintf(out + len, size - len, "%s%s", !len ? "" : types ? ", " : " or ", type_words(t));
	}
}

bool check_wants(struct check *c, const struct node *n, u32 types, const char *what, const char *help)
{
	char word[64], wanted[120];

	if (n->type == T_ANY || types & TYPE(n->type))
		return true;
	types_text(types, wanted, sizeof(wanted));
	trap_error(c->e, &n->pos, help, "%s wants %s, and %s is %s", what, wanted, node_word(n, word, sizeof(word)),
		   type_words(n->type));
	return false;
}

void check_condition(struct check *c, struct node *n, const char *what)
{
	char word[64], help[160];

	check_expr(c, n);
	if (n->type == T_ANY || n->type == T_BOOL)
		return;
	node_word(n, word, sizeof(word));
	if (n->type == T_FAULT || n->type == T_ENTRY)
		snprintf(help, sizeof(help), "write %.40s != fault", word);
	else if (n->type == T_STR)
		snprintf(help, sizeof(help), "write %.40s != \"\"", word);
	else if (n->kind == N_BINARY || n->kind == N_UNARY)
		snprintf(help, sizeof(help), "write (...) != 0");
	else
		snprintf(help, sizeof(help), "write %.40s != 0", word);
	trap_error(c->e, &n->pos, help, "%s wants true or false, and %s is %s", what, word, type_words(n->type));
}

static void check_memory(struct check *c, struct node *n)
{
	check_expr(c, n->a);
	check_wants(c, n->a, TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_GPA), "memory", NULL);
	n->type = T_INT;
}

static void check_index(struct check *c, struct node *n)
{
	check_expr(c, n->a);
	check_expr(c, n->b);
	check_wants(c, n->b, TYPE(T_INT), "an index", NULL);
	n->type = n->a->type == T_STR ? T_STR : T_ANY;
	if (n->a->type == T_ANY || n->a->type == T_LIST || n->a->type == T_STR)
		return;
	trap_error(c->e, &n->pos, n->a->kind == N_VAR ? "memory is read by u8[a] u16[a] u32[a] u64[a], a map is @name[key]" : NULL,
		   "[ ] takes an element of a list or text, and this is %s", type_words(n->a->type));
}

void check_expr(struct check *c, struct node *n)
{
	switch (n->kind) {
	case N_INT: n->type = T_INT; return;
	case N_TIME: n->type = T_TIME; return;
	case N_AMOUNT: n->type = T_AMOUNT; return;
	case N_STR: n->type = T_STR; return;
	case N_BOOL: n->type = T_BOOL; return;
	case N_VAR: check_name(c, n); return;
	case N_REG: check_register(c, n); return;
	case N_MAP: check_map(c, n, false); return;
	case N_UNARY:
		check_expr(c, n->a);
		check_unary(c, n);
		return;
	case N_BINARY:
		check_expr(c, n->a);
		check_expr(c, n->b);
		check_binary(c, n);
		return;
	case N_RANGE:
		check_expr(c, n->a);
		check_expr(c, n->b);
		check_range(c, n);
		return;
	case N_CALL: check_call(c, n); return;
	case N_INDEX: check_index(c, n); return;
	case N_MEM: check_memory(c, n); return;
	case N_FIELD: check_field(c, n); return;
	default: n->type = T_ANY; /* named already */
	}
}

void check_exprs(struct check *c, struct node *list)
{
	for (struct node *n = list; n; n = n->next)
		check_expr(c, n);
}
