/* SPDX-License-Identifier: GPL-3.0-or-later
 * mmu.c - from segment:offset to bytes, the slow and complete way; fills the TLBs of the fast way (mmu.h).
 * Rule: all checks of one access come before its effects; a store that cannot be made at once leaves no trace.
 */
#include "cpu-interp/mmu.h"

#include "cpu-interp/block.h"
#include "cpu-interp/fault.h"
#include "cpu-interp/flags.h"
#include "cpu-interp/mmu-priv.h"

/* --- answers of the hypervisor ------------------------------------------------------------------------------ */

/* Memory may have moved since the instruction was left (a page was put out, slots were switched): then it has a new question
 * first, whose answer is "try again", and what was answered before waits. */
static bool is_answered(const struct cpu *c, const struct vm_exit *question)
{
	const struct vm_exit *next = &c->answer[c->cursor];
	if (c->cursor == c->nanswers || next->reason != question->reason)
		return false;
	return question->reason != EXIT_EPT_VIOLATION || next->gpa == question->gpa;
}

const struct vm_exit *cpu_ask(struct cpu *c, const struct vm_exit *question)
{
	if (is_answered(c, question))
		return &c->answer[c->cursor++];
	c->exit = *question;
	c->asked = true;
	c->why = WHY_EXIT;
	return NULL;
}

/* One access to a device register or a hole, 1, 2, 4 or 8 bytes: EPT violation (SDM 3C 28.2.3). */
static bool device_register(struct cpu *c, u64 lin, u64 gpa, u8 rights, int n, bool write, u64 *value)
{
	struct vm_exit q = { .reason = EXIT_EPT_VIOLATION, .gpa = gpa, .gla = lin };
	q.qualification = exit_ept_qualification(write ? EPT_W : EPT_R, rights, true, true);
	q.mmio.size = (u8)n;
	q.mmio.write = write;
	q.mmio.value = write ? zero_extend(*value, n) : 0;
	const struct vm_exit *a = cpu_ask(c, &q);
	if (!a)
		return false;
	*value = zero_extend(a->mmio.value, n);
	return true;
}

/* The part of an access that lies in this page may be of any size; a bus has accesses of powers of two only. */
static bool device_access(struct cpu *c, u64 lin, u64 gpa, u8 rights, int n, bool write, u64 *value)
{
	u64 whole = 0;
	for (int done = 0, piece; done < n; done += piece) {
		u64 part = write ? *value >> 8 * done : 0;
		piece = n - done >= 8 ? 8 : n - done >= 4 ? 4 : n - done >= 2 ? 2 : 1;
		if (!device_register(c, lin + (u64)done, gpa + (u64)done, rights, piece, write, &part))
			return false;
		whole |= part << 8 * done;
	}
	if (!write)
		*value = whole;
	return true;
}

/* --- locked instructions, when vCPUs have threads ------------------------------------------------------------- */

/* What the load found is exchanged for the result, unless another processor has been there in between.  Accesses of
 * other sizes are parts of one that crosses a page, which is not atomic here. */
static bool swap_locked(struct cpu *c, u8 *p, int n, u64 v)
{
	u64 old = c->lock_found;
	bool done = true;
	switch (n) {
#define CASE(size, type) \
	case size: { \
		type old_ = (type)old; \
		done = __atomic_compare_exchange_n((type *)(void *)p, &old_, (type)v, false, __ATOMIC_SEQ_CST, \
						   __ATOMIC_SEQ_CST); \
		break; \
	}
	CASE(1, u8)
	CASE(2, u16)
	CASE(4, u32)
	CASE(8, u64)
#undef CASE
	default: host_put(p, n, v);
	}
	if (!done)
		c->why = WHY_AGAIN;
	return done;
}

/* --- one access within one page ----------------------------------------------------------------------------- */

/* A store to plain memory is about to happen: note it where it matters.  True if the page may enter the write TLB. */
static bool note_store(struct cpu *c, u64 gpa, int n)
{
	struct mem_slot *slot = (struct mem_slot *)mem_slot_at(&c->vm->mem, gpa);
	if (slot->flags & SLOT_LOG && c->vm->paging.dirty.way == DIRTY_OWN)
		mem_mark_dirty(slot, gpa, (u64)n);
	blocks_written(c->blocks, gpa, (u64)n);
	return !blocks_in_page(c->blocks, gpa);
}

/* An instruction that is restarted with answers does again what it did, and told, before the latest of them. */
static bool is_again(const struct cpu *c) { return c->cursor < c->nanswers; }

static void tell_access(struct cpu *c, u64 lin, u64 gpa, int n, bool write, u64 value)
{
	struct event ev = cpu_event(c, NULL, EV_mem);
	if (is_again(c))
		return;
	ev.mem.gla = lin;
	ev.mem.gpa = gpa;
	ev.mem.size = (u8)n;
	ev.mem.write = write;
	ev.mem.value = value;
	event_emit(&c->vm->events, &ev);
}

static void tell_watch(struct cpu *c, u64 lin, u64 gpa, int n, bool write, u64 value, u64 old)
{
	struct event ev = cpu_event(c, NULL, EV_watch);
	u8 kinds = watches_over(&c->vm->watches, lin, gpa, (u64)n);
	if (!(kinds & (write ? WATCH_WRITE : WATCH_READ)) || is_again(c))
		return;
	ev.watch.gla = lin;
	ev.watch.gpa = gpa;
	ev.watch.size = (u8)n;
	ev.watch.write = write;
	ev.watch.value = zero_extend(value, n);
	ev.watch.old = old;
	if (event_wanted(&c->vm->events, EV_watch))
		event_emit(&c->vm->events, &ev);
}

bool mmu_watch_alone(struct cpu *c)
{
	if (LIKELY(!c->in_block))
		return true;
	c->alone = true;
	c->why = WHY_AGAIN;
	return false;
}

/* Watched bytes are accessed by an instruction that executes by itself, so that the machine can stop behind it. */
static bool watch_allows(struct cpu *c, u64 lin, u64 gpa, int n, bool write)
{
	u8 kinds = watches_over(&c->vm->watches, lin, gpa, (u64)n);
	return !(kinds & (write ? WATCH_WRITE : WATCH_READ)) || mmu_watch_alone(c);
}

/* The kinds of access to this page that must be seen.  Read-modify-write handlers are content with a hit in the write
 * TLB, so a page with a watch for reading is in neither. */
static u8 watched_kinds(const struct cpu *c, u64 lin, u64 gpa)
{
	const u64 page = ~(u64)PAGE_MASK_4K;
	u8 kinds = watches_over(&c->vm->watches, lin & page, gpa & page, PAGE_SIZE_4K);
	return kinds & WATCH_READ ? WATCH_READ | WATCH_WRITE : kinds;
}

/* Data breakpoints (SDM 3B 17.2.5): reported after the instruction. */
static void watch_data(struct cpu *c, u64 lin, int n, bool write)
{
	for (int i = 0; i < 4; i++) {
		u64 dr7 = c->s.dr[7];
		u32 rw = dr7 >> (16 + 4 * i) & 3, len = dr7 >> (18 + 4 * i) & 3;
		u64 size = len == 0 ? 1 : len == 1 ? 2 : len == 2 ? 8 : 4;
		u64 start = c->s.dr[i] & ~(size - 1);
		if (!(dr7 >> (2 * i) & 3) || !(rw == 3 || (rw == 1 && write)))
			continue;
		if (lin < start + size && start < lin + (u64)n)
			*c->s.pending_db |= 1u << i;
	}
}

enum touch { TOUCH_READ, TOUCH_WRITE, TOUCH_CHECK_WRITE, TOUCH_CHECK_READ };

/* Where an access within one page goes.  That case is worth being one function of machine code: hence the attributes. */
struct place {
	u64 lin, gpa;
	int n;
	bool write;
	u8 who;    /* enum tlb_class */
	u64 about; /* for the TLB */
	u8 *host;  /* NULL: to a device, or to nobody; */
	u8 rights; /* where extended page tables allow so much */
};

/* Every fault, and every page that the hypervisor has to find first, comes from here: nothing has changed yet. */
static inline __attribute__((always_inline)) bool find_place(struct cpu *c, u64 lin, int n, bool write, int cpl, bool implicit, struct place *p)
{
	u32 access = (write ? WALK_WRITE : 0) | (cpl == 3 ? WALK_USER : 0) |
		     ((*c->s.rflags & FLAG_AC) && !implicit ? WALK_AC : 0);
	struct walk_result res;
	if (!mmu_translate(c, lin, access, &res))
		return false;
	if (UNLIKELY(c->vm->watches.n) && !watch_allows(c, lin, res.gpa, n, write))
		return false;
	*p = (struct place){ .lin = lin, .gpa = res.gpa, .n = n, .write = write, .who = (u8)mmu_class(c, cpl, implicit),
			     .about = mmu_about(&res) };
	enum stage stage = mmu_second_stage(c, res.gpa, write ? EPT_W : EPT_R, &p->rights);
	if (stage == STAGE_VIOLATION && mem_is_memory(&c->vm->mem, res.gpa, write)) { /* that is not mapped so yet */
		u64 nothing = 0;
		return device_access(c, lin, res.gpa, p->rights, n, write, &nothing);
	}
	if (stage == STAGE_MEMORY) /* only now: a write may copy a shared page, which is the violation's affair if there is one */
		p->host = mem_host(&c->vm->mem, res.gpa, (u64)n, write);
	return stage != STAGE_LEAVE;
}

static __attribute__((noinline)) bool transfer_device(struct cpu *c, const struct place *p, u64 *value)
{
	if (!device_access(c, p->lin, p->gpa, p->rights, p->n, p->write, value))
		return false;
	if (UNLIKELY(c->vm->watches.n))
		tell_watch(c, p->lin, p->gpa, p->n, p->write, *value, 0);
	return true;
}

static inline void enter(struct cpu *c, struct tlb *t, int kind, const struct place *p)
{
	tlb_fill(t, p->lin, (uintptr_t)p->host - (p->lin & PAGE_MASK_4K), p->about);
	c->vcpu->tlb.fills[kind]++;
}

static inline __attribute__((always_inline)) bool store_plain(struct cpu *c, const struct place *p, u8 slow, u64 value)
{
	blocks_lock(c);
	bool plain = note_store(c, p->gpa, p->n), done = true;
	if (c->locked)
		done = swap_locked(c, p->host, p->n, value);
	else
		host_put(p->host, p->n, value);
	blocks_unlock(c);
	if (has_shadow(c) && mmu_stored_shadow(c, p->lin, p->gpa, (u64)p->n, &c->now->wr[p->who]))
		return done;
	if (plain && !(slow & WATCH_WRITE))
		enter(c, &c->now->wr[p->who], 1, p);
	return done;
}

static inline __attribute__((always_inline)) bool transfer(struct cpu *c, const struct place *p, u64 *value)
{
	if (c->s.dr[7] & 0xff)
		watch_data(c, p->lin, p->n, p->write);
	if (!p->host)
		return transfer_device(c, p, value);
	bool watches = UNLIKELY(c->vm->watches.n);
	u8 slow = watches ? watched_kinds(c, p->lin, p->gpa) : 0;
	u64 old = watches && p->write ? host_get(p->host, p->n) : 0;
	if (p->write) {
		if (!store_plain(c, p, slow, *value))
			return false;
	} else {
		*value = host_get(p->host, p->n);
		c->lock_found = *value;
	}
	if (!(slow & WATCH_READ))
		enter(c, &c->now->rd[p->who], 0, p);
	if (watches)
		tell_watch(c, p->lin, p->gpa, p->n, p->write, *value, old);
	if (c->watch_mem)
		tell_access(c, p->lin, p->gpa, p->n, p->write, *value);
	return true;
}

/* Program accesses in compatibility mode end at 4 GiB by their segment limits; the processor's own do not. */
static u64 wrap(const struct cpu *c, u64 lin) { return long_active(c) ? lin : (u32)lin; }

/* Both pages are found before either changes; and memory changes last, for who asks a device begins again. */
static __attribute__((noinline)) bool crossing_access(struct cpu *c, u64 lin, int n, enum touch touch, int cpl, bool implicit, u64 *value)
{
	bool write = touch == TOUCH_WRITE || touch == TOUCH_CHECK_WRITE;
	int first = (int)(PAGE_SIZE_4K - (lin & PAGE_MASK_4K));
	struct place low, high;
	if (!find_place(c, lin, first, write, cpl, implicit, &low) ||
	    !find_place(c, wrap(c, lin + (u64)first), n - first, write, cpl, implicit, &high))
		return false;
	if (touch == TOUCH_CHECK_WRITE || touch == TOUCH_CHECK_READ)
		return true;
	u64 low_value = write ? *value : 0, high_value = write ? *value >> 8 * first : 0;
	bool high_first = low.host && !high.host;
	if (high_first && !transfer(c, &high, &high_value))
		return false;
	if (!transfer(c, &low, &low_value) || (!high_first && !transfer(c, &high, &high_value)))
		return false;
	if (!write)
		*value = low_value | high_value << 8 * first;
	return true;
}

static bool lin_access(struct cpu *c, u64 lin, int n, enum touch touch, int cpl, bool implicit, u64 *value)
{
	bool write = touch == TOUCH_WRITE || touch == TOUCH_CHECK_WRITE;
	struct place place;
	if (n > (int)(PAGE_SIZE_4K - (lin & PAGE_MASK_4K)))
		return crossing_access(c, lin, n, touch, cpl, implicit, value);
	if (!find_place(c, lin, n, write, cpl, implicit, &place))
		return false;
	return touch == TOUCH_CHECK_WRITE || touch == TOUCH_CHECK_READ || transfer(c, &place, value);
}

/* --- segmentation ------------------------------------------------------------------------------------------- */

static bool segment_fault(struct cpu *c, u8 seg)
{
	return fault_raise_error(c, seg == SEG_SS ? VEC_SS : VEC_GP, 0);
}

bool mmu_linear(struct cpu *c, u8 seg, u64 off, int n, bool write, u64 *lin)
{
	const struct segment *s = &c->seg[seg];
	u64 at = s->base + off;
	if (c->mode == MODE_64) { /* SDM 1 3.3.7.1: both ends canonical; no limits */
		if (!canonical(at) || !canonical(at + (u64)n - 1))
			return segment_fault(c, seg);
		*lin = at;
		return true;
	}
	/* SDM 3A 5.3; in 16- and 32-bit modes linear addresses wrap at 4 GiB */
	u64 len = write ? s->wlen : s->rlen, first = off - s->lo;
	if (first >= len || len - first < (u64)n)
		return segment_fault(c, seg);
	*lin = (u32)at;
	return true;
}

/* #AC (SDM 3A 6.15): only user code, only when CR0.AM and EFLAGS.AC ask for it. */
static bool aligned(struct cpu *c, u64 lin, int n)
{
	bool checking = c->cpl == 3 && (*c->s.cr0 & CR0_AM) && (*c->s.rflags & FLAG_AC);
	if (!checking || !(lin & (u64)(n - 1)))
		return true;
	return fault_raise_error(c, VEC_AC, 0);
}

static bool data_access(struct cpu *c, u8 seg, u64 off, int n, enum touch touch, u64 *value)
{
	u64 lin;
	bool write = touch == TOUCH_WRITE || touch == TOUCH_CHECK_WRITE;
	if (!mmu_linear(c, seg, off, n, write, &lin) || !aligned(c, lin, n))
		return false;
	return lin_access(c, lin, n, touch, c->cpl, false, value);
}

bool mmu_load(struct cpu *c, u8 seg, u64 off, int n, u64 *value)
{
	const u8 *hit = mmu_hit_read(c, seg, off, (u64)n);
	if (LIKELY(hit != NULL)) {
		c->lock_found = *value = host_get(hit, n);
		return true;
	}
	return data_access(c, seg, off, n, TOUCH_READ, value);
}

bool mmu_store(struct cpu *c, u8 seg, u64 off, int n, u64 value)
{
	u8 *hit = mmu_hit_write(c, seg, off, (u64)n);
	if (LIKELY(hit != NULL)) {
		if (UNLIKELY(c->locked))
			return swap_locked(c, hit, n, value);
		host_put(hit, n, value);
		return true;
	}
	return data_access(c, seg, off, n, TOUCH_WRITE, &value);
}

bool mmu_check_store(struct cpu *c, u8 seg, u64 off, int n)
{
	return mmu_hit_write(c, seg, off, (u64)n) || data_access(c, seg, off, n, TOUCH_CHECK_WRITE, NULL);
}

bool mmu_check_load(struct cpu *c, u8 seg, u64 off, int n)
{
	return mmu_hit_read(c, seg, off, (u64)n) || data_access(c, seg, off, n, TOUCH_CHECK_READ, NULL);
}

/* --- the processor's own accesses --------------------------------------------------------------------------- */

/* They use the same translations, but never those that RFLAGS.AC has opened to the supervisor (SDM 3A 4.6.1).  No TLB
 * is used while every access must be seen. */
static u8 *sys_hit(struct cpu *c, const struct tlb *t, u64 lin, int n)
{
	const struct tlb_entry *e = &t->e[lin >> 12 & (TLB_SIZE - 1)];
	bool usable = c->rd != &c->none;
	return usable && e->tag == ((lin + (u64)n - 1) & ~(u64)PAGE_MASK_4K) ? (u8 *)(e->add + lin) : NULL;
}

static bool sys_access(struct cpu *c, u64 lin, int n, enum touch touch, int cpl, bool implicit, u64 *value)
{
	bool write = touch == TOUCH_WRITE || touch == TOUCH_CHECK_WRITE;
	lin = wrap(c, lin);
	if (long_active(c) && !canonical(lin))
		return fault_gp(c, 0);
	enum tlb_class who = mmu_class(c, cpl, true);
	u8 *hit = sys_hit(c, write ? &c->now->wr[who] : &c->now->rd[who], lin, n);
	if (hit && touch == TOUCH_WRITE)
		host_put(hit, n, *value);
	else if (hit && touch == TOUCH_READ)
		*value = host_get(hit, n);
	if (hit)
		return true;
	return lin_access(c, lin, n, touch, cpl, implicit, value);
}

bool mmu_sys_load(struct cpu *c, u64 lin, int n, u64 *value)
{
	return sys_access(c, lin, n, TOUCH_READ, 0, true, value);
}

bool mmu_sys_store(struct cpu *c, u64 lin, int n, u64 value)
{
	return sys_access(c, lin, n, TOUCH_WRITE, 0, true, &value);
}

bool mmu_sys_check_store(struct cpu *c, u64 lin, int n)
{
	return sys_access(c, lin, n, TOUCH_CHECK_WRITE, 0, true, NULL);
}

bool mmu_lin_store(struct cpu *c, u64 lin, int n, u64 value, int cpl)
{
	return sys_access(c, lin, n, TOUCH_WRITE, cpl, false, &value);
}

bool mmu_lin_check_store(struct cpu *c, u64 lin, int n, int cpl)
{
	return sys_access(c, lin, n, TOUCH_CHECK_WRITE, cpl, false, NULL);
}
