/* SPDX-License-Identifier: GPL-3.0-or-later
 * tui.c - facts about the debugger's screen: cells, boxes, layouts, the line editor, keys and what they do.
 * Rule: no terminal is involved; what a person would see is read from the cells.
 */
#include <string.h>

#include "debugger/tui/edit.h"
#include "debugger/tui/layout.h"
#include "debugger/tui/panes.h"
#include "debugger/tui/theme.h"
#include "tests/tui/tour-session.h"
#include "tests/unit/unit.h"

enum { CTRL_C = 3, CTRL_D = 4 };

/* ---- cells ---- */

static void expect_text(struct cells *c, const char *want)
{
	struct buf text = { 0 };

	cells_text(c, false, &text);
	ck_assert_str_eq(buf_text(&text), want);
	buf_free(&text);
}

START_TEST(text_is_cut_to_its_area)
{
	struct cells c = { 0 };
	struct area a;

	ck_assert_int_eq(cells_resize(&c, 3, 8), 0);
	a = area_part(area_whole(&c), 1, 2, 1, 3);
	ck_assert_int_eq(area_put(a, 0, -1, STYLE_TEXT, "abcdef"), 6);
	area_put(a, 1, 0, STYLE_TEXT, "below");
	area_put(a, -1, 0, STYLE_TEXT, "above");
	expect_text(&c, "\n  bcd\n\n");
	ck_assert_int_eq(area_part(a, 0, 2, 5, 5).cols, 1);
	ck_assert_int_eq(area_part(a, 7, 0, 1, 1).rows, 0);
	cells_free(&c);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_shown_as_such)
{
	struct cells c = { 0 };

	ck_assert_int_eq(cells_resize(&c, 1, 12), 0);
	area_put(area_whole(&c), 0, 0, STYLE_TEXT, "a\tb\033[\xff\xc3\xa9\xe2\x82"); /* e acute, half a euro */
	expect_text(&c, "a.b.[?\xc3\xa9??\n");
	c.ascii = true;
	cells_clear(&c);
	area_put(area_whole(&c), 0, 0, STYLE_TEXT, "\xc3\xa9\xe2\x94\x80\xe2\x94\x82\xe2\x94\xbc");
	expect_text(&c, "?-|+\n");
	cells_free(&c);
}
END_TEST

START_TEST(wide_characters_are_never_halved)
{
	struct cells c = { 0 };

	ck_assert_int_eq(cells_resize(&c, 1, 3), 0);
	ck_assert_int_eq(area_put(area_whole(&c), 0, 0, STYLE_TEXT, "\xe6\xbc\xa2\xe6\xbc\xa2"), 4);
	expect_text(&c, "\xe6\xbc\xa2?\n"); /* the second has one cell only */
	area_put(area_whole(&c), 0, 1, STYLE_TEXT, "x");
	expect_text(&c, " x?\n");
	cells_free(&c);
}
END_TEST

START_TEST(boxes_that_share_a_border_are_joined)
{
	struct cells c = { 0 };
	struct area a;

	ck_assert_int_eq(cells_resize(&c, 5, 9), 0);
	a = area_whole(&c);
	area_box(area_part(a, 0, 0, 3, 5), "", false);
	area_box(area_part(a, 0, 4, 3, 5), "", false);
	area_box(area_part(a, 2, 0, 3, 9), "", false);
	expect_text(&c, "┌───┬───┐\n│   │   │\n├───┴───┤\n│       │\n└───────┘\n");
	c.ascii = true;
	cells_clear(&c);
	area_box(area_part(a, 0, 0, 3, 5), "", false);
	area_box(area_part(a, 0, 4, 3, 5), "", false);
	area_box(area_part(a, 2, 0, 3, 9), "", false);
	expect_text(&c, "+---+---+\n|   |   |\n+---+---+\n|       |\n+-------+\n");
	cells_free(&c);
}
END_TEST

START_TEST(every_style_stands_out_without_colour)
{
	struct look plain = theme_look(STYLE_TEXT, false), mono;

	for (int i = STYLE_TEXT + 1; i < STYLES; i++) {
		mono = theme_look((enum style)i, false);
		ck_assert_int_ne(mono.attributes, plain.attributes);
		ck_assert_int_eq(mono.fore, COLOUR_DEFAULT);
		ck_assert_int_eq(mono.back, COLOUR_DEFAULT);
		ck_assert_int_ne(theme_look((enum style)i, true).fore, GREEN); /* red and green are one to some */
		ck_assert_int_ne(theme_look((enum style)i, true).fore, RED);
	}
}
END_TEST

/* ---- layouts ---- */

/* The boxes cover the area: each cell is in one, or on the shared borders of several. */
static void expect_covered(const struct split *tree, i32 rows, i32 cols, bool room)
{
	struct placed place[PLACED_MOST];
	struct cells c = { .rows = (u32)rows, .cols = (u32)cols };
	int n = layout_place(tree, area_whole(&c), place), wrong = 0;

	for (i32 r = 0; r < rows; r++) {
		for (i32 col = 0; col < cols; col++) {
			int inside = 0, in = 0;
			for (int i = 0; i < n; i++) {
				struct area b = place[i].box;
				in += r >= b.row && r < b.row + b.rows && col >= b.col && col < b.col + b.cols;
				inside += r > b.row && r < b.row + b.rows - 1 && col > b.col && col < b.col + b.cols - 1;
			}
			wrong += in < 1 || inside > 1 || (inside && in > 1); /* an assertion for each cell takes minutes */
		}
	}
	ck_assert_int_eq(wrong, 0);
	for (int i = 0; i < n && room; i++)
		if (place[i].pane == &pane_code || place[i].pane == &pane_registers) {
			ck_assert_int_ge(place[i].box.rows - 2, place[i].pane->min_rows);
			ck_assert_int_ge(place[i].box.cols - 2, place[i].pane->min_cols - 1);
		}
}

START_TEST(views_fill_the_screen_and_keep_code_and_registers)
{
	static const i32 normal[][2] = { { 24, 80 }, { 25, 81 }, { 30, 100 }, { 49, 159 }, { 24, 400 }, { 200, 80 } };
	static const i32 large[][2] = { { 50, 160 }, { 51, 161 }, { 200, 400 }, { 60, 160 } };

	for (int v = 0; v < TUI_VIEWS; v++) {
		for (size_t i = 0; i < ARRAY_LEN(normal); i++)
			expect_covered(views[v].normal, normal[i][0] - 4, normal[i][1], v == 0);
		for (size_t i = 0; i < ARRAY_LEN(large); i++)
			expect_covered(views[v].large, large[i][0] - 4, large[i][1], v == 0);
	}
}
END_TEST

START_TEST(sizes_have_their_kind)
{
	ck_assert_int_eq(screen_size(24, 80), SCREEN_NORMAL);
	ck_assert_int_eq(screen_size(23, 80), SCREEN_SMALL);
	ck_assert_int_eq(screen_size(24, 79), SCREEN_SMALL);
	ck_assert_int_eq(screen_size(12, 40), SCREEN_SMALL);
	ck_assert_int_eq(screen_size(11, 200), SCREEN_TINY);
	ck_assert_int_eq(screen_size(50, 160), SCREEN_LARGE);
	ck_assert_int_eq(screen_size(49, 200), SCREEN_NORMAL);
}
END_TEST

/* ---- the line editor ---- */

START_TEST(a_line_is_edited_as_readline_does)
{
	struct edit e = { 0 };

	edit_set(&e, "print $rax");
	edit_key(&e, 'w' & 0x1f);
	ck_assert_str_eq(e.text, "print ");
	edit_key(&e, KEY_UNICODE_ + 0xe9);
	edit_key(&e, KEY_UNICODE_ + 0x20ac);
	ck_assert_str_eq(e.text, "print \xc3\xa9\xe2\x82\xac");
	edit_key(&e, KEY_BACKSPACE_);
	edit_key(&e, KEY_LEFT_);
	edit_key(&e, 'x');
	ck_assert_str_eq(e.text, "print x\xc3\xa9");
	edit_key(&e, KEY_HOME_);
	edit_key(&e, KEY_DELETE_);
	edit_key(&e, CTRL_D);
	ck_assert_str_eq(e.text, "int x\xc3\xa9");
	edit_key(&e, KEY_RIGHT_);
	edit_key(&e, 'k' & 0x1f);
	ck_assert_str_eq(e.text, "i");
	ck_assert(!edit_key(&e, KEY_PGUP_));
}
END_TEST

START_TEST(a_full_line_takes_no_more)
{
	struct edit e = { 0 };

	for (int i = 0; i < EDIT_MOST + 10; i++)
		edit_key(&e, 'a');
	ck_assert_uint_eq(e.len, EDIT_MOST);
	edit_replace(&e, 0, "short");
	ck_assert_str_eq(e.text, "short");
}
END_TEST

START_TEST(older_lines_come_back)
{
	struct edit_history h = { 0 };
	struct edit e = { 0 };

	edit_history_add(&h, "one");
	edit_history_add(&h, "two");
	edit_history_add(&h, "two");
	edit_set(&e, "new");
	ck_assert(edit_history_key(&h, &e, KEY_UP_));
	ck_assert_str_eq(e.text, "two");
	edit_history_key(&h, &e, KEY_UP_);
	edit_history_key(&h, &e, KEY_UP_);
	ck_assert_str_eq(e.text, "one");
	edit_history_key(&h, &e, KEY_DOWN_);
	edit_history_key(&h, &e, KEY_DOWN_);
	ck_assert_str_eq(e.text, "new");
	for (int i = 0; i < EDIT_HISTORY + 5; i++)
		edit_history_add(&h, i % 2 ? "odd" : "even");
	ck_assert_int_eq(h.n, EDIT_HISTORY);
	edit_history_free(&h);
}
END_TEST

/* ---- the screen ---- */

static bool shows(struct tour_session *s, const char *what)
{
	struct buf text = { 0 };
	bool found;

	cells_text(tui_draw(s->t), false, &text);
	found = strstr(buf_text(&text), what);
	buf_free(&text);
	return found;
}

START_TEST(keys_step_and_go_back)
{
	struct tui_config c = { .ascii = true, .name = "tour" };
	struct tour_session s;
	u64 one;

	tour_session_open(&s, &c);
	ck_assert(shows(&s, "PAUSED"));
	tour_session_keys(&s, "s");
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), 1);
	tour_session_keys(&s, "S");
	ck_assert(shows(&s, "exit #1 CPUID"));
	one = vm_icount(tui_session(s.t)->vm);
	tour_session_keys(&s, "S");
	ck_assert(shows(&s, "exit #2 IO"));
	ck_assert(shows(&s, "out 3f8") || shows(&s, "port 0x3f8"));
	tour_session_keys(&s, "U");
	ck_assert_uint_le(vm_icount(tui_session(s.t)->vm), one);
	tour_session_keys(&s, "c");
	ck_assert(shows(&s, "ENDED: power-off"));
	tour_session_close(&s);
}
END_TEST

START_TEST(the_prompt_runs_trap_and_verbs)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tour_session_keys(&s, ":print 40 + 2\n");
	ck_assert(shows(&s, "|trap> print 40 + 2"));
	ck_assert(shows(&s, "|42"));
	tour_session_keys(&s, ":no such thing\n");
	ck_assert(!tui_leaves(s.t));
	tour_session_keys(&s, ":on exit(IO) {\nprint 6 * 111;\n}\nc"); /* a block of three lines */
	ck_assert(shows(&s, "|666"));
	tour_session_close(&s);
}
END_TEST

START_TEST(only_q_and_y_leave)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tui_key(s.t, CTRL_D);
	tui_key(s.t, CTRL_C);
	tui_key(s.t, KEY_ESC_);
	tour_session_keys(&s, "qn");
	ck_assert(!tui_leaves(s.t));
	tour_session_keys(&s, ":\004\004");
	tui_key(s.t, KEY_ESC_);
	ck_assert(!tui_leaves(s.t));
	tour_session_keys(&s, "qy");
	ck_assert(tui_leaves(s.t));
	tour_session_close(&s);
}
END_TEST

START_TEST(help_comes_from_the_keys)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tour_session_keys(&s, "?");
	ck_assert(shows(&s, "keys of this pane"));
	ck_assert(shows(&s, "run to the cursor"));
	tour_session_keys(&s, "?");
	ck_assert(shows(&s, "all keys"));
	tui_key(s.t, KEY_END_);
	ck_assert(shows(&s, "leave the debugger; asks first"));
	tui_key(s.t, KEY_ESC_);
	ck_assert(!shows(&s, "all keys"));
	tour_session_close(&s);
}
END_TEST

START_TEST(marks_and_snapshots_come_back)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tour_session_keys(&s, "sssma{ssss");
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), 7);
	tour_session_keys(&s, "'a");
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), 3);
	tour_session_keys(&s, "ss[");
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), 3);
	tour_session_close(&s);
}
END_TEST

START_TEST(b_sets_a_breakpoint_at_the_cursor_and_takes_it_away)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tui_key(s.t, KEY_DOWN_);
	tui_key(s.t, KEY_DOWN_);
	tour_session_keys(&s, "b");
	ck_assert(shows(&s, "|B  7c02"));
	tour_session_keys(&s, "c");
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), 2);
	ck_assert(shows(&s, "|B> 7c02"));
	tour_session_keys(&s, "b");
	ck_assert(!shows(&s, "|B> 7c02"));
	tour_session_close(&s);
}
END_TEST

START_TEST(what_changed_is_marked)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tour_session_keys(&s, "ssss"); /* ... xor ax, ax */
	ck_assert(!shows(&s, "esp*"));
	tour_session_keys(&s, "S");
	ck_assert(shows(&s, "rbx*00000000756e6547"));
	tour_session_close(&s);
}
END_TEST

START_TEST(enter_in_the_history_goes_to_that_moment)
{
	struct tui_config c = { .ascii = true };
	const struct history_exit *e;
	struct tour_session s;

	tour_session_open(&s, &c);
	tour_session_keys(&s, "SSSS2jj");
	e = history_exit_get(&tui_session(s.t)->history, 2);
	ck_assert_ptr_nonnull(e);
	ck_assert(shows(&s, "exit #2   IO"));
	tui_key(s.t, '\n');
	ck_assert_uint_eq(vm_icount(tui_session(s.t)->vm), e->at);
	tour_session_keys(&s, "1");
	ck_assert(shows(&s, "| > 7cc7 out dx, al"));
	tour_session_close(&s);
}
END_TEST

START_TEST(clicks_choose_panes_and_views)
{
	struct tui_config c = { .ascii = true };
	struct tour_session s;

	tour_session_open(&s, &c);
	tui_draw(s.t);
	tui_mouse(s.t, 5, 50, 1); /* registers */
	tui_key(s.t, '?');
	ck_assert(shows(&s, "the register's name to the prompt"));
	tui_key(s.t, KEY_ESC_);
	tui_mouse(s.t, 1, 10, 1);
	ck_assert(shows(&s, "history"));
	tour_session_close(&s);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		text_is_cut_to_its_area,
		bytes_that_are_no_text_are_shown_as_such,
		wide_characters_are_never_halved,
		boxes_that_share_a_border_are_joined,
		every_style_stands_out_without_colour,
		views_fill_the_screen_and_keep_code_and_registers,
		sizes_have_their_kind,
		a_line_is_edited_as_readline_does,
		a_full_line_takes_no_more,
		older_lines_come_back,
		keys_step_and_go_back,
		the_prompt_runs_trap_and_verbs,
		only_q_and_y_leave,
		help_comes_from_the_keys,
		marks_and_snapshots_come_back,
		b_sets_a_breakpoint_at_the_cursor_and_takes_it_away,
		what_changed_is_marked,
		enter_in_the_history_goes_to_that_moment,
		clicks_choose_panes_and_views,
	};

	return unit_run("tui", tests, ARRAY_LEN(tests));
}
