/* SPDX-License-Identifier: GPL-3.0-or-later
 * rounds.h - when to stop copying: the arithmetic of pre-copy.
 * Rule: a prediction is made of what was measured, and says so by being wrong when the guest changes its mind.
 */
#ifndef VITRINE_CORE_MIGRATE_ROUNDS_H
#define VITRINE_CORE_MIGRATE_ROUNDS_H

#include "core/migrate/migrate.h"

/* Bytes/s of the round: 0 if it was too short to tell. */
u64 round_rate(const struct migrate_round *r);
/* How long the guest would stand still, if what it dirtied in this round were all that is left: at the round's rate,
 * and its average size of a page, and the state besides. */
u64 round_predict(const struct migrate_round *r, u64 state_bytes, u64 rate_limit);
/* Does the guest write about as fast as we send? (It wrote, in the round, more than half of what was sent in it.) */
bool round_hopeless(const struct migrate_round *r);
/* The next step of slowing it down, in percent: 20, then 10 more each time, at most 99. */
u32 throttle_more(u32 percent);

#endif
