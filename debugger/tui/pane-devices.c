/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-devices.c - the machine's devices; the one under the cursor is shown by the pane `device'.
 * Rule: the cursor is the choice; nobody else remembers which device is meant.
 */
#include <stdio.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

static const struct pane_key help[] = {
	{ "up down", "choose a device: its registers are beside" },
	{ "left right", "move the text" },
	{ 0 },
};

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);

	if (l)
		describe_devices(p->s, l);
	if (!p->at)
		p->at = 1; /* the first line is the title */
	line_pane_draw(p, a);
}

static bool expression(struct pane *p, char *text, size_t size)
{
	const struct line *line = line_pane_at(p);

	if (!line || line->about != ABOUT_DEVICE || line->value >= (u64)p->s->vm->ndevices)
		return false;
	snprintf(text, size, "device %s", p->s->vm->device[line->value]->name);
	return true;
}

const struct pane_class pane_devices = {
	.name = "devices",
	.title = "devices",
	.book = "6.1",
	.help = help,
	.min_rows = 3,
	.min_cols = 20,
	.draw = draw,
	.key = line_pane_key,
	.expression = expression,
	.open = line_pane_open_plain,
	.close = line_pane_close,
};
