/* SPDX-License-Identifier: GPL-3.0-or-later
 * far.c - far JMP and CALL, and the stacks that return frames are pushed on (SDM 3A 5.8).
 * Rule: check everything, push, then change registers: a push may fault or ask the hypervisor, and then the
 * instruction starts again.
 */
#include "cpu-interp/far-priv.h"

/* --- stacks for frames ------------------------------------------------------------------------------- */

void frame_current(struct cpu *c, struct frame *f)
{
	*f = (struct frame){ .seg = c->seg[SEG_SS], .rsp = c->r[RSP], .mask = c->sp_mask, .cpl = c->cpl,
			     .flat = c->mode == MODE_64 };
}

/* SS:ESP of an inner ring; a 16-bit TSS has shorter slots (SDM 3A figures 7-2, 7-10). */
static bool read_tss_stack(struct cpu *c, u32 dpl, u16 *sel, u64 *rsp)
{
	u64 tss = c->s.seg_base[SEG_TR], ss;
	bool wide = c->s.seg_attr[SEG_TR] & 8;
	u32 size = wide ? 4 : 2, at = size + dpl * size * 2;
	if (at + size + 1 > c->s.seg_limit[SEG_TR])
		return fault_raise_error(c, VEC_TS, c->s.seg_sel[SEG_TR] & 0xfffc);
	if (!mmu_sys_load(c, tss + at, (int)size, rsp) || !mmu_sys_load(c, tss + at + size, 2, &ss))
		return false;
	*sel = (u16)ss;
	return true;
}

/* SDM 2A CALL, INT n: whatever is wrong with the new stack segment is #TS, only its absence #SS. */
bool frame_inner(struct cpu *c, u32 dpl, struct frame *f)
{
	*f = (struct frame){ .cpl = (u8)dpl, .switched = true };
	if (!read_tss_stack(c, dpl, &f->sel, &f->rsp))
		return false;
	f->error = f->sel & 0xfffc;
	if (!f->error)
		return fault_raise_error(c, VEC_TS, 0);
	if (!seg_fetch_desc(c, f->sel, VEC_TS, &f->ss))
		return false;
	if ((f->sel & 3) != dpl || desc_dpl(&f->ss) != dpl || !seg_is_writable(f->ss.attr))
		return fault_raise_error(c, VEC_TS, f->error);
	if (!(f->ss.attr & SEG_P))
		return fault_raise_error(c, VEC_SS, f->error);
	f->seg = seg_extent(f->ss.base, f->ss.limit, f->ss.attr);
	f->mask = f->ss.attr & SEG_DB ? 0xffffffffu : 0xffff;
	return seg_set_accessed(c, &f->ss);
}

/* SDM 3A figure 7-11: RSP0..2 at 4, IST1..7 at 36. */
bool frame_inner_64(struct cpu *c, u32 dpl, u32 ist, struct frame *f)
{
	u32 at = ist ? 28 + 8 * ist : 4 + 8 * dpl;
	*f = (struct frame){ .mask = UINT64_MAX, .cpl = (u8)dpl, .flat = true, .switched = dpl != c->cpl,
			     .sel = (u16)dpl };
	if (at + 7 > c->s.seg_limit[SEG_TR])
		return fault_raise_error(c, VEC_TS, c->s.seg_sel[SEG_TR] & 0xfffc);
	if (!mmu_sys_load(c, c->s.seg_base[SEG_TR] + at, 8, &f->rsp))
		return false;
	return canonical(f->rsp) || fault_raise_error(c, VEC_SS, 0);
}

static bool check_push(struct cpu *c, const struct frame *f, u64 sp, int size, u64 *lin)
{
	*lin = f->seg.base + sp;
	if (f->flat) {
		*lin = sp;
		if (!canonical(sp) || !canonical(sp + (u64)size - 1))
			return fault_raise_error(c, VEC_SS, f->error);
	} else if (sp - f->seg.lo >= f->seg.wlen || f->seg.wlen - (sp - f->seg.lo) < (u64)size) {
		return fault_raise_error(c, VEC_SS, f->error);
	} else {
		*lin = (u32)*lin;
	}
	return mmu_lin_check_store(c, *lin, size, f->cpl);
}

bool frame_push(struct cpu *c, struct frame *f, int size, const u64 *items, int n)
{
	u64 lin[FRAME_ITEMS];
	for (int i = 0; i < n; i++)
		if (!check_push(c, f, (f->rsp - (u64)(i + 1) * (u64)size) & f->mask, size, &lin[i]))
			return false;
	for (int i = 0; i < n; i++)
		if (!mmu_lin_store(c, lin[i], size, items[i], f->cpl))
			return false;
	f->rsp = (f->rsp & ~f->mask) | ((f->rsp - (u64)n * (u64)size) & f->mask);
	return true;
}

void frame_commit(struct cpu *c, const struct frame *f)
{
	if (f->switched && f->flat)
		seg_install_null(c, SEG_SS, f->sel);
	else if (f->switched)
		seg_install(c, SEG_SS, f->sel, &f->ss);
	c->r[RSP] = f->rsp;
}

/* --- JMP and CALL ------------------------------------------------------------------------------------ */

void far_enter(struct cpu *c, u16 sel, const struct desc *d, u32 cpl, u64 ip)
{
	seg_install(c, SEG_CS, (u16)((sel & ~3u) | cpl), d);
	c->r[REG_IP] = ip;
	cpu_update_mode(c);
}

/* The target of a direct far JMP or CALL: at our own privilege level (SDM 3A 5.8.1). */
static bool check_code(struct cpu *c, u16 sel, struct desc *d)
{
	u32 error = sel & 0xfffc;
	bool both = long_active(c) && (d->attr & SEG_L) && (d->attr & SEG_DB);
	if (!seg_is_code(d->attr) || both)
		return fault_gp(c, error);
	if (seg_is_conforming(d->attr) ? desc_dpl(d) > c->cpl : (sel & 3u) > c->cpl || desc_dpl(d) != c->cpl)
		return fault_gp(c, error);
	if (!(d->attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	return true;
}

static bool fetch_target(struct cpu *c, u16 sel, struct desc *d)
{
	if (!(sel & 0xfffc))
		return fault_gp(c, 0);
	return seg_fetch_desc(c, sel, VEC_GP, d);
}

static bool enter_real(struct cpu *c, u16 sel, u64 ip)
{
	seg_install_real(c, SEG_CS, sel);
	c->r[REG_IP] = ip;
	cpu_update_mode(c);
	return true;
}

bool far_jump(struct cpu *c, u16 sel, u64 ip, u64 next_ip)
{
	struct desc d;
	if (real_or_v86(c))
		return seg_check_ip(c, 0, c->s.seg_limit[SEG_CS], ip) && enter_real(c, sel, ip);
	if (!fetch_target(c, sel, &d))
		return false;
	if (!(d.attr & SEG_S))
		return gate_jump(c, sel, &d, next_ip);
	if (!check_code(c, sel, &d) || !seg_check_ip(c, d.attr, d.limit, ip) || !seg_set_accessed(c, &d))
		return false;
	far_enter(c, sel, &d, c->cpl, ip);
	return true;
}

bool far_call(struct cpu *c, u16 sel, u64 ip, int opsize, u64 next_ip)
{
	struct desc d;
	struct frame f;
	const u64 items[] = { c->s.seg_sel[SEG_CS], next_ip };
	frame_current(c, &f);
	if (real_or_v86(c)) {
		if (!seg_check_ip(c, 0, c->s.seg_limit[SEG_CS], ip) || !frame_push(c, &f, opsize, items, 2))
			return false;
		frame_commit(c, &f);
		return enter_real(c, sel, ip);
	}
	if (!fetch_target(c, sel, &d))
		return false;
	if (!(d.attr & SEG_S))
		return gate_call(c, sel, &d, next_ip);
	if (!check_code(c, sel, &d) || !seg_check_ip(c, d.attr, d.limit, ip) || !seg_set_accessed(c, &d) ||
	    !frame_push(c, &f, opsize, items, 2))
		return false;
	frame_commit(c, &f);
	far_enter(c, sel, &d, c->cpl, ip);
	return true;
}
