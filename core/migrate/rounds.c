/* SPDX-License-Identifier: GPL-3.0-or-later
 * rounds.c - see rounds.h.
 * Rule: integers only, and no division by what may be zero.
 */
#include "core/migrate/rounds.h"

#include "core/x86/x86.h"

#define SECOND 1000000000ull

static u64 ratio(u64 a, u64 b, u64 c)
{
	return c ? (u64)((unsigned __int128)a * b / c) : 0;
}

u64 round_rate(const struct migrate_round *r)
{
	return ratio(r->bytes, SECOND, r->time_ns);
}

u64 round_predict(const struct migrate_round *r, u64 state_bytes, u64 rate_limit)
{
	u64 rate = round_rate(r), page = r->pages ? r->bytes / r->pages : PAGE_SIZE_4K;

	/* A round of few pages measures the way there and back, not the rate: what it may have is known better. */
	if (rate_limit && (rate > rate_limit || r->pages < PARCEL_PAGES))
		rate = rate_limit;
	return rate ? ratio(r->dirtied * page + state_bytes, SECOND, rate) : 0;
}

bool round_hopeless(const struct migrate_round *r)
{
	return r->dirtied * 2 > r->pages;
}

u32 throttle_more(u32 percent)
{
	return !percent ? 20 : percent + 10 > 99 ? 99 : percent + 10;
}
