/* SPDX-License-Identifier: GPL-3.0-or-later
 * digest.c - a machine with a lot going on is saved at random moments; does another one go on from there as it does itself?
 * Usage: digest BOOT POINTS COMMAND [machine options]     BOOT: instructions at most up to the shell's prompt,
 * at which COMMAND is typed
 * Before each point something comes from outside, so that queues and FIFOs are half full: keys, serial bytes, frames.
 * Prints, a line each, how many points there were, how many differ, and at how many of them each device was another than at the
 * point before.  Ends with 1 if one differs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "cpu-interp/interp.h"
#include "debugger/args.h"
#include "debugger/commands.h"
#include "debugger/machine.h"

enum { KEY_TIME = 30000, WAY = 3000000 };

static struct err err;
static u64 seed = 5;

struct guest {
	struct machine_options opt;
	struct machine_files files;
	struct machine machine;
};

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static int fail(const char *what)
{
	fprintf(stderr, "digest: %s: %s\n", what, err.text);
	exit(1);
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

static u64 run(struct vm *vm, u64 insns)
{
	if (vm_run(vm, insns, &err) == STOP_ERROR)
		fail("the run");
	return vm_state_hash(vm);
}

/* ---- the console ---- */

static bool asked; /* "# ", whatever follows: busybox asks where the cursor is */

static void on_byte(void *arg, const char *channel, u8 byte)
{
	static u8 last;

	if (strcmp(channel, "uart"))
		return;
	asked |= last == '#' && byte == ' ';
	last = byte;
}

/* Until the shell asks for a command. */
static void wait_for_prompt(struct vm *vm, u64 most)
{
	vm->put_byte = on_byte;
	while (!asked && vm_icount(vm) < most)
		if (vm_run(vm, 5000000, &err) != STOP_BUDGET)
			fail("the boot");
	if (!asked)
		fail("no prompt came");
}

static void type(struct vm *vm, const char *text)
{
	for (; *text; text++) {
		vm_receive(vm, INPUT_SERIAL, text, 1);
		vm_run(vm, KEY_TIME, &err);
	}
	vm_receive(vm, INPUT_SERIAL, "\n", 1);
}

/* A broadcast, and bytes for whoever has room. */
static void from_outside(struct vm *vm)
{
	u8 frame[60 + 400], bytes[6];
	u32 n = (u32)chance(4);

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = i < 6 ? 0xff : (u8)chance(256);
	while (n--)
		vm_receive(vm, INPUT_NET, frame, 60 + (u32)chance(400));
	for (n = (u32)chance(8); n; n--) {
		bytes[0] = (u8)chance(256);
		vm_receive(vm, INPUT_CONSOLE, bytes, 1);
		bytes[0] = (u8)('a' + chance(26)); /* no end of a line: the shell only keeps it */
		vm_receive(vm, INPUT_SERIAL, bytes, 1);
		bytes[1] = 0;
		bytes[2] = (u8)chance(2);
		vm_receive(vm, INPUT_KEY, bytes, 3);
	}
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (u8)chance(3);
	vm_receive(vm, INPUT_MOUSE, bytes, sizeof(bytes));
}

static u64 before[VM_DEVICES];
static u32 changed[VM_DEVICES];

static void note_devices(const struct vm *vm)
{
	for (int i = 0; i < vm->ndevices; i++) {
		u64 hash = state_hash(vm->device[i]->class->layout, vm->device[i]->state, STATE_HASH_SEED);

		changed[i] += hash != before[i];
		before[i] = hash;
	}
}

/* Where two machines that should be one differ first. */
static void say_difference(const struct vm *a, const struct vm *b)
{
	for (int i = 0; i < a->ndevices; i++) {
		struct buf diff = { 0 };

		if (state_diff(a->device[i]->class->layout, a->device[i]->state, b->device[i]->state, &diff))
			printf("%s: %s", a->device[i]->name, buf_text(&diff));
		buf_free(&diff);
	}
}

/* Run, save, run; load into the other, run. */
static bool point(struct vm *vm, struct vm *other)
{
	struct buf saved = { 0 };
	u64 way, hash;
	bool same;

	run(vm, 1 + chance(WAY));
	from_outside(vm);
	run(vm, 1 + chance(2000));
	note_devices(vm);
	if (snapshot_save(vm, &saved, &err))
		fail("saving");
	way = 1 + chance(WAY);
	hash = run(vm, way);
	if (snapshot_load(other, saved.data, saved.len, &err))
		fail("loading");
	same = run(other, way) == hash;
	if (!same) {
		printf("differs after %llu instructions from %llu\n", (unsigned long long)way, (unsigned long long)(vm_icount(vm) - way));
		say_difference(vm, other);
	}
	buf_free(&saved);
	return same;
}

int main(int argc, char **argv)
{
	int points = argc > 4 ? atoi(argv[2]) : 0, wrong = 0;
	struct guest *g, *other;

	if (argc < 5)
		return 2;
	g = build(argc - 4, argv + 4);
	other = build(argc - 4, argv + 4);
	wait_for_prompt(g->machine.vm, strtoull(argv[1], NULL, 0));
	type(g->machine.vm, argv[3]);
	vm_run(g->machine.vm, 20000000, &err);
	for (int i = 0; i < points; i++)
		wrong += !point(g->machine.vm, other->machine.vm);
	printf("points %d\nwrong %d\n", points, wrong);
	for (int i = 0; i < g->machine.vm->ndevices; i++)
		printf("%s %u\n", g->machine.vm->device[i]->name, changed[i]);
	release(g);
	release(other);
	return wrong != 0;
}
