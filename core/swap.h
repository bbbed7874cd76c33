/* SPDX-License-Identifier: GPL-3.0-or-later
 * swap.h - pages of guests go out to a file while the machine has too little memory, and come back when they are looked for.
 * Rule: a page is in memory or in the file, never in both; what comes back is what went out, or the machine stops.
 *
 * Pages go out between runs only (swap_step); so whoever holds a host address while guests run holds it safely.  They come
 * in whenever somebody asks for them (mem_host and its kin).
 */
#ifndef VITRINE_CORE_SWAP_H
#define VITRINE_CORE_SWAP_H

#include "core/paged-set.h"

enum swap_policy {
#define SWAP_POLICY(name, text) SWAP_##name,
#include "core/swap.def"
#undef SWAP_POLICY
	SWAP_POLICIES
};
struct swap_policy_info { const char *name, *brief; };
extern const struct swap_policy_info swap_policies[SWAP_POLICIES];
int swap_policy_by_name(const char *name); /* enum swap_policy or -1 */

struct swap_config {
	const char *path;   /* must not exist yet; is taken out of its directory at once, so that it ends with the process */
	u64 resident;       /* frames that pages of guests may take after swap_step */
	enum swap_policy policy;
	u64 seed;           /* of `random` */
};

struct swap_counts {
	u64 out, in;       /* pages written to the file, and read */
	u64 most;          /* pages in the file at once, at most */
	u64 spared;        /* pages that a policy let stay because they had been used */
	u64 stuck;         /* steps that ended above the limit: all that was left is shared */
};

struct swap {
	struct paged_set set;
	struct swap_config config;
	int fd;
	u64 *taken;          /* a bit per place in the file; as many places as pages */
	u32 *crc;            /* per place */
	u64 places, cursor, out;
	u64 others;          /* frames in use that hold no guest's pages */
	struct swap_link { struct swap *swap; struct mem *mem; } *link; /* per VM: what its backing is given */
	int nlinks;
	/* Of policies: the queue of pages in the order they came in, with who is in it; the hand; samples of use; the generator. */
	u32 *queue;
	u64 head, length;
	u64 *queued;
	u64 hand;
	u8 *age;
	u64 random;
	struct swap_counts count;
};

/* All RAM of these VMs, which live in one machine, may go out.  *s must stay where it is. */
int swap_open(struct swap *s, const struct swap_config *config, struct vm *const *vms, int nvms, struct err *err);
/* Every page comes in again, if the VMs live on; -EIO as below. */
void swap_close(struct swap *s);
/* Frames that pages of guests take now. */
u64 swap_resident(const struct swap *s);
/* Let pages go out until the limit is kept.  Between runs.  An error of the file: what was to go out stays. */
int swap_step(struct swap *s, struct err *err);

#endif
