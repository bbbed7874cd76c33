/* SPDX-License-Identifier: GPL-3.0-or-later
 * breaks.h - the addresses at which somebody wants to be told before the instruction there executes.
 * Rule: whoever executes asks only while the list is not empty; vm_break_set and vm_break_clear keep it.
 */
#ifndef VITRINE_CORE_BREAKS_H
#define VITRINE_CORE_BREAKS_H

#include "core/base/types.h"

enum { BREAKS = 64 };

struct breaks {
	u64 at[BREAKS]; /* linear addresses, none twice */
	u32 users[BREAKS]; /* who set the same one */
	int n;
	u32 moves;      /* of the machine to another point in time: whoever was told of one there is told again */
	u32 changes;    /* of the list so far: what was decoded under another list is stale */
};

/* Is there one at this linear address? */
static inline bool breaks_at(const struct breaks *b, u64 lin)
{
	for (int i = 0; i < b->n; i++)
		if (b->at[i] == lin)
			return true;
	return false;
}

/* Or at the same place of another page?  Decoded code is found by its physical address, and paging keeps the low
 * twelve bits: so this is all that code can know about the linear addresses under which it will be reached. */
static inline bool breaks_near(const struct breaks *b, u64 address)
{
	for (int i = 0; i < b->n; i++)
		if (!((b->at[i] ^ address) & 4095))
			return true;
	return false;
}

#endif
