/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.h - how the hypervisor lets machine memory stand for guest-physical memory: not at all, by EPT, by a shadow.
 * Rule: the tables never say more than the slots do: RAM readable, writable and executable, ROM without writing, and
 * nothing where a device or nobody answers; so a guest behaves the same with them and without.
 *
 * PAGING_NONE is the bare machine: guest-physical addresses are the machine's.  With PAGING_EPT the processor walks
 * extended page tables in machine memory, which are empty at first: each page is put there at the EPT violation that
 * asks for it.  With PAGING_SHADOW it walks one set of tables only, the hypervisor's own, from linear to machine
 * addresses: a shadow of those the guest has made, filled at page faults (core/shadow.h).
 */
#ifndef VITRINE_CORE_PAGING_H
#define VITRINE_CORE_PAGING_H

#include "core/base/err.h"
#include "core/dirty.h"
#include "core/frame.h"
#include "core/x86/ept.h"

struct vm;
struct mem;
struct engine;

/* "none" "ept" "shadow" */
const char *paging_mode_name(enum paging_mode mode);

/* Why entries of the shadow were made to agree with the guest's tables: a page fault asked for one, the guest wrote into a
 * table, somebody else did (a device, a debugger), INVLPG, MOV to CR3, a change of CR0, CR4 or EFER. */
enum paging_sync { SYNC_FILL, SYNC_WRITE, SYNC_DMA, SYNC_INVLPG, SYNC_CR3, SYNC_MODE, SYNC_KINDS };

/* What has happened so far; no state. */
struct paging_counts {
	u64 fills, flushes;      /* pages mapped; times that all tables were emptied */
	u64 syncs[SYNC_KINDS];   /* exits, or writes, of each kind; SYNC_FILL: page faults that filled the shadow */
	u64 zaps;                /* shadow entries emptied because the guest's entry had changed */
	u64 forgotten;           /* entries emptied because the guest's page has moved in the machine */
	u64 tables, reclaimed;   /* shadow tables made; given up at the bound, the oldest first */
	u64 flooded;             /* given up because the guest only wrote to what they are a shadow of */
	u64 splits;              /* pieces of a large guest page mapped by smaller pages */
	u64 injected;            /* page faults that were the guest's own */
	u64 through;             /* stores let through to a page that the shadow keeps read-only */
	u64 device;              /* page faults at devices, ROM and holes */
	u64 protects, unsyncs;   /* guest pages write-protected; leaf tables let out of step (unsync) */
};

struct shadow;
struct paging_checker;
/* Whom it tells; set by the VM. */
struct paging_hooks {
	/* The guest's page at gpa must not be written by translations that a processor holds. */
	void (*protect)(void *arg, u64 gpa);
	/* An entry of the guest at gpa, its value, and what the shadow entry made from it holds now; SYNC_FILL: a leaf, for the
	 * linear address lin, else it was dropped */
	void (*synced)(void *arg, enum paging_sync kind, u64 lin, u64 gpa, u64 guest, u64 shadow);
	/* A fill found no table left, so all extended page tables were emptied: processors drop what they hold of them. */
	void (*emptied)(void *arg);
	/* The dirty log has found a page (core/dirty.h). */
	void (*dirtied)(void *arg, u64 gpa);
	void *arg;
};

struct second_stage {
	enum paging_mode mode;
	u64 page_max;     /* the largest page to map: 4 KiB, 2 MiB or 1 GiB */
	u8 phys_bits;     /* MAXPHYADDR */
	bool pse, page1g; /* the guest's processor has pages of 4 MiB, of 1 GiB */
	frame_no first;   /* table frames: the first is the root */
	u64 pool, used;   /* how many there are, and hold tables; `used` is state */
	u8 *view;         /* of the pool */
	struct mem *mem;
	u32 slot;         /* the pool's: writes are noted in its dirty log */
	struct shadow *shadow; /* what the hypervisor notes beside shadow tables; NULL in other modes */
	bool unsync;           /* --shadow-unsync: leaf tables that are written may be out of step until the guest flushes */
	struct paging_counts counts;
	struct dirty_log dirty;
	struct paging_hooks hooks;
	struct paging_checker *checker; /* --check-paging (core/paging-check.h), or NULL */
};

/* Bytes of machine memory that the tables of a guest with `mem_size` bytes may take; `tables` is how many there may be of
 * the shadow's, 0 = as many as are useful. */
u64 paging_room(enum paging_mode mode, u64 mem_size, u64 tables);
enum { SHADOW_TABLES_MIN = 64, SHADOW_TABLES_MAX = 1 << 20 }; /* with fewer, one instruction might not find room for its own */
/* The tables, in the machine's last frames; they become a slot that no guest address shows, so that they belong to the
 * machine's state. */
struct paging_config {
	enum paging_mode mode;
	u64 room;      /* as paging_room said */
	u64 page_max;  /* 0 = 2 MiB */
	u8 phys_bits;
	bool pse, page1g;
	bool unsync;
	enum dirty_way dirty;
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
/* The tables in use, as far as they are state: those of EPT.  A shadow follows from the guest's tables, as a TLB does. */
u64 paging_used(const struct second_stage *p);
/* The pool's content was restored, with so many tables in use.  A shadow is begun anew. */
void paging_restored(struct second_stage *p, u64 used);
/* Guest memory [gpa, gpa + len) was written, by a processor or by somebody else (SYNC_WRITE, SYNC_DMA). */
void paging_written(struct second_stage *p, u64 gpa, u64 len, enum paging_sync who);
/* Guest pages [gpa, gpa + len) are about to show other frames, to be shared or to go out: no entry maps them any more. */
void paging_forget(struct second_stage *p, u64 gpa, u64 len);
/* No leaf of the shadow allows writing guest pages [gpa, gpa + len). */
void paging_write_protect(struct second_stage *p, u64 gpa, u64 len);
/* The frame to map at gpa for such an access, brought in or copied first if need be, and may it be mapped writable?
 * FRAME_NONE: it is no memory, or the host is in trouble. */
frame_no paging_frame(struct second_stage *p, u64 gpa, bool write, bool *writable);
/* The largest page around gpa that lies in its slot and is aligned in the machine's memory, too: 1 4 KiB, 2 2 MiB, 3 1 GiB. */
int paging_leaf_level(const struct second_stage *p, u64 gpa);
/* Slots have changed: all tables are emptied. */
void paging_flush(struct second_stage *p);

#endif
