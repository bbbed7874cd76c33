/* SPDX-License-Identifier: GPL-3.0-or-later
 * piix3.c - 82371SB south bridge: the routing of PCI interrupts, and the PCI face of the IDE interface.
 * Place: PCI 00:01.0 (ISA bridge; PIRQ routing at 60h-63h) and 00:01.1 (IDE at its fixed ports, see ide.c).
 * Rule: an interrupt is driven only while a PIRQ routed to it is up; lines of ISA devices are left alone.
 * Elsewhere: edge/level control is in pic.c, the reset control register in pci.c, port 61h in pit.c.
 * NOT MODELLED: bus-master IDE (so the programming interface says 00h, not the chip's 80h), the IDE timing
 * and decode enable bits (stored only), USB, distributed DMA, APM.
 * Source: Intel 82371SB data sheet (290550), 2.2 and 2.3.
 */
#include "devices/piix3.h"

#include <string.h>

enum { PIRQ_ROUTE = 0x60, ROUTE_OFF = 0x80 };

static struct piix3 *of(struct device *d)
{
	return (struct piix3 *)d;
}

/* IRQ 0, 1, 2, 8 and 13 cannot be shared: routing to them is reserved. */
static bool can_route(int irq)
{
	return irq >= 3 && irq != 8 && irq != 13;
}

static void drive(struct device *d)
{
	struct piix3 *p = of(d);
	u16 want = 0, changed;

	for (int i = 0; i < PIIX3_PIRQS; i++) {
		u8 route = p->s.isa[PIRQ_ROUTE + i];

		if (p->s.pirq[i] && !(route & ROUTE_OFF) && can_route(route & 15))
			want |= (u16)(1 << (route & 15));
	}
	changed = want ^ p->s.driven[0];
	p->s.driven[0] = want;
	for (int i = 0; i < PIIX3_IRQS; i++)
		if (changed >> i & 1)
			irq_set(&p->irq[i], want >> i & 1);
}

void piix3_set_pirq(void *arg, int n, int level)
{
	struct piix3 *p = arg;

	p->s.pirq[n & 3] = !!level;
	drive(&p->dev);
}

static void config_written(struct device *d, u32 reg, int size)
{
	drive(d);
}

static void piix3_reset(struct device *d)
{
	u8 *isa = of(d)->s.isa, *ide = of(d)->s.ide;

	pci_put16(isa, PCI_VENDOR_ID, 0x8086);
	pci_put16(isa, PCI_DEVICE_ID, 0x7000);
	pci_put16(isa, PCI_COMMAND, 0x0007);
	pci_put16(isa, PCI_STATUS, 0x0200);
	isa[PCI_CLASS + 1] = 0x01; /* bridge, ISA */
	isa[PCI_CLASS + 2] = 0x06;
	isa[PCI_HEADER_TYPE] = 0x80; /* more than one function */
	isa[0x4c] = 0x4d;            /* I/O recovery times */
	isa[0x4e] = 0x03;            /* X-bus chip selects: keyboard and RTC */
	memset(&isa[PIRQ_ROUTE], ROUTE_OFF, PIIX3_PIRQS);

	pci_put16(ide, PCI_VENDOR_ID, 0x8086);
	pci_put16(ide, PCI_DEVICE_ID, 0x7010);
	pci_put16(ide, PCI_STATUS, 0x0280);
	ide[PCI_CLASS + 1] = 0x01; /* mass storage, IDE */
	ide[PCI_CLASS + 2] = 0x01;
	drive(d);
}

static const u8 isa_writable[PCI_CONFIG_BYTES] = {
	[PCI_COMMAND] = 0x08, [0x4c] = 0x7f,           [0x4e] = 0xff,           [0x4f] = 0x0f,
	[PIRQ_ROUTE] = 0x8f,  [PIRQ_ROUTE + 1] = 0x8f, [PIRQ_ROUTE + 2] = 0x8f, [PIRQ_ROUTE + 3] = 0x8f,
	[0x69] = 0xfe,        [0x70] = 0xff,           [0x71] = 0xff,
};
static const u8 ide_writable[PCI_CONFIG_BYTES] = {
	[PCI_COMMAND] = 0x05, [0x0d] = 0xf0, [0x40] = 0xff, [0x41] = 0xf3,
	[0x42] = 0xff,        [0x43] = 0xf3, [0x44] = 0xff,
};

struct pci_function piix3_isa_function(struct piix3 *p)
{
	return (struct pci_function){ 1 << 3 | 0, &p->dev, p->s.isa, isa_writable, config_written };
}

struct pci_function piix3_ide_function(struct piix3 *p)
{
	return (struct pci_function){ 1 << 3 | 1, &p->dev, p->s.ide, ide_writable, NULL };
}

const struct device_class piix3_class = {
	.name = "piix3",
	.brief = "82371SB south bridge, PCI 00:01.0 and 00:01.1",
	.layout = &piix3_state_layout,
	.reset = piix3_reset,
};
