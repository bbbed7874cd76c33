/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-ioapic.c - the I/O APIC and message-signalled interrupts.
 * Rule: facts from the 82093AA data sheet (290566) and SDM 3A 10.11, with the numbers given there.
 */
#include "tests/unit/apics.h"

enum { SELECT = 0xfec00000, WINDOW = 0xfec00010, EOI_REG = 0xfec00040 };

static struct apics a;

static u32 io_reg(u8 n)
{
	bus_write(&a.mmio, SELECT, 4, n, NULL);
	return (u32)bus_read(&a.mmio, WINDOW, 4, NULL);
}

static void io_set(u8 n, u32 value)
{
	bus_write(&a.mmio, SELECT, 4, n, NULL);
	bus_write(&a.mmio, WINDOW, 4, value, NULL);
}

/* Row of a pin: destination, then the low half. */
static void row(int pin, u8 dest, u32 low)
{
	io_set((u8)(0x11 + 2 * pin), (u32)dest << 24);
	io_set((u8)(0x10 + 2 * pin), low);
}

static void setup(void)
{
	apics_setup(&a);
	apics_enable(&a);
}

START_TEST(registers)
{
	setup();
	ck_assert_uint_eq(io_reg(1) & 0xff, 0x20);
	ck_assert_uint_eq(io_reg(1) >> 16 & 0xff, 23);
	ck_assert_uint_eq(io_reg(0), 0);
	io_set(0, 0xffffffff);
	ck_assert_uint_eq(io_reg(0), 0x0f000000);
	for (int pin = 0; pin < 24; pin++) {
		ck_assert_uint_eq(io_reg((u8)(0x10 + 2 * pin)), 0x10000); /* masked */
		ck_assert_uint_eq(io_reg((u8)(0x11 + 2 * pin)), 0);
	}
	io_set(0x20, 0xffffffff);
	ck_assert_uint_eq(io_reg(0x20), 0x1afff); /* delivery status and remote IRR are read-only */
	io_set(0x21, 0xffffffff);
	ck_assert_uint_eq(io_reg(0x21), 0xff000000);
	ck_assert_uint_eq(io_reg(0x20), 0x1afff);
	io_set(0x40, 5); /* beyond the table */
	ck_assert_uint_eq(io_reg(0x40), 0);
	ck_assert_uint_eq(bus_read(&a.mmio, SELECT, 4, NULL), 0x40);
}
END_TEST

START_TEST(edges)
{
	setup();
	ioapic_set_input(&a.io, 4, 1); /* masked: lost */
	row(4, 2, 0x44);
	ck_assert_uint_eq(who_has(&a, 0x44), 0);
	ioapic_set_input(&a.io, 4, 0);
	ck_assert_uint_eq(who_has(&a, 0x44), 0);
	ioapic_set_input(&a.io, 4, 1);
	ck_assert_uint_eq(who_has(&a, 0x44), 4);
	ck_assert_int_eq(ack(&a, 2), 0x44);
	ck_assert_uint_eq(reg(&a, 2, 0x180 + 0x20), 0); /* TMR: edge */
	ioapic_set_input(&a.io, 4, 1);                  /* no new edge */
	eoi(&a, 2);
	ck_assert_int_eq(a.cpu[2].intr, 0);
}
END_TEST

START_TEST(levels)
{
	setup();
	row(17, 1, 0x51 | 1 << 15 | 1 << 13);
	ioapic_set_input(&a.io, 17, 1);
	ck_assert_uint_eq(io_reg(0x10 + 34) & 1 << 14, 1 << 14); /* remote IRR */
	ck_assert_int_eq(ack(&a, 1), 0x51);
	ck_assert_uint_eq(reg(&a, 1, 0x180 + 0x20), 1 << 17); /* TMR: level */
	ck_assert_int_eq(a.cpu[1].intr, 0);
	eoi(&a, 1);
	ck_assert_int_eq(ack(&a, 1), 0x51); /* still asserted: again */
	ioapic_set_input(&a.io, 17, 0);
	eoi(&a, 1);
	ck_assert_int_eq(a.cpu[1].intr, 0);
	ck_assert_uint_eq(io_reg(0x10 + 34) & 1 << 14, 0);
	io_set(0x10 + 34, 0x51 | 1 << 15 | 1 << 16);
	ioapic_set_input(&a.io, 17, 1); /* masked: waits, as the line stays up */
	ck_assert_uint_eq(who_has(&a, 0x51), 0);
	io_set(0x10 + 34, 0x51 | 1 << 15);
	ck_assert_uint_eq(who_has(&a, 0x51), 2);
	ck_assert_int_eq(ack(&a, 1), 0x51);
	io_set(0x10 + 34, 0x51 | 1 << 16); /* what systems do to clear remote IRR: edge, and back to level */
	io_set(0x10 + 34, 0x51 | 1 << 15);
	ck_assert_uint_eq(who_has(&a, 0x51), 2);
}
END_TEST

START_TEST(end_of_interrupt_register)
{
	setup();
	row(18, 0, 0x60 | 1 << 15);
	row(19, 0, 0x61 | 1 << 15);
	ioapic_set_input(&a.io, 18, 1);
	ioapic_set_input(&a.io, 19, 1);
	ck_assert_int_eq(ack(&a, 0), 0x61);
	ioapic_set_input(&a.io, 19, 0);
	bus_write(&a.mmio, EOI_REG, 4, 0x61, NULL);
	ck_assert_uint_eq(io_reg(0x10 + 38) & 1 << 14, 0);
	ck_assert_uint_eq(io_reg(0x10 + 36) & 1 << 14, 1 << 14);
}
END_TEST

START_TEST(nobody_there)
{
	setup();
	row(17, 9, 0x51 | 1 << 15);
	ioapic_set_input(&a.io, 17, 1);
	ck_assert_uint_eq(io_reg(0x10 + 34) & 1 << 14, 0); /* not accepted, so not waiting for its end */
	row(17, 3, 0x51 | 1 << 15);
	ck_assert_uint_eq(who_has(&a, 0x51), 8);
}
END_TEST

START_TEST(delivery_modes)
{
	setup();
	for (int n = 0; n < BENCH_CPUS; n++)
		reg_set(&a, n, 0xd0, 1u << (24 + n));
	reg_set(&a, 0, 0x80, 0x20);
	row(5, 0x03, 0x70 | 1 << 8 | 1 << 11); /* lowest priority among 0 and 1 */
	ioapic_set_input(&a.io, 5, 1);
	ck_assert_uint_eq(who_has(&a, 0x70), 2);
	row(6, 0x0c, 0x71 | 1 << 11); /* fixed, logical */
	ioapic_set_input(&a.io, 6, 1);
	ck_assert_uint_eq(who_has(&a, 0x71), 12);
	row(7, 0xff, 4 << 8); /* NMI to all */
	ioapic_set_input(&a.io, 7, 1);
	ck_assert(a.cpu[0].nmis == 1 && a.cpu[3].nmis == 1);
	row(8, 3, 5 << 8);
	ioapic_set_input(&a.io, 8, 1);
	ck_assert_int_eq(a.cpu[3].inits, 1);
	forget(&a);
	row(9, 2, 7 << 8); /* ExtINT: the vector comes from the 8259A */
	ioapic_set_input(&a.io, 9, 1);
	ck_assert_int_eq(a.cpu[2].intr, 1);
	ck_assert_int_eq(ack(&a, 2), 0x20);
	ck_assert_int_eq(a.cpu[2].intr, 0);
	row(10, 2, 2 << 8 | 0x55); /* SMI: there is none */
	ioapic_set_input(&a.io, 10, 1);
	row(11, 2, 3 << 8 | 0x55); /* reserved */
	ioapic_set_input(&a.io, 11, 1);
	ck_assert_uint_eq(who_has(&a, 0x55), 0);
}
END_TEST

START_TEST(messages) /* SDM 3A 10.11.1, 10.11.2 */
{
	setup();
	for (int n = 0; n < BENCH_CPUS; n++)
		reg_set(&a, n, 0xd0, 1u << (24 + n));
	apic_bus_msi(&a.bus, 0xfee01000, 0x41);
	ck_assert_uint_eq(who_has(&a, 0x41), 2);
	apic_bus_msi(&a.bus, 0xfeeff000, 0x42);
	ck_assert_uint_eq(who_has(&a, 0x42), 15);
	apic_bus_msi(&a.bus, 0xfee06004, 0x43); /* logical */
	ck_assert_uint_eq(who_has(&a, 0x43), 6);
	reg_set(&a, 1, 0x80, 0x10);
	apic_bus_msi(&a.bus, 0xfee0600c, 0x44); /* logical with a redirection hint: one of them */
	ck_assert_uint_eq(who_has(&a, 0x44), 4);
	apic_bus_msi(&a.bus, 0xfee0600c, 0x145); /* lowest priority */
	ck_assert_uint_eq(who_has(&a, 0x45), 4);
	apic_bus_msi(&a.bus, 0xfee03000, 0x400);
	ck_assert_int_eq(a.cpu[3].nmis, 1);
	apic_bus_msi(&a.bus, 0xfee03000, 0x8046); /* level, de-assert */
	ck_assert_uint_eq(who_has(&a, 0x46), 0);
	apic_bus_msi(&a.bus, 0xfee03000, 0xc046); /* level, assert */
	ck_assert_uint_eq(who_has(&a, 0x46), 8);
	apic_bus_msi(&a.bus, 0xfec00000, 0x47); /* other places are no interrupts */
	apic_bus_msi(&a.bus, 0x1fee00000, 0x47);
	apic_bus_msi(&a.bus, 0, 0x47);
	ck_assert_uint_eq(who_has(&a, 0x47), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers, edges, levels, end_of_interrupt_register, nobody_there, delivery_modes, messages,
	};

	return unit_run("ioapic", tests, ARRAY_LEN(tests));
}
