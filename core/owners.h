/* SPDX-License-Identifier: GPL-3.0-or-later
 * owners.h - whose is each frame of the machine?  For maps and for whoever asks about one frame.
 * Rule: it is read from slots, page entries and reference counts at the moment of the question; nothing is kept.
 */
#ifndef VITRINE_CORE_OWNERS_H
#define VITRINE_CORE_OWNERS_H

#include "core/frame.h"
#include "core/mem.h"

struct vm;

enum owner_kind {
	OWNER_FREE,
	OWNER_OTHER,   /* taken, but by no slot of these VMs */
	OWNER_HIDDEN,  /* the board's, shown to no guest: RAM behind a ROM, written sectors of a disk */
	OWNER_TABLES,  /* the hypervisor's: extended or shadow page tables */
	OWNER_DEVICE,  /* a device's: a frame buffer */
	OWNER_ROM,
	OWNER_RAM,
	OWNER_ZERO,    /* the one frame that stands for all pages of zeros */
	OWNER_KINDS
};
/* "free" "other" "hidden" "tables" "device" "ROM" "RAM" "zeros" */
const char *owner_kind_name(enum owner_kind kind);

struct owner {
	enum owner_kind kind;
	int vm;          /* the first in the list that has it; -1: none */
	u32 refs;        /* how many refer to the frame */
	u32 shown;       /* pages of paged slots that show it: shared if more than one */
	bool dirty;      /* in the dirty log of its slot now */
	u64 gpa;         /* where the first one shows it (above all RAM, if it is hidden) */
	const struct mem_slot *slot; /* of that; NULL if none */
};

/* Fill in out[0] to out[count - 1] for the frames from `first` on, as the VMs of the list, which live in one machine,
 * have them.  A frame that several slots have (RAM behind a ROM) is told as what the guest sees, rather than as hidden. */
void machine_owners(struct vm *const *vms, int nvms, frame_no first, u64 count, struct owner *out);
/* One frame. */
struct owner machine_owner(struct vm *const *vms, int nvms, frame_no frame);

/* Pages of a VM's guest memory by where they are. */
struct owner_pages {
	u64 own;     /* alone in their frame (all pages of slots that are not paged, touched or not) */
	u64 shared;  /* in a frame that others show, too */
	u64 zero;    /* in the frame of zeros */
	u64 out;     /* in the swap file */
};
struct owner_pages vm_pages(const struct vm *vm);

#endif
