/* SPDX-License-Identifier: GPL-3.0-or-later
 * fn.c - calling a function of the language by its row.
 * Rule: what all of them need is here: working out arguments, taking them as a type, giving a result.
 */
#include "debugger/trap/fn.h"

#include <string.h>

static const struct fn_row *find_in(const struct fn_row *rows, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	return NULL;
}

static const struct fn_row *find(const char *name)
{
	const struct fn_row *row = find_in(fn_numbers, fn_nnumbers, name);

	if (!row)
		row = find_in(fn_texts, fn_ntexts, name);
	if (!row)
		row = find_in(fn_paging, fn_npaging, name);
	return row ? row : find_in(fn_machine, fn_nmachine, name);
}

bool trap_function_is_built(const char *name)
{
	return find(name);
}

/* ---- arguments and result ---- */

const struct node *fn_node(const struct fn_call *c, u32 i)
{
	const struct node *n = c->at->a;

	while (n && i--)
		n = n->next;
	return n ? n : c->at;
}

static const char *type_of(const struct fn_call *c, u32 i)
{
	return trap_type_name((enum trap_type)c->arg[i].type);
}

bool fn_u64(struct fn_call *c, u32 i, u64 *out)
{
	return number_of(c->t, fn_node(c, i), &c->arg[i], out, c->at->name);
}

bool fn_int(struct fn_call *c, u32 i, trap_int *out)
{
	const struct value *v = &c->arg[i];

	if (v->type != T_INT && v->type != T_GVA && v->type != T_GPA && v->type != T_BOOL)
		return trap_fail(c->t, fn_node(c, i), NULL, "%s wants a number, not a %s", c->at->name, type_of(c, i));
	*out = v->n;
	return true;
}

bool fn_text(struct fn_call *c, u32 i, const struct text **out)
{
	if (c->arg[i].type != T_STR)
		return trap_fail(c->t, fn_node(c, i), NULL, "%s wants a text, not a %s", c->at->name, type_of(c, i));
	*out = value_text_of(&c->arg[i]);
	return true;
}

bool fn_place(struct fn_call *c, u32 i, u64 *at, bool *physical)
{
	const struct value *v = &c->arg[i];

	if (v->type != T_INT && v->type != T_GVA && v->type != T_GPA)
		return trap_fail(c->t, fn_node(c, i), NULL, "%s wants an address, not a %s", c->at->name, type_of(c, i));
	*physical = v->type == T_GPA;
	return number_of(c->t, fn_node(c, i), v, at, c->at->name);
}

bool fn_gva(struct fn_call *c, u32 i, u64 *gva)
{
	bool physical;

	if (!fn_place(c, i, gva, &physical))
		return false;
	return !physical || trap_fail(c->t, fn_node(c, i), NULL, "%s wants a linear address, not a gpa", c->at->name);
}

bool fn_give(struct fn_call *c, struct value v)
{
	c->out = v;
	return v.type != T_NONE || trap_no_memory(c->t, c->at);
}

bool fn_give_text(struct fn_call *c, struct buf *text)
{
	bool ok = !text->failed;

	if (!ok)
		trap_no_memory(c->t, c->at);
	else if (text->len > VALUE_TEXT_MAX)
		ok = trap_fail(c->t, c->at, NULL, "the text would have more than %d bytes", VALUE_TEXT_MAX);
	else
		ok = fn_give(c, value_str(&c->t->heap, text->data, text->len)) && trap_spend(c->t, c->at, text->len / 64);
	buf_free(text);
	return ok;
}

/* ---- the door ---- */

/* A name with dots may come as a call of a field: disk("hda").digest() has "hda" as its first argument. */
bool eval_function(struct trap *t, const struct node *n, struct value *out)
{
	const struct fn_row *row = find(trap_functions[n->slot].name);
	struct fn_call c = { .t = t, .at = n };
	const struct node *a = n->a;
	bool ok = true;

	if (!row)
		return trap_fail(t, n, NULL, "this build has no function %s", trap_functions[n->slot].name);
	if (row->map && a && a->kind == N_MAP && !a->a) {
		c.arg[c.n++] = VALUE_NONE;
		a = a->next;
	}
	for (; a && ok && c.n < FN_ARGS; a = a->next) {
		ok = eval(t, a, &c.arg[c.n]);
		c.n += ok;
	}
	ok = ok && row->exec(&c);
	for (u32 i = 0; i < c.n; i++)
		value_drop(&c.arg[i]);
	*out = c.out;
	if (!ok)
		value_drop(out);
	return ok;
}
