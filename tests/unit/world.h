/* SPDX-License-Identifier: GPL-3.0-or-later
 * world.h - two hosts, a link between them, a lock they can both reach, and a machine that moves from one to the other.
 * Rule: time is the world's own; a step of it gives each host that may run the machine its instructions, moves the link,
 * and lets both sides work.  What the machine is afterwards is compared with a twin that never moved.
 */
#ifndef VITRINE_TESTS_UNIT_WORLD_H
#define VITRINE_TESTS_UNIT_WORLD_H

#include "core/migrate/link.h"
#include "core/migrate/migrate.h"
#include "core/migrate/wire.h"
#include "tests/unit/past.h"

enum { SLICE_NS = 500000, SLICE_INSNS = 100, NOBODY = -1 };

struct world;

/* The lock: of whom, and who asks. */
struct key { struct owner owner; struct world *world; int side; };

struct world {
	struct rig *rig[SIDES];   /* NULL: the host has died, or has no machine */
	struct source *source;
	struct target *target;
	struct link *link;
	struct key key[SIDES];
	int holder;
	u64 now;
	u64 insns[SIDES];         /* that the machine has executed when it ran there */
	bool killed[SIDES];
};

static bool key_take(void *arg)
{
	struct key *k = arg;

	if (k->world->holder == NOBODY)
		k->world->holder = k->side;
	return k->world->holder == k->side;
}

static void key_give(void *arg)
{
	struct key *k = arg;

	ck_assert_int_eq(k->world->holder, k->side);
	k->world->holder = NOBODY;
}

static void rig_end(struct rig *r)
{
	if (!r)
		return;
	vm_destroy(r->vm);
	free(r);
}

static struct world *world_make(u64 run_before)
{
	struct world *w = calloc(1, sizeof(*w));

	for (int i = 0; i < SIDES; i++)
		w->key[i] = (struct key){ { key_take, key_give, &w->key[i] }, w, i };
	w->holder = NOBODY;
	w->rig[SIDE_SOURCE] = rig_make(false);
	vm_run(w->rig[SIDE_SOURCE]->vm, run_before, &err);
	w->insns[SIDE_SOURCE] = vm_icount(w->rig[SIDE_SOURCE]->vm);
	w->now = 1000000;
	return w;
}

/* A fresh machine waits at the target. */
static void world_migrate(struct world *w, const struct migrate_options *o, const struct link_options *l)
{
	w->link = link_open(l);
	w->rig[SIDE_TARGET] = rig_make(false);
	w->insns[SIDE_TARGET] = 0;
	w->killed[SIDE_TARGET] = false;
	ck_assert_msg(!source_open(&w->source, w->rig[SIDE_SOURCE]->vm, o, link_end(w->link, SIDE_SOURCE), &w->key[SIDE_SOURCE].owner,
				   w->now, &err), "%s", err.text);
	ck_assert_msg(!target_open(&w->target, w->rig[SIDE_TARGET]->vm, link_end(w->link, SIDE_TARGET), &w->key[SIDE_TARGET].owner,
				   o->timeout_ns, w->now, &err), "%s", err.text);
}

static void world_end_migration(struct world *w)
{
	source_close(w->source);
	target_close(w->target);
	link_close(w->link);
	w->source = NULL;
	w->target = NULL;
	w->link = NULL;
}

static void world_free(struct world *w)
{
	world_end_migration(w);
	for (int i = 0; i < SIDES; i++)
		rig_end(w->rig[i]);
	free(w);
}

/* A process ends at once: what it had, its lock included, is gone; its side of the link closes. */
static inline void world_kill(struct world *w, int side)
{
	w->killed[side] = true;
	if (w->holder == side)
		w->holder = NOBODY;
	link_cut(w->link);
	if (side == SIDE_SOURCE) {
		source_close(w->source);
		w->source = NULL;
	} else {
		target_close(w->target);
		w->target = NULL;
	}
	rig_end(w->rig[side]);
	w->rig[side] = NULL;
}

static void run_here(struct world *w, int side, u64 insns)
{
	struct vm *vm = w->rig[side]->vm;
	u64 before = vm_icount(vm);

	vm_run(vm, insns, &err);
	w->insns[side] += vm_icount(vm) - before;
}

static void world_step(struct world *w)
{
	u32 throttle = w->source ? source_status(w->source)->throttle : 0;

	w->now += SLICE_NS;
	ck_assert(!w->source || !w->target || !source_owns(w->source) || !target_owns(w->target));
	if (w->source && !source_holds(w->source))
		run_here(w, SIDE_SOURCE, SLICE_INSNS * (100 - throttle) / 100);
	if (w->target && target_owns(w->target) && !target_missing_pages(w->target))
		run_here(w, SIDE_TARGET, SLICE_INSNS);
	link_advance(w->link, w->now);
	if (w->source)
		source_work(w->source, w->now);
	if (w->target)
		target_work(w->target, w->now);
}

/* Until both sides have come to an end, or the time is over. */
static bool world_run(struct world *w, u64 most_ns)
{
	for (u64 end = w->now + most_ns; w->now < end;) {
		bool over = (!w->source || migrate_is_over(source_status(w->source))) &&
			    (!w->target || target_phase(w->target) >= TARGET_DONE);

		if (over)
			return true;
		world_step(w);
	}
	return false;
}

/* Who may run the machine: SIDE_SOURCE, SIDE_TARGET, or NOBODY. */
static int world_owner(const struct world *w)
{
	bool here = w->source && source_owns(w->source), there = w->target && target_owns(w->target);

	ck_assert(!(here && there));
	return here ? SIDE_SOURCE : there ? SIDE_TARGET : NOBODY;
}

/* What it would be had it never moved.  Rig and world end in the same state if they executed the same. */
static u64 twin_hash(u64 insns)
{
	struct rig *twin = rig_make(false);
	u64 hash;

	vm_run(twin->vm, insns, &err);
	ck_assert_uint_eq(vm_icount(twin->vm), insns);
	hash = vm_state_hash(twin->vm);
	rig_end(twin);
	return hash;
}

#endif
