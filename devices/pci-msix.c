/* SPDX-License-Identifier: GPL-3.0-or-later
 * pci-msix.c - MSI-X and MSI: interrupts that are memory writes.
 * Rule: pci_msix_update is the only place that sends what had to wait, and it looks at all vectors; so no
 * order of unmasking, enabling and bus mastering can lose one.
 * Source: PCI Local Bus Specification 3.0, 6.8.1 (MSI), 6.8.2 (MSI-X).
 */
#include "devices/pci-msix.h"

#include <assert.h>
#include <string.h>

enum { MSI_CONTROL = 2, MSI_ADDRESS = 4, MSI_DATA = 12, MSI_LEN = 14 };
enum { MSI_ENABLE = 1, MSI_64BIT = 0x80 };
enum { MSIX_CONTROL = 2, MSIX_TABLE = 4, MSIX_PBA = 8, MSIX_LEN = 12 };
enum { MSIX_ENABLE = 0x8000, MSIX_MASK_ALL = 0x4000 };
enum { ENTRY_ADDRESS, ENTRY_ADDRESS_HIGH, ENTRY_DATA, ENTRY_CONTROL, ENTRY_WORDS, ENTRY_MASKED = 1 };
enum { PBA_BYTES = 8 };

static void send(struct pci_function *f, u64 address, u32 data)
{
	const struct device_world *w = f->dev->world;

	if (w->msi)
		w->msi(w->arg, address, data);
}

/* ---- MSI-X ---- */

void pci_msix_init(struct pci_msix *m, struct pci_function *f, int bar, u32 table_at, u32 pba_at,
		   u32 nvectors, u32 *table, u32 *pending)
{
	u8 at = pci_capability_add(f, PCI_CAP_MSIX, MSIX_LEN);

	assert(nvectors >= 1 && nvectors <= PCI_MSIX_VECTORS && !(table_at & 7) && !(pba_at & 7));
	*m = (struct pci_msix){ .f = f,
				.at = at,
				.bar = bar,
				.table_at = table_at,
				.pba_at = pba_at,
				.nvectors = nvectors,
				.table = table,
				.pending = pending };
	pci_put16(f->initial, at + MSIX_CONTROL, (u16)(nvectors - 1));
	pci_put16(f->writable, at + MSIX_CONTROL, MSIX_ENABLE | MSIX_MASK_ALL);
	pci_put32(f->initial, at + MSIX_TABLE, table_at | (u32)bar);
	pci_put32(f->initial, at + MSIX_PBA, pba_at | (u32)bar);
	f->msix = m;
}

void pci_msix_reset(struct pci_msix *m)
{
	memset(m->table, 0, m->nvectors * PCI_MSIX_ENTRY);
	for (u32 v = 0; v < m->nvectors; v++)
		m->table[v * ENTRY_WORDS + ENTRY_CONTROL] = ENTRY_MASKED;
	*m->pending = 0;
}

static u32 all_vectors(const struct pci_msix *m)
{
	return m->nvectors == 32 ? UINT32_MAX : (1u << m->nvectors) - 1;
}

void pci_msix_restored(struct pci_msix *m)
{
	*m->pending &= all_vectors(m);
	for (u32 v = 0; v < m->nvectors; v++) {
		m->table[v * ENTRY_WORDS + ENTRY_ADDRESS] &= ~3u;
		m->table[v * ENTRY_WORDS + ENTRY_CONTROL] &= ENTRY_MASKED;
	}
}

static u16 control(const struct pci_msix *m)
{
	return pci_get16(m->f->config, m->at + MSIX_CONTROL);
}

bool pci_msix_is_enabled(const struct pci_msix *m)
{
	return control(m) & MSIX_ENABLE;
}

void pci_msix_update(struct pci_msix *m)
{
	if (!*m->pending || !pci_msix_is_enabled(m) || control(m) & MSIX_MASK_ALL || !pci_is_master(m->f))
		return;
	for (u32 v = 0; v < m->nvectors; v++) {
		const u32 *e = &m->table[v * ENTRY_WORDS];

		if (!(*m->pending >> v & 1) || e[ENTRY_CONTROL] & ENTRY_MASKED)
			continue;
		*m->pending &= ~(1u << v);
		send(m->f, e[ENTRY_ADDRESS] | (u64)e[ENTRY_ADDRESS_HIGH] << 32, e[ENTRY_DATA]);
	}
}

void pci_msix_raise(struct pci_msix *m, u32 vector)
{
	if (vector >= m->nvectors || !pci_msix_is_enabled(m))
		return;
	*m->pending |= 1u << vector;
	pci_msix_update(m);
}

static bool in_table(const struct pci_msix *m, u64 offset)
{
	return offset >= m->table_at && offset - m->table_at < m->nvectors * PCI_MSIX_ENTRY;
}

bool pci_msix_holds(const struct pci_msix *m, u64 offset)
{
	return in_table(m, offset) || (offset >= m->pba_at && offset - m->pba_at < PBA_BYTES);
}

/* One byte of table or pending bits. */
static u8 read_byte(const struct pci_msix *m, u64 offset)
{
	u64 at;

	if (in_table(m, offset)) {
		at = offset - m->table_at;
		return (u8)(m->table[at / 4] >> at % 4 * 8);
	}
	at = offset - m->pba_at;
	return at < sizeof(*m->pending) ? (u8)(*m->pending >> at * 8) : 0;
}

u64 pci_msix_read(const struct pci_msix *m, u64 offset, int size)
{
	u64 value = 0;

	for (int i = 0; i < size; i++)
		value |= (u64)read_byte(m, offset + (u64)i) << i * 8;
	return value;
}

/* The pending bits are read-only; doublewords and quadwords of the table are what software may write
 * (6.8.2). */
void pci_msix_write(struct pci_msix *m, u64 offset, int size, u64 value)
{
	for (int i = 0; i < size; i++, value >>= 8) {
		u64 at = offset + (u64)i - m->table_at;
		u32 *word;

		if (!in_table(m, offset + (u64)i))
			continue;
		word = &m->table[at / 4];
		*word = (*word & ~(0xffu << at % 4 * 8)) | (u32)(value & 0xff) << at % 4 * 8;
		if (at / 4 % ENTRY_WORDS == ENTRY_CONTROL)
			*word &= ENTRY_MASKED;
		else if (at / 4 % ENTRY_WORDS == ENTRY_ADDRESS)
			*word &= ~3u;
	}
	pci_msix_update(m);
}

/* ---- MSI ---- */

u8 pci_msi_init(struct pci_function *f)
{
	u8 at = pci_capability_add(f, PCI_CAP_MSI, MSI_LEN);

	pci_put16(f->initial, at + MSI_CONTROL, MSI_64BIT);
	pci_put16(f->writable, at + MSI_CONTROL, MSI_ENABLE);
	pci_put32(f->writable, at + MSI_ADDRESS, ~3u);
	pci_put32(f->writable, at + MSI_ADDRESS + 4, UINT32_MAX);
	pci_put16(f->writable, at + MSI_DATA, UINT16_MAX);
	return at;
}

bool pci_msi_raise(struct pci_function *f, u8 at)
{
	const u8 *c = f->config + at;

	if (!(pci_get16(c, MSI_CONTROL) & MSI_ENABLE))
		return false;
	if (pci_is_master(f))
		send(f, pci_get32(c, MSI_ADDRESS) | (u64)pci_get32(c, MSI_ADDRESS + 4) << 32,
		     pci_get16(c, MSI_DATA));
	return true;
}
