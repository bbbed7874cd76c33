/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline-keep.c - checkpoints that somebody keeps, and what a time line tells of itself.
 * Rule: a kept checkpoint is whole: it needs no point, and outlives the line on which it was made.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/timeline-priv.h"

int timeline_keep(struct timeline *t, struct checkpoint **out, struct err *err)
{
	struct checkpoint *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return err_set(err, ENOMEM, "no memory for a checkpoint");
	if (t->tape.by_hand)
		timeline_changed(t);
	c->image = image_take(t->vm, err);
	c->pages = c->image ? pages_keep(&t->pages, t->base, &c->n) : NULL;
	if (!c->pages) {
		int rc = c->image ? err_set(err, ENOMEM, "no memory for a checkpoint") : -ENOMEM;

		free(c->image);
		free(c);
		return rc;
	}
	c->on_line = true;
	c->next = t->kept;
	t->kept = c;
	*out = c;
	return 0;
}

void timeline_drop(struct timeline *t, struct checkpoint *c)
{
	struct checkpoint **link = &t->kept;

	if (!c)
		return;
	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	pages_drop(&t->pages, c->pages, c->n);
	free(c->image);
	free(c);
}

static int put(struct timeline *t, const struct checkpoint *c, struct err *err)
{
	int rc = 0;

	for (u32 i = 0; i < t->vm->ncpus && rc >= 0; i++)
		rc = vcpu_settle(&t->vm->vcpu[i], err);
	if (rc < 0)
		return rc;
	image_put_devices(t->vm, c->image);
	pages_put_kept(&t->pages, t->base, c->pages, c->n);
	return image_put_processors(t->vm, c->image, err);
}

int timeline_put(struct timeline *t, const struct checkpoint *c, struct err *err)
{
	int rc = point_restore(t, point_before(t, c->image->icount), err);

	if (!rc)
		rc = put(t, c, err);
	t->vm->past = c->image->icount < t->last;
	return rc;
}

/* From another line, or from before the first point: a new line begins. */
static int begin_line(struct timeline *t, const struct checkpoint *c, struct err *err)
{
	struct tape_place nowhere = { .opening = c->image->openings ? c->image->openings - 1 : 0, .open = t->vm->outside.poll != NULL };
	int rc = put(t, c, err);

	if (rc)
		return rc;
	points_forget(t);
	t->tape.bytes.len = 0;
	t->tape.cut = 0;
	t->tape.here = nowhere;
	rc = point_make_first(t, c, err);
	for (struct checkpoint *each = t->kept; each; each = each->next) {
		each->on_line = each == c;
		if (each == c)
			each->image->tape = nowhere;
	}
	return rc;
}

int timeline_restore(struct timeline *t, const struct checkpoint *c, struct err *err)
{
	u64 icount = c->image->icount;
	int rc;

	t->tape.by_hand = false;
	if (c->on_line && icount >= timeline_first(t)) {
		rc = timeline_put(t, c, err);
		points_cut(t, icount);
		for (struct checkpoint *each = t->kept; each; each = each->next)
			each->on_line &= each->image->icount <= icount;
	} else {
		rc = begin_line(t, c, err);
	}
	tape_erase(&t->tape, t->vm);
	t->last = icount;
	t->vm->past = false;
	return rc;
}

/* ---- what it tells of itself ---- */

u64 checkpoint_icount(const struct checkpoint *c)
{
	return c->image->icount;
}

u64 checkpoint_time(const struct checkpoint *c)
{
	return c->image->time;
}

u64 timeline_first(const struct timeline *t)
{
	return point_icount(t->first);
}

u64 timeline_last(const struct timeline *t)
{
	return t->last;
}

bool timeline_checkpoint(const struct timeline *t, int i, u64 *icount, u64 *time)
{
	const struct point *p = t->first;

	while (p && i-- > 0)
		p = p->newer;
	if (!p)
		return false;
	*icount = point_icount(p);
	*time = p->image->time;
	return true;
}

u64 timeline_memory(const struct timeline *t)
{
	return t->pages.bytes + t->bytes + t->tape.bytes.cap;
}
