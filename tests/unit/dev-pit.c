/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-pit.c - the 8254: six modes against a counter that is really ticked, and the ways to read it.
 * Rule: the model here counts every clock pulse, as the data sheet (Intel 231164) draws it; the device
 * computes.
 */
#include "devices/pit.h"
#include "tests/unit/dev.h"

enum { PROBE_IRQ0 };

struct rig {
	struct bench b;
	struct pit p;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->p.irq0 = bench_line(&r->b, PROBE_IRQ0);
	bench_add(&r->b, &r->p.dev, &pit_class, &r->p.s);
}

/* A test stands in the middle of ticks, so that a nanosecond more or less does not count. */
static u64 middle(u64 tick)
{
	return (tick * 1000000000ull + 500000000ull) / PIT_HZ;
}

static void at_tick(struct rig *r, u64 tick)
{
	bench_until(&r->b, middle(tick));
}

static void program(struct rig *r, int channel, int mode, u16 count)
{
	out8(&r->b, 0x43, (u8)(channel << 6 | 0x30 | mode << 1));
	out8(&r->b, (u16)(0x40 + channel), (u8)count);
	out8(&r->b, (u16)(0x40 + channel), (u8)(count >> 8));
}

static u16 read_latched(struct rig *r, int channel)
{
	u16 low;

	out8(&r->b, 0x43, (u8)(channel << 6));
	low = in8(&r->b, (u16)(0x40 + channel));
	return (u16)(low | in8(&r->b, (u16)(0x40 + channel)) << 8);
}

static int out2(struct rig *r)
{
	return in8(&r->b, 0x61) >> 5 & 1;
}

/* A counting element that is clocked: OUT and count after each pulse (data sheet, "Mode definitions"). */
struct model {
	int mode;
	u32 n, count;
	bool out, loaded, triggered, fired;
};

static void model_clock(struct model *m)
{
	if (!m->loaded) { /* the pulse that loads the count */
		m->loaded = true;
		m->count = m->mode == 3 ? m->n & ~1u : m->n;
		m->out = m->mode != 0 && m->mode != 1;
		return;
	}
	switch (m->mode) {
	case 0:
	case 1:
		m->count = (m->count - 1) & 0xffff;
		if (!m->count)
			m->out = true;
		break;
	case 2:
		m->count--;
		m->out = m->count != 1;
		if (!m->count) {
			m->count = m->n;
			m->out = true;
		}
		break;
	case 3: /* odd: one pulse more while OUT is high (the count passes 0), and at once while it is low */
		if (m->count == (m->out && m->n & 1 ? 0 : 2)) {
			m->out = !m->out;
			m->count = m->n & ~1u;
		} else {
			m->count -= 2;
		}
		break;
	default:
		m->count = (m->count - 1) & 0xffff;
		m->out = m->count != 0 || m->fired;
		m->fired |= !m->count;
	}
}

static void compare_with_model(int mode, u16 n, int ticks)
{
	struct rig r;
	struct model m = { .mode = mode, .n = n };
	bool triggered = mode == 1 || mode == 5;

	setup(&r);
	at_tick(&r, 100);
	out8(&r.b, 0x61, !triggered); /* gate of channel 2 */
	program(&r, 2, mode, n);
	ck_assert_int_eq(out2(&r), mode != 0);
	if (triggered) {
		at_tick(&r, 150);
		ck_assert_int_eq(out2(&r), 1);
		out8(&r.b, 0x61, 1);
	}
	for (int i = 1; i <= ticks; i++) {
		at_tick(&r, (triggered ? 150 : 100) + (u64)i);
		model_clock(&m);
		ck_assert_msg(out2(&r) == m.out, "mode %d, count %d, tick %d: OUT is %d", mode, n, i,
			      out2(&r));
		ck_assert_msg(read_latched(&r, 2) == (u16)m.count,
			      "mode %d, count %d, tick %d: %d, expected %d", mode, n, i, read_latched(&r, 2),
			      m.count);
	}
}

START_TEST(modes_against_a_ticked_model)
{
	for (int mode = 0; mode <= 5; mode++)
		for (u16 n = 2; n <= 13; n++)
			compare_with_model(mode, n, 60);
}
END_TEST

/* Every edge of IRQ 0 comes at its own tick, and none is ever late: 1193182 ticks are exactly a second. */
START_TEST(no_rounding_error_builds_up)
{
	struct rig r;

	setup(&r);
	program(&r, 0, 2, 2);
	bench_until(&r.b, 10000000000ull); /* ten seconds: 11931820 ticks, less the one that loads */
	ck_assert_int_eq(r.b.rises[PROBE_IRQ0], 1 + (11931820 - 1) / 2);

	setup(&r);
	program(&r, 0, 3, 11932); /* "100 Hz" */
	bench_until(&r.b, 3600ull * 1000000000);
	ck_assert_int_eq(r.b.rises[PROBE_IRQ0], 1 + (int)((3600ull * 1193182 - 1) / 11932));
}
END_TEST

START_TEST(mode_0_interrupts_once)
{
	struct rig r;

	setup(&r);
	at_tick(&r, 10);
	program(&r, 0, 0, 1000);
	at_tick(&r, 1010);
	ck_assert_int_eq(r.b.level[PROBE_IRQ0], 0);
	at_tick(&r, 1011); /* n + 1 pulses after the count was written */
	ck_assert_int_eq(r.b.level[PROBE_IRQ0], 1);
	at_tick(&r, 400000);
	ck_assert_int_eq(r.b.rises[PROBE_IRQ0], 1);
	ck_assert_uint_eq(clock_next_due(&r.b.clock), UINT64_MAX);
}
END_TEST

START_TEST(mode_0_gate_holds_the_count)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	program(&r, 2, 0, 1000);
	at_tick(&r, 101);
	ck_assert_uint_eq(read_latched(&r, 2), 900);
	out8(&r.b, 0x61, 0);
	at_tick(&r, 5000);
	ck_assert_uint_eq(read_latched(&r, 2), 900);
	out8(&r.b, 0x61, 1);
	at_tick(&r, 5899);
	ck_assert_int_eq(out2(&r), 0);
	at_tick(&r, 5900);
	ck_assert_int_eq(out2(&r), 1);
}
END_TEST

START_TEST(mode_1_triggers_again)
{
	struct rig r;

	setup(&r);
	program(&r, 2, 1, 100);
	out8(&r.b, 0x61, 1);
	at_tick(&r, 60);
	out8(&r.b, 0x61, 0);
	ck_assert_int_eq(out2(&r), 0); /* the gate's fall means nothing */
	out8(&r.b, 0x61, 1);           /* its rise begins the pulse anew */
	at_tick(&r, 160);
	ck_assert_int_eq(out2(&r), 0);
	at_tick(&r, 161);
	ck_assert_int_eq(out2(&r), 1);
}
END_TEST

START_TEST(modes_2_and_3_gate_stops_with_out_high)
{
	for (int mode = 2; mode <= 3; mode++) {
		struct rig r;

		setup(&r);
		out8(&r.b, 0x61, 1);
		program(&r, 2, mode, 100);
		at_tick(&r, 100); /* last of the period */
		ck_assert_int_eq(out2(&r), 0);
		out8(&r.b, 0x61, 0);
		ck_assert_int_eq(out2(&r), 1);
		at_tick(&r, 1000);
		out8(&r.b, 0x61, 1); /* starts with the full count */
		at_tick(&r, 1001);
		ck_assert_uint_eq(read_latched(&r, 2), 100);
	}
}
END_TEST

START_TEST(a_new_count_waits_for_the_end_of_the_period)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	program(&r, 2, 2, 100);
	at_tick(&r, 31);
	out8(&r.b, 0x42, 50);
	out8(&r.b, 0x42, 0);
	at_tick(&r, 41);
	ck_assert_uint_eq(read_latched(&r, 2), 60);
	at_tick(&r, 111);
	ck_assert_uint_eq(read_latched(&r, 2), 40);
	at_tick(&r, 150);
	ck_assert_int_eq(out2(&r), 0);

	setup(&r); /* mode 3: of the half period */
	out8(&r.b, 0x61, 1);
	program(&r, 2, 3, 100);
	at_tick(&r, 31);
	out8(&r.b, 0x42, 20);
	out8(&r.b, 0x42, 0);
	at_tick(&r, 50);
	ck_assert_int_eq(out2(&r), 1);
	at_tick(&r, 51);
	ck_assert_int_eq(out2(&r), 0);
	at_tick(&r, 60);
	ck_assert_int_eq(out2(&r), 0);
	at_tick(&r, 61);
	ck_assert_int_eq(out2(&r), 1);
}
END_TEST

START_TEST(channel_0_follows_a_new_count_too)
{
	struct rig r;

	setup(&r);
	program(&r, 0, 3, 1000);
	at_tick(&r, 101);
	out8(&r.b, 0x40, 100);
	out8(&r.b, 0x40, 0);
	at_tick(&r, 501 + 50 + 100 * 10 - 1);
	ck_assert_int_eq(r.b.rises[PROBE_IRQ0], 1 + 10);
}
END_TEST

START_TEST(access_modes)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	out8(&r.b, 0x43, 0x90); /* channel 2, low byte, mode 0 */
	out8(&r.b, 0x42, 200);
	at_tick(&r, 51);
	ck_assert_uint_eq(in8(&r.b, 0x42), 150);
	ck_assert_uint_eq(in8(&r.b, 0x42), 150);
	out8(&r.b, 0x43, 0xa0); /* high byte */
	out8(&r.b, 0x42, 2);
	at_tick(&r, 52 + 512 - 256);
	ck_assert_uint_eq(in8(&r.b, 0x42), 1);
	out8(&r.b, 0x43, 0xb0); /* both, in turns; live */
	out8(&r.b, 0x42, 0x34);
	out8(&r.b, 0x42, 0x12);
	bench_wait(&r.b, 840);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x34);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x12);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x34);
	ck_assert_uint_eq(in8(&r.b, 0x43), 0xff);
}
END_TEST

START_TEST(a_latch_waits_to_be_read)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	program(&r, 2, 2, 0x1000);
	at_tick(&r, 17);
	out8(&r.b, 0x43, 0x80);
	at_tick(&r, 100);
	out8(&r.b, 0x43, 0x80); /* ignored: the first is unread */
	at_tick(&r, 200);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0xf0);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x0f);
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x1000 - 199 - 0xf00);
}
END_TEST

START_TEST(read_back)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	program(&r, 2, 3, 1000);
	out8(&r.b, 0x43, 0xe8); /* status of channel 2: not loaded yet */
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x80 | 0x40 | 0x30 | 3 << 1);
	at_tick(&r, 600);
	out8(&r.b, 0x43, 0xc8); /* status and count */
	ck_assert_uint_eq(in8(&r.b, 0x42), 0x30 | 3 << 1);
	ck_assert_uint_eq(in8(&r.b, 0x42), (1000 - 2 * 99) & 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x42), (1000 - 2 * 99) >> 8);
	out8(&r.b, 0x43, 0xe2); /* channel 0: never programmed; its status and nothing of channel 2's */
	ck_assert_uint_eq(in8(&r.b, 0x40), 0x40 | 0x30);
}
END_TEST

START_TEST(bcd)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 1);
	out8(&r.b, 0x43, 0xb5); /* mode 2, BCD */
	out8(&r.b, 0x42, 0x00);
	out8(&r.b, 0x42, 0x10); /* 1000 */
	at_tick(&r, 2);
	ck_assert_uint_eq(read_latched(&r, 2), 0x0999);
	at_tick(&r, 1001);
	ck_assert_uint_eq(read_latched(&r, 2), 0x1000);
	out8(&r.b, 0x43, 0xb1); /* mode 0: 0 means 10000 */
	out8(&r.b, 0x42, 0);
	out8(&r.b, 0x42, 0);
	at_tick(&r, 1003);
	ck_assert_uint_eq(read_latched(&r, 2), 0x9999);
}
END_TEST

START_TEST(port_61h)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x61, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x61) & 0xcf, 0x0f);
	out8(&r.b, 0x61, 0x02);
	ck_assert_uint_eq(in8(&r.b, 0x61) & 0xcf, 0x02);
	/* The refresh toggle changes every 15.085 us. */
	bench_until(&r.b, 0);
	ck_assert_uint_eq(in8(&r.b, 0x61) & 0x10, 0);
	bench_until(&r.b, 15085);
	ck_assert_uint_eq(in8(&r.b, 0x61) & 0x10, 0x10);
	bench_until(&r.b, 30170);
	ck_assert_uint_eq(in8(&r.b, 0x61) & 0x10, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		modes_against_a_ticked_model,
		no_rounding_error_builds_up,
		mode_0_interrupts_once,
		mode_0_gate_holds_the_count,
		mode_1_triggers_again,
		modes_2_and_3_gate_stops_with_out_high,
		a_new_count_waits_for_the_end_of_the_period,
		channel_0_follows_a_new_count_too,
		access_modes,
		a_latch_waits_to_be_read,
		read_back,
		bcd,
		port_61h,
	};

	return unit_run("pit", tests, ARRAY_LEN(tests));
}
