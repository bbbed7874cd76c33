/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu.h - from segment:offset to bytes: segmentation, paging, special pages, device registers.
 *
 * Every function that can fail returns false after having said why in c->why: a fault (c->fault) or an exit (c->exit).
 * The caller leaves the instruction at once with nothing changed; it is restarted from its beginning.
 * Rule: a page is in a TLB only if a plain load or store to it has no consequence anyone wants to see: MMIO, ROM,
 * dirty-logged, watched and code-holding pages never are (for the access in question).
 */
#ifndef VITRINE_CPU_INTERP_MMU_H
#define VITRINE_CPU_INTERP_MMU_H

#include <string.h>

#include "cpu-interp/cpu.h"

/* Little-endian values of 1 to 8 bytes at any host address. */
static inline u64 host_get(const u8 *p, int n)
{
	u64 v = 0;
	switch (n) { /* constant sizes become single loads */
	case 1: return *p;
	case 2: memcpy(&v, p, 2); return v;
	case 4: memcpy(&v, p, 4); return v;
	case 8: memcpy(&v, p, 8); return v;
	default: memcpy(&v, p, (size_t)n); return v;
	}
}
static inline void host_put(u8 *p, int n, u64 v)
{
	switch (n) {
	case 1: *p = (u8)v; break;
	case 2: memcpy(p, &v, 2); break;
	case 4: memcpy(p, &v, 4); break;
	case 8: memcpy(p, &v, 8); break;
	default: memcpy(p, &v, (size_t)n); break;
	}
}

/* The fast path: host address of [seg:off, n <= 8 bytes) in one page that hits the TLB, or NULL. */
static inline u8 *mmu_hit_read(struct cpu *c, u8 seg, u64 off, u64 n)
{
	const struct segment *s = &c->seg[seg];
	u64 lin = s->base + off;
	const struct tlb_entry *t = &c->rd->e[lin >> 12 & (TLB_SIZE - 1)];
	if (LIKELY(((lin + n - 1) & ~(u64)PAGE_MASK_4K) == t->tag && off < s->rfast))
		return (u8 *)(t->add + lin);
	return NULL;
}
static inline u8 *mmu_hit_write(struct cpu *c, u8 seg, u64 off, u64 n)
{
	const struct segment *s = &c->seg[seg];
	u64 lin = s->base + off;
	const struct tlb_entry *t = &c->wr->e[lin >> 12 & (TLB_SIZE - 1)];
	if (LIKELY(((lin + n - 1) & ~(u64)PAGE_MASK_4K) == t->tag && off < s->wfast))
		return (u8 *)(t->add + lin);
	return NULL;
}

/* The same for a run of any length within one page (string instructions); length: the segment's rlen or wlen. */
static inline u8 *mmu_hit_run(const struct tlb *tlb, const struct segment *s, u64 length, u64 off, u64 n)
{
	u64 lin = s->base + off;
	const struct tlb_entry *t = &tlb->e[lin >> 12 & (TLB_SIZE - 1)];
	bool inside = off >= s->lo && off - s->lo + (n - 1) < length;
	return inside && ((lin + n - 1) & ~(u64)PAGE_MASK_4K) == t->tag ? (u8 *)(t->add + lin) : NULL;
}
static inline u8 *mmu_run_read(struct cpu *c, u8 seg, u64 off, u64 n)
{
	return mmu_hit_run(c->rd, &c->seg[seg], c->seg[seg].rlen, off, n);
}
static inline u8 *mmu_run_write(struct cpu *c, u8 seg, u64 off, u64 n)
{
	return mmu_hit_run(c->wr, &c->seg[seg], c->seg[seg].wlen, off, n);
}

/* Load or store n = 1, 2, 4 or 8 bytes at seg:off with all checks, wherever it lies; off is already cut to the address
 * size.  Data accesses of the current privilege level. */
bool mmu_load(struct cpu *c, u8 seg, u64 off, int n, u64 *value);
bool mmu_store(struct cpu *c, u8 seg, u64 off, int n, u64 value);
/* For an instruction whose accesses cannot be begun again: while memory is watched, it executes by itself from the start.
 * False: leave it, as always. */
bool mmu_watch_alone(struct cpu *c);
/* Would mmu_store succeed?  Raises its fault if not; changes nothing (sets A and D bits).  For read-modify-write
 * instructions and those with several stores. */
bool mmu_check_store(struct cpu *c, u8 seg, u64 off, int n);
/* Same for loads (BOUND, POPA and others that must not do half their work). */
bool mmu_check_load(struct cpu *c, u8 seg, u64 off, int n);

/* The processor's own accesses at a linear address: descriptor tables, TSS, interrupt stacks (implicit supervisor
 * accesses, SDM 3A 4.6). */
bool mmu_sys_load(struct cpu *c, u64 lin, int n, u64 *value);
bool mmu_sys_store(struct cpu *c, u64 lin, int n, u64 value);
bool mmu_sys_check_store(struct cpu *c, u64 lin, int n);
/* At a linear address with the given privilege (0..3), for pushes onto a stack that is not yet the current one. */
bool mmu_lin_store(struct cpu *c, u64 lin, int n, u64 value, int cpl);
bool mmu_lin_check_store(struct cpu *c, u64 lin, int n, int cpl);

/* Segment and canonicality check only: linear address of seg:off, or #GP/#SS. */
bool mmu_linear(struct cpu *c, u8 seg, u64 off, int n, bool write, u64 *lin);

/* Whose translations an access uses; implicit: the processor's own, which RFLAGS.AC does not concern (SDM 3A 4.6.1). */
static inline enum tlb_class mmu_class(const struct cpu *c, int cpl, bool implicit)
{
	return cpl == 3 ? TLB_USER : c->smap_open && !implicit ? TLB_OPEN : TLB_SUPERVISOR;
}

/* All translations go: what they were made from has changed. */
void mmu_flush(struct cpu *c, enum tlb_cause cause);
/* The tags in force may have changed: PCID, CR4.PCIDE, VPID.  Who calls it calls cpu_update_mode, too. */
void mmu_select(struct cpu *c);
/* CR3 was written; keep: with bit 63, so that no translation goes (SDM 3A 4.10.4.1).  cpu_update_mode afterwards. */
void mmu_new_cr3(struct cpu *c, bool keep);
void mmu_invlpg(struct cpu *c, u64 lin);
/* Its operands have been checked. */
void mmu_invpcid(struct cpu *c, u64 type, u16 pcid, u64 lin);
/* INVVPID, INVEPT; false: the operand is invalid. */
bool mmu_drop(struct cpu *c, enum drop_kind kind, const struct drop_operand *o);
/* Translations that lead to guest-physical [gpa, gpa + len), or of these those for writing, go. */
void mmu_forget(struct cpu *c, u64 gpa, u64 len, bool writes_only, enum tlb_cause cause);
void mmu_tlb_each(const struct cpu *c, tlb_fn fn, void *arg);
/* Load PAE's four page-directory pointers from CR3 (SDM 3A 4.4.1); #GP(0) if one has reserved bits set. */
bool mmu_load_pdptes(struct cpu *c, u64 cr3);

/* Fetch: guest-physical address of the code byte at linear address lin; #PF if it may not be executed. */
bool mmu_fetch(struct cpu *c, u64 lin, u64 *gpa);

/* The hypervisor's next answer, if the instruction was restarted and has it already; else NULL. */
static inline const struct vm_exit *cpu_answer(struct cpu *c)
{
	/* those to page faults are found by their address (mmu-shadow.c) */
	while (c->cursor < c->nanswers && UNLIKELY(c->answer[c->cursor].reason == EXIT_EXCEPTION))
		c->cursor++;
	return c->cursor < c->nanswers ? &c->answer[c->cursor++] : NULL;
}
/* Ask the hypervisor: NULL the first time (c->exit filled, WHY_EXIT), its answer when the instruction is restarted. */
const struct vm_exit *cpu_ask(struct cpu *c, const struct vm_exit *question);

static inline bool canonical(u64 lin) { return (u64)((i64)(lin << 16) >> 16) == lin; } /* SDM 1 3.3.7.1 */

#endif
