/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow.h - shadow page tables: from linear to machine addresses in one walk, whatever the guest's format.
 * Rule: what a shadow entry allows, the guest's entries allow at this moment, and their A and D bits are set already; so
 * whoever changes an entry of the guest has the shadow entries made from it dropped, before anybody walks them again.
 *
 * The processor knows these tables only.  They are in the format of 64-bit mode (SDM 3A 4.5) in the machine's memory, and
 * core/x86/walk.c walks them, with CR0.WP, EFER.NXE and the guest's CR4.SMEP and SMAP.  Where there is no entry, or too few
 * rights, the processor leaves with a page fault (exit 0, vector 14), and shadow_fault decides: it is the guest's, or the
 * shadow is filled, or it is an access that no table can let happen (a device; a store into a page table).
 *
 * A shadow table stands for one table of the guest *seen in one way*, its role: the same bytes mean other things as 32-bit
 * and as PAE entries, at another level, with CR0.WP clear, or below entries that allow less.  Rights come together in the
 * leaves; upper shadow entries allow everything.  A large page that the machine has only in pieces has a table of its own
 * that is nobody's shadow ("direct"); so have guests without paging.
 */
#ifndef VITRINE_CORE_SHADOW_H
#define VITRINE_CORE_SHADOW_H

#include "core/exit.h"
#include "core/paging.h"
#include "core/x86/walk.h"

enum guest_format { FORMAT_NONE, FORMAT_32, FORMAT_PAE, FORMAT_4LEVEL };
enum { SHADOW_W = 1, SHADOW_U = 2, SHADOW_X = 4, SHADOW_ALL = 7 };

struct shadow_role {
	u32 level : 3;    /* of the shadow table: 4 root, 1 page table */
	u32 format : 2;   /* enum guest_format */
	u32 quadrant : 2; /* a table of 1024 entries needs more than one of 512: which part of it this is */
	u32 rights : 3;   /* SHADOW_W ...: what all guest entries above allow; of a direct table: and the large page's */
	u32 direct : 1;   /* made from a large page, or from nothing, and not from a table */
	u32 large : 2;    /* direct: from a page of 1: 2 MiB, 2: 4 MiB, 3: 1 GiB */
	u32 dirty : 1, global : 1; /* direct: its D and G bits */
	u32 wp : 1, nxe : 1, pse : 1; /* CR0.WP, EFER.NXE, CR4.PSE, where they decide what an entry means */
	u32 smep : 1, smap : 1;       /* CR4's, where CR0.WP is clear */
	u32 a20 : 1;      /* the A20 gate is open */
	u32 cpu : 4;      /* PAE's root, which is made from registers: number of the vCPU + 1 */
	u32 unused : 7;
};

/* The guest's registers that say how it translates. */
struct shadow_regs { u64 cr0, cr3, cr4, efer, pdpte[4]; };

/* What is to be done about a page fault of the processor. */
enum shadow_verdict {
	SHADOW_FILLED,  /* try again */
	SHADOW_FAULT,   /* the guest gets its #PF, with this error code */
	SHADOW_THROUGH, /* the guest may, but no table says so: this one access is made at gpa */
};
struct shadow_answer {
	enum shadow_verdict verdict;
	u64 gpa;
	u32 error;
	u64 page_size; /* SHADOW_THROUGH: the guest's page, */
	bool global;   /* and its G bit, where CR4.PGE is set */
};
/* Into the exit (core/exit.h, pf). */
void shadow_answer_put(const struct shadow_answer *a, struct vm_exit *e);

/* access: enum walk_access, as the processor made it (VT-x does not tell whether it was implicit; SMAP depends on it). */
struct shadow_answer shadow_fault(struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 lin, u32 access);
/* The guest is about to do this; counted, and what was out of step (unsync) agrees again.  cr3: the register's new value; the
 * root for it is made ready. */
void shadow_invlpg(struct second_stage *p, u32 cpu, u64 lin);
void shadow_invpcid(struct second_stage *p);
void shadow_mov_cr3(struct second_stage *p, u32 cpu, const struct shadow_regs *r);
void shadow_mode(struct second_stage *p);

struct shadow_result {
	struct walk_result walk; /* the entries of the shadow; .gpa is the machine's address */
	bool root;      /* false: the processor has no root for these registers yet, and nothing was walked */
	u64 gpa;        /* guest-physical address of the byte */
	u64 guest_size; /* of the guest's page; 4 KiB without paging */
};
/* What the processor does.  False: a page fault, with res->walk.error.  With WALK_LOOK: a debugger, no rights are checked.
 * Changes nothing. */
bool shadow_walk(const struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 lin, u32 access,
		 struct shadow_result *res);
/* Machine address of the root for these registers; 0: there is none now. */
u64 shadow_root(const struct second_stage *p, u32 cpu, const struct shadow_regs *r);
/* Do stores to this guest page have to come to the hypervisor, because a shadow is made from it? */
bool shadow_is_table(const struct second_stage *p, u64 gpa);

/* ---- for checker, debugger and lists: reading only ---- */

struct shadow_table_info {
	u32 number;              /* of its frame in the pool */
	u64 address;             /* in the machine */
	u64 gpa;                 /* the guest's table; of a direct one, the first page it maps; of a PAE root 0 */
	struct shadow_role role;
	bool from_memory;        /* its entries are made from those in the guest's memory at gpa */
	bool unsync;
	u32 present;             /* entries */
};
struct shadow_entry_info {
	struct shadow_table_info table;
	u32 index;
	u64 value;
	bool leaf;
	u64 gpa;                 /* leaf: the guest page it maps; else the guest's table below */
	u64 guest_at;            /* where the guest's entry lies that it is made from, if table.from_memory */
	u8 guest_bytes;          /* 4 or 8 */
};
typedef bool (*shadow_table_fn)(void *arg, const struct shadow_table_info *t);  /* false: enough */
typedef bool (*shadow_entry_fn)(void *arg, const struct shadow_entry_info *e);
/* Every table, from the oldest to the newest; every present entry of them. */
void shadow_each_table(const struct second_stage *p, shadow_table_fn fn, void *arg);
void shadow_each(const struct second_stage *p, shadow_entry_fn fn, void *arg);
/* Every leaf that maps the guest page at gpa, large ones included; every entry that leads to a table of this guest page. */
void shadow_who_maps(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg);
void shadow_who_uses(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg);
/* Every present entry that is made from one in this guest page. */
void shadow_entries_from(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg);
/* The table, the present entry at this machine address.  False: there is none. */
bool shadow_table_at(const struct second_stage *p, u64 address, struct shadow_table_info *t);
bool shadow_entry_at(const struct second_stage *p, u64 address, struct shadow_entry_info *e);
/* The reverse map and the counts agree with the tables?  NULL: yes; else which rule is broken. */
const char *shadow_check(const struct second_stage *p);

#endif
