/* SPDX-License-Identifier: GPL-3.0-or-later
 * utf8.c - facts about characters as UTF-8; the C library's wcrtomb is the oracle.
 */
#include "debugger/utf8.h"

#include <locale.h>
#include <string.h>
#include <wchar.h>

#include "tests/unit/unit.h"

START_TEST(every_character_is_as_the_c_library_says)
{
	char ours[UTF8_MOST + 1], theirs[16];

	ck_assert_msg(setlocale(LC_ALL, "C.UTF-8") != NULL, "this host has no locale C.UTF-8");
	for (u32 ch = 0; ch <= 0x10ffff; ch++) {
		mbstate_t state = { 0 };
		size_t n = wcrtomb(theirs, (wchar_t)ch, &state), m;

		memset(ours, 0x55, sizeof(ours));
		m = utf8_bytes(ch, ours);
		if (m != (n == (size_t)-1 ? 0 : n) || memcmp(ours, theirs, m) || ours[m])
			ck_abort_msg("U+%04X: %zu bytes, expected %zu", ch, m, n);
	}
}
END_TEST

START_TEST(what_is_no_character_is_nothing)
{
	static const u32 none[] = { 0xd800, 0xdfff, 0x110000, 0x7fffffff, 0xffffffff };
	char bytes[UTF8_MOST + 1];

	for (size_t i = 0; i < ARRAY_LEN(none); i++) {
		ck_assert_uint_eq(utf8_bytes(none[i], bytes), 0);
		ck_assert_str_eq(bytes, "");
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_character_is_as_the_c_library_says,
		what_is_no_character_is_nothing,
	};

	return unit_run("utf8", tests, ARRAY_LEN(tests));
}
