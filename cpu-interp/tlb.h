/* SPDX-License-Identifier: GPL-3.0-or-later
 * tlb.h - the translations that a processor keeps, by tag (SDM 3A 4.10, SDM 3C 28.3).
 *
 * All translations of one tag (VPID, PCID, EPT pointer) are a space of their own.  Loads and stores see one pointer to
 * the TLB of the space in use; so a tag costs nothing to check, and MOV CR3 is a change of pointers.
 * Rule: a translation is in the space under whose tag it was made, and goes at the latest when SDM 3A 4.10.4.1 says so.
 * What is beyond that is ours: a space goes as a whole when TLB_SPACES are in use and another is wanted.
 *
 * A global translation is kept in each space that has used it.  So it may have to be made once for each tag, where a real
 * processor makes it once; whatever drops global translations drops them in all spaces of the VPID.
 * Nothing here is state: see cpu.h.
 */
#ifndef VITRINE_CPU_INTERP_TLB_H
#define VITRINE_CPU_INTERP_TLB_H

#include "core/engine.h"

struct cpu;
struct insn;

enum { TLB_SIZE = 256, TLB_SPACES = 16, TLB_WORDS = TLB_SIZE / 64, JUMP_CACHE = 1024 };
#define TLB_EMPTY 1u

struct tlb_entry {
	u64 tag;       /* linear page, or TLB_EMPTY */
	uintptr_t add; /* host address = add + linear address; of code: guest-physical page */
};

/* Where an entry came from, in `about`: guest-physical page, and in the low bits: */
enum { ABOUT_GLOBAL = 1, ABOUT_SIZE_SHIFT = 1 /* log2 of the page's size, 6 bits, 0 = 4 KiB */ };

struct tlb {
	struct tlb_entry e[TLB_SIZE];
	u64 about[TLB_SIZE];
	u64 filled[TLB_WORDS]; /* bit per entry: it may hold something; */
	u64 global[TLB_WORDS]; /* a global translation; */
	u64 large[TLB_WORDS];  /* a piece of a large page */
};

/* Where a branch leads.  `at` is the linear address, marked with the view of the code segment (cpu_jump_key). */
struct jump { u64 at; const struct insn *first; };

struct tlb_tag {
	u16 vpid, pcid; /* PCID 0 while CR4.PCIDE is clear */
	u64 ept;        /* the EPT pointer's bits 51:12, 0 without EPT */
};

struct tlb_space {
	struct tlb_tag tag;
	u64 used;                        /* when it was selected, by c->selections */
	struct tlb rd[TLB_CLASSES], wr[TLB_CLASSES];
	struct tlb fetch[2];             /* TLB_SUPERVISOR, TLB_USER */
	struct jump jump[2][JUMP_CACHE]; /* likewise */
	u64 jump_used[2][JUMP_CACHE / 64];
	u64 jump_pages;                  /* bit n: there may be a jump to a page whose number is n modulo 64 */
	u64 large_first, large_last;     /* in between lie all large pages that code was fetched from */
};

/* The first space, for the tags in force; false: no memory. */
bool tlb_open(struct cpu *c);
void tlb_close(struct cpu *c);

/* Remember where a branch to `at` leads. */
void tlb_jump(struct cpu *c, u64 at, const struct insn *first);
/* Decoded code has gone: no branch is remembered any more, in any space. */
void tlb_drop_jumps(struct cpu *c);
/* From now on a store to this guest-physical page must be seen: its write translations go. */
void tlb_protect(struct cpu *c, u64 gpa);

/* Enter a translation; only when a walk has just allowed the access.  host: of the page's first byte; about: see above. */
static inline void tlb_fill(struct tlb *t, u64 lin, u64 host, u64 about)
{
	u32 i = lin >> 12 & (TLB_SIZE - 1);
	u64 bit = 1ull << (i & 63), page = lin & ~0xfffull;
	t->e[i] = (struct tlb_entry){ page, (uintptr_t)(host - page) };
	t->about[i] = about;
	t->filled[i / 64] |= bit;
	t->global[i / 64] = (t->global[i / 64] & ~bit) | (about & ABOUT_GLOBAL ? bit : 0);
	t->large[i / 64] = (t->large[i / 64] & ~bit) | (about >> ABOUT_SIZE_SHIFT & 63 ? bit : 0);
}

#endif
