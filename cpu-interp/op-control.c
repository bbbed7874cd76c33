/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-control.c - control, debug and extended control registers (SDM 3A 2.5, 9.8.5; SDM 3B 17.2).
 * Rule: a value is checked against everything it must agree with before any register changes; whoever
 * changes what translations were made from drops them.
 */
#include "cpu-interp/ops.h"

/* MOV CR and MOV DR: 64 bits in 64-bit mode, else 32, whatever the prefixes. */
static int width(const struct cpu *c) { return c->mode == MODE_64 ? 8 : 4; }

/* Changes that are nobody's business are still somebody's wish to see: an exit without an answer. */
static bool tell_hypervisor(struct cpu *c, const struct insn *o, bool wanted, enum exit_reason reason,
			    u64 qualification)
{
	if (!wanted)
		return true;
	struct vm_exit q = exit_question(c, o, reason);
	q.qualification = qualification;
	return cpu_ask(c, &q);
}

static bool modes_changed(struct cpu *c)
{
	mmu_flush(c, CAUSE_MODE);
	mmu_select(c);
	cpu_update_mode(c);
	return true;
}

/* --- telling those who watch ------------------------------------------------------------------------- */

/* Did writing a control register drop translations?  SDM 3A 4.10.4.1; what they were made by counts, too.  (Bit 63 of CR3
 * is never stored: `keeps` says whether it was given.) */
static bool drops_translations(u8 number, u64 changed, u64 value, bool keeps)
{
	switch (number) {
	case 0: return changed & (CR0_PG | CR0_PE | CR0_WP);
	case 3: return !keeps;
	case 4: return (changed & (CR4_PGE | CR4_PAE | CR4_PSE | CR4_SMEP | CR4_SMAP)) || (changed & ~value & CR4_PCIDE);
	default: return false;
	}
}

/* What a write of a control register changed beyond its own value: nothing, translations, or the mode. */
static COLD void tell_change(struct cpu *c, const struct insn *o, u8 number, u64 old, u64 value, bool keeps)
{
	struct event_stream *events = &c->vm->events;
	const u64 rip = cpu_this_ip(c, o), modes = CR0_PG | CR0_PE | CR0_WP | CR0_CD | CR0_NW | CR0_AM;
	bool mode = number == 3 || number == 4 || (number == 0 && ((old ^ value) & modes));
	struct event ev = cpu_event(c, o, EV_cr);
	ev.cr.number = number;
	ev.cr.value = value;
	ev.cr.old = old;
	ev.cr.rip = rip;
	if (event_wanted(events, EV_cr))
		event_emit(events, &ev);
	ev = cpu_event(c, o, EV_tlb);
	ev.tlb.what = number == 3 ? TLB_DROP_CR3 : TLB_DROP_MODE;
	ev.tlb.rip = rip;
	if (drops_translations(number, old ^ value, value, keeps) && event_wanted(events, EV_tlb))
		event_emit(events, &ev);
	ev = cpu_event(c, o, EV_state);
	ev.state.cr0 = *c->s.cr0;
	ev.state.cr3 = *c->s.cr3;
	ev.state.cr4 = *c->s.cr4;
	ev.state.efer = *c->s.efer;
	ev.state.rip = rip;
	if (mode && event_wanted(events, EV_state))
		event_emit(events, &ev);
}

/* True, for `return write_crN(c, v) && written(c, o, N, old);` */
static bool written(struct cpu *c, const struct insn *o, u8 number, u64 old, bool keeps)
{
	const u64 now[] = { [0] = *c->s.cr0, [2] = *c->s.cr2, [3] = *c->s.cr3, [4] = *c->s.cr4 };
	if (UNLIKELY(c->vm->events.mask & (EV_BIT(cr) | EV_BIT(tlb) | EV_BIT(state))))
		tell_change(c, o, number, old, now[number], keeps);
	return true;
}

/* --- CR0 --------------------------------------------------------------------------------------------- */

/* Bits that exist: a 386 has none of NE, WP, AM, NW, CD; ET is wired to 1 from the 486 on. */
static u64 cr0_present(const struct cpu *c)
{
	u64 bits = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_PG;
	return has(c, FEAT_I486) ? bits | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD : bits;
}

/* Turning paging on with EFER.LME set, or off, enters or leaves IA-32e mode (SDM 3A 9.8.5). */
static bool check_long_mode(struct cpu *c, u64 cr0)
{
	bool on = !(*c->s.cr0 & CR0_PG) && (cr0 & CR0_PG), off = (*c->s.cr0 & CR0_PG) && !(cr0 & CR0_PG);
	if (on && (*c->s.efer & EFER_LME)) {
		bool tss16 = !(c->s.seg_attr[SEG_TR] & 8);
		if (!(*c->s.cr4 & CR4_PAE) || (c->s.seg_attr[SEG_CS] & SEG_L) || tss16)
			return fault_gp(c, 0);
	}
	if (off && (c->mode == MODE_64 || (*c->s.cr4 & CR4_PCIDE)))
		return fault_gp(c, 0);
	return true;
}

static bool write_cr0(struct cpu *c, u64 v)
{
	u64 old = *c->s.cr0, changed;
	if (v >> 32 || ((v & CR0_PG) && !(v & CR0_PE)))
		return fault_gp(c, 0);
	if (has(c, FEAT_I486) && (v & CR0_NW) && !(v & CR0_CD))
		return fault_gp(c, 0);
	v = (v & cr0_present(c)) | CR0_ET;
	changed = v ^ old;
	bool long_mode = (v & CR0_PG) && (*c->s.efer & EFER_LME);
	if (!check_long_mode(c, v))
		return false;
	if ((v & CR0_PG) && (*c->s.cr4 & CR4_PAE) && !long_mode && (changed & (CR0_PG | CR0_CD | CR0_NW)) &&
	    !mmu_load_pdptes(c, *c->s.cr3))
		return false;
	*c->s.cr0 = v;
	if (changed & CR0_PG)
		*c->s.efer = (*c->s.efer & ~(u64)EFER_LMA) | (long_mode ? EFER_LMA : 0);
	if (drops_translations(0, changed, v, false))
		return modes_changed(c);
	if (changed & CR0_AM)
		cpu_update_mode(c);
	return true;
}

/* --- CR3, CR4, CR8 ----------------------------------------------------------------------------------- */

/* With PCIDs, bit 63 of what is written to CR3 spares those of the new one (SDM 3A 4.10.4.1). */
static bool keeps_translations(const struct cpu *c, u64 v)
{
	return (*c->s.cr4 & CR4_PCIDE) && (v & CR3_NOFLUSH);
}

static bool write_cr3(struct cpu *c, u64 v)
{
	bool keep = keeps_translations(c, v);
	if (keep)
		v &= ~CR3_NOFLUSH;
	if (c->mode == MODE_64 && v >> c->vm->cpu->phys_bits)
		return fault_gp(c, 0);
	if ((*c->s.cr0 & CR0_PG) && (*c->s.cr4 & CR4_PAE) && !long_active(c) && !mmu_load_pdptes(c, v))
		return false;
	*c->s.cr3 = v;
	mmu_new_cr3(c, keep);
	cpu_update_mode(c);
	return true;
}

/* A bit may be set exactly if CPUID announces what it enables (SDM 3A 2.5). */
static u64 cr4_present(const struct cpu *c)
{
	static const struct { u32 bits; u8 feature; } rows[] = {
		{ CR4_VME | CR4_PVI, FEAT_VME }, { CR4_TSD, FEAT_TSC }, { CR4_DE, FEAT_DE },
		{ CR4_PSE, FEAT_PSE }, { CR4_PAE, FEAT_PAE }, { CR4_PGE, FEAT_PGE },
		{ CR4_OSFXSR, FEAT_FXSR }, { CR4_OSXMMEXCPT, FEAT_SSE }, { CR4_UMIP, FEAT_UMIP },
		{ CR4_VMXE, FEAT_VMX }, { CR4_FSGSBASE, FEAT_FSGSBASE }, { CR4_PCIDE, FEAT_PCID },
		{ CR4_OSXSAVE, FEAT_XSAVE }, { CR4_SMEP, FEAT_SMEP }, { CR4_SMAP, FEAT_SMAP },
		/* no features here, but the Pentium brought the bits */
		{ CR4_MCE | CR4_PCE, FEAT_CX8 },
	};
	u64 present = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (has(c, rows[i].feature))
			present |= rows[i].bits;
	return present;
}

static bool write_cr4(struct cpu *c, u64 v)
{
	u64 changed = v ^ *c->s.cr4, old = *c->s.cr4;
	if (v & ~cr4_present(c))
		return fault_gp(c, 0);
	if (long_active(c) && !(v & CR4_PAE))
		return fault_gp(c, 0);
	if ((changed & v & CR4_PCIDE) && (!long_active(c) || (*c->s.cr3 & 0xfff)))
		return fault_gp(c, 0);
	*c->s.cr4 = v;
	/* SDM 3A 4.4.1: the pointers are loaded when one of these changes under PAE paging */
	if ((*c->s.cr0 & CR0_PG) && (v & CR4_PAE) && !long_active(c) &&
	    (changed & (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)) && !mmu_load_pdptes(c, *c->s.cr3)) {
		*c->s.cr4 = old;
		return false;
	}
	if (drops_translations(4, changed, v, false))
		return modes_changed(c);
	mmu_select(c);
	cpu_update_mode(c);
	return true;
}

/* Exit qualification (SDM 3C table 27-3): register, direction (0 = to), general register. */
static u64 cr_qualification(const struct insn *o, u32 direction, u8 reg)
{
	return o->digit | direction << 4 | (u32)reg / 8 << 8;
}

static bool tell_cr3(struct cpu *c, const struct insn *o, u32 direction, u8 reg)
{
	bool wanted = o->digit == 3 && c->vm->controls.cr3_exiting;
	return tell_hypervisor(c, o, wanted, EXIT_CR_ACCESS, cr_qualification(o, direction, reg));
}

/* Bits that the hypervisor owns (SDM 3C 25.1.3); type: of access, 0 = MOV to, 3 = LMSW.  CLTS changes none of them. */
static bool tell_mask(struct cpu *c, const struct insn *o, u8 number, u64 changed, u32 type)
{
	const struct vm_controls *k = &c->vm->controls;
	bool wanted = changed & (number == 0 ? k->cr0_mask : k->cr4_mask);
	return tell_hypervisor(c, o, wanted, EXIT_CR_ACCESS, number | type << 4 | (type ? 0 : (u32)o->s / 8 << 8));
}

/* Where there is a local APIC, CR8 is a part of it (SDM 3A 10.8.6.1), and the hypervisor is asked. */
static const struct vm_exit *ask_cr8(struct cpu *c, const struct insn *o, bool write, u64 v)
{
	struct vm_exit q = exit_question(c, o, EXIT_CR_ACCESS);
	q.qualification = cr_qualification(o, !write, write ? o->s : o->d);
	q.cr.number = 8;
	q.cr.write = write;
	q.cr.value = v;
	return cpu_ask(c, &q);
}

static bool write_cr8(struct cpu *c, const struct insn *o, u64 v)
{
	const u64 old = *c->s.cr8; /* 0 where it is the local APIC's */
	if (v & ~15ull)
		return fault_gp(c, 0);
	if (c->vm->controls.cr8_exiting) {
		if (!ask_cr8(c, o, true, v))
			return false;
	} else {
		*c->s.cr8 = v;
	}
	if (UNLIKELY(event_wanted(&c->vm->events, EV_cr)))
		tell_change(c, o, 8, old, v, false);
	return true;
}

static bool read_cr8(struct cpu *c, const struct insn *o, u64 *v)
{
	*v = *c->s.cr8;
	if (!c->vm->controls.cr8_exiting)
		return true;
	const struct vm_exit *a = ask_cr8(c, o, false, 0);
	if (a)
		*v = a->cr.value;
	return a;
}

ENDING(mov_to_cr)
{
	u64 v = reg_get(c, o->s, width(c)), old;
	bool keep = keeps_translations(c, v);
	if (!ring0(c) || !tell_cr3(c, o, 0, o->s))
		return false;
	switch (o->digit) {
	case 0: old = *c->s.cr0; return tell_mask(c, o, 0, v ^ old, 0) && write_cr0(c, v) && written(c, o, 0, old, false);
	case 2: old = *c->s.cr2; *c->s.cr2 = v; return written(c, o, 2, old, false);
	case 3: old = *c->s.cr3; return write_cr3(c, v) && written(c, o, 3, old, keep);
	case 4:
		old = *c->s.cr4;
		if (!has(c, FEAT_CPUID))
			return fault_ud(c);
		return tell_mask(c, o, 4, v ^ old, 0) && write_cr4(c, v) && written(c, o, 4, old, false);
	default: return write_cr8(c, o, v);
	}
}

/* CR0 as it is read: on a 386 the bits that it has not got are ones, but for bits 16 and 31. */
static u64 read_cr0(const struct cpu *c) { return *c->s.cr0 | (has(c, FEAT_I486) ? 0 : 0x7ffeffe0); }

SIMPLE(mov_from_cr)
{
	u64 v;
	if (!ring0(c) || !tell_cr3(c, o, 1, o->d))
		return false;
	switch (o->digit) {
	case 0: v = read_cr0(c); break;
	case 2: v = *c->s.cr2; break;
	case 3: v = *c->s.cr3; break;
	case 4:
		if (!has(c, FEAT_CPUID))
			return fault_ud(c);
		v = *c->s.cr4;
		break;
	default:
		if (!read_cr8(c, o, &v))
			return false;
		break;
	}
	reg_set(c, o->d, width(c), v);
	return true;
}

ENDING(clts)
{
	u64 old = *c->s.cr0;
	return ring0(c) && write_cr0(c, old & ~(u64)CR0_TS) && written(c, o, 0, old, false);
}

/* The 286's way: PE can be set but not cleared. */
ENDING(lmsw)
{
	u64 v, old = *c->s.cr0;
	if (!ring0(c) || !rm_load(c, o, o->d, 2, &v))
		return false;
	v &= CR0_PE | CR0_MP | CR0_EM | CR0_TS;
	v |= old & ~(u64)(CR0_MP | CR0_EM | CR0_TS);
	return tell_mask(c, o, 0, v ^ old, 3) && write_cr0(c, v) && written(c, o, 0, old, false);
}

SIMPLE(smsw)
{
	if ((*c->s.cr4 & CR4_UMIP) && c->cpl != 0)
		return fault_gp(c, 0);
	return rm_store(c, o, o->d, o->size, read_cr0(c));
}

/* --- debug registers (SDM 3B 17.2) ------------------------------------------------------------------- */

/* Which register is meant: 4 and 5 are 6 and 7, until CR4.DE takes them away; GD traps every access. */
static bool select_dr(struct cpu *c, const struct insn *o, int *n)
{
	*n = o->digit & 7;
	if (!ring0(c))
		return false;
	if (o->digit > 7 || ((*n | 1) == 5 && (*c->s.cr4 & CR4_DE)))
		return fault_ud(c);
	if ((*n | 1) == 5)
		*n += 2;
	return !(c->s.dr[7] & DR7_GD) || fault_debug(c, DR6_BD);
}

/* SDM 3C table 27-4 */
static bool tell_dr(struct cpu *c, const struct insn *o, u32 direction, u8 reg)
{
	u64 qualification = o->digit | direction << 4 | (u32)reg / 8 << 8;
	return tell_hypervisor(c, o, c->vm->controls.mov_dr_exiting, EXIT_DR_ACCESS, qualification);
}

ENDING(mov_to_dr)
{
	int n;
	u64 v = reg_get(c, o->s, width(c));
	if (!select_dr(c, o, &n))
		return false;
	if (n >= 6 && v >> 32)
		return fault_gp(c, 0);
	if (!tell_dr(c, o, 0, o->s))
		return false;
	if (n == 6)
		v = (v & (DR6_BS | DR6_BT | DR6_BD | 0xf)) | DR6_FIXED;
	if (n == 7)
		v = (v & 0xffff23ff) | DR7_FIXED;
	c->s.dr[n] = v;
	if (n == 7)
		mmu_flush(c, CAUSE_MODE); /* pages with a data breakpoint must not stay in the TLBs */
	cpu_update_mode(c);
	return true;
}

SIMPLE(mov_from_dr)
{
	int n;
	if (!select_dr(c, o, &n) || !tell_dr(c, o, 1, o->d))
		return false;
	reg_set(c, o->d, width(c), c->s.dr[n]);
	return true;
}

/* --- extended control registers ---------------------------------------------------------------------- */

static bool xsave_on(struct cpu *c) { return (*c->s.cr4 & CR4_OSXSAVE) || fault_ud(c); }

SIMPLE(xgetbv)
{
	if (!xsave_on(c))
		return false;
	if ((u32)c->r[RCX] != 0)
		return fault_gp(c, 0);
	c->r[RAX] = (u32)*c->s.xcr0;
	c->r[RDX] = *c->s.xcr0 >> 32;
	return true;
}

/* x87 state is always on; SSE's only where there is SSE (SDM 1 13.3). */
ENDING(xsetbv)
{
	u64 v = (u32)c->r[RAX] | c->r[RDX] << 32, present = 1 | (has(c, FEAT_SSE) ? 2 : 0);
	if (!xsave_on(c) || !ring0(c))
		return false;
	if ((u32)c->r[RCX] != 0 || !(v & 1) || (v & ~present))
		return fault_gp(c, 0);
	if (!tell_hypervisor(c, o, true, EXIT_XSETBV, 0))
		return false;
	*c->s.xcr0 = v;
	return true;
}
