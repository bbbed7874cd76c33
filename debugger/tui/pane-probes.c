/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-probes.c - probes, breakpoints and watchpoints that are armed.
 * Rule: a key acts by the same verbs that are typed, with the probe's own number.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/trap/run.h"
#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "Enter e", "enable or disable the probe" },
	{ "Del d", "delete it" },
	{ "left right", "move the text" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);
	struct trap_probe_info info;

	if (l) {
		lines_add(l, LINE_TITLE, " no  on   hits       what");
		for (int i = 0; p->s->trap && trap_probe_at(p->s->trap, i, &info); i++) {
			struct line *line = lines_add(
				l, info.enabled ? LINE_TEXT : LINE_DIM, "%3u  %-3s  %-9llu  ", info.number,
				info.enabled ? "yes" : "no", (unsigned long long)info.hits);

			line->about = ABOUT_PROBE;
			line->value = info.number;
			if (info.name)
				lines_more(l, "%s: ", info.name);
			lines_more(l, "%.*s", (int)strcspn(info.text ? info.text : "", "\n"),
				   info.text ? info.text : "");
		}
		if (l->n == 1)
			lines_add(l, LINE_DIM,
				  "none; b sets a breakpoint, :on exit(IO) { stop; } arms a probe");
		if (!p->at)
			p->at = 1;
	}
	line_pane_draw_wrapped(p, a);
}

static bool is_enabled(struct pane *p, u32 number)
{
	struct trap_probe_info info;

	for (int i = 0; p->s->trap && trap_probe_at(p->s->trap, i, &info); i++)
		if (info.number == number)
			return info.enabled;
	return false;
}

static bool key(struct pane *p, int key)
{
	const struct line *line = line_pane_at(p);
	bool toggle = key == KEY_ENTER_ || key == 'e', drop = key == KEY_DELETE_ || key == 'd';
	char text[40];

	if (!line || line->about != ABOUT_PROBE || (!toggle && !drop))
		return line_pane_key(p, key);
	snprintf(text, sizeof(text), "%s %llu",
		 drop                              ? "delete"
		 : is_enabled(p, (u32)line->value) ? "disable"
						   : "enable",
		 (unsigned long long)line->value);
	tui_command(p->tui, text);
	return true;
}

const struct pane_class pane_probes = {
	.name = "probes",
	.title = "probes and breakpoints",
	.book = "3.5",
	.help = help,
	.min_rows = 3,
	.min_cols = 34,
	.draw = draw,
	.key = key,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
