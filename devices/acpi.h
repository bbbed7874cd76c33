/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi.h - the ACPI tables of the board: what a system that boots learns of it without probing.
 * Rule: the tables are built once, position-independent; the list of their pointers says which places have
 * to be filled in when it is known where they lie: by us (acpi_place), or by a BIOS (acpi_loader_script).
 */
#ifndef VITRINE_DEVICES_ACPI_H
#define VITRINE_DEVICES_ACPI_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "devices/apic-bus.h"

/* What the tables say and the devices do: ports of the power management block, its interrupt, places. */
/* clang-format off */
enum { ACPI_PM_BASE = 0x600, ACPI_PM_CONTROL = ACPI_PM_BASE + 4, ACPI_PM_TIMER = ACPI_PM_BASE + 8,
       ACPI_GPE = ACPI_PM_BASE + 0xc, ACPI_PM_SIZE = 0x40 };
/* clang-format on */
#define ACPI_HPET_BASE 0xfed00000u
/* PCI wire n reaches the I/O APIC at pin APIC_GSI_PCI + n, and, while the PICs are used, this ISA interrupt,
 * to which the firmware (SeaBIOS, or pc-firmware.c) has routed it. */
extern const unsigned char acpi_pci_isa_irq[4];

struct acpi_config {
	u32 cpus;
	bool apic;               /* there are local APICs and an I/O APIC */
	u32 pci_first, pci_last; /* memory addresses for BARs */
	bool vga;                /* there is a VGA */
	/* Virtio devices outside PCI: how many, where (at equal steps), and their interrupts. */
	u32 virtio_mmio, virtio_mmio_base, virtio_mmio_step;
	const u8 *virtio_mmio_irq;
};

enum { ACPI_POINTERS = 24, ACPI_TABLES = 8 };
enum acpi_file { ACPI_FILE_TABLES, ACPI_FILE_RSDP };

struct acpi {
	struct buf tables, rsdp; /* with offsets into `tables` in place of addresses, and checksums of 0 */
	struct acpi_pointer {
		u8 file, size; /* where: enum acpi_file; bytes of the pointer */
		u32 at;
	} pointer[ACPI_POINTERS];
	int npointers;
	struct acpi_checksum {
		u8 file;
		u32 at, start, len; /* the byte that makes the sum of these zero */
	} checksum[ACPI_TABLES + 2];
	int nchecksums;
};

/* -ENOMEM if there is no memory. acpi_free in any case. */
int acpi_build(struct acpi *t, const struct acpi_config *c, struct err *err);
void acpi_free(struct acpi *t);
/* The tables will lie at `address`: fill in pointers and checksums.  Once. */
void acpi_place(struct acpi *t, u64 address);
/* The same as commands for a BIOS ("etc/table-loader"; format: QEMU, hw/acpi/bios-linker-loader.c). */
void acpi_loader_script(const struct acpi *t, struct buf *out);
/* The DSDT's AML, without the table header. */
void acpi_dsdt(struct buf *out, const struct acpi_config *c);

#endif
