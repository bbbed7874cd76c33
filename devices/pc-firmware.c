/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc-firmware.c - CMOS, firmware configuration and ACPI tables for the BIOS; and for a board without one,
 * the few things a system expects to find done: places for BARs, interrupt routing, the tables in memory.
 * Rule: what is done in place of a BIOS is done as a BIOS does it, through the ports; so the devices cannot
 * tell.
 * Source: PCI Local Bus Specification 3.0, 6.2.5.1 (sizing); ACPI specification 6.4, 5.2.5.1 (finding the
 * RSDP).
 */
#include "devices/pc-firmware.h"

#include <errno.h>
#include <string.h>

#include "devices/pc-virtio.h"

/* ---- CMOS ---- */

static void poke16(struct rtc *r, u8 index, u64 value)
{
	u16 v = value > 0xffff ? 0xffff : (u16)value;

	rtc_poke(&r->dev, index, (u8)v);
	rtc_poke(&r->dev, index + 1, (u8)(v >> 8));
}

/* Memory sizes in CMOS, at the places of the PC/AT and those that QEMU added for SeaBIOS. */
static void cmos_memory(const struct pc_firmware *f)
{
	u64 low = f->memory->low_size, high = f->memory->high_size;
	u64 above_1m = (low - (1 << 20)) >> 10;
	struct rtc *r = f->rtc;

	poke16(r, 0x15, 640);
	poke16(r, 0x17, above_1m);
	poke16(r, 0x30, above_1m);
	poke16(r, 0x34, low > 16 << 20 ? (low - (16 << 20)) >> 16 : 0);
	poke16(r, 0x5b, high >> 16 & 0xffff);
	rtc_poke(&r->dev, 0x5d, (u8)(high >> 32));
	rtc_poke(&r->dev, 0x5f, (u8)(f->vm->ncpus - 1));
}

static void cmos_disk(struct rtc *r, const struct disk *disk)
{
	u64 cylinders = disk->sectors / (16 * 63);
	u16 c = cylinders > 16383 ? 16383 : (u16)cylinders;

	rtc_poke(&r->dev, 0x12, 0xf0); /* disk 0: see type byte 19h */
	rtc_poke(&r->dev, 0x19, 47);   /* type 47: the parameters follow */
	poke16(r, 0x1b, c);
	rtc_poke(&r->dev, 0x1d, 16);
	poke16(r, 0x1e, 0xffff);
	rtc_poke(&r->dev, 0x20, 0xc8); /* more than 8 heads */
	poke16(r, 0x21, c);
	rtc_poke(&r->dev, 0x23, 63);
	rtc_poke(&r->dev, 0x39, c > 1024); /* INT 13h geometry: LBA-assisted, or as it is */
}

static void fill_cmos(const struct pc_firmware *f)
{
	u16 sum = 0;

	cmos_memory(f);
	if (f->disk)
		cmos_disk(f->rtc, f->disk);
	rtc_poke(&f->rtc->dev, 0x3d, 0x32); /* boot from the first hard disk, else from the CD */
	for (int i = 0x10; i <= 0x2d; i++)
		sum += f->rtc->s.ram[i];
	rtc_poke(&f->rtc->dev, 0x2e, (u8)(sum >> 8));
	rtc_poke(&f->rtc->dev, 0x2f, (u8)sum);
}

/* ---- firmware configuration ---- */

static void fill_fwcfg(const struct pc_firmware *f)
{
	struct fwcfg *c = f->fwcfg;
	struct {
		u64 addr, size;
		u32 type;
	} __attribute__((packed)) e820[2] = {
		{ 0, f->memory->low_size, 1 },
		{ PC_4G, f->memory->high_size, 1 },
	};
	u32 features = FWCFG_HAS_PORTS | FWCFG_HAS_DMA;
	u16 cpus = (u16)f->vm->ncpus, sercon_port = 0x3f8;

	fwcfg_add(c, FWCFG_SIGNATURE, "QEMU", 4);
	fwcfg_add(c, FWCFG_ID, &features, sizeof(features));
	fwcfg_add(c, FWCFG_RAM_SIZE, &f->vm->mem_size, sizeof(f->vm->mem_size));
	fwcfg_add(c, FWCFG_NB_CPUS, &cpus, sizeof(cpus));
	fwcfg_add(c, FWCFG_MAX_CPUS, &cpus, sizeof(cpus));
	fwcfg_add_file(c, "etc/e820", e820, f->memory->high_size ? sizeof(e820) : sizeof(e820[0]));
	/* SeaBIOS shows INT 10h text on COM1 as well. */
	fwcfg_add_file(c, "etc/sercon-port", &sercon_port, sizeof(sercon_port));
}

/* ---- ACPI ---- */

static int build_tables(struct pc_firmware *f, const struct pc_config *config, struct err *err)
{
	u32 disks = 0;
	struct acpi_config c = {
		.cpus = f->vm->ncpus,
		.apic = vm_find_device(f->vm, "ioapic"),
		.pci_first = PC_LOW_MAX,
		.pci_last = APIC_IO_BASE - 1,
		.vga = vm_find_device(f->vm, "vga"),
		.virtio_mmio_base = PC_VIRTIO_MMIO_BASE,
		.virtio_mmio_step = VIRTIO_MMIO_BYTES,
		.virtio_mmio_irq = pc_virtio_mmio_irq,
	};

	for (u32 i = 0; i < config->ndisks; i++)
		disks += config->disk[i].virtio;
	if (config->virtio.mmio)
		c.virtio_mmio = disks + config->virtio.net + config->virtio.console + config->virtio.rng +
				config->virtio.balloon;
	if (c.virtio_mmio > PC_VIRTIO_MMIO_MAX)
		c.virtio_mmio = PC_VIRTIO_MMIO_MAX;
	return acpi_build(&f->acpi, &c, err);
}

/* A BIOS puts them where it likes. */
static void offer_tables(const struct pc_firmware *f)
{
	const struct acpi *t = &f->acpi;
	struct buf script = { 0 };

	acpi_loader_script(t, &script);
	fwcfg_add_file(f->fwcfg, "etc/acpi/rsdp", t->rsdp.data, t->rsdp.len);
	fwcfg_add_file(f->fwcfg, "etc/acpi/tables", t->tables.data, t->tables.len);
	fwcfg_add_file(f->fwcfg, "etc/table-loader", script.data, script.len);
	f->fwcfg->bytes.failed |= script.failed;
	buf_free(&script);
}

enum { TABLES_AT = PC_ACPI_RSDP + 64 };

int pc_firmware_build(struct pc_firmware *f, const struct pc_config *config, struct err *err)
{
	int rc = build_tables(f, config, err);

	if (rc)
		return rc;
	fill_cmos(f);
	fill_fwcfg(f);
	if (f->bios)
		offer_tables(f);
	else
		acpi_place(&f->acpi, TABLES_AT);
	return f->fwcfg->bytes.failed ? err_set(err, ENOMEM, "no memory for the firmware configuration") : 0;
}

void pc_firmware_release(struct pc_firmware *f)
{
	acpi_free(&f->acpi);
	if (f->fwcfg)
		fwcfg_release(f->fwcfg);
}

/* ---- in place of a BIOS ---- */

enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc, PORT_ELCR = 0x4d0 };
/* clang-format off */
enum { ISA_BRIDGE = 1 << 3, PIRQ_ROUTE = 0x60, CLASS_BRIDGE = 6, CLASS_IDE = 0x0101,
       IDE_DECODE = 0x40, FIRST_IO = 0xc000 };
/* clang-format on */

/* Where the next BAR goes. */
struct places {
	u64 io, memory;
};

static u32 config_read(struct vm *vm, u32 devfn, u32 reg)
{
	bus_write(&vm->port, PORT_ADDRESS, 4, 1u << 31 | devfn << 8 | (reg & 0xfc), NULL);
	return (u32)bus_read(&vm->port, PORT_DATA, 4, NULL);
}

static void config_write(struct vm *vm, u32 devfn, u32 reg, u32 value)
{
	config_read(vm, devfn, reg); /* selects it */
	bus_write(&vm->port, PORT_DATA, 4, value, NULL);
}

/* Write ones, see which stay: that is the size.  Then the next place that is a multiple of it. */
static void place_bar(struct vm *vm, u32 devfn, u32 reg, struct places *next)
{
	u32 old = config_read(vm, devfn, reg), mask, size;
	u64 *place = old & 1 ? &next->io : &next->memory, end = old & 1 ? 0x10000 : APIC_IO_BASE, base;

	config_write(vm, devfn, reg, UINT32_MAX);
	mask = config_read(vm, devfn, reg) & (old & 1 ? ~3u : ~15u);
	config_write(vm, devfn, reg, old);
	if (!mask)
		return;
	size = ~mask + 1;
	base = (*place + size - 1) & ~((u64)size - 1);
	if (base + size > end)
		return; /* the guest may find another place, or do without */
	config_write(vm, devfn, reg, (u32)base);
	*place = base + size;
}

static void set_up_function(struct vm *vm, u32 devfn, struct places *next)
{
	u32 command = config_read(vm, devfn, PCI_COMMAND) & 0xffff;
	u32 pin = config_read(vm, devfn, PCI_INTERRUPT_LINE) >> 8 & 0xff;

	if (config_read(vm, devfn, PCI_REVISION) >> 24 == CLASS_BRIDGE)
		return;
	if (config_read(vm, devfn, PCI_REVISION) >> 16 == CLASS_IDE)
		config_write(vm, devfn, IDE_DECODE, 0x80008000); /* both channels */
	for (u32 n = 0; n < PCI_BARS; n++)
		place_bar(vm, devfn, PCI_BAR0 + 4 * n, next);
	config_write(vm, devfn, PCI_COMMAND, command | PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	if (pin)
		config_write(vm, devfn, PCI_INTERRUPT_LINE,
			     acpi_pci_isa_irq[(devfn / 8 + pin - 1) % PCI_PINS]);
}

static void set_up_pci(struct vm *vm)
{
	struct places next = { FIRST_IO, PC_LOW_MAX };
	u32 routes = 0;

	for (u32 devfn = 0; devfn < PCI_SLOTS * 8; devfn++)
		if (config_read(vm, devfn, PCI_VENDOR_ID) != UINT32_MAX)
			set_up_function(vm, devfn, &next);
	for (u32 pirq = 0; pirq < PCI_PINS; pirq++) /* PIRQ n has wire n + 1: see pc.c */
		routes |= (u32)acpi_pci_isa_irq[(pirq + 1) % PCI_PINS] << 8 * pirq;
	config_write(vm, ISA_BRIDGE, PIRQ_ROUTE, routes);
}

/* Interrupts of PCI and ACPI are levels. */
static void set_up_levels(struct vm *vm)
{
	u16 levels = 1 << APIC_GSI_SCI;

	for (int i = 0; i < PCI_PINS; i++)
		levels |= (u16)(1 << acpi_pci_isa_irq[i]);
	bus_write(&vm->port, PORT_ELCR, 2, levels, NULL);
}

static void firmware_reset(struct device *d)
{
	struct pc_firmware *f = (struct pc_firmware *)d;

	if (f->bios)
		return;
	f->s.setups[0]++;
	set_up_pci(f->vm);
	set_up_levels(f->vm);
	mem_write(&f->vm->mem, PC_ACPI_RSDP, f->acpi.rsdp.data, f->acpi.rsdp.len);
	mem_write(&f->vm->mem, TABLES_AT, f->acpi.tables.data, f->acpi.tables.len);
}

const struct device_class pc_firmware_class = {
	.name = "firmware",
	.brief = "what a BIOS does to a board that has none",
	.layout = &pc_firmware_state_layout,
	.battery = true,
	.reset = firmware_reset,
};
