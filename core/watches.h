/* SPDX-License-Identifier: GPL-3.0-or-later
 * watches.h - the places of memory at which somebody wants to be told of an access.
 * Rule: only pages that hold a watched byte are slow; vm_watch_set and vm_watch_clear keep the list.
 */
#ifndef VITRINE_CORE_WATCHES_H
#define VITRINE_CORE_WATCHES_H

#include "core/base/types.h"

enum { WATCHES = 32 };
enum watch_kind { WATCH_READ = 1, WATCH_WRITE = 2 };

struct watch {
	u64 at, len;   /* linear, or guest-physical */
	u8 kinds;      /* enum watch_kind; 0 = a free place */
	bool physical;
};

struct watches {
	struct watch at[WATCHES];
	u32 users[WATCHES]; /* who set the same one */
	int n;              /* used places are 0 .. n - 1 */
};

#endif
