/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-rtc.c - the MC146818: calendar, formats, interrupts, memory, and what survives a reset.
 * Rule: the calendar's oracle is the C library's gmtime.
 */
#include <time.h>

#include "devices/rtc.h"
#include "tests/unit/dev.h"

enum { PROBE_IRQ8, PROBE_NMI_MASK };
#define SECOND 1000000000ull

struct rig {
	struct bench b;
	struct rtc r;
};

static void setup(struct rig *g, i64 start)
{
	memset(g, 0, sizeof(*g));
	bench_init(&g->b);
	g->r.irq = bench_line(&g->b, PROBE_IRQ8);
	g->r.nmi_mask = bench_line(&g->b, PROBE_NMI_MASK);
	bench_add(&g->b, &g->r.dev, &rtc_class, &g->r.s);
	rtc_power_up(&g->r.dev, start);
	device_reset(&g->r.dev);
}

static u8 get(struct rig *g, u8 index)
{
	out8(&g->b, 0x70, index);
	return in8(&g->b, 0x71);
}

static void set(struct rig *g, u8 index, u8 v)
{
	out8(&g->b, 0x70, index);
	out8(&g->b, 0x71, v);
}

static int bcd(struct rig *g, u8 index)
{
	u8 v = get(g, index);

	return (v >> 4) * 10 + (v & 15);
}

static void compare_with_gmtime(i64 t)
{
	struct rig g;
	struct tm tm;
	time_t host = (time_t)t;

	setup(&g, t);
	gmtime_r(&host, &tm);
	ck_assert_int_eq(bcd(&g, 0), tm.tm_sec);
	ck_assert_int_eq(bcd(&g, 2), tm.tm_min);
	ck_assert_int_eq(bcd(&g, 4), tm.tm_hour);
	ck_assert_int_eq(bcd(&g, 6), tm.tm_wday + 1);
	ck_assert_int_eq(bcd(&g, 7), tm.tm_mday);
	ck_assert_int_eq(bcd(&g, 8), tm.tm_mon + 1);
	ck_assert_int_eq(bcd(&g, 0x32) * 100 + bcd(&g, 9), tm.tm_year + 1900);
	/* and back: writing a register makes the clock read all of them */
	set(&g, 0, get(&g, 0));
	ck_assert_int_eq((i64)g.r.s.base_s[0], t);
}

START_TEST(calendar)
{
	static const i64 moments[] = {
		0,          946684800,  951782399, 951782400,   951868800,    951868799,  1078012800,
		4107542399, 4107542400, -1,        -2208988800, 253402300799, 1709164800, 1709251199,
	};

	for (size_t i = 0; i < ARRAY_LEN(moments); i++)
		compare_with_gmtime(moments[i]);
	for (i64 t = -2208988800; t < 253402300799; t += 86400ll * 365 + 12345)
		compare_with_gmtime(t);
}
END_TEST

START_TEST(time_passes)
{
	struct rig g;

	setup(&g, 951782390); /* 2000-02-28 23:59:50 */
	bench_wait(&g.b, 9999999999ull);
	ck_assert_int_eq(bcd(&g, 0), 59);
	bench_wait(&g.b, 1);
	ck_assert_int_eq(bcd(&g, 0), 0);
	ck_assert_int_eq(bcd(&g, 4), 0);
	ck_assert_int_eq(bcd(&g, 7), 29);
	bench_wait(&g.b, 86400 * SECOND);
	ck_assert_int_eq(bcd(&g, 7), 1);
	ck_assert_int_eq(bcd(&g, 8), 3);
}
END_TEST

START_TEST(formats)
{
	struct rig g;

	setup(&g, 946684800 + 23 * 3600 + 45 * 60);
	ck_assert_uint_eq(get(&g, 11), 0x02);
	ck_assert_uint_eq(get(&g, 4), 0x23);
	set(&g, 11, 0x06); /* binary */
	ck_assert_uint_eq(get(&g, 4), 23);
	ck_assert_uint_eq(get(&g, 2), 45);
	set(&g, 11, 0x04); /* and 12 hours */
	ck_assert_uint_eq(get(&g, 4), 0x80 | 11);
	set(&g, 4, 12); /* 12 AM is midnight */
	set(&g, 11, 0x02);
	ck_assert_uint_eq(get(&g, 4), 0);
	set(&g, 11, 0x00);
	ck_assert_uint_eq(get(&g, 4), 0x12);
	set(&g, 4, 0x92); /* 12 PM is noon */
	set(&g, 11, 0x02);
	ck_assert_uint_eq(get(&g, 4), 0x12);
}
END_TEST

START_TEST(setting_the_clock)
{
	struct rig g;

	setup(&g, 0);
	set(&g, 11, 0x82); /* SET */
	set(&g, 0, 0x30);
	set(&g, 2, 0x59);
	set(&g, 4, 0x08);
	set(&g, 7, 0x31);
	set(&g, 8, 0x12);
	set(&g, 9, 0x99);
	set(&g, 0x32, 0x19);
	bench_wait(&g.b, 100 * SECOND);
	ck_assert_uint_eq(get(&g, 0), 0x30); /* it stands */
	ck_assert_uint_eq(get(&g, 10) & 0x80, 0);
	set(&g, 11, 0x02);
	ck_assert_int_eq((i64)g.r.s.base_s[0], 946630770); /* date -u -d '1999-12-31 08:59:30' +%s */
	bench_wait(&g.b, 30 * SECOND);
	ck_assert_uint_eq(get(&g, 0), 0);
	ck_assert_uint_eq(get(&g, 4), 0x09);
}
END_TEST

START_TEST(nonsense_in_the_registers_is_harmless)
{
	struct rig g;

	setup(&g, 0);
	for (int v = 0; v < 256; v++) {
		for (u8 i = 0; i <= 9; i++)
			set(&g, i, (u8)v);
		set(&g, 0x32, (u8)v);
		set(&g, 11, (u8)(v & 6));
		set(&g, 10, (u8)v);
		bench_wait(&g.b, SECOND);
		set(&g, 10, 0x26);
		set(&g, 11, 0x02);
		ck_assert_int_ge(bcd(&g, 8), 1); /* it runs again, from the nearest date there is */
		ck_assert_int_le(bcd(&g, 8), 12);
		ck_assert_int_le(bcd(&g, 7), 31);
	}
}
END_TEST

START_TEST(update_in_progress)
{
	struct rig g;

	setup(&g, 0);
	ck_assert_uint_eq(get(&g, 10), 0x26);
	bench_until(&g.b, SECOND - 2300000);
	ck_assert_uint_eq(get(&g, 10) & 0x80, 0);
	bench_until(&g.b, SECOND - 2200000);
	ck_assert_uint_eq(get(&g, 10) & 0x80, 0x80);
	bench_until(&g.b, SECOND);
	ck_assert_uint_eq(get(&g, 10) & 0x80, 0);
}
END_TEST

START_TEST(periodic_interrupt)
{
	struct rig g;

	setup(&g, 0);
	get(&g, 12);
	bench_wait(&g.b, SECOND);
	ck_assert_uint_eq(get(&g, 12), 0x50); /* flags rise without being enabled: PF, UF */
	ck_assert_int_eq(g.b.rises[PROBE_IRQ8], 0);
	ck_assert_uint_eq(clock_next_due(&g.b.clock), UINT64_MAX); /* and no timer runs for that */
	set(&g, 11, 0x42);
	for (int i = 1; i <= 1024; i++) {
		bench_until(&g.b, SECOND + (u64)i * SECOND / 1024);
		bench_wait(&g.b, 1);
		ck_assert_int_eq(g.b.rises[PROBE_IRQ8], i);
		ck_assert_uint_eq(get(&g, 12) & 0xc0, 0xc0);
		ck_assert_int_eq(g.b.level[PROBE_IRQ8], 0);
	}
	set(&g, 10, 0x2f); /* 2 Hz */
	bench_until(&g.b, 12 * SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 1); /* unread: one interrupt only */
	ck_assert_int_eq(g.b.rises[PROBE_IRQ8], 1025);
	set(&g, 10, 0x20); /* rate 0: off */
	get(&g, 12);
	bench_wait(&g.b, SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 0);
}
END_TEST

START_TEST(update_ended_interrupt)
{
	struct rig g;

	setup(&g, 0);
	set(&g, 11, 0x12);
	bench_until(&g.b, SECOND - 1);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 0);
	bench_until(&g.b, SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 1);
	ck_assert_uint_eq(get(&g, 12) & 0x90, 0x90);
	ck_assert_uint_eq(get(&g, 0), 1);
	set(&g, 11, 0x92); /* SET clears UIE */
	ck_assert_uint_eq(get(&g, 11), 0x82);
}
END_TEST

START_TEST(alarm_interrupt)
{
	struct rig g;

	setup(&g, 946684800);
	set(&g, 1, 0x05);
	set(&g, 3, 0x01);
	set(&g, 5, 0x00);
	set(&g, 11, 0x22);
	bench_wait(&g.b, 64 * SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 0);
	bench_wait(&g.b, SECOND); /* 00:01:05 */
	ck_assert_uint_eq(get(&g, 12) & 0xa0, 0xa0);
	set(&g, 3, 0xc0); /* any minute, any hour */
	set(&g, 5, 0xff);
	bench_wait(&g.b, 59 * SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 0);
	bench_wait(&g.b, SECOND);
	ck_assert_int_eq(g.b.level[PROBE_IRQ8], 1);
	/* Without the enable the flag is right too, even over a long sleep. */
	set(&g, 11, 0x02);
	get(&g, 12);
	set(&g, 1, 0x59);
	set(&g, 3, 0x59);
	set(&g, 5, 0x23);
	bench_wait(&g.b, 3600 * SECOND);
	ck_assert_uint_eq(get(&g, 12) & 0x20, 0);
	bench_wait(&g.b, 3 * 86400 * SECOND);
	ck_assert_uint_eq(get(&g, 12) & 0x20, 0x20);
}
END_TEST

START_TEST(memory_and_reset)
{
	struct rig g;

	setup(&g, 0);
	set(&g, 0x0f, 0x0a);
	set(&g, 0x7f, 0x55);
	rtc_poke(&g.r.dev, 0x15, 0x80);
	rtc_poke(&g.r.dev, 0x00, 0x59); /* not the clock's registers */
	set(&g, 11, 0x72);
	bench_wait(&g.b, 10 * SECOND);
	device_reset(&g.r.dev);
	ck_assert_uint_eq(get(&g, 0x0f), 0x0a);
	ck_assert_uint_eq(get(&g, 0x7f), 0x55);
	ck_assert_uint_eq(get(&g, 0x15), 0x80);
	ck_assert_uint_eq(get(&g, 0), 0x10); /* the battery kept it going */
	ck_assert_uint_eq(get(&g, 11), 0x02);
	ck_assert_uint_eq(get(&g, 13), 0x80);
	set(&g, 13, 0);
	ck_assert_uint_eq(get(&g, 13), 0x80);
	ck_assert_uint_eq(in8(&g.b, 0x70), 0xff);
}
END_TEST

START_TEST(nmi_mask)
{
	struct rig g;

	setup(&g, 0);
	out8(&g.b, 0x70, 0x8f);
	ck_assert_int_eq(g.b.level[PROBE_NMI_MASK], 1);
	out8(&g.b, 0x71, 0x77);
	out8(&g.b, 0x70, 0x0f);
	ck_assert_int_eq(g.b.level[PROBE_NMI_MASK], 0);
	ck_assert_uint_eq(in8(&g.b, 0x71), 0x77); /* the same register */
}
END_TEST

/* Saved when a tick is due but has not been delivered: the loaded clock delivers it too. */
START_TEST(a_deadline_just_reached_survives_saving)
{
	struct rig g, h;
	struct buf saved = { 0 };
	struct reader in;

	setup(&g, 0);
	setup(&h, 0);
	set(&g, 11, 0x42);
	clock_skip_to(&g.b.clock, clock_next_due(&g.b.clock));
	device_save(&g.r.dev, &saved);
	clock_skip_to(&h.b.clock, g.b.clock.now);
	in = (struct reader){ .at = saved.data, .end = saved.data + saved.len };
	ck_assert_int_eq(device_load(&h.r.dev, &in, NULL), 0);
	ck_assert_uint_eq(clock_next_due(&h.b.clock), g.b.clock.now);
	clock_fire_due(&h.b.clock);
	ck_assert_int_eq(h.b.level[PROBE_IRQ8], 1);
	buf_free(&saved);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		calendar,
		time_passes,
		formats,
		setting_the_clock,
		nonsense_in_the_registers_is_harmless,
		update_in_progress,
		periodic_interrupt,
		update_ended_interrupt,
		alarm_interrupt,
		memory_and_reset,
		a_deadline_just_reached_survives_saving,
		nmi_mask,
	};

	return unit_run("rtc", tests, ARRAY_LEN(tests));
}
