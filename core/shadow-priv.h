/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow-priv.h - what the hypervisor notes beside its shadow tables; only core/shadow*.c and core/paging.c include it.
 * Rule: every present entry is on exactly one list: a leaf on that of the guest page it maps, any other on that of the
 * table it points to.  So whoever takes a page or a table away finds all that lead there.
 */
#ifndef VITRINE_CORE_SHADOW_PRIV_H
#define VITRINE_CORE_SHADOW_PRIV_H

#include "core/shadow.h"

enum { SHADOW_LEVELS = 4, SHADOW_ENTRIES = 512, SHADOW_CPUS = 8 };

/* Tables and entries are named by number + 1, so that 0 is nobody: table t has the entries (t - 1) * 512 + i + 1. */
typedef u32 table_no;
typedef u32 entry_no;

struct shadow_table {
	u64 gfn;             /* of the guest's table; direct: of the first page mapped; PAE's root: 0 */
	struct shadow_role role;
	bool unsync;
	u8 stores;           /* of the guest into its table since an entry was last made from it */
	u16 present;         /* entries */
	table_no same_hash, older, newer;
	entry_no users;      /* the entries that point here */
	u32 fill;            /* the latest fill that passed here: not to be reclaimed during it */
};

struct shadow_note { u32 gfn; entry_no next, prev; };

/* The root that a processor has, and for what. */
struct shadow_root { table_no table; struct shadow_role role; u64 gfn; u64 pdpte[4]; };

struct shadow {
	struct shadow_table *table; /* by number - 1 */
	struct shadow_note *note;   /* of every entry */
	table_no *hash;             /* by the guest's page number */
	u32 hash_mask;
	entry_no *mapping;          /* of every guest page: the leaves that map it */
	u16 *tables_near;           /* of every 2 MiB of the guest: pages in there that a shadow is made from */
	u64 pages;                  /* guest pages that there can be */
	table_no oldest, newest, spare; /* spare: a list by same_hash */
	u32 unsyncs;                /* tables that are out of step */
	u32 fill;                   /* number of the latest */
	int quiet;                  /* the hypervisor sets A and D bits: bytes of an entry */
	struct shadow_root root[SHADOW_CPUS];
};

static inline bool role_same(struct shadow_role a, struct shadow_role b)
{
	union { struct shadow_role role; u32 bits; } x = { a }, y = { b };

	return x.bits == y.bits;
}

int shadow_open(struct second_stage *p, struct err *err);
void shadow_close(struct second_stage *p);

/* ---- shadow-map.c: tables and entries ---- */

struct shadow_table *shadow_at(const struct second_stage *p, table_no t);
u64 shadow_address(const struct second_stage *p, table_no t);
u64 shadow_entry(const struct second_stage *p, table_no t, u32 i);
bool shadow_is_leaf(const struct second_stage *p, table_no t, u64 value);
/* The table that a present entry, no leaf, points to. */
table_no shadow_child(const struct second_stage *p, u64 value);
bool shadow_from_memory(struct shadow_role role);
/* Make an entry.  leaf: of the guest page gfn; else the entry points to table `child`. */
void shadow_set_leaf(struct second_stage *p, table_no t, u32 i, u64 value, u64 gfn);
void shadow_set_child(struct second_stage *p, table_no t, u32 i, table_no child);
/* Take rights from a present leaf, or empty the entry.  False: there was none. */
void shadow_narrow(struct second_stage *p, table_no t, u32 i, u64 value);
bool shadow_zap(struct second_stage *p, table_no t, u32 i);
void shadow_empty(struct second_stage *p, table_no t);
/* The table for this page and role: from the cache, or a new one, for which the oldest has to go if there is no room. */
table_no shadow_table(struct second_stage *p, u64 gfn, struct shadow_role role);
table_no shadow_find(const struct second_stage *p, u64 gfn, struct shadow_role role);
void shadow_remove(struct second_stage *p, table_no t);
/* The next table made from entries of this guest page; t = 0: the first.  0: no more. */
table_no shadow_next_of(const struct second_stage *p, u64 gfn, table_no t);
/* Is the guest's page one that tables are made from?  Then no leaf may allow writes, unless they may be out of step. */
bool shadow_is_protected(const struct second_stage *p, u64 gfn);
/* No leaf, and no translation that a processor holds, allows writing this page any more. */
void shadow_protect(struct second_stage *p, u64 gfn);
void shadow_flush(struct second_stage *p);
void shadow_restored(struct second_stage *p);

/* ---- shadow-fill.c ---- */

/* Which root the registers ask for: its role and page. */
struct shadow_role shadow_root_role(const struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 *gfn);
bool shadow_root_is_current(const struct second_stage *p, u32 cpu, const struct shadow_regs *r);
/* Make it the processor's. */
table_no shadow_enter(struct second_stage *p, u32 cpu, const struct shadow_regs *r);
/* The guest's entry as memory has it; all ones where there is none. */
u64 shadow_guest_entry(const struct second_stage *p, u64 gpa, int bytes);

/* ---- shadow-sync.c ---- */

/* The guest's table entries that shadow entry i is made from: where, and how many bytes. */
u64 shadow_guest_at(const struct shadow_table *t, u32 i, u8 *bytes);
void shadow_tell(struct second_stage *p, enum paging_sync kind, u64 gpa, int bytes, u64 value);
void shadow_written(struct second_stage *p, u64 gpa, u64 len, enum paging_sync who);
void shadow_forget(struct second_stage *p, u64 gpa, u64 len);
/* A store into the guest's table was asked for: are its shadows worth keeping, and in step? */
void shadow_let_go(struct second_stage *p, u64 gfn);
/* All tables agree with the guest's again. */
void shadow_sync_all(struct second_stage *p);
void shadow_sync_page(struct second_stage *p, u64 gfn);

#endif
