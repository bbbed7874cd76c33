/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-screen.c - the terminal at the guest's console: what it shows, what has scrolled off, and what it
 * showed earlier.
 * Rule: expected screens follow from ECMA-48's definitions; and any bytes at all leave a screen of the
 * same size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/tui/guest-screen.h"
#include "tests/unit/unit.h"

static char line[GUEST_COLS + 1];

/* A row without the blanks at its end. */
static const char *row(const struct guest_screen *g, i32 n)
{
	i32 end = 0;

	for (i32 c = 0; c < GUEST_COLS; c++) {
		line[c] = (char)guest_screen_cell(g, n, c).ch;
		end = line[c] != ' ' ? c + 1 : end;
	}
	line[end] = 0;
	return line;
}

static void feed(struct guest_screen *g, u64 icount, const char *text)
{
	guest_screen_feed(g, icount, text, strlen(text));
}

START_TEST(lines_and_sequences)
{
	struct guest_screen *g = guest_screen_new();
	i32 r, c;

	ck_assert(guest_screen_is_empty(g));
	feed(g, 1, "one\ntwo\r\nthree");
	ck_assert(!guest_screen_is_empty(g));
	ck_assert_str_eq(row(g, 0), "one");
	ck_assert_str_eq(row(g, 1), "two"); /* a line feed alone returns, too */
	ck_assert(guest_screen_cursor(g, &r, &c));
	ck_assert_int_eq(r, 2);
	ck_assert_int_eq(c, 5);
	feed(g, 2, "\033[1;1HX\033[K\033[25;70Hend");
	ck_assert_str_eq(row(g, 0), "X");
	ck_assert_str_eq(row(g, 24) + 69, "end");
	feed(g, 3, "\033[2J\033[H\033[1mbold\033[0;7mrev\033[m\303\266");
	ck_assert(guest_screen_cell(g, 0, 0).bold);
	ck_assert(!guest_screen_cell(g, 0, 4).bold && guest_screen_cell(g, 0, 4).reverse);
	ck_assert_uint_eq(guest_screen_cell(g, 0, 7).ch, 0xf6);
	feed(g, 4, "\033[?25l");
	ck_assert(!guest_screen_cursor(g, &r, &c));
	guest_screen_free(g);
}
END_TEST

START_TEST(lines_that_scroll_off)
{
	struct guest_screen *g = guest_screen_new();
	char text[24];

	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "line %d\n", i);
		feed(g, (u64)i, text);
	}
	ck_assert_uint_eq(guest_screen_scrolled(g), GUEST_SCROLLBACK);
	ck_assert_str_eq(row(g, 23), "line 2999");
	ck_assert_str_eq(row(g, -1), "line 2975");
	ck_assert_str_eq(row(g, -GUEST_SCROLLBACK), "line 976");
	ck_assert_str_eq(row(g, -GUEST_SCROLLBACK - 1), "");
	guest_screen_free(g);
}
END_TEST

/* Standing before instruction n, the bytes that instructions before n sent are there, no others. */
START_TEST(back_in_time)
{
	struct guest_screen *g = guest_screen_new();

	feed(g, 10, "a");
	feed(g, 10, "b");
	feed(g, 20, "\033[2J\033[Hc");
	guest_screen_seek(g, 21);
	ck_assert_str_eq(row(g, 0), "c");
	guest_screen_seek(g, 20);
	ck_assert_str_eq(row(g, 0), "ab");
	guest_screen_seek(g, 500);
	ck_assert_str_eq(row(g, 0), "c");
	guest_screen_seek(g, 10);
	feed(g, 10, "a"); /* the same again: the rest is still known */
	ck_assert_str_eq(row(g, 0), "a");
	feed(g, 10, "b");
	guest_screen_seek(g, 500);
	ck_assert_str_eq(row(g, 0), "c");
	guest_screen_seek(g, 20);
	feed(g, 20, "C"); /* not the same: what came later did not happen */
	ck_assert_str_eq(row(g, 0), "abC");
	guest_screen_seek(g, 500);
	ck_assert_str_eq(row(g, 0), "abC");
	guest_screen_seek(g, 11);
	ck_assert_str_eq(row(g, 0), "ab");
	guest_screen_seek(g, 10);
	ck_assert_str_eq(row(g, 0), "");
	ck_assert(guest_screen_is_empty(g));
	guest_screen_free(g);
}
END_TEST

START_TEST(a_long_past_is_shortened)
{
	struct guest_screen *g = guest_screen_new();
	char *much = malloc(300000);

	memset(much, 'x', 300000);
	for (u64 i = 0; i < 40; i++)
		guest_screen_feed(g, i * 10, much, i % 2 ? 300000 : 7);
	feed(g, 1000, "\033[2J\033[Hlast");
	ck_assert_str_eq(row(g, 0), "last");
	guest_screen_feed(g, 1001, much, 300000);
	guest_screen_seek(g, 1001);
	ck_assert_str_eq(row(g, 0), "last");
	free(much);
	guest_screen_free(g);
}
END_TEST

START_TEST(any_bytes)
{
	static const char seeds[] = "\033[;:?<>!0123456789ABCDHJKLMPSTXmhlrq@#()%]"
				    "P\\\007\r\n\t\b\016\017\x9b\xc3\xe2\xf0\x80\xff";
	struct guest_screen *g = guest_screen_new();
	char bytes[64];

	srand(1);
	for (int i = 0; i < 20000; i++) {
		size_t n = (size_t)rand() % sizeof(bytes);

		for (size_t k = 0; k < n; k++)
			bytes[k] = rand() % 4 ? seeds[(size_t)rand() % (sizeof(seeds) - 1)] : (char)rand();
		guest_screen_feed(g, (u64)i, bytes, n);
		if (i % 500 == 499)
			guest_screen_seek(g, (u64)(i - rand() % 100));
		for (i32 r = -2; r <= GUEST_ROWS; r++)
			guest_screen_cell(g, r, rand() % 90 - 5);
	}
	feed(g, 100000, "\033c\033[20h\033[2J\033[Hstill here");
	ck_assert_str_eq(row(g, 0), "still here");
	guest_screen_free(g);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { lines_and_sequences, lines_that_scroll_off, back_in_time,
				       a_long_past_is_shortened, any_bytes };

	return unit_run("guest-screen", tests, ARRAY_LEN(tests));
}
