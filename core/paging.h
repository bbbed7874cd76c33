/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.h - the second stage of address translation: what the hypervisor lets stand for guest-physical memory.
 * Rule: the tables never say more than the slots do: RAM readable, writable and executable, ROM without writing, and
 * nothing where a device or nobody answers; so a guest behaves the same with them and without.
 *
 * PAGING_NONE is the bare machine: guest-physical addresses are the machine's.  With PAGING_EPT the processor walks
 * extended page tables in machine memory, which are empty at first: each page is put there at the EPT violation that
 * asks for it.
 */
#ifndef VITRINE_CORE_PAGING_H
#define VITRINE_CORE_PAGING_H

#include "core/base/err.h"
#include "core/frame.h"
#include "core/x86/ept.h"

struct vm;
struct mem;
struct engine;

enum paging_mode { PAGING_NONE, PAGING_EPT };

struct second_stage {
	enum paging_mode mode;
	u64 page_max;     /* the largest page to map: 4 KiB, 2 MiB or 1 GiB */
	u8 phys_bits;     /* MAXPHYADDR */
	frame_no first;   /* table frames: the first is the root */
	u64 pool, used;   /* how many there are, and hold tables; `used` is state */
	u8 *view;         /* of the pool */
	struct mem *mem;
	u32 slot;         /* the pool's: writes are noted in its dirty log */
	u64 fills, flushes; /* pages mapped so far; times that all tables were emptied */
};

/* Bytes of machine memory that the tables of a guest with `mem_size` bytes may take. */
u64 paging_room(enum paging_mode mode, u64 mem_size);
/* The tables, in the machine's last frames; they become a slot that no guest address shows, so that they belong to the
 * machine's state. */
struct paging_config {
	enum paging_mode mode;
	u64 room;      /* as paging_room said */
	u64 page_max;  /* 0 = 2 MiB */
	u8 phys_bits;
};
/* Can this engine run a guest in this mode?  -ENOTSUP. */
int paging_check(enum paging_mode mode, const struct engine *engine, struct err *err);
int paging_open(struct second_stage *p, const struct paging_config *config, struct mem *mem, struct err *err);
void paging_close(struct second_stage *p);
/* The EPT pointer, as a VMCS would hold it. */
u64 paging_eptp(const struct second_stage *p);
/* How the processor, or a debugger, reads the tables.  *p must stay where it is. */
struct ept_env paging_env(const struct second_stage *p);
/* The access (EPT_R EPT_W EPT_X) at gpa was a violation.  True: a page is mapped there now, the guest may try again.
 * False: it is no memory for such an access, a device or nobody answers. */
bool paging_fill(struct second_stage *p, u64 gpa, u64 access);
/* The pool's content was restored, with so many tables in use. */
void paging_restored(struct second_stage *p, u64 used);
/* Slots have changed: all tables are emptied. */
void paging_flush(struct second_stage *p);

#endif
