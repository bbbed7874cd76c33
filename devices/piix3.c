/* SPDX-License-Identifier: GPL-3.0-or-later
 * piix3.c - 82371SB south bridge: the ISA bridge's configuration, and the routing of PCI interrupts.
 * Place: PCI 00:01.0, PIRQ routing at 60h-63h.
 * Rule: an interrupt is driven only while a PIRQ routed to it is up; lines of ISA devices are left alone.
 * Elsewhere: edge/level control is in pic.c, the reset control register in pci.c, port 61h in pit.c, the IDE
 * function in bmide.c.
 * NOT MODELLED: USB, distributed DMA, APM.
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

void piix3_init(struct piix3 *p)
{
	static const struct pci_identity id = { .vendor = 0x8086, .device = 0x7000, .class = 0x060100 };
	u8 *c = p->isa.initial, *w = p->isa.writable;

	pci_function_init(&p->isa, &p->dev, 1 << 3 | 0, p->s.isa, &id);
	p->isa.written = config_written;
	pci_put16(c, PCI_COMMAND, 0x0007);
	pci_put16(c, PCI_STATUS, 0x0200);
	c[PCI_HEADER_TYPE] = 0x80; /* more than one function */
	c[0x4c] = 0x4d;            /* I/O recovery times */
	c[0x4e] = 0x03;            /* X-bus chip selects: keyboard and RTC */
	memset(&c[PIRQ_ROUTE], ROUTE_OFF, PIIX3_PIRQS);
	memset(w, 0, PCI_CONFIG_BYTES);
	pci_put16(w, PCI_COMMAND, 0x0008);
	w[0x4c] = 0x7f;
	pci_put16(w, 0x4e, 0x0fff);
	memset(&w[PIRQ_ROUTE], 0x8f, PIIX3_PIRQS);
	w[0x69] = 0xfe;
	pci_put16(w, 0x70, 0xffff);
}

static void piix3_reset(struct device *d)
{
	pci_function_reset(&of(d)->isa);
	drive(d);
}

static void piix3_restored(struct device *d)
{
	pci_function_restored(&of(d)->isa);
}

const struct device_class piix3_class = {
	.name = "piix3",
	.brief = "82371SB south bridge, PCI 00:01.0",
	.layout = &piix3_state_layout,
	.reset = piix3_reset,
	.restored = piix3_restored,
};
