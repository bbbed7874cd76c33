/* SPDX-License-Identifier: GPL-3.0-or-later
 * mouse.h - the state and wires of a PS/2 mouse, with or without a wheel.
 * Rule: bytes leave one by one through mouse_take; movement that finds no room is added up and goes later.
 */
#ifndef VITRINE_DEVICES_MOUSE_H
#define VITRINE_DEVICES_MOUSE_H

#include "core/device.h"

enum { MOUSE_QUEUE = 16 };
enum mouse_button { MOUSE_LEFT = 1, MOUSE_RIGHT = 2, MOUSE_MIDDLE = 4 };

#define MOUSE_STATE(F, S) \
	F(S, u8, queue, MOUSE_QUEUE, 0, HEX, "bytes to send, a ring") \
	F(S, u8, queue_head, 1, 0, DEC, "oldest byte in the ring") \
	F(S, u8, queue_count, 1, 0, DEC, "bytes in the ring") \
	F(S, u8, command, 1, 0, HEX, "command that waits for its parameter, 0 = none") \
	F(S, u8, reporting, 1, 0, BOOL, "it reports by itself") \
	F(S, u8, remote, 1, 0, BOOL, "it reports only when asked") \
	F(S, u8, wrap, 1, 0, BOOL, "it sends back what it receives") \
	F(S, u8, scaling, 1, 0, BOOL, "2:1 scaling (kept, without effect)") \
	F(S, u8, resolution, 1, 2, DEC, "counts per mm, as a power of two (kept, without effect)") \
	F(S, u8, rates, 3, 100, DEC, "the last three sample rates set, latest first") \
	F(S, u8, wheel, 1, 0, BOOL, "packets of four bytes, the last one of the wheel") \
	F(S, u8, buttons, 1, 0, BITS, "bit 0 left, bit 1 right, bit 2 middle: pressed") \
	F(S, u8, sent_buttons, 1, 0, BITS, "as last reported") \
	F(S, u32, dx, 1, 0, DEC, "movement not yet reported, two's complement, to the right") \
	F(S, u32, dy, 1, 0, DEC, "the same, upwards") \
	F(S, u32, dz, 1, 0, DEC, "the same, wheel towards the user")
STATE(mouse_state, 1, MOUSE_STATE);

struct mouse {
	struct device dev; /* first: a struct device * of this class is a struct mouse * */
	struct mouse_state s;
	struct irq_line ready; /* set to 1 whenever there may be a new byte to take */
};

extern const struct device_class mouse_class;

/* What the hand does: movement to the right and upwards, wheel towards the user, buttons now pressed. */
void mouse_move(struct device *d, int dx, int dy, int dz, u8 buttons);
/* From the controller: a byte for the mouse; and the next byte of the mouse, false if there is none. */
void mouse_write(void *mouse, u8 byte);
bool mouse_take(void *mouse, u8 *byte);

#endif
