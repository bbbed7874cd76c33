/* SPDX-License-Identifier: GPL-3.0-or-later
 * speed.c - how long a tree of snapshots takes with a real guest: whole, what has changed, there and back.
 * Usage: speed FOLDER BOOT ROUNDS [machine options]    FOLDER must not exist; BOOT: instructions before the first
 * snapshot
 * Prints one `name value` a line: medians of elapsed milliseconds, sync of the disk included, and of processor time.
 * Rule: after each restore the state hash must be that of the machine that was saved; else it ends with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/snapshot-tree.h"
#include "core/snapshot.h"
#include "cpu-interp/interp.h"
#include "debugger/args.h"
#include "debugger/commands.h"
#include "debugger/machine.h"

enum { ROUNDS_MOST = 64, GAP = 20000000, KEY_TIME = 30000 };

static struct err err;

struct guest {
	struct machine_options opt;
	struct machine_files files;
	struct machine machine;
};

static int fail(const char *what)
{
	fprintf(stderr, "speed: %s: %s\n", what, err.text);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

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

/* ---- measuring ---- */

struct series { double wall[ROUNDS_MOST], cpu[ROUNDS_MOST]; int n; };
struct stopwatch { double wall, cpu; };

static struct stopwatch start(void)
{
	return (struct stopwatch){ now(CLOCK_MONOTONIC), now(CLOCK_PROCESS_CPUTIME_ID) };
}

static void stop(const struct stopwatch *w, struct series *s)
{
	s->wall[s->n] = now(CLOCK_MONOTONIC) - w->wall;
	s->cpu[s->n++] = now(CLOCK_PROCESS_CPUTIME_ID) - w->cpu;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print(const char *name, struct series *s)
{
	qsort(s->wall, (size_t)s->n, sizeof(double), by_value);
	qsort(s->cpu, (size_t)s->n, sizeof(double), by_value);
	printf("%s-ms %.2f\n%s-best-ms %.2f\n%s-cpu-ms %.2f\n", name, s->wall[s->n / 2], name, s->wall[0], name, s->cpu[s->n / 2]);
}

/* ---- the guest ---- */

static void go(struct vm *vm, u64 insns)
{
	static const char line[] = "ls -l / /bin | wc -c\n";

	for (size_t i = 0; i < sizeof(line) - 1; i++) {
		vm_receive(vm, INPUT_SERIAL, &line[i], 1);
		vm_run(vm, KEY_TIME, &err);
	}
	if (vm_run(vm, insns, &err) == STOP_ERROR)
		fail("the run");
}

static u64 pages_changed;

static void count_changed(struct vm *vm)
{
	const u64 *written = vm->frames->written[LOG_SNAPSHOT];

	mem_gather(&vm->mem);
	for (u64 i = 0; written && i < (vm->frames->n + 63) / 64; i++)
		pages_changed += (u64)__builtin_popcountll(written[i]);
}

static void save(struct snapshot_tree *t, const char *name, struct series *s)
{
	struct stopwatch w = start();

	if (snapshot_tree_save(t, name, 0, &err))
		fail("saving");
	stop(&w, s);
}

static void restore(struct snapshot_tree *t, struct vm *vm, const char *name, u64 hash, struct series *s)
{
	struct stopwatch w = start();

	if (snapshot_tree_restore(t, name, NULL, &err))
		fail("restoring");
	stop(&w, s);
	if (vm_state_hash(vm) == hash)
		return;
	fprintf(stderr, "speed: restored '%s' differs\n", name);
	exit(1);
}

static void print_sizes(struct snapshot_tree *t)
{
	struct snapshot_node *nodes;
	u64 changes = 0;
	u32 n;

	if (snapshot_tree_list(t, &nodes, &n, &err))
		fail("listing");
	for (u32 i = 0; i < n; i++)
		if (nodes[i].whole)
			printf("whole-kib %llu\n", (unsigned long long)nodes[i].size >> 10);
		else
			changes += nodes[i].size;
	printf("changes-kib %llu\n", (unsigned long long)(changes / (n > 1 ? n - 1 : 1)) >> 10);
	free(nodes);
}

int main(int argc, char **argv)
{
	static struct series whole, changes, back, forth, fresh;
	static u64 hash[ROUNDS_MOST + 1];
	struct snapshot_tree *t;
	char name[16] = "r0";
	struct guest *g;
	int rounds;

	if (argc < 5)
		return 2;
	rounds = atoi(argv[3]) < ROUNDS_MOST ? atoi(argv[3]) : ROUNDS_MOST;
	g = build(argc - 4, argv + 4);
	if (snapshot_tree_open(&t, argv[1], g->machine.vm, true, &err))
		fail("the tree");
	vm_run(g->machine.vm, strtoull(argv[2], NULL, 0), &err);
	save(t, name, &whole);
	hash[0] = vm_state_hash(g->machine.vm);
	for (int i = 1; i <= rounds; i++) {
		go(g->machine.vm, GAP);
		count_changed(g->machine.vm);
		snprintf(name, sizeof(name), "r%d", i);
		save(t, name, &changes);
		hash[i] = vm_state_hash(g->machine.vm);
	}
	for (int i = 1; i <= rounds; i++) {
		restore(t, g->machine.vm, "r0", hash[0], &back);
		go(g->machine.vm, GAP);
		snprintf(name, sizeof(name), "r%d", i);
		restore(t, g->machine.vm, name, hash[i], &forth);
		go(g->machine.vm, GAP);
	}
	print_sizes(t);
	printf("changed-percent %.2f\n", (double)pages_changed / rounds * PAGE_SIZE_4K * 100 / (double)g->opt.mem);
	snapshot_tree_close(t);
	release(g);
	for (int i = 0; i < rounds && i < 5; i++) {
		g = build(argc - 4, argv + 4);
		if (snapshot_tree_open(&t, argv[1], g->machine.vm, false, &err))
			fail("the tree");
		restore(t, g->machine.vm, "r1", hash[1], &fresh);
		snapshot_tree_close(t);
		release(g);
	}
	print("save-whole", &whole);
	print("save-changes", &changes);
	print("restore-back", &back);
	print("restore-forth", &forth);
	print("restore-fresh", &fresh);
	return 0;
}
