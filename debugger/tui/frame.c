/* SPDX-License-Identifier: GPL-3.0-or-later
 * frame.c - the whole screen: status, tabs, boxes with panes, prompt, keys.
 * Rule: every size of screen shows something sensible, and the prompt and the status are there on all of them.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

static void pane_draw(struct tui *t, struct pane *p, struct area box)
{
	struct area in = area_part(box, 1, 1, box.rows - 2, box.cols - 2);
	char title[128];
	i32 used;

	snprintf(title, sizeof(title), "%s", p->class->title);
	p->focus = p == tui_focused(t) && !t->prompting;
	if (p->class->title_text)
		p->class->title_text(p, title, sizeof(title));
	area_box(box, title, p == tui_focused(t));
	if (in.rows <= 0 || in.cols <= 0)
		return;
	p->class->draw(p, in);
	used = (i32)strlen(title);
	if (p->class == &pane_output || p->class == &pane_tour)
		timeline_draw(t, area_part(box, 0, used + 5, 1, box.cols - used - 7));
}

/* Which boxes: all of the view's, or the focused pane alone. */
static void place(struct tui *t, struct area a)
{
	const struct view *v = &views[t->view - 1];
	enum screen_size size = screen_size((i32)t->cells.rows, (i32)t->cells.cols);

	if (t->zoom || size == SCREEN_SMALL) {
		t->placed[0] = (struct placed){ tui_focused(t)->class, a };
		t->nplaced = 1;
		return;
	}
	t->nplaced = layout_place(size == SCREEN_LARGE ? v->large : v->normal, a, t->placed);
	for (int i = 0; i < t->nplaced; i++)
		t->placed[i].pane = tui_instead(t, t->placed[i].pane);
}

/* Which of the view's pages, for screens that show one at a time: "code 1/5". */
static void page_draw(struct tui *t, struct area a)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);
	const char *name = tui_focused(t)->class->name;

	area_printf(a, 0, 0, STYLE_KEY, " %d %s: %s, page %d of %d, Tab turns", t->view, views[t->view - 1].name, name,
		    t->focus[t->view] + 1, n);
}

static void keys_draw(struct tui *t, struct area a)
{
	struct buf hints = { 0 };

	if (t->confirm_quit) {
		area_put(a, 0, 0, STYLE_WARN, " Leave? The guest's past and all unsaved is lost.  y leaves, other keys stay");
		return;
	}
	if (*t->message) {
		area_put(a, 0, 1, STYLE_WARN, t->message);
		return;
	}
	keymap_hints(t, &hints);
	if (hints.len && buf_text(&hints))
		area_put(a, 0, 0, STYLE_KEY, buf_text(&hints));
	buf_free(&hints);
}

/* Prompt and status, on a screen of a few lines; on one line, the prompt alone. */
static void tiny_draw(struct tui *t, struct area all)
{
	i32 last = all.rows - 1;

	prompt_draw(t, area_part(all, last, 0, 1, all.cols));
	if (all.rows < 2)
		return;
	status_draw(t, area_part(all, 0, 0, 1, all.cols));
	if (all.rows > 2 && (*t->message || t->confirm_quit))
		keys_draw(t, area_part(all, --last, 0, 1, all.cols));
	if (last > 1) {
		struct pane p = *tui_pane(t, &pane_output);
		p.class->draw(&p, area_part(all, 1, 0, last - 1, all.cols));
	}
}

void tui_frame(struct tui *t)
{
	struct area all = area_whole(&t->cells), panes;
	enum screen_size size = screen_size(all.rows, all.cols);

	if (!all.rows || !all.cols)
		return;
	if (size == SCREEN_TINY) {
		t->nplaced = 0;
		tiny_draw(t, all);
	} else {
		panes = area_part(all, 2, 0, all.rows - 4, all.cols);
		status_draw(t, area_part(all, 0, 0, 1, all.cols));
		if (size == SCREEN_SMALL)
			page_draw(t, area_part(all, 1, 0, 1, all.cols));
		else
			tabs_draw(t, area_part(all, 1, 0, 1, all.cols));
		place(t, panes);
		for (int i = 0; i < t->nplaced; i++)
			pane_draw(t, tui_pane(t, t->placed[i].pane), t->placed[i].box);
		prompt_draw(t, area_part(all, all.rows - 2, 0, 1, all.cols));
		keys_draw(t, area_part(all, all.rows - 1, 0, 1, all.cols));
	}
	if (t->popup.open)
		popup_draw(t);
}
