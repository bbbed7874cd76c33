/* SPDX-License-Identifier: GPL-3.0-or-later
 * trap-value.c - Trap's values: exact arithmetic, its refusals, maps and how they look.
 * Rule: where Python's integers can say what is right, the numbers here are theirs.
 */
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/fn.h"
#include "debugger/trap/maps.h"
#include "tests/unit/unit.h"

static struct heap heap;
static struct complaint why;

static void setup(void)
{
	heap = (struct heap){ .limit = 1 << 20 };
}

static struct value num(trap_int n)
{
	return value_of(T_INT, n);
}

static struct value literal(trap_int n)
{
	return (struct value){ .type = T_INT, .plain = true, .n = n };
}

static struct value str(const char *s)
{
	return value_str(&heap, s, strlen(s));
}

static struct value op(struct value a, enum trap_op o, struct value b)
{
	struct value out;

	value_binary(&heap, o, &a, &b, &out, &why);
	value_drop(&a);
	value_drop(&b);
	return out;
}

static void is_number(struct value v, enum trap_type type, trap_int n)
{
	ck_assert_msg(v.type == type, "%s (%s), expected %s", trap_type_name(v.type), why.what, trap_type_name(type));
	ck_assert(v.n == n);
}

static void refused(struct value v, const char *part)
{
	ck_assert_int_eq(v.type, T_NONE);
	ck_assert_msg(strstr(why.what, part), "'%s' does not hold '%s'", why.what, part);
}

static void prints(struct value v, const char *text)
{
	struct buf b = { 0 };

	value_print(&v, &b);
	ck_assert_str_eq(buf_text(&b), text);
	buf_free(&b);
	value_drop(&v);
}

#define MOST ((trap_int)(~(unsigned __int128)0 >> 1))
#define LEAST (-MOST - 1)

START_TEST(whole_numbers_are_exact)
{
	is_number(op(num(UINT64_MAX), OP_ADD, num(1)), T_INT, (trap_int)1 << 64);
	is_number(op(num(UINT64_MAX), OP_MUL, num(UINT64_MAX >> 1)), T_INT, (trap_int)UINT64_MAX * (trap_int)(UINT64_MAX >> 1));
	is_number(op(num(-7), OP_DIV, num(2)), T_INT, -3);
	is_number(op(num(-7), OP_MOD, num(2)), T_INT, -1);
	is_number(op(num(-1), OP_SHR, num(100)), T_INT, -1);
	is_number(op(num(0x1234), OP_AND, op(num(0), OP_SUB, num(16))), T_INT, 0x1230);
	prints(num(LEAST), "-170141183460469231731687303715884105728");
	prints(op(num(1), OP_SHL, num(126)), "85070591730234615865843651857942052864");
}
END_TEST

START_TEST(nothing_wraps)
{
	refused(op(num(MOST), OP_ADD, num(1)), "128 bits");
	refused(op(num(LEAST), OP_SUB, num(1)), "128 bits");
	refused(op(num(MOST), OP_MUL, num(2)), "128 bits");
	refused(op(num(LEAST), OP_DIV, num(-1)), "128 bits");
	is_number(op(num(LEAST), OP_MOD, num(-1)), T_INT, 0);
	refused(op(num(1), OP_SHL, num(127)), "128 bits");
	refused(op(num(1), OP_SHL, num(128)), "0 to 127");
	refused(op(num(1), OP_DIV, num(0)), "division by zero");
	refused(op(num(1), OP_MOD, num(0)), "division by zero");
	refused(op(value_of(T_GVA, UINT64_MAX), OP_ADD, num(1)), "no gva");
	refused(op(value_of(T_GPA, 0), OP_SUB, num(1)), "no gpa");
}
END_TEST

START_TEST(the_two_spaces_of_addresses_stay_apart)
{
	struct value gva = value_of(T_GVA, 0x1000), gpa = value_of(T_GPA, 0x1000);

	is_number(op(gpa, OP_ADD, num(8)), T_GPA, 0x1008);
	is_number(op(num(8), OP_ADD, gva), T_GVA, 0x1008);
	is_number(op(gpa, OP_SUB, value_of(T_GPA, 0xff0)), T_INT, 0x10);
	is_number(op(gpa, OP_AND, num(0xf000)), T_INT, 0x1000);
	refused(op(gva, OP_EQ, gpa), "gva == gpa");
	ck_assert_ptr_nonnull(strstr(why.help, "translate"));
	refused(op(gva, OP_ADD, gva), "gva + gva");
	is_number(op(gpa, OP_EQ, literal(0x1000)), T_BOOL, 1);
	refused(op(gpa, OP_EQ, num(0x1000)), "gpa == int");
	is_number(op(gva, OP_EQ, num(0x1000)), T_BOOL, 1);
	is_number(op(gpa, OP_IN, value_range(literal(0), literal(0x1000))), T_BOOL, 1);
	refused(op(gpa, OP_IN, value_range(num(0), num(0x2000))), "gpa in int");
}
END_TEST

START_TEST(times_and_amounts)
{
	struct value ms = value_of(T_TIME, 1000000), exits = { .type = T_AMOUNT, .unit = UNIT_EXIT, .n = 3 };
	struct value insns = { .type = T_AMOUNT, .unit = UNIT_INSN, .n = 3 };

	is_number(op(op(ms, OP_MUL, num(3)), OP_DIV, value_of(T_TIME, 1000)), T_INT, 3000);
	is_number(op(ms, OP_DIV, num(4)), T_TIME, 250000);
	refused(op(ms, OP_ADD, num(1)), "time + int");
	refused(op(ms, OP_MUL, ms), "time * time");
	prints(op(exits, OP_ADD, exits), "6exits");
	refused(op(exits, OP_ADD, insns), "amount + amount");
	prints(value_of(T_TIME, 1204000000), "1.204s");
	prints(value_of(T_TIME, 20000000), "20ms");
	prints(value_of(T_TIME, 1204000001), "1204000.001us");
	prints(value_of(T_TIME, 0), "0ns");
	prints(value_of(T_TIME, -1500), "-1.5us");
}
END_TEST

START_TEST(bools_and_texts)
{
	is_number(op(value_of(T_BOOL, 0), OP_LE, value_of(T_BOOL, 1)), T_BOOL, 1);
	refused(op(value_of(T_BOOL, 1), OP_ADD, num(1)), "bool + int");
	refused(op(value_of(T_BOOL, 1), OP_EQ, num(1)), "bool == int");
	prints(op(str("abc"), OP_ADD, str("def")), "abcdef");
	is_number(op(str("ab"), OP_LT, str("abc")), T_BOOL, 1);
	refused(op(str("a"), OP_ADD, num(1)), "str + int");
	ck_assert_uint_eq(heap.used, 0);
}
END_TEST

START_TEST(memory_is_counted_and_bounded)
{
	struct value v, w;

	heap.limit = 200;
	v = str("some text");
	ck_assert_uint_gt(heap.used, 9);
	w = value_copy(&v);
	value_drop(&v);
	ck_assert_uint_gt(heap.used, 9);
	v = value_list(&heap, 1000);
	ck_assert_int_eq(v.type, T_NONE);
	ck_assert(heap.full);
	value_drop(&w);
	ck_assert_uint_eq(heap.used, 0);
}
END_TEST

static struct cell *cell(struct map *m, struct value key)
{
	bool too_many;
	struct cell *c = map_make(m, &heap, &key, 1, 1000, &too_many);

	value_drop(&key);
	return c;
}

START_TEST(a_map_finds_what_was_put_in)
{
	struct map m;
	bool too_many;

	map_init(&m, "n", AGG_COUNT);
	for (int i = 0; i < 1000; i++)
		ck_assert(cell_add(cell(&m, num(i % 500)), &heap, AGG_COUNT, NULL, &why));
	ck_assert_uint_eq(m.n, 500);
	for (int i = 0; i < 500; i++) {
		struct value key = num(i), n;
		ck_assert(cell_value(map_find(&m, &key, 1), AGG_COUNT, &n));
		is_number(n, T_INT, 2);
	}
	ck_assert_ptr_null(map_make(&m, &heap, &(struct value){ .type = T_INT, .n = 501 }, 1, 500, &too_many));
	ck_assert(too_many);
	map_clear(&m, &heap);
	ck_assert_uint_eq(heap.used, 0);
}
END_TEST

static void shows(struct map *m, const char *text)
{
	struct buf b = { 0 };

	map_text(m, 0, &b);
	ck_assert_str_eq(buf_text(&b), text);
	buf_free(&b);
	map_clear(m, &heap);
	ck_assert_uint_eq(heap.used, 0);
}

START_TEST(counts_are_shown_with_their_share)
{
	struct map m;

	map_init(&m, "n", AGG_COUNT);
	cell_add(cell(&m, str("rare")), &heap, AGG_COUNT, NULL, &why);
	for (int i = 0; i < 3; i++)
		cell_add(cell(&m, str("often")), &heap, AGG_COUNT, NULL, &why);
	shows(&m, "@n: 4 in all\n"
		  "  often  3   75.0 %  |########################\n"
		  "  rare   1   25.0 %  |########\n");
}
END_TEST

START_TEST(histograms_have_their_bounds)
{
	static const trap_int values[] = { 0, 1, 2, 3, 4, 1000 };
	struct cell *c;
	struct map m;

	map_init(&m, "h", AGG_HIST);
	c = map_make(&m, &heap, NULL, 0, 10, &(bool){ 0 });
	for (unsigned i = 0; i < ARRAY_LEN(values); i++)
		ck_assert(cell_add(c, &heap, AGG_HIST, &(struct value){ .type = T_INT, .n = values[i] }, &why));
	ck_assert_uint_eq(c->bucket[1], 1);  /* 0 */
	ck_assert_uint_eq(c->bucket[2], 1);  /* 1 */
	ck_assert_uint_eq(c->bucket[3], 2);  /* 2 .. 3 */
	ck_assert_uint_eq(c->bucket[4], 1);  /* 4 .. 7 */
	ck_assert_uint_eq(c->bucket[11], 1); /* 512 .. 1023 */
	map_clear(&m, &heap);
	map_init(&m, "l", AGG_LHIST);
	c = map_make(&m, &heap, NULL, 0, 10, &(bool){ 0 });
	ck_assert(cell_range(c, &heap, 0, 10, 3, &why));
	for (unsigned i = 0; i < ARRAY_LEN(values); i++)
		ck_assert(cell_add(c, &heap, AGG_LHIST, &(struct value){ .type = T_INT, .n = values[i] }, &why));
	ck_assert_uint_eq(c->bucket[1], 3); /* 0 .. 2 */
	ck_assert_uint_eq(c->bucket[2], 2); /* 3 .. 5 */
	ck_assert_uint_eq(c->bucket[c->buckets - 1], 1);
	ck_assert(!cell_range(c, &heap, 0, 20, 3, &why));
	ck_assert(!cell_range(c, &heap, 0, 100000, 1, &why));
	map_clear(&m, &heap);
}
END_TEST

START_TEST(aggregations)
{
	struct value v = num(7), out;
	struct cell *c;
	struct map m;

	map_init(&m, "a", AGG_AVG);
	c = map_make(&m, &heap, NULL, 0, 10, &(bool){ 0 });
	ck_assert(!cell_value(c, AGG_AVG, &out)); /* nothing yet */
	ck_assert(cell_add(c, &heap, AGG_AVG, &v, &why));
	v.n = 4;
	ck_assert(cell_add(c, &heap, AGG_AVG, &v, &why));
	ck_assert(cell_value(c, AGG_AVG, &out));
	is_number(out, T_INT, 5);
	ck_assert(cell_value(c, AGG_MIN, &out));
	is_number(out, T_INT, 4);
	ck_assert(cell_value(c, AGG_MAX, &out));
	is_number(out, T_INT, 7);
	v = value_of(T_TIME, 1);
	ck_assert(!cell_add(c, &heap, AGG_AVG, &v, &why));
	ck_assert_ptr_nonnull(strstr(why.what, "time"));
	map_clear(&m, &heap);
}
END_TEST

/* Every row of the language that this build claims to have is there. */
START_TEST(all_that_is_named_is_built)
{
	for (int i = 0; i < trap_nevents; i++) {
		ck_assert_msg(trap_events[i].missing || trap_event_is_built(i), "event %s", trap_events[i].name);
		for (int k = 0; k < TRAP_FIELDS && trap_events[i].field[k].name && !trap_events[i].missing; k++)
			ck_assert_msg(trap_item_is_built(trap_events[i].field[k].name), "%s.%s", trap_events[i].name,
				      trap_events[i].field[k].name);
	}
	for (int i = 0; i < trap_nnames; i++)
		ck_assert_msg(trap_names[i].missing || trap_name_is_built(trap_names[i].name), "name %s", trap_names[i].name);
	for (int i = 0; i < trap_nfunctions; i++) {
		const char *name = trap_functions[i].name;
		bool aggregation = !strcmp(name, "count") || !strcmp(name, "sum") || !strcmp(name, "avg") ||
				   !strcmp(name, "hist") || !strcmp(name, "lhist");
		ck_assert_msg(aggregation || trap_functions[i].missing || trap_function_is_built(name), "function %s", name);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		whole_numbers_are_exact,
		nothing_wraps,
		the_two_spaces_of_addresses_stay_apart,
		times_and_amounts,
		bools_and_texts,
		memory_is_counted_and_bounded,
		a_map_finds_what_was_put_in,
		counts_are_shown_with_their_share,
		histograms_have_their_bounds,
		aggregations,
		all_that_is_named_is_built,
	};

	setup();
	return unit_run("trap-value", tests, ARRAY_LEN(tests));
}
