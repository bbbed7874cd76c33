/* SPDX-License-Identifier: GPL-3.0-or-later
 * dirty.h - ways to learn which pages of the guest are written, by what its processor's tables can do.
 * Rule: whoever wants to know uses mem_log and mem_fetch_dirty (core/mem.h), and finds the same pages whichever way is
 * chosen; a way never misses a page that was written.
 *
 *   own   the interpreter notes each store that is not in its TLB (a processor in hardware could not);
 *   wp    pages lose the right to be written; the first store is an EPT violation, or a page fault of the shadow, and
 *         brings the right back;
 *   ad    the processor sets the dirty flag of the EPT entry (SDM 3C 28.2.4); a fetch looks at all entries;
 *   pml   where it sets one, it also writes the page's address into a log of 512 entries, and leaves when that is full
 *         (page-modification logging, SDM 3C 28.2.5); a fetch looks at what is logged only.
 *
 * With flags in EPT entries (ad, pml) the processor's walks through the guest's page tables count as writes to these
 * (SDM 3C 28.2.4): such pages are found, too.  All ways but the first map by pages of 4 KiB.
 */
#ifndef VITRINE_CORE_DIRTY_H
#define VITRINE_CORE_DIRTY_H

#include "core/base/err.h"
#include "core/base/types.h"

struct second_stage;
struct mem_slot;
struct vm_exit;
enum paging_mode { PAGING_NONE, PAGING_EPT, PAGING_SHADOW };

enum dirty_way { DIRTY_OWN, DIRTY_WP, DIRTY_AD, DIRTY_PML, DIRTY_WAYS };
enum { PML_ENTRIES = 512, PML_FULL = 0xffff };

struct dirty_log {
	enum dirty_way way;
	/* The page that a VMCS names as PML address, and the PML index: the entry to be written next; it counts down.  No state:
	 * a fetch empties it. */
	u64 entry[PML_ENTRIES];
	u16 index;
	/* What it cost, so far: pages found; faults of wp; entries logged and exits of pml; entries of tables looked at, and
	 * changed to begin anew; fetches.  No state. */
	struct dirty_counts { u64 pages, faults, logged, full, looked, rearmed, fetches; } counts;
};

/* "own" "wp" "ad" "pml"; -1: no such way. */
const char *dirty_way_name(enum dirty_way way);
int dirty_way_by_name(const char *name);
/* Does this paging mode have what the way needs?  -EINVAL. */
int dirty_check(enum dirty_way way, enum paging_mode mode, struct err *err);
void dirty_open(struct second_stage *p, enum dirty_way way);

/* ---- for core/paging.c and the VM ---- */

/* A page of this slot is to be mapped for such an access: may it be writable?  If it is being written, that is noted. */
bool dirty_may_write(struct second_stage *p, const struct mem_slot *s, u64 gpa, bool write);
/* The processor is about to set a dirty flag for gpa (struct ept_env, log).  False: the log is full, it has to leave. */
bool dirty_log_page(void *arg, u64 gpa);
/* Exit 62 (page-modification log full): take what is logged. */
void dirty_drain(struct second_stage *p);
/* The slot's log is about to be read, or switched on; it was cleared, or switched on: writes must be seen anew. */
void dirty_fetching(struct second_stage *p, const struct mem_slot *s);
void dirty_rearm(struct second_stage *p, const struct mem_slot *s);
/* All tables are about to be emptied; other ones were restored; one leaf of gpa's goes. */
void dirty_before_flush(struct second_stage *p);
void dirty_restored(struct second_stage *p);
void dirty_leaf_goes(struct second_stage *p, u64 gpa, u64 leaf);
/* Is this exit the log's doing, so that another run of the same guest may be without it? */
bool dirty_is_exit(const struct second_stage *p, const struct vm_exit *e);

#endif
