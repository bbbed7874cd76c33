/* SPDX-License-Identifier: GPL-3.0-or-later
 * watches.h - the places of memory at which somebody wants to be told of an access by a processor.
 * Rule: only pages that hold a watched byte are slow; vm_watch_set and vm_watch_clear keep the list.
 */
#ifndef VITRINE_CORE_WATCHES_H
#define VITRINE_CORE_WATCHES_H

#include "core/base/types.h"

enum { WATCHES = 32 };
enum watch_kind { WATCH_READ = 1, WATCH_WRITE = 2 };

struct watch {
	u64 at, len;   /* linear, or guest-physical; len is not 0, and at + len - 1 does not overflow */
	u8 kinds;      /* enum watch_kind; 0 = a free place */
	bool physical;
};

struct watches {
	struct watch at[WATCHES];
	u32 users[WATCHES]; /* who set the same one */
	int n;              /* used places are 0 .. n - 1 */
	u32 changes;        /* of the list so far: translations held under another list are stale */
};

/* Which of its kinds of access have a watch in [lin, lin+n), which lies at gpa?  n is not 0. */
static inline u8 watches_over(const struct watches *w, u64 lin, u64 gpa, u64 n)
{
	u8 kinds = 0;

	for (int i = 0; i < w->n; i++) {
		const struct watch *x = &w->at[i];
		u64 first = x->physical ? gpa : lin;

		if (first <= x->at + (x->len - 1) && x->at <= first + (n - 1))
			kinds |= x->kinds;
	}
	return kinds;
}

#endif
