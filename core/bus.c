/* SPDX-License-Identifier: GPL-3.0-or-later
 * bus.c - find who answers, and split what no single claim holds.
 * Rule: the entries are sorted by base and never overlap, so an address has one answerer or none.
 */
#include "core/bus.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/device.h"

enum { PORTS = 0x10000 };

/* Index of the first entry that ends above addr. */
static int first_above(const struct bus *b, u64 addr)
{
	int low = 0, high = b->n;

	while (low < high) {
		int mid = (low + high) / 2;

		if (b->entry[mid].base + (b->entry[mid].size - 1) < addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

int bus_add(struct bus *b, struct device *dev, const struct claim *claim, struct err *err)
{
	u64 last = claim->base + claim->size - 1;
	int at;

	if (!claim->size || last < claim->base || (claim->space == SPACE_PORT && last >= PORTS))
		return err_set(err, EINVAL,
			       "%s: claims 0x%" PRIx64 " bytes at 0x%" PRIx64 ", which is no range of %s",
			       dev->name, claim->size, claim->base,
			       claim->space == SPACE_PORT ? "ports (0 to 0xffff)" : "addresses");
	if (b->n == BUS_CLAIMS)
		return err_set(err, ENOSPC, "%s: the bus already has its %d claims", dev->name, BUS_CLAIMS);
	at = first_above(b, claim->base);
	if (at < b->n && b->entry[at].base <= last)
		return err_set(err, EEXIST,
			       "%s: claims 0x%" PRIx64 "-0x%" PRIx64 ", but %s answers at 0x%" PRIx64,
			       dev->name, claim->base, last, b->entry[at].dev->name, b->entry[at].base);
	memmove(&b->entry[at + 1], &b->entry[at], sizeof(b->entry[0]) * (size_t)(b->n - at));
	b->entry[at] = (struct bus_entry){ claim->base, claim->size, dev, claim };
	b->n++;
	return 0;
}

void bus_remove(struct bus *b, const struct device *dev)
{
	int kept = 0;

	for (int i = 0; i < b->n; i++)
		if (b->entry[i].dev != dev)
			b->entry[kept++] = b->entry[i];
	b->n = kept;
}

void bus_remove_claim(struct bus *b, const struct claim *claim)
{
	int kept = 0;

	for (int i = 0; i < b->n; i++)
		if (b->entry[i].claim != claim)
			b->entry[kept++] = b->entry[i];
	b->n = kept;
}

/* Who answers at addr, or NULL. */
static const struct bus_entry *entry_at(const struct bus *b, u64 addr)
{
	int i = first_above(b, addr);

	return i < b->n && b->entry[i].base <= addr ? &b->entry[i] : NULL;
}

bool bus_answers(const struct bus *b, u64 addr)
{
	return entry_at(b, addr);
}

/* True if e takes an access of [addr, addr + size) whole.  A model-specific register is one address. */
static bool holds(const struct bus_entry *e, u64 addr, int size)
{
	if (!e || e->claim->space == SPACE_MSR)
		return e;
	return e->size - (addr - e->base) >= (u64)size && (!e->claim->width || size <= e->claim->width);
}

static void set_hit(struct bus_hit *hit, const struct bus_entry *e, u64 addr, bool write)
{
	u64 offset = addr - e->base;
	const char *const *names = write && e->claim->written ? e->claim->written : e->claim->regs;

	if (!hit || hit->dev)
		return;
	hit->dev = e->dev;
	hit->who = e->dev->name;
	if (names && offset < (u64)e->claim->nregs)
		hit->what = names[offset];
}

static u64 mask_of(int size)
{
	return size == 8 ? UINT64_MAX : (1ull << 8 * size) - 1;
}

static u64 read_entry(const struct bus_entry *e, u64 addr, int size)
{
	if (!e->dev->class->read)
		return mask_of(size);
	return e->dev->class->read(e->dev, e->claim, addr - e->base, size) & mask_of(size);
}

static void write_entry(const struct bus_entry *e, u64 addr, int size, u64 value)
{
	if (e->dev->class->write)
		e->dev->class->write(e->dev, e->claim, addr - e->base, size, value & mask_of(size));
}

u64 bus_read(struct bus *b, u64 addr, int size, struct bus_hit *hit)
{
	const struct bus_entry *e = entry_at(b, addr);
	bool answered = false;
	u64 value = 0;

	if (hit)
		*hit = (struct bus_hit){ 0 };
	if (holds(e, addr, size)) {
		set_hit(hit, e, addr, false);
		return read_entry(e, addr, size);
	}
	for (int i = 0; i < size; i++) {
		u64 byte = 0xff;

		e = entry_at(b, addr + (u64)i);
		if (e) {
			set_hit(hit, e, addr + (u64)i, false);
			byte = read_entry(e, addr + (u64)i, 1);
			answered = true;
		}
		value |= byte << 8 * i;
	}
	b->unclaimed += !answered;
	return value;
}

void bus_write(struct bus *b, u64 addr, int size, u64 value, struct bus_hit *hit)
{
	const struct bus_entry *e = entry_at(b, addr);
	bool answered = false;

	if (hit)
		*hit = (struct bus_hit){ 0 };
	if (holds(e, addr, size)) {
		set_hit(hit, e, addr, true);
		write_entry(e, addr, size, value);
		return;
	}
	for (int i = 0; i < size; i++) {
		e = entry_at(b, addr + (u64)i);
		if (!e)
			continue;
		set_hit(hit, e, addr + (u64)i, true);
		write_entry(e, addr + (u64)i, 1, value >> 8 * i);
		answered = true;
	}
	b->unclaimed += !answered;
}
