/* SPDX-License-Identifier: GPL-3.0-or-later
 * link.h - a simulated link between two sides in one process, on virtual time: bandwidth, latency, jitter, loss, and
 * faults at chosen messages.
 * Rule: the same seed and the same calls give the same deliveries; nothing moves but by link_advance.
 *
 * It is a reliable stream, as TCP makes one: a lost segment comes later, and all that follows it too.  Faults are for what
 * TCP does not repair: they happen to whole messages.
 */
#ifndef VITRINE_CORE_MIGRATE_LINK_H
#define VITRINE_CORE_MIGRATE_LINK_H

#include "core/migrate/channel.h"
#include "core/base/buf.h"

struct link_options {
	u64 bandwidth;  /* bytes/s in each direction; 0 = without limit */
	u64 latency_ns; /* one way */
	u64 jitter_ns;  /* added at random, 0 to this; the order stays */
	u32 loss_ppm;   /* of segments of 1448 bytes */
	u64 seed;
};

enum link_fault { FAULT_NONE, FAULT_DROP, FAULT_DELAY, FAULT_TRUNCATE, FAULT_DUPLICATE, FAULT_CORRUPT, FAULT_CUT,
		  FAULT_STALL, FAULT_KILL_SENDER, FAULT_KILL_RECEIVER, LINK_FAULTS };
const char *link_fault_name(enum link_fault fault);

enum { SIDE_SOURCE, SIDE_TARGET, SIDES };
#define LINK_DELAY_NS 50000000ull   /* of FAULT_DELAY */

struct link;

struct link *link_open(const struct link_options *o);
void link_close(struct link *l);
/* What that side holds of it. */
struct channel *link_end(struct link *l, int side);
/* What is due by then arrives. */
void link_advance(struct link *l, u64 now);
/* When something arrives next; UINT64_MAX: nothing is on its way. */
u64 link_next(const struct link *l);
/* The n-th message (from 0) of this type meets that fate.  CUT and the kills break the link there, before it is delivered;
 * after STALL nothing more arrives.  One at a time. */
void link_set_fault(struct link *l, enum link_fault fault, u8 type, u32 n);
/* Has it happened?  With a kill: whoever drives both sides ends the one in question. */
bool link_fault_done(const struct link *l);
/* Both ends find it broken. */
void link_cut(struct link *l);

#endif
