/* SPDX-License-Identifier: GPL-3.0-or-later
 * fwcfg.h - the firmware configuration interface: small read-only items from the board for the firmware.
 * Rule: items are put in before the machine starts and never change; the state is only where the guest reads.
 */
#ifndef VITRINE_DEVICES_FWCFG_H
#define VITRINE_DEVICES_FWCFG_H

#include "core/device.h"

enum { FWCFG_ITEMS = 24, FWCFG_FILES = 8, FWCFG_BYTES = 512, FWCFG_FILE_ENTRY = 64 };
/* Keys of items without a name (QEMU, docs/specs/fw_cfg) */
/* clang-format off */
enum { FWCFG_SIGNATURE = 0, FWCFG_ID = 1, FWCFG_RAM_SIZE = 3, FWCFG_NB_CPUS = 5, FWCFG_MAX_CPUS = 0xf,
       FWCFG_FILE_DIR = 0x19, FWCFG_FILE_FIRST = 0x20 };
/* clang-format on */

#define FWCFG_STATE(F, S) \
	F(S, u16, key, 1, 0, HEX, "item selected") \
	F(S, u32, offset, 1, 0, DEC, "bytes of it read")
STATE(fwcfg_state, 1, FWCFG_STATE);

struct fwcfg {
	struct device dev; /* first: a struct device * of this class is a struct fwcfg * */
	struct fwcfg_state s;
	struct {
		u16 key;
		u32 at, len;
	} item[FWCFG_ITEMS];
	int nitems;
	u8 bytes[FWCFG_BYTES]; /* the items' content */
	u32 used;
	u8 directory[4 + FWCFG_FILES * FWCFG_FILE_ENTRY];
	u32 nfiles;
};

extern const struct device_class fwcfg_class;

/* Copy an item in; a file gets the next key.  Too many or too large for the fixed room: our own bug. */
void fwcfg_add(struct fwcfg *f, u16 key, const void *data, u32 len);
void fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, u32 len);

#endif
