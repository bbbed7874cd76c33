/* SPDX-License-Identifier: GPL-3.0-or-later
 * breakpoints.c - probes as the verbs break, watch, catch, breaks and delete see them.
 * Rule: a breakpoint is a probe without a body that stops the guest; both have numbers of one row.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

/* Those of a `run until` that is under way are nobody's affair. */
static bool is_listed(const struct probe *p)
{
	return !p->spent && !p->until;
}

int trap_nprobes(const struct trap *t)
{
	int n = 0;

	for (u32 i = 0; i < t->nprobes; i++)
		n += is_listed(t->probe[i]);
	return n;
}

bool trap_probe_at(const struct trap *t, int i, struct trap_probe_info *info)
{
	for (u32 k = 0; k < t->nprobes; k++) {
		const struct probe *p = t->probe[k];
		if (!is_listed(p) || i-- > 0)
			continue;
		*info = (struct trap_probe_info){ .number = p->number, .name = p->breakpoint ? NULL : p->node->name,
						  .text = p->text, .enabled = p->enabled, .breakpoint = p->breakpoint,
						  .hits = p->hits };
		return true;
	}
	return false;
}

static struct probe *find(struct trap *t, u32 number)
{
	for (u32 i = 0; i < t->nprobes; i++)
		if (t->probe[i]->number == number && is_listed(t->probe[i]))
			return t->probe[i];
	return NULL;
}

static int refuse(const struct trap *t, u32 number, struct err *err)
{
	return err_set(err, ENOENT, "there is no probe %u; `breaks` lists them", number);
}

static void sweep(struct trap *t)
{
	for (u32 i = t->nprobes; i-- > 0 && !t->now;)
		if (t->probe[i]->spent && !t->probe[i]->until)
			probes_remove(t, t->probe[i]);
}

/* The probe's event and condition, checked as the language does. */
static const struct node *compile(struct trap *t, const char *event, const char *where, char *text, size_t size, struct err *err)
{
	struct trap_errors errors = { 0 };
	const struct node *n;

	if (snprintf(text, size, "on %s%s%s", event, where ? " where " : "", where ? where : "") >= (int)size - 8) {
		err_set(err, EINVAL, "the condition is too long");
		return NULL;
	}
	strcat(text, " { }");
	n = trap_compile(t->unit, "breakpoint", text, strlen(text), &errors);
	if (errors.n)
		err_set(err, EINVAL, "%s%s%s", errors.at[0].what, errors.at[0].help[0] ? "; " : "", errors.at[0].help);
	else if (!n || n->kind != S_PROBE || n->next)
		err_set(err, EINVAL, "an event is wanted, and a condition");
	else
		return n;
	return NULL;
}

int trap_breakpoint(struct trap *t, const char *event, const char *where, const char *reason, bool once, struct err *err)
{
	char text[1000];
	const struct node *n;
	struct probe *p;
	struct end before = t->end;

	if (t->now)
		return err_set(err, EBUSY, "a breakpoint cannot be set within a probe");
	sweep(t);
	n = compile(t, event, where, text, sizeof(text), err);
	if (!n || !trap_grow(t))
		return n ? err_set(err, ENOMEM, "no memory for a breakpoint") : -EINVAL;
	t->end.kind = END_NOT;
	p = probe_new(t, n, n->a, n->b, NULL);
	if (!p)
		err_set(err, EINVAL, "%s", t->end.error.what);
	t->end = before;
	if (!p)
		return -EINVAL;
	text[strlen(text) - 4] = 0;
	p->text = strdup(text + 3);
	p->breakpoint = true;
	p->once = once;
	p->scope = 0;
	snprintf(p->reason, sizeof(p->reason), "%s", reason);
	snprintf(p->words, sizeof(p->words), "%s %u: %.120s", once ? "stop" : "breakpoint", p->number, p->text ? p->text : event);
	return (int)p->number;
}

int trap_enable(struct trap *t, u32 number, bool on, struct err *err)
{
	struct probe *p = find(t, number);

	if (!p)
		return refuse(t, number, err);
	p->enabled = on;
	if (!t->now)
		probes_observe(t);
	return 0;
}

int trap_delete(struct trap *t, u32 number, struct err *err)
{
	struct probe *p = find(t, number);

	if (!t->now)
		sweep(t);
	p = find(t, number);
	if (!p)
		return refuse(t, number, err);
	if (t->now)
		return err_set(err, EBUSY, "a probe cannot be removed within a probe");
	probes_remove(t, p);
	return 0;
}

bool trap_breaks_at(const struct trap *t, u64 gva)
{
	for (u32 i = 0; i < t->nprobes; i++) {
		const struct probe *p = t->probe[i];
		for (u32 k = 0; k < p->non && p->enabled && is_listed(p); k++)
			if (armed_is_exec(&p->on[k]) && gva >= p->on[k].lo && gva <= p->on[k].hi)
				return true;
	}
	return false;
}
