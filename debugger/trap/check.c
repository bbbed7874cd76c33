/* SPDX-License-Identifier: GPL-3.0-or-later
 * check.c - statements: what may stand where, and what they declare.
 * Rule: a name is seen from its declaration to the end of its block, by everything within, probes and functions too.
 */
#include "debugger/trap/check.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_STATUS_MAX = 63 };

#define TYPE(t) (1u << (t))

/* ---- declarations ---- */

void check_later(struct check *c, const struct node *n)
{
	struct later *l = arena_take(&c->u->arena, sizeof(*l));

	if (!l)
		return;
	l->node = n;
	*c->later_end = l;
	c->later_end = &l->next;
}

static u32 visible(const struct names *names)
{
	u32 n = 0;

	for (const struct variable *v = names->variables; v; v = v->next)
		n++;
	return n;
}

struct variable *check_declare(struct check *c, const struct node *n, const char *name, u8 type)
{
	struct names *names = &c->u->names;
	struct variable *v = arena_take(&c->u->arena, sizeof(*v));

	for (const struct variable *old = names->variables; old != c->block; old = old->next)
		if (!old->events && !strcmp(old->name, name)) {
			char help[160];
			snprintf(help, sizeof(help), "write %.60s = ... to change it", name);
			trap_error(c->e, &n->pos, help, "'%.60s' is declared already, in line %u", name, old->line);
		}
	if (v && (names->nslots == TRAP_SLOTS || (names->nslots >= TRAP_VARIABLES && visible(names) >= TRAP_VARIABLES))) {
		trap_error(c->e, &n->pos, "use a map: @x[key] = value;", "there are more than %d variables", TRAP_VARIABLES);
		return NULL;
	}
	if (!v)
		return NULL;
	*v = (struct variable){ .name = name, .slot = (i32)names->nslots++, .type = type, .line = n->pos.line,
				.next = names->variables };
	names->variables = v;
	return v;
}

static void check_let(struct check *c, struct node *n)
{
	struct variable *v;
	bool plain;

	check_expr(c, n->a);
	plain = check_is_plain(n->a);
	if (n->a->type == T_NONE)
		trap_error(c->e, &n->a->pos, NULL, "this gives no value that '%.60s' could be", n->name);
	v = check_declare(c, n, n->name, n->a->type);
	if (!v)
		return;
	v->constant = n->op;
	v->plain = plain && n->op;
	n->slot = v->slot;
}

void check_block(struct check *c, const struct node *block)
{
	struct variable *outer = c->u->names.variables;
	const struct variable *before = c->block;

	if (!block)
		return;
	c->block = outer;
	check_statements(c, block->a);
	c->block = before;
	c->u->names.variables = outer;
}

/* ---- functions ---- */

const struct trap_fn *fn_find(const struct names *names, const char *name)
{
	const struct trap_fn *f = names->fns;

	while (f && strcmp(f->name, name))
		f = f->next;
	return f;
}

/* All functions of a text, before anything is checked: they may call each other. */
static void declare_fns(struct check *c, struct node *list, const struct trap_fn *old)
{
	for (struct node *n = list; n; n = n->next) {
		struct names *names = &c->u->names;
		const struct trap_fn *same = n->kind == S_FN ? fn_find(names, n->name) : NULL;
		struct trap_fn *f = n->kind == S_FN ? arena_take(&c->u->arena, sizeof(*f)) : NULL;

		if (!f)
			continue;
		if (function_find(n->name) >= 0)
			trap_error(c->e, &n->pos, "choose another name", "there is a function '%.60s' in the language", n->name);
		for (const struct trap_fn *g = names->fns; same && g != old; g = g->next)
			if (g == same)
				trap_error(c->e, &n->pos, "choose another name", "the function '%.60s' is there twice", n->name);
		if (names->nfns++ == TRAP_FNS)
			trap_error(c->e, &n->pos, NULL, "there are more than %d functions", TRAP_FNS);
		f->name = n->name;
		f->body = n->b;
		for (const struct node *p = n->a; p; p = p->next)
			f->nparams++;
		f->next = names->fns;
		names->fns = f;
		n->fn = f;
	}
}

static void check_fn(struct check *c, struct node *n)
{
	struct trap_fn *f = (struct trap_fn *)n->fn; /* declare_fns made it */
	struct variable *outer = c->u->names.variables;
	const struct variable *before = c->block;

	if (!f)
		return;
	c->in_fn = true;
	c->block = outer;
	f->first_slot = c->u->names.nslots;
	for (struct node *p = n->a; p; p = p->next) {
		struct variable *v = check_declare(c, p, p->name, T_ANY);
		p->slot = v ? v->slot : -1;
	}
	check_block(c, n->b);
	f->nslots = c->u->names.nslots - f->first_slot;
	c->block = before;
	c->u->names.variables = outer;
	c->in_fn = false;
}

/* ---- statements ---- */

static const char *const statement_name[] = {
	[S_RUN] = "run", [S_STEP] = "step", [S_BACK] = "back", [S_RESTORE] = "restore", [S_MIGRATE] = "migrate",
	[S_TEST] = "test", [S_PROBE] = "a probe", [S_SNAPSHOT] = "snapshot",
};

/* What drives the machine, or waits, cannot stand where the machine is in the middle of something. */
static void check_place(struct check *c, const struct node *n)
{
	const char *name = n->kind < ARRAY_LEN(statement_name) ? statement_name[n->kind] : NULL;

	if (!name)
		return;
	if (c->probe)
		trap_error(c->e, &n->pos, n->kind == S_PROBE || n->kind == S_TEST ? "write it at the top, outside of all braces" :
			   "stop in the probe, and go on behind the run", "%s cannot stand in a probe: the guest is "
			   "in the middle of an event", name);
	else if (c->in_fn && (n->kind == S_PROBE || n->kind == S_TEST))
		trap_error(c->e, &n->pos, "write it at the top, or in a test", "%s cannot stand in a function", name);
	else if (c->in_test && n->kind == S_TEST)
		trap_error(c->e, &n->pos, "close the braces of the first", "a test cannot stand in a test");
}

static void check_set(struct check *c, struct node *n)
{
	static const struct { const char *name; u8 agg; int args; } aggs[] = {
		{ "count", AGG_COUNT, 0 }, { "sum", AGG_SUM, 1 }, { "min", AGG_MIN, 1 }, { "max", AGG_MAX, 1 },
		{ "avg", AGG_AVG, 1 }, { "hist", AGG_HIST, 1 }, { "lhist", AGG_LHIST, 4 },
	};
	struct node *v = n->b;
	int args = 0;

	for (const struct node *a = v->a; v->kind == N_CALL && a; a = a->next)
		args++;
	for (size_t i = 0; n->a->kind == N_MAP && n->op == OP_NONE && v->kind == N_CALL && !v->op && i < ARRAY_LEN(aggs); i++)
		if (!strcmp(v->name, aggs[i].name) && args == aggs[i].args) {
			v->kind = N_AGG;
			v->op = aggs[i].agg;
			break;
		}
	if (v->kind == N_AGG)
		check_exprs(c, v->a);
	else
		check_expr(c, v);
}

static void check_variable_set(struct check *c, const struct node *n)
{
	const struct variable *v = variable_find(c, n->a->name);
	u8 type = n->op == OP_NONE ? n->b->type : n->type;
	char help[160];

	if (!v)
		return;
	if (v->constant) {
		trap_error(c->e, &n->a->pos, "write let instead of const where it is declared", "'%.60s' is a constant", v->name);
		return;
	}
	if (type_fits(v->type, type, check_is_plain(n->b)))
		return;
	snprintf(help, sizeof(help), "declare another variable: let %.60s2 = ...", v->name);
	trap_error(c->e, &n->pos, help, "'%.60s' is %s (line %u) and cannot become %s", v->name, type_words(v->type), v->line,
		   type_words(type));
}

/* x op= y is x = x op y. */
static void check_compound(struct check *c, struct node *n)
{
	struct node sum = { .kind = N_BINARY, .op = n->op, .pos = n->pos, .a = n->a, .b = n->b, .type = T_ANY };

	check_binary(c, &sum);
	n->type = sum.type;
}

static void check_assignment(struct check *c, struct node *n)
{
	struct node *to = n->a;

	check_set(c, n);
	if (to->kind == N_MAP) {
		check_map_set(c, to, n->op == OP_NONE && n->b->kind == N_AGG ? n->b->op : AGG_NONE);
	} else {
		check_expr(c, to);
		if (to->kind == N_ITEM)
			trap_error(c->e, &to->pos, "to answer the guest write reply value = ...;",
				   "'%.60s' is what the event says and cannot be changed", to->name);
		else if (to->kind != N_VAR && to->kind != N_REG && to->kind != N_MEM)
			trap_error(c->e, &n->pos, to->kind == N_FIELD ? "registers of this processor are written $rax = ..."
							: "only variables, @maps, $registers and u8[memory] can be set",
				   "this cannot be set");
	}
	if (n->op != OP_NONE)
		check_compound(c, n);
	if (to->kind == N_VAR)
		check_variable_set(c, n);
	else if (to->kind == N_REG || to->kind == N_MEM)
		check_wants(c, n->b, TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_GPA) | TYPE(T_BOOL), to->kind == N_REG ? "a register" :
			    "memory", NULL);
}

static void check_for(struct check *c, struct node *n)
{
	struct variable *outer = c->u->names.variables, *v;
	const struct variable *before = c->block;
	u8 type = T_ANY;

	check_expr(c, n->a);
	check_wants(c, n->a, TYPE(T_RANGE) | TYPE(T_LIST), "for", "write for i in 1..10 { ... }");
	if (n->a->kind == N_RANGE && n->a->a->type == n->a->b->type)
		type = n->a->a->type;
	c->block = outer;
	v = check_declare(c, n, n->name, type);
	n->slot = v ? v->slot : -1;
	c->loops++;
	check_block(c, n->b);
	c->loops--;
	c->block = before;
	c->u->names.variables = outer;
}

static void check_loop(struct check *c, struct node *n)
{
	if (n->kind == S_WHILE) {
		check_condition(c, n->a, "while");
	} else {
		check_expr(c, n->a);
		check_wants(c, n->a, TYPE(T_INT), "repeat", "write repeat 10 { ... }");
	}
	c->loops++;
	check_block(c, n->b);
	c->loops--;
}

static void check_test(struct check *c, struct node *n)
{
	bool before = c->in_test;

	if (n->a) {
		check_expr(c, n->a);
		check_wants(c, n->a, TYPE(T_INT), "points", NULL);
	}
	if (n->b) {
		check_expr(c, n->b);
		check_wants(c, n->b, TYPE(T_TIME), "within", "write a time: within 5s");
	}
	c->in_test = true;
	check_block(c, n->c);
	c->in_test = before;
}

static void check_migrate(struct check *c, struct node *n)
{
	check_expr(c, n->a);
	for (struct node *o = n->b; o; o = o->next)
		check_expr(c, o->a);
	for (int i = 0; i < trap_nstatements; i++)
		if (trap_statements[i].missing && !strcmp(trap_statements[i].name, "migrate"))
			trap_missing(c->e, &n->pos, trap_statements[i].missing, "", "migrate");
}

static void check_exit(struct check *c, struct node *n)
{
	if (!n->a)
		return;
	check_expr(c, n->a);
	check_wants(c, n->a, TYPE(T_INT), "exit", NULL);
	if (n->a->kind == N_INT && (n->a->number < 0 || n->a->number > EXIT_STATUS_MAX))
		trap_error(c->e, &n->a->pos, "use 10 to 63 for your own", "an exit status is a number from 0 to %d", EXIT_STATUS_MAX);
}

/* Print, top, dump take whole maps. */
static void check_values(struct check *c, struct node *list)
{
	for (struct node *n = list; n; n = n->next)
		if (n->kind == N_MAP)
			check_map(c, n, !n->a);
		else
			check_expr(c, n);
}

static void check_jump(struct check *c, const struct node *n)
{
	if (n->kind == S_RETURN ? !c->in_fn : !c->loops)
		trap_error(c->e, &n->pos, n->kind == S_BREAK && c->probe ? "in a probe write stop;" : n->kind == S_RETURN ?
			   "write exit to end the script, or if to leave out the rest" : "write run; to let the guest go on",
			   n->kind == S_RETURN ? "return stands in no function" : "%s stands in no loop",
			   n->kind == S_BREAK ? "break" : "next");
}

static void check_amount(struct check *c, struct node *n, const char *what)
{
	if (!n)
		return;
	check_expr(c, n);
	check_wants(c, n, TYPE(T_AMOUNT) | TYPE(T_TIME), what, n->kind == N_INT ? "write a unit: 1insn, 3exits, 20ms" : NULL);
}

static void check_name_of(struct check *c, struct node *n, const char *what)
{
	check_expr(c, n);
	check_wants(c, n, TYPE(T_STR), what, "a snapshot's name stands in quotes: \"clean\"");
}

static void check_simple(struct check *c, struct node *n)
{
	switch (n->kind) {
	case S_BREAK: case S_NEXT: case S_RETURN:
		check_jump(c, n);
		check_exprs(c, n->a);
		return;
	case S_STEP: check_amount(c, n->a, "step"); return;
	case S_BACK: check_amount(c, n->a, "back"); return;
	case S_STOP:
		if (!c->probe && !c->in_fn)
			trap_error(c->e, &n->pos, "write exit; to end the script", "stop is for probes: here the guest stands already");
		check_exprs(c, n->a);
		return;
	case S_EXPECT: case S_ASSERT:
		check_condition(c, n->a, n->kind == S_EXPECT ? "expect" : "assert");
		check_values(c, n->a->next);
		return;
	case S_SNAPSHOT: check_name_of(c, n->a, "snapshot"); return;
	case S_RESTORE: check_name_of(c, n->a, "restore"); return;
	case S_MIGRATE: check_migrate(c, n); return;
	case S_INJECT: check_inject(c, n); return;
	case S_REPLY: check_reply(c, n); return;
	case S_ENABLE: case S_DISABLE: check_later(c, n); return;
	case S_PRINT: case S_DUMP: check_values(c, n->a); return;
	case S_CLEAR: check_map(c, n, true); return;
	case S_EXIT: check_exit(c, n); return;
	case S_EXPR: check_expr(c, n->a); return;
	case S_INCLUDE:
		trap_error(c->e, &n->pos, "write it at the top, outside of all braces", "include cannot stand in a block");
	}
}

static void check_statement(struct check *c, struct node *n)
{
	check_place(c, n);
	switch (n->kind) {
	case S_LET: check_let(c, n); return;
	case S_SET: check_assignment(c, n); return;
	case S_IF:
		check_condition(c, n->a, "if");
		check_block(c, n->b);
		if (n->c && n->c->kind == S_IF)
			check_statement(c, n->c);
		else
			check_block(c, n->c);
		return;
	case S_WHILE: case S_REPEAT: check_loop(c, n); return;
	case S_FOR: check_for(c, n); return;
	case S_RUN: check_run(c, n); return;
	case S_TEST: check_test(c, n); return;
	case S_PROBE: check_probe(c, n); return;
	case S_FN: check_fn(c, n); return;
	default: check_simple(c, n);
	}
}

void check_statements(struct check *c, struct node *list)
{
	for (struct node *n = list; n && c->e->n < TRAP_ERRORS && !c->u->arena.full; n = n->next)
		check_statement(c, n);
}

/* ---- a text ---- */

static void check_probe_name(struct check *c, const struct node *n)
{
	struct nearest near;
	char help[160];

	nearest_start(&near, n->name);
	for (const struct probe_name *p = c->u->names.probes; p; p = p->next) {
		if (!strcmp(p->name, n->name))
			return;
		nearest_offer(&near, p->name);
	}
	help_near(&near, "", "a probe gets a name in front of it: NAME: on EVENT { ... }", help, sizeof(help));
	trap_error(c->e, &n->pos, help, "no probe is called '%.60s'", n->name);
}

static void check_laters(struct check *c)
{
	for (const struct later *l = c->later; l && !c->u->arena.full; l = l->next)
		if (l->node->kind == S_ENABLE || l->node->kind == S_DISABLE)
			check_probe_name(c, l->node);
		else
			check_map_later(c, l->node);
}

void trap_check(struct trap_unit *u, struct node *list, bool syntax, struct trap_errors *e)
{
	struct check c = { .u = u, .e = e, .syntax = syntax, .block = u->names.variables };

	c.later_end = &c.later;
	declare_fns(&c, list, u->names.fns);
	check_statements(&c, list);
	if (!syntax)
		check_laters(&c);
}

void trap_check_expr(struct trap_unit *u, struct node *expr, int within, struct trap_errors *e)
{
	struct node event = { .kind = N_EVENT, .slot = within, .name = within >= 0 ? trap_events[within].name : "" };
	struct variable fields = { .name = "", .events = &event, .next = u->names.variables };
	struct check c = { .u = u, .e = e };

	c.later_end = &c.later;
	if (within >= 0)
		u->names.variables = &fields;
	c.block = u->names.variables;
	c.events = within >= 0 ? &event : NULL;
	if (expr->kind == N_MAP)
		check_map(&c, expr, !expr->a);
	else
		check_expr(&c, expr);
	check_laters(&c);
	u->names.variables = fields.next;
}
