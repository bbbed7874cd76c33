/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci.c - PCI configuration mechanism 1: an address register and a window onto 256 bytes of each function
 * of bus 0; and the bus's interrupt wires.
 * Ports: CF8h (address, doublewords only), CFCh-CFFh (data), and CF9h, the reset control register of the
 * PIIX3, which lies within the address register and is told from it by the size of the access.
 * Rule: a function that is not there reads all-ones and swallows writes; so does every bus but 0.
 * NOT MODELLED: special cycles, bridges to other buses.
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2, 2.2.6 (wires); Intel 82371SB (290550) 2.5.4 for CF9h.
 */
#include "devices/pci.h"

#include <errno.h>
#include <string.h>

#include "devices/pci-msix.h"
#include "devices/pci-priv.h"

#define ADDRESS_ENABLE (1u << 31)
#define ADDRESS_WRITABLE 0x80fffffcu
enum { RESET_HARD = 2, RESET_NOW = 4 };
enum { CLAIM_ADDRESS, CLAIM_DATA };

static struct pci *of(struct device *d)
{
	return (struct pci *)d;
}

int pci_add(struct pci *p, struct pci_function *f, struct err *err)
{
	int at = 0;

	while (at < p->nfunctions && p->function[at]->devfn < f->devfn)
		at++;
	if (p->nfunctions == PCI_FUNCTIONS)
		return err_set(err, ENOSPC, "%s: PCI bus 0 already has its %d functions", f->dev->name,
			       PCI_FUNCTIONS);
	if (at < p->nfunctions && p->function[at]->devfn == f->devfn)
		return err_set(err, EEXIST, "%s: PCI function 00:%02x.%d already is %s", f->dev->name,
			       f->devfn >> 3, f->devfn & 7, p->function[at]->dev->name);
	memmove(&p->function[at + 1], &p->function[at], sizeof(f) * (size_t)(p->nfunctions - at));
	p->function[at] = f;
	p->nfunctions++;
	f->bus = p;
	return 0;
}

/* The function that the address register selects, or NULL. */
static struct pci_function *selected(struct pci *p)
{
	u32 address = p->s.address[0];

	if (!(address & ADDRESS_ENABLE) || (address >> 16 & 0xff) != 0)
		return NULL;
	for (int i = 0; i < p->nfunctions; i++)
		if (p->function[i]->devfn == (address >> 8 & 0xff))
			return p->function[i];
	return NULL;
}

/* ---- interrupt wires ---- */

static bool asserts(const struct pci_function *f)
{
	return f->config[PCI_STATUS] & PCI_STATUS_INTX && f->config[PCI_INTERRUPT_PIN] &&
	       !(pci_get16(f->config, PCI_COMMAND) & PCI_COMMAND_NO_INTX);
}

void pci_drive_wires(struct pci *p)
{
	bool up[PCI_PINS] = { 0 };

	for (int i = 0; i < p->nfunctions; i++) {
		const struct pci_function *f = p->function[i];

		if (asserts(f))
			up[(f->devfn / 8 + f->config[PCI_INTERRUPT_PIN] - 1) % PCI_PINS] = true;
	}
	for (int i = 0; i < PCI_PINS; i++) {
		if (up[i] == !!p->s.intx[i])
			continue;
		p->s.intx[i] = up[i];
		irq_set(&p->intx[i], up[i]);
	}
}

void pci_set_intx(struct pci_function *f, int level)
{
	u8 *status = &f->config[PCI_STATUS];
	u8 want = (u8)((*status & ~PCI_STATUS_INTX) | (level ? PCI_STATUS_INTX : 0));

	if (want == *status)
		return;
	*status = want;
	if (f->bus)
		pci_drive_wires(f->bus);
}

/* ---- the ports ---- */

static void write_reset_control(struct pci *p, u8 v)
{
	const struct device_world *w = p->dev.world;
	bool rises = v & ~p->s.reset_control[0] & RESET_NOW;

	p->s.reset_control[0] = v & (RESET_HARD | RESET_NOW);
	if (rises && w->reset_request)
		w->reset_request(w->arg);
}

static void write_address(struct pci *p, u64 offset, int size, u64 value)
{
	if (size == 4)
		p->s.address[0] = (u32)value & ADDRESS_WRITABLE;
	else if (size == 1 && offset == 1)
		write_reset_control(p, (u8)value);
}

static void write_config(struct pci_function *f, u32 reg, int size, u64 value)
{
	for (int i = 0; i < size; i++) {
		u8 mask = f->writable[reg + (u32)i], v = (u8)(value >> 8 * i);

		f->config[reg + (u32)i] = (f->config[reg + (u32)i] & (u8)~mask) | (v & mask);
	}
	pci_update(f);
	if (f->msix)
		pci_msix_update(f->msix);
	if (f->written)
		f->written(f->dev, reg, size);
}

static void pci_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct pci *p = of(d);
	struct pci_function *f = selected(p);

	if (claim == &d->class->claims[CLAIM_ADDRESS])
		write_address(p, offset, size, value);
	else if (f)
		write_config(f, (p->s.address[0] & 0xfc) | (u32)offset, size, value);
}

static u64 pci_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct pci *p = of(d);
	const struct pci_function *f = selected(p);
	u32 reg = (p->s.address[0] & 0xfc) | (u32)offset;
	u64 value = 0;

	if (claim == &d->class->claims[CLAIM_ADDRESS]) {
		if (size == 1 && offset == 1)
			return p->s.reset_control[0];
		return size == 4 ? p->s.address[0] : UINT64_MAX;
	}
	if (!f)
		return UINT64_MAX;
	if (f->reading)
		f->reading(f->dev, reg, size);
	for (int i = 0; i < size; i++)
		value |= (u64)f->config[reg + (u32)i] << 8 * i;
	return value;
}

/* The functions are reset one after the other; until then none pulls at a wire any more. */
static void pci_reset(struct device *d)
{
	struct pci *p = of(d);

	for (int i = 0; i < p->nfunctions; i++)
		p->function[i]->config[PCI_STATUS] &= (u8)~PCI_STATUS_INTX;
	for (int i = 0; i < PCI_PINS; i++)
		irq_set(&p->intx[i], 0);
}

/* What is at the other ends of the wires has its own saved state. */
static void pci_restored(struct device *d)
{
	of(d)->s.address[0] &= ADDRESS_WRITABLE;
}

static const char *const address_regs[] = { "PCI address", "reset control" };
static const char *const data_regs[] = { "PCI data", "PCI data + 1", "PCI data + 2", "PCI data + 3" };
static const struct claim claims[] = {
	[CLAIM_ADDRESS] = { SPACE_PORT, 0xcf8, 4, address_regs, 2, 4 },
	[CLAIM_DATA] = { SPACE_PORT, 0xcfc, 4, data_regs, 4, 4 },
};

const struct device_class pci_class = {
	.name = "pci",
	.brief = "PCI configuration mechanism 1, and reset control",
	.layout = &pci_state_layout,
	.claims = claims,
	.nclaims = ARRAY_LEN(claims),
	.read = pci_read,
	.write = pci_write,
	.reset = pci_reset,
	.restored = pci_restored,
};
