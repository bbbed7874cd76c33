/* SPDX-License-Identifier: GPL-3.0-or-later
 * apic-bus.c - carry interrupt messages to the processors they are meant for.
 * Rule: among equals the processor with the lowest number comes first, so that every run is the same.
 * NOT MODELLED: system management interrupts (there is no SMM); extended destinations of message-signalled interrupts.
 */
#include "devices/apic-bus.h"

#include "devices/ioapic.h"
#include "devices/lapic.h"

enum { MSI_LOGICAL = 1 << 2, MSI_REDIRECT = 1 << 3 };    /* in the address (SDM 3A 10.11.1) */
enum { MSI_LEVEL_UP = 1 << 14, MSI_LEVEL = 1 << 15 };   /* in the data (10.11.2) */

/* One processor of those addressed: the one that does the least important thing (SDM 3A 10.6.2.4). */
static struct lapic *least_busy(struct apic_bus *bus, const struct apic_message *m)
{
	struct lapic *best = NULL;

	for (u32 i = 0; i < bus->n; i++) {
		struct lapic *l = bus->local[i];

		if (!lapic_is_target(l, m->dest, m->logical) || !lapic_takes_fixed(l))
			continue;
		if (!best || lapic_priority(l) < lapic_priority(best))
			best = l;
	}
	return best;
}

bool apic_bus_send(struct apic_bus *bus, const struct apic_message *m)
{
	bool taken = false;

	if (m->mode == APIC_LOWEST) {
		struct lapic *l = least_busy(bus, m);

		return l && lapic_receive(l, m);
	}
	for (u32 i = 0; i < bus->n; i++)
		if (lapic_is_target(bus->local[i], m->dest, m->logical))
			taken |= lapic_receive(bus->local[i], m);
	return taken;
}

void apic_bus_ipi(void *arg, u32 from, enum apic_shorthand to, const struct apic_message *m)
{
	struct apic_bus *bus = arg;

	if (to == APIC_TO_DEST) {
		apic_bus_send(bus, m);
		return;
	}
	for (u32 i = 0; i < bus->n; i++)
		if (to == APIC_TO_ALL || (i == from) == (to == APIC_TO_SELF))
			lapic_receive(bus->local[i], m);
}

void apic_bus_eoi(void *arg, u8 vector)
{
	struct apic_bus *bus = arg;

	if (bus->io)
		ioapic_eoi(bus->io, vector);
}

void apic_bus_msi(void *arg, u64 address, u32 data)
{
	bool logical = address & MSI_LOGICAL;
	struct apic_message m = {
		.mode = data >> 8 & 7,
		.vector = (u8)data,
		.level = data & MSI_LEVEL,
		.logical = logical,
		.dest = apic_dest((u8)(address >> 12), logical),
	};

	if (address >> 20 != APIC_LOCAL_BASE >> 20)
		return; /* it went elsewhere: no interrupt */
	if (m.level && !(data & MSI_LEVEL_UP))
		return;
	if (m.mode == APIC_FIXED && logical && (address & MSI_REDIRECT))
		m.mode = APIC_LOWEST;
	apic_bus_send(arg, &m);
}
