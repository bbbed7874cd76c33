/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-seg.c - instructions about segments: their registers, questions about descriptors, tables, bases.
 * Rule: the checks are seg.c's; here is only where the selector comes from and where a result goes.
 */
#include "cpu-interp/ops.h"
#include "cpu-interp/seg.h"

/* --- segment registers ------------------------------------------------------------------------------- */

SIMPLE(mov_sreg) { return rm_store(c, o, o->d, o->size, c->s.seg_sel[o->digit]); }

static bool move_to_sreg(struct cpu *c, const struct insn *o)
{
	u64 sel;
	return rm_load(c, o, o->s, 2, &sel) && seg_load(c, (enum x86_seg)o->digit, (u16)sel);
}

/* After a load of SS nothing interrupts before the next instruction, which sets SP (SDM 3A 6.8.3). */
PLAIN(load_sreg)
{
	TRY(move_to_sreg(c, o));
	if (o->digit != SEG_SS)
		NEXT;
	*c->s.shadow |= SHADOW_MOV_SS;
	END;
}

/* Of a 32-bit slot only the lower half is written and read, since the 386 (SDM 2B PUSH: "a 16-bit move"). */
static int selector_size(const struct insn *o) { return o->opsize == 8 ? 8 : 2; }

SIMPLE(push_sreg)
{
	u64 sp = (c->r[RSP] - o->opsize) & c->sp_mask;
	if (!mmu_store(c, SEG_SS, sp, selector_size(o), c->s.seg_sel[o->digit]))
		return false;
	stack_set(c, sp);
	return true;
}

static bool pop_to_sreg(struct cpu *c, const struct insn *o)
{
	u64 sel, rsp = (c->r[RSP] & ~c->sp_mask) | ((c->r[RSP] + o->opsize) & c->sp_mask);
	if (!stack_peek(c, 0, selector_size(o), &sel) || !seg_load(c, (enum x86_seg)o->digit, (u16)sel))
		return false;
	c->r[RSP] = rsp;
	return true;
}

PLAIN(pop_sreg)
{
	TRY(pop_to_sreg(c, o));
	if (o->digit != SEG_SS)
		NEXT;
	*c->s.shadow |= SHADOW_MOV_SS;
	END;
}

/* LDS and its kin: a far pointer in memory, offset first. */
static bool load_pointer(struct cpu *c, const struct insn *o, enum x86_seg seg)
{
	u64 off, sel;
	if (!mmu_load(c, o->seg, ea(c, o), o->opsize, &off) ||
	    !mmu_load(c, o->seg, ea_plus(c, o, o->opsize), 2, &sel) || !seg_load(c, seg, (u16)sel))
		return false;
	reg_set(c, o->d, o->opsize, off);
	return true;
}

SIMPLE(les) { return load_pointer(c, o, SEG_ES); }
SIMPLE(lds) { return load_pointer(c, o, SEG_DS); }
SIMPLE(lss) { return load_pointer(c, o, SEG_SS); }
SIMPLE(lfs) { return load_pointer(c, o, SEG_FS); }
SIMPLE(lgs) { return load_pointer(c, o, SEG_GS); }

/* --- questions about descriptors --------------------------------------------------------------------- */

/* Real and virtual-8086 mode have no descriptors: #UD. */
static bool needs_descriptors(struct cpu *c) { return !real_or_v86(c) || fault_ud(c); }

/* The descriptor of a selector, for instructions that answer by ZF instead of faulting.  False: a real
 * fault or exit on the way to it (a page fault in the table, say); *there: it exists. */
static bool look_up(struct cpu *c, u16 sel, struct desc *d, bool *there)
{
	*there = false;
	if (!(sel & 0xfffc))
		return true;
	*there = seg_fetch_desc(c, sel, VEC_GP, d);
	if (*there)
		return true;
	if (c->why != WHY_FAULT || c->fault.vector != VEC_GP)
		return false;
	c->why = WHY_DONE;
	return true;
}

/* May this code see the segment at all?  SDM 2A LAR: conforming code always, else both CPL and RPL count. */
static bool is_visible(const struct cpu *c, u16 sel, const struct desc *d)
{
	return seg_is_conforming(d->attr) || (desc_dpl(d) >= c->cpl && desc_dpl(d) >= (sel & 3u));
}

static void set_zf(struct cpu *c, bool zf) { flags_change(c, FLAG_ZF, zf ? FLAG_ZF : 0); }

/* SDM 2A table 3-53 and 3-63: system descriptor types that LAR and LSL answer for. */
#define TYPE(name) (1u << SYS_##name)
enum {
	LSL_TYPES_64 = TYPE(LDT) | TYPE(TSS32) | TYPE(TSS32_BUSY),
	LAR_TYPES_64 = LSL_TYPES_64 | TYPE(CALL32),
	LSL_TYPES = LSL_TYPES_64 | TYPE(TSS16) | TYPE(TSS16_BUSY),
	LAR_TYPES = LSL_TYPES | TYPE(CALL16) | TYPE(CALL32) | TYPE(TASK_GATE),
};
#undef TYPE

static bool is_answered(const struct cpu *c, const struct desc *d, u32 types, u32 types_64)
{
	return (d->attr & SEG_S) || ((long_active(c) ? types_64 : types) >> desc_type(d) & 1);
}

SIMPLE(lar)
{
	u64 sel;
	struct desc d;
	bool there;
	if (!needs_descriptors(c) || !rm_load(c, o, o->s, 2, &sel) || !look_up(c, (u16)sel, &d, &there))
		return false;
	there = there && is_visible(c, (u16)sel, &d) && is_answered(c, &d, LAR_TYPES, LAR_TYPES_64);
	if (there)
		reg_set(c, o->d, o->size, d.raw >> 32 & 0x00ffff00);
	set_zf(c, there);
	return true;
}

SIMPLE(lsl)
{
	u64 sel;
	struct desc d;
	bool there;
	if (!needs_descriptors(c) || !rm_load(c, o, o->s, 2, &sel) || !look_up(c, (u16)sel, &d, &there))
		return false;
	there = there && is_visible(c, (u16)sel, &d) && is_answered(c, &d, LSL_TYPES, LSL_TYPES_64);
	if (there)
		reg_set(c, o->d, o->size, d.limit);
	set_zf(c, there);
	return true;
}

static bool verify(struct cpu *c, const struct insn *o, bool (*allows)(u32 attr))
{
	u64 sel;
	struct desc d;
	bool there;
	if (!needs_descriptors(c) || !rm_load(c, o, o->d, 2, &sel) || !look_up(c, (u16)sel, &d, &there))
		return false;
	set_zf(c, there && is_visible(c, (u16)sel, &d) && allows(d.attr));
	return true;
}

SIMPLE(verr) { return verify(c, o, seg_is_readable); }
SIMPLE(verw) { return verify(c, o, seg_is_writable); }

/* Raise the RPL of a selector to that of another. */
SIMPLE(arpl)
{
	u64 v, rpl = reg_get(c, o->s, 2) & 3;
	if (!needs_descriptors(c) || !rm_load_rw(c, o, o->d, 2, &v))
		return false;
	bool raise = (v & 3) < rpl;
	if (raise && !rm_store(c, o, o->d, 2, (v & ~3ull) | rpl))
		return false;
	set_zf(c, raise);
	return true;
}

/* --- descriptor-table registers ---------------------------------------------------------------------- */

/* UMIP keeps the system's addresses from its users (SDM 3A 2.5, CR4.UMIP). */
static bool may_look(struct cpu *c) { return !(*c->s.cr4 & CR4_UMIP) || c->cpl == 0 || fault_gp(c, 0); }

static bool store_selector(struct cpu *c, const struct insn *o, enum x86_seg seg)
{
	return needs_descriptors(c) && may_look(c) && rm_store(c, o, o->d, o->size, c->s.seg_sel[seg]);
}

SIMPLE(sldt) { return store_selector(c, o, SEG_LDTR); }
SIMPLE(str) { return store_selector(c, o, SEG_TR); }

/* In IA-32e mode the second half of a system descriptor must not look like a descriptor (SDM 3A 7.2.3). */
static bool has_second_type(const struct desc *d) { return d->raw_hi >> 40 & 0x1f; }

SIMPLE(lldt)
{
	u64 sel;
	struct desc d;
	if (!needs_descriptors(c) || !ring0(c) || !rm_load(c, o, o->d, 2, &sel))
		return false;
	u32 error = sel & 0xfffc;
	if (!error) {
		seg_install_null(c, SEG_LDTR, (u16)sel);
		return true;
	}
	if (sel & 4)
		return fault_gp(c, error);
	if (!seg_fetch_desc(c, (u16)sel, VEC_GP, &d))
		return false;
	if ((d.attr & SEG_S) || desc_type(&d) != SYS_LDT || has_second_type(&d))
		return fault_gp(c, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	seg_install(c, SEG_LDTR, (u16)sel, &d);
	return true;
}

SIMPLE(ltr)
{
	u64 sel;
	struct desc d;
	if (!needs_descriptors(c) || !ring0(c) || !rm_load(c, o, o->d, 2, &sel))
		return false;
	u32 error = sel & 0xfffc;
	if (!error)
		return fault_gp(c, 0);
	if (sel & 4)
		return fault_gp(c, error);
	if (!seg_fetch_desc(c, (u16)sel, VEC_GP, &d))
		return false;
	bool available = desc_type(&d) == SYS_TSS32 || (desc_type(&d) == SYS_TSS16 && !long_active(c));
	if ((d.attr & SEG_S) || !available || has_second_type(&d))
		return fault_gp(c, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	if (!seg_set_accessed(c, &d)) /* busy */
		return false;
	seg_install(c, SEG_TR, (u16)sel, &d);
	return true;
}

/* Limit in two bytes, then the base: all of it, whatever the operand size (SDM 2B SGDT). */
static bool store_table(struct cpu *c, const struct insn *o, u16 limit, u64 base)
{
	int size = c->mode == MODE_64 ? 8 : 4;
	u64 at = ea(c, o), base_at = ea_plus(c, o, 2);
	return may_look(c) && mmu_check_store(c, o->seg, at, 2) &&
	       mmu_check_store(c, o->seg, base_at, size) && mmu_store(c, o->seg, at, 2, limit) &&
	       mmu_store(c, o->seg, base_at, size, base);
}

SIMPLE(sgdt) { return store_table(c, o, *c->s.gdtr_limit, *c->s.gdtr_base); }
SIMPLE(sidt) { return store_table(c, o, *c->s.idtr_limit, *c->s.idtr_base); }

/* With 16-bit operands only 24 bits of base are loaded, as the 286 had (SDM 2A LGDT). */
static bool load_table(struct cpu *c, const struct insn *o, u16 *limit, u64 *base)
{
	u64 l, b;
	bool wide = c->mode == MODE_64;
	if (!ring0(c) || !mmu_load(c, o->seg, ea(c, o), 2, &l) ||
	    !mmu_load(c, o->seg, ea_plus(c, o, 2), wide ? 8 : 4, &b))
		return false;
	if (wide && !canonical(b))
		return fault_gp(c, 0);
	*limit = (u16)l;
	*base = !wide && o->opsize == 2 ? b & 0xffffff : b;
	return true;
}

SIMPLE(lgdt) { return load_table(c, o, c->s.gdtr_limit, c->s.gdtr_base); }
SIMPLE(lidt) { return load_table(c, o, c->s.idtr_limit, c->s.idtr_base); }

/* --- bases of FS and GS (64-bit mode only) ----------------------------------------------------------- */

SIMPLE(swapgs)
{
	u64 base = c->s.seg_base[SEG_GS];
	if (!ring0(c))
		return false;
	c->s.seg_base[SEG_GS] = *c->s.kernel_gs_base;
	*c->s.kernel_gs_base = base;
	seg_update(c, SEG_GS);
	return true;
}

static bool read_base(struct cpu *c, const struct insn *o, enum x86_seg seg)
{
	if (!(*c->s.cr4 & CR4_FSGSBASE))
		return fault_ud(c);
	reg_set(c, o->d, o->size, c->s.seg_base[seg]);
	return true;
}

static bool write_base(struct cpu *c, const struct insn *o, enum x86_seg seg)
{
	u64 base = reg_get(c, o->d, o->size);
	if (!(*c->s.cr4 & CR4_FSGSBASE))
		return fault_ud(c);
	if (!canonical(base))
		return fault_gp(c, 0);
	c->s.seg_base[seg] = base;
	seg_update(c, seg);
	return true;
}

SIMPLE(rdfsbase) { return read_base(c, o, SEG_FS); }
SIMPLE(rdgsbase) { return read_base(c, o, SEG_GS); }
SIMPLE(wrfsbase) { return write_base(c, o, SEG_FS); }
SIMPLE(wrgsbase) { return write_base(c, o, SEG_GS); }
