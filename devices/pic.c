/* SPDX-License-Identifier: GPL-3.0-or-later
 * pic.c - 8259A programmable interrupt controller: which of eight lines may interrupt the processor now.
 * Ports: 20h-21h (master), A0h-A1h (slave), 4D0h/4D1h (edge/level control of the PIIX3).
 * Rule: after every change of state the output is driven again; it is high exactly while some line is to be
 * served.
 * NOT MODELLED: 8080 mode (ICW4 bit 0 clear gives 8086 vectors all the same), buffered mode.
 * Source: Intel 8259A data sheet (231468); for the edge/level registers, Intel 82371SB (290550) 3.2.6.
 */
#include "devices/pic.h"

enum { ICW1_IC4 = 1, ICW1_SNGL = 2, ICW1_LTIM = 8, ICW1 = 0x10 };
enum { ICW4_AEOI = 2, ICW4_SFNM = 0x10 };
enum { OCW2_LEVEL = 7, OCW2_EOI = 0x20, OCW2_SL = 0x40, OCW2_R = 0x80 };
enum { OCW3_RIS = 1, OCW3_RR = 2, OCW3_POLL = 4, OCW3 = 8, OCW3_SMM = 0x20, OCW3_ESMM = 0x40 };
enum { CLAIM_COMMAND, CLAIM_ELCR };

static struct pic *of(struct device *d)
{
	return (struct pic *)d;
}

static bool is_slave(const struct pic *p)
{
	return p->dev.class == &pic2_class;
}

/* Lines whose level counts, not their rise. */
static u8 level_triggered(const struct pic_state *s)
{
	return s->icw[0] & ICW1_LTIM ? 0xff : s->elcr[0];
}

/* The line to be served next, or -1: the highest priority that asks, unless an equal or higher one is in
 * service. */
static int pending(const struct pic *p)
{
	const struct pic_state *s = &p->s;
	u8 asking = s->irr[0] & (u8)~s->imr[0];
	u8 blocking = s->isr[0];

	if (s->special_mask[0])
		blocking &= (u8)~s->imr[0];
	if (s->icw[3] & ICW4_SFNM && !is_slave(p)) /* a slave may ask again while it is served */
		blocking &= (u8)~s->icw[2];
	for (int i = 1; i <= 8; i++) {
		int n = (s->lowest[0] + i) & 7;

		if (blocking >> n & 1)
			return -1;
		if (asking >> n & 1)
			return n;
	}
	return -1;
}

static void update(struct pic *p)
{
	irq_set(&p->out, pending(p) >= 0);
}

void pic_set_input(void *arg, int n, int level)
{
	struct pic *p = arg;
	struct pic_state *s = &p->s;
	u8 bit = (u8)(1 << (n & 7));
	bool was = s->line[0] & bit;

	if (was == !!level)
		return;
	/* An edge is remembered only while the line stays up: one that falls too early is a spurious
	 * interrupt. */
	if (level) {
		s->line[0] |= bit;
		s->irr[0] |= bit;
	} else {
		s->line[0] &= (u8)~bit;
		s->irr[0] &= (u8)~bit;
	}
	if (p->dev.world->events && event_wanted(p->dev.world->events, EV_irq)) {
		struct event ev = { .kind = EV_irq, .time = device_now(&p->dev) };

		ev.irq.line = (u8)((n & 7) + (is_slave(p) ? 8 : 0));
		ev.irq.level = !!level;
		event_emit(p->dev.world->events, &ev);
	}
	update(p);
}

/* Line n enters service. */
static void serve(struct pic *p, int n)
{
	struct pic_state *s = &p->s;
	u8 bit = (u8)(1 << n);

	if (!(level_triggered(s) & bit))
		s->irr[0] &= (u8)~bit;
	if (!(s->icw[3] & ICW4_AEOI))
		s->isr[0] |= bit;
	else if (s->rotate_auto[0])
		s->lowest[0] = (u8)n;
}

bool pic_request(struct pic *p, u8 vector)
{
	if (!p->s.icw[1] || (vector & 0xf8) != (p->s.icw[1] & 0xf8))
		return false;
	p->s.irr[0] |= (u8)(1 << (vector & 7));
	update(p);
	return true;
}

int pic_ack(void *arg)
{
	struct pic *p = arg;
	int n = pending(p), vector;

	if (n < 0)
		return (p->s.icw[1] & 0xf8) | 7;
	serve(p, n);
	if (p->s.icw[2] >> n & 1 && p->cascade_ack && !(p->s.icw[0] & ICW1_SNGL))
		vector = p->cascade_ack(p->cascade_arg);
	else
		vector = (p->s.icw[1] & 0xf8) | n;
	update(p);
	return vector;
}

static void write_icw1(struct pic_state *s, u8 value)
{
	s->icw[0] = value;
	s->icw[1] = s->icw[2] = s->icw[3] = 0;
	s->icw_next[0] = 2;
	s->imr[0] = s->isr[0] = 0;
	s->irr[0] = s->line[0] & level_triggered(s); /* the edge detectors want a new rise */
	s->lowest[0] = 7;
	s->special_mask[0] = s->read_isr[0] = s->poll[0] = s->rotate_auto[0] = 0;
}

/* The in-service line of highest priority, or -1. */
static int top_in_service(const struct pic_state *s)
{
	u8 isr = s->special_mask[0] ? s->isr[0] & (u8)~s->imr[0] : s->isr[0];

	for (int i = 1; i <= 8; i++)
		if (isr >> ((s->lowest[0] + i) & 7) & 1)
			return (s->lowest[0] + i) & 7;
	return -1;
}

static void write_ocw2(struct pic_state *s, u8 value)
{
	bool rotate = value & OCW2_R;
	int n = value & OCW2_SL ? value & OCW2_LEVEL : top_in_service(s);

	if (!(value & (OCW2_EOI | OCW2_SL))) {
		s->rotate_auto[0] = rotate;
		return;
	}
	if (n < 0)
		return;
	if (value & OCW2_EOI)
		s->isr[0] &= (u8) ~(1 << n);
	if (rotate) /* R SL without EOI is "set priority"; SL alone does nothing */
		s->lowest[0] = (u8)n;
}

static void write_ocw3(struct pic_state *s, u8 value)
{
	if (value & OCW3_ESMM)
		s->special_mask[0] = !!(value & OCW3_SMM);
	if (value & OCW3_RR)
		s->read_isr[0] = value & OCW3_RIS;
	s->poll[0] = !!(value & OCW3_POLL);
}

/* The odd port: the initialization words still due, else the mask (OCW1). */
static void write_odd(struct pic_state *s, u8 value)
{
	switch (s->icw_next[0]) {
	case 2:
		s->icw[1] = value;
		s->icw_next[0] = !(s->icw[0] & ICW1_SNGL) ? 3 : s->icw[0] & ICW1_IC4 ? 4 : 0;
		break;
	case 3:
		s->icw[2] = value;
		s->icw_next[0] = s->icw[0] & ICW1_IC4 ? 4 : 0;
		break;
	case 4:
		s->icw[3] = value;
		s->icw_next[0] = 0;
		break;
	default: s->imr[0] = value;
	}
}

static void write_elcr(struct pic *p, u8 value)
{
	struct pic_state *s = &p->s;

	/* IRQ 0, 1, 2, 8 and 13 are wired to edge-triggered devices of the board. */
	s->elcr[0] = value & (is_slave(p) ? 0xde : 0xf8);
	s->irr[0] |= s->line[0] & s->elcr[0];
}

static void pic_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct pic *p = of(d);
	u8 v = (u8)value;

	if (claim == &d->class->claims[CLAIM_ELCR])
		write_elcr(p, v);
	else if (offset)
		write_odd(&p->s, v);
	else if (v & ICW1)
		write_icw1(&p->s, v);
	else if (v & OCW3)
		write_ocw3(&p->s, v);
	else
		write_ocw2(&p->s, v);
	update(p);
}

/* A read as an acknowledge: bit 7 and the line (data sheet, "Poll command"). */
static u8 read_poll(struct pic *p)
{
	int n = pending(p);

	p->s.poll[0] = 0;
	if (n < 0)
		return 0;
	serve(p, n);
	update(p);
	return (u8)(0x80 | n);
}

static u64 pic_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct pic *p = of(d);

	if (claim == &d->class->claims[CLAIM_ELCR])
		return p->s.elcr[0];
	if (p->s.poll[0])
		return read_poll(p);
	if (offset)
		return p->s.imr[0];
	return p->s.read_isr[0] ? p->s.isr[0] : p->s.irr[0];
}

static void pic_reset(struct device *d)
{
	update(of(d));
}

static void pic_restored(struct device *d)
{
	of(d)->s.lowest[0] &= 7;
	update(of(d));
}

static const char *const command_regs[] = { "command", "mask" };
static const char *const elcr_regs[] = { "edge/level" };

static const struct claim pic1_claims[] = {
	[CLAIM_COMMAND] = { SPACE_PORT, 0x20, 2, command_regs, 2, 1 },
	[CLAIM_ELCR] = { SPACE_PORT, 0x4d0, 1, elcr_regs, 1, 1 },
};
static const struct claim pic2_claims[] = {
	[CLAIM_COMMAND] = { SPACE_PORT, 0xa0, 2, command_regs, 2, 1 },
	[CLAIM_ELCR] = { SPACE_PORT, 0x4d1, 1, elcr_regs, 1, 1 },
};

const struct device_class pic1_class = {
	.name = "pic1",
	.brief = "8259A interrupt controller, master: IRQ 0 to 7",
	.layout = &pic_state_layout,
	.claims = pic1_claims,
	.nclaims = ARRAY_LEN(pic1_claims),
	.read = pic_read,
	.write = pic_write,
	.reset = pic_reset,
	.restored = pic_restored,
};
const struct device_class pic2_class = {
	.name = "pic2",
	.brief = "8259A interrupt controller, slave: IRQ 8 to 15",
	.layout = &pic_state_layout,
	.claims = pic2_claims,
	.nclaims = ARRAY_LEN(pic2_claims),
	.read = pic_read,
	.write = pic_write,
	.reset = pic_reset,
	.restored = pic_restored,
};
