/* SPDX-License-Identifier: GPL-3.0-or-later
 * share.h - pages of equal content come to lie in one frame, within a guest and among several.
 * Rule: sums only suggest; two pages share after every byte of them was compared.
 *
 * As KSM of Linux does: a scanner goes round all pages, so many at a time.  A page whose sum is the same as the last time
 * round is worth comparing; one that changes all the time would only be copied again.  What is shared is copied when
 * somebody writes to it (core/mem-paged.c).
 */
#ifndef VITRINE_CORE_SHARE_H
#define VITRINE_CORE_SHARE_H

#include "core/paged-set.h"

struct share_counts {
	u64 scanned, passes; /* pages looked at; times round all of them */
	u64 changing;        /* looked at, but changed since the last time */
	u64 merged, zeros;   /* pages that came to share a frame; that of zeros */
	u64 different;       /* equal sums, different bytes */
};

/* What sharing gives now, whoever brought it about (scanner, clones). */
struct share_gain {
	u64 frames;  /* that several pages show */
	u64 pages;   /* that show them */
	u64 zero;    /* pages that show the frame of zeros; */
	u64 found;   /* those of them that had a frame of their own before the scanner came */
	u64 own;     /* pages with a frame of their own */
	u64 out;     /* pages in the swap file */
};

struct share {
	struct paged_set set;
	u32 *sum;         /* per page, of the last time round */
	u64 *zeroed;      /* a bit per page: the scanner found zeros in it */
	u32 *found;       /* by sum: a page that had it, plus 1 */
	u64 mask;         /* of `found` */
	u64 next;         /* page to look at */
	struct share_counts count;
};

int share_open(struct share *s, struct vm *const *vms, int nvms, struct err *err);
void share_close(struct share *s);
/* Look at so many pages.  Between runs. */
void share_step(struct share *s, u64 pages);
int share_gain(const struct share *s, struct share_gain *gain, struct err *err);

#endif
