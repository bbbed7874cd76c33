/* SPDX-License-Identifier: GPL-3.0-or-later
 * i440fx.h - the state and wires of the host bridge.
 * Rule: it decides who answers at C0000h-FFFFFh, segment by segment; the board does the switching.
 */
#ifndef VITRINE_DEVICES_I440FX_H
#define VITRINE_DEVICES_I440FX_H

#include "devices/pci.h"

/* Twelve segments of 16 KiB from C0000h on, then the one of 64 KiB at F0000h. */
enum { PAM_SEGMENTS = 13, PAM_BASE = 0xc0000, PAM_SPAN = 0x40000 };

#define I440FX_STATE(F, S) F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space of 00:00.0")
STATE(i440fx_state, 1, I440FX_STATE);

struct i440fx {
	struct device dev; /* first: a struct device * of this class is a struct i440fx * */
	struct i440fx_state s;
	struct pci_function pci;
	/* Segment n: reads go to RAM (else to the ROM, or to nothing), writes go to RAM (else nowhere). May
	 * be NULL. */
	void (*set_pam)(void *arg, int segment, bool read_ram, bool write_ram);
	/* A write to a segment whose reads do not go to RAM: `offset` bytes from C0000h. May be NULL. */
	void (*shadow_write)(void *arg, u32 offset, const void *data, int size);
	void *arg;
};

extern const struct device_class i440fx_class;

/* Before device_init: prepare b->pci for pci_add. */
void i440fx_init(struct i440fx *b);
/* First byte and size of a segment, from C0000h. */
u32 pam_offset(int segment);
u32 pam_size(int segment);

#endif
