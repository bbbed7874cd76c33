/* SPDX-License-Identifier: GPL-3.0-or-later
 * timeline.h - a machine's past: checkpoints in memory, and all that came from outside, so that it can be run again.
 * Rule: a point in time is a number of instructions (vm_icount); going there restores the nearest checkpoint below and
 * runs forward with the recorded inputs, and ends in the same state, bit for bit.
 *
 * A machine with a thread per vCPU, or on an engine without exact counts, has no timeline (-ENOTSUP).
 * While it is open the machine is run by timeline_run only.
 *
 * A point in time is the first boundary between instructions at which vm_icount is that number; what happens there later
 * (a timer fires, a rest passes) comes when the machine runs on.  No cache of an engine is part of a state: a guest that
 * lives by translations that its page tables do not hold any more (no INVLPG after a change) may find them gone.
 */
#ifndef VITRINE_CORE_TIMELINE_H
#define VITRINE_CORE_TIMELINE_H

#include "core/vm.h"

struct timeline;

struct timeline_config {
	/* bytes that all of it may take, 0 = 256 MiB: older points thin out.  One whole state is kept in any
	 * case */
	u64 memory;
};

/* From the machine's state now, which is the earliest that can be gone back to until checkpoints thin out. */
int timeline_open(struct timeline **t, struct vm *vm, const struct timeline_config *config, struct err *err);
void timeline_close(struct timeline *t);

/* As vm_run.  Where the machine stands in its past, recorded inputs come again until the latest point it has been at;
 * there the outside is asked again. */
enum stop_why timeline_run(struct timeline *t, u64 budget, struct err *err);
/* The earliest point that can be reached, and the latest the machine has been at. */
u64 timeline_first(const struct timeline *t);
u64 timeline_last(const struct timeline *t);
/* Go to a point of the past (or forward again, up to the latest).  Nobody is told of events on the way, nothing goes to
 * the console.  -ERANGE: out of what is recorded.  -EINTR, here and when searching: vm_request_stop was called meanwhile, and
 * the machine is where it was. */
int timeline_goto(struct timeline *t, u64 icount, struct err *err);
/* Go to the latest point in [from, now) at which a subscriber answers EV_STOP when the machine runs from there on: the
 * point where vm_run would have returned STOP_EVENT.  `searching` is true while it looks (subscribers must change nothing
 * else).  1: found, and the machine stands there; 0: nothing, and the machine is as before; or a negative errno. */
int timeline_search_back(struct timeline *t, u64 from, bool *searching, struct err *err);
/* The same, but only this subscriber is asked and told, whoever else is there; it may change nothing. */
struct timeline_search {
	u32 mask;              /* EV_BITs */
	event_fn fn;
	void (*begin)(void *arg); /* the machine stands where a stretch begins that is looked through; may be NULL */
	void *arg;
};
int timeline_search_alone(struct timeline *t, u64 from, const struct timeline_search *search, struct err *err);
/* The machine was changed by hand: what was recorded after now is forgotten. */
void timeline_changed(struct timeline *t);

/* A whole state that is kept until it is dropped, whatever it takes. */
struct checkpoint;
int timeline_keep(struct timeline *t, struct checkpoint **c, struct err *err);
/* from now on that is the present */
int timeline_restore(struct timeline *t, const struct checkpoint *c, struct err *err);
/* Only for one that was kept since the line began and lies on it: the machine stands there again, and nothing is forgotten. */
int timeline_put(struct timeline *t, const struct checkpoint *c, struct err *err);
void timeline_drop(struct timeline *t, struct checkpoint *c);
u64 checkpoint_icount(const struct checkpoint *c);
u64 checkpoint_time(const struct checkpoint *c);
/* For a time line on the screen: the i-th checkpoint of the ring, false after the last. */
bool timeline_checkpoint(const struct timeline *t, int i, u64 *icount, u64 *time);
u64 timeline_memory(const struct timeline *t); /* bytes that it takes now */

#endif
