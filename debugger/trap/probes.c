/* SPDX-License-Identifier: GPL-3.0-or-later
 * probes.c - arming probes, and calling them when something happens.
 * Rule: all matching probes run, in the order of their numbers, while virtual time stands still; what one of them gets
 * wrong stops the guest and is told once.
 *
 * While the machine looks back (session->searching) conditions and bodies are worked out, for `stop` may depend on them,
 * but nothing else acts: variables are put back afterwards, maps, output, memory and expectations stay untouched.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/trap/run-priv.h"

/* ---- what is subscribed ---- */

static enum verdict on_event(void *arg, const struct event *ev);

void probes_observe(struct trap *t)
{
	struct vm *vm = t->s->vm;
	u32 mask = 0;

	for (u32 i = 0; i < t->nprobes; i++)
		if (t->probe[i]->enabled && !t->probe[i]->spent)
			mask |= t->probe[i]->mask;
	if (t->until && t->until_each)
		mask |= EV_BIT(insn);
	if (mask == t->mask)
		return;
	if (t->mask)
		vm_unsubscribe(vm, t->subscription);
	t->mask = 0;
	t->subscription = mask ? vm_subscribe(vm, mask, on_event, t) : -1;
	if (t->subscription >= 0)
		t->mask = mask;
	else if (mask)
		session_say(t->s, SAY_ERROR, "too many watch the events: probes cannot\n");
}

/* ---- arming ---- */

static u32 count_nodes(const struct node *n)
{
	u32 count = 0;

	for (; n; n = n->next)
		count++;
	return count;
}

void probe_free(struct trap *t, struct probe *p)
{
	for (u32 i = 0; i < p->non; i++)
		armed_release(t, &p->on[i]);
	free(p->on);
	free(p->text);
	free(p);
}

void probes_remove(struct trap *t, struct probe *p)
{
	for (u32 i = 0; i < t->nprobes; i++) {
		if (t->probe[i] != p)
			continue;
		memmove(&t->probe[i], &t->probe[i + 1], (t->nprobes - i - 1) * sizeof(t->probe[0]));
		t->nprobes--;
		probe_free(t, p);
		break;
	}
	probes_observe(t);
}

void probes_remove_scope(struct trap *t, u32 scope)
{
	for (u32 i = t->nprobes; i-- > 0;)
		if (t->probe[i]->scope == scope)
			probes_remove(t, t->probe[i]);
}

bool probe_is_armed(const struct trap *t, const struct node *n)
{
	for (u32 i = 0; i < t->nprobes; i++)
		if (t->probe[i]->node == n)
			return true;
	return false;
}

static bool list_probe(struct trap *t, const struct node *n, struct probe *p)
{
	struct probe **list = realloc(t->probe, (t->nprobes + 1) * sizeof(*list));

	if (!list)
		return trap_no_memory(t, n);
	t->probe = list;
	list[t->nprobes++] = p;
	return true;
}

struct probe *probe_new(struct trap *t, const struct node *n, const struct node *events, const struct node *where,
			const struct node *body)
{
	struct probe *p = t->nprobes < PROBES_MAX ? calloc(1, sizeof(*p)) : NULL;
	bool ok = p, answering = n->kind == S_PROBE && n->op; /* the checker saw `reply` or `inject exception` in it */

	if (t->nprobes >= PROBES_MAX)
		trap_limit(t, n, NULL, "%d probes are armed already", PROBES_MAX);
	else if (p)
		p->on = calloc(count_nodes(events), sizeof(p->on[0]));
	if (p && !p->on)
		ok = trap_no_memory(t, n);
	for (const struct node *e = events; e && ok; e = e->next) {
		ok = armed_prepare(t, e, answering, &p->on[p->non]);
		p->mask |= p->on[p->non].mask;
		p->non += ok;
	}
	if (ok) {
		p->node = n;
		p->where = where;
		p->body = body;
		p->enabled = true;
		p->scope = t->scope > 1 ? t->scope : 0;
		p->number = ++t->next_number;
		ok = list_probe(t, n, p);
	}
	if (!ok && p)
		probe_free(t, p);
	else if (ok)
		probes_observe(t);
	return ok ? p : NULL;
}

/* The probe as it is written, if the text that it stands in is at hand. */
static char *text_of(const struct trap *t, const struct trap_pos *pos)
{
	const char *at = t->text, *end = t->text + t->text_len, *stop;

	if (!t->text || pos->file != t->text_file)
		return NULL;
	for (u32 line = 1; line < pos->line && at < end; line += *at++ == '\n')
		;
	stop = at;
	for (u32 line = pos->line; line < pos->end_line && stop < end; line += *stop++ == '\n')
		;
	if (!pos->end || pos->end > (size_t)(end - stop) + 1 || at + pos->col - 1 >= stop + pos->end - 1)
		return NULL;
	return strndup(at + pos->col - 1, (size_t)(stop + pos->end - 1 - (at + pos->col - 1)));
}

bool probe_arm(struct trap *t, const struct node *n)
{
	struct probe *p;

	if (t->now)
		return trap_fail(t, n, NULL, "a probe cannot be armed within a probe");
	p = probe_new(t, n, n->a, n->b, n->c);
	if (p)
		p->text = text_of(t, &n->pos);
	return p;
}

/* ---- calling ---- */

static void undo_all(struct trap *t, u32 from)
{
	while (t->nundo > from) {
		struct undo *u = &t->undo[--t->nundo];
		value_drop(&t->slot[u->slot]);
		t->slot[u->slot] = u->old;
	}
}

static void stop_for(struct trap *t, struct probe *p, struct occurrence *o)
{
	o->stop = true;
	if (p->breakpoint || p->until)
		session_stop_because(t->s, p->reason, "%s", p->words);
	if (p->once && !t->s->searching)
		p->spent = true;
}

/* Condition and body of a probe whose event has happened. */
static void call_body(struct trap *t, struct probe *p, struct occurrence *o)
{
	bool yes = true;

	if (p->where && !eval_bool(t, p->where, &yes))
		return;
	if (!yes)
		return;
	p->hits += !t->quiet;
	if (p->breakpoint || p->until)
		stop_for(t, p, o);
	if (p->body)
		exec_block(t, p->body);
	t->probed = true;
}

static void call(struct trap *t, struct probe *p, struct occurrence *o)
{
	struct occurrence *was = t->now;
	struct probe *in = t->in;
	u64 steps = t->steps;
	u32 cpu = t->s->cpu, undo = t->nundo, scope = t->scope;
	bool quiet = t->quiet;

	t->now = o;
	t->in = p;
	t->quiet = t->s->searching;
	t->steps = t->limit.steps;
	t->s->cpu = o->cpu; /* memory is read through it */
	call_body(t, p, o);
	o->stop |= t->stopping;
	t->stopping = false;
	undo_all(t, undo);
	t->s->cpu = cpu;
	t->steps = steps;
	t->scope = scope;
	t->quiet = quiet;
	t->in = in;
	t->now = was;
}

/* What a probe got wrong ends the script; without one, it is told at once. */
static void stop_for_end(struct trap *t)
{
	const char *why = t->end.kind == END_EXIT ? "exit" : t->end.kind == END_LIMIT ? "limit" : "error";

	session_stop_because(t->s, why, "%s", t->end.kind == END_EXIT ? "a probe said exit" : t->end.error.what);
	if (!t->driving)
		trap_end_tell(t);
}

/* ---- what happens in the machine ---- */

static void note_exit(struct trap *t, const struct event *ev, struct occurrence *o)
{
	struct vcpu *v = &t->s->vm->vcpu[ev->vcpu];

	if (ev->kind == EV_leave) {
		t->left[ev->vcpu] = v->exit;
		t->left_at[ev->vcpu] = clock_host_ns();
		o->exit = &v->exit;
		o->answerable = exit_asks(ev->leave.reason) || exit_is_guests(ev->leave.reason);
	} else {
		o->exit = &t->left[ev->vcpu];
		o->elapsed = clock_host_ns() - t->left_at[ev->vcpu];
	}
}

static bool until_holds(struct trap *t, const struct event *ev)
{
	struct occurrence o = { .row = -1, .ev = ev, .cpu = ev->vcpu }, *was = t->now;
	u64 steps = t->steps;
	bool yes;

	t->now = &o;
	t->steps = t->limit.steps;
	if (!eval_bool(t, t->until, &yes))
		yes = true; /* the error stops it */
	t->steps = steps;
	t->now = was;
	if (yes)
		session_stop_because(t->s, "until", "what was waited for is true");
	return yes;
}

static struct armed *which_matches(struct trap *t, struct probe *p, const struct event *ev, struct occurrence *o)
{
	struct armed *found = NULL;

	if (!p->enabled || p->spent || !(p->mask >> ev->kind & 1))
		return NULL;
	for (u32 i = 0; i < p->non; i++) /* all of them: a console text must see every byte */
		if (armed_matches(t, &p->on[i], ev, o) && !found)
			found = &p->on[i];
	return found;
}

/* Has this exception been told before, when the machine stood behind it? */
static bool was_told(struct trap *t, const struct event *ev)
{
	u64 all = vm_icount(t->s->vm) - t->s->vm->vcpu[ev->vcpu].clock_icount + ev->icount;
	struct told_fault told = t->told, now = { ev->icount, all, ev->fault.rip, ev->fault.vector };

	t->latest_fault = now;
	t->told = (struct told_fault){ 0 };
	return told.icount && told.icount == now.icount && told.rip == now.rip && told.vector == now.vector;
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	struct trap *t = arg;
	struct occurrence o = { .ev = ev, .cpu = ev->vcpu };
	struct armed *a;

	if (ev->kind == EV_fault && !t->s->searching && was_told(t, ev))
		return EV_GO;
	if (ev->kind == EV_leave || ev->kind == EV_exit)
		note_exit(t, ev, &o);
	t->probed = false;
	for (u32 i = 0; i < t->nprobes && t->end.kind == END_NOT; i++)
		if ((a = which_matches(t, t->probe[i], ev, &o))) {
			o.row = a->row;
			o.physical = a->physical;
			call(t, t->probe[i], &o);
		}
	if (ev->kind == EV_exit)
		t->last_exit_icount[ev->vcpu] = ev->icount;
	if (t->until && t->end.kind == END_NOT && (t->until_each ? ev->kind == EV_insn : t->probed))
		o.stop |= until_holds(t, ev);
	if (t->end.kind != END_NOT) {
		stop_for_end(t);
		o.stop = true;
	}
	return (o.stop ? EV_STOP : EV_GO) | (o.answered ? EV_ANSWERED : EV_GO);
}

/* ---- what the evaluator says ---- */

bool probe_say(struct trap *t, struct probe *p, const struct armed *a, i64 code, const char *name)
{
	struct occurrence o = { .row = a->row, .cpu = t->s->cpu, .code = code, .name = name };

	call(t, p, &o);
	return o.stop;
}

bool probes_say(struct trap *t, const char *event, i64 code, const char *name)
{
	bool stop = false;

	for (u32 i = 0; i < t->nprobes && t->end.kind == END_NOT; i++) {
		struct probe *p = t->probe[i];
		for (u32 k = 0; k < p->non && p->enabled && !p->spent; k++)
			if (armed_is_said(&p->on[k], event, code)) {
				stop |= probe_say(t, p, &p->on[k], code, name);
				break;
			}
	}
	return stop;
}
