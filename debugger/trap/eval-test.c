/* SPDX-License-Identifier: GPL-3.0-or-later
 * eval-test.c - test, expect, assert: what a grader's script is made of.
 * Rule: every test starts from the machine, the variables and the empty maps that were there when the script began to
 * run, so tests do not depend on each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/run-priv.h"

/* ---- the state that every test starts from ---- */

static struct value *save_variables(struct trap *t)
{
	struct value *saved = calloc(t->nslots ? t->nslots : 1, sizeof(*saved));

	for (u32 i = 0; saved && i < t->nslots; i++)
		saved[i] = value_copy(&t->slot[i]);
	return saved;
}

static void restore_variables(struct trap *t, struct value *saved, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		value_drop(&t->slot[i]);
		t->slot[i] = saved[i];
	}
	free(saved);
}

/* The script's maps are put aside, and the test has its own of the same names. */
static bool swap_maps(struct trap *t, struct map **were)
{
	struct map *own = calloc(t->nmaps ? t->nmaps : 1, sizeof(*own));

	*were = t->map;
	for (u32 i = 0; own && i < t->nmaps; i++)
		map_init(&own[i], t->map[i].name, t->map[i].kind);
	if (own)
		t->map = own;
	return own;
}

static void restore_maps(struct trap *t, struct map *were)
{
	for (u32 i = 0; i < t->nmaps; i++)
		map_clear(&t->map[i], &t->heap);
	free(t->map);
	t->map = were;
}

static bool begin_machine(struct trap *t, const struct node *n)
{
	struct err err = { 0 };

	if (vm_icount(t->s->vm) == t->started_icount && t->s->vm->clock.now == t->started_at)
		return true;
	if (session_restore(t->s, TRAP_START, &err) < 0)
		return trap_fail(t, n, NULL, "the machine cannot be brought back to its state at the start: %s", err.text);
	timers_rewind(t);
	return true;
}

/* ---- test ---- */

static struct trap_test *row_new(struct trap *t, const struct node *n)
{
	struct trap_test *row;

	if (t->ntests == TESTS_MAX) {
		trap_limit(t, n, NULL, "%d tests have been run", TESTS_MAX);
		return NULL;
	}
	if (t->ntests == t->test_room) {
		u32 room = t->test_room ? t->test_room * 2 : 16;
		row = realloc(t->test, room * sizeof(*row));
		if (!row) {
			trap_no_memory(t, n);
			return NULL;
		}
		t->test = row;
		t->test_room = room;
	}
	row = &t->test[t->ntests++];
	*row = (struct trap_test){ .title = n->text, .points = 1 };
	return row;
}

static bool options(struct trap *t, const struct node *n, struct trap_test *row, u64 *deadline)
{
	struct value v;
	bool ok = true;

	*deadline = UINT64_MAX;
	if (n->a && !eval_u64(t, n->a, &row->points))
		return false;
	if (row->points > TEST_POINTS)
		return trap_fail(t, n->a, NULL, "a test has at most %d points", TEST_POINTS);
	if (!n->b || !eval(t, n->b, &v))
		return !n->b;
	if (v.type != T_TIME || v.n <= 0 || v.n > INT64_MAX)
		ok = trap_fail(t, n->b, "write within 5s", "`within` wants a time");
	else
		*deadline = t->s->vm->clock.now + (u64)v.n;
	value_drop(&v);
	return ok;
}

static void note_reason(struct trap_test *row, const struct trap_pos *pos, const char *why)
{
	if (!row->reason[0])
		snprintf(row->reason, sizeof(row->reason), "%.60s:%u: %.160s", pos->file, pos->line, why);
}

bool trap_test_over(struct trap *t, const struct node *at, const char *why)
{
	note_reason(t->testing->row, &at->pos, why);
	t->testing->row->failed++;
	t->end.kind = END_TEST;
	return false;
}

/* How the block ended, in the row; what ends the whole script stays in t->end. */
static void conclude(struct trap *t, struct trap_test *row)
{
	const struct end *end = &t->end;

	row->exit = t->s->vm->guest_exits;
	row->time_ns = t->s->vm->clock.now;
	if (end->kind == END_ERROR || end->kind == END_ASSERT || end->kind == END_LIMIT) {
		row->failed++;
		note_reason(row, &end->error.pos, end->error.what);
		t->broken |= end->kind != END_LIMIT;
		trap_end_tell(t);
	}
	row->passed = !row->failed && (t->end.kind == END_NOT || t->end.kind == END_EXIT);
	row->earned = row->passed ? row->points : 0;
	if (t->end.kind == END_TEST)
		t->end.kind = END_NOT;
	t->run_steps = t->limit.steps;
}

static void run_test(struct trap *t, const struct node *n, struct trap_test *row)
{
	struct test_state state = { .row = row };
	struct value *variables = save_variables(t);
	struct map *maps;
	bool swapped = swap_maps(t, &maps);
	u32 nslots = t->nslots;

	if (!variables || !swapped) {
		trap_no_memory(t, n);
	} else if (begin_machine(t, n) && options(t, n, row, &state.deadline)) {
		t->testing = &state;
		exec_block(t, n->c);
		t->testing = NULL;
	}
	conclude(t, row);
	if (swapped && variables) {
		struct buf text = { 0 };
		if (!t->limit.quiet)
			trap_maps_text(t, true, &text);
		trap_say(t, n, &text);
	}
	if (swapped)
		restore_maps(t, maps);
	if (variables)
		restore_variables(t, variables, nslots);
}

enum flow exec_test(struct trap *t, const struct node *n)
{
	struct trap_test *row;
	u32 index = t->ntests;

	if (t->now || t->testing || !t->in_script) {
		trap_fail(t, n, "write it in a script", "a test cannot be run here");
		return FLOW_LEAVE;
	}
	row = row_new(t, n);
	if (!row)
		return FLOW_LEAVE;
	run_test(t, n, row);
	t->tests_failed += !t->test[index].passed;
	return t->end.kind == END_NOT ? FLOW_GO : FLOW_LEAVE;
}

/* ---- expect, assert ---- */

static bool calls(const struct node *n)
{
	for (; n; n = n->next)
		if (n->kind == N_CALL || calls(n->a) || calls(n->b))
			return true;
	return false;
}

/* "97 in 98..102": both sides of a comparison as they were.  They are worked out again, so they must not call anything. */
static bool put_sides(struct trap *t, const struct node *n, struct buf *out)
{
	static const char *const signs[] = { [OP_EQ] = "==", [OP_NE] = "!=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">",
					     [OP_GE] = ">=", [OP_IN] = "in", [OP_MATCH] = "=~" };
	struct value a, b;

	if (n->kind != N_BINARY || n->op < OP_EQ || n->op > OP_MATCH || calls(n))
		return false;
	if (!eval_any(t, n->a, &a))
		return false;
	if (eval_any(t, n->b, &b)) {
		value_print_as(&a, true, out);
		buf_printf(out, " %s ", signs[n->op]);
		value_print_as(&b, true, out);
	}
	value_drop(&a);
	value_drop(&b);
	return true;
}

static void put_message(struct trap *t, const struct node *n, struct buf *out)
{
	if (n->a->next && trap_words(t, n->a->next, out)) {
		while (out->len && out->data[out->len - 1] == '\n')
			out->len--;
		return;
	}
	buf_printf(out, "expected ");
	if (!put_sides(t, n->a, out))
		out->len -= 9, buf_printf(out, "the condition does not hold");
}

static void count_failure(struct trap *t, const struct node *n, const char *why)
{
	if (t->testing) {
		t->testing->row->failed++;
		note_reason(t->testing->row, &n->pos, why);
	}
	t->failed++;
	if (t->messages++ < MESSAGES_MAX)
		session_say(t->s, SAY_ERROR, "%s:%u:%u: %s failed: %.2000s\n", n->pos.file, n->pos.line, n->pos.col,
			    n->kind == S_EXPECT ? "expect" : "assert", why);
	else if (t->messages == MESSAGES_MAX + 1)
		session_say(t->s, SAY_ERROR, "%s:%u:%u: more of them failed; they are counted\n", n->pos.file, n->pos.line,
			    n->pos.col);
}

enum flow exec_expect(struct trap *t, const struct node *n)
{
	struct buf why = { 0 };
	bool yes;

	if (!eval_bool(t, n->a, &yes))
		return FLOW_LEAVE;
	if (t->quiet)
		return FLOW_GO;
	t->expects++;
	if (t->testing)
		t->testing->row->expects++;
	if (yes)
		return FLOW_GO;
	put_message(t, n, &why);
	if (t->end.kind == END_NOT && n->kind == S_ASSERT) {
		trap_fail(t, n, NULL, "assert: %.200s", buf_text(&why) ? buf_text(&why) : "");
		t->end.kind = END_ASSERT;
	} else if (t->end.kind == END_NOT) {
		count_failure(t, n, buf_text(&why) ? buf_text(&why) : "");
	}
	buf_free(&why);
	return t->end.kind == END_NOT ? FLOW_GO : FLOW_LEAVE;
}
