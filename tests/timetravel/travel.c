/* SPDX-License-Identifier: GPL-3.0-or-later
 * travel.c - a real guest is run, and then gone back in: is it everywhere what it was, and how long does it take?
 * Usage: travel DEPTH JUMPS MIB [machine options]     (MIB: of memory for the past; 0: as usual)   prints one `name value` a line; ends with 1 if a state differs
 * Rule: what a state is, is said by vm_state_hash alone, taken before anybody went back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/snapshot.h"
#include "core/timeline.h"
#include "cpu-interp/interp.h"
#include "debugger/args.h"
#include "debugger/commands.h"
#include "debugger/machine.h"

enum { PLACES = 64, CHECKS = 12 };

static struct err err;
static u64 seed = 11;
static int wrong;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static int fail(const char *what)
{
	fprintf(stderr, "travel: %s: %s\n", what, err.text);
	exit(1);
}

/* Of this process alone: what else the host does meanwhile is not to be measured. */
static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static double ms_since(u64 start)
{
	return (double)(cpu_ns() - start) / 1e6;
}

/* ---- the machine ---- */

struct guest {
	struct machine_options opt;
	struct machine_files files;
	struct machine machine;
};

static struct guest *build(int argc, char **argv)
{
	struct guest *g = calloc(1, sizeof(*g));
	struct args_rest rest;
	int status;

	machine_options_init(&g->opt);
	if (command_args(&cmd_run, &g->opt, argc, argv, &rest, &status))
		exit(2);
	if (machine_options_check(&g->opt, &rest, &err) || machine_files_open(&g->files, &g->opt, &err) ||
	    machine_build(&g->machine, &g->opt, &g->files, &engine_interp, &err))
		fail("the machine");
	return g;
}

static void release(struct guest *g)
{
	machine_destroy(&g->machine);
	machine_files_close(&g->files, NULL);
	free(g);
}

/* ---- there and back ---- */

struct place { u64 icount, hash; };

static void is_same(struct vm *vm, const struct place *p)
{
	u64 hash = vm_state_hash(vm);

	if (vm_icount(vm) == p->icount && hash == p->hash)
		return;
	printf("differs at %llu: hash %016llx, was %016llx\n", (unsigned long long)p->icount, (unsigned long long)hash,
	       (unsigned long long)p->hash);
	wrong++;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void percentiles(const char *name, double *ms, int n)
{
	qsort(ms, (size_t)n, sizeof(*ms), by_value);
	printf("%s-median-ms %.2f\n%s-p99-ms %.2f\n%s-max-ms %.2f\n", name, ms[n / 2], name, ms[(n * 99 - 1) / 100], name,
	       ms[n - 1]);
}

static void travel(struct timeline *t, u64 icount, const char *what)
{
	if (timeline_goto(t, icount, &err))
		fail(what);
}

static int run_with_hashes(struct timeline *t, struct vm *vm, u64 depth, struct place *place)
{
	int n = 0;

	for (; n < PLACES && timeline_run(t, depth / PLACES - chance(1000), &err) == STOP_BUDGET; n++)
		place[n] = (struct place){ vm_icount(vm), vm_state_hash(vm) };
	return n;
}

static void jump(struct timeline *t, struct vm *vm, const struct place *place, int n, int jumps)
{
	double *far = calloc((size_t)jumps, sizeof(*far)), *one = calloc((size_t)jumps, sizeof(*one));
	u64 first = timeline_first(t), depth = timeline_last(t) - first;

	for (int i = 0; i < jumps; i++) {
		u64 to = first + 1 + chance(depth), start = cpu_ns();

		travel(t, to, "a jump");
		far[i] = ms_since(start);
		start = cpu_ns();
		travel(t, to - 1, "a step back");
		one[i] = ms_since(start);
		if (i >= CHECKS || !n)
			continue;
		to = chance((u64)n);
		travel(t, place[to].icount, "a place");
		is_same(vm, &place[to]);
	}
	percentiles("jump", far, jumps);
	percentiles("back-1", one, jumps);
	free(far);
	free(one);
}

/* From depth, where nobody has gone back yet, one instruction. */
static void fresh_steps(struct timeline *t)
{
	double one[20];

	if (timeline_last(t) - timeline_first(t) < 20)
		return;

	for (int i = 0; i < 20; i++) {
		u64 start = cpu_ns();

		travel(t, timeline_last(t) - 1 - (u64)i, "a step from the end");
		one[i] = ms_since(start);
	}
	percentiles("back-from-end", one, 20);
}

static enum verdict stop(void *arg, const struct event *ev)
{
	return EV_STOP;
}

/* Step k, then back k, for k up to 10^6: the same digest. */
static void steps(struct timeline *t, struct vm *vm, int count)
{
	u64 first = timeline_first(t), depth = timeline_last(t) - first;

	for (int i = 0; i < count && depth > 2; i++) {
		u64 k = 1, at;
		struct place p;

		for (u64 digits = chance(7); digits; digits--) /* as many short ways as long ones */
			k *= 10;
		k = 1 + chance(k < depth / 2 ? k : depth / 2);
		at = first + chance(depth - k);
		travel(t, at, "a place to step from");
		p = (struct place){ at, vm_state_hash(vm) };
		if (chance(2))
			travel(t, at + k, "steps forward");
		else if (timeline_run(t, k, &err) == STOP_ERROR)
			fail("a run");
		travel(t, vm_icount(vm) - k, "steps back");
		is_same(vm, &p);
	}
	printf("steps %d\n", count);
}

static void search(struct timeline *t, struct vm *vm, u64 span, u64 address, const char *name)
{
	u64 now = timeline_last(t), from = now > span ? now - span : timeline_first(t), start;
	bool searching = false;
	int id = vm_subscribe(vm, EV_BIT(breakpoint), stop, NULL), rc;

	travel(t, now, "the end");
	vm_break_set(vm, address);
	start = cpu_ns();
	rc = timeline_search_back(t, from, &searching, &err);
	if (rc < 0)
		fail("a search");
	printf("%s-ms %.0f\n%s-found %d\n%s-distance %llu\n", name, ms_since(start), name, rc, name,
	       (unsigned long long)(now - vm_icount(vm)));
	vm_break_clear(vm, address);
	vm_unsubscribe(vm, id);
}

static void keep(struct timeline *t, struct vm *vm)
{
	struct checkpoint *c;
	struct place p = { vm_icount(vm), vm_state_hash(vm) };
	u64 start = cpu_ns();

	if (timeline_keep(t, &c, &err))
		fail("a checkpoint");
	printf("keep-ms %.2f\n", ms_since(start));
	timeline_run(t, 20000000, &err);
	start = cpu_ns();
	if (timeline_restore(t, c, &err))
		fail("restoring");
	printf("restore-ms %.2f\n", ms_since(start));
	is_same(vm, &p);
	timeline_drop(t, c);
}

/* What it costs to remember: the same run with and without, and nothing else done on the way. */
static void cost(int argc, char **argv, u64 depth, bool remember)
{
	struct guest *g = build(argc, argv);
	struct timeline *t = NULL;
	u64 start;

	if (remember && timeline_open(&t, g->machine.vm, NULL, &err))
		fail("the time line");
	start = cpu_ns();
	if (t)
		timeline_run(t, depth, &err);
	else
		vm_run(g->machine.vm, depth, &err);
	printf("%s-ms %.0f\n", remember ? "with-timeline" : "without", ms_since(start));
	timeline_close(t);
	release(g);
}

int main(int argc, char **argv)
{
	struct timeline_config config = { 0 };
	struct place place[PLACES];
	struct timeline *t;
	struct guest *g;
	struct vm *vm;
	u64 depth, start;
	int n, points = 0;

	if (argc < 5)
		return 2;
	depth = strtoull(argv[1], NULL, 0);
	config.memory = strtoull(argv[3], NULL, 0) << 20;
	cost(argc - 4, argv + 4, depth, false);
	cost(argc - 4, argv + 4, depth, true);
	g = build(argc - 4, argv + 4);
	vm = g->machine.vm;
	start = cpu_ns();
	if (timeline_open(&t, vm, &config, &err))
		fail("the time line");
	printf("open-ms %.1f\n", ms_since(start));
	n = run_with_hashes(t, vm, depth, place);
	for (u64 icount, time; timeline_checkpoint(t, points, &icount, &time); points++)
		;
	printf("points %d\nmemory-mib %.1f\n", points, (double)timeline_memory(t) / 1048576);
	fresh_steps(t);
	jump(t, vm, place, n, atoi(argv[2]));
	steps(t, vm, atoi(argv[2]) / 2);
	printf("memory-after-mib %.1f\n", (double)timeline_memory(t) / 1048576);
	search(t, vm, 100000000, 0x1234, "search-nothing");
	travel(t, timeline_last(t), "the end");
	if (n == PLACES) {
		is_same(vm, &place[n - 1]);
		keep(t, vm);
	}
	if (config.memory && timeline_memory(t) > config.memory) {
		printf("memory over its bound\n");
		wrong++;
	}
	timeline_close(t);
	release(g);
	printf("wrong %d\n", wrong);
	return wrong != 0;
}
