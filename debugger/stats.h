/* SPDX-License-Identifier: GPL-3.0-or-later
 * stats.h - `--stats`: how often the guest exits, how long the host takes, how far it runs in between.
 * Rule: events carry no host time, on purpose; so the measuring is an engine in front of the engine, which reads
 * the host's clock where the real one returns and where it is entered again.
 */
#ifndef VITRINE_DEBUGGER_STATS_H
#define VITRINE_DEBUGGER_STATS_H

#include <jansson.h>
#include <stdio.h>

#include "core/engine.h"
#include "core/exit.h"

struct vm;
struct mem;
enum { STATS_BUCKETS = 40 }; /* bucket b counts values in [2^b, 2^(b+1)); bucket 0 also zero */

struct stats {
	struct engine timed;       /* give this to the machine */
	const struct engine *real;
	u64 left_ns;               /* host time of the latest exit; 0 = none waits */
	u16 left_reason;
	u64 last_icount;           /* of the exit before */
	u64 total;
	struct mem *logging;       /* whose written pages are counted, or NULL */
	u64 written;               /* how many there were */
	struct reason_stats { u64 count, ns[STATS_BUCKETS], insns[STATS_BUCKETS]; } reason[EXIT_COUNT];
};

/* Must stay where it is while a machine uses s->timed.  icount: where counting starts.  log: whose written pages are to be
 * counted, too, by the dirty log, which then has no other user; or NULL.  stop: reads it; -ENOMEM. */
void stats_init(struct stats *s, const struct engine *real);
int stats_start(struct stats *s, u64 icount, struct mem *log, struct err *err);
int stats_stop(struct stats *s);
/* Tables of at most 80 columns. */
void stats_print(const struct stats *s, const struct vm *vm, FILE *out);
/* {"I/O instruction": {"count": n, "host_ns": [...], "insns": [...]}, ...}; NULL without memory. */
json_t *stats_json(const struct stats *s);
/* {"paging": "ept", "dirty_log": "own", "walk_guest_entries": n, ...}: session/figures.h */
json_t *stats_figures_json(const struct stats *s, const struct vm *vm);

#endif
