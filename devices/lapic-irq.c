/* SPDX-License-Identifier: GPL-3.0-or-later
 * lapic-irq.c - how a local APIC accepts interrupts, ranks them and hands them to its processor.
 * Rule: INTR is up exactly while an accepted interrupt outranks the processor's priority, or the external
 * controller (LINT0) asks; so an acknowledge never comes for nothing.
 * NOT MODELLED: focus processor, arbitration priority, system management interrupts.
 * Source: SDM 3A 10.5, 10.6, 10.8.
 */
#include "devices/lapic-priv.h"

enum { VECTOR_FIRST = 16 }; /* lower ones are illegal (SDM 3A 10.5.2) */

static void set_bit(u32 *bits, u8 vector) { bits[vector / 32] |= 1u << vector % 32; }
static void clear_bit(u32 *bits, u8 vector) { bits[vector / 32] &= ~(1u << vector % 32); }
static bool get_bit(const u32 *bits, u8 vector) { return bits[vector / 32] >> vector % 32 & 1; }

/* The highest vector whose bit is set, or -1. */
static int highest(const u32 *bits)
{
	for (int i = 7; i >= 0; i--)
		if (bits[i])
			return i * 32 + 31 - __builtin_clz(bits[i]);
	return -1;
}

/* ---- what the processor is interrupted by ---- */

u8 lapic_priority(const struct lapic *l)
{
	int serving = highest(l->s.isr);
	u32 tpr = l->s.tpr[0];

	return (u8)(serving < 0 || tpr >> 4 >= (u32)serving >> 4 ? tpr : (u32)serving & 0xf0);
}

/* The request that outranks the processor's priority, or -1. */
static int deliverable(const struct lapic *l)
{
	int vector = highest(l->s.irr);

	return vector >> 4 > lapic_priority(l) >> 4 ? vector : -1;
}

static u32 lvt_mode(const struct lapic *l, enum lapic_lvt row)
{
	return l->s.lvt[row] >> LVT_MODE_SHIFT & 7;
}

/* LINT0 is the INTR pin while the APIC is disabled (SDM 3A 10.4.3), or if its row says ExtINT. */
static bool external_asks(const struct lapic *l)
{
	if (!is_enabled(l))
		return l->s.lint[0];
	if (l->s.extint[0])
		return true;
	return l->s.lint[0] && !(l->s.lvt[LVT_LINT0] & LVT_MASKED) && lvt_mode(l, LVT_LINT0) == APIC_EXTINT;
}

void lapic_update(struct lapic *l)
{
	irq_set(&l->w.intr, external_asks(l) || (is_enabled(l) && deliverable(l) >= 0));
}

int lapic_ack(void *arg)
{
	struct lapic *l = arg;
	int vector = is_enabled(l) ? deliverable(l) : -1;

	if (vector >= 0) {
		clear_bit(l->s.irr, (u8)vector);
		set_bit(l->s.isr, (u8)vector);
	} else if (external_asks(l)) {
		l->s.extint[0] = 0;
		if (l->w.external_ack)
			vector = l->w.external_ack(l->w.external_arg);
	}
	lapic_update(l);
	return vector;
}

void lapic_end_of_interrupt(struct lapic *l)
{
	int vector = highest(l->s.isr);

	if (vector < 0)
		return;
	clear_bit(l->s.isr, (u8)vector);
	if (get_bit(l->s.tmr, (u8)vector)) {
		for (int n = 0; n < 2; n++) {
			if ((u8)l->s.lvt[LVT_LINT0 + n] != vector)
				continue;
			l->s.lvt[LVT_LINT0 + n] &= ~(u32)LVT_REMOTE_IRR;
			lapic_lint_changed(l, n);
		}
		l->w.eoi(l->w.bus, (u8)vector);
	}
	lapic_update(l);
}

/* ---- where interrupts come from ---- */

bool lapic_takes_fixed(const struct lapic *l)
{
	return is_enabled(l) && (l->s.svr[0] & SVR_ENABLED);
}

static bool accept(struct lapic *l, u8 vector, bool level)
{
	if (!lapic_takes_fixed(l))
		return false;
	if (vector < VECTOR_FIRST) {
		lapic_error(l, ERROR_RECEIVED_VECTOR);
		return false;
	}
	set_bit(l->s.irr, vector);
	if (level)
		set_bit(l->s.tmr, vector);
	else
		clear_bit(l->s.tmr, vector);
	lapic_update(l);
	return true;
}

void lapic_error(struct lapic *l, u32 bit)
{
	bool again = l->s.errors[0] & bit; /* also ends the error of an error row with an illegal vector */

	l->s.errors[0] |= bit;
	if (!again)
		lapic_local_event(l, LVT_ERROR);
}

static void pulse(const struct irq_line *line)
{
	irq_set(line, 1);
	irq_set(line, 0);
}

void lapic_local_event(struct lapic *l, enum lapic_lvt row)
{
	u32 entry = l->s.lvt[row];

	if (entry & LVT_MASKED)
		return;
	if (lvt_mode(l, row) == APIC_NMI)
		pulse(&l->w.nmi);
	else if (lvt_mode(l, row) == APIC_FIXED)
		accept(l, (u8)entry, false);
}

/* A level-triggered fixed interrupt at a LINT pin: once per end of interrupt. */
void lapic_lint_changed(struct lapic *l, int n)
{
	u32 *entry = &l->s.lvt[LVT_LINT0 + n];

	if (is_enabled(l) && l->s.lint[n] && (*entry & LVT_LEVEL) && !(*entry & (LVT_MASKED | LVT_REMOTE_IRR)) &&
	    lvt_mode(l, LVT_LINT0 + n) == APIC_FIXED && accept(l, (u8)*entry, true))
		*entry |= LVT_REMOTE_IRR;
	lapic_update(l);
}

void lapic_set_lint(void *arg, int n, int level)
{
	struct lapic *l = arg;
	bool rises = level && !l->s.lint[n];

	l->s.lint[n] = !!level;
	if (!is_enabled(l) && rises && n == 1)
		pulse(&l->w.nmi); /* LINT1 is the NMI pin then */
	else if (is_enabled(l) && rises &&
		 (lvt_mode(l, LVT_LINT0 + n) != APIC_FIXED || !(l->s.lvt[LVT_LINT0 + n] & LVT_LEVEL)))
		lapic_local_event(l, LVT_LINT0 + n);
	lapic_lint_changed(l, n);
}

/* ---- messages ---- */

bool lapic_is_target(const struct lapic *l, u32 dest, bool logical)
{
	u32 own = logical_id(l);

	if (!is_enabled(l))
		return false;
	if (dest == APIC_BROADCAST)
		return true;
	if (!logical)
		return dest == l->s.id[0];
	if (is_x2apic(l)) /* cluster, and a bit per member */
		return dest >> 16 == own >> 16 && (dest & own & 0xffff);
	if (dest > 0xff)
		return false;
	if (l->s.dfr[0] >> 28 == 15) /* flat: a bit per processor */
		return dest & own >> 24;
	return dest == 0xff || (dest >> 4 == own >> 28 && (dest & own >> 24 & 15));
}

bool lapic_receive(struct lapic *l, const struct apic_message *m)
{
	if (!is_enabled(l))
		return false;
	switch (m->mode) {
	case APIC_FIXED:
	case APIC_LOWEST: return accept(l, m->vector, m->level);
	case APIC_NMI: pulse(&l->w.nmi); return true;
	case APIC_INIT:
		lapic_init(l);
		pulse(&l->w.init);
		return true;
	case APIC_STARTUP: l->w.sipi(l->w.arg, m->vector); return true;
	case APIC_EXTINT:
		l->s.extint[0] = 1;
		lapic_update(l);
		return true;
	default: return false;
	}
}
