/* SPDX-License-Identifier: GPL-3.0-or-later
 * run.c - let the guest go, forward and back, and say why it stopped.
 * Rule: forward there is one way to execute, run_until; back there is one, the time line.  Both leave the reason in
 * s->stopped.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "debugger/runner.h"
#include "debugger/session/session-priv.h"
#include "debugger/trap/run.h"

#define ULL(x) ((unsigned long long)(x))
enum { SPIN_LIMIT = 100000 }; /* rounds in which another processor did everything */

/* ---- why it stopped ---- */

static void set_words(struct session *s, const char *reason, const char *fmt, va_list ap)
{
	snprintf(s->stopped.reason, sizeof(s->stopped.reason), "%s", reason);
	vsnprintf(s->stopped.text, sizeof(s->stopped.text), fmt, ap);
}

void session_stopped(struct session *s, enum stop_why why, const char *reason, const char *fmt, ...)
{
	va_list ap;

	s->stopped.why = why;
	s->stopped.cpu = s->cpu;
	s->stopped.status = why == STOP_POWER_OFF ? s->vm->stop_status : 0;
	va_start(ap, fmt);
	set_words(s, reason, fmt, ap);
	va_end(ap);
}

void session_stop_because(struct session *s, const char *reason, const char *fmt, ...)
{
	va_list ap;

	if (s->priv->because) /* the first one counts */
		return;
	s->priv->because = true;
	va_start(ap, fmt);
	set_words(s, reason, fmt, ap);
	va_end(ap);
}

void session_pause(struct session *s)
{
	s->priv->paused = 1;
	vm_request_stop(s->vm);
}

static void say_death(struct session *s)
{
	for (u32 i = 0; i < s->vm->ncpus; i++)
		if (s->vm->vcpu[i].activity == ACT_SHUTDOWN)
			s->stopped.cpu = s->cpu = i;
	snprintf(s->stopped.text, sizeof(s->stopped.text), "triple fault: processor %u is shut down; it can be looked at, "
		 "and one can go back", s->stopped.cpu);
}

/* What vm_run returned, in the words of session_stop. */
static void say_why(struct session *s, enum stop_why why, const struct err *err)
{
	static const char *const reasons[] = {
		[STOP_NONE] = "stop", [STOP_POWER_OFF] = "power-off", [STOP_HALTED] = "halted",
		[STOP_TRIPLE_FAULT] = "triple-fault", [STOP_BUDGET] = "timeout", [STOP_USER] = "user", [STOP_EVENT] = "stop",
		[STOP_ERROR] = "error",
	};
	bool told = why == STOP_EVENT && s->priv->because;

	s->stopped.why = why;
	s->stopped.status = why == STOP_POWER_OFF ? s->vm->stop_status : 0;
	s->stopped.cpu = s->vm->turn;
	s->priv->ended = why == STOP_POWER_OFF;
	if (!told) {
		snprintf(s->stopped.reason, sizeof(s->stopped.reason), "%s", reasons[why]);
		snprintf(s->stopped.text, sizeof(s->stopped.text), "%.190s", why == STOP_ERROR ? err->text : stop_why_name(why));
	}
	if (why == STOP_POWER_OFF)
		snprintf(s->stopped.text, sizeof(s->stopped.text), "the guest powered off, with status %d", s->stopped.status);
	if (why == STOP_HALTED)
		snprintf(s->stopped.text, sizeof(s->stopped.text), "halted, and nothing can ever wake it");
	if (why == STOP_TRIPLE_FAULT)
		say_death(s);
	s->priv->because = false;
}

int session_busy(const struct session *s, struct err *err)
{
	return s->running || s->priv->inside ? err_set(err, EBUSY, "the guest is running; pause it first") : 0;
}

/* ---- forward ---- */

static bool on_tick(void *arg)
{
	struct session *s = arg;

	if (s->ui.tick) {
		s->running = true;
		s->ui.tick(s->ui.arg);
		s->running = false;
	}
	return !s->priv->paused;
}

static enum stop_why run_once(void *arg, u64 budget, struct err *err)
{
	struct session *s = arg;

	return s->timeline ? timeline_run(s->timeline, budget, err) : vm_run(s->vm, budget, err);
}

/* The rest of what --budget allows; 0: nothing is left, UINT64_MAX: there is no end. */
static u64 allowance(const struct session *s)
{
	u64 used = vm_icount(s->vm) - s->priv->icount_start;

	return !s->opt->budget ? UINT64_MAX : used < s->opt->budget ? s->opt->budget - used : 0;
}

static enum stop_why run_until(struct session *s, u64 budget, struct err *err)
{
	const struct run_by by = { .run = run_once, .tick = on_tick, .arg = s };
	enum stop_why why;

	s->priv->inside = true;
	why = guest_run_by(s->vm, budget, &by, err);
	s->priv->inside = false;
	return why;
}

/* A breakpoint where the machine stands stops no run that begins there: it has been seen. */
static bool stopped_at_once(const struct session *s, enum stop_why why, u64 icount, u64 exits, u64 time)
{
	return why == STOP_EVENT && vm_icount(s->vm) == icount && s->vm->exits == exits && s->vm->clock.now == time &&
	       !strcmp(s->stopped.reason, "break");
}

static int run(struct session *s, u64 insns, struct err *err)
{
	u64 left = allowance(s), budget = insns && insns < left ? insns : left;
	u64 icount = vm_icount(s->vm), exits = s->vm->exits, time = s->vm->clock.now;
	struct err why_not = { 0 };
	enum stop_why why = STOP_BUDGET;

	if (session_busy(s, err))
		return -EBUSY;
	s->priv->paused = 0;
	s->priv->because = false;
	__atomic_store_n(&s->vm->user_stop, 0, __ATOMIC_SEQ_CST); /* a pause that came when it had already stopped */
	runner_interrupted();
	runner_often(s->ui.tick);
	if (left) {
		why = run_until(s, budget == UINT64_MAX ? 0 : budget, &why_not);
		if (stopped_at_once(s, why, icount, exits, time)) {
			s->priv->because = false;
			why = run_until(s, budget == UINT64_MAX ? 0 : budget, &why_not);
		}
	}
	say_why(s, why, &why_not);
	if (!left || (why == STOP_BUDGET && budget == left && insns != left && vm_icount(s->vm) - icount >= left))
		session_stopped(s, why, "limit", "--budget %llu is used up", ULL(s->opt->budget));
	return why == STOP_ERROR ? err_set(err, EIO, "%s", why_not.text) : 0;
}

static int run_time(struct session *s, u64 ns, struct err *err)
{
	int rc;

	if (s->vm->threads)
		return err_set(err, ENOTSUP, "with a thread per processor (--smp-threads) no run ends at a point of virtual time; "
			       "give instructions or exits");
	s->vm->deadline = s->vm->clock.now + ns < ns ? UINT64_MAX : s->vm->clock.now + ns;
	rc = run(s, 0, err);
	s->vm->deadline = 0;
	return rc;
}

/* The exit's handler, or history's subscription, stops the machine: see on_exit in history.c. */
static int run_exits(struct session *s, u64 n, u32 cpu, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc;

	p->goal_cpu = cpu;
	p->goal_count = n;
	rc = run(s, 0, err);
	p->goal_cpu = VM_VCPUS;
	p->goal_count = 0;
	return rc;
}

static int check_can_run(const struct session *s, struct err *err)
{
	if (s->vm->vcpu[s->cpu].activity == ACT_SHUTDOWN)
		return err_set(err, ESHUTDOWN, "the guest died of a triple fault; go back (u, U, back), or begin again (restart)");
	if (s->priv->ended)
		return err_set(err, ESHUTDOWN, "the guest has powered off; go back (u, U, back), or begin again (restart)");
	return 0;
}

int session_run(struct session *s, struct amount amount, struct err *err)
{
	int rc = check_can_run(s, err);

	if (rc || !amount.n)
		return rc ? rc : run(s, 0, err);
	switch (amount.unit) {
	case BY_INSN: return run(s, amount.n, err);
	case BY_EXIT: return run_exits(s, amount.n, VM_VCPUS, err);
	case BY_TIME: return run_time(s, amount.n, err);
	}
	return err_set(err, EINVAL, "unknown unit");
}

/* So many instructions of one processor: the others' only make it take longer. */
static int step_insns(struct session *s, u64 n, struct err *err)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];
	u64 goal = v->clock_icount + n;
	int rc, spins = 0;

	do {
		u64 before = v->clock_icount;

		rc = run(s, goal - v->clock_icount, err);
		spins = v->clock_icount == before ? spins + 1 : 0;
	} while (!rc && s->stopped.why == STOP_BUDGET && strcmp(s->stopped.reason, "limit") && v->clock_icount < goal &&
		 spins < SPIN_LIMIT);
	if (!rc && spins >= SPIN_LIMIT)
		session_stopped(s, STOP_USER, "user", "processor %u waits: %d steps of the others did not wake it", s->cpu,
				SPIN_LIMIT);
	return rc;
}

int session_step(struct session *s, struct amount amount, struct err *err)
{
	struct vcpu *v = &s->vm->vcpu[s->cpu];
	u32 cpu = s->cpu;
	int rc = check_can_run(s, err);

	if (!rc && v->activity == ACT_WAIT_SIPI)
		return err_set(err, EAGAIN, "processor %u waits for a start-up message (SIPI) and executes nothing; "
			       "choose another (cpu N), or let the guest run (continue)", s->cpu);
	if (rc || !amount.n || amount.unit == BY_TIME)
		return rc ? rc : session_run(s, amount, err);
	rc = amount.unit == BY_INSN ? step_insns(s, amount.n, err) : run_exits(s, amount.n, cpu, err);
	s->cpu = cpu;
	if (!rc && s->stopped.why == STOP_BUDGET && !strcmp(s->stopped.reason, "timeout"))
		session_stopped(s, STOP_BUDGET, "step", "a step");
	return rc;
}

/* ---- back ---- */

static int need_time(const struct session *s, struct err *err)
{
	if (session_busy(s, err))
		return -EBUSY;
	if (!s->timeline)
		return err_set(err, ENOTSUP, "this machine cannot go back: %s", s->no_time);
	return 0;
}

/* Where going back leads to. */
struct goal {
	u64 icount; /* not later than that place */
	u64 exits;  /* with by_exit: so many had been handled there */
	bool by_exit;
};

/* Did the machine stop right after this exit? */
static bool stands_at_exit(const struct session *s, u64 number)
{
	const struct history_exit *e = history_exit_get(&s->history, number);

	return e && vm_icount(s->vm) <= e->at + 1;
}

/* The n-th place before now at which an exit had just been handled. */
static int goal_exits(const struct session *s, u64 n, struct goal *g, struct err *err)
{
	u64 now = s->vm->guest_exits, places = stands_at_exit(s, now) ? now : now + 1;
	u64 number = n < places ? places - n : 0;
	const struct history_exit *e = history_exit_get(&s->history, number);

	if (!number)
		return 0;
	if (!e)
		return err_set(err, ERANGE, "exit #%llu is not among those that this session has seen (#%llu to #%llu)", ULL(number),
			       ULL(s->history.first), ULL(s->history.next - 1));
	*g = (struct goal){ e->at > g->icount ? e->at : g->icount, number, true };
	return 0;
}

/* Time grows with instructions, and jumps where the guest is idle: the latest point that is not later than that. */
static int goal_time(struct session *s, u64 ns, struct goal *g, struct err *err)
{
	u64 now = vm_icount(s->vm), time = ns < s->vm->clock.now ? s->vm->clock.now - ns : 0;
	u64 low = g->icount, high = now;
	int rc = 0;

	while (!rc && low < high) {
		u64 middle = low + (high - low + 1) / 2;

		rc = timeline_goto(s->timeline, middle, err);
		if (s->vm->clock.now <= time)
			low = middle;
		else
			high = middle - 1;
	}
	g->icount = low;
	return rc ? rc : timeline_goto(s->timeline, now, err);
}

static int find_goal(struct session *s, struct amount amount, struct goal *g, struct err *err)
{
	u64 first = timeline_first(s->timeline), now = vm_icount(s->vm);

	*g = (struct goal){ .icount = first };
	if (!amount.n)
		return 0;
	switch (amount.unit) {
	case BY_INSN: g->icount = now - first > amount.n ? now - amount.n : first; return 0;
	case BY_EXIT: return goal_exits(s, amount.n, g, err);
	case BY_TIME: return goal_time(s, amount.n, g, err);
	}
	return err_set(err, EINVAL, "unknown unit");
}

static int go_to(struct session *s, const struct goal *g, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc = timeline_goto(s->timeline, g->icount, err);

	if (!rc && g->by_exit && s->vm->guest_exits < g->exits) {
		p->exit_goal = g->exits;
		s->searching = true;
		if (timeline_run(s->timeline, 0, err) == STOP_ERROR)
			rc = -EIO;
		s->searching = false;
		p->exit_goal = 0;
	}
	history_rewind(s);
	return rc;
}

/* Is there an earlier place, not before `from`, where a probe stops? */
static int search(struct session *s, u64 from, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc;

	p->because = false;
	s->stopped.text[0] = 0;
	rc = timeline_search_back(s->timeline, from, &s->searching, err);
	if (rc == 1) {
		s->stopped.why = STOP_EVENT;
		s->stopped.cpu = s->vm->turn;
		if (!p->because)
			snprintf(s->stopped.reason, sizeof(s->stopped.reason), "stop");
		history_rewind(s);
	}
	p->because = false;
	return rc;
}

/* Is anything armed that could stop on the way?  If not, nobody has to look at every instruction again. */
static bool may_stop(const struct session *s)
{
	return trap_nprobes(s->trap) || s->vm->breaks.n || s->vm->watches.n;
}

static int go_back(struct session *s, struct amount amount, struct err *err)
{
	u64 now = vm_icount(s->vm);
	struct goal g;
	int rc = find_goal(s, amount, &g, err);

	if (!rc && g.icount < now && may_stop(s))
		rc = search(s, g.icount, err);
	if (rc)
		return rc < 0 ? rc : 0;
	rc = go_to(s, &g, err);
	if (!rc && vm_icount(s->vm) <= timeline_first(s->timeline))
		session_stopped(s, STOP_BUDGET, "begin", "the earliest point that is recorded");
	else if (!rc && g.by_exit)
		session_stopped(s, STOP_BUDGET, "exit", "back at exit #%llu", ULL(s->vm->guest_exits));
	else if (!rc)
		session_stopped(s, STOP_BUDGET, "step", "went back");
	return rc;
}

int session_back(struct session *s, struct amount amount, struct err *err)
{
	int rc = need_time(s, err);

	if (rc)
		return rc;
	s->priv->paused = 0;
	runner_pausable(s->vm); /* Ctrl-C: it stays where it was */
	rc = go_back(s, amount, err);
	runner_pausable(NULL);
	return rc;
}

int session_goto(struct session *s, u64 icount, struct err *err)
{
	int rc = need_time(s, err);
	u64 last;

	if (rc)
		return rc;
	last = timeline_last(s->timeline);
	runner_pausable(s->vm);
	rc = timeline_goto(s->timeline, icount < last ? icount : last, err);
	runner_pausable(NULL);
	history_rewind(s);
	if (rc || icount <= last) {
		if (!rc)
			session_stopped(s, STOP_BUDGET, "goto", "a point of recorded time");
		return rc;
	}
	rc = session_run(s, (struct amount){ icount - last, BY_INSN }, err);
	if (!rc && s->stopped.why == STOP_BUDGET && vm_icount(s->vm) >= icount)
		session_stopped(s, STOP_BUDGET, "goto", "a point ahead of what was recorded");
	return rc;
}

int session_may_change(const struct session *s, struct err *err)
{
	return !s->vm->driver.run ? 0 : err_set(err, EBUSY, "this run is recorded, or is a replay: the machine cannot be changed by "
						"hand, because that could not come again");
}

void session_changed(struct session *s)
{
	s->priv->ended = false;
	if (s->timeline)
		timeline_changed(s->timeline);
}
