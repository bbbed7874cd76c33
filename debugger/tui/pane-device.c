/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-device.c - the registers of one device, from its state list, and which of them changed.
 * Rule: before the guest moves, every device's state is copied; changes are marked against that copy.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "debugger/tui/pane-lines.h"
#include "debugger/tui/panes.h"

struct device_pane {
	struct line_pane base;
	u8 *before[VM_DEVICES]; /* copies of the states; NULL: none yet */
	u32 size[VM_DEVICES];
};

static const struct pane_key help[] = {
	{ "left right", "move the text" },
	{ "*", "beside a register: changed by the last step" },
	{ 0 },
};

static void open_pane(struct pane *p)
{
	line_pane_open(p, sizeof(struct device_pane));
}

static void close_pane(struct pane *p)
{
	struct device_pane *own = p->own;

	for (int i = 0; own && i < VM_DEVICES; i++)
		free(own->before[i]);
	line_pane_close(p);
}

static void moving(struct pane *p)
{
	struct device_pane *own = p->own;
	const struct vm *vm = p->s->vm;

	for (int i = 0; own && i < vm->ndevices; i++) {
		u32 size = vm->device[i]->class->layout->size;

		if (size != own->size[i]) {
			free(own->before[i]);
			own->before[i] = malloc(size);
			own->size[i] = own->before[i] ? size : 0;
		}
		if (own->before[i])
			memcpy(own->before[i], vm->device[i]->state, size);
	}
}

/* The device that is chosen in the list, if there is one on the screen. */
static int chosen(struct pane *p)
{
	struct pane *list = p->tui ? tui_pane(p->tui, &pane_devices) : NULL;
	const struct line *line = list ? line_pane_at(list) : NULL;

	if (line && line->about == ABOUT_DEVICE)
		return (int)line->value;
	return p->address < (u64)p->s->vm->ndevices ? (int)p->address : 0;
}

static void draw(struct pane *p, struct area a)
{
	struct lines *l = line_pane_begin(p);
	struct device_pane *own = p->own;
	int i = chosen(p);

	if (l && i < p->s->vm->ndevices) {
		const struct device *d = p->s->vm->device[i];

		describe_device(p->s, d, own->size[i] == d->class->layout->size ? own->before[i] : NULL, l);
	}
	line_pane_draw_wrapped(p, a);
}

static void title_text(struct pane *p, char *text, size_t size)
{
	int i = chosen(p);

	snprintf(text, size, "%s", i < p->s->vm->ndevices ? p->s->vm->device[i]->name : "device");
}

const struct pane_class pane_device = {
	.name = "device",
	.title = "device",
	.book = "6.2",
	.help = help,
	.min_rows = 3,
	.min_cols = 40,
	.draw = draw,
	.key = line_pane_key,
	.title_text = title_text,
	.open = open_pane,
	.close = close_pane,
	.moving = moving,
};
