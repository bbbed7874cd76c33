/* SPDX-License-Identifier: GPL-3.0-or-later
 * check-probe.c - probes and their stages: what is waited for, and what may be answered.
 * Rule: an answer replaces the handler, so it is only possible in a probe of exits, before the handler.
 */
#include <stdio.h>
#include <string.h>

#include "core/event.h"
#include "debugger/trap/check.h"

#define TYPE(t) (1u << (t))

/* ---- events ---- */

static void unknown_event(struct check *c, const struct node *n)
{
	struct nearest near;
	char help[160];

	nearest_start(&near, n->name);
	for (int i = 0; i < trap_nevents; i++)
		nearest_offer(&near, trap_events[i].name);
	if (exit_reason_find(n->name) >= 0)
		snprintf(help, sizeof(help), "write exit(%.60s)", n->name);
	else if (variable_find(c, n->name))
		snprintf(help, sizeof(help), "write run until %.40s, or on EVENT where %.40s { ... }", n->name, n->name);
	else
		help_near(&near, "", "help lists the events; the most general one is exit", help, sizeof(help));
	trap_error(c->e, &n->pos, help, "there is no event '%.60s'", n->name);
}

static bool check_event(struct check *c, struct node *n)
{
	const struct trap_event *ev;

	n->slot = event_find(n->name);
	check_exprs(c, n->a);
	if (n->slot < 0) {
		unknown_event(c, n);
		return false;
	}
	ev = &trap_events[n->slot];
	if (ev->missing)
		trap_missing(c->e, &n->pos, ev->missing, "event", ev->name);
	check_arguments(c, n->a, ev->args, &n->pos, "event", ev->name, ev->min_args, ev->max_args);
	return true;
}

/* ---- probes ---- */

static void probe_name_add(struct check *c, const struct node *n)
{
	struct names *names = &c->u->names;
	struct probe_name *p = n->name ? arena_take(&c->u->arena, sizeof(*p)) : NULL;

	if (!p)
		return;
	p->name = n->name;
	p->next = names->probes;
	names->probes = p;
}

/* From here on the fields of the events can be named. */
static void fields_begin(struct check *c, const struct node *events)
{
	struct variable *v = arena_take(&c->u->arena, sizeof(*v));

	if (!v)
		return;
	*v = (struct variable){ .name = "", .events = events, .next = c->u->names.variables };
	c->u->names.variables = v;
}

void check_probe(struct check *c, struct node *n)
{
	struct variable *outer = c->u->names.variables;
	const struct check before = *c;
	bool known = true;

	for (struct node *ev = n->a; ev; ev = ev->next)
		known &= check_event(c, ev);
	if (c->u->names.nprobes == TRAP_PROBES)
		trap_error(c->e, &n->pos, NULL, "there are more than %d probes", TRAP_PROBES);
	n->slot = (i32)c->u->names.nprobes++;
	probe_name_add(c, n);
	if (!known)
		return; /* its fields are not known either: nothing in it could be judged */
	c->probe = n;
	c->events = n->a;
	c->loops = 0;
	fields_begin(c, n->a);
	if (n->b)
		check_condition(c, n->b, "where");
	check_block(c, n->c);
	c->u->names.variables = outer;
	c->probe = before.probe;
	c->events = before.events;
	c->loops = before.loops;
}

/* ---- run until ---- */

/* What was read as a value may be an event: a name, or a name with arguments, that no variable or function has. */
static void find_event(struct check *c, struct node *n)
{
	struct node *a = n->a;
	bool name = a && a->kind == N_VAR && !variable_find(c, a->name) && event_find(a->name) >= 0;
	bool call = a && a->kind == N_CALL && !a->op && function_find(a->name) < 0 && !fn_find(&c->u->names, a->name);

	if (!name && !call)
		return;
	a->kind = N_EVENT;
	n->b = a;
	n->a = NULL;
}

void check_run(struct check *c, struct node *n)
{
	struct variable *outer = c->u->names.variables;
	const struct node *before = c->events;

	find_event(c, n);
	if (n->a)
		check_condition(c, n->a, "until");
	if (n->b && check_event(c, n->b)) {
		fields_begin(c, n->b);
		c->events = n->b;
	}
	if (n->c && !n->b)
		trap_error(c->e, &n->c->pos, n->a ? "write run until this && that" : "write run until EVENT where CONDITION",
			   "where belongs to an event");
	else if (n->c && n->b->slot >= 0)
		check_condition(c, n->c, "where");
	c->events = before;
	c->u->names.variables = outer;
	if (n->d) {
		check_expr(c, n->d);
		check_wants(c, n->d, TYPE(T_TIME) | TYPE(T_AMOUNT), "for", n->d->kind == N_INT ? "write a unit: 20ms, 2s, "
			    "1000insn" : NULL);
	}
}

/* ---- answers ---- */

/* Can the events of this probe be answered?  If not, says so. */
static void check_stage(struct check *c, const struct node *n, const char *what)
{
	if (!c->probe) {
		trap_error(c->e, &n->pos, "write it in a probe: on cpuid where leaf == 1 { reply eax = 0; }",
			   "%s answers an exit, and here is none", what);
		return;
	}
	for (const struct node *ev = c->events; ev; ev = ev->next)
		if (!(trap_events[ev->slot].core & EV_BIT(leave)) || ev->slot == event_find("triple_fault")) {
			trap_error(c->e, &n->pos, "events that can be answered: exit cpuid io_in io_out mmio_read mmio_write "
				   "msr_read msr_write hypercall hlt",
				   "%s answers an exit before the handler, but '%s' comes %s", what, ev->name,
				   trap_events[ev->slot].core & EV_BIT(exit) ? "after it" : "at another time");
			return;
		}
	c->probe->op = 1;
}

void check_reply(struct check *c, struct node *n)
{
	static const char *const names[] = { "value", "eax", "ebx", "ecx", "edx", "result", "fault", "ok" };

	check_stage(c, n, "reply");
	for (struct node *o = n->b; o; o = o->next) {
		struct nearest near;
		char help[160];
		size_t i = 0;

		check_expr(c, o->a);
		check_wants(c, o->a, TYPE(T_INT) | TYPE(T_BOOL) | TYPE(T_GVA) | TYPE(T_GPA), "reply", NULL);
		nearest_start(&near, o->name);
		for (; i < ARRAY_LEN(names) && strcmp(names[i], o->name); i++)
			nearest_offer(&near, names[i]);
		if (i < ARRAY_LEN(names))
			continue;
		help_near(&near, "", "known are value, eax ebx ecx edx (CPUID), result (hypercall), fault, ok", help, sizeof(help));
		trap_error(c->e, &o->pos, help, "an answer has no '%.60s'", o->name);
	}
}

/* ---- inject ---- */

static int injection_find(const char *name)
{
	for (int i = 0; i < trap_ninjections; i++)
		if (!strcmp(trap_injections[i].name, name))
			return i;
	return -1;
}

/* The word list "a, [b]": is `name` one of it?  Without a name: how many there are; *needed: outside of []. */
static int words_count(const char *words, const char *name, int *needed)
{
	int n = 0, found = 0;

	*needed = 0;
	while (*words) {
		size_t skip = strspn(words, " ,["), len = strcspn(words + skip, " ,[]");
		bool optional = memchr(words, '[', skip) != NULL;

		words += skip;
		if (!len) {
			words += *words == ']';
			continue;
		}
		n++;
		*needed += !optional;
		found |= name && strlen(name) == len && !memcmp(name, words, len);
		words += len;
	}
	return name ? found : n;
}

static void check_options(struct check *c, const struct node *n, const struct trap_injection *row)
{
	int needed, given = 0, most = words_count(row->args, NULL, &needed);

	for (const struct node *a = n->a; a; a = a->next)
		given++;
	for (struct node *o = n->b; o; o = o->next, given++) {
		char help[160];

		check_expr(c, o->a);
		if (words_count(row->args, o->name, &needed))
			continue;
		snprintf(help, sizeof(help), "%s takes: %.100s", row->name, *row->args ? row->args : "nothing");
		trap_error(c->e, &o->pos, help, "inject %s has no '%.60s'", row->name, o->name);
	}
	if (given > most || given < needed) {
		char help[160];
		snprintf(help, sizeof(help), "%s takes: %.100s", row->name, *row->args ? row->args : "nothing");
		trap_error(c->e, &n->pos, help, given > most ? "inject %s is given too much" : "inject %s needs more", row->name);
	}
}

void check_inject(struct check *c, struct node *n)
{
	struct nearest near;
	char help[160];

	n->slot = injection_find(n->name);
	for (struct node *a = n->a; a; a = a->next)
		if (a->kind == N_VAR && !variable_find(c, a->name)) { /* net0: a thing's name needs no quotes */
			a->kind = N_STR;
			a->type = T_STR;
			a->text = a->name;
			a->len = (u32)strlen(a->name);
		} else {
			check_expr(c, a);
		}
	if (n->slot >= 0) {
		const struct trap_injection *row = &trap_injections[n->slot];

		if (row->missing)
			trap_missing(c->e, &n->pos, row->missing, "inject", row->name);
		check_options(c, n, row);
		if (!strcmp(row->name, "exception"))
			check_stage(c, n, "inject exception");
		return;
	}
	for (struct node *o = n->b; o; o = o->next)
		check_expr(c, o->a);
	nearest_start(&near, n->name);
	for (int i = 0; i < trap_ninjections; i++)
		nearest_offer(&near, trap_injections[i].name);
	help_near(&near, "", "help inject lists what can be injected", help, sizeof(help));
	trap_error(c->e, &n->pos, help, "'%.60s' cannot be injected", n->name);
}
