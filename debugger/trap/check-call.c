/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-call.c - calls, and what the arguments of functions and events may be.
 * Rule: the word by which a table calls an argument says what it takes; the same word means the same everywhere.
 */
#include <stdio.h>
#include <string.h>

#include "core/exit.h"
#include "debugger/trap/check.h"

#define TYPE(t) (1u << (t))

enum limit { NO_LIMIT, IS_REASON, IS_MAP, IS_PHYSICAL };

static const struct word {
	const char *name;
	u32 types;
	i64 most; /* of a number written there; 0 = whatever fits */
	enum limit limit;
} words[] = {
	{ "any", ~0u, 0, NO_LIMIT },
	{ "number", TYPE(T_INT), 0, NO_LIMIT },
	{ "count", TYPE(T_INT), 0, NO_LIMIT },
	{ "code", TYPE(T_INT), 0, NO_LIMIT },
	{ "leaf", TYPE(T_INT) | TYPE(T_RANGE), 0xffffffff, NO_LIMIT },
	{ "msr", TYPE(T_INT) | TYPE(T_RANGE), 0xffffffff, NO_LIMIT },
	{ "port", TYPE(T_INT) | TYPE(T_RANGE), 0xffff, NO_LIMIT },
	{ "vector", TYPE(T_INT) | TYPE(T_RANGE), 255, NO_LIMIT },
	{ "reason", TYPE(T_INT), EXIT_COUNT - 1, IS_REASON },
	{ "address", TYPE(T_INT) | TYPE(T_GVA), 0, NO_LIMIT },
	{ "addresses", TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_RANGE), 0, NO_LIMIT },
	{ "location", TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_GPA), 0, NO_LIMIT },
	{ "locations", TYPE(T_INT) | TYPE(T_GVA) | TYPE(T_GPA) | TYPE(T_RANGE), 0, NO_LIMIT },
	{ "gpa", TYPE(T_INT) | TYPE(T_GPA), 0, IS_PHYSICAL },
	{ "gpas", TYPE(T_INT) | TYPE(T_GPA) | TYPE(T_RANGE), 0, IS_PHYSICAL },
	{ "cr3", TYPE(T_INT) | TYPE(T_GPA), 0, NO_LIMIT },
	{ "text", TYPE(T_STR), 0, NO_LIMIT },
	{ "list", TYPE(T_LIST), 0, NO_LIMIT },
	{ "period", TYPE(T_TIME), 0, NO_LIMIT },
	{ "map", ~0u, 0, IS_MAP },
};

static const struct word *word_find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].name) == len && !memcmp(words[i].name, name, len))
			return &words[i];
	return &words[0];
}

static void check_argument(struct check *c, const struct node *n, const struct word *w, const char *name)
{
	char what[80];

	snprintf(what, sizeof(what), "%.40s", name);
	if (w->limit == IS_MAP && n->kind != N_MAP && n->type != T_ANY) {
		trap_error(c->e, &n->pos, "a map is written @name", "%s wants a map, and this is %s", name, type_words(n->type));
		return;
	}
	if (w->limit == IS_PHYSICAL && n->type == T_INT && !check_is_plain(n) && n->kind != N_VAR) {
		trap_error(c->e, &n->pos, "write gpa(...) around it if it is a guest-physical address",
			   "%s wants a gpa, and this is a number of unknown kind", name);
		return;
	}
	if (!check_wants(c, n, w->types, what, w->types & TYPE(T_GVA) && n->type == T_GPA ?
			 "it wants a linear address" : n->type == T_GVA && w->types & TYPE(T_GPA) ?
			 "write translate(...) around it" : NULL))
		return;
	if (n->kind == N_INT && w->limit == IS_REASON && (n->number > w->most || !exit_name((u16)n->number)))
		trap_error(c->e, &n->pos, "info exits lists the exit reasons", "there is no exit reason %lld",
			   (long long)(n->number > 1 << 30 ? -1 : n->number));
	else if (n->kind == N_INT && w->most && n->number > w->most) {
		char help[80];
		snprintf(help, sizeof(help), "the largest is %lld", (long long)w->most);
		trap_error(c->e, &n->pos, help, "this number is too large for %s", name);
	}
}

/* The row's words for so many arguments: of "[cr3], address" one is the address. */
static const char *skip_optional(const char *at, int given, int min)
{
	return given == min && *at == '[' && strchr(at, ',') ? strchr(at, ',') + 1 : at;
}

void check_arguments(struct check *c, const struct node *list, const char *args, const struct trap_pos *pos, const char *kind,
		     const char *name, int min, int max)
{
	const char *at = args;
	int given = 0;
	char help[160];

	for (const struct node *n = list; n; n = n->next)
		given++;
	if (given < min || given > max) {
		snprintf(help, sizeof(help), *args ? "write %.40s(%.80s)" : "write %.40s%s", name, *args ? args :
			 strcmp(kind, "event") ? "()" : "");
		trap_error(c->e, pos, help, "%s takes %s%d argument%s, and %d %s given", name, min == max ? "" : given < min ?
			   "at least " : "at most ", given < min ? min : max, (given < min ? min : max) == 1 ? "" : "s", given,
			   given == 1 ? "is" : "are");
		return;
	}
	at = skip_optional(at, given, min);
	for (const struct node *n = list; n && n->type != T_NONE; n = n->next) {
		size_t len;

		at += strspn(at, " ,[]");
		len = strcspn(at, " ,[].");
		check_argument(c, n, word_find(at, len), name);
		if (at[len] != '.')
			at += len;
	}
}

int function_find(const char *name)
{
	for (int i = 0; i < trap_nfunctions; i++)
		if (!strcmp(trap_functions[i].name, name))
			return i;
	return -1;
}

/* ---- calls ---- */

static bool is_aggregation(const char *name)
{
	static const char *const names[] = { "count", "sum", "avg", "hist", "lhist" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void unknown_function(struct check *c, const struct node *n)
{
	struct nearest near;
	char help[160];

	if (c->syntax)
		return;
	nearest_start(&near, n->name);
	for (int i = 0; i < trap_nfunctions; i++)
		nearest_offer(&near, trap_functions[i].name);
	for (const struct trap_fn *f = c->u->names.fns; f; f = f->next)
		nearest_offer(&near, f->name);
	if (event_find(n->name) >= 0)
		snprintf(help, sizeof(help), "it is an event: run until %s(...), or on %s(...) { ... }", n->name, n->name);
	else
		help_near(&near, "", "help functions lists them; your own begins with fn", help, sizeof(help));
	trap_error(c->e, &n->pos, help, "there is no function '%.60s'", n->name);
}

/* x.f(...): of disk("d0").digest() the row is disk.digest, of memory.digest() memory.digest. */
static void method_name(struct check *c, struct node *n)
{
	struct node *of = n->a, *rest = of->next;
	bool call = of->kind == N_CALL && !of->op, name = of->kind == N_VAR && !variable_find(c, of->name);
	char full[128];

	n->op = 0;
	if (!call && !name) {
		trap_error(c->e, &n->pos, "write f(x) to call a function", "this has no functions of its own");
		n->slot = -2;
		return;
	}
	snprintf(full, sizeof(full), "%.60s.%.60s", of->name, n->name);
	n->name = arena_text(&c->u->arena, full, strlen(full));
	n->pos = of->pos;
	n->a = call ? of->a : rest;
	if (!call || !of->a) {
		n->a = rest;
		return;
	}
	for (of = of->a; of->next; of = of->next)
		;
	of->next = rest;
}

static void check_own(struct check *c, struct node *n, const struct trap_fn *f)
{
	u32 given = 0;

	for (const struct node *a = n->a; a; a = a->next)
		given++;
	n->fn = f;
	n->slot = -1;
	if (given != f->nparams)
		trap_error(c->e, &n->pos, "give as many as it was declared with", "%.60s takes %u argument%s, and %u %s given", f->name,
			   f->nparams, f->nparams == 1 ? "" : "s", given, given == 1 ? "is" : "are");
}

static void check_function(struct check *c, struct node *n)
{
	const struct trap_function *f = &trap_functions[n->slot];

	n->type = f->result;
	if (f->missing)
		trap_missing(c->e, &n->pos, f->missing, "", f->name);
	if (is_aggregation(f->name)) {
		char help[160];
		snprintf(help, sizeof(help), "write %s", f->example);
		trap_error(c->e, &n->pos, help, "%s is for maps, on the right of @name = alone", f->name);
		return;
	}
	check_arguments(c, n->a, f->args, &n->pos, "function", f->name, f->min_args, f->max_args);
}

void check_call(struct check *c, struct node *n)
{
	const struct trap_fn *own;

	n->type = T_ANY;
	if (n->op)
		method_name(c, n);
	if (n->slot == -2) {
		n->slot = -1;
		return;
	}
	n->slot = function_find(n->name);
	for (struct node *a = n->a; a; a = a->next)
		if (a->kind == N_MAP)
			check_map(c, a, !a->a && n->slot >= 0);
		else
			check_expr(c, a);
	if (n->slot >= 0) {
		check_function(c, n);
		return;
	}
	own = fn_find(&c->u->names, n->name);
	if (own)
		check_own(c, n, own);
	else
		unknown_function(c, n);
}
