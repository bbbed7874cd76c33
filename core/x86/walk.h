/* SPDX-License-Identifier: GPL-3.0-or-later
 * walk.h - the one page-table walker (SDM 3A 4): no paging, 32-bit, PAE, 4-level.
 * Rule: the walker decides rights and reserved bits and nothing else; whoever calls it supplies the memory.
 */
#ifndef VITRINE_CORE_X86_WALK_H
#define VITRINE_CORE_X86_WALK_H

#include "core/base/types.h"

enum walk_access {
	WALK_WRITE = 1, WALK_USER = 2, WALK_FETCH = 4,
	WALK_AC = 8,    /* EFLAGS.AC is set: SMAP lets explicit supervisor data accesses through */
	WALK_SET = 16,  /* set accessed and dirty bits */
	WALK_LOOK = 32, /* a debugger looks: rights are not checked */
};

/* The registers that select and configure paging, and physical memory. */
struct walk_env {
	u64 cr0, cr3, cr4, efer;
	const u64 *pdpte; /* PAE: the four registers loaded with CR3 */
	u8 phys_bits;     /* MAXPHYADDR */
	bool pse, page1g; /* the processor has 4 MiB pages, 1 GiB pages */
	u64 (*read)(void *arg, u64 gpa, int size);
	/* Set an entry to `value` if it is still `old`; false: it is not, and the walk begins again. */
	bool (*write)(void *arg, u64 gpa, int size, u64 old, u64 value);
	void *arg;
};

struct walk_step { u64 gpa, value; };
struct walk_result {
	u64 gpa;        /* physical address of the byte */
	u64 page_size;
	u32 error;      /* #PF error code when the walk failed */
	u8 steps;       /* entries looked at, root first */
	bool raced;     /* another processor changed an entry meanwhile */
	bool writable, user, nx, dirty, global; /* combined over all levels */
	struct walk_step step[4];
};

/* True and *res filled, or false with res->error (SDM 3A 4.7). */
bool walk(const struct walk_env *env, u64 lin, u32 access, struct walk_result *res);

#endif
