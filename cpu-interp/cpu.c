/* SPDX-License-Identifier: GPL-3.0-or-later
 * cpu.c - the processor between instructions: architectural state in and out, and what is derived from it.
 * Rule: nothing derived is ever saved; cpu_load and cpu_update_mode can rebuild it from `s` alone.
 */
#include "cpu-interp/cpu.h"

#include <string.h>

#include "cpu-interp/block.h"
#include "cpu-interp/flags.h"
#include "cpu-interp/mmu.h"
#include "cpu-interp/seg.h"

u64 cpu_icount(const struct cpu *c, const struct insn *o)
{
	return *c->s.icount + (u64)(c->granted - c->left) + (o ? o->nth : 0);
}

struct event cpu_event(const struct cpu *c, const struct insn *o, enum event_kind kind)
{
	return (struct event){ .kind = (u8)kind, .vcpu = (u8)c->vcpu->index, .icount = cpu_icount(c, o),
			       .time = cpu_time(c, o) };
}

void cpu_sync(struct cpu *c)
{
	memcpy(c->s.gpr, c->r, sizeof c->s.gpr);
	*c->s.rip = c->r[REG_IP];
	flags_set(c, flags_get(c));
}

static u8 current_cpl(const struct cpu *c)
{
	if (real_mode(c))
		return 0;
	return c->v86 ? 3 : c->s.seg_attr[SEG_SS] >> SEG_DPL_SHIFT & 3; /* SDM 3C 24.4.1 */
}

static u8 current_mode(const struct cpu *c)
{
	u32 cs = c->s.seg_attr[SEG_CS];
	if (long_active(c) && (cs & SEG_L))
		return MODE_64;
	return cs & SEG_DB && !c->v86 ? MODE_32 : MODE_16;
}

/* The mark of a view: the one it had, if it is remembered, or a new one.  Marks run out after 2^30 views; then the
 * jump caches start afresh. */
static struct view find_view(struct cpu *c, u64 base, u32 limit)
{
	struct view *v = &c->views[(base >> 4 ^ base >> 12 ^ limit) % VIEWS];
	if (v->mark && v->base == base && v->limit == limit && v->mode == c->mode)
		return *v;
	if (++c->views_made >> 30) {
		tlb_drop_jumps(c);
		memset(c->views, 0, sizeof c->views);
		c->views_made = 1;
	}
	*v = (struct view){ .base = base, .limit = limit, .mode = c->mode,
			    .mark = VIEW_MARK | c->views_made * VIEW_STEP };
	return *v;
}

static void update_view(struct cpu *c)
{
	if (c->mode == MODE_64)
		c->view = (struct view){ .mode = MODE_64 };
	else
		c->view = find_view(c, c->s.seg_base[SEG_CS], c->s.seg_limit[SEG_CS]);
}

/* Everything that must see each access or each instruction by itself is had by withholding TLB and long blocks. */
static void update_observation(struct cpu *c)
{
	bool align_check = (*c->s.cr0 & CR0_AM) && (*c->s.rflags & FLAG_AC) && c->cpl == 3;
	bool breakpoints = c->s.dr[7] & 0xff;
	bool events = c->vm->events.mask & (EV_BIT(insn) | EV_BIT(mem));
	c->watch_mem = event_wanted(&c->vm->events, EV_mem);
	c->exact = events || breakpoints || (*c->s.rflags & FLAG_TF);
	bool slow = align_check || breakpoints || c->watch_mem;
	c->smap_open = (*c->s.cr4 & CR4_SMAP) && (*c->s.rflags & FLAG_AC);
	enum tlb_class who = mmu_class(c, c->cpl, false);
	c->rd = slow ? &c->none : &c->now->rd[who];
	c->wr = slow ? &c->none : &c->now->wr[who];
	c->jump = c->now->jump[c->cpl == 3];
}

/* What is put into a segment register is in force at once; only another mode gives all six another meaning. */
static void update_segments(struct cpu *c)
{
	u8 rules = c->mode == MODE_64 ? RULES_64 : real_mode(c) ? RULES_REAL : RULES_PROTECTED;
	if (rules != c->seg_rules)
		seg_update_all(c);
	c->seg_rules = rules;
}

void cpu_update_mode(struct cpu *c)
{
	c->v86 = !real_mode(c) && (*c->s.rflags & FLAG_VM);
	c->cpl = current_cpl(c);
	c->mode = current_mode(c);
	if (c->mode == MODE_64)
		c->sp_mask = UINT64_MAX;
	else
		c->sp_mask = c->s.seg_attr[SEG_SS] & SEG_DB ? 0xffffffffu : 0xffff;
	update_segments(c);
	update_view(c);
	update_observation(c);
}

void cpu_load(struct cpu *c)
{
	memcpy(c->r, c->s.gpr, sizeof c->s.gpr);
	c->r[REG_ZERO] = 0;
	c->r[REG_IP] = *c->s.rip;
	flags_set(c, *c->s.rflags);
	mmu_flush(c, CAUSE_STATE);
	mmu_select(c);
	c->seg_rules = RULES_NONE;
	cpu_update_mode(c);
}

void cpu_drop_caches(struct cpu *c)
{
	mmu_flush(c, CAUSE_MEMORY);
	blocks_drop(c->blocks);
}
