/* SPDX-License-Identifier: GPL-3.0-or-later
 * buf.c - facts about core/base: growable bytes, the checked reader, errors, log lines, JSON strings.
 * Rule: jansson is the judge of what JSON is.
 */
#include "core/base/buf.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "tests/unit/unit.h"

START_TEST(numbers_are_little_endian)
{
	static const u8 want[] = { 0xef, 0xcd, 0xab, 0x12, 0x34, 0x12 };
	struct buf b = { 0 };

	buf_put_uint(&b, 0x12abcdef, 4);
	buf_put_uint(&b, 0x99991234, 2); /* only the low bytes are taken */
	ck_assert_uint_eq(b.len, sizeof(want));
	ck_assert_mem_eq(b.data, want, sizeof(want));
	buf_free(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(every_width_comes_back)
{
	for (int bytes = 1; bytes <= 8; bytes++) {
		u64 value = 0xf1e2d3c4b5a69788ull >> (64 - 8 * bytes);
		struct buf b = { 0 };
		struct reader r;

		buf_put_uint(&b, value, bytes);
		r = (struct reader){ b.data, b.data + b.len, false };
		ck_assert_uint_eq(read_uint(&r, bytes), value);
		ck_assert(!r.bad && read_left(&r) == 0);
		buf_free(&b);
	}
}
END_TEST

START_TEST(grows_and_keeps_its_content)
{
	struct buf b = { 0 };

	for (u32 i = 0; i < 100000; i++)
		buf_put_uint(&b, i, 4);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 400000);
	for (u32 i = 0; i < 100000; i += 777)
		ck_assert_mem_eq(b.data + 4 * i, &i, 4);
	buf_free(&b);
}
END_TEST

START_TEST(text_ends_in_a_nul_that_does_not_count)
{
	struct buf b = { 0 };

	ck_assert_str_eq(buf_text(&b), "");
	buf_printf(&b, "%s-%d", "abc", 42);
	buf_printf(&b, "%s", "");
	ck_assert_str_eq(buf_text(&b), "abc-42");
	ck_assert_uint_eq(b.len, 6);
	buf_printf(&b, "%5000d", 7);
	ck_assert_uint_eq(b.len, 5006);
	ck_assert_uint_eq(strlen(buf_text(&b)), 5006);
	buf_free(&b);
}
END_TEST

START_TEST(absurd_length_fails_and_stays_failed)
{
	struct buf b = { 0 };

	buf_put(&b, "ab", 2);
	buf_put(&b, "", SIZE_MAX - 1);
	ck_assert(b.failed);
	buf_put(&b, "cd", 2);
	ck_assert_uint_eq(b.len, 2);
	ck_assert_ptr_null(buf_text(&b));
	buf_free(&b);
}
END_TEST

START_TEST(string_too_long_for_its_length_fails)
{
	char *text = malloc(65537);
	struct buf b = { 0 };

	memset(text, 'x', 65536);
	text[65536] = 0;
	buf_put_str(&b, text);
	ck_assert(b.failed);
	buf_free(&b);
	text[65535] = 0;
	buf_put_str(&b, text);
	ck_assert(!b.failed && b.len == 65537);
	buf_free(&b);
	free(text);
}
END_TEST

START_TEST(reader_stops_at_its_end)
{
	static const u8 bytes[] = { 1, 2, 3 };
	struct reader r = { bytes, bytes + 3, false };

	ck_assert_uint_eq(read_uint(&r, 2), 0x0201);
	ck_assert_uint_eq(read_uint(&r, 2), 0);
	ck_assert(r.bad);
	ck_assert_uint_eq(read_uint(&r, 1), 0); /* zeros from then on, though a byte is left */
	ck_assert_ptr_null(read_bytes(&r, 0));
}
END_TEST

START_TEST(reader_survives_huge_lengths)
{
	static const u8 bytes[] = { 1 };
	struct reader r = { bytes, bytes + 1, false };

	ck_assert_ptr_null(read_bytes(&r, SIZE_MAX));
	ck_assert(r.bad);
}
END_TEST

START_TEST(strings_are_checked)
{
	struct buf b = { 0 };
	struct reader r;
	char out[8];

	buf_put_str(&b, "1234567");
	buf_put_str(&b, "12345678");
	r = (struct reader){ b.data, b.data + b.len, false };
	ck_assert(read_str(&r, out, sizeof(out)));
	ck_assert_str_eq(out, "1234567");
	ck_assert(!read_str(&r, out, sizeof(out))); /* no room for the NUL */
	ck_assert(r.bad);
	ck_assert_str_eq(out, "");
	b.data[3] = 0; /* a NUL inside the first */
	r = (struct reader){ b.data, b.data + b.len, false };
	ck_assert(!read_str(&r, out, sizeof(out)));
	for (size_t cut = 0; cut < 9; cut++) {
		r = (struct reader){ b.data, b.data + cut, false };
		ck_assert(!read_str(&r, out, sizeof(out)) && r.bad);
	}
	buf_free(&b);
}
END_TEST

START_TEST(names_can_be_shown)
{
	static const struct { const char *text; bool good; } rows[] = {
		{ "", true }, { "a b~", true }, { "a\n", false }, { "\033[2J", false }, { "\177", false }, { "\303\274", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct buf b = { 0 };
		struct reader r;
		char out[8] = "before";

		buf_put_str(&b, rows[i].text);
		r = (struct reader){ b.data, b.data + b.len, false };
		ck_assert(read_name(&r, out, sizeof(out)) == rows[i].good);
		ck_assert(r.bad == !rows[i].good);
		ck_assert_str_eq(out, rows[i].good ? rows[i].text : "");
		buf_free(&b);
	}
}
END_TEST

START_TEST(err_is_one_printable_line)
{
	struct err e = { 0 };
	char longer[1000];

	ck_assert_int_eq(err_set(&e, ENOENT, "%s: no such\nfile\x1b[2J", "x\r"), -ENOENT);
	ck_assert_int_eq(e.code, ENOENT);
	ck_assert_str_eq(e.text, "x?: no such?file?[2J");
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	err_set(&e, EINVAL, "%s", longer);
	ck_assert_uint_eq(strlen(e.text), sizeof(e.text) - 1);
	ck_assert_int_eq(err_set(NULL, EIO, "nobody listens"), -EIO);
}
END_TEST

static void keep_line(void *arg, enum log_level level, const char *who, const char *text)
{
	buf_printf(arg, "%s %s: %s\n", log_level_name(level), who, text);
}

START_TEST(log_passes_on_what_its_level_allows)
{
	struct buf lines = { 0 };
	struct log log = { keep_line, &lines, LOG_WARN };

	log_put(&log, LOG_ERROR, "pit", "mode %d", 7);
	log_put(&log, LOG_WARN, "pic", "odd");
	log_put(&log, LOG_INFO, "pic", "chatter");
	ck_assert_str_eq(buf_text(&lines), "error pit: mode 7\nwarning pic: odd\n");
	log_put(NULL, LOG_ERROR, "x", "swallowed");
	log.sink = NULL;
	log_put(&log, LOG_ERROR, "x", "swallowed");
	ck_assert_str_eq(buf_text(&lines), "error pit: mode 7\nwarning pic: odd\n");
	buf_free(&lines);
}
END_TEST

/* What jansson reads back from our spelling of text; the caller frees it. */
static char *through_jansson(const char *text)
{
	struct buf b = { 0 };
	json_error_t why;
	json_t *json;
	char *back;

	json_put_string(&b, text);
	json = json_loads(buf_text(&b), JSON_DECODE_ANY, &why);
	ck_assert_msg(json_is_string(json), "jansson refuses %s: %s", buf_text(&b), why.text);
	back = strdup(json_string_value(json));
	json_decref(json);
	buf_free(&b);
	return back;
}

START_TEST(json_strings_come_back)
{
	static const char *const texts[] = {
		"", "plain", "\"quoted\" \\ back/slash", "\x01\x1f\x7f\n\t",
		"\xc3\xa4 \xe2\x82\xac \xf0\x9f\x90\xa7 \xed\x9f\xbf \xf4\x8f\xbf\xbf"
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char *back = through_jansson(texts[i]);

		ck_assert_str_eq(back, texts[i]);
		free(back);
	}
}
END_TEST

START_TEST(json_of_bad_utf8_is_still_json)
{
	char text[5] = "", *back;

	/* Every pair of a lead byte with its neighbours: whatever it is, jansson must take our spelling
	 * of it. */
	for (int a = 0x80; a < 0x100; a++)
		for (int b = 0x70; b < 0x100; b += 3) {
			text[0] = (char)a;
			text[1] = (char)b;
			text[2] = (char)0x85;
			text[3] = (char)(b ^ 0x20);
			back = through_jansson(text);
			ck_assert_uint_gt(strlen(back), 0);
			free(back);
		}
	back = through_jansson("\xc0\x80|\xed\xa0\x80|\xff|\xe2\x82");
	ck_assert_str_eq(back, "\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd|\xef\xbf\xbd|"
			       "\xef\xbf\xbd\xef\xbf\xbd");
	free(back);
}
END_TEST

START_TEST(json_of_nothing_is_null)
{
	struct buf b = { 0 };

	json_put_string(&b, NULL);
	ck_assert_str_eq(buf_text(&b), "null");
	buf_free(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		numbers_are_little_endian,
		every_width_comes_back,
		grows_and_keeps_its_content,
		text_ends_in_a_nul_that_does_not_count,
		absurd_length_fails_and_stays_failed,
		string_too_long_for_its_length_fails,
		reader_stops_at_its_end,
		reader_survives_huge_lengths,
		strings_are_checked,
		names_can_be_shown,
		err_is_one_printable_line,
		log_passes_on_what_its_level_allows,
		json_strings_come_back,
		json_of_bad_utf8_is_still_json,
		json_of_nothing_is_null,
	};

	return unit_run("buf", tests, ARRAY_LEN(tests));
}
