/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-firmware.h - what the board tells its BIOS, and, when there is none, what a BIOS would have done.
 * Rule: only pc*.c includes it.
 */
#ifndef VITRINE_DEVICES_PC_FIRMWARE_H
#define VITRINE_DEVICES_PC_FIRMWARE_H

#include "core/vm.h"
#include "devices/acpi.h"
#include "devices/fwcfg.h"
#include "devices/pc-priv.h"
#include "devices/rtc.h"

#define PC_ACPI_RSDP 0xe0000u /* where the tables begin, without a BIOS */

#define PC_FIRMWARE_STATE(F, S) F(S, u32, setups, 1, 0, DEC, "times the board was set up without a BIOS")
STATE(pc_firmware_state, 1, PC_FIRMWARE_STATE);

/* A device, so that it takes part in resets. */
struct pc_firmware {
	struct device dev; /* first: a struct device * of this class is a struct pc_firmware * */
	struct pc_firmware_state s;
	struct vm *vm;
	const struct pc_memory *memory;
	struct rtc *rtc;
	struct fwcfg *fwcfg;
	const struct disk *disk; /* the first one that a BIOS sees, or NULL */
	bool bios;               /* there is one: it sets the board up itself */
	struct acpi acpi;
};

extern const struct device_class pc_firmware_class;

/* Fill CMOS and firmware configuration, build the tables. The members above are set, all devices exist. */
int pc_firmware_build(struct pc_firmware *f, const struct pc_config *config, struct err *err);
void pc_firmware_release(struct pc_firmware *f);

#endif
