/* SPDX-License-Identifier: GPL-3.0-or-later
 * block-priv.h - what the block store (block.c) and the block maker (block-decode.c) share.
 * Rule: nobody else includes this.
 */
#ifndef VITRINE_CPU_INTERP_BLOCK_PRIV_H
#define VITRINE_CPU_INTERP_BLOCK_PRIV_H

#include "cpu-interp/cpu.h"

enum { KEY_STALE = 0xff };
struct block_key { u64 gpa, cs_base, ip; u32 cs_limit; u8 mode; };

struct block {
	struct block_key key;
	struct insn *first;
	u32 next_in_bucket, next_in_page; /* block number + 1 */
	u16 count;                        /* instructions, the closing pseudo-instruction included */
	u16 bytes;                        /* of code that it depends on, at least 1 */
};

/* The code bytes at IP. */
struct block_source {
	u64 gpa;
	const u8 *bytes;
	int avail;          /* to the end of the page or of the segment, whichever comes first */
	bool limit_ends;    /* it was the segment that ended */
	bool straddles;     /* the first instruction continues in the next page */
	u8 copy[16];        /* where it is then gathered */
};

/* Find the bytes at IP.  False: #GP (beyond the limit), #PF. */
bool block_source(struct cpu *c, struct block_source *src);
/* Gather an instruction that continues in the next page.  False: #PF or #GP there. */
bool block_straddling(struct cpu *c, struct block_source *src);
/* Decode at most max instructions into blk->first. */
void block_decode(struct cpu *c, const struct block_source *src, int max, struct block *blk);

#endif
