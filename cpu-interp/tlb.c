/* SPDX-License-Identifier: GPL-3.0-or-later
 * tlb.c - choosing among the spaces of the TLB, dropping translations, and telling what it holds.
 * Rule: whenever a translation of code goes, the jumps of its space that depend on it go, too.
 */
#include "cpu-interp/tlb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/x86.h"
#include "cpu-interp/cpu.h"
#include "cpu-interp/mmu.h"

enum keep { KEEP_NOTHING, KEEP_GLOBAL, ONLY_GLOBAL };
#define EACH_SPACE(c, s) for (u32 s##_ = 0; s##_ < TLB_SPACES; s##_++) \
		for (struct tlb_space *s = (c)->space[s##_]; s; s = NULL)
#define EACH_BIT(bits, n) for (u64 n##_ = (bits), n; n##_ && (n = (u64)__builtin_ctzll(n##_), true); n##_ &= n##_ - 1)

/* The n-th TLB of a space: reading, writing, fetching. */
enum { TLBS = 2 * TLB_CLASSES + 2 };
static struct tlb *tlb_of(struct tlb_space *s, int n)
{
	return n < TLB_CLASSES ? &s->rd[n] : n < 2 * TLB_CLASSES ? &s->wr[n - TLB_CLASSES] : &s->fetch[n - 2 * TLB_CLASSES];
}

/* ---- spaces ---- */

static void empty(struct tlb *t)
{
	for (int i = 0; i < TLB_SIZE; i++)
		t->e[i].tag = TLB_EMPTY;
}

static struct tlb_space *space_new(void)
{
	struct tlb_space *s = aligned_alloc(64, (sizeof *s + 63) & ~63ull);
	if (!s)
		return NULL;
	memset(s, 0, sizeof *s);
	for (int i = 0; i < TLBS; i++)
		empty(tlb_of(s, i));
	s->large_first = UINT64_MAX;
	return s;
}

static struct tlb_tag tag_now(const struct cpu *c)
{
	const struct second_stage *p = &c->vm->paging;
	return (struct tlb_tag){ .vpid = c->vcpu->vpid, .pcid = *c->s.cr4 & CR4_PCIDE ? *c->s.cr3 & CR3_PCID : 0,
				 .ept = p->mode == PAGING_EPT ? paging_eptp(p) & ~(u64)PAGE_MASK_4K : 0 };
}

static bool same_tag(const struct tlb_tag *a, const struct tlb_tag *b)
{
	return a->vpid == b->vpid && a->pcid == b->pcid && a->ept == b->ept;
}

bool tlb_open(struct cpu *c)
{
	empty(&c->none);
	c->space[0] = c->now = space_new();
	if (c->now)
		c->now->tag = tag_now(c);
	return c->now;
}

void tlb_close(struct cpu *c)
{
	EACH_SPACE(c, s)
		free(s);
}

/* ---- dropping ---- */

static u64 tlb_drop(struct tlb *t, enum keep keep)
{
	u64 n = 0;
	for (u32 w = 0; w < TLB_WORDS; w++) {
		u64 gone = t->filled[w] & (keep == KEEP_GLOBAL ? ~t->global[w] : UINT64_MAX);
		EACH_BIT(gone, i)
			t->e[w * 64 + i].tag = TLB_EMPTY;
		n += (u64)__builtin_popcountll(gone);
		t->filled[w] &= ~gone;
		t->global[w] &= ~gone;
		t->large[w] &= ~gone;
	}
	return n;
}

static void drop_jumps(struct tlb_space *s)
{
	if (!s->jump_pages)
		return;
	for (u32 user = 0; user < 2; user++)
		for (u32 w = 0; w < JUMP_CACHE / 64; w++) {
			EACH_BIT(s->jump_used[user][w], i)
				s->jump[user][w * 64 + i] = (struct jump){ 0 };
			s->jump_used[user][w] = 0;
		}
	s->jump_pages = 0;
	s->large_first = UINT64_MAX; /* there are none */
	s->large_last = 0;
}

void tlb_drop_jumps(struct cpu *c)
{
	EACH_SPACE(c, s)
		drop_jumps(s);
}

static u64 space_drop(struct tlb_space *s, enum keep keep)
{
	u64 n = 0;
	for (int i = 0; i < TLBS; i++)
		n += tlb_drop(tlb_of(s, i), keep);
	drop_jumps(s);
	return n;
}

/* Times and translations, for --stats. */
static void count(struct cpu *c, enum tlb_cause cause, u64 dropped)
{
	c->vcpu->tlb.drops[cause]++;
	c->vcpu->tlb.dropped[cause] += dropped;
}

void mmu_flush(struct cpu *c, enum tlb_cause cause)
{
	u64 n = 0;
	EACH_SPACE(c, s)
		n += space_drop(s, KEEP_NOTHING);
	count(c, cause, n);
}

static bool forget(struct tlb *t, u32 i, enum keep keep)
{
	u64 bit = 1ull << (i & 63);
	bool global = t->global[i / 64] & bit;
	if (keep == KEEP_GLOBAL ? global : keep == ONLY_GLOBAL && !global)
		return false;
	t->e[i].tag = TLB_EMPTY;
	t->filled[i / 64] &= ~bit;
	t->global[i / 64] &= ~bit;
	t->large[i / 64] &= ~bit;
	return true;
}

static u64 page_size(u64 about)
{
	u64 log2 = about >> ABOUT_SIZE_SHIFT & 63;
	return log2 ? 1ull << log2 : PAGE_SIZE_4K;
}

/* The translation of lin's page; and all pieces of the large page that it is in. */
static u64 tlb_drop_page(struct tlb *t, u64 lin, enum keep keep)
{
	u32 at = lin >> 12 & (TLB_SIZE - 1);
	u64 n = t->e[at].tag == (lin & ~(u64)PAGE_MASK_4K) && forget(t, at, keep);
	for (u32 w = 0; w < TLB_WORDS; w++)
		EACH_BIT(t->large[w], i) {
			u32 e = w * 64 + (u32)i;
			n += !((t->e[e].tag ^ lin) & ~(page_size(t->about[e]) - 1)) && forget(t, e, keep);
		}
	return n;
}

/* The page a jump leads to: without the mark of its view. */
static u64 jump_page(const struct jump *j)
{
	u64 lin = canonical(j->at) ? j->at : (u32)j->at;
	return lin & ~(u64)PAGE_MASK_4K;
}

static void drop_jumps_to(struct tlb_space *s, u64 lin)
{
	if (s->large_first <= lin && lin <= s->large_last)
		drop_jumps(s);
	if (!(s->jump_pages >> (lin >> 12 & 63) & 1))
		return;
	for (u32 user = 0; user < 2; user++)
		for (u32 w = 0; w < JUMP_CACHE / 64; w++)
			EACH_BIT(s->jump_used[user][w], i) {
				struct jump *j = &s->jump[user][w * 64 + i];
				if (jump_page(j) == (lin & ~(u64)PAGE_MASK_4K))
					*j = (struct jump){ 0 };
			}
}

static u64 space_drop_page(struct tlb_space *s, u64 lin, enum keep keep)
{
	u64 n = 0;
	for (int i = 0; i < TLBS; i++)
		n += tlb_drop_page(tlb_of(s, i), lin, keep);
	if (keep != ONLY_GLOBAL || n)
		drop_jumps_to(s, lin);
	return n;
}

/* ---- what instructions ask for ---- */

/* SDM 3A 4.10.4.1: the page's translations of this PCID, and global ones whatever their PCID. */
void mmu_invlpg(struct cpu *c, u64 lin)
{
	u64 n = 0;
	EACH_SPACE(c, s)
		if (s->tag.vpid == c->now->tag.vpid)
			n += space_drop_page(s, lin, s->tag.pcid == c->now->tag.pcid ? KEEP_NOTHING : ONLY_GLOBAL);
	count(c, CAUSE_INVLPG, n);
}

void mmu_invpcid(struct cpu *c, u64 type, u16 pcid, u64 lin)
{
	u64 n = 0;
	EACH_SPACE(c, s) {
		if (s->tag.vpid != c->now->tag.vpid || (type < 2 && s->tag.pcid != pcid))
			continue;
		if (type == 0)
			n += space_drop_page(s, lin, KEEP_GLOBAL);
		else
			n += space_drop(s, type == 2 ? KEEP_NOTHING : KEEP_GLOBAL);
	}
	count(c, CAUSE_INVPCID, n);
}

/* The space of a tag: the one that has it; else an unused one; else the one that has not been in use for longest. */
static struct tlb_space *find_space(struct cpu *c, const struct tlb_tag *tag)
{
	struct tlb_space *oldest = c->space[0];
	EACH_SPACE(c, s) {
		if (same_tag(&s->tag, tag))
			return s;
		if (s->used < oldest->used)
			oldest = s;
	}
	for (u32 i = 0; i < TLB_SPACES; i++)
		if (!c->space[i] && (c->space[i] = space_new())) {
			c->space[i]->tag = *tag;
			return c->space[i];
		}
	count(c, CAUSE_FULL, space_drop(oldest, KEEP_NOTHING));
	oldest->tag = *tag;
	return oldest;
}

void mmu_select(struct cpu *c)
{
	struct tlb_tag tag = tag_now(c);
	if (!same_tag(&c->now->tag, &tag))
		c->now = find_space(c, &tag);
	c->now->used = ++c->selections;
}

void mmu_new_cr3(struct cpu *c, bool keep)
{
	mmu_select(c);
	if (!keep)
		EACH_SPACE(c, s)
			if (s->tag.vpid == c->now->tag.vpid && s->tag.pcid == c->now->tag.pcid)
				count(c, CAUSE_CR3, space_drop(s, KEEP_GLOBAL));
}

/* ---- what the hypervisor asks for ---- */

/* Does INVVPID fail with this operand?  SDM 3C 30.3, INVVPID */
static bool valid_vpid(enum drop_kind kind, const struct drop_operand *o)
{
	if (o->vpid >> 16 || (kind != DROP_VPID_ALL && !o->vpid))
		return false;
	return kind != DROP_VPID_ADDRESS || canonical(o->linear);
}

static bool concerns(const struct tlb_space *s, enum drop_kind kind, const struct drop_operand *o)
{
	switch (kind) {
	case DROP_VPID_ALL: return s->tag.vpid;
	case DROP_EPT: return s->tag.ept && s->tag.ept == (o->eptp & ~(u64)PAGE_MASK_4K);
	case DROP_EPT_ALL: return s->tag.ept;
	default: return s->tag.vpid == o->vpid;
	}
}

bool mmu_drop(struct cpu *c, enum drop_kind kind, const struct drop_operand *o)
{
	bool of_ept = kind == DROP_EPT || kind == DROP_EPT_ALL;
	u64 n = 0;
	if (of_ept ? kind == DROP_EPT && !ept_pointer_valid(o->eptp, c->vm->cpu->phys_bits) : !valid_vpid(kind, o))
		return false;
	EACH_SPACE(c, s) {
		if (!concerns(s, kind, o))
			continue;
		if (kind == DROP_VPID_ADDRESS)
			n += space_drop_page(s, o->linear, KEEP_NOTHING);
		else
			n += space_drop(s, kind == DROP_VPID_KEEP_GLOBAL ? KEEP_GLOBAL : KEEP_NOTHING);
	}
	count(c, of_ept ? CAUSE_INVEPT : CAUSE_INVVPID, n);
	return true;
}

/* Entries that lead to guest-physical [gpa, gpa + len).  Their bits of `filled` stay: another processor may execute. */
static u64 tlb_forget(struct tlb *t, u64 gpa, u64 len)
{
	u64 n = 0;
	for (u32 w = 0; w < TLB_WORDS; w++)
		EACH_BIT(t->filled[w], i)
			if ((t->about[w * 64 + i] & ~(u64)PAGE_MASK_4K) - gpa < len) {
				n += t->e[w * 64 + i].tag != TLB_EMPTY;
				t->e[w * 64 + i].tag = TLB_EMPTY;
			}
	return n;
}

void mmu_forget(struct cpu *c, u64 gpa, u64 len, bool writes_only, enum tlb_cause cause)
{
	u64 n = 0;
	EACH_SPACE(c, s)
		for (int i = 0; i < TLBS; i++)
			if (!writes_only || (i >= TLB_CLASSES && i < 2 * TLB_CLASSES))
				n += tlb_forget(tlb_of(s, i), gpa, len);
	count(c, cause, n);
}

void tlb_protect(struct cpu *c, u64 gpa)
{
	mmu_forget(c, gpa & ~(u64)PAGE_MASK_4K, PAGE_SIZE_4K, true, CAUSE_CODE);
}

/* ---- branches ---- */

void tlb_jump(struct cpu *c, u64 at, const struct insn *first)
{
	struct jump *j = cpu_jump_slot(c, at);
	u64 n = (u64)(j - c->jump);
	c->now->jump_pages |= 1ull << (at >> 12 & 63);
	c->now->jump_used[c->cpl == 3][n / 64] |= 1ull << n % 64;
	*j = (struct jump){ at, first };
}

/* ---- telling ---- */

static u8 line_rights(const struct tlb_entry *rd, const struct tlb_entry *wr, const struct tlb_entry *fetch, u64 page)
{
	return (u8)((rd && rd->tag == page ? TLB_READ : 0) | (wr && wr->tag == page ? TLB_WRITE : 0) |
		    (fetch && fetch->tag == page ? TLB_FETCH : 0));
}

/* One entry of the three TLBs of a class, which may hold three pages; what several hold is told once. */
static void tell_entry(const struct tlb_space *s, bool current, int who, int i, tlb_fn fn, void *arg)
{
	const struct tlb *of[] = { &s->rd[who], &s->wr[who], who < TLB_OPEN ? &s->fetch[who] : NULL };
	const struct tlb_entry *rd = &of[0]->e[i], *wr = &of[1]->e[i], *fetch = of[2] ? &of[2]->e[i] : NULL;
	for (u32 k = 0; k < ARRAY_LEN(of); k++) {
		u64 page = of[k] ? of[k]->e[i].tag : TLB_EMPTY;
		u64 about = of[k] ? of[k]->about[i] : 0;
		if (page == TLB_EMPTY || (k > 0 && rd->tag == page) || (k > 1 && wr->tag == page))
			continue;
		fn(arg, &(struct tlb_line){ .linear = page, .gpa = about & ~(u64)PAGE_MASK_4K, .size = page_size(about),
					    .vpid = s->tag.vpid, .pcid = s->tag.pcid, .who = (u8)who, .current = current,
					    .global = about & ABOUT_GLOBAL, .rights = line_rights(rd, wr, fetch, page) });
	}
}

void mmu_tlb_each(const struct cpu *c, tlb_fn fn, void *arg)
{
	EACH_SPACE(c, s)
		for (int who = 0; who < TLB_CLASSES; who++)
			for (int i = 0; i < TLB_SIZE; i++)
				tell_entry(s, s == c->now, who, i, fn, arg);
}
