/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-uart.c - the 16550A: transmitter, receiver, interrupts and their order, modem lines.
 * Rule: facts from the data sheet (National PC16550D).
 */
#include "devices/uart.h"
#include "tests/unit/dev.h"

enum { RBR = 0x3f8, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };
enum { PROBE_IRQ };

struct rig {
	struct bench b;
	struct uart u;
};

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->u.irq = bench_line(&r->b, PROBE_IRQ);
	bench_add(&r->b, &r->u.dev, &uart_class, &r->u.s);
	out8(&r->b, MCR, 0x08); /* OUT2 */
}

START_TEST(reset_values)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(in8(&r.b, IER), 0);
	ck_assert_uint_eq(in8(&r.b, IIR), 1);
	ck_assert_uint_eq(in8(&r.b, LCR), 0);
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
	ck_assert_uint_eq(in8(&r.b, MSR), 0xb0);
	out8(&r.b, SCR, 0x5a);
	ck_assert_uint_eq(in8(&r.b, SCR), 0x5a);
	out8(&r.b, IER, 0xff);
	ck_assert_uint_eq(in8(&r.b, IER), 0x0f);
	out8(&r.b, MCR, 0xff);
	ck_assert_uint_eq(in8(&r.b, MCR), 0x1f);
}
END_TEST

START_TEST(sends)
{
	struct rig r;

	setup(&r);
	out8(&r.b, RBR, 'H');
	out8(&r.b, RBR, 'i');
	ck_assert_str_eq(r.b.text, "Hi");
	ck_assert_str_eq(r.b.channel, "uart");
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
}
END_TEST

START_TEST(divisor_behind_dlab)
{
	struct rig r;

	setup(&r);
	out8(&r.b, LCR, 0x83);
	out8(&r.b, RBR, 0x01);
	out8(&r.b, IER, 0xc2);
	ck_assert_uint_eq(in8(&r.b, RBR), 0x01);
	ck_assert_uint_eq(in8(&r.b, IER), 0xc2);
	out8(&r.b, LCR, 0x03);
	ck_assert_uint_eq(in8(&r.b, IER), 0);
	ck_assert_int_eq(r.b.ntext, 0);
}
END_TEST

START_TEST(a_16550_is_told_by_its_fifo_bits)
{
	struct rig r;

	setup(&r);
	out8(&r.b, FCR, 0x01);
	ck_assert_uint_eq(in8(&r.b, IIR), 0xc1);
	out8(&r.b, FCR, 0x00);
	ck_assert_uint_eq(in8(&r.b, IIR), 0x01);
}
END_TEST

START_TEST(transmitter_interrupt)
{
	struct rig r;

	setup(&r);
	out8(&r.b, IER, 2);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 1); /* empty now: at once */
	ck_assert_uint_eq(in8(&r.b, IIR), 2);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0); /* reading IIR ends it */
	ck_assert_uint_eq(in8(&r.b, IIR), 1);
	out8(&r.b, RBR, 'x');
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 1);
	out8(&r.b, RBR, 'y'); /* each byte is a new edge */
	ck_assert_int_eq(r.b.rises[PROBE_IRQ], 3);
	out8(&r.b, IER, 0);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
}
END_TEST

START_TEST(out2_opens_the_way_to_the_pic)
{
	struct rig r;

	setup(&r);
	out8(&r.b, MCR, 0);
	out8(&r.b, IER, 2);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
	out8(&r.b, MCR, 8);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 1);
}
END_TEST

START_TEST(receives_without_fifo)
{
	struct rig r;

	setup(&r);
	out8(&r.b, IER, 1);
	ck_assert_int_eq(uart_room(&r.u.dev), 1);
	uart_receive(&r.u.dev, 'a');
	ck_assert_int_eq(uart_room(&r.u.dev), 0);
	ck_assert_uint_eq(in8(&r.b, IIR), 4);
	ck_assert_uint_eq(in8(&r.b, LSR), 0x61);
	uart_receive(&r.u.dev, 'b'); /* overrun: the register holds the newer byte */
	ck_assert_uint_eq(in8(&r.b, LSR), 0x63);
	ck_assert_uint_eq(in8(&r.b, LSR), 0x61); /* told once */
	ck_assert_uint_eq(in8(&r.b, RBR), 'b');
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
}
END_TEST

START_TEST(receive_fifo_trigger_and_timeout)
{
	struct rig r;

	setup(&r);
	out8(&r.b, FCR, 0x81); /* trigger at 8 */
	out8(&r.b, IER, 1);
	out8(&r.b, LCR, 0x83);
	out8(&r.b, RBR, 1); /* 115200 baud: four characters of ten bits take 347.2 us */
	out8(&r.b, IER, 0);
	out8(&r.b, LCR, 0x03);
	for (int i = 0; i < 7; i++)
		uart_receive(&r.u.dev, (u8)i);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
	bench_wait(&r.b, 347000);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
	bench_wait(&r.b, 1000);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 1);
	ck_assert_uint_eq(in8(&r.b, IIR), 0xcc);
	ck_assert_uint_eq(in8(&r.b, RBR), 0); /* a read starts the wait anew */
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
	uart_receive(&r.u.dev, 7);
	uart_receive(&r.u.dev, 8);
	ck_assert_uint_eq(in8(&r.b, IIR), 0xc4);
	ck_assert_uint_eq(in8(&r.b, RBR), 1);
	ck_assert_uint_eq(in8(&r.b, IIR), 0xc1); /* below the trigger */
}
END_TEST

START_TEST(receive_fifo_overrun_and_clear)
{
	struct rig r;

	setup(&r);
	out8(&r.b, FCR, 0x01);
	for (int i = 0; i < 17; i++)
		uart_receive(&r.u.dev, (u8)(i + 1));
	ck_assert_uint_eq(in8(&r.b, LSR), 0x63);
	for (int i = 0; i < 16; i++)
		ck_assert_uint_eq(in8(&r.b, RBR), (u8)(i + 1)); /* the seventeenth is lost */
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
	uart_receive(&r.u.dev, 1);
	out8(&r.b, FCR, 0x03);
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
	ck_assert_uint_eq(clock_next_due(&r.b.clock), UINT64_MAX);
}
END_TEST

START_TEST(priority_of_interrupts)
{
	struct rig r;

	setup(&r);
	out8(&r.b, IER, 0x0f);
	uart_receive(&r.u.dev, 1);
	uart_receive(&r.u.dev, 2);
	out8(&r.b, MCR, 0x18); /* loopback: DCD and DSR CTS change */
	ck_assert_uint_eq(in8(&r.b, IIR), 6);
	in8(&r.b, LSR);
	ck_assert_uint_eq(in8(&r.b, IIR), 4);
	in8(&r.b, RBR);
	ck_assert_uint_eq(in8(&r.b, IIR), 2);
	ck_assert_uint_eq(in8(&r.b, IIR), 0);
	in8(&r.b, MSR);
	ck_assert_uint_eq(in8(&r.b, IIR), 1);
}
END_TEST

START_TEST(loopback)
{
	struct rig r;

	setup(&r);
	out8(&r.b, MCR, 0x1a);                          /* loop, OUT2, RTS */
	ck_assert_uint_eq(in8(&r.b, MSR) & 0xf0, 0x90); /* DCD, CTS */
	out8(&r.b, MCR, 0x1f);
	ck_assert_uint_eq(in8(&r.b, MSR) & 0xf0, 0xf0);
	out8(&r.b, RBR, 0xae);
	ck_assert_int_eq(r.b.ntext, 0);
	ck_assert_uint_eq(in8(&r.b, RBR), 0xae);
	uart_receive(&r.u.dev, 'x'); /* the pin is disconnected */
	ck_assert_uint_eq(in8(&r.b, LSR), 0x60);
	out8(&r.b, MCR, 0x1b); /* RI falls: its trailing edge counts, its rise would not */
	ck_assert_uint_eq(in8(&r.b, MSR) & 0x0f, 0x04);
	out8(&r.b, MCR, 0x1f);
	ck_assert_uint_eq(in8(&r.b, MSR) & 0x0f, 0x00);
}
END_TEST

START_TEST(who_listens)
{
	struct rig r;

	setup(&r);
	ck_assert(!uart_listens(&r.u.dev));
	for (int i = 0; i < 100; i++) { /* who sends looks too, but not without sending */
		in8(&r.b, LSR);
		in8(&r.b, LSR);
		out8(&r.b, RBR, 'x');
		ck_assert(!uart_listens(&r.u.dev));
	}
	for (int i = 0; i < 20; i++)
		in8(&r.b, LSR);
	ck_assert(uart_listens(&r.u.dev));
	out8(&r.b, RBR, 'x');
	ck_assert(!uart_listens(&r.u.dev));
	out8(&r.b, IER, 1);
	ck_assert(uart_listens(&r.u.dev));
	out8(&r.b, IER, 2);
	ck_assert(!uart_listens(&r.u.dev));
}
END_TEST

static void give_another(void *arg)
{
	struct rig *r = arg;

	if (r->u.s.scratch[0]++ < 3)
		uart_receive(&r->u.dev, 'b');
}

/* A byte that comes at once when one was taken still makes an edge of its own. */
START_TEST(a_byte_was_taken)
{
	struct rig r;

	setup(&r);
	r.u.taken = give_another;
	r.u.taken_arg = &r;
	out8(&r.b, IER, 1);
	in8(&r.b, RBR); /* nothing there, nothing taken */
	ck_assert_uint_eq(r.u.s.scratch[0], 0);
	uart_receive(&r.u.dev, 'a');
	ck_assert_int_eq(r.b.rises[PROBE_IRQ], 1);
	ck_assert_uint_eq(in8(&r.b, RBR), 'a');
	ck_assert_int_eq(r.b.rises[PROBE_IRQ], 2);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(in8(&r.b, RBR), 'b');
	ck_assert_int_eq(r.b.rises[PROBE_IRQ], 4);
	ck_assert_int_eq(r.b.level[PROBE_IRQ], 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		reset_values,
		sends,
		divisor_behind_dlab,
		a_16550_is_told_by_its_fifo_bits,
		transmitter_interrupt,
		out2_opens_the_way_to_the_pic,
		receives_without_fifo,
		receive_fifo_trigger_and_timeout,
		receive_fifo_overrun_and_clear,
		priority_of_interrupts,
		loopback,
		who_listens,
		a_byte_was_taken,
	};

	return unit_run("uart", tests, ARRAY_LEN(tests));
}
