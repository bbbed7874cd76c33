/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb-run.c - let the machine go on as gdb asked, and say how it stopped.
 * Rule: gdb sees the machine only between two runs; what happens inside one is noted by subscribers of events.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "debugger/gdb/gdb-priv.h"
#include "debugger/runner.h"

/* ---- what stops it ---- */

static enum verdict on_break(void *arg, const struct event *ev)
{
	struct gdb *g = arg;

	if (g->stepping && ev->vcpu == g->stop_cpu && ev->icount == g->step_from)
		return EV_GO; /* it stood here before; a step leaves it */
	g->hit = true;
	g->stop_cpu = ev->vcpu;
	return EV_STOP;
}

static enum verdict on_mem(void *arg, const struct event *ev)
{
	struct gdb *g = arg;

	for (int i = 0; i < g->nwatches; i++) {
		const struct gdb_watch *w = &g->watch[i];

		if (w->kind != GDB_ACCESS && (w->kind == GDB_WRITE) != (bool)ev->mem.write)
			continue;
		if (ev->mem.gla - w->at >= w->len && w->at - ev->mem.gla >= ev->mem.size)
			continue;
		g->hit = g->watch_hit = true;
		g->hit_watch = *w;
		g->stop_cpu = ev->vcpu;
		return EV_STOP;
	}
	return EV_GO;
}

static bool same_watch(const struct gdb_watch *a, const struct gdb_watch *b)
{
	return a->at == b->at && a->len == b->len && a->kind == b->kind;
}

bool gdb_watch_set(struct gdb *g, const struct gdb_watch *w)
{
	if (g->nwatches == GDB_WATCHES)
		return false;
	if (g->at_mem < 0)
		g->at_mem = vm_subscribe(g->vm, EV_BIT(mem), on_mem, g);
	if (g->at_mem < 0)
		return false;
	g->watch[g->nwatches++] = *w;
	return true;
}

void gdb_watch_clear(struct gdb *g, const struct gdb_watch *w)
{
	for (int i = 0; i < g->nwatches; i++)
		if (same_watch(&g->watch[i], w)) {
			g->watch[i] = g->watch[--g->nwatches];
			break;
		}
	if (!g->nwatches && g->at_mem >= 0) { /* every access being seen costs much */
		vm_unsubscribe(g->vm, g->at_mem);
		g->at_mem = -1;
	}
}

/* ---- running ---- */

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

/* An exit of ours, if it is one. */
static enum stop_why run(struct gdb *g, u64 budget, struct err *err)
{
	enum stop_why why = guest_run(g->vm, budget, g->stepper, err);

	g->stops += (g->hit || budget == 1) && g->vm->vcpu[g->stop_cpu].exit.reason == EXIT_MTF;
	return why;
}

/* Until this processor has executed one instruction.  If the others are to rest it has its turn at once, and theirs
 * goes on afterwards. */
static enum stop_why step(struct gdb *g, u32 cpu, u64 budget, struct err *err)
{
	struct vm *vm = g->vm;
	struct vcpu *v = &vm->vcpu[cpu];
	u64 start = vm_icount(vm), used = vm->turn_used;
	u32 turn = vm->turn;
	bool out_of_turn = is_alone(g, cpu) && v->activity == ACT_ACTIVE && turn != cpu;
	enum stop_why why;

	g->stepping = true;
	g->stop_cpu = cpu;
	g->step_from = v->clock_icount;
	if (out_of_turn) {
		vm->turn = cpu;
		vm->turn_used = 0;
	}
	do {
		why = run(g, 1, err);
		if (budget && vm_icount(vm) - start >= budget)
			break;
	} while (why == STOP_BUDGET && v->clock_icount == g->step_from);
	if (out_of_turn) {
		vm->turn = turn;
		vm->turn_used = used;
	}
	if (why == STOP_BUDGET && v->clock_icount != g->step_from)
		why = STOP_EVENT;
	g->hit |= why == STOP_EVENT;
	g->stepping = false;
	return why;
}

enum stop_why gdb_resume(struct gdb *g, u64 budget, struct err *err)
{
	int cpu = stepper_of(g);

	g->hit = g->watch_hit = false;
	if (cpu >= 0)
		return step(g, (u32)cpu, budget, err);
	enum stop_why why = run(g, budget, err);
	if (!g->hit)
		g->stop_cpu = g->vm->turn;
	return why;
}

/* ---- telling ---- */

static void tell_stop(struct gdb *g, int signal)
{
	static const char *const names[] = { "watch", "rwatch", "awatch" };
	int n = snprintf(g->stop, sizeof(g->stop), "T%02xthread:%x;", (unsigned)signal, g->stop_cpu + 1);

	if (g->watch_hit)
		snprintf(g->stop + n, sizeof(g->stop) - (size_t)n, "%s:%llx;", names[g->hit_watch.kind],
			 (unsigned long long)g->hit_watch.at);
	g->cpu = g->step_cpu = g->stop_cpu;
	g->next = GDB_STAY;
	gdb_packet(g, g->stop, strlen(g->stop));
}

static void tell_end(struct gdb *g, char how, int number)
{
	snprintf(g->stop, sizeof(g->stop), "%c%02x", how, (unsigned)number & 0xff);
	gdb_packet(g, g->stop, strlen(g->stop));
}

/* The first time it can still be looked at. */
static bool tell_death(struct gdb *g)
{
	if (g->died) {
		tell_end(g, 'X', SIGABRT);
		return true;
	}
	g->died = true;
	for (u32 i = 0; i < g->vm->ncpus; i++)
		if (g->vm->vcpu[i].activity == ACT_SHUTDOWN)
			g->stop_cpu = i;
	tell_stop(g, SIGABRT);
	return false;
}

bool gdb_stopped(struct gdb *g, enum stop_why why, int status)
{
	if (why == STOP_TRIPLE_FAULT)
		return tell_death(g);
	if (why == STOP_EVENT && g->hit) {
		tell_stop(g, SIGTRAP);
		return false;
	}
	if (why == STOP_USER && g->break_in) {
		g->break_in = false;
		tell_stop(g, SIGINT);
		return false;
	}
	if (why == STOP_USER || why == STOP_ERROR)
		tell_end(g, 'X', SIGTERM);
	else
		tell_end(g, 'W', status);
	return true;
}

/* ---- the beginning and the end ---- */

int gdb_open(struct gdb *g, struct vm *vm, void (*send)(void *arg, const void *data, size_t len), void *arg)
{
	*g = (struct gdb){ .vm = vm, .send = send, .arg = arg, .at_break = -1, .at_mem = -1 };
	if (!(vm->engine->caps & CAP_INSN_EVENTS))
		return -ENOTSUP;
	snprintf(g->stop, sizeof(g->stop), "T%02xthread:1;", SIGTRAP);
	g->at_break = vm_subscribe(vm, EV_BIT(breakpoint), on_break, g);
	return g->at_break < 0 ? g->at_break : 0;
}

void gdb_close(struct gdb *g)
{
	if (!g->vm)
		return;
	while (g->vm->breaks.n)
		vm_break_clear(g->vm, g->vm->breaks.at[0]);
	while (g->nwatches)
		gdb_watch_clear(g, &g->watch[0]);
	if (g->at_break >= 0)
		vm_unsubscribe(g->vm, g->at_break);
	buf_free(&g->reply);
	buf_free(&g->out);
	g->vm = NULL;
}
