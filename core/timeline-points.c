/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline-points.c - the points of a time line: made, restored, thinned out.
 * Rule: between two points that are neighbours the machine gets from the older to the newer one by running, unless that
 * one is hard.  So any point may go but a hard one in the middle, and the one on which memory is based.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/timeline-priv.h"

/* A point costs some 250 instructions' time for each page that it has to look at: a fiftieth of all is spent so, unless the
 * guest writes to very many. */
enum { GAP_MIN = 4 << 20, GAP_MAX = 12 << 20, INSNS_PER_PAGE = 250 * 50 };
enum { FRESH_POINTS = 8 /* not worth compressing: many of them will go soon */ };

struct point *point_before(const struct timeline *t, u64 icount)
{
	struct point *p = t->newest;

	while (p->older && point_icount(p) > icount)
		p = p->older;
	return p;
}

/* ---- the list ---- */

static void link_after(struct timeline *t, struct point *p, struct point *older)
{
	p->older = older;
	p->newer = older ? older->newer : t->first;
	*(p->older ? &p->older->newer : &t->first) = p;
	*(p->newer ? &p->newer->older : &t->newest) = p;
}

/* Its pages are somebody else's already. */
static void point_free(struct timeline *t, struct point *p)
{
	*(p->older ? &p->older->newer : &t->first) = p->newer;
	*(p->newer ? &p->newer->older : &t->newest) = p->older;
	t->bytes -= p->image->size + sizeof(*p);
	free(p->image);
	free(p);
}

static void set_image(struct timeline *t, struct point *p, struct image *image)
{
	t->bytes += image->size - (p->image ? p->image->size : 0);
	free(p->image);
	p->image = image;
}

static void set_gap(struct timeline *t)
{
	u64 gap = t->pages.looked * INSNS_PER_PAGE;

	t->gap = gap < GAP_MIN ? GAP_MIN : gap > GAP_MAX ? GAP_MAX : gap;
}

static struct point *new_point(struct timeline *t, struct image *image, struct point *older)
{
	struct point *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	t->bytes += sizeof(*p);
	set_image(t, p, image);
	link_after(t, p, older);
	return p;
}

static int no_memory(struct err *err)
{
	return err_set(err, ENOMEM, "no memory for a checkpoint");
}

static int take_again(struct timeline *t, struct point *p, struct image *image, bool hard, struct err *err)
{
	set_image(t, p, image);
	p->hard |= hard;
	t->base = p;
	return pages_take(&t->pages, p, false) ? no_memory(err) : 0;
}

static int make(struct timeline *t, bool hard, struct err *err)
{
	struct image *image = image_take(t->vm, err);
	struct point *older, *p;

	if (!image)
		return -ENOMEM;
	older = t->newest ? point_before(t, image->icount) : NULL;
	if (older && point_icount(older) == image->icount)
		return take_again(t, older, image, hard, err);
	p = new_point(t, image, older);
	if (!p) {
		free(image);
		return no_memory(err);
	}
	if (pages_take(&t->pages, p, !older)) {
		pages_forget(&t->pages, p);
		point_free(t, p);
		return no_memory(err);
	}
	p->hard = hard;
	t->base = p;
	if (older)
		set_gap(t);
	return 0;
}

int point_make_first(struct timeline *t, const struct checkpoint *c, struct err *err)
{
	struct image *image = image_take(t->vm, err);
	struct point *p = image ? new_point(t, image, NULL) : NULL;

	if (!p)
		return no_memory(err);
	t->base = p;
	return pages_take_kept(&t->pages, p, c->pages, c->n) ? no_memory(err) : 0;
}

void points_cut(struct timeline *t, u64 icount)
{
	while (t->newest && point_icount(t->newest) > icount) {
		pages_forget(&t->pages, t->newest);
		point_free(t, t->newest);
	}
}

void points_forget(struct timeline *t)
{
	while (t->newest) {
		pages_forget(&t->pages, t->newest);
		point_free(t, t->newest);
	}
	t->base = NULL;
}

/* ---- going there ---- */

int point_restore(struct timeline *t, struct point *p, struct err *err)
{
	struct vm *vm = t->vm;
	int rc = 0;

	for (u32 i = 0; i < vm->ncpus && rc >= 0; i++)
		rc = vcpu_settle(&vm->vcpu[i], err);
	if (rc < 0)
		return rc;
	image_put_devices(vm, p->image);
	pages_put(&t->pages, t->base, p);
	t->base = p;
	return image_put_processors(vm, p->image, err);
}

/* ---- thinning out ---- */

static u64 distance(u64 a, u64 b)
{
	return a < b ? b - a : a - b;
}

/* The point that is missed least: where the gap that it leaves is small against the way there. */
static struct point *least_missed(const struct timeline *t)
{
	u64 here = vm_icount(t->vm);
	struct point *least = NULL;
	double least_loss = 0;

	for (struct point *p = t->first->newer; p && p->newer; p = p->newer) {
		double gap = (double)(point_icount(p->newer) - point_icount(p->older));
		double loss = gap / ((double)distance(here, point_icount(p)) + GAP_MIN);

		if (p->hard || p == t->base || (least && loss >= least_loss))
			continue;
		least = p;
		least_loss = loss;
	}
	return least;
}

static void point_remove(struct timeline *t, struct point *p)
{
	pages_merge(&t->pages, p);
	point_free(t, p);
	tape_shorten(&t->tape, t->first->image->tape.at);
}

/* The oldest that has not been compressed, unless it is one of the latest. */
static bool pack_one(struct timeline *t)
{
	struct point *stop = t->newest;

	for (int i = 0; i < FRESH_POINTS && stop->older; i++)
		stop = stop->older;
	for (struct point *p = t->first; p != stop; p = p->newer)
		if (pages_pack(&t->pages, p))
			return true;
	return false;
}

static bool thin_out(struct timeline *t)
{
	struct point *p = least_missed(t);

	if (!p && t->first != t->base && t->first->newer)
		p = t->first;
	if (p)
		point_remove(t, p);
	return p;
}

static bool pack_all(struct timeline *t)
{
	for (struct point *p = t->first; p; p = p->newer)
		if (pages_pack(&t->pages, p))
			return true;
	return false;
}

void points_shrink(struct timeline *t)
{
	if (timeline_memory(t) > t->limit / 4 * 3) /* in good time, and piece by piece */
		pack_one(t);
	while (t->tape.bytes.len > t->limit / 4 && t->first != t->base && t->first->newer)
		point_remove(t, t->first);
	while (timeline_memory(t) > t->limit)
		if (!pack_one(t) && !thin_out(t) && !pack_all(t))
			break; /* the present alone takes more */
}

int point_make(struct timeline *t, bool hard, struct err *err)
{
	int rc = make(t, hard, err);

	points_shrink(t);
	return rc;
}
