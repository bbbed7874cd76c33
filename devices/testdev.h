/* SPDX-License-Identifier: GPL-3.0-or-later
 * testdev.h - the state of the ports that tests and graders use.
 * Rule: a guest says here what it wants known; nothing comes back.
 */
#ifndef VITRINE_DEVICES_TESTDEV_H
#define VITRINE_DEVICES_TESTDEV_H

#include "core/device.h"

#define TESTDEV_STATE(F, S) \
	F(S, u64, marks, 1, 0, DEC, "markers written since the last reset") \
	F(S, u32, last_mark, 1, 0, HEX, "the latest of them")
STATE(testdev_state, 1, TESTDEV_STATE);

struct testdev {
	struct device dev; /* first: a struct device * of this class is a struct testdev * */
	struct testdev_state s;
};

extern const struct device_class testdev_class;

#endif
