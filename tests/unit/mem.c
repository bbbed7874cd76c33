/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem.c - facts about guest memory: slots, reading and writing, the dirty log, A20 and the hash.
 */
#include "core/mem.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/frame.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096 };

/* RAM 0..3, hole 4, ROM 5, nothing 6..7, RAM 8..11 behind 1 MiB; frames in reverse order. */
struct setup {
	struct frames f;
	struct mem m;
	frame_no frame[3];
	int low, rom, high;
	int changed, written, cleared;
	u64 written_at, written_len;
};

#define HIGH (256ull * PAGE)

static void on_changed(void *arg, const struct mem_slot *s)
{
	(void)s;
	((struct setup *)arg)->changed++;
}

static void on_written(void *arg, u64 gpa, u64 len)
{
	struct setup *u = arg;

	u->written++;
	u->written_at = gpa;
	u->written_len = len;
}

static void on_cleared(void *arg, const struct mem_slot *s)
{
	(void)s;
	((struct setup *)arg)->cleared++;
}

static void set_up(struct setup *u)
{
	memset(u, 0, sizeof(*u));
	ck_assert_int_eq(frames_open(&u->f, 64 * PAGE, NULL), 0);
	ck_assert_int_eq(mem_open(&u->m, &u->f, 1024 * PAGE, NULL), 0);
	u->m.changed = on_changed;
	u->m.written = on_written;
	u->m.cleared = on_cleared;
	u->m.arg = u;
	u->frame[2] = frames_alloc(&u->f, 4);
	u->frame[1] = frames_alloc(&u->f, 1);
	u->frame[0] = frames_alloc(&u->f, 4);
	u->high = mem_slot_add(&u->m, "high", HIGH, 4 * PAGE, u->frame[2], 0, NULL);
	u->low = mem_slot_add(&u->m, "low", 0, 4 * PAGE, u->frame[0], 0, NULL);
	u->rom = mem_slot_add(&u->m, "rom", 5 * PAGE, PAGE, u->frame[1], SLOT_ROM, NULL);
	ck_assert(u->high >= 0 && u->low >= 0 && u->rom >= 0);
}

static void tear_down(struct setup *u)
{
	mem_close(&u->m);
	frames_unref(&u->f, u->frame[0], 4);
	frames_unref(&u->f, u->frame[1], 1);
	frames_unref(&u->f, u->frame[2], 4);
	ck_assert_uint_eq(u->f.used, 0); /* nobody kept a reference */
	frames_close(&u->f);
}

static u64 host_bytes(const struct frames *f)
{
	struct stat st;

	ck_assert_int_eq(fstat(f->fd, &st), 0);
	return (u64)st.st_blocks * 512;
}

START_TEST(slots_are_found)
{
	struct setup u;

	set_up(&u);
	ck_assert_int_eq(u.changed, 3);
	ck_assert_str_eq(mem_slot_at(&u.m, 0)->name, "low");
	ck_assert_str_eq(mem_slot_at(&u.m, 4 * PAGE - 1)->name, "low");
	ck_assert_ptr_null(mem_slot_at(&u.m, 4 * PAGE));
	ck_assert_str_eq(mem_slot_at(&u.m, 6 * PAGE - 1)->name, "rom");
	ck_assert_ptr_null(mem_slot_at(&u.m, 6 * PAGE));
	ck_assert_str_eq(mem_slot_at(&u.m, HIGH)->name, "high");
	ck_assert_ptr_null(mem_slot_at(&u.m, HIGH + 4 * PAGE));
	ck_assert_ptr_null(mem_slot_at(&u.m, UINT64_MAX));
	tear_down(&u);
}
END_TEST

START_TEST(bad_slots_are_refused)
{
	static const struct {
		u64 gpa, size;
		frame_no frame;
		u32 flags;
		int rc;
	} bad[] = {
		{ 16 * PAGE, 0, 0, 0, -EINVAL },
		{ 16 * PAGE + 1, PAGE, 0, 0, -EINVAL },
		{ 16 * PAGE, 100, 0, 0, -EINVAL },
		{ 1024 * PAGE, PAGE, 0, 0, -EINVAL }, /* outside the span */
		{ 1020 * PAGE, 5 * PAGE, 0, 0, -EINVAL },
		{ UINT64_MAX - PAGE + 1, PAGE, 0, 0, -EINVAL },
		{ 16 * PAGE, UINT64_MAX - PAGE + 1, 0, 0, -EINVAL },
		{ 16 * PAGE, 2 * PAGE, 63, 0, -EINVAL }, /* outside the machine */
		{ 16 * PAGE, PAGE, FRAME_NONE, 0, -EINVAL },
		{ 16 * PAGE, PAGE, 0, 0x80, -EINVAL },
		{ 0, PAGE, 0, 0, -EEXIST },
		{ 3 * PAGE, PAGE, 0, 0, -EEXIST },
		{ 4 * PAGE, 2 * PAGE, 0, 0, -EEXIST },
		{ 4 * PAGE, 40 * PAGE, 0, 0, -EEXIST },
	};
	struct setup u;
	struct err e;

	set_up(&u);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(
			mem_slot_add(&u.m, "bad", bad[i].gpa, bad[i].size, bad[i].frame, bad[i].flags, &e),
			bad[i].rc);
		ck_assert_ptr_nonnull(strstr(e.text, "slot bad"));
	}
	ck_assert_int_eq(u.m.nslots, 3);
	tear_down(&u);
}
END_TEST

START_TEST(slots_run_out)
{
	struct setup u;
	struct err e;
	int rc = 0, n = 3;

	set_up(&u);
	for (u64 gpa = 10 * PAGE; rc >= 0; gpa += PAGE, n++)
		rc = mem_slot_add(&u.m, "more", gpa, PAGE, FRAME_NONE, SLOT_HOLE, &e);
	ck_assert_int_eq(rc, -ENOSPC);
	ck_assert_int_eq(n - 1, MEM_SLOTS);
	tear_down(&u);
}
END_TEST

START_TEST(host_pointers_are_for_plain_memory)
{
	struct setup u;

	set_up(&u);
	ck_assert_ptr_eq(mem_host(&u.m, 123, 1, true), u.m.base + 123);
	ck_assert_ptr_nonnull(mem_host(&u.m, 0, 4 * PAGE, true));
	ck_assert_ptr_null(mem_host(&u.m, 0, 4 * PAGE + 1, true));
	ck_assert_ptr_null(mem_host(&u.m, 4 * PAGE - 1, 2, false));
	ck_assert_ptr_null(mem_host(&u.m, 0, UINT64_MAX, false));
	ck_assert_ptr_nonnull(mem_host(&u.m, 5 * PAGE, 8, false));
	ck_assert_ptr_null(mem_host(&u.m, 5 * PAGE, 8, true)); /* ROM */
	ck_assert_ptr_null(mem_host(&u.m, 7 * PAGE, 1, false));
	tear_down(&u);
}
END_TEST

START_TEST(reads_fill_holes_with_ones)
{
	struct setup u;
	u8 out[3 * PAGE];

	set_up(&u);
	memset(u.m.base + 3 * PAGE, 0x11, PAGE);
	memset(u.m.base + 5 * PAGE, 0x22, PAGE);
	ck_assert(mem_read(&u.m, 3 * PAGE, out, PAGE));
	ck_assert(!mem_read(&u.m, 3 * PAGE, out, sizeof(out)));
	ck_assert_uint_eq(out[PAGE - 1], 0x11);
	ck_assert_uint_eq(out[PAGE], 0xff);
	ck_assert_uint_eq(out[2 * PAGE - 1], 0xff);
	ck_assert_uint_eq(out[2 * PAGE], 0x22);
	ck_assert(!mem_read(&u.m, UINT64_MAX - 1, out, 1));
	ck_assert_uint_eq(out[0], 0xff);
	tear_down(&u);
}
END_TEST

START_TEST(writes_stop_at_rom_and_pokes_do_not)
{
	struct setup u;
	u8 in[6 * PAGE];

	set_up(&u);
	memset(in, 0x77, sizeof(in));
	ck_assert(!mem_write(&u.m, PAGE, in, sizeof(in)));
	ck_assert_int_eq(u.written, 1); /* only the part that landed is told */
	ck_assert_uint_eq(u.written_at, PAGE);
	ck_assert_uint_eq(u.written_len, 3 * PAGE);
	ck_assert_uint_eq(u.m.base[PAGE - 1], 0);
	ck_assert_uint_eq(u.m.base[4 * PAGE - 1], 0x77);
	ck_assert_uint_eq(u.m.base[5 * PAGE], 0);
	ck_assert(!mem_poke(&u.m, PAGE, in, sizeof(in)));
	ck_assert_uint_eq(u.m.base[5 * PAGE], 0x77);
	ck_assert_int_eq(u.written, 3);
	ck_assert(mem_poke(&u.m, 5 * PAGE, in, PAGE));
	ck_assert(mem_write(&u.m, HIGH + 100, in, 50));
	ck_assert_uint_eq(u.written_at, HIGH + 100);
	tear_down(&u);
}
END_TEST

START_TEST(memory_is_the_machines_frames)
{
	struct setup u;
	char text[8] = "";

	set_up(&u);
	mem_write(&u.m, 2 * PAGE + 5, "hello", 6);
	frames_read(&u.f, u.frame[0] + 2, 5, text, 6);
	ck_assert_str_eq(text, "hello");
	tear_down(&u);
}
END_TEST

START_TEST(a_slot_changes_its_frames_and_rights)
{
	struct setup u;
	char text[8] = "";
	frame_no other;

	set_up(&u);
	other = frames_alloc(&u.f, 1);
	frames_write(&u.f, other, 0, "shadow", 7);
	mem_poke(&u.m, 5 * PAGE, "rom", 4);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.rom, other, 0, NULL), 0);
	ck_assert_int_eq(u.changed, 4);
	ck_assert(mem_read(&u.m, 5 * PAGE, text, 7));
	ck_assert_str_eq(text, "shadow");
	ck_assert(mem_write(&u.m, 5 * PAGE, "S", 1));
	ck_assert_uint_eq(u.f.refs[u.frame[1]], 1);
	ck_assert_uint_eq(u.f.refs[other], 2);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.rom, other, 0, NULL),
			 0); /* nothing new: nobody is told */
	ck_assert_int_eq(u.changed, 4);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.rom, u.frame[1], SLOT_ROM, NULL), 0);
	mem_read(&u.m, 5 * PAGE, text, 4);
	ck_assert_str_eq(text, "rom");
	frames_read(&u.f, other, 0, text, 7);
	ck_assert_str_eq(text, "Shadow");
	ck_assert_int_eq(mem_slot_change(&u.m, 99, other, 0, NULL), -ENOENT);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.low, 62, 0, NULL), -EINVAL);
	frames_unref(&u.f, other, 1);
	tear_down(&u);
}
END_TEST

START_TEST(a_slot_becomes_a_hole_and_comes_back)
{
	struct setup u;
	u8 byte = 0;

	set_up(&u);
	mem_write(&u.m, HIGH, "x", 1);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.high, u.frame[2], SLOT_HOLE, NULL), 0);
	ck_assert_ptr_nonnull(mem_slot_at(&u.m, HIGH));
	ck_assert_ptr_null(mem_host(&u.m, HIGH, 1, false));
	ck_assert(!mem_read(&u.m, HIGH, &byte, 1));
	ck_assert_uint_eq(byte, 0xff);
	ck_assert(!mem_write(&u.m, HIGH, "y", 1));
	ck_assert(!mem_poke(&u.m, HIGH, "y", 1));
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.high, u.frame[2], 0, NULL), 0);
	ck_assert(mem_read(&u.m, HIGH, &byte, 1));
	ck_assert_uint_eq(byte, 'x');
	tear_down(&u);
}
END_TEST

START_TEST(a_hole_is_not_mapped)
{
	struct setup u;
	int status;
	pid_t pid;

	set_up(&u);
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile u8 *)(u.m.base + 7 * PAGE) = 1; /* stops here, not silently somewhere later */
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	tear_down(&u);
}
END_TEST

START_TEST(the_log_is_complete)
{
	struct setup u;
	u64 map[1];
	u8 in[2 * PAGE];

	set_up(&u);
	memset(in, 1, sizeof(in));
	mem_write(&u.m, 0, in, 1); /* before the log: not in it */
	ck_assert_int_eq(mem_log(&u.m, (u32)u.low, true, NULL), 0);
	ck_assert_int_eq(mem_log(&u.m, (u32)u.low, true, NULL), 0);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 0);
	mem_write(&u.m, PAGE - 1, in, 2);
	ck_assert(mem_is_dirty(mem_slot_at(&u.m, 0), 0) && mem_is_dirty(mem_slot_at(&u.m, 0), 1));
	mem_poke(&u.m, 3 * PAGE, in, 2 * PAGE); /* runs out of the slot */
	mem_write(&u.m, HIGH, in, 1);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 3);
	ck_assert_uint_eq(map[0], 0xb);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 0);
	ck_assert_uint_eq(map[0], 0);
	ck_assert_int_eq(u.cleared, 3);
	mem_write(&u.m, 2 * PAGE, in, PAGE); /* exactly one page */
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 1);
	ck_assert_uint_eq(map[0], 4);
	mem_write(&u.m, 2 * PAGE, in, 0);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 0);
	ck_assert_int_eq(mem_log(&u.m, (u32)u.low, false, NULL), 0);
	mem_write(&u.m, 0, in, 1);
	ck_assert_int_eq(mem_log(&u.m, 99, true, NULL), -ENOENT);
	tear_down(&u);
}
END_TEST

START_TEST(every_single_write_is_logged)
{
	struct setup u;
	u8 in[PAGE] = { 0 };

	set_up(&u);
	mem_log(&u.m, (u32)u.high, true, NULL);
	/* Any start and length: the pages logged are those the range touches, counted another way. */
	for (u64 start = 0; start < 4 * PAGE; start += 311)
		for (u64 len = 1; len <= PAGE; len += 509) {
			u64 map[1], want = 0;

			for (u64 at = start; at < start + len && at < 4 * PAGE; at++)
				want |= 1ull << (at >> 12);
			mem_write(&u.m, HIGH + start, in, len);
			mem_fetch_dirty(&u.m, (u32)u.high, map);
			ck_assert_uint_eq(map[0], want);
		}
	tear_down(&u);
}
END_TEST

START_TEST(remapping_dirties_a_logged_slot)
{
	struct setup u;
	frame_no other;
	u64 map[1];

	set_up(&u);
	other = frames_alloc(&u.f, 4);
	mem_log(&u.m, (u32)u.low, true, NULL);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.low, other, 0, NULL), 0);
	ck_assert(mem_slot_at(&u.m, 0)->flags & SLOT_LOG); /* the log goes on */
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.low, map), 4);
	frames_unref(&u.f, other, 4);
	tear_down(&u);
}
END_TEST

START_TEST(a20_masks_bit_20)
{
	struct setup u;

	set_up(&u);
	ck_assert_uint_eq(mem_gpa(&u.m, 0x100010), 0x100010);
	mem_set_a20(&u.m, false);
	ck_assert_int_eq(u.changed, 4);
	ck_assert_uint_eq(mem_gpa(&u.m, 0x100010), 0x10);
	ck_assert_uint_eq(mem_gpa(&u.m, 0x0fffff), 0x0fffff);
	ck_assert_uint_eq(mem_gpa(&u.m, 0xfff00000), 0xffe00000);
	ck_assert_uint_eq(mem_gpa(&u.m, 0x40200000), 0x40200000);
	mem_set_a20(&u.m, false);
	ck_assert_int_eq(u.changed, 4);
	mem_write(&u.m, 0x100010, "high", 5); /* not the processor: the gate does not apply */
	ck_assert_str_eq((char *)u.m.base + 0x100010, "high");
	ck_assert_uint_eq(u.m.base[0x10], 0);
	mem_set_a20(&u.m, true);
	ck_assert_int_eq(u.changed, 5);
	ck_assert_uint_eq(mem_gpa(&u.m, 0x100010), 0x100010);
	tear_down(&u);
}
END_TEST

START_TEST(the_hash_follows_content)
{
	struct setup u;
	u64 empty, one;

	set_up(&u);
	empty = mem_hash(&u.m, 1);
	ck_assert_uint_ne(empty, mem_hash(&u.m, 2));
	mem_write(&u.m, 3 * PAGE, "\0", 1); /* a touched page of zeros is a page of zeros */
	ck_assert_uint_eq(mem_hash(&u.m, 1), empty);
	for (u64 at = 0; at < 4 * PAGE; at += 1021) {
		mem_write(&u.m, at, "\x80", 1);
		one = mem_hash(&u.m, 1);
		ck_assert_uint_ne(one, empty);
		mem_write(&u.m, at, "\0", 1);
		mem_write(&u.m, at ^ PAGE, "\x80", 1); /* the same content at another page */
		ck_assert_uint_ne(mem_hash(&u.m, 1), one);
		mem_write(&u.m, at ^ PAGE, "\0", 1);
		ck_assert_uint_eq(mem_hash(&u.m, 1), empty);
	}
	tear_down(&u);
}
END_TEST

START_TEST(top_bits_do_not_cancel_in_the_hash)
{
	struct setup u;
	u64 before;

	set_up(&u);
	mem_write(&u.m, 0, "something", 9);
	before = mem_hash(&u.m, 1);
	mem_write(&u.m, 15, "\x80", 1); /* bit 63 of two words: a multiplication alone would lose the pair */
	mem_write(&u.m, 23, "\x80", 1);
	ck_assert_uint_ne(mem_hash(&u.m, 1), before);
	tear_down(&u);
}
END_TEST

START_TEST(the_hash_takes_no_memory_and_ignores_frames)
{
	struct setup a, b;
	frame_no other;
	u64 used;

	set_up(&a);
	mem_write(&a.m, 2 * PAGE, "x", 1);
	used = host_bytes(&a.f);
	mem_hash(&a.m, 1);
	ck_assert_uint_eq(host_bytes(&a.f), used);
	/* The same guest memory on other machine frames. */
	set_up(&b);
	other = frames_alloc(&b.f, 4);
	ck_assert_int_eq(mem_slot_change(&b.m, (u32)b.low, other, 0, NULL), 0);
	mem_write(&b.m, 2 * PAGE, "x", 1);
	ck_assert_uint_eq(mem_hash(&b.m, 1), mem_hash(&a.m, 1));
	frames_unref(&b.f, other, 4);
	tear_down(&b);
	tear_down(&a);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		slots_are_found,
		bad_slots_are_refused,
		slots_run_out,
		host_pointers_are_for_plain_memory,
		reads_fill_holes_with_ones,
		writes_stop_at_rom_and_pokes_do_not,
		memory_is_the_machines_frames,
		a_slot_changes_its_frames_and_rights,
		a_slot_becomes_a_hole_and_comes_back,
		a_hole_is_not_mapped,
		the_log_is_complete,
		every_single_write_is_logged,
		remapping_dirties_a_logged_slot,
		a20_masks_bit_20,
		the_hash_follows_content,
		top_bits_do_not_cancel_in_the_hash,
		the_hash_takes_no_memory_and_ignores_frames,
	};

	return unit_run("mem", tests, ARRAY_LEN(tests));
}
