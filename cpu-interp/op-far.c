/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-far.c - control transfers that change CS: far jumps, calls and returns, software interrupts, and fast
 * system calls.
 * Rule: a transfer that failed left the processor as it was, except when a task switch got past its commit
 * point: then fault.trap says that RIP is already the new task's.
 */
#include "cpu-interp/far-priv.h"
#include "cpu-interp/ops.h"

/* Leave after a failed transfer; c->cur = NULL says that the instruction is over and RIP exact. */
static void leave_failed(struct cpu *c, const struct insn *o)
{
	c->cur = o;
	if (c->why == WHY_FAULT && c->fault.trap) {
		cpu_count(c, o);
		c->why = WHY_FAULT;
		c->cur = NULL;
	}
}

/* The body makes the transfer: IP and all. */
#define TRANSFER(family) \
	static bool exec_##family(struct cpu *c, const struct insn *o); \
	PLAIN(family) \
	{ \
		if (!exec_##family(c, o)) { \
			leave_failed(c, o); \
			LEAVE; \
		} \
		END_AT_IP; \
	} \
	static bool exec_##family(struct cpu *c, const struct insn *o)

/* --- JMP, CALL, RET, IRET ---------------------------------------------------------------------------- */

/* A far pointer in memory: offset, then selector. */
static bool load_pointer(struct cpu *c, const struct insn *o, u16 *sel, u64 *ip)
{
	u64 s;
	if (!mmu_load(c, o->seg, ea(c, o), o->opsize, ip) ||
	    !mmu_load(c, o->seg, ea_plus(c, o, o->opsize), 2, &s))
		return false;
	*sel = (u16)s;
	return true;
}

TRANSFER(jmp_far) { return far_jump(c, (u16)o->disp, cpu_ip_mask(o->imm, o->opsize), cpu_next_ip(c, o)); }

TRANSFER(jmp_far_m)
{
	u16 sel;
	u64 ip;
	return load_pointer(c, o, &sel, &ip) && far_jump(c, sel, ip, cpu_next_ip(c, o));
}

TRANSFER(call_far)
{
	return far_call(c, (u16)o->disp, cpu_ip_mask(o->imm, o->opsize), o->opsize, cpu_next_ip(c, o));
}

TRANSFER(call_far_m)
{
	u16 sel;
	u64 ip;
	return load_pointer(c, o, &sel, &ip) && far_call(c, sel, ip, o->opsize, cpu_next_ip(c, o));
}

TRANSFER(retf) { return far_return(c, o->opsize, 0); }
TRANSFER(retf_imm) { return far_return(c, o->opsize, (u16)o->imm); }
TRANSFER(iret) { return far_iret(c, o->opsize, cpu_next_ip(c, o)); }

/* --- software interrupts (SDM 2A INT n) -------------------------------------------------------------- */

TRANSFER(int_n)
{
	return fault_interrupt(c, (u8)o->imm, INTR_TYPE_SOFT_INT, false, 0, cpu_next_ip(c, o));
}

static bool software_exception(struct cpu *c, const struct insn *o, u8 vector, u32 type)
{
	return fault_software(c, vector, type, cpu_this_ip(c, o), o->len, cpu_next_ip(c, o));
}

TRANSFER(int3) { return software_exception(c, o, VEC_BP, INTR_TYPE_SOFT_EXC); }
TRANSFER(int1) { return software_exception(c, o, VEC_DB, INTR_TYPE_PRIV_SOFT_EXC); }

TRANSFER(into)
{
	if (flag_of(c))
		return software_exception(c, o, VEC_OF, INTR_TYPE_SOFT_EXC);
	c->r[REG_IP] = cpu_next_ip(c, o);
	return true;
}

/* --- fast system calls: flat segments, no descriptor is read ----------------------------------------- */

static void install_flat_code(struct cpu *c, u16 sel, u32 dpl, bool wide)
{
	struct desc d = { .limit = 0xffffffff };
	d.attr = SEG_CODE | SEG_RW | SEG_ACCESSED | SEG_S | SEG_P | SEG_G;
	d.attr |= dpl << SEG_DPL_SHIFT | (wide ? SEG_L : SEG_DB);
	seg_install(c, SEG_CS, (u16)((sel & ~3u) | dpl), &d);
}

static void install_flat_stack(struct cpu *c, u16 sel, u32 dpl)
{
	struct desc d = { .limit = 0xffffffff };
	d.attr = SEG_RW | SEG_ACCESSED | SEG_S | SEG_P | SEG_G | SEG_DB | dpl << SEG_DPL_SHIFT;
	seg_install(c, SEG_SS, (u16)((sel & ~3u) | dpl), &d);
}

/* SDM 2B SYSCALL; the row exists in 64-bit mode only, as on Intel's processors. */
TRANSFER(syscall)
{
	u16 sel = (u16)(*c->s.star >> 32);
	if (!(*c->s.efer & EFER_SCE))
		return fault_ud(c);
	c->r[RCX] = cpu_next_ip(c, o);
	c->r[R11] = flags_get(c) & ~(u64)FLAG_RF;
	flags_set(c, (c->r[R11] & ~*c->s.sfmask) | FLAG_1);
	install_flat_code(c, sel, 0, true);
	install_flat_stack(c, (u16)(sel + 8), 0);
	c->r[REG_IP] = *c->s.lstar;
	cpu_update_mode(c);
	return true;
}

/* SDM 2B SYSRET; the target is checked in ring 0, where Intel's processors raise the #GP. */
TRANSFER(sysret)
{
	bool wide = o->opsize == 8;
	u16 sel = (u16)(*c->s.star >> 48);
	if (!(*c->s.efer & EFER_SCE))
		return fault_ud(c);
	if (!ring0(c))
		return false;
	if (wide && !canonical(c->r[RCX]))
		return fault_gp(c, 0);
	flags_set(c, (c->r[R11] & 0x3c7fd7) | FLAG_1);
	install_flat_code(c, (u16)(sel + (wide ? 16 : 0)), 3, wide);
	install_flat_stack(c, (u16)(sel + 8), 3);
	c->r[REG_IP] = wide ? c->r[RCX] : (u32)c->r[RCX];
	cpu_update_mode(c);
	return true;
}

/* SDM 2B SYSENTER */
TRANSFER(sysenter)
{
	u16 sel = (u16)*c->s.sysenter_cs;
	bool wide = long_active(c);
	if (real_mode(c) || !(sel & 0xfffc))
		return fault_gp(c, 0);
	flags_change(c, FLAG_VM | FLAG_IF | FLAG_RF, 0);
	install_flat_code(c, sel, 0, wide);
	install_flat_stack(c, (u16)((sel & ~3u) + 8), 0);
	c->r[RSP] = wide ? *c->s.sysenter_esp : (u32)*c->s.sysenter_esp;
	c->r[REG_IP] = wide ? *c->s.sysenter_eip : (u32)*c->s.sysenter_eip;
	cpu_update_mode(c);
	return true;
}

/* SDM 2B SYSEXIT: to CS + 16 and SS + 24, or with REX.W to 64-bit code at CS + 32 and SS + 40. */
TRANSFER(sysexit)
{
	bool wide = o->opsize == 8;
	u16 sel = (u16)(*c->s.sysenter_cs & 0xfffc);
	if (real_mode(c) || c->cpl != 0 || !sel)
		return fault_gp(c, 0);
	if (wide && (!canonical(c->r[RCX]) || !canonical(c->r[RDX])))
		return fault_gp(c, 0);
	install_flat_code(c, (u16)(sel + (wide ? 32 : 16)), 3, wide);
	install_flat_stack(c, (u16)(sel + (wide ? 40 : 24)), 3);
	c->r[RSP] = wide ? c->r[RCX] : (u32)c->r[RCX];
	c->r[REG_IP] = wide ? c->r[RDX] : (u32)c->r[RDX];
	cpu_update_mode(c);
	return true;
}
