/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-machine.c - statements that drive the machine: run, step, back, snapshot, restore.
 * Rule: the guest runs in pieces that end at the nearest of: what the statement says, the test's time, a timer's period.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

#define ULL(x) ((unsigned long long)(x))

/* How far a statement lets the guest go. */
struct extent {
	u64 until_ns;  /* virtual time */
	u64 insns;     /* vm_icount at the end, 0 = no matter */
	u64 exits;     /* guest_exits at the end, 0 = no matter */
};

static bool cannot_run(struct trap *t, const struct node *n)
{
	if (t->now)
		return !trap_fail(t, n, "a probe runs while the guest stands at its event", "the guest cannot be run within a probe");
	if (t->s->running)
		return !trap_fail(t, n, "pause it first", "the guest is running");
	return false;
}

/* ---- after a run ---- */

/* A guest that dies where nobody waits for it has failed. */
static bool waits_for_death(const struct trap *t)
{
	for (u32 i = 0; i < t->nprobes; i++)
		for (u32 k = 0; k < t->probe[i]->non; k++)
			if (!strcmp(trap_events[t->probe[i]->on[k].row].name, "triple_fault"))
				return true;
	return false;
}

static void remove_spent(struct trap *t)
{
	for (u32 i = t->nprobes; i-- > 0;)
		if (t->probe[i]->spent && !t->probe[i]->until)
			probes_remove(t, t->probe[i]);
}

static bool died(struct trap *t, const struct node *n)
{
	if (waits_for_death(t))
		return true;
	if (t->testing)
		return trap_test_over(t, n, "the guest died: triple fault");
	t->died = true;
	return true;
}

/* What the machine's stop means for the script. */
static bool after_run(struct trap *t, const struct node *n)
{
	const struct session_stop *stop = &t->s->stopped;

	remove_spent(t);
	if (t->end.kind != END_NOT)
		return false;
	if (stop->why == STOP_TRIPLE_FAULT)
		return died(t, n);
	if (stop->why == STOP_POWER_OFF)
		probes_say(t, "guest_exit", stop->status, NULL);
	if (stop->why == STOP_USER && t->in_script)
		return trap_interrupted(t, n);
	if (stop->why == STOP_BUDGET && !strcmp(stop->reason, "limit"))
		return trap_limit(t, n, "--budget", "the guest has executed as many instructions as it may");
	return t->end.kind == END_NOT;
}

/* ---- running ---- */

static bool went_wrong(struct trap *t, const struct node *n, int rc, const struct err *err)
{
	return rc < 0 ? !trap_fail(t, n, NULL, "%s", err->text) : false;
}

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* The virtual time at which the script as a whole, or its test, has to be done. */
static u64 deadline_of(const struct trap *t)
{
	u64 most = t->limit.virtual_ns ? t->started_at + t->limit.virtual_ns : UINT64_MAX;

	return t->testing ? least(t->testing->deadline, most) : most;
}

static bool too_late(struct trap *t, const struct node *n)
{
	if (t->testing && t->s->vm->clock.now >= t->testing->deadline)
		return !trap_test_over(t, n, "not done within its time");
	if (t->limit.virtual_ns && t->s->vm->clock.now >= t->started_at + t->limit.virtual_ns)
		return !trap_limit(t, n, "--max-time", "%llu ns of virtual time have passed", ULL(t->limit.virtual_ns));
	return false;
}

static bool ran_out(const struct trap *t, const struct extent *e)
{
	return t->s->vm->clock.now >= e->until_ns || (e->insns && vm_icount(t->s->vm) >= e->insns) ||
	       (e->exits && t->s->vm->guest_exits >= e->exits);
}

/* One piece.  The session counts instructions or exits; the machine's own deadline bounds the time as well. */
static int run_piece(struct trap *t, const struct extent *e, struct err *err)
{
	struct vm *vm = t->s->vm;
	u64 end = least(least(e->until_ns, deadline_of(t)), timers_next(t));
	struct amount amount = { 0, BY_TIME };
	int rc;

	if (e->insns)
		amount = (struct amount){ e->insns - vm_icount(vm), BY_INSN };
	else if (e->exits)
		amount = (struct amount){ e->exits - vm->guest_exits, BY_EXIT };
	else if (end != UINT64_MAX)
		amount.n = end - vm->clock.now;
	if (amount.unit != BY_TIME)
		vm->deadline = end == UINT64_MAX ? 0 : end;
	rc = session_run(t->s, amount, err);
	vm->deadline = 0;
	return rc;
}

static bool by_piece(const struct trap *t)
{
	return t->s->stopped.why == STOP_BUDGET && strcmp(t->s->stopped.reason, "limit");
}

/* True: the script goes on. */
static bool go(struct trap *t, const struct node *n, const struct extent *e)
{
	struct err err = { 0 };
	u64 before = vm_icount(t->s->vm), time = t->s->vm->clock.now;
	bool stop = false;
	int rc = 0;

	armed_rewind(t);
	timers_rewind(t); /* somebody may have gone back by hand */
	t->driving = true;
	do {
		if (too_late(t, n))
			break;
		rc = run_piece(t, e, &err);
		if (!rc && t->end.kind == END_NOT && timers_next(t) <= t->s->vm->clock.now)
			stop = timers_fire(t);
	} while (!rc && !stop && by_piece(t) && t->end.kind == END_NOT && !ran_out(t, e));
	t->driving = false;
	if (stop)
		snprintf(t->s->stopped.reason, sizeof(t->s->stopped.reason), "stop");
	else if (!rc && (by_piece(t) || (e->exits && !strcmp(t->s->stopped.reason, "exit"))))
		snprintf(t->s->stopped.reason, sizeof(t->s->stopped.reason), "timeout");
	if (vm_icount(t->s->vm) != before || t->s->vm->clock.now != time)
		t->run_steps = t->limit.steps;
	return !went_wrong(t, n, rc, &err) && after_run(t, n) && (ran_out(t, e) || !by_piece(t) || !too_late(t, n));
}

/* ---- run ---- */

static bool add_extent(struct trap *t, const struct node *n, struct extent *e)
{
	struct vm *vm = t->s->vm;
	struct value v;

	if (!eval(t, n, &v))
		return false;
	if ((v.type != T_TIME && v.type != T_AMOUNT) || v.n < 0 || v.n > INT64_MAX)
		return trap_fail(t, n, "write for 20ms, 500insn or 3exits", "`for` wants a time or an amount, not a %s",
				 trap_type_name((enum trap_type)v.type));
	if (v.type == T_TIME || v.unit == UNIT_NS)
		e->until_ns = vm->clock.now + (u64)v.n;
	else if (v.unit == UNIT_INSN)
		e->insns = vm_icount(vm) + (u64)v.n;
	else
		e->exits = vm->guest_exits + (u64)v.n;
	return true;
}

/* Can its value only change when a probe has run?  Then it is looked at after probes, else after each instruction. */
static bool is_scripts_own(const struct node *n)
{
	for (; n; n = n->next) {
		if (n->kind == N_REG || n->kind == N_MEM || n->kind == N_CALL || n->kind == N_FIELD ||
		    (n->kind == N_NAME && n->slot >= 0 && strcmp(n->name, "fault")))
			return false;
		if ((n->a && !is_scripts_own(n->a)) || (n->b && !is_scripts_own(n->b)))
			return false;
	}
	return true;
}

static enum flow run_until_expr(struct trap *t, const struct node *n, const struct extent *e)
{
	bool yes, ok;

	if (!eval_bool(t, n->a, &yes))
		return FLOW_LEAVE;
	if (yes) {
		snprintf(t->s->stopped.reason, sizeof(t->s->stopped.reason), "until");
		return FLOW_GO;
	}
	t->until_each = !is_scripts_own(n->a);
	if (t->until_each && !(t->s->vm->engine->caps & CAP_INSN_EVENTS)) {
		trap_skip(t, n->a, "engine %s cannot look at every instruction", t->s->vm->engine->name);
		return FLOW_LEAVE;
	}
	t->until = n->a;
	probes_observe(t);
	ok = go(t, n, e);
	t->until = NULL;
	probes_observe(t);
	return ok ? FLOW_GO : FLOW_LEAVE;
}

/* An exception is told when its handler is about to run; who waits for one wants to stand before the instruction that
 * caused it.  It is met again when the guest goes on, and not told
 * twice. */
static bool step_before_exception(struct trap *t, const struct node *n)
{
	struct session_stop stopped = t->s->stopped;
	struct err err = { 0 };
	int rc;

	if (!t->s->timeline || strcmp(stopped.reason, "exception"))
		return true;
	t->told = t->latest_fault;
	rc = session_goto(t->s, t->told.vm_icount, &err);
	t->s->stopped = stopped;
	return rc >= 0 || trap_fail(t, n, NULL, "%s", err.text);
}

static enum flow run_until_event(struct trap *t, const struct node *n, const struct extent *e)
{
	struct probe *p = probe_new(t, n, n->b, n->c, NULL);
	bool ok;

	if (!p)
		return FLOW_LEAVE;
	p->until = true;
	snprintf(p->reason, sizeof(p->reason), "%s", n->b->name);
	snprintf(p->words, sizeof(p->words), "%s happened", n->b->name);
	ok = go(t, n, e);
	probes_remove(t, p);
	ok = ok && step_before_exception(t, n);
	return ok ? FLOW_GO : FLOW_LEAVE;
}

enum flow exec_run(struct trap *t, const struct node *n)
{
	struct extent e = { .until_ns = UINT64_MAX };

	if (cannot_run(t, n) || (n->d && !add_extent(t, n->d, &e)))
		return FLOW_LEAVE;
	if (ran_out(t, &e)) {
		snprintf(t->s->stopped.reason, sizeof(t->s->stopped.reason), "timeout");
		return FLOW_GO;
	}
	if (n->a)
		return run_until_expr(t, n, &e);
	if (n->b)
		return run_until_event(t, n, &e);
	return go(t, n, &e) ? FLOW_GO : FLOW_LEAVE;
}

/* ---- step, back ---- */

static bool amount_of(struct trap *t, const struct node *n, struct amount *out)
{
	struct value v;

	*out = (struct amount){ 1, BY_INSN };
	if (!n)
		return true;
	if (!eval(t, n, &v))
		return false;
	if ((v.type != T_TIME && v.type != T_AMOUNT) || v.n < 0 || v.n > INT64_MAX)
		return trap_fail(t, n, "write 3exits, 500insn or 20ms", "an amount is wanted, not a %s",
				 trap_type_name((enum trap_type)v.type));
	out->n = (u64)v.n;
	out->unit = v.type == T_TIME || v.unit == UNIT_NS ? BY_TIME : v.unit == UNIT_INSN ? BY_INSN : BY_EXIT;
	return true;
}

enum flow exec_step(struct trap *t, const struct node *n)
{
	struct err err = { 0 };
	struct amount amount;
	bool ok;
	int rc;

	if (cannot_run(t, n) || !amount_of(t, n->a, &amount) || too_late(t, n))
		return FLOW_LEAVE;
	if (!amount.n)
		return FLOW_GO;
	armed_rewind(t);
	t->driving = true;
	t->s->vm->deadline = deadline_of(t) == UINT64_MAX || amount.unit == BY_TIME ? 0 : deadline_of(t);
	rc = n->kind == S_BACK ? session_back(t->s, amount, &err) : session_step(t->s, amount, &err);
	t->s->vm->deadline = 0;
	t->driving = false;
	t->run_steps = t->limit.steps;
	ok = !went_wrong(t, n, rc, &err) && after_run(t, n);
	return ok ? FLOW_GO : FLOW_LEAVE;
}

/* ---- snapshots ---- */

enum flow exec_snapshot(struct trap *t, const struct node *n)
{
	struct err err = { 0 };
	struct value v;
	char name[64];
	int rc;

	if (cannot_run(t, n) || !eval(t, n->a, &v))
		return FLOW_LEAVE;
	if (v.type != T_STR || !value_text_of(&v)->len || value_text_of(&v)->len >= sizeof(name)) {
		trap_fail(t, n->a, NULL, "a snapshot's name is a text of 1 to %zu bytes", sizeof(name) - 1);
		value_drop(&v);
		return FLOW_LEAVE;
	}
	snprintf(name, sizeof(name), "%s", value_text_of(&v)->at);
	value_drop(&v);
	rc = n->kind == S_SNAPSHOT ? session_snapshot(t->s, name, &err) : session_restore(t->s, name, &err);
	if (went_wrong(t, n, rc, &err))
		return FLOW_LEAVE;
	timers_rewind(t);
	if (n->kind == S_SNAPSHOT)
		probes_say(t, "snapshot", 0, name);
	return t->end.kind == END_NOT ? FLOW_GO : FLOW_LEAVE;
}
