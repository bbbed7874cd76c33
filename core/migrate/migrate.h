/* SPDX-License-Identifier: GPL-3.0-or-later
 * migrate.h - moving a machine while it runs: what is asked for, how far it is, and the two sides.
 * Rule: at every moment at most one side may run the machine, and whoever may is the one that holds it: source_owns,
 * target_owns.  The machine is reported as not moved only when the source may run it again.
 *
 * Pre-copy: the source copies memory in rounds, each sending what was written during the one before, until the rest fits
 * the time the guest may stand still; then it stops the guest, sends the rest and its state, and hands it over.
 * Post-copy: it hands the machine over early, and the pages follow, those first that the machine waits for.
 *
 * Both sides are driven: _work does what can be done at this moment without waiting, while the guest stands still
 * between two instructions.  `now` is anybody's clock that does not go back: the host's, or a simulated one's.
 */
#ifndef VITRINE_CORE_MIGRATE_MIGRATE_H
#define VITRINE_CORE_MIGRATE_MIGRATE_H

#include "core/base/err.h"
#include "core/migrate/channel.h"
#include "core/migrate/owner.h"
#include "core/migrate/parcel.h"

struct vm;

enum { MIGRATE_VERSION = 1, MIGRATE_VERSION_MIN = 1, MIGRATE_ROUNDS = 256 /* kept for the table */ };

enum migrate_mode { MIGRATE_PRECOPY, MIGRATE_POSTCOPY, MIGRATE_HYBRID /* pre-copy that turns to post-copy if it does not converge */ };

struct migrate_options {
	enum migrate_mode mode;
	u64 bandwidth;       /* bytes/s at most; 0: what the channel takes */
	u64 downtime_ns;     /* that the guest may stand still; 0 = 300 ms */
	u64 timeout_ns;      /* of silence until the other side counts as lost; 0 = 5 s */
	u64 delta_bytes;     /* cache for deltas; 0: none */
	u32 rounds;          /* hybrid: turn to post-copy after so many; 0 = 8 */
	bool pack;           /* compress pages with zstd */
	bool throttle;       /* slow the guest down while it writes faster than can be sent (auto-converge) */
	bool digest;         /* compare a hash of all memory before the hand-over; it takes time in which the guest stands still */
	bool time_goes_on;   /* the guest's clock moves by the time it stood still */
	bool paused;         /* nobody runs the machine: the target shall not, either */
};

enum migrate_phase {
	PHASE_HELLO,    /* the two sides get to know each other */
	PHASE_COPYING,  /* rounds */
	PHASE_STOPPED,  /* the guest stands still: its last pages and its state */
	PHASE_HANDOVER, /* given away, and not yet known to be taken */
	PHASE_FETCHING, /* the target runs it, pages follow */
	PHASE_LOST,     /* the link is gone while pages are missing: connect again */
	PHASE_DOUBT,    /* given away, nothing heard, and no lock to ask: somebody has to look */
	PHASE_DONE, PHASE_CANCELLED, PHASE_FAILED,
	MIGRATE_PHASES,
};
const char *migrate_phase_name(enum migrate_phase phase);

struct migrate_round {
	u32 number;      /* from 1 */
	u64 pages;       /* sent in it */
	u64 bytes;
	u64 time_ns;
	u64 dirtied;     /* pages that the guest wrote meanwhile */
	u64 predicted_ns; /* how long it would stand still if it were stopped now */
};

struct migrate_status {
	enum migrate_phase phase;
	enum migrate_mode mode;
	u64 started_ns, stopped_ns, moved_ns, ended_ns; /* by the driver's clock; 0 = not yet */
	u64 downtime_ns, predicted_ns;
	u64 bytes, pages, remaining; /* sent; pages still to be sent */
	u64 rate;            /* bytes/s of late */
	u64 requests;        /* pages that the target has asked for */
	u32 rounds, throttle; /* throttle: percent of its time that the guest is not given */
	struct migrate_round round[MIGRATE_ROUNDS]; /* the latest: number n is at n % MIGRATE_ROUNDS */
	u64 form_pages[PAGE_FORMS], form_bytes[PAGE_FORMS], cache_hits, cache_misses;
	char reason[320]; /* why it is where it is, in a sentence; "" if nothing is wrong */
};
/* Seen from the source: has it come to an end? */
static inline bool migrate_is_over(const struct migrate_status *s) { return s->phase >= PHASE_DONE; }

/* ---- the side that has the machine ---- */

struct source;

/* Between runs of the VM, which runs on meanwhile as long as source_owns and not source_holds.  channel and owner (NULL: no
 * lock) must outlive it.  -EBUSY: the lock is another's. */
int source_open(struct source **s, struct vm *vm, const struct migrate_options *o, struct channel *channel, struct owner *owner,
		u64 now, struct err *err);
void source_close(struct source *s);
void source_work(struct source *s, u64 now);
const struct migrate_status *source_status(const struct source *s);
/* May the source run the machine?  (It may have to stand still all the same: source_holds.) */
bool source_owns(const struct source *s);
/* Must the guest stand still now? */
bool source_holds(const struct source *s);
/* Call it off.  -EALREADY: too late, it has been given away, or is over. */
int source_cancel(struct source *s, u64 now, struct err *err);
/* Hand over now, the rest follows.  -EALREADY as above. */
int source_postcopy(struct source *s, struct err *err);
/* The link is gone (PHASE_LOST): here is another. */
void source_reconnect(struct source *s, struct channel *channel, u64 now);
/* PHASE_DOUBT: somebody has looked, and the target does not run it, or does. */
void source_resolve(struct source *s, bool runs_there, u64 now);

/* ---- the side that gets it ---- */

struct target;

enum target_phase { TARGET_WAITING, TARGET_RECEIVING, TARGET_READY, TARGET_FETCHING, TARGET_LOST, TARGET_DONE, TARGET_DISCARDED };
const char *target_phase_name(enum target_phase phase);

/* Into a machine built with the same options and not yet run.  timeout_ns: as in migrate_options. */
int target_open(struct target **t, struct vm *vm, struct channel *channel, struct owner *owner, u64 timeout_ns, u64 now,
		struct err *err);
void target_close(struct target *t);
void target_work(struct target *t, u64 now);
enum target_phase target_phase(const struct target *t);
/* Why it is where it is; "" if nothing is wrong. */
const char *target_reason(const struct target *t);
/* May the target run the machine? */
bool target_owns(const struct target *t);
/* Was it running when it was stopped at the source?  A paused machine stays paused. */
bool target_was_running(const struct target *t);
/* Is this frame's content still at the source?  Then it is asked for, and the machine has to wait. */
bool target_missing(const struct target *t, u64 frame);
void target_want(struct target *t, u64 frame);
u64 target_missing_pages(const struct target *t);
/* A source that has lost the link is there again (TARGET_LOST, or TARGET_DONE if it has not heard that). */
void target_reconnect(struct target *t, struct channel *channel, u64 now);

#endif
