/* SPDX-License-Identifier: GPL-3.0-or-later
 * tables.c - write the ACPI tables of a board into files, one per table, for iasl.  Usage: tables FOLDER
 * Rule: a board with everything on it, so that every line of the writer is read by somebody else.
 */
#include <stdio.h>
#include <string.h>

#include "devices/acpi.h"

static int write_table(const char *folder, const u8 *p, u32 len)
{
	char path[512];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%.4s.dat", folder, (const char *)p);
	f = fopen(path, "wb");
	if (!f)
		return 1;
	n = fwrite(p, 1, len, f);
	return fclose(f) || n != len;
}

int main(int argc, char **argv)
{
	static const u8 irq[] = { 5, 6, 7 };
	const struct acpi_config c = {
		.cpus = 8,
		.apic = true,
		.pci_first = 0xe0000000,
		.pci_last = 0xfebfffff,
		.vga = true,
		.virtio_mmio = 3,
		.virtio_mmio_base = 0xfeb00000,
		.virtio_mmio_step = 0x200,
		.virtio_mmio_irq = irq,
	};
	struct acpi t;
	int bad = argc != 2 || acpi_build(&t, &c, NULL);

	if (bad)
		return 2;
	acpi_place(&t, 0xe0040);
	for (u32 at = 0, len; at + 8 <= t.tables.len; at = (at + len + 15) & ~15u) {
		memcpy(&len, t.tables.data + at + 4, sizeof(len));
		bad |= write_table(argv[1], t.tables.data + at, len);
	}
	acpi_free(&t);
	return bad;
}
