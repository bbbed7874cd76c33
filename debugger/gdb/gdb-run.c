/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-run.c - let the machine go on, or back, as gdb asked, and say how it stopped.
 * Rule: gdb sees the machine only between two runs; what happens inside one is noted by the subscriber of its events.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "core/timeline.h"
#include "debugger/gdb/gdb-priv.h"
#include "debugger/session/session.h"

#define ULL(x) ((unsigned long long)(x))

/* ---- what stops it ---- */

static enum verdict hit(struct gdb *g, const struct event *ev, const struct gdb_point *p, u64 at)
{
	g->hit = true;
	g->hit_point = *p;
	g->hit_at = at;
	g->stop_cpu = ev->vcpu;
	session_stop_because(g->s, p->kind < GDB_WRITE ? "break" : "watch", "gdb's %s at 0x%llx",
			     p->kind < GDB_WRITE ? "breakpoint" : "watchpoint", ULL(p->at));
	return EV_STOP;
}

static enum verdict on_break(struct gdb *g, const struct event *ev)
{
	if (g->stepping && ev->vcpu == g->stop_cpu && ev->icount == g->step_from)
		return EV_GO; /* it stood here before; a step leaves it */
	for (int i = 0; i < g->npoints; i++)
		if (g->point[i].kind < GDB_WRITE && g->point[i].at == ev->breakpoint.gla)
			return hit(g, ev, &g->point[i], ev->breakpoint.gla);
	return EV_GO; /* somebody else's */
}

static enum verdict on_watch(struct gdb *g, const struct event *ev)
{
	for (int i = 0; i < g->npoints; i++) {
		const struct gdb_point *p = &g->point[i];

		if (p->kind < GDB_WRITE || (p->kind != GDB_ACCESS && (p->kind == GDB_WRITE) != (bool)ev->watch.write))
			continue;
		if (ev->watch.gla - p->at < p->len || p->at - ev->watch.gla < ev->watch.size)
			return hit(g, ev, p, p->at);
	}
	return EV_GO;
}

static enum verdict on_event(void *arg, const struct event *ev)
{
	return ev->kind == EV_breakpoint ? on_break(arg, ev) : on_watch(arg, ev);
}

/* ---- breakpoints and watchpoints ---- */

static struct watch watch_of(const struct gdb_point *p)
{
	static const u8 kinds[] = { [GDB_WRITE] = WATCH_WRITE, [GDB_READ] = WATCH_READ, [GDB_ACCESS] = WATCH_READ | WATCH_WRITE };

	return (struct watch){ .at = p->at, .len = p->len, .kinds = kinds[p->kind] };
}

static int find(const struct gdb *g, const struct gdb_point *p)
{
	for (int i = 0; i < g->npoints; i++)
		if (g->point[i].at == p->at && g->point[i].kind == p->kind && (p->kind < GDB_WRITE || g->point[i].len == p->len))
			return i;
	return -1;
}

int gdb_point_set(struct gdb *g, const struct gdb_point *p)
{
	const bool breaks = p->kind < GDB_WRITE;
	const struct watch w = breaks ? (struct watch){ 0 } : watch_of(p);
	int rc;

	if (find(g, p) >= 0) /* setting it twice is the same as once */
		return 0;
	if (g->npoints == GDB_POINTS)
		return -ENOSPC;
	rc = breaks ? vm_break_set(g->vm, p->at) : vm_watch_set(g->vm, &w);
	if (!rc)
		g->point[g->npoints++] = *p;
	return rc;
}

void gdb_point_clear(struct gdb *g, const struct gdb_point *p)
{
	const bool breaks = p->kind < GDB_WRITE;
	const struct watch w = breaks ? (struct watch){ 0 } : watch_of(p);
	int i = find(g, p);

	if (i < 0)
		return;
	g->point[i] = g->point[--g->npoints];
	if (breaks)
		vm_break_clear(g->vm, p->at);
	else
		vm_watch_clear(g->vm, &w);
}

/* ---- forward ---- */

static int stepper_of(const struct gdb *g)
{
	for (u32 i = 0; i < g->vm->ncpus; i++)
		if (g->action[i] == GDB_STEP)
			return (int)i;
	return -1;
}

static bool is_alone(const struct gdb *g, u32 cpu)
{
	for (u32 i = 0; i < g->vm->ncpus; i++)
		if (i != cpu && g->action[i] != GDB_REST)
			return false;
	return true;
}

static void set_turn(struct gdb *g, u32 cpu, u64 used)
{
	g->vm->turn = cpu;
	g->vm->turn_used = used;
	session_changed(g->s);
}

/* Until this processor has executed one instruction.  If the others are to rest it has its turn at once, and theirs
 * goes on afterwards. */
static int step(struct gdb *g, u32 cpu, struct err *err)
{
	struct vm *vm = g->vm;
	struct vcpu *v = &vm->vcpu[cpu];
	u64 used = vm->turn_used;
	u32 turn = vm->turn;
	bool out_of_turn = is_alone(g, cpu) && v->activity == ACT_ACTIVE && turn != cpu;
	int rc;

	g->stepping = true;
	g->stop_cpu = g->s->cpu = cpu;
	g->step_from = v->clock_icount;
	if (out_of_turn)
		set_turn(g, cpu, 0);
	rc = session_step(g->s, (struct amount){ 1, BY_INSN }, err);
	if (out_of_turn)
		set_turn(g, turn, used);
	g->stepping = false;
	return rc;
}

static int forward(struct gdb *g, struct err *err)
{
	int cpu = stepper_of(g);
	int rc = cpu >= 0 ? step(g, (u32)cpu, err) : session_run(g->s, (struct amount){ 0 }, err);

	if (cpu < 0 && !g->hit)
		g->stop_cpu = g->s->stopped.cpu;
	return rc;
}

/* ---- back ---- */

/* The latest point of time at which this processor had executed one instruction less than now: the count of all
 * processors is what one can go to, so it is searched for, first in strides that grow. */
static int back_step(struct gdb *g, struct err *err)
{
	const struct vcpu *v = &g->vm->vcpu[g->step_cpu];
	u64 own = v->clock_icount, first = timeline_first(g->s->timeline), high = vm_icount(g->vm), low = high;
	int rc = 0;

	g->stop_cpu = g->step_cpu;
	for (u64 stride = 1; !rc && low > first && v->clock_icount == own; stride *= 2) {
		high = low;
		low = low - first > stride ? low - stride : first;
		rc = session_goto(g->s, low, err);
	}
	if (v->clock_icount == own)
		return rc; /* it has not executed anything since */
	while (!rc && high - low > 1) { /* low: less; high: not less */
		u64 middle = low + (high - low) / 2;

		rc = session_goto(g->s, middle, err);
		if (v->clock_icount < own)
			low = middle;
		else
			high = middle;
	}
	return rc ? rc : session_goto(g->s, low, err);
}

static bool has_watch(const struct gdb *g)
{
	for (int i = 0; i < g->npoints; i++)
		if (g->point[i].kind >= GDB_WRITE)
			return true;
	return false;
}

/* Was it the latest instruction that accessed watched memory?  A search backwards looks at places before this one. */
static int look_at_latest(struct gdb *g, struct err *err)
{
	u64 now = vm_icount(g->vm);
	int rc = session_goto(g->s, now - 1, err);

	g->s->searching = true;
	if (!rc)
		rc = session_run(g->s, (struct amount){ 1, BY_INSN }, err);
	g->s->searching = false;
	g->hit &= g->hit_point.kind >= GDB_WRITE;
	return rc;
}

/* To the latest place where something stops it.  Watched memory was written by the instruction before that place, and
 * gdb wants to see it unwritten. */
static int back(struct gdb *g, struct err *err)
{
	u32 cpu = g->step_cpu;
	int rc = 0;

	if (has_watch(g) && vm_icount(g->vm) > timeline_first(g->s->timeline))
		rc = look_at_latest(g, err);
	if (!rc && !g->hit)
		rc = session_back(g->s, (struct amount){ 0 }, err);
	if (!rc && g->hit && g->s->stopped.why != STOP_EVENT)
		g->hit = false; /* it went on, to the beginning */
	if (!g->hit)
		g->stop_cpu = cpu;
	if (!rc && g->hit && g->hit_point.kind >= GDB_WRITE && vm_icount(g->vm) > timeline_first(g->s->timeline))
		rc = session_goto(g->s, vm_icount(g->vm) - 1, err);
	return rc;
}

int gdb_resume(struct gdb *g, struct err *err)
{
	int rc;

	g->hit = false;
	if (g->back == GDB_FORWARD) {
		rc = forward(g, err);
	} else if (!g->s->timeline) {
		rc = err_set(err, ENOTSUP, "this machine cannot go back: %s", g->s->no_time);
	} else {
		g->died = false;
		rc = g->back == GDB_BACK ? back(g, err) : back_step(g, err);
	}
	return rc;
}

/* ---- telling ---- */

static bool at_beginning(const struct gdb *g)
{
	return g->back != GDB_FORWARD && g->s->timeline && vm_icount(g->vm) <= timeline_first(g->s->timeline);
}

static void tell_stop(struct gdb *g, int signal)
{
	static const char *const names[] = { [GDB_WRITE] = "watch", [GDB_READ] = "rwatch", [GDB_ACCESS] = "awatch" };
	int n = snprintf(g->stop, sizeof(g->stop), "T%02xthread:%x;", (unsigned)signal, g->stop_cpu + 1);

	if (g->hit && g->hit_point.kind >= GDB_WRITE)
		snprintf(g->stop + n, sizeof(g->stop) - (size_t)n, "%s:%llx;", names[g->hit_point.kind], ULL(g->hit_at));
	else if (at_beginning(g))
		snprintf(g->stop + n, sizeof(g->stop) - (size_t)n, "replaylog:begin;");
	g->cpu = g->step_cpu = g->s->cpu = g->stop_cpu;
	g->next = GDB_STAY;
	gdb_packet(g, g->stop, strlen(g->stop));
}

static bool tell_end(struct gdb *g, char how, int number)
{
	snprintf(g->stop, sizeof(g->stop), "%c%02x", how, (unsigned)number & 0xff);
	gdb_packet(g, g->stop, strlen(g->stop));
	return true;
}

/* The first time it can still be looked at. */
static bool tell_death(struct gdb *g)
{
	if (g->died && !g->stays)
		return tell_end(g, 'X', SIGABRT);
	g->died = true;
	g->stop_cpu = g->s->stopped.cpu;
	tell_stop(g, SIGABRT);
	return false;
}

bool gdb_stopped(struct gdb *g, int status)
{
	const struct session_stop *why = &g->s->stopped;
	bool limit = why->why == STOP_BUDGET && !strcmp(why->reason, "limit");

	if (why->why == STOP_TRIPLE_FAULT)
		return tell_death(g);
	if (why->why == STOP_USER && !g->break_in && !g->stays)
		return tell_end(g, 'X', SIGTERM);
	if (why->why == STOP_ERROR)
		return tell_end(g, 'X', SIGTERM);
	if (!g->stays && (limit || why->why == STOP_POWER_OFF || why->why == STOP_HALTED))
		return tell_end(g, 'W', status);
	tell_stop(g, g->break_in ? SIGINT : SIGTRAP);
	g->break_in = false;
	return false;
}

void gdb_say(struct gdb *g, const char *text, size_t len)
{
	enum { PIECE = 4000 };
	struct buf packet = { 0 };

	if (g->told) {
		buf_put(g->told, text, len);
		return;
	}
	for (size_t at = 0; at < len; at += PIECE) {
		packet.len = 0;
		buf_put(&packet, "O", 1);
		gdb_put_hex(&packet, text + at, len - at < PIECE ? len - at : PIECE);
		if (!packet.failed)
			gdb_packet(g, packet.data, packet.len);
	}
	buf_free(&packet);
}

/* ---- the beginning and the end ---- */

int gdb_open(struct gdb *g, struct session *s, void (*send)(void *arg, const void *data, size_t len), void *arg)
{
	*g = (struct gdb){ .s = s, .vm = s->vm, .send = send, .arg = arg, .cpu = s->cpu, .step_cpu = s->cpu };
	snprintf(g->stop, sizeof(g->stop), "T%02xthread:%x;", SIGTRAP, s->cpu + 1);
	g->at_event = vm_subscribe(s->vm, EV_BIT(breakpoint) | EV_BIT(watch), on_event, g);
	if (g->at_event >= 0)
		return 0;
	g->vm = NULL;
	return g->at_event;
}

void gdb_close(struct gdb *g)
{
	if (!g->vm)
		return;
	while (g->npoints) {
		const struct gdb_point p = g->point[0];

		gdb_point_clear(g, &p);
	}
	vm_unsubscribe(g->vm, g->at_event);
	buf_free(&g->reply);
	buf_free(&g->out);
	g->vm = NULL;
}
