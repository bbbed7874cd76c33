/* SPDX-License-Identifier: GPL-3.0-or-later
 * lapic.h - the state and wires of a processor's local APIC.
 * Rule: it belongs to one processor and is seen by it alone; others reach it by messages (apic-bus.h).
 */
#ifndef VITRINE_DEVICES_LAPIC_H
#define VITRINE_DEVICES_LAPIC_H

#include "core/device.h"
#include "devices/apic-bus.h"

/* The local vector table, in the order of its registers (320h to 370h). */
enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVTS };

#define LAPIC_STATE(F, S) \
	F(S, u64, base, 1, 0xfee00800, HEX, "IA32_APIC_BASE: address, enabled, x2APIC, bootstrap processor") \
	F(S, u32, id, 1, 0, DEC, "APIC id") \
	F(S, u32, tpr, 1, 0, HEX, "task priority") \
	F(S, u32, ldr, 1, 0, HEX, "logical destination of the xAPIC") \
	F(S, u32, dfr, 1, 0xffffffff, HEX, "destination format: flat (F) or clusters (0) in bits 31 to 28") \
	F(S, u32, svr, 1, 0xff, HEX, "spurious vector; bit 8 = enabled by software") \
	F(S, u32, irr, 8, 0, HEX, "interrupt requests, a bit per vector") \
	F(S, u32, isr, 8, 0, HEX, "interrupts in service") \
	F(S, u32, tmr, 8, 0, HEX, "which of them are level-triggered") \
	F(S, u32, esr, 1, 0, BITS, "error status as read") \
	F(S, u32, errors, 1, 0, BITS, "errors since it was last written") \
	F(S, u64, icr, 1, 0, HEX, "interrupt command") \
	F(S, u32, lvt, LVTS, 0x10000, HEX, "local vector table: timer, thermal, performance, LINT0, LINT1, error") \
	F(S, u32, timer_initial, 1, 0, DEC, "timer: initial count") \
	F(S, u32, timer_divide, 1, 0, HEX, "timer: divide configuration") \
	F(S, u64, timer_start, 1, 0, DEC, "timer: time in ns when the initial count was loaded") \
	F(S, u64, deadline, 1, 0, HEX, "timer: IA32_TSC_DEADLINE, 0 = not armed") \
	F(S, u8, lint, 2, 0, BOOL, "levels at LINT0 and LINT1") \
	F(S, u8, extint, 1, 0, BOOL, "a message asks for an interrupt of the external controller")
STATE(lapic_state, 1, LAPIC_STATE);

/* What the board connects and decides; all of it before the first reset. */
struct lapic_wires {
	u32 index;                   /* number of the processor; 0 is the bootstrap processor */
	u8 phys_bits;                /* of its addresses */
	bool has_x2apic, has_deadline; /* the processor model's */
	struct irq_line intr, nmi, init;
	void (*sipi)(void *arg, u8 vector);
	u64 (*tsc_offset)(void *arg); /* time-stamp counter minus virtual time */
	void *arg;                   /* of these two */
	int (*external_ack)(void *arg); /* asks the controller at LINT0 for its vector */
	void *external_arg;
	void (*send)(void *bus, u32 from, enum apic_shorthand to, const struct apic_message *m);
	void (*eoi)(void *bus, u8 vector);
	void *bus;
};

struct lapic {
	struct device dev; /* first: a struct device * of this class is a struct lapic * */
	struct lapic_state s;
	struct lapic_wires w;
	struct claim page;  /* where its registers lie; size 0 = nowhere (disabled, or x2APIC) */
};

extern const struct device_class lapic_class;
extern const char *const lapic_names[APIC_CPUS]; /* "lapic0"...: what the instances are called */

/* ---- the processor's side; arg: struct lapic ---- */

/* Interrupt acknowledge: the vector, or -1 if nothing asks any more. */
int lapic_ack(void *arg);
/* CR8: bits 7 to 4 of the task priority. */
u8 lapic_read_cr8(void *arg);
void lapic_write_cr8(void *arg, u8 value);

/* ---- wires ---- */

/* The function of an irq_line: LINT0 or LINT1 of the struct lapic that arg points to. */
void lapic_set_lint(void *arg, int n, int level);
/* Is it meant by this destination?  (As of struct apic_message.) */
bool lapic_is_target(const struct lapic *l, u32 dest, bool logical);
/* Would it take a fixed interrupt now? */
bool lapic_takes_fixed(const struct lapic *l);
/* Processor priority, 0 to 255: what must be exceeded to interrupt it (SDM 3A 10.8.3.1). */
u8 lapic_priority(const struct lapic *l);
/* A message for it.  False if it takes none such now. */
bool lapic_receive(struct lapic *l, const struct apic_message *m);

#endif
