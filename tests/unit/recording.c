/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording.c - facts about recordings: replayed they are the same run, and no file does harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/recording-priv.h"
#include "tests/unit/past.h"

enum { MILLION = 1000000, TOTAL = 5 * MILLION / 2 };

static char path[64];

static void make_path(void)
{
	snprintf(path, sizeof(path), "/tmp/vitrine-recording-%ld", (long)getpid());
	unlink(path);
}

static void rig_free(struct rig *r)
{
	vm_destroy(r->vm);
	free(r);
}

/* A recorded run in pieces; its hash at the end. */
static u64 record(u64 total)
{
	struct rig *r = rig_make(true);
	struct recording *rec;
	u64 hash;

	make_path();
	seed = 3;
	ck_assert_msg(recording_open(&rec, r->vm, path, &err) == 0, "%s", err.text);
	while (vm_icount(r->vm) < total) {
		u64 n = 1 + chance(200000), left = total - vm_icount(r->vm);

		ck_assert_int_eq(vm_run(r->vm, n < left ? n : left, &err), STOP_BUDGET);
	}
	hash = vm_state_hash(r->vm);
	ck_assert_int_eq(recording_close(rec, &err), 0);
	ck_assert_uint_gt(r->came, 50);
	rig_free(r);
	return hash;
}

static struct buf read_all(void)
{
	struct buf b = { 0 };
	u8 block[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	while ((n = read(fd, block, sizeof(block))) > 0)
		buf_put(&b, block, (size_t)n);
	close(fd);
	return b;
}

static void write_all(const u8 *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

START_TEST(a_replay_is_the_same_run)
{
	u64 hash = record(TOTAL);

	for (int round = 0; round < 3; round++) { /* in one piece, in any pieces */
		struct rig *r = rig_make(false);
		struct replay *replay;
		char notice[200];
		enum stop_why why;

		seed = 77; /* nobody remembers what came */
		ck_assert_msg(replay_open(&replay, r->vm, path, notice, &err) == 0, "%s", err.text);
		ck_assert_str_eq(notice, "");
		do
			why = vm_run(r->vm, round ? 1 + chance(300000) : 0, &err);
		while (why == STOP_BUDGET && !replay_ended(replay));
		ck_assert_msg(why == STOP_BUDGET, "%s", err.text);
		ck_assert_uint_eq(vm_icount(r->vm), TOTAL);
		ck_assert_uint_eq(vm_state_hash(r->vm), hash);
		ck_assert_uint_eq(r->polls, 0);
		replay_close(replay);
		rig_free(r);
	}
	unlink(path);
}
END_TEST

START_TEST(a_difference_is_named)
{
	struct rig *r;
	struct replay *replay;
	char notice[200];

	record(TOTAL);
	r = rig_make(false);
	ck_assert_int_eq(replay_open(&replay, r->vm, path, notice, &err), 0);
	ck_assert_int_eq(vm_run(r->vm, MILLION + 500, &err), STOP_BUDGET);
	r->t.s.memory[9]++;
	ck_assert_int_eq(vm_run(r->vm, 0, &err), STOP_ERROR);
	ck_assert_msg(strstr(err.text, "device ticker: memory[9] was"), "%s", err.text);
	replay_close(replay);
	rig_free(r);
	r = rig_make(false);
	mem_write(&r->vm->mem, 0x900, "x", 1);
	ck_assert_int_eq(replay_open(&replay, r->vm, path, notice, &err), -EINVAL);
	ck_assert(strstr(err.text, "began in another state"));
	rig_free(r);
	unlink(path);
}
END_TEST

/* Whatever is in the file: it is refused, or it is run up to its end or to a difference. */
static int harmless(const u8 *data, size_t len)
{
	struct rig *r = rig_make(false);
	struct replay *replay;
	char notice[200];
	int rc;

	write_all(data, len);
	rc = replay_open(&replay, r->vm, path, notice, &err);
	if (!rc) {
		vm_run(r->vm, 30000, &err);
		replay_close(replay);
	}
	rig_free(r);
	return rc;
}

START_TEST(any_length_is_good_up_to_there)
{
	struct buf b;
	int good = 0;

	record(2000);
	b = read_all();
	for (size_t len = 0; len <= b.len; len++)
		good += !harmless(b.data, len);
	ck_assert_int_gt(good, 100);
	buf_free(&b);
	unlink(path);
}
END_TEST

START_TEST(damage_is_seen)
{
	struct buf b;

	record(20000);
	b = read_all();
	for (int i = 0; i < 500; i++) {
		size_t at = (size_t)chance(b.len);
		u8 was = b.data[at];

		b.data[at] = (u8)chance(256);
		harmless(b.data, b.len);
		b.data[at] = was;
	}
	buf_free(&b);
	unlink(path);
}
END_TEST

/* Damage behind right sums. */
START_TEST(forged_files_do_no_harm)
{
	struct buf b;
	size_t at = RECORDING_MAGIC_LEN, len;

	record(20000);
	b = read_all();
	for (; at + BLOCK_OVERHEAD < b.len; at += len + BLOCK_OVERHEAD) {
		memcpy(&len, b.data + at + 1, 4);
		len &= UINT32_MAX;
		for (int i = 0; i < 60 && b.data[at] != BLOCK_HEAD; i++) {
			size_t in = at + 5 + (size_t)chance(len);
			u8 was = b.data[in];
			u32 crc;

			b.data[in] = (u8)chance(256);
			crc = snapshot_crc(0, b.data + at, len + 5);
			memcpy(b.data + at + 5 + len, &crc, 4);
			harmless(b.data, b.len);
			b.data[in] = was;
			crc = snapshot_crc(0, b.data + at, len + 5);
			memcpy(b.data + at + 5 + len, &crc, 4);
		}
	}
	buf_free(&b);
	unlink(path);
}
END_TEST

/* The first event that is another one stops the replay, long before the state is compared. */
START_TEST(the_first_event_that_differs_is_named)
{
	struct replay *replay;
	char notice[200];
	struct rig *r;

	record(TOTAL);
	r = rig_make(false);
	ck_assert_int_eq(replay_open(&replay, r->vm, path, notice, &err), 0);
	ck_assert_int_eq(vm_run(r->vm, MILLION + 500, &err), STOP_BUDGET);
	r->t.s.ticks[0] ^= 0x55; /* what `in al,0x41` gives */
	ck_assert_int_eq(vm_run(r->vm, 0, &err), STOP_ERROR);
	ck_assert_msg(strstr(err.text, "exit #") && strstr(err.text, "(IO, ticker") && strstr(err.text, "its value was another one"),
		      "%s", err.text);
	ck_assert_uint_lt(vm_icount(r->vm), MILLION + 600);
	replay_close(replay);
	rig_free(r);
	r = rig_make(false);
	ck_assert_int_eq(replay_open(&replay, r->vm, path, notice, &err), 0);
	ck_assert_int_eq(vm_run(r->vm, 300, &err), STOP_BUDGET);
	r->t.s.memory[0] = 0; /* no ticks any more */
	ck_assert_int_eq(vm_run(r->vm, 0, &err), STOP_ERROR);
	replay_close(replay);
	rig_free(r);
	unlink(path);
}
END_TEST

/* Somebody who watches answers exits in the hypervisor's place, or raises exceptions: that is on the tape, too. */
static enum verdict answer(void *arg, const struct event *ev)
{
	struct vm_exit *e = &((struct rig *)arg)->vm->vcpu[0].exit;

	if (e->reason != EXIT_IO || e->io.write || e->io.port != 0x41 || chance(3))
		return EV_GO;
	e->io.value = chance(256);
	return EV_ANSWERED;
}

START_TEST(answers_are_replayed)
{
	struct rig *r = rig_make(true);
	struct recording *rec;
	struct replay *replay;
	char notice[200];
	u64 hash;

	make_path();
	seed = 4;
	ck_assert_int_eq(recording_open(&rec, r->vm, path, &err), 0);
	ck_assert_int_ge(vm_subscribe(r->vm, EV_BIT(leave), answer, r), 0);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(vm_run(r->vm, 1 + chance(100000), &err), STOP_BUDGET);
	hash = vm_state_hash(r->vm);
	ck_assert_int_eq(recording_close(rec, &err), 0);
	rig_free(r);
	r = rig_make(false);
	ck_assert_int_eq(replay_open(&replay, r->vm, path, notice, &err), 0);
	ck_assert_msg(vm_run(r->vm, 0, &err) == STOP_BUDGET, "%s", err.text);
	ck_assert(replay_ended(replay));
	ck_assert_uint_eq(vm_state_hash(r->vm), hash);
	replay_close(replay);
	rig_free(r);
	unlink(path);
}
END_TEST

START_TEST(another_format_is_refused)
{
	struct buf b;

	record(2000);
	b = read_all();
	b.data[RECORDING_MAGIC_LEN - 1] = 1;
	ck_assert_int_eq(harmless(b.data, b.len), -EINVAL);
	ck_assert_msg(strstr(err.text, "it has format 1, and this build replays format 2"), "%s", err.text);
	buf_free(&b);
	unlink(path);
}
END_TEST

START_TEST(what_cannot_be_written_says_so)
{
	struct rig *r = rig_make(true);
	struct recording *rec;

	ck_assert_int_lt(recording_open(&rec, r->vm, "/nowhere/at/all", &err), 0);
	ck_assert(strstr(err.text, "No such file"));
	make_path();
	write_all((const u8 *)"x", 1);
	ck_assert_int_eq(recording_open(&rec, r->vm, path, &err), -EEXIST);
	if (!access("/dev/full", W_OK)) {
		unlink(path);
		ck_assert_int_eq(symlink("/dev/full", path), 0);
		ck_assert_int_eq(recording_open(&rec, r->vm, path, &err), -EEXIST); /* not through a link either */
	}
	unlink(path);
	rig_free(r);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_replay_is_the_same_run, a_difference_is_named, any_length_is_good_up_to_there, damage_is_seen,
		forged_files_do_no_harm, the_first_event_that_differs_is_named, answers_are_replayed,
		another_format_is_refused, what_cannot_be_written_says_so,
	};

	return unit_run("recording", tests, ARRAY_LEN(tests));
}
