/* SPDX-License-Identifier: GPL-3.0-or-later
 * matrix.c - every message of a migration meets every fate.  Usage: matrix
 * Rule: afterwards there is exactly one machine that may be run, and it is what its twin is that never moved; "failed" is
 * said only when the source may run it again; and the next migration succeeds.  A machine whose own host has died before
 * it was given away is gone, as it would be without any migration: then nobody may run it.
 */
#include <stdio.h>

#include "tests/unit/world.h"

#define SECOND 1000000000ull
enum { BEFORE = 200000, OCCURRENCES = 3 };

static const struct link_options lan = { .bandwidth = 200 << 20, .latency_ns = 300000 };
static int passed, failed;

struct cell {
	enum migrate_mode mode;
	enum link_fault fault;
	u8 message;
	u32 n;
};

static void complain(const struct cell *c, const struct world *w, const char *what)
{
	failed++;
	printf("FAILED %s, %s of %s number %u: %s; source %s (%s), target %s (%s)\n", c->mode == MIGRATE_POSTCOPY ? "post-copy" : "pre-copy",
	       link_fault_name(c->fault), message_name(c->message), (unsigned)c->n, what,
	       w->source ? migrate_phase_name(source_status(w->source)->phase) : "dead", w->source ? source_status(w->source)->reason : "",
	       w->target ? target_phase_name(target_phase(w->target)) : "dead", w->target ? target_reason(w->target) : "");
}

static struct migrate_options options(enum migrate_mode mode, bool digest)
{
	return (struct migrate_options){ .mode = mode, .timeout_ns = SECOND / 5, .downtime_ns = SECOND / 50, .digest = digest };
}

/* The fault has just struck: a kill is the world's to carry out. */
static void carry_out(struct world *w, const struct cell *c)
{
	bool of_source = message_of_source(c->message);

	if (c->fault == FAULT_KILL_SENDER)
		world_kill(w, of_source ? SIDE_SOURCE : SIDE_TARGET);
	if (c->fault == FAULT_KILL_RECEIVER)
		world_kill(w, of_source ? SIDE_TARGET : SIDE_SOURCE);
}

/* In post-copy a lost link is made again, as often as it takes. */
static void mend(struct world *w)
{
	struct link *old = w->link;

	if (!w->source || !w->target || source_status(w->source)->phase != PHASE_LOST || target_phase(w->target) < TARGET_LOST)
		return;
	w->link = link_open(&lan);
	source_reconnect(w->source, link_end(w->link, SIDE_SOURCE), w->now);
	target_reconnect(w->target, link_end(w->link, SIDE_TARGET), w->now);
	link_close(old);
}

static bool is_over(const struct world *w)
{

	return (!w->source || migrate_is_over(source_status(w->source))) && (!w->target || target_phase(w->target) >= TARGET_DONE);
}

static void run(struct world *w, const struct cell *c)
{
	bool struck = false;

	for (u64 end = w->now + 4 * SECOND; w->now < end && !is_over(w);) {
		world_step(w);
		if (!struck && link_fault_done(w->link)) {
			struck = true;
			carry_out(w, c);
		}
		mend(w);
	}
}

/* Is it the machine that it would be? */
static bool is_whole(struct world *w, int side)
{
	u64 insns = w->insns[SIDE_SOURCE] + (side == SIDE_TARGET ? w->insns[SIDE_TARGET] : 0);

	return vm_state_hash(w->rig[side]->vm) == twin_hash(insns);
}

/* The machine is where it is; it moves once more, without trouble. */
static bool moves_again(struct world *w, int side)
{
	struct migrate_options o = options(MIGRATE_PRECOPY, true);
	bool ok;

	world_end_migration(w);
	if (side == SIDE_TARGET) {
		rig_end(w->rig[SIDE_SOURCE]);
		w->rig[SIDE_SOURCE] = w->rig[SIDE_TARGET];
		w->insns[SIDE_SOURCE] += w->insns[SIDE_TARGET];
		w->holder = SIDE_SOURCE;
	} else {
		rig_end(w->rig[SIDE_TARGET]);
	}
	w->rig[SIDE_TARGET] = NULL;
	world_migrate(w, &o, &lan);
	ok = world_run(w, 4 * SECOND) && world_owner(w) == SIDE_TARGET;
	for (int i = 0; i < 5; i++)
		world_step(w);
	return ok && is_whole(w, SIDE_TARGET);
}

/* May there be no machine left?  Only if the process that had it, or all of its memory, was killed. */
static bool may_be_gone(const struct world *w, const struct cell *c)
{
	return w->killed[SIDE_SOURCE] && (!w->target || target_phase(w->target) == TARGET_DISCARDED ||
					  (c->mode == MIGRATE_POSTCOPY && target_phase(w->target) == TARGET_LOST));
}

static void check(struct world *w, const struct cell *c)
{
	int owner = world_owner(w);

	if (may_be_gone(w, c) && owner != SIDE_SOURCE) {
		passed++;
		return;
	}
	if (!is_over(w) || owner == NOBODY) {
		complain(c, w, owner == NOBODY ? "nobody may run the machine" : "it does not come to an end");
		return;
	}
	for (int i = 0; i < 5; i++)
		world_step(w);
	if (w->source && source_status(w->source)->phase == PHASE_FAILED && !source_owns(w->source))
		complain(c, w, "failed, and not running at the source");
	else if (!is_whole(w, owner))
		complain(c, w, "the machine is not what its twin is");
	else if (!moves_again(w, owner))
		complain(c, w, "a second migration does not succeed");
	else
		passed++;
}

/* False: there was no such message. */
static bool try(const struct cell *c)
{
	struct migrate_options o = options(c->mode, c->mode == MIGRATE_PRECOPY);
	struct world *w = world_make(BEFORE);
	bool struck;

	seed = 1;
	world_migrate(w, &o, &lan);
	link_set_fault(w->link, c->fault, c->message, c->n);
	if (c->message == MSG_CANCEL) {
		for (int i = 0; i < 30; i++)
			world_step(w);
		source_cancel(w->source, w->now, &err);
	}
	run(w, c);
	struck = link_fault_done(w->link) || w->killed[SIDE_SOURCE] || w->killed[SIDE_TARGET];
	if (struck)
		check(w, c);
	world_free(w);
	return struck;
}

START_TEST(every_message_meets_every_fate)
{
	static const enum migrate_mode modes[] = { MIGRATE_PRECOPY, MIGRATE_POSTCOPY };

	for (unsigned m = 0; m < ARRAY_LEN(modes); m++)
		for (u8 message = 1; message < MSG_END; message++)
			for (int fault = FAULT_DROP; fault < LINK_FAULTS; fault++)
				for (u32 n = 0; n < OCCURRENCES; n++)
					if (!try(&(struct cell){ modes[m], (enum link_fault)fault, message, n }))
						break;
}
END_TEST

/* The machines of past.h speak to Check, which wants to be asked to run a test; the counting is ours. */
int main(void)
{
	const TTest *const tests[] = { every_message_meets_every_fate };

	setenv("CK_FORK", "no", 1);
	setenv("CK_DEFAULT_TIMEOUT", "0", 1);
	if (unit_run("matrix", tests, ARRAY_LEN(tests)))
		failed++;
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}
