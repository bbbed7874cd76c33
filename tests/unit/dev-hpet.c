/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-hpet.c - the high-precision event timers by their registers.
 * Rule: facts from the IA-PC HPET specification 1.0a, section 2.3; a tick is 10 ns.
 */
#include "devices/hpet.h"
#include "tests/unit/dev.h"

enum { BASE = 0xfed00000u, PROBE_PIT = 2, PROBE_RTC = 8, PROBE_20 = 10, PROBE_LEGACY = 15 };
enum { CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0, T0 = 0x100, T1 = 0x120, T2 = 0x140, COMPARE = 8 };

struct rig {
	struct bench b;
	struct hpet h;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->h.pin[2] = bench_line(&r->b, PROBE_PIT);
	r->h.pin[8] = bench_line(&r->b, PROBE_RTC);
	r->h.pin[20] = bench_line(&r->b, PROBE_20);
	r->h.legacy = bench_line(&r->b, PROBE_LEGACY);
	bench_wait(&r->b, 12345);
	bench_add(&r->b, &r->h.dev, &hpet_class, &r->h.s);
}

static u64 get(struct rig *r, u32 reg)
{
	return bus_read(&r->b.mmio, BASE + reg, 8, NULL);
}

static void put(struct rig *r, u32 reg, u64 v)
{
	bus_write(&r->b.mmio, BASE + reg, 8, v, NULL);
}

static void put_half(struct rig *r, u32 reg, u32 v)
{
	bus_write(&r->b.mmio, BASE + reg, 4, v, NULL);
}

START_TEST(capabilities)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(get(&r, 0), 10000000ull << 32 | 0x8086a201);
	ck_assert_uint_eq(bus_read(&r.b.mmio, BASE + 4, 4, NULL), 10000000);
	ck_assert_uint_eq(get(&r, T0) & 0x30, 0x30); /* periodic, 64 bits */
	ck_assert_uint_ne(get(&r, T2) >> 32 & 1 << 20, 0);
	ck_assert_uint_eq(get(&r, 0x200), 0);
	put(&r, 0, 0);
	ck_assert_uint_eq(get(&r, 0) & 0xff, 1);
}
END_TEST

START_TEST(counter)
{
	struct rig r;

	setup(&r);
	bench_wait(&r.b, 1000);
	ck_assert_uint_eq(get(&r, COUNTER), 0);
	put(&r, COUNTER, 0xfffffffffull);
	put(&r, CONFIG, 1);
	bench_wait(&r.b, 1000);
	ck_assert_uint_eq(get(&r, COUNTER), 0xfffffffffull + 100);
	ck_assert_uint_eq(bus_read(&r.b.mmio, BASE + COUNTER + 4, 4, NULL), 0x10);
	put(&r, CONFIG, 0);
	bench_wait(&r.b, 1000);
	ck_assert_uint_eq(get(&r, COUNTER), 0xfffffffffull + 100);
	put_half(&r, COUNTER + 4, 0);
	ck_assert_uint_eq(get(&r, COUNTER), 99);
}
END_TEST

START_TEST(one_shot)
{
	struct rig r;

	setup(&r);
	put(&r, T2, 4 | 20 << 9);
	put(&r, T2 + COMPARE, 500);
	put(&r, CONFIG, 1);
	bench_wait(&r.b, 4999);
	ck_assert_int_eq(r.b.level[PROBE_20], 0);
	bench_wait(&r.b, 1);
	ck_assert_int_eq(r.b.level[PROBE_20], 1);
	ck_assert_uint_eq(get(&r, STATUS), 0); /* an edge leaves no status */
	put(&r, T2 + COMPARE, 400);            /* the past: not before the counter comes round */
	bench_wait(&r.b, 1000000000);
	ck_assert_int_eq(r.b.rises[PROBE_20], 1);
	put(&r, T2 + COMPARE, get(&r, COUNTER) + 10);
	bench_wait(&r.b, 100);
	ck_assert_int_eq(r.b.rises[PROBE_20], 2); /* a new edge, though the pin was up */
}
END_TEST

START_TEST(comes_round)
{
	struct rig r;

	setup(&r);
	put(&r, T2, 4 | 20 << 9 | 1 << 8); /* 32 bits */
	put(&r, T2 + COMPARE, 5);
	put(&r, COUNTER, 10);
	put(&r, CONFIG, 1);
	bench_wait(&r.b, ((1ull << 32) - 5) * 10 - 1);
	ck_assert_int_eq(r.b.rises[PROBE_20], 0);
	bench_wait(&r.b, 1);
	ck_assert_int_eq(r.b.rises[PROBE_20], 1);
	bench_wait(&r.b, (1ull << 32) * 10);
	ck_assert_int_eq(r.b.rises[PROBE_20], 2);
}
END_TEST

START_TEST(level_triggered)
{
	struct rig r;

	setup(&r);
	put(&r, T2, 2 | 4 | 20 << 9);
	put(&r, T2 + COMPARE, 5);
	put(&r, CONFIG, 1);
	bench_wait(&r.b, 50);
	ck_assert_int_eq(r.b.level[PROBE_20], 1);
	ck_assert_uint_eq(get(&r, STATUS), 4);
	put_half(&r, STATUS + 4, 0xffffffff);
	put(&r, STATUS, 3);
	ck_assert_int_eq(r.b.level[PROBE_20], 1);
	put_half(&r, STATUS, 4);
	ck_assert_int_eq(r.b.level[PROBE_20], 0);
	ck_assert_uint_eq(get(&r, STATUS), 0);
}
END_TEST

/* As Linux does it: "set value", the first comparator, then the period. */
START_TEST(periodic)
{
	struct rig r;

	setup(&r);
	put(&r, CONFIG, 1);
	put_half(&r, T0, 4 | 8 | 0x40 | 0x100);
	put_half(&r, T0 + COMPARE, 1000);
	put_half(&r, T0 + COMPARE, 250);
	put(&r, CONFIG, 3);
	ck_assert_int_eq(r.b.level[PROBE_LEGACY], 1);
	bench_wait(&r.b, 9990);
	ck_assert_int_eq(r.b.rises[PROBE_PIT], 0);
	bench_wait(&r.b, 10);
	ck_assert_int_eq(r.b.rises[PROBE_PIT], 1);
	bench_wait(&r.b, 25000);
	ck_assert_int_eq(r.b.rises[PROBE_PIT], 11);
	ck_assert_uint_eq(get(&r, T0 + COMPARE), 1000 + 11 * 250);
	put(&r, CONFIG, 0);
	ck_assert_int_eq(r.b.level[PROBE_LEGACY], 0);
	ck_assert_int_eq(r.b.level[PROBE_PIT], 0);
	bench_wait(&r.b, 25000);
	ck_assert_int_eq(r.b.rises[PROBE_PIT], 11);
}
END_TEST

/* The moment has come, but the clock has not called yet: a register access must not lose it. */
START_TEST(nothing_is_lost)
{
	struct rig r;

	setup(&r);
	put(&r, T1, 4 | 8 | 0x40);
	put(&r, T1 + COMPARE, 100);
	put(&r, CONFIG, 3);
	clock_skip_to(&r.b.clock, r.b.clock.now + 1005);
	put(&r, T0, 4);
	ck_assert_int_eq(r.b.rises[PROBE_RTC], 1);
	bench_wait(&r.b, 995);
	ck_assert_int_eq(r.b.rises[PROBE_RTC], 2);
}
END_TEST

START_TEST(saved_and_loaded)
{
	struct rig r, q;
	struct buf saved = { 0 };
	struct reader in;

	setup(&r);
	setup(&q);
	put(&r, T0, 4 | 8 | 0x40);
	put(&r, T0 + COMPARE, 100);
	put(&r, CONFIG, 3);
	bench_wait(&r.b, 4500);
	device_save(&r.h.dev, &saved);
	in = (struct reader){ saved.data, saved.data + saved.len, false };
	clock_skip_to(&q.b.clock, r.b.clock.now);
	ck_assert_int_eq(device_load(&q.h.dev, &in, NULL), 0);
	ck_assert_int_eq(q.b.level[PROBE_LEGACY], 1);
	ck_assert_int_eq(q.b.level[PROBE_PIT], r.b.level[PROBE_PIT]);
	q.b.rises[PROBE_PIT] = 0;
	bench_wait(&q.b, 499);
	ck_assert_int_eq(q.b.rises[PROBE_PIT], 0);
	bench_wait(&q.b, 1);
	ck_assert_int_eq(q.b.rises[PROBE_PIT], 1);
	buf_free(&saved);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		capabilities,    counter,  one_shot,        comes_round,
		level_triggered, periodic, nothing_is_lost, saved_and_loaded,
	};

	return unit_run("hpet", tests, ARRAY_LEN(tests));
}
