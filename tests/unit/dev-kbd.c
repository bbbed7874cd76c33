/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-kbd.c - the 8042 and the keyboard: what firmware and kernels ask, keys, A20, reset.
 * Rule: facts from IBM's technical reference and from what an 8042 is known to answer.
 */
#include "devices/kbd.h"
#include "tests/unit/dev.h"

enum { PROBE_IRQ1, PROBE_IRQ12, PROBE_A20 };

struct rig {
	struct bench b;
	struct kbd k;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->k.irq1 = bench_line(&r->b, PROBE_IRQ1);
	r->k.irq12 = bench_line(&r->b, PROBE_IRQ12);
	r->k.a20 = bench_line(&r->b, PROBE_A20);
	bench_add(&r->b, &r->k.dev, &kbd_class, &r->k.s);
}

/* The next byte for the guest, or -1. */
static int next(struct rig *r)
{
	return in8(&r->b, 0x64) & 1 ? in8(&r->b, 0x60) : -1;
}

static int command(struct rig *r, u8 v)
{
	out8(&r->b, 0x64, v);
	return next(r);
}

static int keyboard(struct rig *r, u8 v)
{
	out8(&r->b, 0x60, v);
	return next(r);
}

START_TEST(controller_commands)
{
	struct rig r;

	setup(&r);
	ck_assert_int_eq(command(&r, 0xaa), 0x55);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x04, 0x04);
	ck_assert_int_eq(command(&r, 0xab), 0x00);
	ck_assert_int_eq(command(&r, 0xa9), 0x00);
	out8(&r.b, 0x64, 0x60);
	out8(&r.b, 0x60, 0x61);
	ck_assert_int_eq(command(&r, 0x20), 0x61);
	command(&r, 0xad);
	ck_assert_int_eq(command(&r, 0x20), 0x71);
	command(&r, 0xae);
	ck_assert_int_eq(command(&r, 0x20), 0x61);
	command(&r, 0xa8);
	ck_assert_int_eq(command(&r, 0x20), 0x41);
	command(&r, 0xa7);
	ck_assert_int_eq(command(&r, 0x20), 0x61);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x08, 0x08); /* the last write was a command */
	ck_assert_int_eq(keyboard(&r, 0xee), 0xee);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x08, 0);
	ck_assert_int_eq(next(&r), -1);
}
END_TEST

START_TEST(keyboard_commands)
{
	struct rig r;

	setup(&r);
	ck_assert_int_eq(keyboard(&r, 0xff), 0xfa);
	ck_assert_int_eq(next(&r), 0xaa);
	ck_assert_int_eq(keyboard(&r, 0xf5), 0xfa);
	ck_assert_int_eq(keyboard(&r, 0xf2), 0xfa);
	ck_assert_int_eq(next(&r), 0xab);
	ck_assert_int_eq(next(&r), 0x41); /* 83h, translated */
	ck_assert_int_eq(keyboard(&r, 0xf0), 0xfa);
	ck_assert_int_eq(keyboard(&r, 0x00), 0xfa);
	ck_assert_int_eq(next(&r), 0x02);
	ck_assert_int_eq(keyboard(&r, 0xf0), 0xfa);
	ck_assert_int_eq(keyboard(&r, 0x03), 0xfe); /* set 3 is not there */
	ck_assert_int_eq(keyboard(&r, 0xed), 0xfa);
	ck_assert_int_eq(keyboard(&r, 0x05), 0xfa);
	ck_assert_uint_eq(r.k.s.leds[0], 5);
	ck_assert_int_eq(keyboard(&r, 0xf3), 0xfa);
	ck_assert_int_eq(keyboard(&r, 0xf4), 0xfa); /* a command instead of the parameter is obeyed */
	ck_assert_uint_eq(r.k.s.scanning[0], 1);
	ck_assert_int_eq(keyboard(&r, 0x99), 0xfe);
	ck_assert_int_eq(next(&r), -1);
}
END_TEST

static void want(struct rig *r, const u8 *bytes, int n)
{
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(next(r), bytes[i]);
	ck_assert_int_eq(next(r), -1);
}

START_TEST(keys_in_both_sets)
{
	struct rig r;

	setup(&r);
	ck_assert(kbd_key(&r.k.dev, 0x1e, true)); /* A */
	ck_assert(kbd_key(&r.k.dev, 0x1e, false));
	ck_assert(kbd_key(&r.k.dev, 0xe048, true)); /* up */
	ck_assert(kbd_key(&r.k.dev, 0xe048, false));
	want(&r, (const u8[]){ 0x1e, 0x9e, 0xe0, 0x48, 0xe0, 0xc8 }, 6);
	out8(&r.b, 0x64, 0x60);
	out8(&r.b, 0x60, 0x01); /* no translation: set 2 as the keyboard sends it */
	kbd_key(&r.k.dev, 0x1e, true);
	kbd_key(&r.k.dev, 0x1e, false);
	kbd_key(&r.k.dev, 0xe048, true);
	kbd_key(&r.k.dev, 0xe048, false);
	want(&r, (const u8[]){ 0x1c, 0xf0, 0x1c, 0xe0, 0x75, 0xe0, 0xf0, 0x75 }, 8);
	keyboard(&r, 0xf0);
	keyboard(&r, 0x01);
	kbd_key(&r.k.dev, 0x3b, true); /* F1 */
	want(&r, (const u8[]){ 0x3b }, 1);
}
END_TEST

START_TEST(every_byte_is_an_edge)
{
	struct rig r;

	setup(&r);
	kbd_key(&r.k.dev, 0x1e, true);
	kbd_key(&r.k.dev, 0x1e, false);
	ck_assert_int_eq(r.b.rises[PROBE_IRQ1], 1);
	in8(&r.b, 0x60);
	ck_assert_int_eq(r.b.level[PROBE_IRQ1], 1);
	ck_assert_int_eq(r.b.rises[PROBE_IRQ1], 2);
	in8(&r.b, 0x60);
	ck_assert_int_eq(r.b.level[PROBE_IRQ1], 0);
	ck_assert_uint_eq(in8(&r.b, 0x60), 0x9e); /* the buffer keeps the last byte */
}
END_TEST

START_TEST(a_disabled_keyboard_waits)
{
	struct rig r;

	setup(&r);
	command(&r, 0xad);
	kbd_key(&r.k.dev, 0x1e, true);
	ck_assert_int_eq(next(&r), -1);
	ck_assert_int_eq(command(&r, 0xae), 0x1e);
	keyboard(&r, 0xf5);
	ck_assert(!kbd_key(&r.k.dev, 0x1e, true)); /* told not to scan */
}
END_TEST

START_TEST(the_queue_is_bounded)
{
	struct rig r;
	int kept = 0;

	setup(&r);
	for (int i = 0; i < 1000; i++)
		kept += kbd_key(&r.k.dev, 0xe048, true);
	ck_assert_int_eq(kept, 16); /* 32 bytes, and the one in the buffer */
	while (next(&r) >= 0)
		kept--;
	ck_assert_int_eq(kept, -16);
	for (int i = 0; i < 100; i++)
		keyboard(&r, 0xf2); /* answers do not overflow either */
}
END_TEST

START_TEST(no_mouse)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0x64, 0xd4);
	out8(&r.b, 0x60, 0xff);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x61, 0x61); /* a byte, as from the mouse, after a timeout */
	ck_assert_int_eq(r.b.level[PROBE_IRQ12], 1);
	ck_assert_int_eq(r.b.level[PROBE_IRQ1], 0);
	ck_assert_int_eq(next(&r), 0xfe);
	ck_assert_int_eq(r.b.level[PROBE_IRQ12], 0);
	out8(&r.b, 0x64, 0xd3); /* written as if from the mouse */
	out8(&r.b, 0x60, 0x5a);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x61, 0x21);
	ck_assert_int_eq(next(&r), 0x5a);
}
END_TEST

START_TEST(a20_and_reset)
{
	struct rig r;

	setup(&r);
	ck_assert_int_eq(r.b.level[PROBE_A20], 1);
	out8(&r.b, 0x64, 0xd1);
	out8(&r.b, 0x60, 0xdd);
	ck_assert_int_eq(r.b.level[PROBE_A20], 0);
	ck_assert_int_eq(command(&r, 0xd0), 0xdd);
	out8(&r.b, 0x64, 0xdf);
	ck_assert_int_eq(r.b.level[PROBE_A20], 1);
	out8(&r.b, 0x64, 0xdd);
	ck_assert_int_eq(r.b.level[PROBE_A20], 0);
	out8(&r.b, 0x64, 0xff); /* pulses nothing */
	ck_assert_int_eq(r.b.resets, 0);
	out8(&r.b, 0x64, 0xfe);
	ck_assert_int_eq(r.b.resets, 1);
	out8(&r.b, 0x64, 0xd1);
	out8(&r.b, 0x60, 0xde);
	ck_assert_int_eq(r.b.resets, 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		controller_commands,       keyboard_commands,    keys_in_both_sets, every_byte_is_an_edge,
		a_disabled_keyboard_waits, the_queue_is_bounded, no_mouse,          a20_and_reset,
	};

	return unit_run("kbd", tests, ARRAY_LEN(tests));
}
