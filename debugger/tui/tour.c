/* SPDX-License-Identifier: GPL-3.0-or-later
 * tour.c - the guided tour: its steps, its guest, and the pane that tells.
 * Rule: a step is over when its key was pressed, by whatever the user made of it.
 */
#include "debugger/tui/tour.h"

#include <stdio.h>

#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

#define STEP(key, run, a, b) { key, run, { a, b } },
const struct tour_step tour_steps[] = {
#include "debugger/tui/tour.def"
};
const int tour_nsteps = ARRAY_LEN(tour_steps);

const u8 tour_guest[TOUR_GUEST] = {
#include "debugger/tui/tour-guest.inc"
};

bool tour_key(struct tui *t, int key)
{
	if (!t->config.tour || t->tour_step >= tour_nsteps - 1 || key != tour_steps[t->tour_step].key)
		return false;
	t->tour_step++;
	if (*tour_steps[t->tour_step].run)
		tui_run_line(t, tour_steps[t->tour_step].run, false);
	return true;
}

static void draw(struct pane *p, struct area a)
{
	const struct tour_step *step = &tour_steps[p->tui ? p->tui->tour_step : 0];

	p->rows = a.rows;
	area_put(a, 0, 1, STYLE_TEXT, step->text[0]);
	area_put(a, 1, 1, STYLE_TEXT, step->text[1]);
}

static void title(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "tour %d of %d", (p->tui ? p->tui->tour_step : 0) + 1, tour_nsteps);
}

const struct pane_class pane_tour = {
	.name = "tour", .title = "tour", .min_rows = 2, .min_cols = 78, .draw = draw, .title_text = title,
};
