/* SPDX-License-Identifier: GPL-3.0-or-later
 * task.c - the hardware task switch, to and from 16- and 32-bit TSSs (SDM 3A 7.3).
 *
 * Rule: everything that can be checked in the old task is checked before the first write.  From then on we
 * are in the new one: what goes wrong there is reported with fault.trap set, for RIP is the new task's.
 */
#include "cpu-interp/far-priv.h"

/* Both formats are a run of equal slots: IP, FLAGS, registers, segments, LDT (SDM 3A figures 7-2, 7-10). */
enum { SLOT_IP, SLOT_FLAGS, SLOT_GPR, SLOT_SEG = SLOT_GPR + 8, SLOTS_MAX = SLOT_SEG + 6 + 1 };
struct tss_format {
	u32 first;     /* offset of the IP slot */
	int size;      /* bytes of a slot */
	int segments;  /* a 16-bit TSS has no FS and GS */
	u32 min_limit;
};
static const struct tss_format tss_formats[2] = { { 0x0e, 2, 4, 0x2b }, { 0x20, 4, 6, 0x67 } };

struct task {
	const struct tss_format *format;
	u16 sel;
	struct desc desc;
	u64 slot[SLOTS_MAX];
	u64 cr3;
	bool debug_trap;
};

static const struct tss_format *format_of(u32 attr) { return &tss_formats[attr >> 3 & 1]; }
static u16 task_segment(const struct task *t, int seg) { return (u16)t->slot[SLOT_SEG + seg]; }
static u16 task_ldt(const struct task *t) { return (u16)t->slot[SLOT_SEG + t->format->segments]; }

static u64 slot_at(u64 base, const struct tss_format *f, int slot)
{
	return base + f->first + (u64)(slot * f->size);
}

/* --- before the switch ------------------------------------------------------------------------------- */

/* SDM 3A 7.3, steps 1 to 4; for an IRET it is its own chain that is at fault: #TS instead of #GP. */
static bool fetch_task(struct cpu *c, enum task_source source, struct task *t)
{
	u32 error = t->sel & 0xfffc;
	u8 vector = source == TASK_IRET ? VEC_TS : VEC_GP;
	u32 wanted = source == TASK_IRET ? SYS_TSS16_BUSY : SYS_TSS16;
	if (!error || (t->sel & 4))
		return fault_raise_error(c, vector, error);
	if (!seg_fetch_desc(c, t->sel, vector, &t->desc))
		return false;
	if ((t->desc.attr & SEG_S) || (desc_type(&t->desc) & ~8u) != wanted)
		return fault_raise_error(c, vector, error);
	if (!(t->desc.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	t->format = format_of(t->desc.attr);
	if (t->desc.limit < t->format->min_limit)
		return fault_raise_error(c, VEC_TS, error);
	return true;
}

static bool read_task(struct cpu *c, struct task *t)
{
	const struct tss_format *f = t->format;
	u64 flag = 0;
	for (int i = 0; i <= SLOT_SEG + f->segments; i++)
		if (!mmu_sys_load(c, slot_at(t->desc.base, f, i), f->size, &t->slot[i]))
			return false;
	t->cr3 = *c->s.cr3;
	if (f->size == 2)
		return true;
	if (!mmu_sys_load(c, t->desc.base + 0x1c, 4, &t->cr3) ||
	    !mmu_sys_load(c, t->desc.base + 0x64, 1, &flag))
		return false;
	t->debug_trap = flag & 1;
	return true;
}

/* Where the busy mark of a TSS is. */
static u64 busy_byte(const struct cpu *c, u16 sel) { return *c->s.gdtr_base + (sel & ~7u) + 5; }

/* All that will be written: the old task's slots, the back link, the busy marks. */
static bool check_writes(struct cpu *c, const struct task *t)
{
	const struct tss_format *f = format_of(c->s.seg_attr[SEG_TR]);
	u64 old = c->s.seg_base[SEG_TR];
	if (c->s.seg_limit[SEG_TR] < f->min_limit)
		return fault_raise_error(c, VEC_TS, c->s.seg_sel[SEG_TR] & 0xfffc);
	for (int i = 0; i < SLOT_SEG + f->segments; i++)
		if (!mmu_sys_check_store(c, slot_at(old, f, i), f->size))
			return false;
	return mmu_sys_check_store(c, t->desc.base, 2) && mmu_sys_check_store(c, t->desc.addr + 5, 1) &&
	       mmu_sys_check_store(c, busy_byte(c, c->s.seg_sel[SEG_TR]), 1);
}

/* --- leaving the old task ---------------------------------------------------------------------------- */

static bool save_old(struct cpu *c, u64 next_ip, u64 flags)
{
	const struct tss_format *f = format_of(c->s.seg_attr[SEG_TR]);
	u64 base = c->s.seg_base[SEG_TR];
	if (!mmu_sys_store(c, slot_at(base, f, SLOT_IP), f->size, next_ip) ||
	    !mmu_sys_store(c, slot_at(base, f, SLOT_FLAGS), f->size, flags))
		return false;
	for (int i = 0; i < 8; i++)
		if (!mmu_sys_store(c, slot_at(base, f, SLOT_GPR + i), f->size, c->r[i]))
			return false;
	for (int i = 0; i < f->segments; i++)
		if (!mmu_sys_store(c, slot_at(base, f, SLOT_SEG + i), 2, c->s.seg_sel[i]))
			return false;
	return true;
}

static bool clear_busy(struct cpu *c, u16 sel)
{
	u64 byte, at = busy_byte(c, sel);
	return mmu_sys_load(c, at, 1, &byte) && mmu_sys_store(c, at, 1, byte & ~2ull);
}

/* SDM 3A 7.3 steps 5 to 9, table 7-2: who is busy, who is linked to whom. */
static bool write_old(struct cpu *c, struct task *t, enum task_source source, u64 next_ip)
{
	u64 flags = flags_get(c);
	u16 old_sel = c->s.seg_sel[SEG_TR];
	bool nested = source == TASK_CALL || source == TASK_INT;
	if (source == TASK_IRET)
		flags &= ~(u64)FLAG_NT;
	if (!save_old(c, next_ip, flags) || (nested && !mmu_sys_store(c, t->desc.base, 2, old_sel)))
		return false;
	if (!nested && !clear_busy(c, old_sel))
		return false;
	if (nested)
		t->slot[SLOT_FLAGS] |= FLAG_NT;
	return source == TASK_IRET || seg_set_accessed(c, &t->desc);
}

/* --- in the new task --------------------------------------------------------------------------------- */

static bool load_ldt(struct cpu *c, u16 sel)
{
	struct desc d;
	u32 error = sel & 0xfffc;
	if (!error)
		return true;
	if (sel & 4)
		return fault_raise_error(c, VEC_TS, error);
	if (!seg_fetch_desc(c, sel, VEC_TS, &d))
		return false;
	if ((d.attr & SEG_S) || desc_type(&d) != SYS_LDT || !(d.attr & SEG_P))
		return fault_raise_error(c, VEC_TS, error);
	seg_install(c, SEG_LDTR, sel, &d);
	return true;
}

/* SDM 3A table 7-1: which exception each mistake is. */
static bool load_code(struct cpu *c, u16 sel)
{
	struct desc d;
	u32 error = sel & 0xfffc, rpl = sel & 3;
	if (!error)
		return fault_raise_error(c, VEC_TS, 0);
	if (!seg_fetch_desc(c, sel, VEC_TS, &d))
		return false;
	if (!seg_is_code(d.attr) || (seg_is_conforming(d.attr) ? desc_dpl(&d) > rpl : desc_dpl(&d) != rpl))
		return fault_raise_error(c, VEC_TS, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	if (!seg_set_accessed(c, &d))
		return false;
	seg_install(c, SEG_CS, sel, &d);
	return true;
}

static bool load_stack(struct cpu *c, u16 sel)
{
	struct desc d;
	u32 error = sel & 0xfffc, cpl = c->s.seg_sel[SEG_CS] & 3;
	if (!error)
		return fault_raise_error(c, VEC_TS, 0);
	if (!seg_fetch_desc(c, sel, VEC_TS, &d))
		return false;
	if ((sel & 3u) != cpl || desc_dpl(&d) != cpl || !seg_is_writable(d.attr))
		return fault_raise_error(c, VEC_TS, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_SS, error);
	if (!seg_set_accessed(c, &d))
		return false;
	seg_install(c, SEG_SS, sel, &d);
	return true;
}

static bool load_data(struct cpu *c, enum x86_seg seg, u16 sel)
{
	struct desc d;
	u32 error = sel & 0xfffc, cpl = c->s.seg_sel[SEG_CS] & 3, rpl = sel & 3;
	if (!error)
		return true;
	if (!seg_fetch_desc(c, sel, VEC_TS, &d))
		return false;
	if (!seg_is_readable(d.attr))
		return fault_raise_error(c, VEC_TS, error);
	if (!seg_is_conforming(d.attr) && (desc_dpl(&d) < cpl || desc_dpl(&d) < rpl))
		return fault_raise_error(c, VEC_TS, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	if (!seg_set_accessed(c, &d))
		return false;
	seg_install(c, seg, sel, &d);
	return true;
}

static bool load_segments(struct cpu *c, const struct task *t)
{
	static const u8 data[] = { SEG_DS, SEG_ES, SEG_FS, SEG_GS };
	if (!load_ldt(c, task_ldt(t)))
		return false;
	if (*c->s.rflags & FLAG_VM) {
		for (int seg = SEG_ES; seg <= SEG_GS; seg++)
			seg_install_real(c, (enum x86_seg)seg, task_segment(t, seg));
		return true;
	}
	if (!load_code(c, task_segment(t, SEG_CS)) || !load_stack(c, task_segment(t, SEG_SS)))
		return false;
	for (int i = 0; i < 4; i++)
		if (data[i] < t->format->segments && !load_data(c, data[i], task_segment(t, data[i])))
			return false;
	return true;
}

/* Registers that need no check.  Selectors are visible at once, their segments usable when loaded. */
static bool enter(struct cpu *c, const struct task *t)
{
	u32 cpl = task_segment(t, SEG_CS) & 3;
	bool wide = t->format->size == 4;
	seg_install(c, SEG_TR, t->sel, &t->desc);
	*c->s.cr0 |= CR0_TS;
	for (int i = 0; i < 8; i++)
		c->r[i] = wide ? t->slot[SLOT_GPR + i] : (c->r[i] & ~0xffffull) | t->slot[SLOT_GPR + i];
	c->r[REG_IP] = t->slot[SLOT_IP];
	flags_set(c, (t->slot[SLOT_FLAGS] & (flags_present(c) | (wide ? FLAG_VM : 0))) | FLAG_1);
	for (int seg = SEG_ES; seg <= SEG_GS; seg++)
		seg_install_null(c, (enum x86_seg)seg, seg < t->format->segments ? task_segment(t, seg) : 0);
	seg_install_null(c, SEG_LDTR, task_ldt(t));
	c->s.seg_attr[SEG_SS] = SEG_UNUSABLE | cpl << SEG_DPL_SHIFT;
	c->s.dr[7] &= ~0x155ull; /* local breakpoints belong to the task left (SDM 3B 17.2.4) */
	if (wide && (*c->s.cr0 & CR0_PG) && t->cr3 != *c->s.cr3) {
		if ((*c->s.cr4 & CR4_PAE) && !mmu_load_pdptes(c, t->cr3))
			return false;
		*c->s.cr3 = t->cr3;
		mmu_new_cr3(c, false);
	}
	cpu_update_mode(c);
	return true;
}

static bool push_error(struct cpu *c, const struct task *t, u32 error)
{
	struct frame f;
	const u64 item = error;
	frame_current(c, &f);
	if (!frame_push(c, &f, t->format->size, &item, 1))
		return false;
	frame_commit(c, &f);
	return true;
}

/* Something went wrong in the new task.  There is no way back to ask the hypervisor for a descriptor that
 * lies in device memory; such a table is as good as invalid. */
static bool fail_in_new_task(struct cpu *c, u16 sel)
{
	if (c->why == WHY_EXIT) {
		c->asked = false;
		fault_raise_error(c, VEC_TS, sel & 0xfffc);
	}
	c->fault.trap = true;
	cpu_update_mode(c);
	return false;
}

bool task_switch(struct cpu *c, u16 tss_sel, enum task_source source, u64 next_ip, bool has_error, u32 error)
{
	struct task t = { .sel = tss_sel };
	if (c->vm->watches.n && !mmu_watch_alone(c)) /* there is no way back from the new task */
		return false;
	if (!fetch_task(c, source, &t) || !read_task(c, &t) || !check_writes(c, &t) ||
	    !write_old(c, &t, source, next_ip))
		return false;
	c->in_new_task = true;
	bool ok = enter(c, &t) && load_segments(c, &t);
	if (ok) {
		cpu_update_mode(c);
		ok = (!has_error || push_error(c, &t, error)) &&
		     seg_check_ip(c, c->s.seg_attr[SEG_CS], c->s.seg_limit[SEG_CS], c->r[REG_IP]);
	}
	c->in_new_task = false;
	if (t.debug_trap)
		*c->s.pending_db |= DR6_BT;
	return ok || fail_in_new_task(c, tss_sel);
}
