/* SPDX-License-Identifier: GPL-3.0-or-later
 * paged-set.c - the pages of all paged slots of some VMs, under one numbering.
 * Rule: regions lie in the order of VMs and of their slots, so equal machines are gone round in the same order.
 */
#include "core/paged-set.h"

#include <errno.h>
#include <stdlib.h>

#include "core/clone.h"
#include "core/vm.h"
#include "core/x86/x86.h"

static void add(struct paged_set *set, struct mem *m, const struct mem_slot *s)
{
	u64 pages = s->size / PAGE_SIZE_4K;

	set->region[set->nregions++] = (struct paged_region){ m, s->id, set->pages, pages };
	set->pages += pages;
}

int paged_set_open(struct paged_set *set, struct vm *const *vms, int nvms, struct err *err)
{
	int rc = 0;

	*set = (struct paged_set){ .frames = vms[0]->frames };
	if (nvms > PAGED_VMS)
		return err_set(err, EINVAL, "%d guests; expected at most %d in one machine", nvms, PAGED_VMS);
	set->region = calloc((size_t)nvms * MEM_SLOTS, sizeof(*set->region));
	if (!set->region)
		return err_set(err, ENOMEM, "no memory for a list of the guests' memory");
	for (int i = 0; i < nvms && !rc; i++) {
		rc = vm_make_paged(vms[i], err);
		for (int n = 0; n < vms[i]->mem.nslots && !rc; n++)
			if (vms[i]->mem.slot[n].page)
				add(set, &vms[i]->mem, &vms[i]->mem.slot[n]);
	}
	if (rc)
		paged_set_close(set);
	return rc;
}

void paged_set_close(struct paged_set *set)
{
	free(set->region);
	*set = (struct paged_set){ 0 };
}

struct paged_ref paged_ref(const struct paged_set *set, u64 number)
{
	u32 low = 0, high = set->nregions;
	const struct paged_region *r;
	const struct mem_slot *s;

	while (high - low > 1) {
		u32 mid = (low + high) / 2;

		if (number < set->region[mid].first)
			high = mid;
		else
			low = mid;
	}
	r = &set->region[low];
	s = mem_slot_get(r->mem, r->slot);
	return (struct paged_ref){ r->mem, s, number - r->first, &s->page[number - r->first] };
}

bool paged_is_present(const struct paged_set *set, const struct mem_page *p)
{
	return !p->out && p->at != set->frames->zero;
}

bool paged_is_own(const struct paged_set *set, const struct mem_page *p)
{
	return paged_is_present(set, p) && set->frames->refs[p->at] == 1;
}
