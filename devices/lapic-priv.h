/* SPDX-License-Identifier: GPL-3.0-or-later
 * lapic-priv.h - what the parts of the local APIC share: registers (lapic.c), interrupts (lapic-irq.c), timer.
 * Rule: only lapic*.c includes it.
 */
#ifndef VITRINE_DEVICES_LAPIC_PRIV_H
#define VITRINE_DEVICES_LAPIC_PRIV_H

#include "devices/lapic.h"

enum { BASE_BSP = 1 << 8, BASE_X2APIC = 1 << 10, BASE_ENABLED = 1 << 11 };
enum { SVR_ENABLED = 1 << 8 };
/* A row of the local vector table (SDM 3A figure 10-8) */
enum { LVT_REMOTE_IRR = 1 << 14, LVT_LEVEL = 1 << 15, LVT_MASKED = 1 << 16, LVT_MODE_SHIFT = 8 };
/* Timer modes, bits 18 and 17 of its row */
enum { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_DEADLINE };
/* Error status (SDM 3A figure 10-9) */
enum { ERROR_SENT_VECTOR = 1 << 5, ERROR_RECEIVED_VECTOR = 1 << 6, ERROR_REGISTER = 1 << 7 };

static inline bool is_x2apic(const struct lapic *l)
{
	return (l->s.base[0] & (BASE_ENABLED | BASE_X2APIC)) == (BASE_ENABLED | BASE_X2APIC);
}
static inline bool is_enabled(const struct lapic *l) { return l->s.base[0] & BASE_ENABLED; }

/* Its logical destination: in x2APIC mode it follows from the id (SDM 3A 10.12.10.2). */
static inline u32 logical_id(const struct lapic *l)
{
	u32 id = l->s.id[0];

	return is_x2apic(l) ? id >> 4 << 16 | 1u << (id & 15) : l->s.ldr[0];
}

/* ---- lapic.c ---- */

/* All registers as after INIT: as after a reset, but for the base and the id (SDM 3A 10.4.7.3). */
void lapic_init(struct lapic *l);

/* ---- lapic-irq.c ---- */

/* Drive INTR anew; after every change of IRR, ISR, priority, masks, modes. */
void lapic_update(struct lapic *l);
/* An event of the local vector table. */
void lapic_local_event(struct lapic *l, enum lapic_lvt row);
void lapic_error(struct lapic *l, u32 bit);
void lapic_end_of_interrupt(struct lapic *l);
/* A row of LINT0 or LINT1 was written: its pin may be asserted. */
void lapic_lint_changed(struct lapic *l, int n);

/* ---- lapic-timer.c ---- */

u32 lapic_timer_mode(const struct lapic *l);
/* The row, the count or the divisor was written, or a state restored: set the clock's timer. */
void lapic_timer_arm(struct lapic *l);
void lapic_timer_load(struct lapic *l, u32 initial);
u32 lapic_timer_count(const struct lapic *l);
void lapic_timer_fired(struct device *d, u32 which);
u64 lapic_deadline(const struct lapic *l);
void lapic_deadline_write(struct lapic *l, u64 tsc);

#endif
