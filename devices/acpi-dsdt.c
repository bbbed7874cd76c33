/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-dsdt.c - the DSDT: the processors, the PCI bus and its interrupts, the devices that cannot be probed.
 * Rule: nothing here does anything; methods only choose among constants. What each call means in ASL shows
 * `iasl -d` (tests/unit/dev-acpi.c compares).
 * Source: ACPI specification 6.4, 6.2.13 (_PRT), 5.8.1 (_PIC), 7.4.2 (_Sx); ids from the Plug and Play list.
 */
#include <stdio.h>

#include "devices/acpi-aml.h"
#include "devices/acpi.h"

enum { PCI_SLOTS = 32, PCI_PINS = 4, SLEEP_TYPE_S5 = 0 };

static void name_integer(struct aml *a, const char *path, u64 value)
{
	aml_name(a, path);
	aml_integer(a, value);
}

static void name_eisa_id(struct aml *a, const char *path, const char *id)
{
	aml_name(a, path);
	aml_eisa_id(a, id);
}

static void add_cpus(struct aml *a, u32 cpus)
{
	for (u32 i = 0; i < cpus; i++) {
		char path[5];

		snprintf(path, sizeof(path), "CP%02X", i & 0xff);
		aml_device(a, path);
		aml_name(a, "_HID");
		aml_string(a, "ACPI0007");
		name_integer(a, "_UID", i);
		aml_end(a);
	}
}

/* ---- PCI ---- */

/* What the bus passes on: its configuration ports excepted, all that is not the board's own. */
static void add_pci_windows(struct aml *a, const struct acpi_config *c)
{
	aml_name(a, "_CRS");
	aml_resources(a);
	aml_bus_window(a, 0, 0xff);
	aml_io(a, 0xcf8, 8);
	aml_io_window(a, 0, 0xcf7);
	aml_io_window(a, 0xd00, 0xffff);
	aml_memory_window(a, 0xa0000, 0xbffff, true);
	aml_memory_window(a, c->pci_first, c->pci_last, false);
	aml_end(a);
}

/* Where the pins of all slots end: the I/O APIC's pins, or the interrupts of the PICs. Device 0 is the host
 * bridge, which has none. */
static void add_routes(struct aml *a, const char *path, bool apic)
{
	aml_name(a, path);
	aml_package(a, (PCI_SLOTS - 1) * PCI_PINS);
	for (u32 slot = 1; slot < PCI_SLOTS; slot++)
		for (u32 pin = 0; pin < PCI_PINS; pin++) {
			u32 wire = (slot + pin) % PCI_PINS;

			aml_package(a, 4);
			aml_integer(a, slot << 16 | 0xffff);
			aml_integer(a, pin);
			aml_integer(a, 0); /* wired for good: no link device */
			aml_integer(a, apic ? apic_pci_gsi(slot, pin) : acpi_pci_isa_irq[wire]);
			aml_end(a);
		}
	aml_end(a);
}

static void add_route_choice(struct aml *a)
{
	aml_method(a, "_PRT", 0);
	aml_if_name(a, "\\PICM");
	aml_return(a);
	aml_path(a, "PRTA");
	aml_end(a);
	aml_return(a);
	aml_path(a, "PRTP");
	aml_end(a);
}

/* ---- devices on the ISA bus ---- */

struct isa_device {
	const char *path, *id;
	struct {
		u16 base;
		u8 len;
	} io[4];
	u8 irq; /* 0 = none */
};

static const struct isa_device isa_devices[] = {
	{ "PIC_", "PNP0000", { { 0x20, 2 }, { 0xa0, 2 }, { 0x4d0, 2 } }, 2 },
	{ "TIMR", "PNP0100", { { 0x40, 4 } }, 0 },
	{ "RTC_", "PNP0B00", { { 0x70, 2 } }, 8 },
	{ "PS2K", "PNP0303", { { 0x60, 1 }, { 0x64, 1 } }, 1 },
	{ "PS2M", "PNP0F13", { { 0 } }, 12 },
	{ "COM1", "PNP0501", { { 0x3f8, 8 } }, 4 },
	/* ports that are the board's own: DMA pages, speaker and port 92h, reset, power management */
	{ "SYSR", "PNP0C02", { { 0x61, 1 }, { 0x92, 1 }, { ACPI_PM_BASE, ACPI_PM_SIZE } }, 0 },
};

static void add_isa_device(struct aml *a, const struct isa_device *d)
{
	aml_device(a, d->path);
	name_eisa_id(a, "_HID", d->id);
	aml_name(a, "_CRS");
	aml_resources(a);
	for (size_t i = 0; i < ARRAY_LEN(d->io) && d->io[i].len; i++)
		aml_io(a, d->io[i].base, d->io[i].len);
	if (d->irq)
		aml_irq(a, d->irq);
	aml_end(a);
	aml_end(a);
}

static void add_isa(struct aml *a)
{
	aml_device(a, "ISA_");
	name_integer(a, "_ADR", 0x00010000);
	for (size_t i = 0; i < ARRAY_LEN(isa_devices); i++)
		add_isa_device(a, &isa_devices[i]);
	/* The firmware configuration ports, which Linux can show under /sys/firmware/qemu_fw_cfg. */
	aml_device(a, "FWCF");
	aml_name(a, "_HID");
	aml_string(a, "QEMU0002");
	name_integer(a, "_STA", 0x0b);
	aml_name(a, "_CRS");
	aml_resources(a);
	aml_io(a, 0x510, 12);
	aml_end(a);
	aml_end(a);
	aml_end(a);
}

/* ---- the rest ---- */

static void add_hpet(struct aml *a)
{
	aml_device(a, "HPET");
	name_eisa_id(a, "_HID", "PNP0103");
	aml_name(a, "_CRS");
	aml_resources(a);
	aml_memory(a, ACPI_HPET_BASE, 0x400);
	aml_end(a);
	aml_end(a);
}

static void add_virtio_mmio(struct aml *a, const struct acpi_config *c)
{
	for (u32 i = 0; i < c->virtio_mmio; i++) {
		char path[5];

		snprintf(path, sizeof(path), "VR%02X", i & 0xff);
		aml_device(a, path);
		aml_name(a, "_HID");
		aml_string(a, "LNRO0005");
		name_integer(a, "_UID", i);
		aml_name(a, "_CRS");
		aml_resources(a);
		aml_memory(a, c->virtio_mmio_base + i * c->virtio_mmio_step, c->virtio_mmio_step);
		aml_interrupt(a, c->virtio_mmio_irq[i], true);
		aml_end(a);
		aml_end(a);
	}
}

void acpi_dsdt(struct buf *out, const struct acpi_config *c)
{
	struct aml a = { .out = out };

	name_integer(&a, "PICM", 0); /* which interrupt controllers the system uses: 0 PIC, 1 APIC */
	aml_method(&a, "_PIC", 1);
	aml_store_arg(&a, 0, "PICM");
	aml_end(&a);
	aml_name(&a, "_S5");
	aml_package(&a, 4);
	for (int i = 0; i < 4; i++)
		aml_integer(&a, i < 2 ? SLEEP_TYPE_S5 : 0);
	aml_end(&a);

	aml_scope(&a, "\\_SB");
	add_cpus(&a, c->cpus);
	aml_device(&a, "PCI0");
	name_eisa_id(&a, "_HID", "PNP0A03");
	name_integer(&a, "_UID", 0);
	add_pci_windows(&a, c);
	add_routes(&a, "PRTA", true);
	add_routes(&a, "PRTP", false);
	add_route_choice(&a);
	add_isa(&a);
	aml_end(&a);
	add_hpet(&a);
	add_virtio_mmio(&a, c);
	aml_end(&a);
}
