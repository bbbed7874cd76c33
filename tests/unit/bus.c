/* SPDX-License-Identifier: GPL-3.0-or-later
 * bus.c - facts about the bus, and about what core does for every device.
 */
#include "core/bus.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/device.h"
#include "tests/unit/unit.h"

#define TOY_STATE(F, S) \
	F(S, u8, reg, 8, 0x10, HEX, "eight registers") \
	F(S, u64, when, 1, 0, DEC, "deadline")
STATE(toy_state, 1, TOY_STATE);

static const char *const toy_regs[] = { "A", "B" };
static const struct claim toy_claims[] = {
	{ SPACE_PORT, 0x100, 8, toy_regs, 2, 0 }, { SPACE_PORT, 0x200, 4, NULL, 0, 1 }, /* takes bytes only */
};

/* Every access is written down: "r100+0/1 ", "w..." */
struct toy {
	struct device dev;
	struct toy_state s;
	char said[512];
};

static struct toy *toy_of(struct device *d)
{
	return (struct toy *)d;
}

static void say(struct toy *t, const char *what, u64 base, u64 offset, u64 value)
{
	size_t used = strlen(t->said);

	snprintf(t->said + used, sizeof(t->said) - used, "%s%x+%x/%x ", what, (unsigned)base,
		 (unsigned)offset, (unsigned)value);
}

static u64 toy_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	say(toy_of(d), "r", claim->base, offset, (u64)size);
	return 0xa1a2a3a4a5a6a7a0ull + offset;
}

static void toy_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	say(toy_of(d), size == 1 ? "w" : "W", claim->base, offset, value);
}

static void toy_timer(struct device *d, u32 which)
{
	say(toy_of(d), "t", which, 0, device_now(d));
}

static void toy_reset(struct device *d)
{
	say(toy_of(d), "reset", 0, 0, toy_of(d)->s.reg[0]);
}

static void toy_restored(struct device *d)
{
	say(toy_of(d), "restored", 0, 0, toy_of(d)->s.reg[0]);
	device_timer_set(d, 1, toy_of(d)->s.when[0]);
}

static const struct device_class toy_class = {
	.name = "toy",
	.brief = "a toy",
	.layout = &toy_state_layout,
	.claims = toy_claims,
	.nclaims = 2,
	.ntimers = 2,
	.read = toy_read,
	.write = toy_write,
	.timer = toy_timer,
	.reset = toy_reset,
	.restored = toy_restored,
};
static const struct device_class mute_class = { .name = "mute", .layout = &toy_state_layout };

static void toy_open(struct toy *t, const struct device_class *class, const struct device_world *world)
{
	memset(t, 0, sizeof(*t));
	ck_assert_int_eq(device_init(&t->dev, class, NULL, &t->s, world, NULL), 0);
}

struct setup {
	struct clock clock;
	struct device_world world;
	struct bus bus;
	struct toy toy;
};

static void set_up(struct setup *u)
{
	memset(u, 0, sizeof(*u));
	clock_init(&u->clock, 1000);
	u->world.clock = &u->clock;
	toy_open(&u->toy, &toy_class, &u->world);
	ck_assert_int_eq(bus_add(&u->bus, &u->toy.dev, &toy_claims[1], NULL), 0);
	ck_assert_int_eq(bus_add(&u->bus, &u->toy.dev, &toy_claims[0], NULL), 0);
}

START_TEST(the_claimer_answers)
{
	struct setup u;
	struct bus_hit hit;

	set_up(&u);
	ck_assert_uint_eq(bus_read(&u.bus, 0x101, 1, &hit), 0xa1);
	ck_assert_ptr_eq(hit.dev, &u.toy.dev);
	ck_assert_str_eq(hit.who, "toy");
	ck_assert_str_eq(hit.what, "B");
	ck_assert_uint_eq(bus_read(&u.bus, 0x104, 4, &hit), 0xa5a6a7a4);
	ck_assert_ptr_null(hit.what); /* it has no name */
	ck_assert_uint_eq(bus_read(&u.bus, 0x100, 8, NULL), 0xa1a2a3a4a5a6a7a0ull);
	bus_write(&u.bus, 0x106, 2, 0x12345678, &hit);
	ck_assert_str_eq(u.toy.said, "r100+1/1 r100+4/4 r100+0/8 W100+6/5678 ");
	ck_assert_uint_eq(u.bus.unclaimed, 0);
}
END_TEST

START_TEST(nobody_answers_all_ones)
{
	struct setup u;
	struct bus_hit hit = { &u.toy.dev, "x", "y" };

	set_up(&u);
	ck_assert_uint_eq(bus_read(&u.bus, 0xff, 1, &hit), 0xff);
	ck_assert_ptr_null(hit.dev);
	ck_assert_ptr_null(hit.who);
	ck_assert_uint_eq(bus_read(&u.bus, 0x300, 2, &hit), 0xffff);
	ck_assert_uint_eq(bus_read(&u.bus, 0x300, 4, &hit), 0xffffffff);
	ck_assert_uint_eq(bus_read(&u.bus, UINT64_MAX - 3, 8, &hit), UINT64_MAX);
	bus_write(&u.bus, 0x108, 1, 5, &hit);
	ck_assert_ptr_null(hit.dev);
	ck_assert_uint_eq(u.bus.unclaimed, 5);
	ck_assert_str_eq(u.toy.said, "");
}
END_TEST

START_TEST(what_no_claim_holds_is_split_into_bytes)
{
	struct setup u;
	struct bus_hit hit;

	set_up(&u);
	ck_assert_uint_eq(bus_read(&u.bus, 0x106, 4, &hit), 0xffffa7a6);
	ck_assert_str_eq(hit.who, "toy");
	bus_write(&u.bus, 0xfe, 4, 0x44332211, &hit);
	ck_assert_str_eq(hit.what, "A");
	ck_assert_str_eq(u.toy.said, "r100+6/1 r100+7/1 w100+0/33 w100+1/44 ");
	ck_assert_uint_eq(u.bus.unclaimed, 0); /* somebody answered */
}
END_TEST

START_TEST(a_byte_wide_device_gets_bytes)
{
	struct setup u;

	set_up(&u);
	ck_assert_uint_eq(bus_read(&u.bus, 0x200, 2, NULL), 0xa1a0);
	bus_write(&u.bus, 0x200, 4, 0x44332211, NULL);
	ck_assert_str_eq(u.toy.said, "r200+0/1 r200+1/1 w200+0/11 w200+1/22 w200+2/33 w200+3/44 ");
}
END_TEST

START_TEST(claims_do_not_overlap)
{
	static const struct claim bad[] = {
		{ SPACE_PORT, 0x100, 8, NULL, 0, 0 },
		{ SPACE_PORT, 0xf8, 9, NULL, 0, 0 },
		{ SPACE_PORT, 0x107, 1, NULL, 0, 0 },
		{ SPACE_PORT, 0, 0x10000, NULL, 0, 0 },
	};
	static const struct claim good[] = {
		{ SPACE_PORT, 0xf8, 8, NULL, 0, 0 },
		{ SPACE_PORT, 0x108, 0xf8, NULL, 0, 0 },
		{ SPACE_PORT, 0xffff, 1, NULL, 0, 0 },
	};
	static const struct claim absurd[] = {
		{ SPACE_PORT, 0x500, 0, NULL, 0, 0 },
		{ SPACE_PORT, 0xffff, 2, NULL, 0, 0 },
		{ SPACE_MMIO, UINT64_MAX, 2, NULL, 0, 0 },
	};
	struct setup u;
	struct err e;

	set_up(&u);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert_int_eq(bus_add(&u.bus, &u.toy.dev, &bad[i], &e), -EEXIST);
	ck_assert_ptr_nonnull(strstr(e.text, "toy"));
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ck_assert_int_eq(bus_add(&u.bus, &u.toy.dev, &good[i], &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(absurd); i++)
		ck_assert_int_eq(bus_add(&u.bus, &u.toy.dev, &absurd[i], &e), -EINVAL);
	ck_assert_int_eq(u.bus.n, 5);
	for (int i = 1; i < u.bus.n; i++)
		ck_assert_uint_ge(u.bus.entry[i].base, u.bus.entry[i - 1].base + u.bus.entry[i - 1].size);
}
END_TEST

START_TEST(the_bus_fills_up)
{
	static struct claim claim[BUS_CLAIMS + 1];
	struct device_world world = { 0 };
	struct bus bus = { 0 };
	struct toy mute;

	toy_open(&mute, &mute_class, &world);
	for (u64 i = 0; i <= BUS_CLAIMS; i++) {
		claim[i] =
			(struct claim){ SPACE_MMIO, (i * 37 % (BUS_CLAIMS + 1)) << 12, 0x1000, NULL, 0, 0 };
		ck_assert_int_eq(bus_add(&bus, &mute.dev, &claim[i], NULL), i < BUS_CLAIMS ? 0 : -ENOSPC);
	}
	for (u64 i = 0; i < BUS_CLAIMS; i++) {
		struct bus_hit hit;

		bus_read(&bus, claim[i].base + 0xffc, 4, &hit);
		ck_assert_ptr_eq(hit.dev, &mute.dev);
	}
}
END_TEST

START_TEST(removed_devices_are_silent)
{
	static const struct claim other_claim = { SPACE_PORT, 0x150, 1, NULL, 0, 0 };
	struct toy other;
	struct setup u;

	set_up(&u);
	toy_open(&other, &toy_class, &u.world);
	ck_assert_int_eq(bus_add(&u.bus, &other.dev, &other_claim, NULL), 0);
	bus_remove(&u.bus, &u.toy.dev);
	ck_assert_int_eq(u.bus.n, 1);
	ck_assert_uint_eq(bus_read(&u.bus, 0x100, 1, NULL), 0xff);
	ck_assert_uint_eq(bus_read(&u.bus, 0x150, 1, NULL), 0xa0);
	ck_assert_int_eq(bus_add(&u.bus, &u.toy.dev, &toy_claims[0], NULL), 0);
}
END_TEST

START_TEST(a_device_without_handlers_reads_all_ones)
{
	static const struct claim claim = { SPACE_PORT, 0x10, 4, NULL, 0, 0 };
	struct device_world world = { 0 };
	struct bus bus = { 0 };
	struct toy mute;
	struct bus_hit hit;

	toy_open(&mute, &mute_class, &world);
	bus_add(&bus, &mute.dev, &claim, NULL);
	bus_write(&bus, 0x10, 4, 1, &hit);
	ck_assert_uint_eq(bus_read(&bus, 0x10, 4, &hit), 0xffffffff);
	ck_assert_str_eq(hit.who, "mute");
}
END_TEST

START_TEST(init_resets_and_reset_calls_the_device)
{
	struct setup u;

	set_up(&u);
	ck_assert_uint_eq(u.toy.s.reg[3], 0x10);
	ck_assert_str_eq(u.toy.said, "");
	u.toy.s.reg[0] = 9;
	device_timer_set(&u.toy.dev, 0, 50);
	device_reset(&u.toy.dev);
	ck_assert_str_eq(u.toy.said, "reset0+0/10 ");
	ck_assert_uint_eq(clock_next_due(&u.clock), UINT64_MAX); /* no timer of before survives */
}
END_TEST

START_TEST(a_battery_keeps_the_state)
{
	struct device_class class = toy_class;
	struct setup u;

	set_up(&u);
	class.battery = true;
	u.toy.dev.class = &class;
	u.toy.s.reg[0] = 9;
	device_reset(&u.toy.dev);
	ck_assert_str_eq(u.toy.said, "reset0+0/9 ");
}
END_TEST

static enum verdict keep(void *arg, const struct event *ev)
{
	*(struct event *)arg = *ev;
	return EV_GO;
}

START_TEST(timers_reach_the_device_and_the_stream)
{
	struct event_stream events = { 0 };
	struct event last = { 0 };
	struct setup u;

	set_up(&u);
	u.world.events = &events;
	event_subscribe(&events, EV_BIT(timer), keep, &last);
	device_timer_set(&u.toy.dev, 1, 30);
	device_timer_set(&u.toy.dev, 0, 20);
	clock_skip_to(&u.clock, 25);
	clock_fire_due(&u.clock);
	ck_assert_str_eq(u.toy.said, "t0+0/19 ");
	ck_assert_uint_eq(last.timer.due, 20);
	ck_assert_uint_eq(last.time, 25);
	ck_assert_str_eq(last.timer.who, "toy");
	device_timer_cancel(&u.toy.dev, 1);
	clock_skip_to(&u.clock, 100);
	ck_assert_int_eq(clock_fire_due(&u.clock), 0);
}
END_TEST

START_TEST(a_loaded_device_rearms)
{
	struct buf b = { 0 };
	struct reader r;
	struct setup u;

	set_up(&u);
	u.toy.s.reg[0] = 3;
	u.toy.s.when[0] = 77;
	device_save(&u.toy.dev, &b);
	device_timer_set(&u.toy.dev, 0, 5); /* of a life that is over once the state is loaded */
	u.toy.s.reg[0] = 4;
	r = (struct reader){ b.data, b.data + b.len - 1, false };
	ck_assert_int_eq(device_load(&u.toy.dev, &r, NULL), -EINVAL);
	ck_assert_uint_eq(u.toy.s.reg[0], 4);
	ck_assert_uint_eq(clock_next_due(&u.clock), 5);
	r = (struct reader){ b.data, b.data + b.len, false };
	ck_assert_int_eq(device_load(&u.toy.dev, &r, NULL), 0);
	ck_assert_str_eq(u.toy.said, "restored0+0/3 ");
	ck_assert_uint_eq(clock_next_due(&u.clock), 77);
	buf_free(&b);
}
END_TEST

START_TEST(no_clock_is_said_clearly)
{
	struct device_world world = { 0 };
	struct clock full;
	struct toy t = { 0 };
	struct err e;

	ck_assert_int_eq(device_init(&t.dev, &toy_class, "toy2", &t.s, &world, &e), -EINVAL);
	ck_assert_ptr_nonnull(strstr(e.text, "toy2"));
	clock_init(&full, 1000);
	for (int i = 0; i < CLOCK_TIMERS; i++)
		clock_timer_add(&full, NULL, NULL, 0);
	world.clock = &full;
	ck_assert_int_eq(device_init(&t.dev, &toy_class, "toy2", &t.s, &world, &e), -ENOSPC);
}
END_TEST

static void keep_line(void *arg, enum log_level level, const char *who, const char *text)
{
	snprintf(arg, 100, "%d %s %s", level, who, text);
}

START_TEST(a_device_logs_under_its_name)
{
	char line[100] = "";
	struct log log = { keep_line, line, LOG_INFO };
	struct setup u;

	set_up(&u);
	device_log(&u.toy.dev, LOG_WARN, "nobody listens");
	u.world.log = &log;
	device_log(&u.toy.dev, LOG_WARN, "%d%% odd", 7);
	ck_assert_str_eq(line, "1 toy 7% odd");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_claimer_answers,
		nobody_answers_all_ones,
		what_no_claim_holds_is_split_into_bytes,
		a_byte_wide_device_gets_bytes,
		claims_do_not_overlap,
		the_bus_fills_up,
		removed_devices_are_silent,
		a_device_without_handlers_reads_all_ones,
		init_resets_and_reset_calls_the_device,
		a_battery_keeps_the_state,
		timers_reach_the_device_and_the_stream,
		a_loaded_device_rearms,
		no_clock_is_said_clearly,
		a_device_logs_under_its_name,
	};

	return unit_run("bus", tests, ARRAY_LEN(tests));
}
