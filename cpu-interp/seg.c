/* SPDX-License-Identifier: GPL-3.0-or-later
 * seg.c - segment registers: descriptors fetched, checked, loaded; and the copy that every access uses.
 * Rule: the hidden part in `s` is the truth; c->seg[] is made from it and the mode, by seg_update alone.
 */
#include "cpu-interp/seg.h"

#include "cpu-interp/fault.h"
#include "cpu-interp/mmu.h"

/* --- descriptors ------------------------------------------------------------------------------------- */

/* The scattered fields of a descriptor put together (SDM 3A figure 3-8). */
static void parse(struct desc *d, u64 raw)
{
	d->raw = raw;
	d->raw_hi = 0;
	d->base = (raw >> 16 & 0xffffff) | (raw >> 56) << 24;
	d->attr = (raw >> 40 & 0xff) | (raw >> 52 & 0xf) << 12;
	d->limit = (raw & 0xffff) | (raw >> 32 & 0xf0000);
	if (d->attr & SEG_G)
		d->limit = d->limit << 12 | 0xfff;
}

bool seg_fetch_desc(struct cpu *c, u16 sel, u8 vector, struct desc *d)
{
	bool local = sel & 4;
	u64 table = local ? c->s.seg_base[SEG_LDTR] : *c->s.gdtr_base;
	u32 limit = local ? c->s.seg_limit[SEG_LDTR] : *c->s.gdtr_limit;
	u32 last = sel | 7, error = sel & 0xfffc;
	u64 raw;
	if ((local && (c->s.seg_attr[SEG_LDTR] & SEG_UNUSABLE)) || last > limit)
		return fault_raise_error(c, vector, error);
	d->addr = table + (sel & ~7u);
	if (!mmu_sys_load(c, d->addr, 8, &raw))
		return false;
	parse(d, raw);
	if (!long_active(c) || (d->attr & SEG_S))
		return true;
	/* System descriptors have 16 bytes in IA-32e mode (SDM 3A 5.8.3.1, 7.2.3). */
	if (last + 8 > limit)
		return fault_raise_error(c, vector, error);
	if (!mmu_sys_load(c, d->addr + 8, 8, &d->raw_hi))
		return false;
	d->base |= d->raw_hi << 32;
	return true;
}

bool seg_set_accessed(struct cpu *c, struct desc *d)
{
	u32 bit = d->attr & SEG_S ? SEG_ACCESSED : 2; /* a TSS is marked busy by bit 1 of its type */
	if (d->attr & bit)
		return true;
	if (!mmu_sys_store(c, d->addr + 5, 1, (d->attr | bit) & 0xff))
		return false;
	d->attr |= bit;
	d->raw |= (u64)bit << 40;
	return true;
}

bool seg_is_code(u32 attr) { return (attr & SEG_S) && (attr & SEG_CODE); }

bool seg_is_writable(u32 attr) { return (attr & SEG_S) && !(attr & SEG_CODE) && (attr & SEG_RW); }

bool seg_is_readable(u32 attr) { return (attr & SEG_S) && (!(attr & SEG_CODE) || (attr & SEG_RW)); }

bool seg_is_conforming(u32 attr) { return seg_is_code(attr) && (attr & SEG_CONFORMING); }

/* --- the fast copy ----------------------------------------------------------------------------------- */

/* The fast path asks one question, off < rfast, for accesses of up to 8 bytes; near the end of a segment,
 * and in an expand-down one, it says no and the slow path decides. */
static u64 fast_length(const struct segment *s, u64 length)
{
	return s->lo || length < 8 ? 0 : length - 7;
}

static struct segment with_fast_lengths(struct segment s)
{
	s.rfast = fast_length(&s, s.rlen);
	s.wfast = fast_length(&s, s.wlen);
	return s;
}

/* SDM 3A 5.3 limits, 3.4.5.1 types */
struct segment seg_extent(u64 base, u32 limit, u32 attr)
{
	struct segment s = { .base = base, .rlen = (u64)limit + 1 };
	if ((attr & (SEG_CODE | SEG_EXPAND_DOWN)) == SEG_EXPAND_DOWN) {
		s.lo = (u64)limit + 1;
		s.rlen = (attr & SEG_DB ? 1ull << 32 : 1ull << 16) - s.lo;
		if (s.lo > (attr & SEG_DB ? 0xffffffffu : 0xffffu))
			s.rlen = 0;
	}
	s.wlen = seg_is_writable(attr) ? s.rlen : 0;
	if (!seg_is_readable(attr))
		s.rlen = 0;
	if ((attr & SEG_UNUSABLE) || !(attr & SEG_P))
		s.rlen = s.wlen = 0;
	return with_fast_lengths(s);
}

/* Real mode has limits but no types: CS can be written, as programs of the 8086 do. */
static u32 as_data(u32 attr)
{
	if (attr & SEG_CODE)
		attr &= ~(SEG_CODE | SEG_CONFORMING);
	return attr | SEG_RW;
}

void seg_update(struct cpu *c, enum x86_seg seg)
{
	u64 base = c->s.seg_base[seg];
	u32 attr = c->s.seg_attr[seg];
	if (c->mode == MODE_64) { /* no limits, and bases only of FS and GS (SDM 3A 3.2.4) */
		bool based = seg == SEG_FS || seg == SEG_GS;
		c->seg[seg] = with_fast_lengths((struct segment){ .base = based ? base : 0, .rlen = UINT64_MAX,
								  .wlen = UINT64_MAX });
		return;
	}
	c->seg[seg] = seg_extent(base, c->s.seg_limit[seg], real_mode(c) ? as_data(attr) : attr);
	if (seg == SEG_SS)
		c->sp_mask = attr & SEG_DB ? 0xffffffffu : 0xffff;
}

void seg_update_all(struct cpu *c)
{
	for (enum x86_seg seg = SEG_ES; seg <= SEG_GS; seg++)
		seg_update(c, seg);
}

/* --- putting something into a segment register ------------------------------------------------------- */

static void put(struct cpu *c, enum x86_seg seg, u16 sel, u64 base, u32 limit, u32 attr)
{
	c->s.seg_sel[seg] = sel;
	c->s.seg_base[seg] = base;
	c->s.seg_limit[seg] = limit;
	c->s.seg_attr[seg] = attr;
	if (seg <= SEG_GS)
		seg_update(c, seg);
}

void seg_install(struct cpu *c, enum x86_seg seg, u16 sel, const struct desc *d)
{
	put(c, seg, sel, d->base, d->limit, d->attr);
}

void seg_install_real(struct cpu *c, enum x86_seg seg, u16 sel)
{
	u64 base = (u64)sel << 4;
	u32 limit = 0xffff, attr = 0xf3; /* those of virtual-8086 mode are fixed (SDM 3C 26.3.1.2) */
	if (real_mode(c)) { /* what protected mode left there goes on holding ("unreal" mode) */
		limit = c->s.seg_limit[seg];
		attr = (c->s.seg_attr[seg] & ~SEG_UNUSABLE) | SEG_S | SEG_P;
	}
	put(c, seg, sel, base, limit, attr);
}

void seg_install_null(struct cpu *c, enum x86_seg seg, u16 sel)
{
	u32 dpl = seg == SEG_SS ? (u32)(sel & 3) << SEG_DPL_SHIFT : 0; /* SS.DPL is the CPL, null or not */
	put(c, seg, sel, 0, 0, SEG_UNUSABLE | dpl);
}

/* --- MOV, POP, LDS and their kin --------------------------------------------------------------------- */

/* SDM 2B MOV: "IF SS is loaded" */
static bool load_stack(struct cpu *c, u16 sel)
{
	struct desc d;
	u32 rpl = sel & 3, error = sel & 0xfffc;
	if (!error) {
		if (c->mode != MODE_64 || c->cpl == 3 || rpl != c->cpl)
			return fault_gp(c, 0);
		seg_install_null(c, SEG_SS, sel);
		return true;
	}
	if (!seg_fetch_desc(c, sel, VEC_GP, &d))
		return false;
	if (rpl != c->cpl || !seg_is_writable(d.attr) || desc_dpl(&d) != c->cpl)
		return fault_gp(c, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_SS, error);
	if (!seg_set_accessed(c, &d))
		return false;
	seg_install(c, SEG_SS, sel, &d);
	return true;
}

/* SDM 2B MOV: "IF DS, ES, FS, or GS is loaded with non-NULL selector" */
static bool load_data(struct cpu *c, enum x86_seg seg, u16 sel)
{
	struct desc d;
	u32 rpl = sel & 3, error = sel & 0xfffc;
	if (!error) {
		seg_install_null(c, seg, sel);
		return true;
	}
	if (!seg_fetch_desc(c, sel, VEC_GP, &d))
		return false;
	if (!seg_is_readable(d.attr))
		return fault_gp(c, error);
	if (!seg_is_conforming(d.attr) && (rpl > desc_dpl(&d) || c->cpl > desc_dpl(&d)))
		return fault_gp(c, error);
	if (!(d.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	if (!seg_set_accessed(c, &d))
		return false;
	seg_install(c, seg, sel, &d);
	return true;
}

bool seg_load(struct cpu *c, enum x86_seg seg, u16 sel)
{
	if (real_or_v86(c)) {
		seg_install_real(c, seg, sel);
		return true;
	}
	return seg == SEG_SS ? load_stack(c, sel) : load_data(c, seg, sel);
}

bool seg_check_ip(struct cpu *c, u32 cs_attr, u32 cs_limit, u64 ip)
{
	bool ok = long_active(c) && (cs_attr & SEG_L) ? canonical(ip) : ip <= cs_limit;
	return ok || fault_gp(c, 0);
}
