/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-lapic-timer.c - the timer of the local APIC: facts from SDM 3A 10.5.4.
 * Rule: its clock ticks every 40 ns, as CPUID leaf 15h says; everything is checked to the nanosecond.
 */
#include "tests/unit/apics.h"

enum { SVR = 0xf0, TIMER_ROW = 0x320, INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0, DEADLINE_MSR = 0x6e0 };

static struct apics a;

START_TEST(timer_counts_down_once) /* 10.5.4 */
{
	apics_setup(&a);
	apics_enable(&a);
	wait_ns(&a, 12345);
	reg_set(&a, 0, DIVIDE, 0xb); /* by 1: 40 ns */
	reg_set(&a, 0, TIMER_ROW, 0x50);
	reg_set(&a, 0, INITIAL, 100);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 100);
	wait_ns(&a, 400);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 90);
	wait_ns(&a, 3599);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 1);
	wait_ns(&a, 1);
	ck_assert_int_eq(ack(&a, 0), 0x50);
	eoi(&a, 0);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 0);
	wait_ns(&a, 1000000);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	reg_set(&a, 0, INITIAL, 100);
	wait_ns(&a, 1000);
	reg_set(&a, 0, INITIAL, 0); /* stopped */
	wait_ns(&a, 1000000);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 0);
}
END_TEST

START_TEST(timer_divides) /* figure 10-10 */
{
	static const struct { u32 value; u64 by; } rows[] = {
		{ 0x0, 2 }, { 0x1, 4 }, { 0x2, 8 }, { 0x3, 16 }, { 0x8, 32 }, { 0x9, 64 }, { 0xa, 128 }, { 0xb, 1 },
	};

	apics_setup(&a);
	apics_enable(&a);
	reg_set(&a, 0, TIMER_ROW, 0x50);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		reg_set(&a, 0, DIVIDE, rows[i].value);
		ck_assert_uint_eq(reg(&a, 0, DIVIDE), rows[i].value);
		reg_set(&a, 0, INITIAL, 10);
		wait_ns(&a, rows[i].by * 400 - 1);
		ck_assert_int_eq(a.cpu[0].intr, 0);
		wait_ns(&a, 1);
		ck_assert_int_eq(ack(&a, 0), 0x50);
		eoi(&a, 0);
	}
}
END_TEST

START_TEST(timer_repeats_and_is_masked)
{
	apics_setup(&a);
	apics_enable(&a);
	reg_set(&a, 0, DIVIDE, 0xb);
	reg_set(&a, 0, TIMER_ROW, 0x50 | 1 << 17);
	reg_set(&a, 0, INITIAL, 1000);
	for (int i = 0; i < 5; i++) {
		wait_ns(&a, 39999);
		ck_assert_int_eq(a.cpu[0].intr, 0);
		wait_ns(&a, 1);
		ck_assert_int_eq(ack(&a, 0), 0x50);
		eoi(&a, 0);
	}
	reg_set(&a, 0, TIMER_ROW, 0x50 | 1 << 17 | 1 << 16);
	wait_ns(&a, 50000); /* counts on, silently */
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 750);
	reg_set(&a, 0, TIMER_ROW, 0x50 | 1 << 17);
	wait_ns(&a, 29999);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	wait_ns(&a, 1);
	ck_assert_int_eq(ack(&a, 0), 0x50);
	eoi(&a, 0);
	reg_set(&a, 0, SVR, 0xff); /* disabling by software masks all rows (10.4.7.2) */
	ck_assert_uint_eq(reg(&a, 0, TIMER_ROW), 0x50 | 1 << 17 | 1 << 16);
	reg_set(&a, 0, TIMER_ROW, 0x50 | 1 << 17);
	ck_assert_uint_eq(reg(&a, 0, TIMER_ROW), 0x50 | 1 << 17 | 1 << 16);
	wait_ns(&a, 100000);
	ck_assert_int_eq(a.cpu[0].intr, 0);
}
END_TEST

START_TEST(timer_waits_for_a_deadline) /* 10.5.4.1 */
{
	u64 v;

	apics_setup(&a);
	apics_enable(&a);
	a.cpu[0].tsc_offset = 5000;
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, 9000)); /* in another mode: ignored */
	ck_assert(msr_get(&a, 0, DEADLINE_MSR, &v));
	ck_assert_uint_eq(v, 0);
	reg_set(&a, 0, INITIAL, 1000);
	reg_set(&a, 0, TIMER_ROW, 0x50 | 2 << 17);
	ck_assert_uint_eq(reg(&a, 0, CURRENT), 0);
	reg_set(&a, 0, INITIAL, 7); /* ignored here */
	wait_ns(&a, 100000);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, 105000 + 300));
	ck_assert(msr_get(&a, 0, DEADLINE_MSR, &v));
	ck_assert_uint_eq(v, 105300);
	wait_ns(&a, 299);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	wait_ns(&a, 1);
	ck_assert_int_eq(ack(&a, 0), 0x50);
	eoi(&a, 0);
	ck_assert(msr_get(&a, 0, DEADLINE_MSR, &v));
	ck_assert_uint_eq(v, 0);
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, 1)); /* past: at once */
	wait_ns(&a, 0);
	ck_assert_int_eq(ack(&a, 0), 0x50);
	eoi(&a, 0);
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, UINT64_MAX));
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, 0)); /* disarmed */
	wait_ns(&a, 1000000);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	ck_assert(msr_set(&a, 0, DEADLINE_MSR, 1u << 30));
	reg_set(&a, 0, TIMER_ROW, 0x50); /* leaving the mode disarms */
	reg_set(&a, 0, TIMER_ROW, 0x50 | 2 << 17);
	wait_ns(&a, 1u << 30);
	ck_assert_int_eq(a.cpu[0].intr, 0);
	a.cpu[0].l.w.has_deadline = false;
	ck_assert(!msr_set(&a, 0, DEADLINE_MSR, 1));
	ck_assert(!msr_get(&a, 0, DEADLINE_MSR, &v));
	reg_set(&a, 0, TIMER_ROW, 0x50 | 2 << 17);
	ck_assert_uint_eq(reg(&a, 0, TIMER_ROW), 0x50);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		timer_counts_down_once,
		timer_divides,
		timer_repeats_and_is_masked,
		timer_waits_for_a_deadline,
	};

	return unit_run("lapic-timer", tests, ARRAY_LEN(tests));
}
