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

#endif
