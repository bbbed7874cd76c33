/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-pic.c - the 8259A, alone and as the pair of a PC.
 * Rule: facts from the data sheet (Intel 231468), by its headings.
 */
#include <stdio.h>

#include "devices/pic.h"
#include "tests/unit/dev.h"

enum { PROBE_INT };

struct pair {
	struct bench b;
	struct pic master, slave;
};

static void program(struct bench *b, u16 port, u8 vector, u8 icw3, u8 icw4)
{
	out8(b, port, 0x11);
	out8(b, port + 1, vector);
	out8(b, port + 1, icw3);
	out8(b, port + 1, icw4);
}

static void setup(struct pair *p)
{
	memset(p, 0, sizeof(*p));
	bench_init(&p->b);
	p->master.out = bench_line(&p->b, PROBE_INT);
	p->master.cascade_ack = pic_ack;
	p->master.cascade_arg = &p->slave;
	p->slave.out = (struct irq_line){ pic_set_input, &p->master, 2 };
	bench_add(&p->b, &p->master.dev, &pic1_class, &p->master.s);
	bench_add(&p->b, &p->slave.dev, &pic2_class, &p->slave.s);
	program(&p->b, 0x20, 0x20, 0x04, 0x01);
	program(&p->b, 0xa0, 0x28, 0x02, 0x01);
}

static void pulse(struct pic *p, int n)
{
	pic_set_input(p, n, 0);
	pic_set_input(p, n, 1);
}

static u8 isr(struct pair *p)
{
	out8(&p->b, 0x20, 0x0b);
	return in8(&p->b, 0x20);
}

static u8 irr(struct pair *p)
{
	out8(&p->b, 0x20, 0x0a);
	return in8(&p->b, 0x20);
}

START_TEST(fully_nested_mode)
{
	struct pair p;

	setup(&p);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	pulse(&p.master, 4);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_uint_eq(irr(&p), 0x10);
	ck_assert_int_eq(pic_ack(&p.master), 0x24);
	ck_assert_uint_eq(irr(&p), 0);
	ck_assert_uint_eq(isr(&p), 0x10);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);

	pulse(&p.master, 5); /* lower: waits */
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	pulse(&p.master, 1); /* higher: interrupts */
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x21);
	ck_assert_uint_eq(isr(&p), 0x12);
	out8(&p.b, 0x20, 0x20); /* non-specific EOI ends the highest */
	ck_assert_uint_eq(isr(&p), 0x10);
	out8(&p.b, 0x20, 0x64); /* specific EOI of line 4 */
	ck_assert_uint_eq(isr(&p), 0);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x25);
}
END_TEST

START_TEST(a_held_line_is_one_edge)
{
	struct pair p;

	setup(&p);
	pic_set_input(&p.master, 3, 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x23);
	out8(&p.b, 0x20, 0x20);
	pic_set_input(&p.master, 3, 1);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	pulse(&p.master, 3);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
}
END_TEST

START_TEST(a_level_asks_again)
{
	struct pair p;

	setup(&p);
	out8(&p.b, 0x4d0, 0xff);
	ck_assert_uint_eq(in8(&p.b, 0x4d0), 0xf8); /* 0, 1 and 2 are edges for ever */
	out8(&p.b, 0x4d1, 0xff);
	ck_assert_uint_eq(in8(&p.b, 0x4d1), 0xde);
	pic_set_input(&p.master, 5, 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x25);
	ck_assert_uint_eq(irr(&p), 0x20);
	out8(&p.b, 0x20, 0x20);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	pic_set_input(&p.master, 5, 0);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
}
END_TEST

START_TEST(spurious_interrupts_are_line_7_and_leave_no_trace)
{
	struct pair p;

	setup(&p);
	pic_set_input(&p.master, 3, 1);
	pic_set_input(&p.master, 3, 0); /* too early */
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	ck_assert_int_eq(pic_ack(&p.master), 0x27);
	ck_assert_uint_eq(isr(&p), 0);
	/* The slave's: the master has put line 2 into service and wants its EOI. */
	pulse(&p.slave, 6);
	p.slave.s.irr[0] = 0;
	ck_assert_int_eq(pic_ack(&p.master), 0x2f);
	ck_assert_uint_eq(isr(&p), 0x04);
}
END_TEST

START_TEST(cascade)
{
	struct pair p;

	setup(&p);
	pulse(&p.slave, 0);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x28);
	ck_assert_uint_eq(isr(&p), 0x04);
	pulse(&p.master, 1); /* above the slave */
	ck_assert_int_eq(pic_ack(&p.master), 0x21);
	out8(&p.b, 0x20, 0x20);
	pulse(&p.slave, 3); /* below line 0 of the slave, which is in service */
	out8(&p.b, 0xa0, 0x20);
	out8(&p.b, 0x20, 0x20);
	ck_assert_int_eq(pic_ack(&p.master), 0x2b);
}
END_TEST

START_TEST(masks)
{
	struct pair p;

	setup(&p);
	out8(&p.b, 0x21, 0x10);
	ck_assert_uint_eq(in8(&p.b, 0x21), 0x10);
	pulse(&p.master, 4);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	ck_assert_uint_eq(irr(&p), 0x10);
	out8(&p.b, 0x21, 0);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
}
END_TEST

START_TEST(special_mask_mode_lets_lower_lines_in)
{
	struct pair p;

	setup(&p);
	pulse(&p.master, 3);
	pic_ack(&p.master);
	pulse(&p.master, 6);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
	out8(&p.b, 0x21, 0x08);
	out8(&p.b, 0x20, 0x68); /* ESMM, SMM */
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x26);
	out8(&p.b, 0x20, 0x20); /* the masked level 3 is not what it ends */
	ck_assert_uint_eq(isr(&p), 0x08);
	out8(&p.b, 0x20, 0x48);
	pulse(&p.master, 6);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
}
END_TEST

START_TEST(rotation)
{
	struct pair p;

	setup(&p);
	pulse(&p.master, 4);
	pic_ack(&p.master);
	out8(&p.b, 0x20, 0xa0); /* rotate on non-specific EOI: 4 is the lowest now, 5 the highest */
	pulse(&p.master, 4);
	pulse(&p.master, 0);
	pulse(&p.master, 5);
	ck_assert_int_eq(pic_ack(&p.master), 0x25);
	out8(&p.b, 0x20, 0xe5); /* rotate on specific EOI: 6 is the highest */
	ck_assert_int_eq(pic_ack(&p.master), 0x20);
	out8(&p.b, 0x20, 0x20);
	out8(&p.b, 0x20, 0xc3); /* set priority: 3 is the lowest, 4 the highest */
	pulse(&p.master, 0);
	ck_assert_int_eq(pic_ack(&p.master), 0x24);
	out8(&p.b, 0x20, 0x40); /* no operation */
	ck_assert_uint_eq(isr(&p), 0x10);
}
END_TEST

START_TEST(automatic_end_of_interrupt)
{
	struct pair p;

	setup(&p);
	program(&p.b, 0x20, 0x20, 0x04, 0x03);
	pulse(&p.master, 3);
	ck_assert_int_eq(pic_ack(&p.master), 0x23);
	ck_assert_uint_eq(isr(&p), 0);
	out8(&p.b, 0x20, 0x80); /* rotate in AEOI mode */
	pulse(&p.master, 3);
	pic_ack(&p.master);
	pulse(&p.master, 3);
	pulse(&p.master, 6);
	ck_assert_int_eq(pic_ack(&p.master), 0x26);
	out8(&p.b, 0x20, 0x00); /* and no longer */
	pulse(&p.master, 7);
	pulse(&p.master, 0);
	ck_assert_int_eq(pic_ack(&p.master), 0x27);
}
END_TEST

START_TEST(special_fully_nested_mode_hears_the_slave_again)
{
	struct pair p;

	setup(&p);
	program(&p.b, 0x20, 0x20, 0x04, 0x11);
	pulse(&p.slave, 5);
	ck_assert_int_eq(pic_ack(&p.master), 0x2d);
	pulse(&p.slave, 1);
	ck_assert_int_eq(p.b.level[PROBE_INT], 1);
	ck_assert_int_eq(pic_ack(&p.master), 0x29);
}
END_TEST

START_TEST(poll)
{
	struct pair p;

	setup(&p);
	out8(&p.b, 0x20, 0x0c);
	ck_assert_uint_eq(in8(&p.b, 0x20), 0x00);
	pulse(&p.master, 6);
	out8(&p.b, 0x20, 0x0c);
	ck_assert_uint_eq(in8(&p.b, 0x20), 0x86);
	ck_assert_uint_eq(isr(&p), 0x40);
	ck_assert_int_eq(p.b.level[PROBE_INT], 0);
}
END_TEST

START_TEST(icw1_starts_over)
{
	struct pair p;

	setup(&p);
	out8(&p.b, 0x21, 0xff);
	pulse(&p.master, 4);
	out8(&p.b, 0x20, 0x13); /* single, with ICW4 */
	out8(&p.b, 0x21, 0x70);
	out8(&p.b, 0x21, 0x01); /* ICW4, not ICW3 */
	ck_assert_uint_eq(in8(&p.b, 0x21), 0x00);
	ck_assert_uint_eq(irr(&p), 0); /* edges are forgotten, though the line is still up */
	pulse(&p.master, 2);
	ck_assert_int_eq(pic_ack(&p.master), 0x72); /* not the slave's */
	out8(&p.b, 0x20, 0x1b);                     /* level-triggered */
	out8(&p.b, 0x21, 0x70);
	out8(&p.b, 0x21, 0x01);
	ck_assert_uint_eq(irr(&p), 0x14); /* the lines that are up */
}
END_TEST

static enum verdict note(void *arg, const struct event *ev)
{
	char *text = arg;

	snprintf(text + strlen(text), 16, "%d=%d ", ev->irq.line, ev->irq.level);
	return EV_GO;
}

START_TEST(irq_events_name_the_line)
{
	struct pair p;
	char text[128] = "";

	setup(&p);
	event_subscribe(&p.b.events, EV_BIT(irq), note, text);
	pic_set_input(&p.slave, 4, 1);
	pic_set_input(&p.slave, 4, 1); /* a repeated level is no event */
	pic_ack(&p.master);
	pic_set_input(&p.slave, 4, 0);
	ck_assert_str_eq(text, "12=1 2=1 2=0 12=0 ");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		fully_nested_mode,
		a_held_line_is_one_edge,
		a_level_asks_again,
		spurious_interrupts_are_line_7_and_leave_no_trace,
		cascade,
		masks,
		special_mask_mode_lets_lower_lines_in,
		rotation,
		automatic_end_of_interrupt,
		special_fully_nested_mode_hears_the_slave_again,
		poll,
		icw1_starts_over,
		irq_events_name_the_line,
	};

	return unit_run("pic", tests, ARRAY_LEN(tests));
}
