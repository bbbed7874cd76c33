/* SPDX-License-Identifier: GPL-3.0-or-later
 * clock.c - facts about virtual time and the order of timers.
 */
#include "core/clock.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/unit.h"

struct diary {
	struct clock *clock;
	int n;
	u32 who[8192];
	int again;  /* rearm so often ... */
	u64 period; /* ... so much later */
	int id;
};

static void note(void *arg, u32 which)
{
	struct diary *d = arg;

	if (d->n < (int)ARRAY_LEN(d->who))
		d->who[d->n] = which;
	d->n++;
	if (d->again > 0) {
		d->again--;
		clock_timer_set(d->clock, d->id, d->clock->timer[d->id].due + d->period);
	}
}

START_TEST(time_moves_with_instructions)
{
	struct clock c;

	clock_init(&c, 0);
	ck_assert_uint_eq(c.insn_ps, 1000); /* 1 ns each by default */
	clock_retire(&c, 12345);
	ck_assert_uint_eq(c.now, 12345);
	clock_init(&c, 333);
	for (int i = 0; i < 3000; i++)
		clock_retire(&c, 1);
	ck_assert_uint_eq(c.now, 999); /* nothing is lost by going in small steps */
	ck_assert_uint_eq(c.frac_ps, 0);
	clock_retire(&c, 4);
	ck_assert_uint_eq(c.now, 1000);
	ck_assert_uint_eq(c.frac_ps, 332);
}
END_TEST

START_TEST(time_does_not_wrap)
{
	struct clock c;

	clock_init(&c, 1000000);
	clock_retire(&c, UINT64_MAX);
	ck_assert_uint_eq(c.now, UINT64_MAX);
	clock_retire(&c, 5);
	ck_assert_uint_eq(c.now, UINT64_MAX);
}
END_TEST

START_TEST(skipping_never_goes_back)
{
	struct clock c;

	clock_init(&c, 300);
	clock_retire(&c, 1);
	clock_skip_to(&c, 100);
	ck_assert_uint_eq(c.now, 100);
	ck_assert_uint_eq(c.frac_ps, 0);
	clock_skip_to(&c, 50);
	ck_assert_uint_eq(c.now, 100);
}
END_TEST

START_TEST(timers_fire_by_deadline_then_by_arming)
{
	static struct diary d;
	static const u64 due[] = { 30, 10, 20, 10, 40 };
	static const u32 want[] = { 3, 1, 2, 0 };
	struct clock c;
	int id[5];

	clock_init(&c, 1000);
	d = (struct diary){ .clock = &c };
	for (u32 i = 0; i < 5; i++)
		id[i] = clock_timer_add(&c, note, &d, i);
	for (int i = 4; i >= 0; i--) /* 3 is armed before 1 */
		clock_timer_set(&c, id[i], due[i]);
	ck_assert_uint_eq(clock_next_due(&c), 10);
	ck_assert_int_eq(clock_fire_due(&c), 0);
	clock_skip_to(&c, 30);
	ck_assert_int_eq(clock_fire_due(&c), 4);
	ck_assert_int_eq(d.n, 4);
	ck_assert_mem_eq(d.who, want, sizeof(want));
	ck_assert_uint_eq(clock_next_due(&c), 40);
	ck_assert_int_eq(clock_fire_due(&c), 0); /* each fires once */
}
END_TEST

START_TEST(cancelled_and_rearmed_timers)
{
	static struct diary d;
	struct clock c;
	int a, b;

	clock_init(&c, 1000);
	d = (struct diary){ .clock = &c };
	a = clock_timer_add(&c, note, &d, 7);
	b = clock_timer_add(&c, note, &d, 8);
	clock_timer_set(&c, a, 5);
	clock_timer_set(&c, b, 6);
	clock_timer_cancel(&c, a);
	clock_timer_cancel(&c, a);
	clock_timer_set(&c, b, 60); /* the later deadline replaces the first */
	clock_skip_to(&c, 50);
	ck_assert_int_eq(clock_fire_due(&c), 0);
	clock_skip_to(&c, 60);
	ck_assert_int_eq(clock_fire_due(&c), 1);
	ck_assert_uint_eq(d.who[0], 8);
	ck_assert_uint_eq(clock_next_due(&c), UINT64_MAX);
}
END_TEST

START_TEST(a_timer_may_rearm_itself)
{
	static struct diary d;
	struct clock c;

	clock_init(&c, 1000);
	d = (struct diary){ .clock = &c, .again = 1000, .period = 10 };
	d.id = clock_timer_add(&c, note, &d, 1);
	clock_timer_set(&c, d.id, 10);
	clock_skip_to(&c, 100);
	ck_assert_int_eq(clock_fire_due(&c), 10); /* every missed tick */
	ck_assert_uint_eq(clock_next_due(&c), 110);
}
END_TEST

START_TEST(a_timer_without_period_cannot_hold_the_machine)
{
	static struct diary d;
	struct clock c;

	clock_init(&c, 1000);
	d = (struct diary){ .clock = &c, .again = 1 << 30, .period = 0 };
	d.id = clock_timer_add(&c, note, &d, 1);
	clock_timer_set(&c, d.id, 0);
	ck_assert_int_gt(clock_fire_due(&c), 0);
	ck_assert_int_lt(d.n, 100000);
	ck_assert_uint_eq(clock_insns_until_due(&c), 1);
}
END_TEST

START_TEST(instructions_until_the_deadline)
{
	static const u64 rates[] = { 1, 250, 333, 999, 1000, 1001, 1000000 };
	static struct diary d;

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		struct clock c;
		u64 insns;
		int id;

		clock_init(&c, rates[i]);
		ck_assert_uint_eq(clock_insns_until_due(&c), UINT64_MAX);
		id = clock_timer_add(&c, note, &d, 0);
		clock_retire(&c, 7);
		clock_timer_set(&c, id, c.now + 1000);
		insns = clock_insns_until_due(&c);
		/* Exactly: one fewer is too early, so many are enough. */
		clock_retire(&c, insns - 1);
		ck_assert_uint_lt(c.now, c.timer[id].due);
		ck_assert_uint_eq(clock_insns_until_due(&c), 1);
		clock_retire(&c, 1);
		ck_assert_uint_ge(c.now, c.timer[id].due);
		ck_assert_uint_eq(clock_insns_until_due(&c), 1); /* overdue: still one */
		clock_timer_set(&c, id, UINT64_MAX - 1);
		ck_assert_uint_gt(clock_insns_until_due(&c), UINT64_MAX / 1000000 / 2);
	}
}
END_TEST

START_TEST(timers_run_out)
{
	struct clock c;

	clock_init(&c, 1000);
	for (int i = 0; i < CLOCK_TIMERS; i++)
		ck_assert_int_ge(clock_timer_add(&c, note, NULL, 0), 0);
	ck_assert_int_eq(clock_timer_add(&c, note, NULL, 0), -ENOSPC);
}
END_TEST

START_TEST(host_clocks_are_sane)
{
	u64 first = clock_host_ns();

	ck_assert_uint_ge(clock_host_ns(), first);
	ck_assert_int_gt(clock_host_unix(), 1600000000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		time_moves_with_instructions,
		time_does_not_wrap,
		skipping_never_goes_back,
		timers_fire_by_deadline_then_by_arming,
		cancelled_and_rearmed_timers,
		a_timer_may_rearm_itself,
		a_timer_without_period_cannot_hold_the_machine,
		instructions_until_the_deadline,
		timers_run_out,
		host_clocks_are_sane,
	};

	return unit_run("clock", tests, ARRAY_LEN(tests));
}
