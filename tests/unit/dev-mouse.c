/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-mouse.c - the mouse, as a guest meets it: through the 8042's second port.
 * Rule: facts from IBM's technical reference and Microsoft's wheel protocol.
 */
#include "devices/kbd.h"
#include "devices/mouse.h"
#include "tests/unit/dev.h"

enum { PROBE_IRQ1, PROBE_IRQ12 };

struct rig {
	struct bench b;
	struct kbd k;
	struct mouse m;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->k.irq1 = bench_line(&r->b, PROBE_IRQ1);
	r->k.irq12 = bench_line(&r->b, PROBE_IRQ12);
	r->k.aux = (struct kbd_aux){ mouse_write, mouse_take, &r->m };
	r->m.ready = (struct irq_line){ kbd_aux_ready, &r->k, 0 };
	bench_add(&r->b, &r->k.dev, &kbd_class, &r->k.s);
	bench_add(&r->b, &r->m.dev, &mouse_class, &r->m.s);
	out8(&r->b, 0x64, 0x60); /* both interrupts, both clocks on */
	out8(&r->b, 0x60, 0x47);
}

/* The next byte from the mouse, or -1. */
static int next(struct rig *r)
{
	u8 status = in8(&r->b, 0x64);

	if (!(status & 1))
		return -1;
	ck_assert_uint_eq(status & 0x20, 0x20);
	ck_assert_int_eq(r->b.level[PROBE_IRQ12], 1);
	ck_assert_int_eq(r->b.level[PROBE_IRQ1], 0);
	return in8(&r->b, 0x60);
}

static int command(struct rig *r, u8 v)
{
	out8(&r->b, 0x64, 0xd4);
	out8(&r->b, 0x60, v);
	return next(r);
}

static void want_packet(struct rig *r, int a, int b, int c)
{
	ck_assert_int_eq(next(r), a);
	ck_assert_int_eq(next(r), b);
	ck_assert_int_eq(next(r), c);
}

START_TEST(reset_and_identity)
{
	struct rig r;

	setup(&r);
	ck_assert_int_eq(command(&r, 0xff), 0xfa);
	ck_assert_int_eq(next(&r), 0xaa);
	ck_assert_int_eq(next(&r), 0x00);
	ck_assert_int_eq(next(&r), -1);
	ck_assert_int_eq(r.b.level[PROBE_IRQ12], 0);
	ck_assert_int_eq(command(&r, 0xf2), 0xfa);
	ck_assert_int_eq(next(&r), 0x00);
	ck_assert_int_eq(command(&r, 0x12), 0xfe); /* no command */
}
END_TEST

START_TEST(reports)
{
	struct rig r;

	setup(&r);
	mouse_move(&r.m.dev, 5, 5, 0, 0);
	ck_assert_int_eq(next(&r), -1); /* not enabled: it has not looked */
	ck_assert_int_eq(command(&r, 0xf4), 0xfa);
	mouse_move(&r.m.dev, 10, -3, 0, MOUSE_LEFT);
	want_packet(&r, 0x29, 10, 0xfd);
	mouse_move(&r.m.dev, -300, 0, 0, 0); /* more than nine bits hold: in two reports */
	want_packet(&r, 0x18, 0x00, 0);
	want_packet(&r, 0x18, 0xd4, 0);
	ck_assert_int_eq(next(&r), -1);
	mouse_move(&r.m.dev, 0, 0, 0, MOUSE_RIGHT | MOUSE_MIDDLE);
	want_packet(&r, 0x0e, 0, 0);
	mouse_move(&r.m.dev, 0, 0, 0, MOUSE_RIGHT | MOUSE_MIDDLE);
	ck_assert_int_eq(next(&r), -1); /* nothing new */
	ck_assert_int_eq(command(&r, 0xf5), 0xfa);
	mouse_move(&r.m.dev, 1, 1, 0, 0);
	ck_assert_int_eq(next(&r), -1);
}
END_TEST

START_TEST(movement_adds_up)
{
	struct rig r;

	setup(&r);
	command(&r, 0xf4);
	for (int i = 0; i < 100; i++)
		mouse_move(&r.m.dev, 2, 1, 0, 0);
	want_packet(&r, 0x08, 2, 1); /* the first was ready at once; the rest came together */
	want_packet(&r, 0x08, 198, 99);
	ck_assert_int_eq(next(&r), -1);
}
END_TEST

START_TEST(wheel)
{
	struct rig r;
	static const u8 knock[] = { 200, 100, 80 };

	setup(&r);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(command(&r, 0xf3), 0xfa);
		ck_assert_int_eq(command(&r, knock[i]), 0xfa);
	}
	ck_assert_int_eq(command(&r, 0xf2), 0xfa);
	ck_assert_int_eq(next(&r), 3);
	command(&r, 0xf4);
	mouse_move(&r.m.dev, 1, 2, -1, 0);
	want_packet(&r, 0x08, 1, 2);
	ck_assert_int_eq(next(&r), 0xff);
	ck_assert_int_eq(command(&r, 0xff), 0xfa);
	next(&r);
	next(&r);
	command(&r, 0xf2);
	ck_assert_int_eq(next(&r), 0); /* forgotten */
}
END_TEST

START_TEST(questions)
{
	struct rig r;

	setup(&r);
	command(&r, 0xe8);
	command(&r, 3);
	command(&r, 0xe7);
	command(&r, 0xf4);
	ck_assert_int_eq(command(&r, 0xe9), 0xfa);
	want_packet(&r, 0x30, 3, 100);
	ck_assert_int_eq(command(&r, 0xf0), 0xfa); /* remote: only when asked */
	mouse_move(&r.m.dev, 7, 0, 0, 0);
	ck_assert_int_eq(next(&r), -1);
	ck_assert_int_eq(command(&r, 0xee), 0xfa); /* wrap: an echo */
	ck_assert_int_eq(command(&r, 0xf4), 0xf4);
	ck_assert_int_eq(command(&r, 0xec), 0xfa);
	ck_assert_int_eq(command(&r, 0xea), 0xfa);
	mouse_move(&r.m.dev, 7, 0, 0, 0);
	want_packet(&r, 0x08, 7, 0);
}
END_TEST

/* Keys and mouse at the same time; and a clock that is held. */
START_TEST(two_ports)
{
	struct rig r;

	setup(&r);
	command(&r, 0xf4);
	mouse_move(&r.m.dev, 1, 0, 0, 0);
	kbd_key(&r.k.dev, 0x1e, true);
	ck_assert_int_eq(next(&r), 0x08);
	ck_assert_uint_eq(in8(&r.b, 0x64) & 0x21,
			  0x01); /* the key comes in between: the controller has two ears */
	ck_assert_uint_eq(in8(&r.b, 0x60), 0x1e);
	ck_assert_int_eq(next(&r), 1);
	ck_assert_int_eq(next(&r), 0);
	out8(&r.b, 0x64, 0xa7); /* second port off */
	mouse_move(&r.m.dev, 1, 0, 0, 0);
	ck_assert_int_eq(next(&r), -1);
	out8(&r.b, 0x64, 0xa8);
	want_packet(&r, 0x08, 1, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reset_and_identity, reports, movement_adds_up, wheel, questions, two_ports,
	};

	return unit_run("mouse", tests, ARRAY_LEN(tests));
}
