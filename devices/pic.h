/* SPDX-License-Identifier: GPL-3.0-or-later
 * pic.h - the state and wires of an 8259A interrupt controller.
 * Rule: eight lines in, one line out; who is master and who slave is the board's wiring, not the chip's.
 */
#ifndef VITRINE_DEVICES_PIC_H
#define VITRINE_DEVICES_PIC_H

#include "core/device.h"

#define PIC_STATE(F, S) \
	F(S, u8, irr, 1, 0, BITS, "interrupt request register: lines that ask") \
	F(S, u8, isr, 1, 0, BITS, "in-service register: interrupts acknowledged, not yet ended") \
	F(S, u8, imr, 1, 0xff, BITS, "interrupt mask register: lines not listened to") \
	F(S, u8, line, 1, 0, BITS, "levels of the eight inputs") \
	F(S, u8, elcr, 1, 0, BITS, "lines that are level-triggered (PIIX3 edge/level control)") \
	F(S, u8, icw, 4, 0, HEX, "initialization command words 1 to 4") \
	F(S, u8, icw_next, 1, 0, DEC, "initialization word expected at the odd port: 2 to 4, 0 = none") \
	F(S, u8, lowest, 1, 7, DEC, "line of lowest priority; the one after it is the highest") \
	F(S, u8, read_isr, 1, 0, BOOL, "the even port reads ISR, not IRR") \
	F(S, u8, poll, 1, 0, BOOL, "the next read is a poll") \
	F(S, u8, special_mask, 1, 0, BOOL, "special mask mode") \
	F(S, u8, rotate_auto, 1, 0, BOOL, "rotate in automatic end-of-interrupt mode")
STATE(pic_state, 1, PIC_STATE);

struct pic {
	struct device dev; /* first: a struct device * of this class is a struct pic * */
	struct pic_state s;
	struct irq_line out;           /* INT */
	int (*cascade_ack)(void *arg); /* master only: asks the slave for its vector */
	void *cascade_arg;
};

/* The same chip at the two places of a PC: master at 20h (IRQ 0-7), slave at A0h (IRQ 8-15). */
extern const struct device_class pic1_class, pic2_class;

/* The function of an irq_line: input n (0 to 7) of the struct pic that arg points to. */
void pic_set_input(void *arg, int n, int level);
/* As if an edge had come at the input that has this vector, and its line gone again.  False: it is none of its vectors. */
bool pic_request(struct pic *p, u8 vector);
/* Interrupt acknowledge: the vector.  With nothing asking, that of line 7 (a spurious interrupt). arg:
 * struct pic. */
int pic_ack(void *arg);

#endif
