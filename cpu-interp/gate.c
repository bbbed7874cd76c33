/* SPDX-License-Identifier: GPL-3.0-or-later
 * gate.c - far JMP and CALL through call gates, task gates and TSS descriptors (SDM 3A 5.8.3, 7.3).
 * Rule: the gate's privilege is checked before anything about its target, as the manual orders it.
 */
#include "cpu-interp/far-priv.h"
#include "cpu-interp/ops.h"

struct call_gate {
	u16 sel;     /* of the target code segment */
	u64 ip;
	int size;    /* of the items pushed: 2, 4 or 8 */
	int params;  /* items copied from the outer stack */
};

/* SDM 3A figure 5-8; in IA-32e mode figure 5-9: only the 32-bit type remains, with a 64-bit offset. */
static bool parse_gate(struct cpu *c, u16 sel, const struct desc *d, struct call_gate *g)
{
	u32 type = desc_type(d);
	g->sel = (u16)(d->raw >> 16);
	g->ip = d->raw & 0xffff;
	g->params = d->raw >> 32 & 31;
	g->size = 2;
	if (type == SYS_CALL32) {
		g->ip |= d->raw >> 48 << 16;
		g->size = 4;
	}
	if (!long_active(c))
		return true;
	g->ip |= d->raw_hi << 32;
	g->size = 8;
	g->params = 0;
	return !(d->raw_hi >> 40 & 0x1f) || fault_gp(c, sel & 0xfffc); /* the second half's type must be 0 */
}

/* The code segment a call gate leads to. */
static bool fetch_gate_target(struct cpu *c, const struct call_gate *g, struct desc *cs)
{
	u32 error = g->sel & 0xfffc;
	if (!error)
		return fault_gp(c, 0);
	if (!seg_fetch_desc(c, g->sel, VEC_GP, cs))
		return false;
	if (!seg_is_code(cs->attr) || desc_dpl(cs) > c->cpl)
		return fault_gp(c, error);
	if (long_active(c) && (!(cs->attr & SEG_L) || (cs->attr & SEG_DB)))
		return fault_gp(c, error);
	return true;
}

static bool check_present(struct cpu *c, u32 attr, u16 sel)
{
	return attr & SEG_P || fault_raise_error(c, VEC_NP, sel & 0xfffc);
}

static bool jump_through(struct cpu *c, const struct call_gate *g)
{
	struct desc cs;
	if (!fetch_gate_target(c, g, &cs))
		return false;
	if (!seg_is_conforming(cs.attr) && desc_dpl(&cs) != c->cpl)
		return fault_gp(c, g->sel & 0xfffc);
	if (!check_present(c, cs.attr, g->sel) || !seg_check_ip(c, cs.attr, cs.limit, g->ip) ||
	    !seg_set_accessed(c, &cs))
		return false;
	far_enter(c, g->sel, &cs, c->cpl, g->ip);
	return true;
}

/* To a more privileged level: new stack from the TSS, on it SS:ESP, the parameters, CS:EIP (SDM 3A 5.8.5). */
static bool call_inner(struct cpu *c, const struct call_gate *g, struct desc *cs, u64 next_ip)
{
	struct frame f;
	u32 dpl = desc_dpl(cs);
	u64 items[FRAME_ITEMS];
	int n = 0;
	if (!(long_active(c) ? frame_inner_64(c, dpl, 0, &f) : frame_inner(c, dpl, &f)))
		return false;
	items[n++] = c->s.seg_sel[SEG_SS];
	items[n++] = c->r[RSP];
	for (int i = g->params; i-- > 0;)
		if (!stack_peek(c, (u64)(i * g->size), g->size, &items[n++]))
			return false;
	items[n++] = c->s.seg_sel[SEG_CS];
	items[n++] = next_ip;
	if (!seg_check_ip(c, cs->attr, cs->limit, g->ip) || !seg_set_accessed(c, cs) ||
	    !frame_push(c, &f, g->size, items, n))
		return false;
	frame_commit(c, &f);
	far_enter(c, g->sel, cs, dpl, g->ip);
	return true;
}

static bool call_through(struct cpu *c, const struct call_gate *g, u64 next_ip)
{
	struct desc cs;
	struct frame f;
	const u64 items[] = { c->s.seg_sel[SEG_CS], next_ip };
	if (!fetch_gate_target(c, g, &cs) || !check_present(c, cs.attr, g->sel))
		return false;
	if (!seg_is_conforming(cs.attr) && desc_dpl(&cs) < c->cpl)
		return call_inner(c, g, &cs, next_ip);
	frame_current(c, &f);
	if (long_active(c)) { /* the gate leads into 64-bit mode, and the frame is pushed there */
		f.flat = true;
		f.mask = UINT64_MAX;
	}
	if (!seg_check_ip(c, cs.attr, cs.limit, g->ip) || !seg_set_accessed(c, &cs) ||
	    !frame_push(c, &f, g->size, items, 2))
		return false;
	frame_commit(c, &f);
	far_enter(c, g->sel, &cs, c->cpl, g->ip);
	return true;
}

/* SDM 2A JMP, CALL: what may stand in the descriptor, and who may use it. */
static bool check_gate(struct cpu *c, u16 sel, const struct desc *d)
{
	u32 error = sel & 0xfffc, allowed = 1u << SYS_CALL32;
	if (!long_active(c))
		allowed |= 1u << SYS_CALL16 | 1u << SYS_TASK_GATE | 1u << SYS_TSS16 | 1u << SYS_TSS32;
	if (!(allowed >> desc_type(d) & 1) || desc_dpl(d) < c->cpl || desc_dpl(d) < (sel & 3u))
		return fault_gp(c, error);
	return check_present(c, d->attr, sel);
}

static bool transfer(struct cpu *c, u16 sel, struct desc *d, u64 next_ip, enum task_source source)
{
	struct call_gate g;
	if (!check_gate(c, sel, d))
		return false;
	switch (desc_type(d)) {
	case SYS_TSS16:
	case SYS_TSS32:
		return task_switch(c, sel, source, next_ip, false, 0);
	case SYS_TASK_GATE:
		return task_switch(c, (u16)(d->raw >> 16), source, next_ip, false, 0);
	default:
		if (!parse_gate(c, sel, d, &g))
			return false;
		return source == TASK_JMP ? jump_through(c, &g) : call_through(c, &g, next_ip);
	}
}

bool gate_jump(struct cpu *c, u16 sel, struct desc *d, u64 next_ip)
{
	return transfer(c, sel, d, next_ip, TASK_JMP);
}

bool gate_call(struct cpu *c, u16 sel, struct desc *d, u64 next_ip)
{
	return transfer(c, sel, d, next_ip, TASK_CALL);
}
