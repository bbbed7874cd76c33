/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-expr.c - what an expression is worth.
 * Rule: every node costs a step and a level of depth; a fault that is used is an error at the place it came from.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

/* ---- numbers from values ---- */

bool number_of(struct trap *t, const struct node *at, const struct value *v, u64 *out, const char *what)
{
	if (!value_is_number(v) || v->type == T_AMOUNT || v->type == T_CPU)
		return trap_fail(t, at, NULL, "%s wants a number, not a %s", what, trap_type_name((enum trap_type)v->type));
	if (v->n < -((trap_int)1 << 63) || v->n > (trap_int)UINT64_MAX)
		return trap_fail(t, at, "numbers are exact; & 0xffffffffffffffff cuts bits off",
				 "%s: the number does not fit into 64 bits", what);
	*out = (u64)v->n;
	return true;
}

bool eval_u64(struct trap *t, const struct node *n, u64 *out)
{
	struct value v;
	bool ok = eval(t, n, &v) && number_of(t, n, &v, out, "this");

	value_drop(&v);
	return ok;
}

bool eval_address(struct trap *t, const struct node *n, u64 *at, bool *physical)
{
	struct value v;
	bool ok = eval(t, n, &v);

	if (ok && v.type != T_INT && v.type != T_GVA && v.type != T_GPA)
		ok = trap_fail(t, n, NULL, "an address is wanted, not a %s", trap_type_name((enum trap_type)v.type));
	if (ok && (v.n < 0 || v.n > (trap_int)UINT64_MAX))
		ok = trap_fail(t, n, "addresses do not wrap; & 0xffffffffffffffff cuts bits off",
			       "this is no address: it goes from 0 to 0xffffffffffffffff");
	if (ok) {
		*at = (u64)v.n;
		*physical = v.type == T_GPA;
	}
	value_drop(&v);
	return ok;
}

bool eval_bool(struct trap *t, const struct node *n, bool *yes)
{
	struct value v;
	bool ok = eval(t, n, &v);

	if (ok && v.type != T_BOOL)
		ok = trap_fail(t, n, v.type == T_INT ? "write != 0 to test a number" : NULL, "a condition is a bool, not a %s",
			       trap_type_name((enum trap_type)v.type));
	*yes = ok && v.n;
	value_drop(&v);
	return ok;
}

/* ---- operators ---- */

static bool put_complaint(struct trap *t, const struct node *n, const struct complaint *c)
{
	return c->what[0] ? trap_fail(t, n, c->help[0] ? c->help : NULL, "%s", c->what) : trap_no_memory(t, n);
}

static bool is_fault_name(const struct node *n)
{
	return n->kind == N_NAME && n->slot >= 0 && !strcmp(n->name, "fault");
}

/* x == fault, x != fault: the only question that a fault answers. */
static bool ask_fault(struct trap *t, const struct node *n, struct value *out)
{
	const struct node *asked = is_fault_name(n->b) ? n->a : n->b;
	struct value v;
	bool ok = eval_any(t, asked, &v);

	*out = value_of(T_BOOL, (v.type == T_FAULT) == (n->op == OP_EQ));
	value_drop(&v);
	return ok;
}

static bool logic(struct trap *t, const struct node *n, struct value *out)
{
	bool yes;

	if (!eval_bool(t, n->a, &yes))
		return false;
	if (yes == (n->op == OP_ALSO) && !eval_bool(t, n->b, &yes))
		return false;
	*out = value_of(T_BOOL, yes);
	return true;
}

static bool otherwise(struct trap *t, const struct node *n, struct value *out)
{
	if (!eval_any(t, n->a, out))
		return false;
	if (out->type != T_FAULT)
		return true;
	value_drop(out);
	return eval_any(t, n->b, out);
}

static bool match(struct trap *t, const struct node *n, const struct value *a, const struct value *b, struct value *out)
{
	bool yes;

	if (a->type != T_STR || b->type != T_STR)
		return trap_fail(t, n, "=~ compares a text with a pattern", "%s =~ %s: both must be texts",
				 trap_type_name((enum trap_type)a->type), trap_type_name((enum trap_type)b->type));
	if (!eval_match(t, n, a, b, &yes))
		return false;
	*out = value_of(T_BOOL, yes);
	return true;
}

static bool binary(struct trap *t, const struct node *n, struct value *out)
{
	struct complaint c;
	struct value a, b;
	bool ok;

	if (n->op == OP_ALSO || n->op == OP_EITHER)
		return logic(t, n, out);
	if (n->op == OP_ELSE)
		return otherwise(t, n, out);
	if ((n->op == OP_EQ || n->op == OP_NE) && (is_fault_name(n->a) || is_fault_name(n->b)))
		return ask_fault(t, n, out);
	if (!eval(t, n->a, &a))
		return false;
	ok = eval(t, n->b, &b);
	if (ok && n->op == OP_MATCH) {
		ok = match(t, n, &a, &b, out);
	} else if (ok) {
		ok = value_binary(&t->heap, (enum trap_op)n->op, &a, &b, out, &c);
		if (!ok)
			put_complaint(t, n, &c);
		else if (out->type == T_STR)
			ok = trap_spend(t, n, value_text_of(out)->len / 64);
	}
	value_drop(&a);
	value_drop(&b);
	return ok;
}

static bool unary(struct trap *t, const struct node *n, struct value *out)
{
	struct complaint c;
	struct value a;
	bool ok = eval(t, n->a, &a);

	if (ok && !value_unary((enum trap_op)n->op, &a, out, &c))
		ok = put_complaint(t, n, &c);
	value_drop(&a);
	return ok;
}

static bool range(struct trap *t, const struct node *n, struct value *out)
{
	struct value a, b = VALUE_NONE;
	bool ok = eval(t, n->a, &a) && eval(t, n->b, &b);

	if (ok && a.type != b.type && a.type == T_INT)
		a.type = b.type; /* 0x1000 .. $rip */
	if (ok && a.type != b.type && b.type == T_INT)
		b.type = a.type;
	if (ok && (a.type != b.type || a.type < T_INT || a.type > T_TIME || a.type == T_BOOL))
		ok = trap_fail(t, n, NULL, "%s .. %s: a range goes from one number to another",
			       trap_type_name((enum trap_type)a.type), trap_type_name((enum trap_type)b.type));
	if (ok)
		*out = value_range(a, b);
	value_drop(&a);
	value_drop(&b);
	return ok;
}

/* ---- places ---- */

static bool variable(struct trap *t, const struct node *n, struct value *out)
{
	if ((u32)n->slot >= t->nslots || t->slot[n->slot].type == T_NONE)
		return trap_fail(t, n, "its `let` has not been executed", "%s has no value yet", n->name);
	*out = value_copy(&t->slot[n->slot]);
	return true;
}

bool eval_keys(struct trap *t, const struct node *map, struct value **keys, u32 *n)
{
	u32 i = 0;

	*n = 0;
	for (const struct node *k = map->a; k; k = k->next, i++) {
		if (i == VALUE_KEYS)
			return trap_fail(t, k, NULL, "a map has at most %d keys", VALUE_KEYS);
		if (!eval(t, k, &(*keys)[i]))
			return false;
		*n = i + 1;
		if ((*keys)[i].type == T_LIST || (*keys)[i].type == T_ENTRY)
			return trap_fail(t, k, NULL, "a %s cannot be a key", trap_type_name((enum trap_type)(*keys)[i].type));
	}
	return true;
}

static bool map_cell(struct trap *t, const struct node *n, struct value *out)
{
	struct value room[VALUE_KEYS], *keys = room;
	struct map *m = &t->map[n->slot];
	const struct cell *c;
	u32 nkeys;
	bool ok = eval_keys(t, n, &keys, &nkeys);

	c = ok ? map_find(m, keys, nkeys) : NULL;
	for (u32 i = 0; i < nkeys; i++)
		value_drop(&keys[i]);
	if (!ok)
		return false;
	if (c && cell_value(c, m->kind, out))
		return true;
	if (c && c->bucket)
		return trap_fail(t, n, "print shows it", "@%s is a histogram, which is no number", m->name);
	if (m->kind == AGG_COUNT || m->kind == AGG_SUM) {
		*out = value_of(T_INT, 0);
		out->plain = true;
		return true;
	}
	*out = value_fault(&t->heap, "@%s is not set%s", m->name, n->a ? " for this key" : "");
	return out->type != T_NONE || trap_no_memory(t, n);
}

static bool memory(struct trap *t, const struct node *n, struct value *out)
{
	u32 bytes = (u32)n->number;
	bool physical;
	u64 at, value = 0, got;

	if (!eval_address(t, n->a, &at, &physical))
		return false;
	got = physical ? session_read_physical(t->s, at, &value, bytes) : session_read(t->s, at, &value, bytes);
	if (got == bytes) {
		*out = value_of(T_INT, (trap_int)value);
		return true;
	}
	memory_fault(t, at + got, physical, out);
	return out->type != T_NONE || trap_no_memory(t, n);
}

static bool item_of_list(struct trap *t, const struct node *n, const struct value *of, u64 i, struct value *out)
{
	const struct list *l = value_list_of(of);
	const struct text *s = value_text_of(of);

	if (i >= (of->type == T_LIST ? l->n : s->len))
		return trap_fail(t, n->b, "they count from 0; len() says how many there are", "there is no element %llu",
				 (unsigned long long)i);
	*out = of->type == T_LIST ? value_copy(&l->at[i]) : value_of(T_INT, (u8)s->at[i]);
	return true;
}

static bool index_of(struct trap *t, const struct node *n, struct value *out)
{
	struct value of;
	u64 i;
	bool ok = eval(t, n->a, &of);

	if (ok && of.type != T_LIST && of.type != T_STR)
		ok = trap_fail(t, n, "memory is read by u8[] u16[] u32[] u64[]", "a %s has no elements",
			       trap_type_name((enum trap_type)of.type));
	ok = ok && eval_u64(t, n->b, &i) && item_of_list(t, n, &of, i, out);
	value_drop(&of);
	return ok;
}

static bool field(struct trap *t, const struct node *n, struct value *out)
{
	struct value of;
	bool ok = eval(t, n->a, &of) && eval_field(t, n, &of, out);

	value_drop(&of);
	return ok;
}

/* ---- calls of the script's own functions ---- */

/* The values that its variables have in the call that is running. */
static struct value *save_slots(struct trap *t, const struct trap_fn *fn)
{
	struct value *saved = fn->nslots && t->heap.used + fn->nslots * sizeof(*saved) <= t->heap.limit
				      ? malloc(fn->nslots * sizeof(*saved)) : NULL;

	if (!saved)
		return NULL;
	t->heap.used += fn->nslots * sizeof(*saved);
	for (u32 i = 0; i < fn->nslots; i++) {
		saved[i] = t->slot[fn->first_slot + i];
		t->slot[fn->first_slot + i] = VALUE_NONE;
	}
	return saved;
}

static void restore_slots(struct trap *t, const struct trap_fn *fn, struct value *saved)
{
	for (u32 i = 0; i < fn->nslots && saved; i++) {
		value_drop(&t->slot[fn->first_slot + i]);
		t->slot[fn->first_slot + i] = saved[i];
	}
	if (saved)
		t->heap.used -= fn->nslots * sizeof(*saved);
	free(saved);
}

static bool run_body(struct trap *t, const struct trap_fn *fn, struct value *args, u32 n, struct value *out)
{
	struct value *saved = save_slots(t, fn);
	enum flow flow;

	if (fn->nslots && !saved)
		return trap_no_memory(t, fn->body);
	for (u32 i = 0; i < n; i++) {
		t->slot[fn->first_slot + i] = args[i];
		args[i] = VALUE_NONE;
	}
	value_drop(&t->result);
	flow = exec_block(t, fn->body);
	*out = t->result;
	t->result = VALUE_NONE;
	restore_slots(t, fn, saved);
	if (flow == FLOW_STOP)
		t->stopping = true;
	return flow != FLOW_LEAVE;
}

bool eval_call_own(struct trap *t, const struct node *n, struct value *out)
{
	struct value args[FN_PARAMS];
	u32 got = 0;
	bool ok = true;

	if (t->calls >= CALL_DEPTH)
		return trap_limit(t, n, NULL, "functions call each other more than %d deep", CALL_DEPTH);
	for (const struct node *a = n->a; a && ok; a = a->next) {
		if (got == FN_PARAMS)
			return trap_fail(t, a, NULL, "a function has at most %d parameters", FN_PARAMS);
		ok = eval(t, a, &args[got]);
		got += ok;
	}
	t->calls++;
	if (ok && got <= n->fn->nslots)
		ok = run_body(t, n->fn, args, got, out);
	t->calls--;
	for (u32 i = 0; i < got; i++)
		value_drop(&args[i]);
	return ok && t->end.kind == END_NOT;
}

/* ---- the door ---- */

static bool constant(struct trap *t, const struct node *n, struct value *out)
{
	switch (n->kind) {
	case N_TIME: *out = value_of(T_TIME, n->number); return true;
	case N_BOOL: *out = value_of(T_BOOL, n->number); return true;
	case N_AMOUNT:
		*out = value_of(T_AMOUNT, n->number);
		out->unit = n->op;
		return true;
	case N_STR:
		*out = value_str(&t->heap, n->text, n->len);
		return out->type == T_STR || trap_no_memory(t, n);
	default:
		*out = value_of(T_INT, n->number);
		out->plain = true;
		return true;
	}
}

static bool eval_node(struct trap *t, const struct node *n, struct value *out)
{
	switch ((enum trap_node)n->kind) {
	case N_INT:
	case N_TIME:
	case N_AMOUNT:
	case N_STR:
	case N_BOOL: return constant(t, n, out);
	case N_VAR: return variable(t, n, out);
	case N_ITEM: return eval_item(t, n, out);
	case N_NAME: return eval_name(t, n, out);
	case N_REG: return eval_register(t, n, n->name, trap_cpu(t), out);
	case N_MAP: return map_cell(t, n, out);
	case N_UNARY: return unary(t, n, out);
	case N_BINARY: return binary(t, n, out);
	case N_RANGE: return range(t, n, out);
	case N_CALL: return n->slot < 0 ? eval_call_own(t, n, out) : eval_function(t, n, out);
	case N_INDEX: return index_of(t, n, out);
	case N_MEM: return memory(t, n, out);
	case N_FIELD: return field(t, n, out);
	default: return trap_fail(t, n, NULL, "this is no value");
	}
}

bool eval_any(struct trap *t, const struct node *n, struct value *out)
{
	bool ok;

	*out = VALUE_NONE;
	if (!trap_spend(t, n, 1))
		return false;
	if (t->depth >= EVAL_DEPTH)
		return trap_limit(t, n, NULL, "the expression is nested more than %d deep", EVAL_DEPTH);
	t->depth++;
	ok = eval_node(t, n, out);
	t->depth--;
	if (!ok)
		value_drop(out);
	return ok;
}

bool eval(struct trap *t, const struct node *n, struct value *out)
{
	bool ok = eval_any(t, n, out);

	if (ok && out->type == T_FAULT) {
		ok = trap_fail(t, n, n->kind == N_MEM ? "use  ... ?? 0  or test with  ... == fault"
						      : "write  ... ?? other  to go on without it", "%s", value_text_of(out)->at);
		value_drop(out);
	}
	return ok;
}
