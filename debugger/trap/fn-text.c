/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn-text.c - functions of texts, lists and maps: hex, bits, join, len, top, str, list.
 * Rule: a text or list that is made counts in the script's memory, and in its steps by its length.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/fn.h"

static bool fn_hex(struct fn_call *c)
{
	struct buf text = { 0 };

	if (!value_is_number(&c->arg[0]))
		return trap_fail(c->t, fn_node(c, 0), NULL, "hex wants a number, not a %s",
				 trap_type_name((enum trap_type)c->arg[0].type));
	number_print_hex(c->arg[0].n, &text);
	return fn_give_text(c, &text);
}

/* The words of `names`, the first for bit 0, "-" for a bit that is nothing. */
static bool fn_bits(struct fn_call *c)
{
	struct buf text = { 0 };
	const struct text *names;
	const char *s;
	u64 x;

	if (!fn_u64(c, 0, &x) || !fn_text(c, 1, &names))
		return false;
	s = names->at + strspn(names->at, " ,");
	for (int bit = 0; *s && bit < 64; bit++) {
		size_t len = strcspn(s, " ,");
		if (x >> bit & 1 && !(len == 1 && *s == '-')) {
			if (text.len)
				buf_put(&text, " ", 1);
			buf_put(&text, s, len);
		}
		s += len;
		s += strspn(s, " ,");
	}
	return fn_give_text(c, &text);
}

static bool fn_str(struct fn_call *c)
{
	struct buf text = { 0 };

	value_print(&c->arg[0], &text);
	return fn_give_text(c, &text);
}

static bool fn_len(struct fn_call *c)
{
	const struct value *v = &c->arg[0];

	if (c->at->a->kind == N_MAP && !c->at->a->a)
		return fn_give(c, value_of(T_INT, c->t->map[c->at->a->slot].n));
	if (v->type == T_STR)
		return fn_give(c, value_of(T_INT, (trap_int)value_text_of(v)->len));
	if (v->type == T_LIST)
		return fn_give(c, value_of(T_INT, value_list_of(v)->n));
	return trap_fail(c->t, fn_node(c, 0), NULL, "len wants a text, a list or a map, not a %s",
			 trap_type_name((enum trap_type)v->type));
}

static bool fn_join(struct fn_call *c)
{
	const struct text *between = NULL;
	struct buf text = { 0 };
	const struct list *l;

	if (c->arg[0].type != T_LIST)
		return trap_fail(c->t, fn_node(c, 0), NULL, "join wants a list, not a %s",
				 trap_type_name((enum trap_type)c->arg[0].type));
	if (c->n > 1 && !fn_text(c, 1, &between))
		return false;
	l = value_list_of(&c->arg[0]);
	for (u32 i = 0; i < l->n && text.len <= VALUE_TEXT_MAX; i++) {
		if (i)
			buf_put(&text, between ? between->at : " ", between ? between->len : 1);
		value_print(&l->at[i], &text);
	}
	return fn_give_text(c, &text);
}

static bool fn_list(struct fn_call *c)
{
	struct value v = value_list(&c->t->heap, c->n);
	struct list *l = (struct list *)v.o;

	for (u32 i = 0; v.type == T_LIST && i < c->n; i++) {
		if (c->arg[i].type == T_LIST) {
			value_drop(&v);
			return trap_fail(c->t, fn_node(c, i), NULL, "a list cannot hold lists");
		}
		l->at[i] = value_copy(&c->arg[i]);
	}
	return fn_give(c, v);
}

/* [key ..., value] of one cell. */
static struct value row_of(struct trap *t, const struct map *m, const struct cell *cell)
{
	struct value row = value_list(&t->heap, cell->nkeys + 1), v;
	struct list *l = (struct list *)row.o;

	if (row.type == T_NONE)
		return row;
	for (u32 i = 0; i < cell->nkeys; i++)
		l->at[i] = value_copy(&cell->key[i]);
	l->at[cell->nkeys] = cell_value(cell, m->kind, &v) ? v : value_of(T_INT, (trap_int)cell->count);
	return row;
}

/* `print top(@n, 10)` is a table of its own: print.c.  Here: the same as a list of lists. */
static bool fn_top(struct fn_call *c)
{
	const struct map *m = &c->t->map[c->at->a->slot];
	struct cell **sorted = map_sorted(m, true);
	u64 n = m->n;
	struct value v;
	bool ok = c->n < 2 || fn_u64(c, 1, &n);

	n = !ok || !sorted ? 0 : n < m->n ? n : m->n;
	n = n < VALUE_LIST_MAX ? n : VALUE_LIST_MAX;
	v = ok ? value_list(&c->t->heap, (u32)n) : VALUE_NONE;
	for (u64 i = 0; v.type == T_LIST && ok && i < n; i++) {
		struct list *l = (struct list *)v.o;
		l->at[i] = row_of(c->t, m, sorted[i]);
		if (l->at[i].type == T_NONE)
			ok = trap_no_memory(c->t, c->at);
	}
	free(sorted);
	if (!ok) {
		value_drop(&v);
		return false;
	}
	return fn_give(c, v) && trap_spend(c->t, c->at, n);
}

const struct fn_row fn_texts[] = {
	{ "hex", fn_hex, false }, { "bits", fn_bits, false }, { "str", fn_str, false }, { "len", fn_len, true },
	{ "join", fn_join, false }, { "list", fn_list, false }, { "top", fn_top, true },
};
const int fn_ntexts = ARRAY_LEN(fn_texts);
