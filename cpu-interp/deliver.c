/* SPDX-License-Identifier: GPL-3.0-or-later
 * deliver.c - an interrupt or exception goes through the interrupt table: the IVT of real mode, the IDT of
 * protected mode, the IDT of IA-32e mode (SDM 3A 6.12, 6.14, SDM 3B 20.1.4).
 * Rule: check everything, push, then change registers; until the last push nothing has happened.
 */
#include "cpu-interp/far-priv.h"

/* A gate of the IDT, and the code segment it leads to. */
struct idt_gate {
	u64 raw;
	u32 type, dpl;
	u16 sel;
	u64 ip;
	u32 ist;
	struct desc cs;
};

/* INT n, INT3 and INTO are the program's own doing: the gate's DPL counts, and EXT stays 0 (SDM 3A 6.13). */
static bool is_software(const struct delivery *d)
{
	return d->type == INTR_TYPE_SOFT_INT || d->type == INTR_TYPE_SOFT_EXC;
}

/* Error code that names the gate: index, IDT bit. */
static u32 gate_error(const struct delivery *d) { return d->vector * 8u + 2; }

static u64 pushed_flags(const struct cpu *c, const struct delivery *d)
{
	return flags_get(c) | (d->fault ? FLAG_RF : 0);
}

/* --- real mode --------------------------------------------------------------------------------------- */

/* Through the IVT at `table`: FLAGS, CS, IP; no error code (SDM 3B 20.1.4). */
static bool through_ivt(struct cpu *c, const struct delivery *d, u64 table, u64 flags, u64 cleared)
{
	struct frame f;
	u64 entry;
	const u64 items[] = { flags, c->s.seg_sel[SEG_CS], d->next_ip };
	if (!mmu_sys_load(c, table + d->vector * 4u, 4, &entry))
		return false;
	frame_current(c, &f);
	if (!frame_push(c, &f, 2, items, 3))
		return false;
	frame_commit(c, &f);
	flags_change(c, cleared | FLAG_TF | FLAG_AC | FLAG_RF, 0);
	seg_install_real(c, SEG_CS, (u16)(entry >> 16));
	c->r[REG_IP] = entry & 0xffff;
	return true;
}

static bool deliver_real(struct cpu *c, const struct delivery *d)
{
	if (d->vector * 4u + 3 > *c->s.idtr_limit)
		return fault_gp(c, gate_error(d));
	return through_ivt(c, d, *c->s.idtr_base, flags_get(c), FLAG_IF);
}

/* --- INT n in virtual-8086 mode (SDM 3B 20.3.3, table 20-2) ------------------------------------------ */

/* The redirection bitmap lies in the 32 bytes below the I/O bitmap; 0 = through the program's own IVT. */
static bool load_redirection(struct cpu *c, u8 vector, bool *to_monitor)
{
	u64 io_map, bits, tss = c->s.seg_base[SEG_TR];
	if (c->s.seg_limit[SEG_TR] < 0x67)
		return fault_gp(c, 0);
	if (!mmu_sys_load(c, tss + 0x66, 2, &io_map))
		return false;
	u64 at = io_map - 32 + vector / 8;
	if (io_map < 32 || at > c->s.seg_limit[SEG_TR])
		return fault_gp(c, 0);
	if (!mmu_sys_load(c, tss + at, 1, &bits))
		return false;
	*to_monitor = bits >> vector % 8 & 1;
	return true;
}

/* Handled inside the virtual-8086 program; with IOPL < 3 it sees VIF in place of IF. */
static bool redirect_v86(struct cpu *c, const struct delivery *d)
{
	u64 flags = flags_get(c);
	if (iopl(c) == 3)
		return through_ivt(c, d, 0, flags, FLAG_IF);
	flags = (flags & ~(u64)FLAG_IF) | FLAG_IOPL | (flags & FLAG_VIF ? FLAG_IF : 0);
	return through_ivt(c, d, 0, flags, FLAG_VIF);
}

/* --- gates of the IDT, protected mode ---------------------------------------------------------------- */

static bool check_gate(struct cpu *c, const struct delivery *d, const struct idt_gate *g, u32 allowed)
{
	if (!(allowed >> g->type & 1) || (g->raw >> 44 & 1))
		return fault_gp(c, gate_error(d));
	if (is_software(d) && g->dpl < c->cpl)
		return fault_gp(c, gate_error(d));
	if (!(g->raw >> 47 & 1))
		return fault_raise_error(c, VEC_NP, gate_error(d));
	return true;
}

static void parse_gate(struct idt_gate *g, u64 raw)
{
	*g = (struct idt_gate){ .raw = raw, .sel = (u16)(raw >> 16) };
	g->type = raw >> 40 & 15;
	g->dpl = raw >> 45 & 3;
	g->ip = (raw & 0xffff) | (g->type & 8 ? raw >> 48 << 16 : 0);
	g->ist = raw >> 32 & 7;
}

static bool fetch_handler_segment(struct cpu *c, struct idt_gate *g)
{
	u32 error = g->sel & 0xfffc;
	bool wide = long_active(c);
	if (!error)
		return fault_gp(c, 0);
	if (!seg_fetch_desc(c, g->sel, VEC_GP, &g->cs))
		return false;
	if (!seg_is_code(g->cs.attr) || desc_dpl(&g->cs) > c->cpl)
		return fault_gp(c, error);
	if (wide && (!(g->cs.attr & SEG_L) || (g->cs.attr & SEG_DB)))
		return fault_gp(c, error);
	if (!(g->cs.attr & SEG_P))
		return fault_raise_error(c, VEC_NP, error);
	/* a virtual-8086 program is interrupted into ring 0, or not at all (SDM 3B 20.3.1) */
	if (c->v86 && (seg_is_conforming(g->cs.attr) || desc_dpl(&g->cs) != 0))
		return fault_gp(c, error);
	return seg_check_ip(c, g->cs.attr, g->cs.limit, g->ip) && seg_set_accessed(c, &g->cs);
}

/* Everything is pushed: into the handler. */
static void enter_handler(struct cpu *c, const struct idt_gate *g, const struct frame *f, u32 cpl)
{
	bool from_v86 = c->v86;
	flags_change(c, FLAG_TF | FLAG_NT | FLAG_RF | FLAG_VM | (g->type & 1 ? 0 : FLAG_IF), 0);
	frame_commit(c, f);
	if (from_v86) {
		seg_install_null(c, SEG_ES, 0);
		seg_install_null(c, SEG_DS, 0);
		seg_install_null(c, SEG_FS, 0);
		seg_install_null(c, SEG_GS, 0);
	}
	far_enter(c, g->sel, &g->cs, cpl, g->ip);
}

/* SDM 3A 6.12.1, figure 6-4 */
static bool through_gate(struct cpu *c, const struct delivery *d, struct idt_gate *g)
{
	struct frame f;
	u64 items[FRAME_ITEMS];
	int n = 0;
	if (!fetch_handler_segment(c, g))
		return false;
	u32 cpl = seg_is_conforming(g->cs.attr) ? c->cpl : desc_dpl(&g->cs);
	if (cpl == c->cpl) {
		frame_current(c, &f);
	} else {
		if (!frame_inner(c, cpl, &f))
			return false;
		static const u8 v86_order[] = { SEG_GS, SEG_FS, SEG_DS, SEG_ES };
		for (int i = 0; c->v86 && i < 4; i++)
			items[n++] = c->s.seg_sel[v86_order[i]];
		items[n++] = c->s.seg_sel[SEG_SS];
		items[n++] = c->r[RSP];
	}
	items[n++] = pushed_flags(c, d);
	items[n++] = c->s.seg_sel[SEG_CS];
	items[n++] = d->next_ip;
	if (d->has_error)
		items[n++] = d->error;
	if (!frame_push(c, &f, g->type & 8 ? 4 : 2, items, n))
		return false;
	enter_handler(c, g, &f, cpl);
	return true;
}

static bool deliver_protected(struct cpu *c, const struct delivery *d)
{
	struct idt_gate g;
	u64 raw;
	u32 allowed = 1u << SYS_TASK_GATE | 1u << SYS_INT16 | 1u << SYS_TRAP16 | 1u << SYS_INT32 |
		      1u << SYS_TRAP32;
	if (d->vector * 8u + 7 > *c->s.idtr_limit)
		return fault_gp(c, gate_error(d));
	if (!mmu_sys_load(c, *c->s.idtr_base + d->vector * 8u, 8, &raw))
		return false;
	parse_gate(&g, raw);
	if (!check_gate(c, d, &g, allowed))
		return false;
	if (g.type == SYS_TASK_GATE) {
		flags_change(c, d->fault ? FLAG_RF : 0, FLAG_RF); /* saved with the task instead of pushed */
		return task_switch(c, g.sel, TASK_INT, d->next_ip, d->has_error, d->error);
	}
	return through_gate(c, d, &g);
}

/* --- IA-32e mode (SDM 3A 6.14) ----------------------------------------------------------------------- */

/* Always SS:RSP too, on a stack aligned to 16 bytes; it may be one of the interrupt stack table. */
static bool through_gate_64(struct cpu *c, const struct delivery *d, struct idt_gate *g)
{
	struct frame f;
	u32 cpl = seg_is_conforming(g->cs.attr) ? c->cpl : desc_dpl(&g->cs);
	const u64 items[] = { c->s.seg_sel[SEG_SS], c->r[RSP], pushed_flags(c, d), c->s.seg_sel[SEG_CS],
			      d->next_ip, d->error };
	if (cpl != c->cpl || g->ist) {
		if (!frame_inner_64(c, cpl, g->ist, &f))
			return false;
	} else {
		frame_current(c, &f);
		f.flat = true;
		f.mask = UINT64_MAX;
	}
	f.rsp &= ~15ull;
	if (!frame_push(c, &f, 8, items, d->has_error ? 6 : 5))
		return false;
	enter_handler(c, g, &f, cpl);
	return true;
}

static bool deliver_long(struct cpu *c, const struct delivery *d)
{
	struct idt_gate g;
	u64 raw, high, at = *c->s.idtr_base + d->vector * 16u;
	if (d->vector * 16u + 15 > *c->s.idtr_limit)
		return fault_gp(c, gate_error(d));
	if (!mmu_sys_load(c, at, 8, &raw) || !mmu_sys_load(c, at + 8, 8, &high))
		return false;
	parse_gate(&g, raw);
	g.ip |= high << 32;
	return check_gate(c, d, &g, 1u << SYS_INT32 | 1u << SYS_TRAP32) && fetch_handler_segment(c, &g) &&
	       through_gate_64(c, d, &g);
}

/* --- which way --------------------------------------------------------------------------------------- */

static bool deliver_v86(struct cpu *c, const struct delivery *d)
{
	bool to_monitor = true;
	if (d->type != INTR_TYPE_SOFT_INT)
		return deliver_protected(c, d);
	if ((*c->s.cr4 & CR4_VME) && !load_redirection(c, d->vector, &to_monitor))
		return false;
	if (!to_monitor)
		return redirect_v86(c, d);
	return iopl(c) == 3 ? deliver_protected(c, d) : fault_gp(c, 0);
}

static bool through_table(struct cpu *c, const struct delivery *d)
{
	if (real_mode(c))
		return deliver_real(c, d);
	if (c->v86)
		return deliver_v86(c, d);
	return long_active(c) ? deliver_long(c, d) : deliver_protected(c, d);
}

bool deliver(struct cpu *c, const struct delivery *d)
{
	if (!through_table(c, d)) {
		/* EXT: an event from outside the program led to this (SDM 3A 6.13); #PF has no such bit */
		if (c->why == WHY_FAULT && c->fault.has_error && c->fault.vector != VEC_PF && !is_software(d))
			c->fault.error |= 1;
		return false;
	}
	*c->s.activity = ACT_ACTIVE;
	*c->s.shadow = 0;
	c->entered = true;
	if (d->type == INTR_TYPE_NMI)
		*c->s.nmi_blocked = 1; /* until IRET (SDM 3A 6.7.1) */
	cpu_update_mode(c);
	return true;
}
