/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci-function.c - one function on the bus: its identity, its base address registers, its capabilities.
 * Rule: which BARs answer is a function of all configuration spaces and of nothing else: where two would
 * answer at one place, the one with the lower number does, and the other is silent, whoever came first.
 * NOT MODELLED: 64-bit BARs, expansion ROMs.
 * Source: PCI Local Bus Specification 3.0, 6.2.5 (BARs), 6.7 (capabilities).
 */
#include <assert.h>
#include <string.h>

#include "devices/pci-priv.h"

enum { BAR_IO = 1, BAR_PREFETCHABLE = 8, BAR_IO_MASK = 3, BAR_MEMORY_MASK = 15, PORTS = 0x10000 };

/* ---- building ---- */

void pci_function_init(struct pci_function *f, struct device *dev, u8 devfn, u8 *config,
		       const struct pci_identity *id)
{
	u8 *c = f->initial, *w = f->writable;

	*f = (struct pci_function){ .dev = dev, .devfn = devfn, .config = config };
	f->next_capability = PCI_FIRST_CAPABILITY;
	pci_put16(c, PCI_VENDOR_ID, id->vendor);
	pci_put16(c, PCI_DEVICE_ID, id->device);
	c[PCI_REVISION] = id->revision;
	c[PCI_CLASS] = (u8)id->class;
	pci_put16(c, PCI_CLASS + 1, (u16)(id->class >> 8));
	pci_put16(c, PCI_SUBSYSTEM_VENDOR_ID, id->subsystem_vendor);
	pci_put16(c, PCI_SUBSYSTEM_ID, id->subsystem);
	c[PCI_INTERRUPT_PIN] = id->pin;
	pci_put16(w, PCI_COMMAND,
		  PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	w[PCI_CACHE_LINE] = w[PCI_LATENCY] = w[PCI_INTERRUPT_LINE] = 0xff;
}

static void add_bar(struct pci_function *f, int n, const struct claim *claim, u32 mask, u32 type)
{
	u32 size = (u32)claim->size;

	assert(n >= 0 && n < PCI_BARS && size > mask && !(size & (size - 1)));
	f->bar[n] = (struct pci_bar){ .size = size, .claim = *claim };
	pci_put32(f->initial, PCI_BAR0 + 4 * (u32)n, type);
	pci_put32(f->writable, PCI_BAR0 + 4 * (u32)n, ~(size - 1));
}

void pci_bar_io(struct pci_function *f, int n, u32 size, const char *const *names, int nnames, u8 width)
{
	add_bar(f, n, &(struct claim){ SPACE_PORT, 0, size, names, nnames, width }, BAR_IO_MASK, BAR_IO);
}

void pci_bar_memory(struct pci_function *f, int n, u32 size, const char *const *names, int nnames, u8 width)
{
	add_bar(f, n, &(struct claim){ SPACE_MMIO, 0, size, names, nnames, width }, BAR_MEMORY_MASK, 0);
}

void pci_bar_prefetchable(struct pci_function *f, int n)
{
	f->initial[PCI_BAR0 + 4 * n] |= BAR_PREFETCHABLE;
}

u8 pci_capability_add(struct pci_function *f, u8 id, u8 len)
{
	u8 at = f->next_capability;

	assert(at + len <= PCI_CONFIG_BYTES);
	f->initial[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	if (f->last_capability)
		f->initial[f->last_capability + 1] = at;
	else
		f->initial[PCI_CAPABILITIES] = at;
	f->initial[at] = id;
	f->last_capability = at;
	f->next_capability = (u8)((at + len + 3) & ~3); /* each begins at a doubleword */
	return at;
}

/* ---- base addresses ---- */

u64 pci_bar_base(const struct pci_function *f, int n)
{
	bool io = f->bar[n].claim.space == SPACE_PORT;

	return pci_get32(f->config, PCI_BAR0 + 4 * (u32)n) & (io ? ~(u32)BAR_IO_MASK : ~(u32)BAR_MEMORY_MASK);
}

/* Does the guest want the BAR to answer at its present place?  Address 0 means that it has none yet. */
static bool is_decoded(const struct pci_function *f, int n)
{
	const struct pci_bar *b = &f->bar[n];
	u64 base = pci_bar_base(f, n);

	if (!b->size || !base)
		return false;
	if (b->claim.space == SPACE_PORT)
		return f->config[PCI_COMMAND] & PCI_COMMAND_IO && base + b->size <= PORTS;
	return f->config[PCI_COMMAND] & PCI_COMMAND_MEMORY;
}

static void release(struct pci_function *f)
{
	const struct device_world *w = f->dev->world;

	for (int n = 0; n < PCI_BARS; n++) {
		struct pci_bar *b = &f->bar[n];

		if (b->answers && w->unclaim)
			w->unclaim(w->arg, f->dev, &b->claim);
		b->answers = false;
	}
}

static void tell(struct pci_function *f, int n)
{
	struct pci_bar *b = &f->bar[n];
	u64 base = pci_bar_base(f, n);
	bool on = is_decoded(f, n);

	if (b->on == on && (!on || b->base == base))
		return;
	b->on = on;
	b->base = base;
	b->moved(f->dev, n, base, on);
}

static void claim_place(struct pci_function *f, int n)
{
	const struct device_world *w = f->dev->world;
	struct pci_bar *b = &f->bar[n];
	struct err err = { 0 };

	if (!is_decoded(f, n) || !w->claim)
		return;
	b->claim.base = pci_bar_base(f, n);
	b->answers = w->claim(w->arg, f->dev, &b->claim, &err) == 0;
	if (!b->answers)
		device_log(f->dev, LOG_DEBUG, "BAR %d stays silent: %s", n, err.text);
}

/* Whether the claims of a function already are what its registers ask for. */
static bool is_current(const struct pci_function *f)
{
	for (int n = 0; n < PCI_BARS; n++) {
		const struct pci_bar *b = &f->bar[n];
		bool on = b->moved ? b->on : b->answers;
		u64 base = b->moved ? b->base : b->claim.base;

		if (is_decoded(f, n) != on || (on && base != pci_bar_base(f, n)))
			return false;
	}
	return true;
}

static void place_bars(struct pci *p)
{
	for (int i = 0; i < p->nfunctions; i++)
		release(p->function[i]);
	for (int i = 0; i < p->nfunctions; i++)
		for (int n = 0; n < PCI_BARS; n++) {
			if (p->function[i]->bar[n].moved)
				tell(p->function[i], n);
			else
				claim_place(p->function[i], n);
		}
}

void pci_update(struct pci_function *f)
{
	if (!f->bus)
		return;
	if (!is_current(f))
		place_bars(f->bus);
	pci_drive_wires(f->bus);
}

/* ---- reset and restore ---- */

void pci_function_reset(struct pci_function *f)
{
	memcpy(f->config, f->initial, PCI_CONFIG_BYTES);
	pci_update(f);
}

void pci_function_restored(struct pci_function *f)
{
	u8 intx = f->config[PCI_STATUS] & PCI_STATUS_INTX;

	for (int i = 0; i < PCI_CONFIG_BYTES; i++)
		f->config[i] = (f->config[i] & f->writable[i]) | (f->initial[i] & (u8)~f->writable[i]);
	f->config[PCI_STATUS] |= intx;
	if (f->bus && !is_current(f))
		place_bars(f->bus);
}

int pci_bar_index(const struct pci_function *f, const struct claim *claim)
{
	for (int n = 0; n < PCI_BARS; n++)
		if (claim == &f->bar[n].claim)
			return n;
	return -1;
}

bool pci_is_master(const struct pci_function *f)
{
	return f->config[PCI_COMMAND] & PCI_COMMAND_MASTER;
}
