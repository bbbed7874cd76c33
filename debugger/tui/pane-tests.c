/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-tests.c - the tests of the latest script: points, and why one failed.
 * Rule: Enter goes to the exit where the machine stood when the test failed, so the reason can be looked at.
 */
#include <stdio.h>

#include "debugger/trap/run.h"
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "Enter", "go to the exit where the test failed" },
	{ "left right", "move the text" },
	{ ":source FILE", "run a script" },
	{ 0 },
};

static void test_line(const struct trap_test *t, int i, struct lines *l, u64 *points, u64 *earned)
{
	struct line *line = lines_add(l, t->passed ? LINE_GOOD : LINE_BAD, "%-6s %3llu/%-3llu  %s",
				      t->passed ? "ok" : "FAILED", ULL(t->earned), ULL(t->points),
				      t->title ? t->title : "");

	line->about = ABOUT_TEST;
	line->value = (u64)i;
	*points += t->points;
	*earned += t->earned;
	if (t->passed)
		return;
	line = lines_add(l, LINE_TEXT, "                %s", t->reason);
	line->about = ABOUT_TEST;
	line->value = (u64)i;
	if (t->exit)
		lines_more(l, "  (exit #%llu, %.6f s)", ULL(t->exit), (double)t->time_ns / 1e9);
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);
	u64 points = 0, earned = 0;

	if (l) {
		int n = p->s->trap ? trap_ntests(p->s->trap) : 0;

		if (!n)
			lines_add(l, LINE_DIM, "no script with tests has run; :source FILE.trap runs one");
		else
			lines_add(l, LINE_TITLE, "result  points  test");
		for (int i = 0; i < n; i++) {
			const struct trap_test *t = trap_test_at(p->s->trap, i);

			if (t)
				test_line(t, i, l, &points, &earned);
		}
		if (n)
			lines_add(l, LINE_TITLE, "total  %3llu/%-3llu", ULL(earned), ULL(points));
	}
	line_pane_draw_wrapped(p, a);
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	const struct trap_test *t = line && line->about == ABOUT_TEST && p->s->trap
					    ? trap_test_at(p->s->trap, (int)line->value)
					    : NULL;
	const struct history_exit *e;
	char text[64];

	if (key != KEY_ENTER_ || !t)
		return line_pane_key(p, key);
	e = history_exit_get(&p->s->history, t->exit);
	if (!e) {
		session_say(p->s, SAY_ERROR, "exit #%llu is no longer in the history\n", ULL(t->exit));
		return true;
	}
	snprintf(text, sizeof(text), "goto %llu", ULL(e->at));
	tui_command(p->tui, text);
	return true;
}

const struct pane_class pane_tests = {
	.name = "tests",
	.title = "tests of the latest script",
	.book = "3.6",
	.help = help,
	.min_rows = 3,
	.min_cols = 34,
	.draw = draw,
	.key = key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
