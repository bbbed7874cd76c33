/* SPDX-License-Identifier: GPL-3.0-or-later
 * kbd.h - the state and wires of the keyboard controller and the keyboard behind it.
 * Rule: keys come in through kbd_key only; the queue is bounded, and what does not fit is lost as on a real
 * keyboard.
 */
#ifndef VITRINE_DEVICES_KBD_H
#define VITRINE_DEVICES_KBD_H

#include "core/device.h"

enum { KBD_QUEUE = 32 };

#define KBD_STATE(F, S) \
	F(S, u8, status, 1, 0x18, BITS, "status register, bits 2 to 7; bit 0 follows from 'full'") \
	F(S, u8, mode, 1, 0x43, BITS, "controller command byte") \
	F(S, u8, out_port, 1, 0xcf, BITS, "output port P2: bit 0 = not reset, bit 1 = A20") \
	F(S, u8, command, 1, 0, HEX, "controller command that waits for its data byte, 0 = none") \
	F(S, u8, data, 1, 0, HEX, "output buffer, port 60h") \
	F(S, u8, full, 1, 0, BOOL, "the output buffer holds an unread byte") \
	F(S, u8, reply, 1, 0, HEX, "answer of the controller that waits for the output buffer") \
	F(S, u8, reply_kind, 1, 0, DEC, \
	  "0 = none, 1 = as from the keyboard, 2 = as from the mouse, 3 = that and timeout") \
	F(S, u8, queue, KBD_QUEUE, 0, HEX, "bytes the keyboard has to send, a ring") \
	F(S, u8, queue_head, 1, 0, DEC, "oldest byte in the ring") \
	F(S, u8, queue_count, 1, 0, DEC, "bytes in the ring") \
	F(S, u8, kbd_command, 1, 0, HEX, "keyboard command that waits for its parameter, 0 = none") \
	F(S, u8, scanning, 1, 1, BOOL, "the keyboard reports keys") \
	F(S, u8, scan_set, 1, 2, DEC, "scan code set, 1 or 2") \
	F(S, u8, leds, 1, 0, BITS, "scroll, num, caps lock lights") \
	F(S, u8, typematic, 1, 0x2b, HEX, "repeat rate and delay; keys are not repeated here")
STATE(kbd_state, 1, KBD_STATE);

struct kbd {
	struct device dev; /* first: a struct device * of this class is a struct kbd * */
	struct kbd_state s;
	struct irq_line irq1, irq12; /* keyboard, mouse */
	struct irq_line a20;         /* bit 1 of the output port */
	/* What is at the second port: bytes to it, and its next byte. NULL: nothing. */
	struct kbd_aux {
		void (*send)(void *arg, u8 byte);
		bool (*take)(void *arg, u8 *byte);
		void *arg;
	} aux;
};

extern const struct device_class kbd_class;

/* A key goes down or up; `key` is its make code of set 1 (1 to 7Fh), plus E000h for the keys with that
 * prefix. False if it is lost: not scanning, or the keyboard's queue is full. */
bool kbd_key(struct device *d, u16 key, bool down);
/* The function of an irq_line: the device at the second port of the struct kbd that arg points to may have a
 * byte. */
void kbd_aux_ready(void *arg, int n, int level);

#endif
