/* SPDX-License-Identifier: GPL-3.0-or-later
 * field.c - facts about state lists: reset, save, load by name, print, diff, hash.
 * Rule: whatever bytes a load is given, it answers with an error and an untouched state, or with a
 * whole state.
 */
#include "core/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

#define TOY_STATE(F, S) \
	F(S, u8, mode, 3, 5, DEC, "a small array") \
	F(S, u64, started, 1, 0, HEX, "a scalar behind padding") \
	F(S, u16, reload, 2, 0xffff, HEX, "words") \
	F(S, u8, on, 1, 1, BOOL, "a truth") \
	F(S, u32, bits, 1, 0, BITS, "some bits")
STATE(toy_state, 2, TOY_STATE);

/* The same thing in an older and in a newer program. */
#define OLD_STATE(F, S) \
	F(S, u64, started, 1, 0, HEX, "kept") \
	F(S, u8, gone, 2, 0, DEC, "dropped since")
STATE(old_state, 1, OLD_STATE);
#define NEW_STATE(F, S) F(S, u8, on, 1, 1, BOOL, "kept")
STATE(new_state, 3, NEW_STATE);
#define WIDE_STATE(F, S) F(S, u32, on, 1, 1, BOOL, "another width")
STATE(wide_state, 1, WIDE_STATE);
#define LONG_STATE(F, S) F(S, u8, on, 2, 1, BOOL, "another count")
STATE(long_state, 1, LONG_STATE);

static struct toy_state sample(void)
{
	struct toy_state s;

	memset(&s, 0, sizeof(s));
	s.mode[0] = 1, s.mode[1] = 2, s.mode[2] = 250;
	s.started[0] = 0x1122334455667788;
	s.reload[0] = 0xabcd, s.reload[1] = 0x1234;
	s.on[0] = 0;
	s.bits[0] = 0x80000001;
	return s;
}

static int load(const struct layout *l, void *state, const u8 *data, size_t len, struct err *err)
{
	struct reader r = { data, data + len, false };

	return state_load(l, state, &r, err);
}

START_TEST(the_list_is_the_struct)
{
	ck_assert_uint_eq(toy_state_layout.nfields, 5);
	ck_assert_uint_eq(toy_state_layout.size, sizeof(struct toy_state));
	ck_assert_uint_eq(toy_state_layout.version, 2);
	ck_assert_str_eq(toy_state_layout.name, "toy_state");
	ck_assert_uint_eq(toy_state_fields[2].offset, offsetof(struct toy_state, reload));
	ck_assert_uint_eq(toy_state_fields[2].width, 2);
	ck_assert_uint_eq(toy_state_fields[2].count, 2);
}
END_TEST

START_TEST(reset_sets_every_element)
{
	struct toy_state s = sample();

	state_reset(&toy_state_layout, &s);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(s.mode[i], 5);
	ck_assert_uint_eq(s.started[0], 0);
	ck_assert_uint_eq(s.reload[0], 0xffff);
	ck_assert_uint_eq(s.reload[1], 0xffff);
	ck_assert_uint_eq(s.on[0], 1);
	ck_assert_uint_eq(s.bits[0], 0);
}
END_TEST

START_TEST(get_and_set_touch_one_element)
{
	struct toy_state s = sample();

	ck_assert_uint_eq(field_get(&toy_state_fields[0], &s, 2), 250);
	field_set(&toy_state_fields[0], &s, 1, 0x1ff); /* cut to its width */
	ck_assert_uint_eq(s.mode[0], 1);
	ck_assert_uint_eq(s.mode[1], 0xff);
	ck_assert_uint_eq(s.mode[2], 250);
	ck_assert_uint_eq(field_get(&toy_state_fields[1], &s, 0), 0x1122334455667788);
}
END_TEST

START_TEST(fields_are_found_by_name)
{
	static const char *const bad[] = { "",
					   "mod",
					   "modes",
					   "mode[3]",
					   "mode[]",
					   "mode[1",
					   "mode[1]x",
					   "mode[-1]",
					   "mode[ 1]",
					   "mode[4294967296]",
					   "mode[99999999999999999999999]",
					   "[0]",
					   "started[1]",
					   "mode[0][0]" };
	u32 index = 9;

	ck_assert_ptr_eq(field_find(&toy_state_layout, "mode", &index), &toy_state_fields[0]);
	ck_assert_uint_eq(index, 0);
	ck_assert_ptr_eq(field_find(&toy_state_layout, "mode[2]", &index), &toy_state_fields[0]);
	ck_assert_uint_eq(index, 2);
	ck_assert_ptr_eq(field_find(&toy_state_layout, "started[0]", &index), &toy_state_fields[1]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_msg(!field_find(&toy_state_layout, bad[i], &index), "found '%s'", bad[i]);
}
END_TEST

START_TEST(what_is_saved_is_loaded)
{
	struct toy_state s = sample(), back;
	struct buf b = { 0 }, again = { 0 };
	struct reader r;

	memset(&back, 0xaa, sizeof(back));
	state_save(&toy_state_layout, &s, &b);
	buf_put(&b, "next", 4);
	r = (struct reader){ b.data, b.data + b.len, false };
	ck_assert_int_eq(state_load(&toy_state_layout, &back, &r, NULL), 0);
	ck_assert_uint_eq(read_left(&r), 4); /* the reader stands behind the run */
	ck_assert_mem_eq(&back, &s, sizeof(s));
	state_save(&toy_state_layout, &back, &again);
	ck_assert_uint_eq(again.len + 4, b.len);
	ck_assert_mem_eq(again.data, b.data, again.len);
	buf_free(&b);
	buf_free(&again);
}
END_TEST

START_TEST(the_wire_is_as_documented)
{
	static const u8 want[] = { 3, 0, 1, 0, 0, 0, 2, 0, 'o', 'n', 1, 1, 0, 0, 0, 1 };
	struct new_state s = { { 1 } };
	struct buf b = { 0 };

	state_save(&new_state_layout, &s, &b);
	ck_assert_uint_eq(b.len, sizeof(want));
	ck_assert_mem_eq(b.data, want, sizeof(want));
	buf_free(&b);
}
END_TEST

START_TEST(missing_fields_take_their_reset_value)
{
	struct old_state old = { { 77 }, { 0, 0 } };
	struct toy_state s = sample();
	struct buf b = { 0 };

	state_save(&old_state_layout, &old, &b);
	ck_assert_int_eq(load(&toy_state_layout, &s, b.data, b.len, NULL), 0);
	ck_assert_uint_eq(s.started[0], 77);
	ck_assert_uint_eq(s.mode[2], 5);
	ck_assert_uint_eq(s.reload[1], 0xffff);
	buf_free(&b);
}
END_TEST

/* Loading b into a toy_state is refused, says `word`, and leaves it alone. */
static void refused(const struct buf *b, const char *word)
{
	struct toy_state s = sample(), before = s;
	struct err e = { 0 };

	ck_assert_int_eq(load(&toy_state_layout, &s, b->data, b->len, &e), -EINVAL);
	ck_assert_msg(strstr(e.text, word) != NULL, "'%s' does not say '%s'", e.text, word);
	ck_assert_mem_eq(&s, &before, sizeof(s));
}

START_TEST(unknown_fields_must_be_zero)
{
	struct old_state old = { { 77 }, { 0, 1 } };
	struct buf b = { 0 };

	state_save(&old_state_layout, &old, &b);
	refused(&b, "'gone'");
	buf_free(&b);
}
END_TEST

START_TEST(other_shapes_are_refused)
{
	struct wide_state wide = { { 1 } };
	struct long_state two = { { 1, 1 } };
	struct new_state new = { { 1 } };
	struct buf b = { 0 };

	state_save(&wide_state_layout, &wide, &b);
	refused(&b, "toy_state.on");
	b.len = 0;
	state_save(&long_state_layout, &two, &b);
	refused(&b, "toy_state.on");
	b.len = 0;
	state_save(&new_state_layout, &new, &b);
	refused(&b, "version 3");
	buf_free(&b);
}
END_TEST

START_TEST(a_field_comes_once)
{
	struct buf b = { 0 };

	buf_put_uint(&b, 2, 2);
	buf_put_uint(&b, 2, 4);
	for (int i = 0; i < 2; i++) {
		buf_put_str(&b, "on");
		buf_put_uint(&b, 1, 1);
		buf_put_uint(&b, 1, 4);
		buf_put_uint(&b, 1, 1);
	}
	refused(&b, "twice");
	b.data[2] = 1; /* say there is one: good */
	ck_assert_int_eq(load(&toy_state_layout, &(struct toy_state){ 0 }, b.data, b.len, NULL), 0);
	buf_free(&b);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct toy_state s = sample();
	struct buf b = { 0 };

	state_save(&toy_state_layout, &s, &b);
	for (size_t cut = 0; cut < b.len; cut++) {
		u8 *copy = malloc(cut ? cut
				      : 1); /* its own block, so that a sanitizer sees a step past the end */
		struct toy_state into = sample(), before = into;
		struct err e = { 0 };

		memcpy(copy, b.data, cut);
		ck_assert_int_eq(load(&toy_state_layout, &into, copy, cut, &e), -EINVAL);
		ck_assert_uint_gt(strlen(e.text), 10);
		ck_assert_mem_eq(&into, &before, sizeof(into));
		free(copy);
	}
	buf_free(&b);
}
END_TEST

START_TEST(every_corrupt_byte_is_survived)
{
	struct toy_state s = sample();
	struct buf b = { 0 };

	state_save(&toy_state_layout, &s, &b);
	for (size_t at = 0; at < b.len; at++)
		for (int value = 0; value < 256; value++) {
			struct toy_state into = sample(), before = into;
			u8 was = b.data[at];

			b.data[at] = (u8)value;
			if (load(&toy_state_layout, &into, b.data, b.len, NULL))
				ck_assert_mem_eq(&into, &before, sizeof(into));
			b.data[at] = was;
		}
	buf_free(&b);
}
END_TEST

START_TEST(huge_counts_are_truncations)
{
	static const u8 run[] = { 2, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 'x', 255, 0xff, 0xff, 0xff, 0xff, 0 };
	struct toy_state s = sample();
	struct err e = { 0 };

	ck_assert_int_eq(load(&toy_state_layout, &s, run, sizeof(run), &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "'x'"));
}
END_TEST

START_TEST(print_has_a_line_per_field)
{
	struct toy_state s = sample();
	struct buf b = { 0 };

	state_print(&toy_state_layout, &s, &b);
	ck_assert_str_eq(buf_text(&b), "mode             = 1 2 250   (a small array)\n"
				       "started          = 0x1122334455667788   (a scalar behind padding)\n"
				       "reload           = 0xabcd 0x1234   (words)\n"
				       "on               = no   (a truth)\n"
				       "bits             = 0x80000001   (some bits)\n");
	buf_free(&b);
}
END_TEST

START_TEST(diff_names_what_differs)
{
	struct toy_state a = sample(), b = a;
	struct buf out = { 0 };

	((u8 *)&b)[3] ^= 0xff; /* padding behind mode[3] is no state */
	ck_assert_int_eq(state_diff(&toy_state_layout, &a, &b, &out), 0);
	b.mode[1] = 9;
	b.started[0]++;
	ck_assert_int_eq(state_diff(&toy_state_layout, &a, &b, &out), 2);
	ck_assert_str_eq(buf_text(&out),
			 "mode[1]: 0x2 != 0x9\nstarted: 0x1122334455667788 != 0x1122334455667789\n");
	buf_free(&out);
}
END_TEST

#define TEXT_STATE(F, S) F(S, u8, c, 6, 0, HEX, "six bytes")
STATE(text_state, 1, TEXT_STATE);
#define LETTER_STATE(F, S) F(S, u8, c, 1, 0, HEX, "one byte")
STATE(letter_state, 1, LETTER_STATE);

START_TEST(hash_is_fnv_1a)
{
	/* The published vectors of the 64-bit FNV-1a: "a" and "foobar" */
	ck_assert_uint_eq(state_hash(&letter_state_layout, "a", STATE_HASH_SEED), 0xaf63dc4c8601ec8cull);
	ck_assert_uint_eq(state_hash(&text_state_layout, "foobar", STATE_HASH_SEED), 0x85944171f73967e8ull);
}
END_TEST

START_TEST(hash_sees_state_and_no_padding)
{
	struct toy_state a = sample(), b = a;
	u64 hash = state_hash(&toy_state_layout, &a, STATE_HASH_SEED);

	((u8 *)&b)[3] ^= 0xff;
	ck_assert_uint_eq(state_hash(&toy_state_layout, &b, STATE_HASH_SEED), hash);
	for (u32 f = 0; f < toy_state_layout.nfields; f++)
		for (u32 i = 0; i < toy_state_fields[f].count; i++) {
			b = a;
			field_set(&toy_state_fields[f], &b, i, field_get(&toy_state_fields[f], &b, i) ^ 1);
			ck_assert_uint_ne(state_hash(&toy_state_layout, &b, STATE_HASH_SEED), hash);
		}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_list_is_the_struct,
		reset_sets_every_element,
		get_and_set_touch_one_element,
		fields_are_found_by_name,
		what_is_saved_is_loaded,
		the_wire_is_as_documented,
		missing_fields_take_their_reset_value,
		unknown_fields_must_be_zero,
		other_shapes_are_refused,
		a_field_comes_once,
		every_truncation_is_refused,
		every_corrupt_byte_is_survived,
		huge_counts_are_truncations,
		print_has_a_line_per_field,
		diff_names_what_differs,
		hash_is_fnv_1a,
		hash_sees_state_and_no_padding,
	};

	return unit_run("field", tests, ARRAY_LEN(tests));
}
