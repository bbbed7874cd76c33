/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-lapic.c - the local APIC: facts from SDM 3A chapter 10, by its sections.
 * Rule: numbers of registers and bits are written as the manual gives them, not taken from our headers.
 */
#include "tests/unit/apics.h"

enum { ID = 0x20, VERSION = 0x30, TPR = 0x80, PPR = 0xa0, LDR = 0xd0, DFR = 0xe0, SVR = 0xf0, ISR = 0x100,
       TMR = 0x180, IRR = 0x200, ESR = 0x280, ICR = 0x300, ICR_HIGH = 0x310, TIMER_ROW = 0x320, LINT0 = 0x350,
       LINT1 = 0x360, ERROR_ROW = 0x370, INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0 };
enum { BASE_MSR = 0x1b };

static struct apics a;

/* An interprocessor interrupt: destination in bits 31 to 24, command. */
static void ipi(int from, u32 dest, u32 command)
{
	reg_set(&a, from, ICR_HIGH, dest << 24);
	reg_set(&a, from, ICR, command);
}

START_TEST(after_reset) /* 10.4.7.1 */
{
	u64 v;

	apics_setup(&a);
	for (int n = 0; n < BENCH_CPUS; n++) {
		ck_assert_uint_eq(reg(&a, n, ID), (u32)n << 24);
		ck_assert_uint_eq(reg(&a, n, VERSION) & 0xff, 0x14);
		ck_assert_uint_eq(reg(&a, n, VERSION) >> 16 & 0xff, 5);
		ck_assert_uint_eq(reg(&a, n, TPR), 0);
		ck_assert_uint_eq(reg(&a, n, LDR), 0);
		ck_assert_uint_eq(reg(&a, n, DFR), 0xffffffff);
		ck_assert_uint_eq(reg(&a, n, SVR), 0xff);
		ck_assert_uint_eq(reg(&a, n, TIMER_ROW), 0x10000);
		ck_assert_uint_eq(reg(&a, n, ERROR_ROW), 0x10000);
		ck_assert_uint_eq(reg(&a, n, LINT0), n ? 0x10000 : 0x700); /* virtual wire: MP 1.4, 3.6.2.2 */
		ck_assert_uint_eq(reg(&a, n, LINT1), n ? 0x10000 : 0x400);
		ck_assert(msr_get(&a, n, BASE_MSR, &v));
		ck_assert_uint_eq(v, n ? 0xfee00800 : 0xfee00900);
		ck_assert_int_eq(a.cpu[n].intr, 0);
	}
}
END_TEST

START_TEST(priorities_nest) /* 10.8.3, 10.8.4 */
{
	apics_setup(&a);
	apics_enable(&a);
	ipi(0, 1, 0x40);
	ck_assert_int_eq(a.cpu[1].intr, 1);
	ck_assert_uint_eq(reg(&a, 1, IRR + 0x20), 1);
	ck_assert_int_eq(ack(&a, 1), 0x40);
	ck_assert_uint_eq(reg(&a, 1, IRR + 0x20), 0);
	ck_assert_uint_eq(reg(&a, 1, ISR + 0x20), 1);
	ck_assert_uint_eq(reg(&a, 1, PPR), 0x40);
	ipi(0, 1, 0x4f); /* the same class waits */
	ck_assert_int_eq(a.cpu[1].intr, 0);
	ipi(0, 1, 0x51);
	ipi(0, 1, 0x52);
	ck_assert_int_eq(ack(&a, 1), 0x52);
	ck_assert_int_eq(a.cpu[1].intr, 0);
	eoi(&a, 1); /* ends 52h */
	ck_assert_int_eq(ack(&a, 1), 0x51);
	eoi(&a, 1);
	ck_assert_int_eq(a.cpu[1].intr, 0);
	eoi(&a, 1);
	ck_assert_int_eq(ack(&a, 1), 0x4f);
	eoi(&a, 1);
	ck_assert_uint_eq(reg(&a, 1, PPR), 0);
	eoi(&a, 1); /* nothing in service: nothing happens */
	ipi(0, 1, 0x40);
	ipi(0, 1, 0x40); /* one request only */
	ck_assert_int_eq(ack(&a, 1), 0x40);
	eoi(&a, 1);
	ck_assert_int_eq(ack(&a, 1), -1);
}
END_TEST

START_TEST(task_priority) /* 10.8.3.1, 10.8.6 */
{
	apics_setup(&a);
	apics_enable(&a);
	reg_set(&a, 0, TPR, 0x55);
	ck_assert_uint_eq(reg(&a, 0, PPR), 0x55);
	ipi(1, 0, 0x5f);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert_uint_eq(lapic_read_cr8(&a.cpu[0].l), 5);
	lapic_write_cr8(&a.cpu[0].l, 4);
	ck_assert_uint_eq(reg(&a, 0, TPR), 0x40);
	ck_assert_int_eq(ack(&a, 0), 0x5f);
	ck_assert_uint_eq(reg(&a, 0, PPR), 0x50);
	reg_set(&a, 0, TPR, 0x52); /* the same class: all of TPR counts */
	ck_assert_uint_eq(reg(&a, 0, PPR), 0x52);
	eoi(&a, 0);
}
END_TEST

START_TEST(shorthands_and_physical_destinations) /* 10.6.1, 10.6.2.1 */
{
	apics_setup(&a);
	apics_enable(&a);
	ipi(2, 0, 0x40 | 1 << 18); /* self */
	ck_assert_uint_eq(who_has(&a, 0x40), 4);
	ipi(2, 0, 0x41 | 2 << 18); /* all */
	ck_assert_uint_eq(who_has(&a, 0x41), 15);
	ipi(2, 0, 0x42 | 3 << 18); /* all but self */
	ck_assert_uint_eq(who_has(&a, 0x42), 11);
	ipi(2, 3, 0x43);
	ck_assert_uint_eq(who_has(&a, 0x43), 8);
	ipi(2, 0xff, 0x44);
	ck_assert_uint_eq(who_has(&a, 0x44), 15);
	ipi(2, 9, 0x45); /* nobody */
	ck_assert_uint_eq(who_has(&a, 0x45), 0);
	ck_assert_uint_eq(reg(&a, 2, ICR), 0x45); /* and the delivery status is idle */
	reg_set(&a, 1, SVR, 0xff); /* disabled by software: takes no fixed interrupts */
	ipi(2, 1, 0x46);
	ck_assert_uint_eq(who_has(&a, 0x46), 0);
}
END_TEST

START_TEST(logical_destinations) /* 10.6.2.2 */
{
	apics_setup(&a);
	apics_enable(&a);
	for (int n = 0; n < BENCH_CPUS; n++)
		reg_set(&a, n, LDR, 1u << (24 + n));
	ipi(0, 0x0a, 0x40 | 1 << 11); /* flat */
	ck_assert_uint_eq(who_has(&a, 0x40), 10);
	ipi(0, 0xff, 0x41 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x41), 15);
	for (int n = 0; n < BENCH_CPUS; n++) {
		reg_set(&a, n, DFR, 0x0fffffff); /* clusters of two */
		reg_set(&a, n, LDR, (u32)(n / 2 << 4 | 1 << n % 2) << 24);
	}
	ck_assert_uint_eq(reg(&a, 3, LDR), 0x12000000);
	ipi(0, 0x13, 0x42 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x42), 12);
	ipi(0, 0x02, 0x43 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x43), 2);
	ipi(0, 0xff, 0x44 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x44), 15);
	reg_set(&a, 0, DFR, 0xffffffff);
	ck_assert_uint_eq(reg(&a, 0, DFR), 0xffffffff);
}
END_TEST

START_TEST(lowest_priority) /* 10.6.2.4 */
{
	apics_setup(&a);
	apics_enable(&a);
	for (int n = 0; n < BENCH_CPUS; n++)
		reg_set(&a, n, LDR, 1u << (24 + n));
	reg_set(&a, 0, TPR, 0x60);
	reg_set(&a, 1, TPR, 0x30);
	reg_set(&a, 2, TPR, 0x20);
	reg_set(&a, 3, TPR, 0x10);
	ipi(0, 0x07, 0x70 | 1 << 8 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x70), 4);
	ck_assert_int_eq(ack(&a, 2), 0x70); /* processor 2 is now at 70h */
	ipi(0, 0x07, 0x71 | 1 << 8 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x71), 2);
	reg_set(&a, 3, SVR, 0xff);
	ipi(0, 0x08, 0x72 | 1 << 8 | 1 << 11);
	ck_assert_uint_eq(who_has(&a, 0x72), 0);
}
END_TEST

START_TEST(nmi_init_and_start_up) /* 10.6.1, 10.4.7.3, 8.4 */
{
	apics_setup(&a);
	apics_enable(&a);
	ipi(0, 1, 4 << 8);
	ck_assert_int_eq(a.cpu[1].nmis, 1);
	ipi(0, 0, 4 << 8 | 3 << 18);
	ck_assert(a.cpu[0].nmis == 0 && a.cpu[1].nmis == 2 && a.cpu[2].nmis == 1 && a.cpu[3].nmis == 1);
	ipi(0, 1, 2 << 8); /* SMI: there is none */
	reg_set(&a, 1, TPR, 0x33);
	ipi(0, 1, 0x80);
	ipi(0, 1, 5 << 8 | 1 << 14 | 1 << 15); /* INIT, level, assert */
	ck_assert_int_eq(a.cpu[1].inits, 1);
	ck_assert_uint_eq(reg(&a, 1, TPR), 0);
	ck_assert_uint_eq(reg(&a, 1, SVR), 0xff);
	ck_assert_uint_eq(reg(&a, 1, ID), 1u << 24);
	ck_assert_uint_eq(who_has(&a, 0x80), 0);
	ck_assert_int_eq(a.cpu[1].intr, 0);
	ipi(0, 1, 5 << 8 | 1 << 15); /* de-assert */
	ck_assert_int_eq(a.cpu[1].inits, 1);
	ipi(0, 1, 6 << 8 | 0x9a); /* start up: also an APIC that software has not enabled hears it */
	ck_assert_int_eq(a.cpu[1].sipi, 0x9a);
	ck_assert_int_eq(a.cpu[2].sipi, -1);
	ipi(0, 0, 6 << 8 | 0x07 | 3 << 18);
	ck_assert(a.cpu[0].sipi == -1 && a.cpu[1].sipi == 7 && a.cpu[2].sipi == 7 && a.cpu[3].sipi == 7);
}
END_TEST

START_TEST(errors) /* 10.5.3 */
{
	apics_setup(&a);
	apics_enable(&a);
	reg_set(&a, 0, ERROR_ROW, 0xe0);
	ipi(0, 1, 0x0f);
	ck_assert_int_eq(ack(&a, 0), 0xe0);
	eoi(&a, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 0); /* shown after a write only */
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 1 << 5); /* send illegal vector */
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 0);
	a.io.s.redirect[5] = 0x0e; /* an I/O APIC may send what a processor may not */
	ioapic_set_input(&a.io, 5, 1);
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 1 << 6); /* received illegal vector */
	ck_assert_int_eq(ack(&a, 0), 0xe0);
	eoi(&a, 0);
	reg_set(&a, 0, 0x3f0, 1); /* no such register */
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR) & 1 << 7, 0); /* 3F0h is the self IPI's place, merely not here */
	reg_set(&a, 0, 0x40, 1);
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 1 << 7);
	forget(&a);
	reg_set(&a, 0, ERROR_ROW, 0x05); /* an error about the error's vector ends */
	ipi(0, 1, 0x0f);
	reg_set(&a, 0, ESR, 0);
	ck_assert_uint_eq(reg(&a, 0, ESR), 1 << 5 | 1 << 6);
}
END_TEST

START_TEST(local_interrupt_pins) /* 10.5.1 */
{
	apics_setup(&a);
	lapic_set_lint(&a.cpu[0].l, 0, 1); /* virtual wire: also before software enables */
	ck_assert_int_eq(ack(&a, 0), 0x20);
	ck_assert_int_eq(a.external_acks, 1);
	ck_assert_uint_eq(reg(&a, 0, ISR + 0x10), 0); /* an external interrupt leaves no trace */
	ck_assert_int_eq(a.cpu[0].intr, 1);
	lapic_set_lint(&a.cpu[0].l, 0, 0);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	lapic_set_lint(&a.cpu[0].l, 1, 1);
	lapic_set_lint(&a.cpu[0].l, 1, 1);
	ck_assert_int_eq(a.cpu[0].nmis, 1);
	lapic_set_lint(&a.cpu[1].l, 1, 1); /* masked there */
	ck_assert_int_eq(a.cpu[1].nmis, 0);
	apics_enable(&a);
	reg_set(&a, 0, LINT0, 0x10700);
	lapic_set_lint(&a.cpu[0].l, 0, 1);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	reg_set(&a, 0, LINT0, 0x700);
	ck_assert_int_eq(a.cpu[0].intr, 1);
	lapic_set_lint(&a.cpu[0].l, 0, 0);
	reg_set(&a, 0, LINT0, 0x40); /* fixed, edge */
	lapic_set_lint(&a.cpu[0].l, 0, 1);
	ck_assert_int_eq(ack(&a, 0), 0x40);
	eoi(&a, 0);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	lapic_set_lint(&a.cpu[0].l, 0, 0);
	reg_set(&a, 0, LINT0, 0x8041); /* fixed, level */
	lapic_set_lint(&a.cpu[0].l, 0, 1);
	ck_assert_uint_eq(reg(&a, 0, LINT0), 0xc041);
	ck_assert_int_eq(ack(&a, 0), 0x41);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	eoi(&a, 0);
	ck_assert_int_eq(ack(&a, 0), 0x41); /* still up */
	lapic_set_lint(&a.cpu[0].l, 0, 0);
	eoi(&a, 0);
	ck_assert_uint_eq(reg(&a, 0, LINT0), 0x8041);
	ck_assert_int_eq(a.cpu[0].intr, 0);
}
END_TEST

START_TEST(base_register) /* 10.4.3, 10.4.4 */
{
	u64 v;

	apics_setup(&a);
	ck_assert(!msr_set(&a, 0, BASE_MSR, 0xfee00901)); /* reserved bits */
	ck_assert(!msr_set(&a, 0, BASE_MSR, 1ull << 40 | 0x900));
	ck_assert(msr_set(&a, 0, BASE_MSR, 0x12345000 | 0x900));
	ck_assert(!bus_answers(&a.cpu[0].mmio, APIC_LOCAL_BASE));
	ck_assert_uint_eq(bus_read(&a.cpu[0].mmio, 0x12345000 + VERSION, 4, NULL) & 0xff, 0x14);
	bus_write(&a.cpu[0].mmio, 0x12345000 + TPR, 4, 0x77, NULL);
	ck_assert(msr_set(&a, 0, BASE_MSR, 0xfee00000)); /* disabled */
	ck_assert(msr_get(&a, 0, BASE_MSR, &v));
	ck_assert_uint_eq(v, 0xfee00100); /* the bootstrap processor remains what it is */
	ck_assert(!bus_answers(&a.cpu[0].mmio, APIC_LOCAL_BASE));
	lapic_set_lint(&a.cpu[0].l, 0, 1); /* LINT0 is INTR, LINT1 is NMI */
	ck_assert_int_eq(ack(&a, 0), 0x20);
	lapic_set_lint(&a.cpu[0].l, 0, 0);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	lapic_set_lint(&a.cpu[0].l, 1, 1);
	ck_assert_int_eq(a.cpu[0].nmis, 1);
	ipi(1, 0, 5 << 8); /* and messages do not arrive */
	ck_assert_int_eq(a.cpu[0].inits, 0);
	ck_assert(msr_set(&a, 0, BASE_MSR, 0xfee00900));
	ck_assert_uint_eq(reg(&a, 0, TPR), 0); /* as after a reset */
}
END_TEST

START_TEST(modes_and_their_transitions) /* 10.12.5, figure 10-27 */
{
	static const struct { u64 from, to; bool allowed; } rows[] = {
		{ 0x800, 0x800, true }, { 0x800, 0xc00, true }, { 0x800, 0x000, true }, { 0x800, 0x400, false },
		{ 0xc00, 0xc00, true }, { 0xc00, 0x800, false }, { 0xc00, 0x000, true }, { 0xc00, 0x400, false },
		{ 0x000, 0x000, true }, { 0x000, 0x800, true }, { 0x000, 0xc00, false }, { 0x000, 0x400, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		apics_setup(&a);
		ck_assert(msr_set(&a, 1, BASE_MSR, 0xfee00000 | rows[i].from));
		ck_assert_int_eq(msr_set(&a, 1, BASE_MSR, 0xfee00000 | rows[i].to), rows[i].allowed);
	}
	apics_setup(&a);
	a.cpu[1].l.w.has_x2apic = false;
	ck_assert(!msr_set(&a, 1, BASE_MSR, 0xfee00c00));
}
END_TEST

START_TEST(x2apic_registers) /* 10.12.1 */
{
	u64 v;

	apics_setup(&a);
	ck_assert(!msr_get(&a, 2, 0x802, &v)); /* not in xAPIC mode */
	apics_enable(&a);
	ck_assert(msr_set(&a, 2, BASE_MSR, 0xfee00c00));
	ck_assert(!bus_answers(&a.cpu[2].mmio, APIC_LOCAL_BASE));
	ck_assert(msr_get(&a, 2, 0x802, &v) && v == 2);
	ck_assert(msr_get(&a, 2, 0x803, &v) && v == 0x50014);
	ck_assert(msr_get(&a, 2, 0x80d, &v) && v == 4); /* cluster 0, bit 2 */
	ck_assert(!msr_set(&a, 2, 0x80d, 4));           /* read-only */
	ck_assert(!msr_get(&a, 2, 0x80e, &v));          /* no destination format */
	ck_assert(!msr_get(&a, 2, 0x831, &v));          /* no second half of the command */
	ck_assert(!msr_get(&a, 2, 0x80b, &v));          /* write-only */
	ck_assert(!msr_get(&a, 2, 0x83f, &v));
	ck_assert(!msr_set(&a, 2, 0x802, 1)); /* read-only */
	ck_assert(!msr_set(&a, 2, 0x803, 1));
	ck_assert(!msr_set(&a, 2, 0x80b, 1)); /* must be 0 */
	ck_assert(!msr_set(&a, 2, 0x828, 1));
	ck_assert(!msr_set(&a, 2, 0x808, 0x100)); /* reserved bits */
	ck_assert(!msr_set(&a, 2, 0x808, 1ull << 32));
	ck_assert(!msr_set(&a, 2, 0x832, 1 << 20));
	ck_assert(!msr_get(&a, 2, 0x800, &v)); /* no such registers */
	ck_assert(!msr_get(&a, 2, 0x83a, &v));
	ck_assert(!msr_get(&a, 2, 0x840, &v));
	ck_assert(msr_set(&a, 2, 0x808, 0x20));
	ck_assert(msr_get(&a, 2, 0x80a, &v) && v == 0x20);
	ck_assert(msr_set(&a, 2, 0x83f, 0x61)); /* self IPI */
	ck_assert_int_eq(ack(&a, 2), 0x61);
	ck_assert(msr_get(&a, 2, 0x813, &v) && v == 2);
	ck_assert(msr_set(&a, 2, 0x80b, 0));
	ck_assert(msr_get(&a, 2, 0x813, &v) && v == 0);
}
END_TEST

START_TEST(x2apic_destinations) /* 10.12.9, 10.12.10 */
{
	u64 v;

	apics_setup(&a);
	apics_enable(&a);
	for (int n = 0; n < BENCH_CPUS; n++)
		ck_assert(msr_set(&a, n, BASE_MSR, 0xfee00c00 | (n ? 0 : 0x100)));
	ck_assert(msr_set(&a, 0, 0x830, 3ull << 32 | 0x40));
	ck_assert_uint_eq(who_has(&a, 0x40), 8);
	ck_assert(msr_get(&a, 0, 0x830, &v) && v == (3ull << 32 | 0x40));
	ck_assert(msr_set(&a, 0, 0x830, 0xffffffffull << 32 | 0x41));
	ck_assert_uint_eq(who_has(&a, 0x41), 15);
	ck_assert(msr_set(&a, 0, 0x830, 6ull << 32 | 0x42 | 1 << 11)); /* logical: cluster 0, bits 1 and 2 */
	ck_assert_uint_eq(who_has(&a, 0x42), 6);
	ck_assert(msr_set(&a, 0, 0x830, 0x10001ull << 32 | 0x43 | 1 << 11)); /* cluster 1: nobody */
	ck_assert_uint_eq(who_has(&a, 0x43), 0);
	ck_assert(msr_set(&a, 0, 0x830, 0xffull << 32 | 0x44)); /* 255 is an id like others */
	ck_assert_uint_eq(who_has(&a, 0x44), 0);
	ck_assert(!msr_set(&a, 0, 0x830, 1 << 13 | 0x44));
	apic_bus_msi(&a.bus, 0xfeeff000, 0x45); /* but in a message of 8 bits it is a broadcast */
	ck_assert_uint_eq(who_has(&a, 0x45), 15);
	ck_assert(msr_set(&a, 0, 0x830, 1ull << 32 | 5 << 8 | 1 << 14)); /* INIT keeps the mode */
	ck_assert(msr_get(&a, 1, 0x802, &v) && v == 1);
}
END_TEST

START_TEST(odd_accesses) /* 10.4.1 */
{
	apics_setup(&a);
	apics_enable(&a);
	reg_set(&a, 0, TPR, 0x30);
	bus_write(&a.cpu[0].mmio, APIC_LOCAL_BASE + TPR, 1, 0x50, NULL);
	bus_write(&a.cpu[0].mmio, APIC_LOCAL_BASE + TPR + 4, 4, 0x50, NULL);
	bus_write(&a.cpu[0].mmio, APIC_LOCAL_BASE + TPR, 8, 0x50, NULL);
	ck_assert_uint_eq(reg(&a, 0, TPR), 0x30);
	ck_assert_uint_eq(bus_read(&a.cpu[0].mmio, APIC_LOCAL_BASE + SVR, 1, NULL), 0xff);
	ck_assert_uint_eq(bus_read(&a.cpu[0].mmio, APIC_LOCAL_BASE + SVR + 1, 1, NULL), 0x01);
	reg_set(&a, 0, TIMER_ROW, 0xffffffff);
	ck_assert_uint_eq(reg(&a, 0, TIMER_ROW), 0x700ff);
	reg_set(&a, 0, ID, 0xffffffff);
	ck_assert_uint_eq(reg(&a, 0, ID), 0);
}
END_TEST

START_TEST(saved_and_loaded)
{
	struct buf saved = { 0 };
	struct err err = { 0 };
	struct reader in;

	apics_setup(&a);
	apics_enable(&a);
	wait_ns(&a, 777);
	reg_set(&a, 0, DIVIDE, 0xb);
	reg_set(&a, 0, TIMER_ROW, 0x50 | 1 << 17);
	reg_set(&a, 0, INITIAL, 1000);
	reg_set(&a, 0, TPR, 0x40);
	ipi(1, 0, 0x31);
	wait_ns(&a, 15000);
	device_save(&a.cpu[0].l.dev, &saved);
	in = (struct reader){ .at = saved.data, .end = saved.data + saved.len };
	device_reset(&a.cpu[0].l.dev);
	ck_assert_int_eq(device_load(&a.cpu[0].l.dev, &in, &err), 0);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 625);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	wait_ns(&a, 25000);
	ck_assert_int_eq(ack(&a, 0), 0x50);
	eoi(&a, 0);
	reg_set(&a, 0, TPR, 0);
	ck_assert_int_eq(ack(&a, 0), 0x31);
	buf_free(&saved);
	a.cpu[1].l.s.base[0] = UINT64_MAX; /* a forged state */
	a.cpu[1].l.s.timer_divide[0] = UINT32_MAX;
	a.cpu[1].l.s.timer_initial[0] = UINT32_MAX;
	a.cpu[1].l.s.lvt[0] = 1 << 17 | 0x30;
	a.cpu[1].l.s.timer_start[0] = UINT64_MAX;
	lapic_class.restored(&a.cpu[1].l.dev);
	wait_ns(&a, 1000000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		after_reset,
		priorities_nest,
		task_priority,
		shorthands_and_physical_destinations,
		logical_destinations,
		lowest_priority,
		nmi_init_and_start_up,
		errors,
		local_interrupt_pins,
		base_register,
		modes_and_their_transitions,
		x2apic_registers,
		x2apic_destinations,
		odd_accesses,
		saved_and_loaded,
	};

	return unit_run("lapic", tests, ARRAY_LEN(tests));
}
