/* SPDX-License-Identifier: GPL-3.0-or-later
 * frame.c - facts about machine frames: who refers to them, and what the next owner finds.
 */
#include "core/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

enum { PAGE = 4096 };

static u64 host_bytes(const struct frames *f)
{
	struct stat st;

	ck_assert_int_eq(fstat(f->fd, &st), 0);
	return (u64)st.st_blocks * 512;
}

START_TEST(a_machine_has_a_sensible_size)
{
	struct frames f;
	struct err e;

	ck_assert_int_eq(frames_open(&f, 0, &e), -EINVAL);
	ck_assert_int_eq(frames_open(&f, UINT64_MAX, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "machine memory"));
	frames_close(&f); /* closing what never opened is harmless */
	ck_assert_int_eq(frames_open(&f, 1, &e), 0);
	ck_assert_uint_eq(f.n, 1);
	frames_close(&f);
	ck_assert_int_eq(frames_open(&f, 1ull << 36, &e), 0); /* 64 GiB cost nothing until touched */
	ck_assert_uint_eq(host_bytes(&f), 0);
	frames_close(&f);
}
END_TEST

START_TEST(frames_are_contiguous_and_run_out)
{
	struct frames f;
	frame_no a, b, c;

	ck_assert_int_eq(frames_open(&f, 10 * PAGE, NULL), 0);
	ck_assert_uint_eq(frames_alloc(&f, 0), FRAME_NONE);
	ck_assert_uint_eq(frames_alloc(&f, 11), FRAME_NONE);
	ck_assert_uint_eq(frames_alloc(&f, UINT64_MAX), FRAME_NONE);
	a = frames_alloc(&f, 4);
	b = frames_alloc(&f, 4);
	c = frames_alloc(&f, 2);
	ck_assert(a != FRAME_NONE && b != FRAME_NONE && c != FRAME_NONE);
	ck_assert_uint_eq(frames_alloc(&f, 1), FRAME_NONE);
	frames_unref(&f, a, 4);
	frames_unref(&f, c, 2);
	ck_assert_uint_eq(frames_alloc(&f, 5), FRAME_NONE); /* six are free, but not in a row */
	ck_assert_uint_eq(frames_alloc(&f, 4), a);
	ck_assert_uint_eq(f.used, 8);
	frames_close(&f);
}
END_TEST

START_TEST(a_frame_lives_as_long_as_somebody_refers_to_it)
{
	struct frames f;
	u8 page[PAGE], zero[PAGE] = { 0 };
	frame_no a;

	ck_assert_int_eq(frames_open(&f, 4 * PAGE, NULL), 0);
	a = frames_alloc(&f, 4);
	memset(page, 0x5a, sizeof(page));
	for (u64 i = 0; i < 4; i++)
		frames_write(&f, a, i * PAGE, page, PAGE);
	frames_ref(&f, a + 1, 2);
	frames_unref(&f, a, 4);
	ck_assert_uint_eq(f.used, 2);
	ck_assert_uint_eq(host_bytes(&f), 2 * PAGE); /* freed frames are given back at once */
	frames_read(&f, a + 1, 0, page, PAGE);
	ck_assert_uint_eq(page[17], 0x5a);
	frames_unref(&f, a + 1, 2);
	ck_assert_uint_eq(f.used, 0);
	ck_assert_uint_eq(frames_alloc(&f, 4), a);
	for (u64 i = 0; i < 4; i++) { /* the next owner finds zeros */
		frames_read(&f, a, i * PAGE, page, PAGE);
		ck_assert_mem_eq(page, zero, PAGE);
	}
	frames_close(&f);
}
END_TEST

START_TEST(frames_copy_at_odd_offsets)
{
	struct frames f;
	char text[16] = "";
	frame_no a;

	ck_assert_int_eq(frames_open(&f, 4 * PAGE, NULL), 0);
	a = frames_alloc(&f, 2);
	frames_write(&f, a, PAGE - 3, "abcdef", 6);
	frames_read(&f, a + 1, 0, text, 3);
	ck_assert_str_eq(text, "def");
	frames_read(&f, a, PAGE - 4, text, 7);
	ck_assert_mem_eq(text, "\0abcdef", 7);
	frames_close(&f);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { a_machine_has_a_sensible_size, frames_are_contiguous_and_run_out,
				       a_frame_lives_as_long_as_somebody_refers_to_it,
				       frames_copy_at_odd_offsets };

	return unit_run("frame", tests, ARRAY_LEN(tests));
}
