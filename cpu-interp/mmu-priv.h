/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu-priv.h - what mmu.c needs of mmu-tlb.c.  Rule: nobody else includes this.
 */
#ifndef VITRINE_CPU_INTERP_MMU_PRIV_H
#define VITRINE_CPU_INTERP_MMU_PRIV_H

#include "core/x86/walk.h"
#include "cpu-interp/cpu.h"

/* Linear to guest-physical, A20 applied, accessed and dirty bits set; #PF if the walk says no.
 * access: enum walk_access. */
bool mmu_translate(struct cpu *c, u64 lin, u32 access, struct walk_result *res);

/* May guest-physical memory be accessed so (EPT_R EPT_W EPT_X)?  STAGE_VIOLATION: no, *rights say what is allowed, and
 * the hypervisor has to be asked.  STAGE_LEAVE: leave the instruction, as always. */
enum stage { STAGE_MEMORY, STAGE_VIOLATION, STAGE_LEAVE };
enum stage mmu_walk_ept(struct cpu *c, u64 gpa, u64 access, u8 *rights);
bool mmu_own_access_ept(struct cpu *c, u64 lin, u64 gpa, int size, u64 access, bool final, u64 *value);

/* What the TLB remembers of a walk. */
static inline u64 mmu_about(const struct walk_result *res)
{
	u64 log2 = res->page_size > PAGE_SIZE_4K ? (u64)__builtin_ctzll(res->page_size) : 0;
	return (res->gpa & ~(u64)PAGE_MASK_4K) | log2 << ABOUT_SIZE_SHIFT | (res->global ? ABOUT_GLOBAL : 0);
}

static inline bool has_second_stage(const struct cpu *c) { return UNLIKELY(c->vm->paging.mode == PAGING_EPT); }
static inline bool has_shadow(const struct cpu *c) { return UNLIKELY(c->vm->paging.mode == PAGING_SHADOW); }

/* What a look at an entry of the guest's tables needs: with accessed and dirty flags in EPT entries it counts as a write,
 * for the processor might set A or D there (SDM 3C 28.2.4). */
static inline u64 mmu_table_access(const struct cpu *c)
{
	return paging_eptp(&c->vm->paging) & EPTP_AD ? EPT_R | EPT_W : EPT_R;
}

/* mmu_translate, by the shadow. */
bool mmu_translate_shadow(struct cpu *c, u64 lin, u32 access, struct walk_result *res);
/* A store of n bytes was made at lin, to gpa.  True: into a table that a shadow is made from, so that the page must not enter
 * the TLB t. */
bool mmu_stored_shadow(struct cpu *c, u64 lin, u64 gpa, u64 n, struct tlb *t);

/* Without a second stage: yes. */
static inline enum stage mmu_second_stage(struct cpu *c, u64 gpa, u64 access, u8 *rights)
{
	*rights = 0;
	return has_second_stage(c) ? mmu_walk_ept(c, gpa, access, rights) : STAGE_MEMORY;
}

/* The same for what the processor itself is after: a table's entry (its value comes to *value if the hypervisor had to
 * say it), code.  final: the address is the linear address's own.  False: leave the instruction. */
static inline bool mmu_own_access(struct cpu *c, u64 lin, u64 gpa, int size, u64 access, bool final, u64 *value)
{
	return !has_second_stage(c) || mmu_own_access_ept(c, lin, gpa, size, access, final, value);
}

#endif
