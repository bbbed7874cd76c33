/* SPDX-License-Identifier: GPL-3.0-or-later
 * port92.h - the state and wires of system control port A.
 * Rule: one register, two wires: the A20 gate and the processor's reset.
 */
#ifndef VITRINE_DEVICES_PORT92_H
#define VITRINE_DEVICES_PORT92_H

#include "core/device.h"

#define PORT92_STATE(F, S) \
	F(S, u8, value, 1, 0, BITS, "bit 0 resets the processor when it rises, bit 1 opens the A20 gate")
STATE(port92_state, 1, PORT92_STATE);

struct port92 {
	struct device dev; /* first: a struct device * of this class is a struct port92 * */
	struct port92_state s;
	struct irq_line a20;
};

extern const struct device_class port92_class;

#endif
