/* SPDX-License-Identifier: GPL-3.0-or-later
 * points.c - run N, save, run M, digest; restore, run M: is it the same digest?  At random N, also in the midst of a
 * repeated instruction, before an interrupt that waits, while a processor sleeps.
 * Usage: points COUNT LIMIT SEED [machine options]     LIMIT: instructions that the guest is followed for
 * Rule: two machines take turns, so that what a restored one does not have from the snapshot it does not have at all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "cpu-interp/interp.h"
#include "debugger/args.h"
#include "debugger/commands.h"
#include "debugger/machine.h"

enum { SHORT = 10000000 /* guests that are followed for less begin anew each time */, ON = 300000 };

static struct err err;
static u64 seed;

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static int fail(const char *what)
{
	fprintf(stderr, "points: %s: %s\n", what, err.text);
	exit(1);
}

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

/* ---- what kind of place it is ---- */

static u64 repeated, waiting, asleep, others;

/* F2 or F3, perhaps behind other prefixes, before a string instruction; and RCX says that it is not the first time. */
static bool in_repetition(struct vm *vm, const struct x86_state *s, u64 rip_before)
{
	u8 code[4] = { 0 };

	mem_read(&vm->mem, s->seg_base[SEG_CS] + s->rip[0], code, sizeof(code)); /* where linear is physical */
	return s->rip[0] == rip_before && (code[0] == 0xf3 || code[0] == 0xf2 || code[1] == 0xf3 || code[1] == 0xf2);
}

static void classify(struct vm *vm, u64 rip_before)
{
	struct x86_state s;

	for (u32 i = 0; i < vm->ncpus; i++) {
		if (vcpu_get(&vm->vcpu[i], &s, ST_ALL))
			fail("a processor's state");
		waiting += vm->vcpu[i].intr || (s.inject_info[0] & INTR_VALID);
		asleep += vm->vcpu[i].activity == ACT_HALTED;
		if (i == vm->turn)
			repeated += in_repetition(vm, &s, rip_before);
	}
	others += vm->turn != 0;
}

static u64 rip_of(struct vm *vm)
{
	struct x86_state s;

	return vcpu_get(&vm->vcpu[vm->turn], &s, ST_GPR) ? 0 : s.rip[0];
}

/* ---- there, and there again ---- */

struct end { u64 icount, time, hash; enum stop_why why; };

static struct end run(struct vm *vm, u64 n)
{
	struct end e = { .why = vm_run(vm, n, &err) };

	if (e.why == STOP_ERROR)
		fail("a run");
	e.icount = vm_icount(vm);
	e.time = vm->clock.now;
	e.hash = vm_state_hash(vm);
	return e;
}

static void load(struct vm *vm, const struct buf *b)
{
	if (snapshot_load(vm, b->data, b->len, &err))
		fail("restoring");
}

static bool is_same(const struct end *a, const struct end *b)
{
	if (a->icount == b->icount && a->time == b->time && a->hash == b->hash && a->why == b->why)
		return true;
	printf("differs: %llu %llu %016llx %s, restored %llu %llu %016llx %s\n", (unsigned long long)a->icount,
	       (unsigned long long)a->time, (unsigned long long)a->hash, stop_why_name(a->why), (unsigned long long)b->icount,
	       (unsigned long long)b->time, (unsigned long long)b->hash, stop_why_name(b->why));
	return false;
}

/* To a moment, which may be one of a sleep. */
static void run_time(struct vm *vm, u64 ns)
{
	vm->deadline = vm->clock.now + ns;
	vm_run(vm, 0, &err);
	vm->deadline = 0;
}

static bool try(struct vm *a, struct vm *b, u64 n)
{
	struct buf at = { 0 };
	struct end first, again;
	u64 rip, m = 1 + chance(chance(2) ? 50 : ON);

	if (n > 1)
		vm_run(a, n - 1, &err);
	rip = rip_of(a);
	vm_run(a, 1, &err);
	if (!chance(4))
		run_time(a, 1 + chance(100000));
	classify(a, rip);
	if (snapshot_save(a, &at, &err))
		fail("a snapshot");
	first = run(a, m);
	load(b, &at);
	again = run(b, m);
	buf_free(&at);
	return is_same(&first, &again);
}

int main(int argc, char **argv)
{
	struct buf start = { 0 };
	struct guest *a, *b;
	u64 limit, length;
	int count, wrong = 0;

	if (argc < 5)
		return 2;
	count = atoi(argv[1]);
	limit = strtoull(argv[2], NULL, 0);
	seed = strtoull(argv[3], NULL, 0);
	a = build(argc - 4, argv + 4);
	b = build(argc - 4, argv + 4);
	if (snapshot_save(a->machine.vm, &start, &err))
		fail("a snapshot");
	length = limit;
	if (limit < SHORT) {
		vm_run(b->machine.vm, limit, &err);
		length = vm_icount(b->machine.vm);
	}
	for (int i = 0; i < count; i++) {
		struct vm *one = i & 1 ? b->machine.vm : a->machine.vm, *other = i & 1 ? a->machine.vm : b->machine.vm;

		if (limit < SHORT)
			load(one, &start);
		wrong += !try(one, other, limit < SHORT ? 1 + chance(length) : 1 + chance(2 * limit / (u64)count));
	}
	printf("points %d\nwrong %d\nrepeated %llu\nwaiting %llu\nasleep %llu\nothers %llu\nlength %llu\n", count, wrong,
	       (unsigned long long)repeated, (unsigned long long)waiting, (unsigned long long)asleep, (unsigned long long)others,
	       (unsigned long long)vm_icount(a->machine.vm));
	buf_free(&start);
	release(a);
	release(b);
	return wrong != 0;
}
