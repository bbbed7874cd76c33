/* SPDX-License-Identifier: GPL-3.0-or-later
 * debugcon.h - the state of the debug console.
 * Rule: a byte written goes out at once; there is nothing to wait for.
 */
#ifndef VITRINE_DEVICES_DEBUGCON_H
#define VITRINE_DEVICES_DEBUGCON_H

#include "core/device.h"

#define DEBUGCON_STATE(F, S) F(S, u64, written, 1, 0, DEC, "bytes written since the last reset")
STATE(debugcon_state, 1, DEBUGCON_STATE);

struct debugcon {
	struct device dev; /* first: a struct device * of this class is a struct debugcon * */
	struct debugcon_state s;
};

extern const struct device_class debugcon_class;

#endif
