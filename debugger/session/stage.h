/* SPDX-License-Identifier: GPL-3.0-or-later
 * stage.h - page tables as records: the guest's, the hypervisor's shadow of them, its extended page tables.
 * Rule: looking sets no accessed bit and maps nothing; one walk decides what each kind of entry means.
 *
 * Verbs, panes, Trap and JSON read these records; nobody else decodes an entry for people.
 */
#ifndef VITRINE_DEBUGGER_SESSION_STAGE_H
#define VITRINE_DEBUGGER_SESSION_STAGE_H

#include "debugger/session/describe.h"

/* The tables of processor `cpu` of this kind, for the functions below.  -ENOENT: the machine has none now, and err
 * says why. */
struct stage {
	enum stage_kind kind;
	struct session *s;
	u32 cpu;
	struct paging p;                  /* how the guest translates */
	const struct paging_shape *shape; /* describe-priv.h */
	u64 root;                         /* where the first table lies, in the kind's space */
};
int stage_of(struct session *s, enum stage_kind kind, u32 cpu, struct stage *st, struct err *err);
/* "guest", "shadow", "ept" */
const char *stage_name(enum stage_kind kind);

/* Where a walk ends. */
struct stage_end {
	bool found;
	u64 to;          /* the byte's address: guest-physical for STAGE_GUEST, the machine's for the others */
	u64 page_size;
	bool writable, executable, user, accessed, dirty, global; /* what all entries together allow; the leaf's marks */
	u8 type;         /* STAGE_EPT: memory type */
	const char *why; /* not found: "not present", "reserved bits set" ... */
};
/* The entries of the walk for an address, root first; the number of them. */
int stage_walk(const struct stage *st, u64 address, struct walk_row row[WALK_ROWS], struct stage_end *end);

/* Every entry that is present, in the order of addresses, until `entry` says false.  row->frame is a table's address if
 * `end` is NULL, else a page's.  False: tables may point at themselves, so only so many entries are looked at, and there
 * were more. */
typedef bool (*stage_entry)(void *arg, u64 address, const struct walk_row *row, const struct stage_end *end);
bool stage_entries(const struct stage *st, stage_entry entry, void *arg);

/* Pages that lie side by side in both spaces, with equal rights, as one. */
struct mapping {
	u64 from, to, size;
	bool writable, executable, user;
};
typedef bool (*stage_mapping)(void *arg, const struct mapping *m);
bool stage_mappings(const struct stage *st, stage_mapping mapping, void *arg);

/* "rwxu", '-' for what is not; out holds 5 bytes. */
void stage_rights(const struct stage_end *end, char out[5]);

/* ---- shadow and guest side by side (describe-shadow.c) ---- */

/* Pages in a row for which the same is to be said. */
struct difference {
	u64 gva, size;
	bool excess;             /* the shadow allows what the guest does not; else: the guest allows what the shadow has not yet */
	char guest[5], shadow[5]; /* rights */
	const char *what;
};
typedef void (*difference_fn)(void *arg, const struct difference *d);
/* First all that is in excess.  -ENOENT: there is no shadow now.  *whole is false if the tables have too many entries. */
int differences_each(struct session *s, u32 cpu, difference_fn fn, void *arg, bool *whole, struct err *err);

/* ---- the TLB (describe-tlb.c) ---- */

/* What a processor's TLB holds, by tag, class and address; *out is malloc'd.  -ENOSYS: its engine cannot tell. */
int tlb_lines(struct session *s, u32 cpu, struct tlb_line **out, u32 *n, struct err *err);
/* What it holds for an address and its present tags, for the class that has most rights; false: nothing. */
bool tlb_find(struct session *s, u32 cpu, u64 gva, struct tlb_line *out);
/* "rwx", '-' for what needs a walk; out holds 4 bytes. */
void tlb_rights(u8 rights, char out[4]);

/* ---- who maps a page (describe-owners.c) ---- */

/* The machine address behind a guest-physical one, however it is paged; false: no memory is there, or it is swapped out. */
bool machine_address(struct session *s, u64 gpa, u64 *out);
enum mapper_kind { MAPPER_GUEST, MAPPER_TABLE /* it is a table of the guest's */, MAPPER_SHADOW, MAPPER_EPT, MAPPER_TLB };
struct mapper {
	enum mapper_kind kind;
	u32 cpu;
	u64 address;         /* what is mapped to it: linear, but of MAPPER_EPT */
	struct walk_row row; /* not MAPPER_TLB */
	struct stage_end end;
	struct tlb_line tlb; /* MAPPER_TLB */
};
/* Every entry of any table, and of the TLB, by which the page at gpa can be reached now; processors with the same tables
 * count once.  False: the tables are larger than what is looked at. */
typedef void (*mapper_fn)(void *arg, const struct mapper *m);
bool mappers_each(struct session *s, u64 gpa, mapper_fn fn, void *arg);

#endif
