/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem-move.c - facts about the memory of devices: it moves, it shows the same bytes everywhere, and who watches
 * memory hears of what the device itself writes.
 */
#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096, SIZE = 4 * PAGE };

struct setup {
	struct frames f;
	struct mem m;
	int ram, device;
	u8 *view;
	int changed;
	u64 written_at, written_len;
};

static void on_changed(void *arg, const struct mem_slot *s)
{
	((struct setup *)arg)->changed++;
}

static void on_written(void *arg, u64 gpa, u64 len)
{
	struct setup *u = arg;

	u->written_at = gpa;
	u->written_len = len;
}

/* RAM in the pages 0 to 3, the device's memory in 8 to 11. */
static void set_up(struct setup *u)
{
	frame_no ram, device;

	memset(u, 0, sizeof(*u));
	ck_assert_int_eq(frames_open(&u->f, 64 * PAGE, NULL), 0);
	ck_assert_int_eq(mem_open(&u->m, &u->f, 64 * PAGE, NULL), 0);
	ram = frames_alloc(&u->f, 4);
	device = frames_alloc(&u->f, 4);
	u->ram = mem_slot_add(&u->m, "ram", 0, SIZE, ram, 0, NULL);
	u->device = mem_slot_add(&u->m, "device", 8 * PAGE, SIZE, device, SLOT_DEVICE, NULL);
	ck_assert(u->ram >= 0 && u->device >= 0);
	u->view = frames_map(&u->f, device, 4);
	ck_assert_ptr_nonnull(u->view);
	u->m.changed = on_changed;
	u->m.written = on_written;
	u->m.arg = u;
}

static void tear_down(struct setup *u)
{
	frames_unmap(u->view, 4);
	mem_close(&u->m);
	frames_close(&u->f);
}

static int move(struct setup *u, u64 page)
{
	struct err err = { 0 };
	int rc = mem_slot_move(&u->m, (u32)u->device, page * PAGE, &err);

	ck_assert_int_eq(rc, -err.code);
	return rc;
}

/* True if exactly the pages [page, page + 4) are memory, besides the RAM. */
static bool is_only_at(const struct setup *u, u64 page)
{
	for (u64 i = 4; i < 64; i++)
		if (!!mem_host(&u->m, i * PAGE, 1, true) != (i >= page && i < page + 4))
			return false;
	return true;
}

START_TEST(it_shows_the_same_everywhere)
{
	u64 word = 0x1122334455667788, read = 0;
	struct setup u;

	set_up(&u);
	ck_assert(mem_write(&u.m, 8 * PAGE + 16, &word, 8));
	ck_assert_mem_eq(u.view + 16, &word, 8);
	ck_assert_int_eq(move(&u, 40), 0);
	ck_assert_int_eq(u.changed, 1);
	ck_assert(is_only_at(&u, 40));
	ck_assert(mem_read(&u.m, 40 * PAGE + 16, &read, 8) && read == word);
	ck_assert_int_eq(move(&u, 40), 0); /* it is there already */
	ck_assert_int_eq(u.changed, 1);
	ck_assert_int_eq(move(&u, 4), 0); /* below what was below it */
	ck_assert(is_only_at(&u, 4));
	ck_assert_ptr_eq(mem_slot_get(&u.m, (u32)u.device), mem_slot_at(&u.m, 4 * PAGE));
	tear_down(&u);
}
END_TEST

START_TEST(it_can_overlap_itself)
{
	u64 read = 0;
	struct setup u;

	set_up(&u);
	memset(u.view, 0x5a, SIZE);
	for (u64 page = 9; page < 60; page += 3) {
		ck_assert_int_eq(move(&u, page), 0);
		ck_assert(is_only_at(&u, page));
		ck_assert(mem_read(&u.m, (page + 3) * PAGE, &read, 8));
		ck_assert_uint_eq(read, 0x5a5a5a5a5a5a5a5a);
	}
	ck_assert_int_eq(move(&u, 55), 0);
	ck_assert(is_only_at(&u, 55));
	tear_down(&u);
}
END_TEST

START_TEST(refused_it_stays)
{
	struct setup u;

	set_up(&u);
	ck_assert_int_eq(move(&u, 0), -EEXIST);
	ck_assert_int_eq(move(&u, 3), -EEXIST);
	ck_assert_int_eq(move(&u, 61), -EINVAL);
	ck_assert_int_eq(move(&u, 1ull << 40), -EINVAL);
	ck_assert_int_eq(mem_slot_move(&u.m, (u32)u.device, 20 * PAGE + 1, NULL), -EINVAL);
	ck_assert_int_eq(mem_slot_move(&u.m, (u32)u.ram, 20 * PAGE, NULL), -ENOENT);
	ck_assert_int_eq(mem_slot_move(&u.m, 99, 20 * PAGE, NULL), -ENOENT);
	ck_assert(is_only_at(&u, 8));
	ck_assert_int_eq(u.changed, 0);
	tear_down(&u);
}
END_TEST

START_TEST(moved_all_of_it_is_dirty)
{
	struct setup u;
	u64 bits;

	set_up(&u);
	ck_assert_int_eq(mem_log(&u.m, (u32)u.device, true, NULL), 0);
	ck_assert_int_eq(move(&u, 20), 0);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.device, &bits), 4);
	mem_touched(&u.m, 21 * PAGE + 100, 4);
	ck_assert_uint_eq(u.written_at, 21 * PAGE + 100);
	ck_assert_uint_eq(u.written_len, 4);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.device, &bits), 1);
	ck_assert_uint_eq(bits, 2);
	tear_down(&u);
}
END_TEST

/* Out of sight the device's writes still are news for who copies the machine, but not for who executes from it. */
START_TEST(hidden_it_is_still_logged)
{
	struct setup u;
	u64 bits;

	set_up(&u);
	ck_assert_int_eq(mem_log(&u.m, (u32)u.device, true, NULL), 0);
	ck_assert_int_eq(mem_slot_change(&u.m, (u32)u.device, mem_slot_get(&u.m, (u32)u.device)->frame,
					 SLOT_DEVICE | SLOT_HOLE, NULL), 0);
	ck_assert(is_only_at(&u, 64));
	ck_assert_int_eq(move(&u, 30), 0); /* a hole moves, too */
	ck_assert(is_only_at(&u, 64));
	mem_fetch_dirty(&u.m, (u32)u.device, &bits);
	mem_touched(&u.m, 30 * PAGE, 2 * PAGE);
	ck_assert_uint_eq(u.written_len, 0);
	ck_assert_uint_eq(mem_fetch_dirty(&u.m, (u32)u.device, &bits), 2);
	tear_down(&u);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		it_shows_the_same_everywhere, it_can_overlap_itself,     refused_it_stays,
		moved_all_of_it_is_dirty,     hidden_it_is_still_logged,
	};

	return unit_run("mem move", tests, ARRAY_LEN(tests));
}
