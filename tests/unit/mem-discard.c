/* SPDX-License-Identifier: GPL-3.0-or-later
 * mem-discard.c - pages of guest memory that are given back to the host.
 */
#include <string.h>
#include <sys/stat.h>

#include "core/mem.h"
#include "tests/unit/unit.h"

enum { PAGE = 4096 };

/* RAM 0..3, nothing 4, ROM 5. */
struct setup {
	struct frames f;
	struct mem m;
	int ram, written;
	u64 written_at, written_len;
};

static void on_written(void *arg, u64 gpa, u64 len)
{
	struct setup *u = arg;

	u->written++;
	u->written_at = gpa;
	u->written_len = len;
}

static void set_up(struct setup *u)
{
	memset(u, 0, sizeof(*u));
	ck_assert_int_eq(frames_open(&u->f, 64 * PAGE, NULL), 0);
	ck_assert_int_eq(mem_open(&u->m, &u->f, 64 * PAGE, NULL), 0);
	u->m.written = on_written;
	u->m.arg = u;
	u->ram = mem_slot_add(&u->m, "ram", 0, 4 * PAGE, frames_alloc(&u->f, 4), 0, NULL);
	ck_assert_int_ge(u->ram, 0);
	ck_assert_int_ge(mem_slot_add(&u->m, "rom", 5 * PAGE, PAGE, frames_alloc(&u->f, 1), SLOT_ROM, NULL), 0);
}

static void tear_down(struct setup *u)
{
	mem_close(&u->m);
	frames_close(&u->f);
}

static u64 host_bytes(const struct frames *f)
{
	struct stat st;

	ck_assert_int_eq(fstat(f->fd, &st), 0);
	return (u64)st.st_blocks * 512;
}

/* A balloon takes pages: zeros, no host memory, told and logged as any write; of RAM and whole, or nothing.
 * */
START_TEST(pages_are_discarded)
{
	struct setup u;
	u64 before, word = 0x1234567890;

	set_up(&u);
	for (u64 i = 0; i < 4; i++)
		mem_write(&u.m, i * PAGE + 8, &word, sizeof(word));
	mem_poke(&u.m, 5 * PAGE, &word, sizeof(word));
	before = host_bytes(&u.f);
	ck_assert_int_eq(mem_log(&u.m, (u32)u.ram, true, NULL), 0);
	u.written = 0;
	ck_assert(mem_discard(&u.m, PAGE, 2 * PAGE));
	ck_assert_int_eq(u.written, 1);
	ck_assert_uint_eq(u.written_at, PAGE);
	ck_assert_uint_eq(u.written_len, 2 * PAGE);
	ck_assert(!mem_is_dirty(mem_slot_at(&u.m, 0), 0) && mem_is_dirty(mem_slot_at(&u.m, 0), 1));
	ck_assert_uint_eq(host_bytes(&u.f), before - 2 * PAGE);
	for (u64 i = 0; i < 4; i++) {
		mem_read(&u.m, i * PAGE + 8, &word, sizeof(word));
		ck_assert_uint_eq(word, i == 1 || i == 2 ? 0 : 0x1234567890);
	}
	ck_assert(!mem_discard(&u.m, 3 * PAGE, 2 * PAGE));   /* RAM, then nothing */
	ck_assert(!mem_discard(&u.m, 5 * PAGE, PAGE));       /* ROM */
	ck_assert(!mem_discard(&u.m, 3 * PAGE, PAGE - 1));   /* not whole */
	ck_assert(!mem_discard(&u.m, 1, PAGE));
	ck_assert(!mem_discard(&u.m, UINT64_MAX & ~(PAGE - 1ull), 2 * PAGE));
	mem_read(&u.m, 3 * PAGE + 8, &word, sizeof(word));
	ck_assert_uint_eq(word, 0x1234567890);
	tear_down(&u);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { pages_are_discarded };

	return unit_run("mem, discard", tests, ARRAY_LEN(tests));
}
