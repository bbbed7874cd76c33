/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu-tlb.c - walks for the processor: through its page tables, PAE's pointer registers, and for code (SDM 3A 4).
 * Rule: what a walk has found is entered where the access was made, under the tags in force (tlb.h).
 */
#include "cpu-interp/mmu.h"

#include <string.h>

#include "cpu-interp/fault.h"
#include "cpu-interp/mmu-priv.h"

/* Page tables may lie anywhere; where there is no memory the bus answers all-ones, and so do we. */
static u64 table_read(void *arg, u64 gpa, int size)
{
	struct cpu *c = arg;
	u64 value = UINT64_MAX;
	gpa = mem_gpa(&c->vm->mem, gpa);
	if (c->walk_left || (has_second_stage(c) &&
			     !mmu_own_access(c, c->walk_lin, gpa, size, mmu_table_access(c), false, &value))) {
		c->walk_left = true;
		return 0; /* the walk ends: nothing is present */
	}
	const u8 *host = mem_host(&c->vm->mem, gpa, (u64)size, false);
	if (!host)
		return size == 4 ? (u32)value : value;
	return host_get(host, size);
}

/* Other processors may change the entry at the same time; entries are aligned. */
static bool swap_entry(u8 *host, int size, u64 old, u64 value)
{
	u32 old32 = (u32)old;
	if (size == 4)
		return __atomic_compare_exchange_n((u32 *)(void *)host, &old32, (u32)value, false, __ATOMIC_SEQ_CST,
						   __ATOMIC_SEQ_CST);
	return __atomic_compare_exchange_n((u64 *)(void *)host, &old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static bool table_write(void *arg, u64 gpa, int size, u64 old, u64 value)
{
	struct cpu *c = arg;
	gpa = mem_gpa(&c->vm->mem, gpa);
	u8 *host = mem_host(&c->vm->mem, gpa, (u64)size, true);
	if (!host)
		return true; /* nothing there remembers it */
	if (has_second_stage(c) && !(mmu_table_access(c) & EPT_W) &&
	    !mmu_own_access(c, c->walk_lin, gpa, size, EPT_W, false, NULL)) {
		c->walk_left = true;
		return false; /* to be found out by the next look */
	}
	if (!c->vm->threads)
		return mem_write(&c->vm->mem, gpa, &value, (u64)size);
	if (!swap_entry(host, size, old, value))
		return false;
	mem_touched(&c->vm->mem, gpa, (u64)size);
	return true;
}

static struct walk_env walk_env(struct cpu *c)
{
	return (struct walk_env){
		.cr0 = *c->s.cr0, .cr3 = *c->s.cr3, .cr4 = *c->s.cr4, .efer = *c->s.efer, .pdpte = c->s.pdpte,
		.phys_bits = c->vm->cpu->phys_bits, .pse = has(c, FEAT_PSE), .page1g = has(c, FEAT_PAGE1G),
		.read = table_read, .write = table_write, .arg = c,
	};
}

/* Linear to guest-physical (A20 applied); #PF if the walk says no. */
bool mmu_translate(struct cpu *c, u64 lin, u32 access, struct walk_result *res)
{
	if (has_shadow(c))
		return mmu_translate_shadow(c, lin, access, res);
	struct walk_env env = walk_env(c);
	c->walk_lin = lin;
	c->walk_left = false;
	bool found = walk(&env, lin, access | WALK_SET, res);
	c->vcpu->walks.guest += res->steps;
	if (c->walk_left)
		return false;
	if (!found)
		return fault_page(c, lin, res->error);
	res->gpa = mem_gpa(&c->vm->mem, res->gpa);
	return true;
}

/* Branches into a large page are remembered by address only: INVLPG in the range of all these drops all. */
static void note_large(struct tlb_space *s, u64 lin, u64 size)
{
	u64 first = lin & ~(size - 1), last = lin | (size - 1);
	if (first < s->large_first)
		s->large_first = first;
	if (last > s->large_last)
		s->large_last = last;
}

bool mmu_load_pdptes(struct cpu *c, u64 cr3)
{
	u64 reserved = 0x1e6 | (~((1ull << c->vm->cpu->phys_bits) - 1)); /* bits 2:1, 8:5, above MAXPHYADDR */
	u64 pdpte[4];
	for (u64 i = 0; i < 4; i++) {
		u64 gpa = mem_gpa(&c->vm->mem, (cr3 & 0xffffffe0u) + 8 * i);
		pdpte[i] = UINT64_MAX;
		if (!mmu_own_access(c, cr3, gpa, 8, EPT_R, true, &pdpte[i]))
			return false;
		mem_read(&c->vm->mem, gpa, &pdpte[i], 8);
		if ((pdpte[i] & PTE_P) && (pdpte[i] & reserved))
			return fault_gp(c, 0);
	}
	memcpy(c->s.pdpte, pdpte, sizeof pdpte);
	return true;
}

bool mmu_fetch(struct cpu *c, u64 lin, u64 *gpa)
{
	bool user = user_mode(c);
	struct tlb *t = &c->now->fetch[user];
	struct tlb_entry *e = &t->e[lin >> 12 & (TLB_SIZE - 1)];
	if (e->tag != (lin & ~(u64)PAGE_MASK_4K)) {
		if (c->mode == MODE_64 && !canonical(lin))
			return fault_gp(c, 0);
		struct walk_result res;
		if (!mmu_translate(c, lin, WALK_FETCH | (user ? WALK_USER : 0), &res))
			return false;
		if (!mmu_own_access(c, lin, res.gpa, 1, EPT_X, true, NULL))
			return false;
		if (res.page_size > PAGE_SIZE_4K)
			note_large(c->now, lin, res.page_size);
		tlb_fill(t, lin, res.gpa & ~(u64)PAGE_MASK_4K, mmu_about(&res));
		c->vcpu->tlb.fills[2]++;
	}
	*gpa = e->add + lin;
	return true;
}
