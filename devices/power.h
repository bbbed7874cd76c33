/* SPDX-License-Identifier: GPL-3.0-or-later
 * power.h - the state of the power-off ports.
 * Rule: whoever switches off here means it: the program's exit status is 0.
 */
#ifndef VITRINE_DEVICES_POWER_H
#define VITRINE_DEVICES_POWER_H

#include "core/device.h"

#define POWER_STATE(F, S) \
	F(S, u16, control, 1, 1, BITS, "PM1 control register: bit 0 SCI enable, bits 10-12 sleep type") \
	F(S, u8, matched, 1, 0, DEC, "characters of \"Shutdown\" seen at port 8900h")
STATE(power_state, 1, POWER_STATE);

struct power {
	struct device dev; /* first: a struct device * of this class is a struct power * */
	struct power_state s;
};

extern const struct device_class power_class;

#endif
