/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-acpi-pm.c - ACPI's fixed hardware by its ports: timer, power button, power-off.
 * Rule: facts from the ACPI specification 6.4, 4.8; the timer runs at 3.579545 MHz.
 */
#include "devices/acpi-pm.h"
#include "devices/acpi.h"
#include "tests/unit/dev.h"

enum { PROBE_SCI, STATUS = 0x600, ENABLE = 0x602, CONTROL = 0x604, TIMER = 0x608 };
#define HALF_NS 2343484438ull /* 2^23 ticks, rounded up */

struct rig {
	struct bench b;
	struct acpi_pm p;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->p.sci = bench_line(&r->b, PROBE_SCI);
	acpi_pm_init(&r->p);
	bench_add(&r->b, &r->p.dev, &acpi_pm_class, &r->p.s);
}

START_TEST(timer_counts)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(in32(&r.b, TIMER), 0);
	bench_wait(&r.b, 1000000000);
	ck_assert_uint_eq(in32(&r.b, TIMER), 3579545);
	bench_wait(&r.b, 4000000000);
	ck_assert_uint_eq(in32(&r.b, TIMER), 5 * 3579545 % (1 << 24)); /* 24 bits */
	ck_assert_uint_eq(in16(&r.b, TIMER + 2), 5 * 3579545 % (1 << 24) >> 16);
}
END_TEST

START_TEST(timer_interrupts)
{
	struct rig r;

	setup(&r);
	bench_until(&r.b, HALF_NS - 1);
	ck_assert_uint_eq(in16(&r.b, STATUS), 0);
	bench_until(&r.b, HALF_NS);
	ck_assert_uint_eq(in16(&r.b, STATUS), 1);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 0); /* not enabled */
	out16(&r.b, STATUS, 1);
	ck_assert_uint_eq(in16(&r.b, STATUS), 0);
	out16(&r.b, ENABLE, 1);
	bench_until(&r.b, 2 * HALF_NS - 10);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 0);
	bench_until(&r.b, 2 * HALF_NS);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 1);
	out16(&r.b, STATUS, 0xfffe);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 1);
	out16(&r.b, STATUS, 1);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 0);
	bench_until(&r.b, 3 * HALF_NS);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 1);
}
END_TEST

START_TEST(power_button)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(in16(&r.b, CONTROL), 1); /* ACPI is on */
	out16(&r.b, ENABLE, 0x100);
	ck_assert_uint_eq(in16(&r.b, ENABLE), 0x100);
	acpi_pm_power_button(&r.p.dev);
	ck_assert_int_eq(r.b.level[PROBE_SCI], 1);
	ck_assert_uint_eq(in16(&r.b, STATUS), 0x100);
	out8(&r.b, STATUS + 1, 1); /* by bytes */
	ck_assert_int_eq(r.b.level[PROBE_SCI], 0);
	ck_assert_int_eq(r.b.status, -1);
}
END_TEST

START_TEST(power_off)
{
	static const struct {
		u16 value;
		int status;
	} row[] = { { 0x2000, 0 }, { 0x2001, 0 }, { 0x0001, -1 }, { 0x3400, -1 }, { 0x1c01, -1 } };

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct rig r;

		setup(&r);
		out16(&r.b, CONTROL, row[i].value);
		ck_assert_int_eq(r.b.status, row[i].status);
		ck_assert_uint_eq(in16(&r.b, CONTROL), (row[i].value & ~0x2000) | 1);
	}
}
END_TEST

START_TEST(pci_function)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(pci_get32(r.p.s.config, 0), 0x71138086);
	ck_assert_uint_eq(pci_get32(r.p.s.config, 0x40), 0x601);
	ck_assert_uint_eq(r.p.s.config[0x5b], 2); /* SeaBIOS looks here whether SMM has been set up */
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { timer_counts, timer_interrupts, power_button, power_off,
				       pci_function };

	return unit_run("acpi pm", tests, ARRAY_LEN(tests));
}
