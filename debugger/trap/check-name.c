/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-name.c - what a name means: a variable, a field of the event, a name of the language, an exit reason.
 * Rule: the innermost declaration wins; a probe's fields lie between what is declared in it and around it.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "debugger/session/session.h"
#include "debugger/trap/check.h"

enum { NAME_MAX_LEN = 120 };

/* ---- tables ---- */

int event_find(const char *name)
{
	for (int i = 0; i < trap_nevents; i++)
		if (!strcmp(trap_events[i].name, name))
			return i;
	return -1;
}

int event_field(int event, const char *name)
{
	for (int i = 0; event >= 0 && i < TRAP_FIELDS && trap_events[event].field[i].name; i++)
		if (!strcmp(trap_events[event].field[i].name, name))
			return i;
	return -1;
}

/* The row of a name, or of all names that begin like it; -1. */
static int row_find(const char *name)
{
	for (int i = 0; i < trap_nnames; i++) {
		size_t len = strlen(trap_names[i].name);
		bool group = trap_names[i].name[len - 1] == '.';
		if (group ? !strncmp(trap_names[i].name, name, len) : !strcmp(trap_names[i].name, name))
			return i;
	}
	return -1;
}

/* Is there a name `group.something`? */
static bool is_group(const char *group, struct nearest *near)
{
	size_t len = strlen(group);
	bool found = false;

	for (int i = 0; i < trap_nnames; i++)
		if (!strncmp(trap_names[i].name, group, len) && trap_names[i].name[len] == '.') {
			found = true;
			if (near)
				nearest_offer(near, trap_names[i].name);
		}
	return found;
}

void help_near(const struct nearest *near, const char *sign, const char *otherwise, char *help, size_t size)
{
	if (near->best)
		snprintf(help, size, "did you mean '%s%.80s'?", sign, near->best);
	else
		snprintf(help, size, "%s", otherwise ? otherwise : "");
}

/* ---- fields of events ---- */

static void fields_text(int event, char *out, size_t size)
{
	size_t len = (size_t)snprintf(out, size, "%s knows:", trap_events[event].name);

	for (int i = 0; i < TRAP_FIELDS && trap_events[event].field[i].name && len < size; i++)
		len += (size_t)snprintf(out + len, size - len, " %s", trap_events[event].field[i].name);
}

/* The field of this name, if the first of the events knows it; and all the others must. */
static bool as_field(struct check *c, struct node *n, const struct node *events)
{
	int at = event_field(events->slot, n->name);
	char help[160];

	if (at < 0)
		return false;
	n->kind = N_ITEM;
	n->slot = at;
	n->row = trap_item_row(n->name);
	n->type = trap_events[events->slot].field[at].type;
	for (const struct node *ev = events->next; ev; ev = ev->next) {
		int other = event_field(ev->slot, n->name);
		if (other < 0) {
			fields_text(ev->slot, help, sizeof(help));
			trap_error(c->e, &n->pos, help, "'%.60s' is not known when '%s' happens", n->name, trap_events[ev->slot].name);
		} else if (trap_events[ev->slot].field[other].type != n->type) {
			n->type = T_ANY;
		}
	}
	return true;
}

const struct variable *variable_find(const struct check *c, const char *name)
{
	for (const struct variable *v = c->u->names.variables; v; v = v->next)
		if (!v->events && !strcmp(v->name, name))
			return v;
	return NULL;
}

/* A variable or a field. */
static bool as_declared(struct check *c, struct node *n)
{
	for (const struct variable *v = c->u->names.variables; v; v = v->next) {
		if (v->events) {
			if (as_field(c, n, v->events))
				return true;
		} else if (!strcmp(v->name, n->name)) {
			n->slot = v->slot;
			n->type = v->type;
			n->number = v->plain;
			return true;
		}
	}
	return false;
}

/* ---- what else a name may be ---- */

static bool as_row(struct check *c, struct node *n, const char *name)
{
	int row = row_find(name);

	if (row < 0)
		return false;
	n->kind = N_NAME;
	n->slot = row;
	n->type = trap_names[row].type;
	if (trap_names[row].missing)
		trap_missing(c->e, &n->pos, trap_names[row].missing, "", name);
	return true;
}

static bool as_exit_reason(struct node *n)
{
	int reason = exit_reason_find(n->name);

	if (reason < 0)
		return false;
	n->kind = N_NAME;
	n->slot = -1;
	n->number = reason;
	n->type = T_INT;
	return true;
}

static bool is_register(const char *name)
{
	return session_register_known(name);
}

static bool is_map(const struct check *c, const char *name)
{
	for (const struct map *m = c->u->names.maps; m; m = m->next)
		if (!strcmp(m->name, name))
			return true;
	return false;
}

/* Where a field of this name is known, when it is not here. */
static int event_with(const char *name)
{
	for (int i = 0; i < trap_nevents; i++)
		if (!trap_events[i].missing && event_field(i, name) >= 0)
			return i;
	return -1;
}

static void offer_all(const struct check *c, struct nearest *near)
{
	for (const struct variable *v = c->u->names.variables; v; v = v->next) {
		if (!v->events)
			nearest_offer(near, v->name);
		for (int i = 0; v->events && i < TRAP_FIELDS && trap_events[v->events->slot].field[i].name; i++)
			nearest_offer(near, trap_events[v->events->slot].field[i].name);
	}
	for (int i = 0; i < trap_nnames; i++)
		nearest_offer(near, trap_names[i].name);
	nearest_offer(near, "true");
	nearest_offer(near, "false");
	exit_reason_offer(near);
}

static void help_unknown(const struct check *c, const char *name, char *help, size_t size)
{
	struct nearest near;
	int event = event_with(name);

	nearest_start(&near, name);
	if (is_register(name)) {
		snprintf(help, size, "a register is written $%.60s", name);
	} else if (is_map(c, name)) {
		snprintf(help, size, "a map is written @%.60s", name);
	} else if (event >= 0 && !c->events) {
		snprintf(help, size, "it is known in a probe: on %s { ... }", trap_events[event].name);
	} else if (event >= 0) {
		fields_text(c->events->slot, help, size);
	} else if (function_find(name) >= 0) {
		snprintf(help, size, "a function is called: %s", trap_functions[function_find(name)].example);
	} else if (is_group(name, NULL)) {
		is_group(name, &near);
		snprintf(help, size, "write %.60s.something: help names lists them", name);
	} else if (!strcasecmp(name, "null") || !strcasecmp(name, "nil") || !strcasecmp(name, "none")) {
		snprintf(help, size, "what cannot be read is a fault: x == fault, x ?? other");
	} else {
		offer_all(c, &near);
		help_near(&near, "", "a variable is declared by let, a register is $rax, a map @n, a text stands in quotes", help,
			  size);
	}
}

/* Said once: from then on it is a variable of which nothing is known. */
static void unknown(struct check *c, struct node *n)
{
	struct variable *v = arena_take(&c->u->arena, sizeof(*v));
	char help[160];

	n->type = T_ANY;
	if (!v || c->syntax)
		return;
	help_unknown(c, n->name, help, sizeof(help));
	trap_error(c->e, &n->pos, help, "nothing is called '%.60s'", n->name);
	*v = (struct variable){ .name = n->name, .slot = -1, .type = T_ANY, .line = n->pos.line, .next = c->u->names.variables };
	c->u->names.variables = v;
}

void check_name(struct check *c, struct node *n)
{
	n->number = 0;
	if (!as_declared(c, n) && !as_row(c, n, n->name) && !as_exit_reason(n))
		unknown(c, n);
}

/* ---- registers ---- */

/* Linear addresses (debugger-level knowledge of SDM 1 3.4: instruction, stack and frame pointer; CR2). */
static u8 register_type(const char *name)
{
	static const char *const pointers[] = { "rip", "eip", "ip", "rsp", "esp", "sp", "rbp", "ebp", "bp", "cr2" };
	const char *dot = strchr(name, '.');
	bool bits = dot && (!strncasecmp(name, "rflags", 6) || !strncasecmp(name, "eflags", 6) || !strncasecmp(name, "cr", 2) ||
			    !strncasecmp(name, "efer", 4));

	for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
		if (!strcasecmp(name, pointers[i]))
			return T_GVA;
	return bits && strcasecmp(dot + 1, "IOPL") ? T_BOOL : T_INT;
}

static void check_register_name(struct check *c, const struct trap_pos *pos, const char *sign, const char *name)
{
	struct nearest near;
	char help[160];

	if (is_register(name))
		return;
	nearest_start(&near, name);
	for (int i = 0; session_register_name(i); i++)
		nearest_offer(&near, session_register_name(i));
	help_near(&near, sign, "registers are rax to r15, rip, rflags, cs.base, cr0, xmm0 and so on", help, sizeof(help));
	trap_error(c->e, pos, help, "there is no register '%.60s'", name);
}

void check_register(struct check *c, struct node *n)
{
	n->type = register_type(n->name);
	n->row = session_register_row(n->name);
	check_register_name(c, &n->pos, "$", n->name);
}

/* ---- x.name ---- */

/* "a.b.c" of a chain that begins with a name; false: it does not, or is too long. */
static bool dotted(const struct node *n, char *out, size_t size)
{
	size_t len;

	if (n->kind == N_VAR)
		return (size_t)snprintf(out, size, "%s", n->name) < size;
	if (n->kind != N_FIELD || !dotted(n->a, out, size))
		return false;
	len = strlen(out);
	return (size_t)snprintf(out + len, size - len, ".%s", n->name) < size - len;
}

static const struct node *chain_start(const struct node *n)
{
	while (n->kind == N_FIELD)
		n = n->a;
	return n;
}

/* cpu.exits and the like; an error here is one, too. */
static bool as_dotted(struct check *c, struct node *n)
{
	const struct node *first = chain_start(n);
	struct node probe = *first;
	char name[NAME_MAX_LEN], help[160];
	struct nearest near;

	if (first->kind != N_VAR || variable_find(c, first->name) || !dotted(n, name, sizeof(name)))
		return false;
	for (const struct node *ev = c->events; ev; ev = NULL)
		if (event_field(ev->slot, probe.name) >= 0)
			return false;
	if (!is_group(first->name, NULL))
		return false;
	n->pos = first->pos;
	if (as_row(c, n, name)) {
		n->name = arena_text(&c->u->arena, name, strlen(name));
		n->a = NULL;
		return true;
	}
	nearest_start(&near, name);
	is_group(first->name, &near);
	help_near(&near, "", "help names lists what there is", help, sizeof(help));
	trap_error(c->e, &n->pos, help, "nothing is called '%.80s'", name);
	n->type = T_ANY;
	return true;
}

static const struct { const char *name; u8 type; } entry_fields[] = {
	{ "p", T_BOOL }, { "w", T_BOOL }, { "x", T_BOOL }, { "u", T_BOOL }, { "a", T_BOOL }, { "d", T_BOOL }, { "g", T_BOOL },
	{ "nx", T_BOOL },
	{ "ps", T_BOOL }, { "pa", T_INT }, { "pfn", T_INT }, { "level", T_INT }, { "raw", T_INT }, { "at", T_GPA }, { "gpa", T_GPA }, { "size", T_INT },
};

static void check_entry_field(struct check *c, struct node *n)
{
	for (size_t i = 0; i < ARRAY_LEN(entry_fields); i++)
		if (!strcmp(entry_fields[i].name, n->name)) {
			n->type = entry_fields[i].type;
			return;
		}
	n->type = T_ANY;
	trap_error(c->e, &n->pos, "an entry has .p .w .x .u .a .d .g .nx .ps .pa .pfn .level .raw .at .gpa .size",
		   "a page-table entry has no field '%.60s'", n->name);
}

/* $rflags.ZF: one register's name. */
static bool as_part(struct check *c, struct node *n)
{
	char name[NAME_MAX_LEN];

	if (n->a->kind != N_REG)
		return false;
	snprintf(name, sizeof(name), "%.50s.%.50s", n->a->name, n->name);
	n->kind = N_REG;
	n->pos = n->a->pos;
	n->name = arena_text(&c->u->arena, name, strlen(name));
	n->a = NULL;
	check_register(c, n);
	return true;
}

void check_field(struct check *c, struct node *n)
{
	if (as_part(c, n) || as_dotted(c, n))
		return;
	check_expr(c, n->a);
	n->type = T_ANY;
	if (n->a->type == T_CPU) {
		n->type = register_type(n->name);
		if (strcmp(n->name, "number") && strcmp(n->name, "insns"))
			check_register_name(c, &n->pos, "", n->name);
	} else if (n->a->type == T_ENTRY) {
		check_entry_field(c, n);
	} else if (n->a->type != T_ANY) {
		trap_error(c->e, &n->pos, n->a->type == T_INT || n->a->type == T_GVA ? "walk(address) gives an entry, which has some" :
			   NULL, "%s has no fields", type_words(n->a->type));
	}
}
