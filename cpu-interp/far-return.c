/* SPDX-License-Identifier: GPL-3.0-or-later
 * far-return.c - far RET and IRET: to the same ring, an outer one, virtual-8086 mode, or the task that was
 * interrupted (SDM 2B RET, SDM 2A IRET).
 * Rule: the whole frame is read and checked before any register changes.
 */
#include "cpu-interp/far-priv.h"
#include "cpu-interp/ops.h"

/* Where a return goes: what was on the stack, and the descriptors found for it. */
struct landing {
	u64 ip, rsp;
	u16 cs, ss;
	struct desc code, stack;
	bool outer;      /* to a less privileged ring */
	bool new_stack;  /* SS:RSP are taken from the frame */
	bool null_ss;
};

static bool peek_items(struct cpu *c, u64 depth, int size, u64 *items, int n)
{
	for (int i = 0; i < n; i++)
		if (!stack_peek(c, depth + (u64)(i * size), size, &items[i]))
			return false;
	return true;
}

/* The code segment returned to; its RPL is the new CPL (SDM 3A 5.8.6). */
static bool check_return_code(struct cpu *c, struct landing *l)
{
	u32 rpl = l->cs & 3, error = l->cs & 0xfffc;
	struct desc *d = &l->code;
	if (!error)
		return fault_gp(c, 0);
	if (!seg_fetch_desc(c, l->cs, VEC_GP, d))
		return false;
	if (!seg_is_code(d->attr) || rpl < c->cpl)
		return fault_gp(c, error);
	if (long_active(c) && (d->attr & SEG_L) && (d->attr & SEG_DB))
		return fault_gp(c, error);
	if (seg_is_conforming(d->attr) ? desc_dpl(d) > rpl : desc_dpl(d) != rpl)
		return fault_gp(c, error);
	if (!(d->attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	l->outer = rpl > c->cpl;
	return seg_set_accessed(c, d);
}

/* The stack segment returned to.  64-bit code of rings 0 to 2 may run with a null SS (SDM 3A 5.8.5). */
static bool check_return_stack(struct cpu *c, struct landing *l)
{
	u32 rpl = l->cs & 3, error = l->ss & 0xfffc;
	struct desc *d = &l->stack;
	if (!error) {
		l->null_ss = long_active(c) && (l->code.attr & SEG_L) && rpl != 3 && (l->ss & 3u) == rpl;
		return l->null_ss || fault_gp(c, 0);
	}
	if (!seg_fetch_desc(c, l->ss, VEC_GP, d))
		return false;
	if ((l->ss & 3u) != rpl || !seg_is_writable(d->attr) || desc_dpl(d) != rpl)
		return fault_gp(c, error);
	if (!(d->attr & SEG_P))
		return fault_raise_error(c, VEC_SS, error);
	return seg_set_accessed(c, d);
}

/* An outer ring must not inherit segments it could not have loaded (SDM 3A 5.8.6, step 4). */
static void drop_inner_segments(struct cpu *c, u32 cpl)
{
	static const u8 data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	for (int i = 0; i < 4; i++) {
		u32 attr = c->s.seg_attr[data[i]], dpl = attr >> SEG_DPL_SHIFT & 3;
		if (!(attr & SEG_UNUSABLE) && dpl < cpl && !seg_is_conforming(attr))
			seg_install_null(c, data[i], 0);
	}
}

/* The popped stack pointer, as wide as the stack returned to; a 16-bit one leaves bits 16 to 31 alone. */
static u64 outer_rsp(const struct cpu *c, const struct landing *l)
{
	if (long_active(c) && (l->code.attr & SEG_L))
		return l->rsp;
	if (l->stack.attr & SEG_DB)
		return (u32)l->rsp;
	return (c->r[RSP] & 0xffff0000u) | (l->rsp & 0xffff);
}

/* Everything was fine: go there.  rsp: the stack pointer when the frame holds none. */
static void land(struct cpu *c, const struct landing *l, u64 rsp)
{
	if (!l->new_stack) {
		stack_set(c, rsp);
	} else {
		c->r[RSP] = outer_rsp(c, l);
		if (l->null_ss)
			seg_install_null(c, SEG_SS, l->ss);
		else
			seg_install(c, SEG_SS, l->ss, &l->stack);
	}
	if (l->outer)
		drop_inner_segments(c, l->cs & 3);
	far_enter(c, l->cs, &l->code, l->cs & 3, l->ip);
}

/* --- far RET ----------------------------------------------------------------------------------------- */

static void enter_real(struct cpu *c, u16 cs, u64 ip, u64 rsp)
{
	stack_set(c, rsp);
	seg_install_real(c, SEG_CS, cs);
	c->r[REG_IP] = ip;
	cpu_update_mode(c);
}

bool far_return(struct cpu *c, int opsize, u16 release)
{
	struct landing l = { 0 };
	u64 frame[2], outer[2], size = (u64)opsize, after = c->r[RSP] + 2 * size + release;
	if (!peek_items(c, 0, opsize, frame, 2))
		return false;
	l.ip = frame[0];
	l.cs = (u16)frame[1];
	if (real_or_v86(c)) {
		if (!seg_check_ip(c, 0, c->s.seg_limit[SEG_CS], l.ip))
			return false;
		enter_real(c, l.cs, l.ip, after);
		return true;
	}
	if (!check_return_code(c, &l))
		return false;
	if (l.outer) {
		/* below the parameters: the outer stack, from which as many bytes are released again */
		if (!peek_items(c, 2 * size + release, opsize, outer, 2))
			return false;
		l.new_stack = true;
		l.rsp = outer[0] + release;
		l.ss = (u16)outer[1];
		if (!check_return_stack(c, &l))
			return false;
	}
	if (!seg_check_ip(c, l.code.attr, l.code.limit, l.ip))
		return false;
	land(c, &l, after);
	return true;
}

/* --- IRET -------------------------------------------------------------------------------------------- */

u64 flags_present(const struct cpu *c)
{
	const u64 always = FLAGS_ARITH | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_IOPL | FLAG_NT | FLAG_RF;
	return always | (has(c, FEAT_I486) ? FLAG_AC : 0) | (has(c, FEAT_CPUID) ? FLAG_ID : 0) |
	       (has(c, FEAT_VME) ? FLAG_VIF | FLAG_VIP : 0);
}

/* Which flags IRET may change, by the CPL that it begins with (SDM 2A IRET). */
static u64 iret_flags(const struct cpu *c, int opsize)
{
	u64 mask = FLAGS_ARITH | FLAG_TF | FLAG_DF | FLAG_NT;
	if (opsize > 2)
		mask |= FLAG_RF | FLAG_AC | FLAG_ID;
	if (c->cpl <= iopl(c))
		mask |= FLAG_IF;
	if (c->cpl == 0)
		mask |= FLAG_IOPL | (opsize > 2 ? FLAG_VIF | FLAG_VIP : 0);
	return mask & flags_present(c);
}

static void iret_done(struct cpu *c) { *c->s.nmi_blocked = 0; /* SDM 3A 6.7.1 */ }

/* Real mode; and V86 mode with IOPL 3, where IOPL itself, VIF and VIP stay (SDM 2A IRET). */
static bool iret_real(struct cpu *c, int opsize)
{
	u64 f[3], mask = FLAGS_ARITH | FLAG_TF | FLAG_IF | FLAG_DF | FLAG_NT;
	if (!peek_items(c, 0, opsize, f, 3) || !seg_check_ip(c, 0, c->s.seg_limit[SEG_CS], f[0]))
		return false;
	if (opsize == 4)
		mask |= FLAG_RF | FLAG_AC | FLAG_ID;
	if (!c->v86)
		mask |= FLAG_IOPL;
	flags_change(c, mask & flags_present(c), f[2]);
	enter_real(c, (u16)f[1], f[0], c->r[RSP] + 3 * (u64)opsize);
	iret_done(c);
	return true;
}

/* V86 mode with IOPL < 3: a fault for the monitor, unless VME keeps a virtual IF (SDM 3B 20.3.3). */
static bool iret_vme(struct cpu *c, int opsize)
{
	u64 f[3], flags = *c->s.rflags;
	if (!(*c->s.cr4 & CR4_VME) || opsize != 2)
		return fault_gp(c, 0);
	if (!peek_items(c, 0, 2, f, 3) || !seg_check_ip(c, 0, c->s.seg_limit[SEG_CS], f[0]))
		return false;
	if ((f[2] & FLAG_TF) || ((f[2] & FLAG_IF) && (flags & FLAG_VIP)))
		return fault_gp(c, 0);
	flags_change(c, FLAGS_ARITH | FLAG_TF | FLAG_DF | FLAG_NT, f[2]);
	flags_change(c, FLAG_VIF, f[2] & FLAG_IF ? FLAG_VIF : 0);
	enter_real(c, (u16)f[1], f[0], c->r[RSP] + 6);
	iret_done(c);
	return true;
}

/* From ring 0 into a virtual-8086 program: EIP CS EFLAGS ESP SS ES DS FS GS (SDM 3B 20.2.5). */
static bool iret_to_v86(struct cpu *c, const u64 *frame)
{
	static const u8 order[] = { SEG_SS, SEG_ES, SEG_DS, SEG_FS, SEG_GS };
	u64 rest[6];
	if (!peek_items(c, 12, 4, rest, 6))
		return false;
	flags_set(c, (frame[2] & (flags_present(c) | FLAG_VM)) | FLAG_1);
	for (int i = 0; i < 5; i++)
		seg_install_real(c, order[i], (u16)rest[1 + i]);
	seg_install_real(c, SEG_CS, (u16)frame[1]);
	c->r[RSP] = (u32)rest[0];
	c->r[REG_IP] = frame[0] & 0xffff;
	cpu_update_mode(c);
	iret_done(c);
	return true;
}

/* The nested task ends: back to the one whose selector is in the link field (SDM 3A 7.4). */
static bool iret_task(struct cpu *c, u64 next_ip)
{
	u64 link;
	if (long_active(c))
		return fault_gp(c, 0);
	if (!mmu_sys_load(c, c->s.seg_base[SEG_TR], 2, &link))
		return false;
	if (!task_switch(c, (u16)link, TASK_IRET, next_ip, false, 0))
		return false;
	iret_done(c);
	return true;
}

static bool iret_protected(struct cpu *c, int opsize)
{
	struct landing l = { 0 };
	u64 f[5], size = (u64)opsize;
	if (!peek_items(c, 0, opsize, f, 3))
		return false;
	if ((f[2] & FLAG_VM) && opsize == 4 && c->cpl == 0 && !long_active(c))
		return iret_to_v86(c, f);
	l.ip = f[0];
	l.cs = (u16)f[1];
	if (!check_return_code(c, &l))
		return false;
	/* 64-bit mode always pops a stack pointer too (SDM 3A 6.14.3) */
	l.new_stack = l.outer || c->mode == MODE_64;
	if (l.new_stack) {
		if (!peek_items(c, 3 * size, opsize, f + 3, 2))
			return false;
		l.rsp = f[3];
		l.ss = (u16)f[4];
		if (!check_return_stack(c, &l))
			return false;
	}
	if (!seg_check_ip(c, l.code.attr, l.code.limit, l.ip))
		return false;
	flags_change(c, iret_flags(c, opsize), f[2]);
	land(c, &l, c->r[RSP] + 3 * size);
	iret_done(c);
	return true;
}

bool far_iret(struct cpu *c, int opsize, u64 next_ip)
{
	if (c->v86 && iopl(c) < 3)
		return iret_vme(c, opsize);
	if (real_or_v86(c))
		return iret_real(c, opsize);
	if (*c->s.rflags & FLAG_NT)
		return iret_task(c, next_ip);
	return iret_protected(c, opsize);
}
