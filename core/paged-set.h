/* SPDX-License-Identifier: GPL-3.0-or-later
 * paged-set.h - the pages of all paged slots of some VMs, under one numbering; for who goes round them.
 * Rule: the numbering holds as long as no VM is added; a number is a page of guest memory, whatever frame it shows.
 */
#ifndef VITRINE_CORE_PAGED_SET_H
#define VITRINE_CORE_PAGED_SET_H

#include "core/mem.h"

struct vm;

enum { PAGED_VMS = 256 };
#define PAGE_NONE UINT64_MAX

struct paged_region { struct mem *mem; u32 slot; u64 first, pages; };
struct paged_set {
	struct frames *frames;
	struct paged_region *region;
	u32 nregions;
	u64 pages;
};

/* All RAM of these VMs, which live in one machine, becomes paged.  Between runs. */
int paged_set_open(struct paged_set *set, struct vm *const *vms, int nvms, struct err *err);
void paged_set_close(struct paged_set *set);

struct paged_ref { struct mem *mem; const struct mem_slot *slot; u64 page; struct mem_page *entry; };
struct paged_ref paged_ref(const struct paged_set *set, u64 number);
/* In memory, in a frame that is not the one of zeros; in such a frame of its own. */
bool paged_is_present(const struct paged_set *set, const struct mem_page *p);
bool paged_is_own(const struct paged_set *set, const struct mem_page *p);

#endif
