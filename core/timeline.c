/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline.c - running a machine that remembers, and going back in what it remembers.
 * Rule: nobody outside can tell whether the machine is somewhere for the first time; only vm->past says so.
 *
 * The point of a run that an icount means is the first at which so many instructions have retired.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/timeline-priv.h"

enum { FINEST_GAP = 1 << 16, SEARCH_GAP = 1 << 18 };

/* ---- open and close ---- */

static int check(const struct vm *vm, struct err *err)
{
	const u32 needed = CAP_EXACT_BUDGET | CAP_COUNT_INSNS | CAP_DIRTY_LOG;

	if (vm->threads)
		return err_set(err, ENOTSUP, "a machine with a thread per processor cannot go back in time");
	if ((vm->engine->caps & needed) != needed)
		return err_set(err, ENOTSUP, "engine %s does not count instructions exactly, so its guest cannot go back in "
			       "time; expected interp", vm->engine->name);
	if (vm->no_past)
		return err_set(err, ENOTSUP, "this guest cannot go back in time: %s", vm->no_past);
	if (vm->tape)
		return err_set(err, EBUSY, "this guest is being recorded or replayed, and cannot go back in time as well");
	return 0;
}

int timeline_open(struct timeline **out, struct vm *vm, const struct timeline_config *config, struct err *err)
{
	struct timeline *t;
	int rc = check(vm, err);

	*out = NULL;
	if (rc)
		return rc;
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, ENOMEM, "no memory for a time line");
	t->vm = vm;
	t->limit = config && config->memory ? config->memory : 256 << 20;
	tape_insert(&t->tape, vm);
	rc = pages_open(&t->pages, vm, err);
	if (!rc)
		rc = point_make(t, true, err);
	if (!rc && timeline_memory(t) > t->limit)
		rc = err_set(err, ENOSPC, "the guest's memory alone takes %" PRIu64 " MiB, compressed; the time line may take %"
			     PRIu64 " MiB", timeline_memory(t) >> 20, t->limit >> 20);
	if (rc) {
		timeline_close(t);
		return rc;
	}
	t->tape.room = t->limit / 32;
	t->last = vm_icount(vm);
	t->gap = 4 << 20;
	*out = t;
	return 0;
}

void timeline_close(struct timeline *t)
{
	if (!t)
		return;
	while (t->kept)
		timeline_drop(t, t->kept);
	points_forget(t);
	pages_close(&t->pages);
	tape_remove(&t->tape, t->vm);
	t->vm->past = false;
	free(t);
}

/* ---- running ---- */

static u64 least(u64 a, u64 b)
{
	return a < b ? a : b;
}

/* Where the next point is wanted, or UINT64_MAX: not where the next one that is there is near enough. */
static u64 next_place(const struct timeline *t, u64 here)
{
	const struct point *p = point_before(t, here);
	u64 place = point_icount(p) + t->gap;

	if (place <= here)
		place = here + 1;
	return p->newer && place + t->gap / 2 > point_icount(p->newer) ? UINT64_MAX : place;
}

static struct point *next_hard(const struct timeline *t, u64 here)
{
	struct point *p = point_before(t, here)->newer;

	while (p && !p->hard)
		p = p->newer;
	return p;
}

enum stop_why timeline_advance(struct timeline *t, u64 end, struct err *err)
{
	struct vm *vm = t->vm;
	enum stop_why why = STOP_BUDGET;

	for (u64 here = vm_icount(vm); here < end && why == STOP_BUDGET; here = vm_icount(vm)) {
		struct point *hard = next_hard(t, here);
		u64 place = next_place(t, here), goal = least(end, place);

		vm->past = here < t->last;
		if (vm->past)
			goal = least(goal, t->last);
		if (hard)
			goal = least(goal, point_icount(hard));
		why = vm_run_piece(vm, goal == UINT64_MAX ? 0 : goal - here, err);
		here = vm_icount(vm);
		if (here > t->last)
			t->last = here;
		if (t->tape.forked) { /* from here on another future */
			timeline_changed(t);
			continue;
		}
		if (t->tape.full) {
			(void)point_make(t, false, NULL);
			t->tape.from = t->tape.here.at;
			t->tape.full = false;
			continue;
		}
		if (why != STOP_BUDGET || here < goal) /* it may be the moment that was wanted */
			break;
		if (hard && here == point_icount(hard) && point_restore(t, hard, err))
			why = STOP_ERROR;
		else if (here == place)
			(void)point_make(t, false, NULL); /* without it, going back takes longer */
	}
	vm->past = vm_icount(vm) < t->last;
	points_shrink(t); /* the tape has grown */
	return why;
}

/* Somebody has joined or left between two runs. */
static bool presence_changed(const struct timeline *t)
{
	return !tape_plays(&t->tape, t->vm) && !t->vm->past && t->tape.here.open != (t->vm->outside.poll != NULL);
}

enum stop_why timeline_run(struct timeline *t, u64 budget, struct err *err)
{
	u64 here = vm_icount(t->vm), end = budget && here + budget > here ? here + budget : UINT64_MAX;

	if (t->tape.by_hand || presence_changed(t))
		timeline_changed(t);
	t->vm->stop = timeline_advance(t, end, err);
	vm_tell_stop(t->vm);
	return t->vm->stop;
}

void timeline_changed(struct timeline *t)
{
	u64 here = vm_icount(t->vm);

	points_cut(t, here);
	tape_erase(&t->tape, t->vm);
	t->tape.by_hand = false;
	t->tape.here.open = t->vm->outside.poll != NULL;
	t->last = here;
	t->vm->past = false;
	for (struct checkpoint *c = t->kept; c; c = c->next)
		c->on_line &= c->image->icount < here;
	if (point_make(t, true, NULL)) { /* what is here cannot be reached by running: there is no past any more */
		points_forget(t);
		(void)point_make(t, true, NULL);
	}
}

/* ---- quietly ---- */

static void observe(struct vm *vm)
{
	for (u32 i = 0; i < vm->ncpus; i++)
		vm->engine->observe(&vm->vcpu[i]);
}

/* Let those who watch be told, or nobody. */
static void listen(struct timeline *t, bool on)
{
	struct vm *vm = t->vm;
	struct event_stream now = vm->events;

	vm->events = on ? t->told : (struct event_stream){ .seq = now.seq };
	vm->events.icount = now.icount;
	if (!on)
		t->told = now;
	observe(vm);
}

static void mute(struct timeline *t)
{
	t->put_byte = t->vm->put_byte;
	t->vm->put_byte = NULL;
	listen(t, false);
}

static void unmute(struct timeline *t)
{
	t->vm->put_byte = t->put_byte;
	listen(t, true);
	t->vm->events.stop = false;
	t->vm->past = vm_icount(t->vm) < t->last;
}

static enum stop_why advance_quietly(struct timeline *t, u64 end, struct err *err)
{
	u64 deadline = t->vm->deadline;
	enum stop_why why;

	t->vm->deadline = 0;
	why = timeline_advance(t, end, err);
	t->vm->deadline = deadline;
	t->asked |= why == STOP_USER;
	return why;
}

static int interrupted(struct err *err)
{
	return err_set(err, EINTR, "interrupted; the machine is where it was");
}

static int lost(struct timeline *t, enum stop_why why, u64 icount, struct err *err)
{
	if (why == STOP_ERROR)
		return err && err->code ? -err->code : -EIO;
	if (t->asked)
		return interrupted(err);
	return err_set(err, EIO, "on the way to instruction %" PRIu64 " the guest stopped at %" PRIu64 " (%s), as it did not "
		       "before", icount, vm_icount(t->vm), stop_why_name(why));
}

/* Forward to icount; who goes back a step may go back another, so points are made, ever closer towards the end. */
static int go_forward(struct timeline *t, u64 icount, bool closer, struct err *err)
{
	u64 way = icount - vm_icount(t->vm);
	enum stop_why why = STOP_BUDGET;

	for (u64 rest = way / 2; closer && rest > FINEST_GAP && why == STOP_BUDGET; rest /= 2) {
		why = advance_quietly(t, icount - rest, err);
		if (why == STOP_BUDGET)
			(void)point_make(t, false, NULL);
	}
	if (why == STOP_BUDGET)
		why = advance_quietly(t, icount, err);
	return vm_icount(t->vm) == icount && why != STOP_ERROR ? 0 : lost(t, why, icount, err);
}

/* ---- going back ---- */

static int go(struct timeline *t, u64 icount, struct err *err)
{
	u64 here = vm_icount(t->vm);
	struct point *p = point_before(t, icount);
	int rc = 0;

	if (icount < here || point_icount(p) > here)
		rc = point_restore(t, p, err);
	return rc ? rc : go_forward(t, icount, true, err);
}

/* What was not found, or was interrupted, leaves the machine where it was. */
static int put_back(struct timeline *t, const struct checkpoint *here, int rc, struct err *err)
{
	int back = timeline_put(t, here, rc < 0 ? NULL : err);

	return rc ? rc : back;
}

int timeline_goto(struct timeline *t, u64 icount, struct err *err)
{
	struct checkpoint *here;
	int rc;

	if (icount < timeline_first(t) || icount > t->last)
		return err_set(err, ERANGE, "instruction %" PRIu64 " is not in recorded time, which is %" PRIu64 " to %" PRIu64,
			       icount, timeline_first(t), t->last);
	rc = timeline_keep(t, &here, err);
	if (rc)
		return rc;
	t->asked = false;
	mute(t);
	rc = go(t, icount, err);
	if (rc == -EINTR)
		rc = put_back(t, here, rc, err);
	unmute(t);
	timeline_drop(t, here);
	return rc;
}

/* Run through [here, end) and count the stops; which of them was the latest that counts. */
static int count_stops(struct timeline *t, u64 from, u64 end, u64 now, u64 *latest, struct err *err)
{
	u64 n = 0;

	*latest = 0;
	while (vm_icount(t->vm) < end) {
		enum stop_why why = vm_run_piece(t->vm, end - vm_icount(t->vm), err);
		u64 at = vm_icount(t->vm);

		if (why == STOP_ERROR)
			return lost(t, why, end, err);
		t->asked |= why == STOP_USER;
		if (t->asked)
			return interrupted(err);
		if (why == STOP_EVENT && ++n && at >= from && at < now)
			*latest = n;
		if (why != STOP_EVENT && why != STOP_BUDGET)
			break; /* the guest had ended here */
	}
	return 0;
}

/* The same once more, until the n-th. */
static int repeat_stops(struct timeline *t, u64 end, u64 n, struct err *err)
{
	while (n) {
		enum stop_why why = vm_run_piece(t->vm, end - vm_icount(t->vm), err);

		t->asked |= why == STOP_USER;
		if (why != STOP_EVENT)
			return lost(t, why, end, err);
		n--;
	}
	return 0;
}

/* The condition may be slow to evaluate: so look only at a short stretch before `end`, and run up to that without it.
 * What becomes of the search's point: a later one. */
static int come_nearer(struct timeline *t, struct point **p, u64 end, struct err *err)
{
	int rc = 0;

	while (!rc && end - point_icount(*p) > 2 * SEARCH_GAP) {
		rc = point_restore(t, *p, err);
		if (!rc)
			rc = go_forward(t, end - (end - point_icount(*p)) / 2, false, err);
		if (!rc)
			rc = point_make(t, false, err);
		*p = t->base;
	}
	return rc ? rc : point_restore(t, *p, err);
}

static void begin_stretch(struct timeline *t)
{
	if (t->alone && t->alone->begin)
		t->alone->begin(t->alone->arg);
}

/* One stretch between two points, [*p, end): 1, 0 or a negative errno. */
static int search_stretch(struct timeline *t, struct point **p, u64 from, u64 end, u64 now, struct err *err)
{
	u64 n;
	int rc = come_nearer(t, p, end, err);

	if (rc)
		return rc;
	t->vm->past = true;
	listen(t, true);
	begin_stretch(t);
	rc = count_stops(t, from, end, now, &n, err);
	if (!rc && n)
		rc = point_restore(t, *p, err);
	if (!rc && n)
		begin_stretch(t);
	if (!rc && n)
		rc = repeat_stops(t, end, n, err);
	listen(t, false);
	return rc ? rc : n > 0;
}

static int search(struct timeline *t, u64 from, u64 now, struct err *err)
{
	u64 end = now;
	int rc = 0;

	for (struct point *p; !rc && end > from; end = point_icount(p)) {
		p = point_before(t, end - 1);
		if (point_icount(p) >= end) /* the first one, and nothing before it */
			break;
		rc = search_stretch(t, &p, from, end, now, err);
	}
	return rc;
}

int timeline_search_back(struct timeline *t, u64 from, bool *searching, struct err *err)
{
	u64 deadline = t->vm->deadline;
	struct checkpoint *here;
	int rc = timeline_keep(t, &here, err);

	if (rc)
		return rc;
	*searching = true;
	t->asked = false;
	t->vm->deadline = 0;
	mute(t);
	rc = search(t, from, vm_icount(t->vm), err);
	if (rc <= 0)
		rc = put_back(t, here, rc, err);
	unmute(t);
	t->vm->deadline = deadline;
	*searching = false;
	timeline_drop(t, here);
	return rc;
}

int timeline_search_alone(struct timeline *t, u64 from, const struct timeline_search *search, struct err *err)
{
	struct vm *vm = t->vm;
	struct event_stream others = vm->events;
	bool searching;
	int rc;

	vm->events = (struct event_stream){ .seq = others.seq, .icount = others.icount };
	t->alone = search;
	rc = vm_subscribe(vm, search->mask, search->fn, search->arg);
	if (rc >= 0)
		rc = timeline_search_back(t, from, &searching, err);
	t->alone = NULL;
	others.seq = vm->events.seq;
	others.icount = vm->events.icount;
	vm->events = others;
	observe(vm);
	return rc;
}
