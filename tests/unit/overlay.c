/* SPDX-License-Identifier: GPL-3.0-or-later
 * overlay.c - the copy-on-write file: a model, damage, a full disk, kill -9, and the loss of power.
 * Rule: what was flushed is never lost, and the file can always be opened again; nothing else is promised.
 *
 * Every sector holds the number of the write that made it, in all its words; the number says which sector it is for.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/backends/overlay.h"
#include "tests/mem-block.h"
#include "tests/unit/unit.h"

enum { SECTORS = 4001, BYTES = SECTORS * 512 - 40, WORDS = 64, MOST = 40, FILE_MAX = 4 << 20 };

static u8 base_bytes[BYTES];
static struct mem_block base;
static char path[64];

/* ---- what reaches the disk: the file's writes since the last fdatasync may be lost, each sector for itself ---- */

enum { LOG_MAX = 4096 };
static struct write {
	off_t offset;
	size_t len;
	u8 *data;
} write_log[LOG_MAX];
static int nlog;
static u8 *durable; /* NULL: nobody is interested */
static off_t durable_size;

static void settle(const struct write *w, off_t from, size_t len)
{
	assert(w->offset + from + (off_t)len <= FILE_MAX);
	memcpy(durable + w->offset + from, w->data + from, len);
	if (w->offset + from + (off_t)len > durable_size)
		durable_size = w->offset + from + (off_t)len;
}

static void forget_log(void)
{
	while (nlog)
		free(write_log[--nlog].data);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	ssize_t done = syscall(SYS_pwrite64, fd, data, len, offset);

	if (durable && done > 0) {
		assert(nlog < LOG_MAX);
		write_log[nlog] = (struct write){ offset, (size_t)done, malloc((size_t)done) };
		memcpy(write_log[nlog++].data, data, (size_t)done);
	}
	return done;
}

int fdatasync(int fd)
{
	for (int i = 0; durable && i < nlog; i++)
		settle(&write_log[i], 0, write_log[i].len);
	forget_log();
	return durable ? 0 : (int)syscall(SYS_fdatasync, fd);
}

/* ---- tools ---- */

static u32 next(u64 *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(*seed >> 33);
}

static void setup(void)
{
	for (u32 i = 0; i < BYTES; i++)
		base_bytes[i] = 0;
	base = mem_block(base_bytes, BYTES, true);
	snprintf(path, sizeof(path), "/tmp/vitrine-overlay-%d", (int)getpid());
	unlink(path);
}

static struct block *open_it(void)
{
	struct err err = { 0 };
	struct block *b = overlay_open(&base.b, path, true, &err);

	ck_assert_msg(b != NULL, "%s", err.text);
	ck_assert_uint_eq(b->size, SECTORS * 512);
	return b;
}

/* Write number n: to which sectors, and what. */
static void plan(u64 n, u64 *lba, u64 *count)
{
	u64 seed = n * 0x9e3779b97f4a7c15ull + 1;

	next(&seed);
	*lba = next(&seed) % SECTORS;
	*count = 1 + next(&seed) % (next(&seed) % 4 ? 8 : MOST);
	if (*count > SECTORS - *lba)
		*count = SECTORS - *lba;
}

static int do_write(struct block *b, u64 n)
{
	u64 words[MOST * WORDS], lba, count;

	plan(n, &lba, &count);
	for (u64 i = 0; i < count * WORDS; i++)
		words[i] = n;
	return b->ops->write(b, lba * 512, words, count * 512, NULL);
}

/* Every sector is whole, of a write that was for it, not of one after `last`, and not older than `flushed` demands. */
static void verify(struct block *b, u64 flushed, u64 last)
{
	static u64 newest[SECTORS], got[SECTORS * WORDS];
	struct err err = { 0 };

	memset(newest, 0, sizeof(newest));
	for (u64 n = 1; n <= flushed; n++) {
		u64 lba, count;

		plan(n, &lba, &count);
		for (u64 i = 0; i < count; i++)
			newest[lba + i] = n;
	}
	ck_assert_msg(b->ops->read(b, 0, got, sizeof(got), &err) == 0, "%s", err.text);
	for (u64 s = 0; s < SECTORS; s++) {
		u64 n = got[s * WORDS], lba, count;
		bool whole = !memcmp(&got[s * WORDS], &got[s * WORDS + 1], 512 - sizeof(n));

		plan(n, &lba, &count);
		if (!whole || n < newest[s] || n > last || (n && (s < lba || s >= lba + count)))
			ck_abort_msg("sector %d holds write %d%s, expected %d to %d", (int)s, (int)n, whole ? "" : " in part",
				     (int)newest[s], (int)last);
	}
}

/* ---- tests ---- */

START_TEST(holds_what_was_written_and_again_after_opening)
{
	u64 n = 0;

	setup();
	for (int round = 0; round < 20; round++) {
		struct block *b = open_it();

		verify(b, n, n);
		for (int i = 0; i < 25; i++)
			ck_assert_int_eq(do_write(b, ++n), 0);
		verify(b, n, n);
		ck_assert_int_eq(b->ops->flush(b, NULL), 0);
		b->ops->close(b);
	}
	ck_assert_int_eq(base.writes, 0);
	unlink(path);
}
END_TEST

/* A child writes and flushes until it is killed; what it said was flushed must be there. */
START_TEST(kill_in_the_middle)
{
	u64 n = 0, seed = 11;

	setup();
	for (int round = 0; round < 12; round++) {
		u64 flushed = n;
		int pipes[2];
		pid_t child;

		ck_assert_int_eq(pipe(pipes), 0);
		child = fork();
		if (!child) {
			struct block *b = open_it();

			for (u64 i = n + 1;; i++) {
				bool bad = do_write(b, i) || (i % 5 == 0 && b->ops->flush(b, NULL));

				if (bad || (i % 5 == 0 && write(pipes[1], &i, sizeof(i)) != sizeof(i)))
					_exit(1);
			}
		}
		usleep(1000 + next(&seed) % 60000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		close(pipes[1]);
		while (read(pipes[0], &n, sizeof(n)) == sizeof(n))
			flushed = n;
		close(pipes[0]);
		struct block *b = open_it();
		verify(b, flushed, flushed + 1000000);
		b->ops->close(b);
		n = flushed;
		if (n > 4000) { /* keep the checking short */
			unlink(path);
			n = 0;
		}
	}
	unlink(path);
}
END_TEST

static void write_durable(u64 *seed)
{
	int fd;

	for (int i = 0; i < nlog; i++)
		for (size_t at = 0, len; at < write_log[i].len; at += len) {
			len = 512 - (size_t)(write_log[i].offset + (off_t)at) % 512;
			len = len < write_log[i].len - at ? len : write_log[i].len - at;
			if (next(seed) % 2)
				settle(&write_log[i], (off_t)at, len);
		}
	forget_log();
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT, 0666);
	ck_assert_int_eq(syscall(SYS_pwrite64, fd, durable, durable_size, 0), durable_size);
	close(fd);
}

/* At a random moment the power goes: of what was written since the last fdatasync any sectors are there, or not. */
START_TEST(power_lost_in_the_middle)
{
	u64 seed = 3;

	setup();
	for (int round = 0; round < 60; round++) {
		u64 n = 0, flushed = 0, end = 20 + next(&seed) % 150;
		struct block *b;

		unlink(path);
		durable = calloc(1, FILE_MAX);
		durable_size = 0;
		b = open_it();
		while (n < end) {
			ck_assert_int_eq(do_write(b, ++n), 0);
			if (next(&seed) % 8 == 0 && b->ops->flush(b, NULL) == 0)
				flushed = n;
		}
		write_durable(&seed);
		b->ops->close(b);
		free(durable);
		durable = NULL;
		b = open_it();
		verify(b, flushed, n);
		b->ops->close(b);
	}
	unlink(path);
}
END_TEST

START_TEST(full_disk)
{
	const struct rlimit limit = { 300000, 300000 };
	u64 n = 0, flushed = 0;
	struct block *b;
	struct err err = { 0 };
	int rc = 0;

	setup();
	signal(SIGXFSZ, SIG_IGN);
	b = open_it();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	while (!rc) {
		rc = do_write(b, ++n);
		if (!rc && b->ops->flush(b, NULL) == 0)
			flushed = n;
	}
	ck_assert_int_eq(rc, -EFBIG);
	verify(b, flushed, n);
	ck_assert_int_eq(b->ops->flush(b, &err), 0);
	b->ops->close(b);
	b = open_it();
	verify(b, flushed, n);
	b->ops->close(b);
	unlink(path);
}
END_TEST

/* A changed byte of the header or the table is noticed, wherever it is. */
START_TEST(damage)
{
	struct err err = { 0 };
	struct block *b;
	int fd;

	setup();
	b = open_it();
	for (u64 n = 1; n < 60; n++)
		ck_assert_int_eq(do_write(b, n), 0);
	ck_assert_int_eq(b->ops->flush(b, NULL), 0);
	b->ops->close(b);
	fd = open(path, O_RDWR);
	for (off_t at = 0; at < 4096 + 4 * 512; at = at < 512 && at + 11 >= 512 ? 4096 : at + 11) {
		u8 byte, other;

		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		other = byte ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
		err.text[0] = 0;
		ck_assert_msg(!overlay_open(&base.b, path, true, &err), "a changed byte %d", (int)at);
		ck_assert_int_ne(err.text[0], 0);
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	b = overlay_open(&base.b, path, true, &err);
	ck_assert_ptr_nonnull(b);
	b->ops->close(b);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(another_base)
{
	struct err err = { 0 };
	struct block *b;

	setup();
	b = open_it();
	b->ops->close(b);
	base_bytes[5000] = 1;
	ck_assert_ptr_null(overlay_open(&base.b, path, true, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another base"));
	base_bytes[5000] = 0;
	base.b.size -= 512;
	ck_assert_ptr_null(overlay_open(&base.b, path, true, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "another base"));
	unlink(path);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		holds_what_was_written_and_again_after_opening,
		kill_in_the_middle,
		power_lost_in_the_middle,
		full_disk,
		damage,
		another_base,
	};

	return unit_run("overlay", tests, ARRAY_LEN(tests));
}
