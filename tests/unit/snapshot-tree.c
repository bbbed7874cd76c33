/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-tree.c - facts about trees of snapshots: whatever is saved, in whatever order it is restored, the machine is the
 * one that was saved; and a disk that fails leaves what was there.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/snapshot-tree-priv.h"
#include "cpu-interp/interp.h"
#include "tests/ticker.h"
#include "tests/unit/unit.h"

static struct err err;
static u64 seed = 3;
static char dir[40];

static u64 chance(u64 below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (seed >> 33) % below;
}

static struct vm *machine(struct ticker *t)
{
	struct vm *vm = ticker_machine(t, &engine_interp, 1, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	return vm;
}

static void open_folder(void)
{
	strcpy(dir, "/tmp/vitrine-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

/* Files whose names have these letters in them; with `away` they go. */
static int files(const char *part, bool away)
{
	DIR *d = opendir(dir);
	int n = 0;

	for (struct dirent *e; (e = readdir(d));)
		if (e->d_name[0] != '.' && strstr(e->d_name, part)) {
			n++;
			if (away)
				unlinkat(dirfd(d), e->d_name, 0);
		}
	closedir(d);
	return n;
}

static void close_folder(void)
{
	files("", true);
	rmdir(dir);
}

static struct snapshot_tree *tree(struct vm *vm)
{
	struct snapshot_tree *t;

	ck_assert_msg(snapshot_tree_open(&t, dir, vm, true, &err) == 0, "%s", err.text);
	return t;
}

static void save(struct snapshot_tree *t, const char *name)
{
	ck_assert_msg(snapshot_tree_save(t, name, 0, &err) == 0, "%s", err.text);
}

static void scribble(struct vm *vm)
{
	for (u64 n = chance(12); n; n--) {
		u8 page[PAGE_SIZE_4K];

		memset(page, chance(3) ? (int)chance(256) : 0, sizeof(page));
		if (chance(2))
			mem_poke(&vm->mem, chance(TICKER_MEM / PAGE_SIZE_4K) * PAGE_SIZE_4K, page, sizeof(page));
		else
			mem_poke(&vm->mem, chance(TICKER_MEM - 8), page, 8);
	}
	((struct ticker *)vm->device[0])->s.memory[1] = (u8)chance(256);
}

/* Among eighty snapshots, there and back; into the same machine, and into another. */
START_TEST(any_order_of_saving_and_restoring)
{
	struct { char name[16]; u64 hash; } kept[80];
	struct ticker t, t2;
	struct vm *vm = machine(&t), *other = machine(&t2);
	struct snapshot_tree *a, *b;
	struct snapshot_node *nodes;
	u32 n = 0, listed, whole = 0;

	open_folder();
	a = tree(vm);
	b = tree(other);
	for (int i = 0; i < 400; i++) {
		scribble(vm);
		if (n < ARRAY_LEN(kept) && chance(3) == 0) {
			snprintf(kept[n].name, sizeof(kept[n].name), "s%u", n);
			save(a, kept[n].name);
			kept[n++].hash = vm_state_hash(vm);
		} else if (n && chance(2)) {
			u32 to = (u32)chance(n);
			struct snapshot_tree *into = chance(3) ? a : b;

			if (into == b)
				scribble(other);
			ck_assert_msg(snapshot_tree_restore(into, kept[to].name, NULL, &err) == 0, "%s", err.text);
			ck_assert_uint_eq(vm_state_hash(into == a ? vm : other), kept[to].hash);
			ck_assert_str_eq(snapshot_tree_here(into), kept[to].name);
		}
	}
	ck_assert_int_eq(snapshot_tree_list(a, &nodes, &listed, &err), 0);
	ck_assert_uint_eq(listed, n);
	for (u32 i = 0; i < n; i++) {
		ck_assert_str_eq(nodes[i].trouble, "");
		ck_assert(i == 0 || nodes[i].depth <= nodes[i - 1].depth + 1);
		whole += nodes[i].whole;
	}
	ck_assert_uint_eq(nodes[0].depth, 0);
	ck_assert_uint_le(whole, 5);
	free(nodes);
	snapshot_tree_close(a);
	snapshot_tree_close(b);
	vm_destroy(vm);
	vm_destroy(other);
	close_folder();
}
END_TEST

/* Restoring never has to go through more than so many files. */
START_TEST(long_chains_begin_anew)
{
	struct ticker t;
	struct vm *vm = machine(&t);
	struct snapshot_node *nodes;
	struct snapshot_tree *a;
	char name[16];
	u32 n, since = 0;

	open_folder();
	a = tree(vm);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "s%02d", i);
		mem_poke(&vm->mem, 0x1000u * (u32)i, name, sizeof(name));
		save(a, name);
	}
	ck_assert_int_eq(snapshot_tree_list(a, &nodes, &n, &err), 0);
	ck_assert_uint_eq(n, 100);
	for (u32 i = 0; i < n; i++) {
		since = nodes[i].whole ? 0 : since + 1;
		ck_assert_uint_lt(since, SNAPSHOT_CHAIN);
		ck_assert_uint_eq(nodes[i].depth, i);
	}
	ck_assert_int_eq(snapshot_tree_restore(a, "s31", NULL, &err), 0);
	free(nodes);
	snapshot_tree_close(a);
	vm_destroy(vm);
	close_folder();
}
END_TEST

/* One bit of the file changes. */
static void spoil(const char *name)
{
	char path[80];
	int fd;
	u8 byte;

	snprintf(path, sizeof(path), "%s/%s.vsnap", dir, name);
	fd = open(path, O_RDWR);
	ck_assert_int_eq(pread(fd, &byte, 1, 500), 1);
	byte ^= 4;
	ck_assert_int_eq(pwrite(fd, &byte, 1, 500), 1);
	close(fd);
}

/* A file that was read before is not read again, unless it is another one now. */
START_TEST(files_seen_before)
{
	struct ticker t;
	struct vm *vm = machine(&t);
	struct snapshot_tree *a;
	u64 hash[2];

	open_folder();
	a = tree(vm);
	scribble(vm);
	save(a, "top");
	hash[0] = vm_state_hash(vm);
	mem_poke(&vm->mem, 0x5000, "child", 5);
	save(a, "child");
	hash[1] = vm_state_hash(vm);
	sleep(4); /* a younger file might still change within its file system's tick */
	for (int i = 0; i < 20; i++) {
		scribble(vm);
		ck_assert_msg(snapshot_tree_restore(a, i & 1 ? "child" : "top", NULL, &err) == 0, "%s", err.text);
		ck_assert_uint_eq(vm_state_hash(vm), hash[i & 1]);
		ck_assert_ptr_nonnull(a->seen.file[0].data);
		ck_assert_ptr_null(a->seen.file[a->seen.n].data);
	}
	spoil("child");
	ck_assert_int_lt(snapshot_tree_restore(a, "child", NULL, &err), 0);
	ck_assert_uint_eq(vm_state_hash(vm), hash[1]);
	ck_assert_msg(snapshot_tree_restore(a, "top", NULL, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(vm_state_hash(vm), hash[0]);
	snapshot_tree_close(a);
	vm_destroy(vm);
	close_folder();
}
END_TEST

static void refused(int rc, const char *words)
{
	ck_assert_int_lt(rc, 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' lacks '%s'", err.text, words);
}

static void move_file(const char *from, const char *to)
{
	char a[80], b[80];

	snprintf(a, sizeof(a), "%s/%s", dir, from);
	snprintf(b, sizeof(b), "%s/%s", dir, to);
	ck_assert_int_eq(rename(a, b), 0);
}

START_TEST(families_keep_together)
{
	struct ticker t;
	struct vm *vm = machine(&t);
	struct snapshot_tree *a;
	struct snapshot_node *nodes;
	u64 hash;
	u32 n;

	open_folder();
	a = tree(vm);
	scribble(vm);
	save(a, "top");
	scribble(vm);
	save(a, "child");
	hash = vm_state_hash(vm);
	refused(snapshot_tree_save(a, "child", 0, &err), "there is one of that name already");
	refused(snapshot_tree_save(a, "../x", 0, &err), "expected a name of letters");
	refused(snapshot_tree_save(a, "", 0, &err), "expected a name of letters");
	refused(snapshot_tree_remove(a, "top", &err), "'child' goes on from it");
	refused(snapshot_tree_remove(a, "none", &err), "there is none of that name");
	refused(snapshot_tree_restore(a, "none", NULL, &err), "there is none of that name");
	move_file("top.vsnap", "aside");
	refused(snapshot_tree_restore(a, "child", NULL, &err), "builds upon 'top': snapshot");
	ck_assert_int_eq(snapshot_tree_list(a, &nodes, &n, &err), 0);
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_nonnull(strstr(nodes[0].trouble, "'top', upon which it builds, is missing"));
	free(nodes);
	scribble(vm);
	save(a, "top"); /* another one: whole, for the chain is broken */
	ck_assert(a->here.whole);
	refused(snapshot_tree_restore(a, "child", NULL, &err), "another one of that name");
	ck_assert_int_eq(snapshot_tree_list(a, &nodes, &n, &err), 0);
	ck_assert(strstr(nodes[0].trouble, "in a circle") || strstr(nodes[1].trouble, "in a circle")); /* each the other's child */
	free(nodes);
	move_file("aside", "top.vsnap");
	ck_assert_msg(snapshot_tree_restore(a, "child", NULL, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(vm_state_hash(vm), hash);
	ck_assert_int_eq(snapshot_tree_remove(a, "child", &err), 0);
	ck_assert_int_eq(snapshot_tree_remove(a, "top", &err), 0);
	snapshot_tree_close(a);
	vm_destroy(vm);
	close_folder();
}
END_TEST

/* ---- a disk that fails ---- */

static struct { int calls, at, error, syncs, renames; size_t piece; } disk;

static int comes_now(void)
{
	if (++disk.calls != disk.at)
		return 0;
	errno = disk.error;
	return -1;
}

static ssize_t bad_write(int fd, const void *data, size_t len)
{
	if (comes_now())
		return -1;
	return write(fd, data, disk.piece && len > disk.piece ? disk.piece : len);
}

static int bad_sync(int fd)
{
	disk.syncs++;
	return comes_now() ? -1 : fsync(fd);
}

static int bad_rename(const char *from, const char *to, bool fresh)
{
	disk.renames++;
	return comes_now() ? -1 : store_host.rename(from, to, fresh);
}

static const struct store_ops bad_disk = { bad_write, bad_sync, bad_rename };

START_TEST(what_fails_leaves_what_was_there)
{
	static const int errors[] = { EIO, ENOSPC, EDQUOT, EFBIG };
	struct ticker t;
	struct vm *vm = machine(&t);
	struct snapshot_tree *a;
	u64 hash;
	int calls;

	open_folder();
	a = tree(vm);
	scribble(vm);
	save(a, "top");
	hash = vm_state_hash(vm);
	a->ops = &bad_disk;
	memset(&disk, 0, sizeof(disk));
	disk.piece = 700; /* many short writes */
	scribble(vm);
	save(a, "good");
	calls = disk.calls;
	ck_assert_int_eq(disk.syncs, 2);
	ck_assert_int_eq(disk.renames, 1);
	ck_assert_int_gt(calls, 6);
	for (int at = 1; at < calls; at++) { /* the last one is the folder's sync: then the file is there */
		disk.calls = 0;
		disk.at = at;
		disk.error = errors[at % 4];
		scribble(vm);
		refused(snapshot_tree_save(a, "bad", 0, &err), strerror(disk.error));
		ck_assert_int_eq(files("bad", false), 0);
		ck_assert_int_eq(files("", false), 2);
	}
	disk.calls = 0;
	disk.at = 2;
	disk.error = EINTR; /* no failure */
	save(a, "signal");
	disk.calls = 0;
	disk.at = disk.calls + calls;
	disk.error = EIO;
	scribble(vm);
	ck_assert_int_eq(snapshot_tree_restore(a, "top", NULL, &err), 0);
	ck_assert_uint_eq(vm_state_hash(vm), hash);
	snapshot_tree_close(a);
	vm_destroy(vm);
	close_folder();
}
END_TEST

/* Of dead writers; a living one's is locked. */
START_TEST(what_others_left_goes)
{
	struct ticker t;
	struct vm *vm = machine(&t);
	struct snapshot_tree *a;
	char path[80];
	int dead, alive, mine;

	open_folder();
	a = tree(vm);
	snprintf(path, sizeof(path), "%s/x.vsnap.tmp-123", dir);
	dead = open(path, O_CREAT | O_WRONLY, 0666);
	close(dead);
	snprintf(path, sizeof(path), "%s/y.vsnap.tmp-124", dir);
	alive = open(path, O_CREAT | O_WRONLY, 0666);
	ck_assert_int_eq(flock(alive, LOCK_EX), 0);
	snprintf(path, sizeof(path), "%s/notes.tmp-5", dir); /* nobody's business */
	mine = open(path, O_CREAT | O_WRONLY, 0666);
	close(mine);
	save(a, "top");
	ck_assert_int_eq(files("tmp-123", false), 0);
	ck_assert_int_eq(files("tmp-124", false), 1);
	ck_assert_int_eq(files("tmp-5", false), 1);
	close(alive);
	save(a, "next");
	ck_assert_int_eq(files(".vsnap.tmp", false), 0);
	snapshot_tree_close(a);
	vm_destroy(vm);
	close_folder();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { any_order_of_saving_and_restoring, long_chains_begin_anew, files_seen_before,
				       families_keep_together, what_fails_leaves_what_was_there,
				       what_others_left_goes };

	return unit_run("snapshot-tree", tests, ARRAY_LEN(tests));
}
