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
enum { STATS_BUCKETS = 40 }; /* bucket b counts values in [2^b, 2^(b+1)); bucket 0 also zero */

struct stats {
	struct engine timed;       /* give this to the machine */
	const struct engine *real;
	u64 left_ns;               /* host time of the latest exit; 0 = none waits */
	u16 left_reason;
	u64 last_icount;           /* of the exit before */
	u64 total;
	struct reason_stats { u64 count, ns[STATS_BUCKETS], insns[STATS_BUCKETS]; } reason[EXIT_COUNT];
};

/* Must stay where it is while a machine uses s->timed.  icount: where counting starts. */
void stats_init(struct stats *s, const struct engine *real);
void stats_start(struct stats *s, u64 icount);
/* Tables of at most 80 columns. */
void stats_print(const struct stats *s, const struct vm *vm, FILE *out);
/* {"I/O instruction": {"count": n, "host_ns": [...], "insns": [...]}, ...}; NULL without memory. */
json_t *stats_json(const struct stats *s);

#endif
