/* SPDX-License-Identifier: GPL-3.0-or-later
 * fwcfg.h - the firmware configuration interface: read-only items from the board for the firmware.
 * Rule: items are put in before the machine starts and never change; the state is only where the guest reads.
 */
#ifndef VITRINE_DEVICES_FWCFG_H
#define VITRINE_DEVICES_FWCFG_H

#include "core/device.h"

enum { FWCFG_ITEMS = 48, FWCFG_FILES = 32, FWCFG_FILE_ENTRY = 64 };
/* Keys of items without a name (QEMU, docs/specs/fw_cfg) */
/* clang-format off */
enum { FWCFG_SIGNATURE = 0, FWCFG_ID = 1, FWCFG_RAM_SIZE = 3, FWCFG_NB_CPUS = 5, FWCFG_MAX_CPUS = 0xf,
       FWCFG_FILE_DIR = 0x19, FWCFG_FILE_FIRST = 0x20 };
/* Bits of the ID item */
enum { FWCFG_HAS_PORTS = 1, FWCFG_HAS_DMA = 2 };
/* clang-format on */

#define FWCFG_STATE(F, S) \
	F(S, u16, key, 1, 0, HEX, "item selected") \
	F(S, u32, offset, 1, 0, DEC, "bytes of it read") \
	F(S, u64, dma, 1, 0, HEX, "address register of the DMA interface")
STATE(fwcfg_state, 2, FWCFG_STATE);

struct fwcfg {
	struct device dev; /* first: a struct device * of this class is a struct fwcfg * */
	struct fwcfg_state s;
	struct {
		u16 key;
		size_t at, len;
	} item[FWCFG_ITEMS];
	int nitems;
	struct buf bytes; /* the items' content */
	u8 directory[4 + FWCFG_FILES * FWCFG_FILE_ENTRY];
	u32 nfiles;
};

extern const struct device_class fwcfg_class;

/* Copy an item in; a file gets the next key.  Too many: our own bug. f->bytes.failed says that there was no
 * memory for it. */
void fwcfg_add(struct fwcfg *f, u16 key, const void *data, size_t len);
void fwcfg_add_file(struct fwcfg *f, const char *name, const void *data, size_t len);
void fwcfg_release(struct fwcfg *f);

#endif
