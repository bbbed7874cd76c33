/* SPDX-License-Identifier: GPL-3.0-or-later
 * i440fx.c - 82441FX host bridge (PMC): the PAM registers that put RAM in the place of the BIOS ROM.
 * Place: PCI 00:00.0, registers 59h-5Fh; C0000h-FFFFFh as far as memory there does not answer by itself.
 * Rule: config[] says everything; after any change of 59h-5Fh all segments are told anew, which is
 * harmless.
 * NOT MODELLED: SMRAM (72h is stored, the memory at A0000h stays closed), DRAM timing and error registers,
 * the memory-size registers 60h-67h (firmware for this board asks CMOS or fw_cfg).
 * Its subsystem identity is that of QEMU's board, for the firmware's sake: SeaBIOS knows the board by it.
 * Source: Intel 82441FX data sheet (290549), 3.2.
 */
#include "devices/i440fx.h"

#include <string.h>

enum { PAM0 = 0x59, PAM6 = 0x5f, SMRAM = 0x72 };
enum { READ_ENABLE = 1, WRITE_ENABLE = 2 };

static struct i440fx *of(struct device *d)
{
	return (struct i440fx *)d;
}

u32 pam_offset(int segment)
{
	return (u32)segment * 0x4000;
}

u32 pam_size(int segment)
{
	return segment == PAM_SEGMENTS - 1 ? 0x10000 : 0x4000;
}

/* PAM0 has only a high half, for F0000h; PAM1 to PAM6 have two halves each, upwards from C0000h. */
static u8 pam_bits(const struct i440fx_state *s, int segment)
{
	if (segment == PAM_SEGMENTS - 1)
		return s->config[PAM0] >> 4 & 3;
	return s->config[PAM0 + 1 + segment / 2] >> (segment % 2 * 4) & 3;
}

static void drive(struct device *d)
{
	struct i440fx *b = of(d);

	for (int i = 0; i < PAM_SEGMENTS && b->set_pam; i++) {
		u8 bits = pam_bits(&b->s, i);

		b->set_pam(b->arg, i, bits & READ_ENABLE, bits & WRITE_ENABLE);
	}
}

static void config_written(struct device *d, u32 reg, int size)
{
	if (reg <= PAM6 && reg + (u32)size > PAM0)
		drive(d);
}

/* Memory cycles at C0000h-FFFFFh that no RAM or ROM took. */
static u64 i440fx_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return UINT64_MAX;
}

static void i440fx_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct i440fx *b = of(d);
	int segment = offset >= pam_offset(PAM_SEGMENTS - 1) ? PAM_SEGMENTS - 1 : (int)(offset / 0x4000);

	if (pam_bits(&b->s, segment) == WRITE_ENABLE && b->shadow_write)
		b->shadow_write(b->arg, (u32)offset, &value, size);
}

void i440fx_init(struct i440fx *b)
{
	static const struct pci_identity id = {
		.vendor = 0x8086,
		.device = 0x1237,
		.class = 0x060000,
		.revision = 2,
		.subsystem_vendor = 0x1af4,
		.subsystem = 0x1100,
	};
	u8 *c = b->pci.initial, *w = b->pci.writable;

	pci_function_init(&b->pci, &b->dev, 0, b->s.config, &id);
	b->pci.written = config_written;
	pci_put16(c, PCI_COMMAND, 0x0006);
	pci_put16(c, PCI_STATUS, 0x0280);
	pci_put16(w, PCI_COMMAND, 0x0140);
	w[PCI_CACHE_LINE] = w[PCI_INTERRUPT_LINE] = 0;
	w[PCI_LATENCY] = 0xf8;
	pci_put16(w, 0x50, 0x8208);
	w[PAM0] = 0x30;
	memset(&w[PAM0 + 1], 0x33, PAM6 - PAM0);
	c[SMRAM] = 0x02;
	w[SMRAM] = 0x78;
}

static void i440fx_reset(struct device *d)
{
	pci_function_reset(&of(d)->pci);
	drive(d);
}

static void i440fx_restored(struct device *d)
{
	pci_function_restored(&of(d)->pci);
	drive(d);
}

static const char *const pam_regs[] = { "shadow memory" };
static const struct claim claims[] = { { SPACE_MMIO, PAM_BASE, PAM_SPAN, pam_regs, 1, 8 } };

const struct device_class i440fx_class = {
	.name = "i440fx",
	.brief = "82441FX host bridge, PCI 00:00.0",
	.layout = &i440fx_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = i440fx_read,
	.write = i440fx_write,
	.reset = i440fx_reset,
	.restored = i440fx_restored,
};
