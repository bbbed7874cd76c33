/* SPDX-License-Identifier: GPL-3.0-or-later
 * kill.c - power cuts: a process that saves snapshots is killed at a random moment, again and again.
 * Usage: kill FOLDER ROUNDS       (FOLDER must not exist; it is removed)
 * Rule: whatever is under a final name afterwards must load, and hold what the writer held when it was saved: its serial
 * number, all over memory.
 */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/snapshot-tree.h"
#include "core/snapshot.h"
#include "cpu-interp/interp.h"
#include "tests/ticker.h"

enum { PLACES = 60, MOST_US = 12000 };

static struct err err;
static const char *folder;
static int killed_in_save, killed_between, leftovers, loaded, wrong;

static u64 chance(u64 below)
{
	static u64 seed = 17;

	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static int fail(const char *what)
{
	fprintf(stderr, "kill: %s: %s\n", what, err.text);
	exit(1);
}

/* ---- the writer ---- */

/* The number, all over memory, in pages that do not get small. */
static void scribble(struct vm *vm, u32 number)
{
	u8 page[PAGE_SIZE_4K];
	u64 noise = number;

	for (u32 i = 0; i < PLACES; i++) {
		for (size_t n = 0; n < sizeof(page); n += 8) {
			noise = noise * 6364136223846793005ull + 1442695040888963407ull;
			memcpy(page + n, &noise, 8);
		}
		memcpy(page, &number, sizeof(number));
		mem_poke(&vm->mem, i * PAGE_SIZE_4K, page, sizeof(page));
	}
}

/* Into the tree under a new name, and over a file that is there already. */
static void write_for_ever(u32 round, int ready)
{
	struct ticker ticker;
	struct vm *vm = ticker_machine(&ticker, &engine_interp, 1, &err);
	struct snapshot_tree *t;
	char name[32], path[200];

	if (!vm || snapshot_tree_open(&t, folder, vm, true, &err) || snapshot_tree_restore(t, "base", NULL, &err))
		fail("the writer");
	snprintf(path, sizeof(path), "%s/over", folder);
	for (u32 i = 0;; i++) {
		u32 number = round * 1000 + i;
		char begin = 'b', end = 'e';

		snprintf(name, sizeof(name), "n%u", number);
		scribble(vm, number);
		if (write(ready, &begin, 1) != 1 || snapshot_tree_save(t, name, 0, &err) || snapshot_save_file(vm, path, &err) ||
		    write(ready, &end, 1) != 1)
			fail("saving");
	}
}

/* ---- the witness ---- */

static void is_whole(struct vm *vm, int number)
{
	u32 first = 0, found;

	for (u32 i = 0; i < PLACES; i++) {
		mem_read(&vm->mem, i * PAGE_SIZE_4K, &found, sizeof(found));
		first = i ? first : found;
		wrong += found != first || (number >= 0 && found != (u32)number);
	}
	loaded++;
}

static void check_all(struct snapshot_tree *t, struct vm *vm)
{
	struct snapshot_node *nodes;
	char path[200];
	u32 n;

	if (snapshot_tree_list(t, &nodes, &n, &err))
		fail("listing");
	for (u32 i = n; i--;) { /* children first */
		if (nodes[i].trouble[0] || snapshot_tree_restore(t, nodes[i].name, NULL, &err)) {
			fprintf(stderr, "kill: %s: %s%s\n", nodes[i].name, nodes[i].trouble, err.text);
			wrong++;
		} else {
			is_whole(vm, nodes[i].name[0] == 'n' ? atoi(nodes[i].name + 1) : -1);
		}
		if (strcmp(nodes[i].name, "base") && snapshot_tree_remove(t, nodes[i].name, &err))
			fail("removing");
	}
	free(nodes);
	snprintf(path, sizeof(path), "%s/over", folder);
	if (snapshot_load_file(vm, path, NULL, &err))
		fail("the file that was written over");
	is_whole(vm, -1);
}

/* Files of no final name. */
static int count_leftovers(void)
{
	DIR *d = opendir(folder);
	int n = 0;

	for (struct dirent *e; (e = readdir(d));)
		n += strstr(e->d_name, ".tmp-") != NULL;
	closedir(d);
	return n;
}

static void kill_one(u32 round)
{
	char last = 'e', byte;
	int ready[2];
	pid_t pid;

	if (pipe(ready) || (pid = fork()) < 0)
		fail("fork");
	if (!pid) {
		close(ready[0]);
		write_for_ever(round, ready[1]);
	}
	close(ready[1]);
	if (read(ready[0], &last, 1) != 1)
		fail("the writer has died");
	nanosleep(&(struct timespec){ .tv_nsec = (long)chance(MOST_US) * 1000 }, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (read(ready[0], &byte, 1) == 1)
		last = byte;
	close(ready[0]);
	if (last == 'b')
		killed_in_save++;
	else
		killed_between++;
}

static void clean_up(void)
{
	DIR *d = opendir(folder);

	for (struct dirent *e; (e = readdir(d));)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(folder);
}

int main(int argc, char **argv)
{
	struct ticker ticker;
	struct vm *vm = ticker_machine(&ticker, &engine_interp, 1, &err);
	struct snapshot_tree *t;
	char path[200];
	int left;

	if (argc != 3 || !vm)
		return 2;
	folder = argv[1];
	if (snapshot_tree_open(&t, folder, vm, true, &err))
		fail("the tree");
	scribble(vm, 0);
	snprintf(path, sizeof(path), "%s/over", folder);
	if (snapshot_tree_save(t, "base", 0, &err) || snapshot_save_file(vm, path, &err))
		fail("the first snapshot");
	for (int i = 1; i <= atoi(argv[2]); i++) {
		kill_one((u32)i);
		leftovers += count_leftovers();
		check_all(t, vm);
	}
	/* Two more saves, and nothing is left. */
	if (snapshot_tree_save(t, "last", 0, &err) || snapshot_save_file(vm, path, &err))
		fail("the last snapshot");
	left = count_leftovers();
	printf("%d in the midst of saving, %d between; %d files loaded, %d wrong; %d partial files under temporary names, %d at the "
	       "end\n", killed_in_save, killed_between, loaded, wrong, leftovers, left);
	snapshot_tree_close(t);
	vm_destroy(vm);
	clean_up();
	return wrong || left || (atoi(argv[2]) > 20 && !leftovers);
}
