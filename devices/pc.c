/* SPDX-License-Identifier: GPL-3.0-or-later
 * pc.c - the board: which devices there are, and which wire goes where.
 * Rule: devices know only their own pins; every connection between two of them is made here.
 */
#include "devices/pc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "devices/acpi-pm.h"
#include "devices/debugcon.h"
#include "devices/fwcfg.h"
#include "devices/hpet.h"
#include "devices/i440fx.h"
#include "devices/kbd.h"
#include "devices/mouse.h"
#include "devices/pc-apic.h"
#include "devices/pc-firmware.h"
#include "devices/pc-ide.h"
#include "devices/pc-priv.h"
#include "devices/pc-virtio.h"
#include "devices/pci.h"
#include "devices/pic.h"
#include "devices/piix3.h"
#include "devices/pit.h"
#include "devices/port92.h"
#include "devices/power.h"
#include "devices/faults.h"
#include "devices/rtc.h"
#include "devices/testdev.h"
#include "devices/uart.h"
#include "devices/vga.h"

struct pc {
	struct vm *vm;
	struct pc_memory memory;
	struct pc_apics apics;
	struct pic pic1, pic2;
	struct pit pit;
	struct rtc rtc;
	struct kbd kbd;
	struct mouse mouse;
	struct port92 port92;
	struct uart uart;
	struct pci pci;
	struct i440fx i440fx;
	struct piix3 piix3;
	struct acpi_pm acpi_pm;
	struct hpet hpet;
	struct pc_ide ide;
	struct fwcfg fwcfg;
	struct pc_firmware firmware;
	struct debugcon debugcon;
	struct testdev testdev;
	struct faults faults;
	struct power power;
	struct vga vga;
	struct disk disk[PC_DISKS], cdrom;
	struct pc_virtio_devices virtio;
	/* What the wires carry, for the gates between them; driven anew after a reset and a restore. */
	bool a20[2];
	bool nmi_masked;
	/* Interrupts 0 (timer) and 8 (clock): by PIT and RTC, or by the HPET once that has replaced them. */
	bool by_chip[2], by_hpet[2], hpet_replaces;
	void (*serial_taken)(void *arg); /* who gives COM1 its bytes; NULL = nobody */
	void *serial_taken_arg;
};

const struct device_class *const pc_classes[] = {
	&pic1_class,   &pic2_class,  &pit_class,      &rtc_class,     &kbd_class,
	&port92_class, &uart_class,  &pci_class,      &i440fx_class,  &piix3_class,
	&virtio_blk_class, &virtio_net_class, &virtio_console_class, &virtio_rng_class, &virtio_balloon_class,
	&virtio_pci_class, &virtio_mmio_class,
	&bmide_class, &ide0_class, &ide1_class, &ide_drive_class,    &fwcfg_class, &debugcon_class, &testdev_class, &power_class, &faults_class,
	&vga_class,    &lapic_class, &ioapic_class,   &acpi_pm_class, &hpet_class,
	&pc_firmware_class, &mouse_class,
};
const int pc_class_count = ARRAY_LEN(pc_classes);

/* ---- gates between wires ---- */

/* One A20 line: open when the keyboard controller or port 92h says so. */
static void set_a20(void *arg, int n, int level)
{
	struct pc *pc = arg;

	pc->a20[n] = level;
	mem_set_a20(&pc->vm->mem, pc->a20[0] || pc->a20[1]);
}

static void set_nmi_mask(void *arg, int n, int level)
{
	((struct pc *)arg)->nmi_masked = level;
}

void pc_nmi(struct pc *pc)
{
	if (!pc->nmi_masked)
		pc_apics_nmi(&pc->apics, pc->vm);
}

bool pc_key(struct pc *pc, u16 key, bool down)
{
	return kbd_key(&pc->kbd.dev, key, down);
}

void pc_mouse(struct pc *pc, int dx, int dy, int dz, u8 buttons)
{
	mouse_move(&pc->mouse.dev, dx, dy, dz, buttons);
}

const struct vga *pc_vga(const struct pc *pc)
{
	return &pc->vga;
}

void pc_serial_receive(struct pc *pc, u8 byte)
{
	uart_receive(&pc->uart.dev, byte);
}

void pc_serial_taken(struct pc *pc, void (*taken)(void *arg), void *arg)
{
	pc->serial_taken = taken;
	pc->serial_taken_arg = arg;
}

/* COM1 has room now: an opening to the outside, whoever is there. */
static void ask_for_serial(void *arg)
{
	struct pc *pc = arg;

	vm_ask(pc->vm, pc->serial_taken, pc->serial_taken_arg);
}

bool pc_serial_listens(const struct pc *pc)
{
	return uart_listens(&pc->uart.dev);
}

int pc_serial_room(const struct pc *pc)
{
	return uart_room(&pc->uart.dev);
}

u64 pc_disk_written(const struct pc *pc, u32 n)
{
	return disk_written(&pc->disk[n]);
}

u64 pc_acpi_rsdp(const struct pc *pc)
{
	return pc->firmware.bios ? 0 : PC_ACPI_RSDP;
}

int pc_firmware_item(struct pc *pc, u16 key, const void *data, size_t len)
{
	fwcfg_add(&pc->fwcfg, key, data, len);
	return pc->fwcfg.bytes.failed ? -ENOMEM : 0;
}

int pc_firmware_file(struct pc *pc, const char *name, const void *data, size_t len)
{
	fwcfg_add_file(&pc->fwcfg, name, data, len);
	return pc->fwcfg.bytes.failed ? -ENOMEM : 0;
}

void pc_power_button(struct pc *pc)
{
	acpi_pm_power_button(&pc->acpi_pm.dev);
}

/* ---- wires ---- */

/* ISA interrupt n: 0 to 7 end at the master, 8 to 15 at the slave; and all at the I/O APIC. */
static void set_isa_irq(void *arg, int n, int level)
{
	struct pc *pc = arg;

	pic_set_input(n < 8 ? &pc->pic1 : &pc->pic2, n & 7, level);
	pc_apics_set_isa(&pc->apics, n, level);
}

static struct irq_line isa_irq(struct pc *pc, int n)
{
	return (struct irq_line){ set_isa_irq, pc, n };
}

/* Of PIT (0) and RTC (1), and of the HPET's two timers in their place. */
static void drive_replaced(struct pc *pc, int n)
{
	set_isa_irq(pc, n ? 8 : 0, pc->hpet_replaces ? pc->by_hpet[n] : pc->by_chip[n]);
}

static void set_timer_chip(void *arg, int n, int level)
{
	struct pc *pc = arg;

	pc->by_chip[n] = level;
	if (!pc->hpet_replaces)
		drive_replaced(pc, n);
}

static void set_hpet_timer(void *arg, int n, int level)
{
	struct pc *pc = arg;

	pc->by_hpet[n] = level;
	if (pc->hpet_replaces)
		drive_replaced(pc, n);
}

static void set_hpet_replaces(void *arg, int n, int level)
{
	struct pc *pc = arg;

	if (pc->hpet_replaces == !!level)
		return;
	pc->hpet_replaces = level;
	drive_replaced(pc, 0);
	drive_replaced(pc, 1);
}

/* Wire n of the PCI bus (device n's INTA#) ends at PIRQ n - 1: device 1 has the first (as SeaBIOS counts). */
static void set_pci_wire(void *arg, int n, int level)
{
	struct pc *pc = arg;

	piix3_set_pirq(&pc->piix3, (n + PIIX3_PIRQS - 1) % PIIX3_PIRQS, level);
	pc_apics_set_pci(&pc->apics, n, level);
}

static void connect_hpet(struct pc *pc)
{
	pc->hpet.legacy = (struct irq_line){ set_hpet_replaces, pc, 0 };
	for (int i = 16; i < HPET_PINS && pc->apics.n; i++)
		pc->hpet.pin[i] = (struct irq_line){ ioapic_set_input, &pc->apics.io, i };
	pc->hpet.pin[2] = (struct irq_line){ set_hpet_timer, pc, 0 };
	pc->hpet.pin[8] = (struct irq_line){ set_hpet_timer, pc, 1 };
}

static void connect_wires(struct pc *pc)
{
	pc_apics_connect(&pc->apics, pc->vm, &pc->pic1);
	pc->pic1.cascade_ack = pic_ack;
	pc->pic1.cascade_arg = &pc->pic2;
	pc->pic2.out = isa_irq(pc, 2);

	pc->pit.irq0 = (struct irq_line){ set_timer_chip, pc, 0 };
	pc->kbd.irq1 = isa_irq(pc, 1);
	pc->uart.irq = isa_irq(pc, 4);
	pc->rtc.irq = (struct irq_line){ set_timer_chip, pc, 1 };
	connect_hpet(pc);
	pc->acpi_pm.sci = isa_irq(pc, APIC_GSI_SCI);
	pc->kbd.irq12 = isa_irq(pc, 12);
	for (int i = 0; i < PIIX3_IRQS; i++)
		pc->piix3.irq[i] = isa_irq(pc, i);
	for (int i = 0; i < PCI_PINS; i++)
		pc->pci.intx[i] = (struct irq_line){ set_pci_wire, pc, i };

	pc->kbd.aux = (struct kbd_aux){ mouse_write, mouse_take, &pc->mouse };
	pc->mouse.ready = (struct irq_line){ kbd_aux_ready, &pc->kbd, 0 };
	pc->kbd.a20 = (struct irq_line){ set_a20, pc, 0 };
	pc->port92.a20 = (struct irq_line){ set_a20, pc, 1 };
	pc->rtc.nmi_mask = (struct irq_line){ set_nmi_mask, pc, 0 };
}

static void set_pam(void *arg, int segment, bool read_ram, bool write_ram)
{
	struct pc *pc = arg;
	struct err err = { 0 };

	if (pc_memory_switch(&pc->memory, &pc->vm->mem, segment, read_ram, write_ram, &err))
		device_log(&pc->i440fx.dev, LOG_ERROR, "%s", err.text);
}

static void shadow_write(void *arg, u32 offset, const void *data, int size)
{
	struct pc *pc = arg;

	pc_memory_shadow_write(&pc->memory, &pc->vm->mem, offset, data, (u32)size);
}

/* ---- inlets that ask several devices; the others are in pc-inlets.c ---- */

bool pc_take_button(void *arg, const u8 *data, u32 len)
{
	struct pc *pc = arg;

	if (len != 1 || data[0] > 2)
		return false;
	if (data[0] == 2)
		pc->vm->world.reset_request(pc->vm->world.arg);
	else
		(data[0] ? pc_nmi : pc_power_button)(pc);
	return true;
}

/* As if a device had asked for the vector: at a local APIC that is switched on, or at the 8259A whose vector it is. */
bool pc_take_irq(void *arg, const u8 *data, u32 len)
{
	struct pc *pc = arg;
	struct pic *pics[] = { &pc->pic1, &pc->pic2 };

	if (len != 2)
		return false;
	if (data[0] < pc->apics.n && lapic_takes_fixed(&pc->apics.local[data[0]]))
		return lapic_receive(&pc->apics.local[data[0]], &(struct apic_message){ .mode = APIC_FIXED, .vector = data[1] });
	for (size_t i = 0; i < ARRAY_LEN(pics) && !data[0]; i++)
		if (pic_request(pics[i], data[1]))
			return true;
	return false;
}

bool pc_take_fault(void *arg, const u8 *data, u32 len)
{
	return faults_take(&((struct pc *)arg)->faults, data, len);
}

/* ---- building ---- */

struct pc_virtio_devices *pc_virtio_of(struct pc *pc)
{
	return &pc->virtio;
}

static int add_virtio(struct pc *pc, const struct pc_config *config, struct err *err)
{
	pc->virtio.vm = pc->vm;
	pc->virtio.bus = &pc->pci;
	pc->virtio.disk = pc->disk;
	for (int i = 0; i < PC_VIRTIO_MMIO_MAX; i++)
		pc->virtio.irq[i] = isa_irq(pc, pc_virtio_mmio_irq[i]);
	return pc_virtio_build(&pc->virtio, config, err);
}

static int add_devices(struct pc *pc, struct err *err)
{
	/* In the order of reset: interrupt controllers before those who pull at them. */
	const struct {
		struct device *dev;
		const struct device_class *class;
		void *state;
	} row[] = {
		{ &pc->pic1.dev, &pic1_class, &pc->pic1.s },
		{ &pc->pic2.dev, &pic2_class, &pc->pic2.s },
		{ &pc->hpet.dev, &hpet_class, &pc->hpet.s },
		{ &pc->pit.dev, &pit_class, &pc->pit.s },
		{ &pc->rtc.dev, &rtc_class, &pc->rtc.s },
		{ &pc->kbd.dev, &kbd_class, &pc->kbd.s },
		{ &pc->mouse.dev, &mouse_class, &pc->mouse.s },
		{ &pc->port92.dev, &port92_class, &pc->port92.s },
		{ &pc->uart.dev, &uart_class, &pc->uart.s },
		{ &pc->pci.dev, &pci_class, &pc->pci.s },
		{ &pc->i440fx.dev, &i440fx_class, &pc->i440fx.s },
		{ &pc->piix3.dev, &piix3_class, &pc->piix3.s },
		{ &pc->acpi_pm.dev, &acpi_pm_class, &pc->acpi_pm.s },
		{ &pc->fwcfg.dev, &fwcfg_class, &pc->fwcfg.s },
		{ &pc->debugcon.dev, &debugcon_class, &pc->debugcon.s },
		{ &pc->testdev.dev, &testdev_class, &pc->testdev.s },
		{ &pc->power.dev, &power_class, &pc->power.s },
		{ &pc->faults.dev, &faults_class, &pc->faults.s },
		{ &pc->vga.dev, &vga_class, &pc->vga.s },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		int rc = device_init(row[i].dev, row[i].class, NULL, row[i].state, &pc->vm->world, err);

		if (!rc)
			rc = vm_add_device(pc->vm, row[i].dev, err);
		if (rc)
			return rc;
	}
	return 0;
}

static int add_pci_functions(struct pc *pc, struct err *err)
{
	struct pci_function *const functions[] = {
		&pc->i440fx.pci,
		&pc->piix3.isa,
		&pc->acpi_pm.pci,
		&pc->vga.pci,
	};
	int rc = 0;

	for (size_t i = 0; i < ARRAY_LEN(functions) && !rc; i++)
		rc = pci_add(&pc->pci, functions[i], err);
	return rc;
}

static int add_ide(struct pc *pc, const struct pc_config *config, struct err *err)
{
	const struct irq_line irq[] = { isa_irq(pc, 14), isa_irq(pc, 15) };

	return pc_ide_build(&pc->ide, pc->vm, &pc->pci, config, pc->disk, &pc->cdrom, irq, err);
}

/* Last: it finds all others there, and sets them up after their reset. */
static int add_firmware(struct pc *pc, const struct pc_config *config, struct err *err)
{
	struct pc_firmware *f = &pc->firmware;
	int rc;

	f->vm = pc->vm;
	f->memory = &pc->memory;
	f->rtc = &pc->rtc;
	f->fwcfg = &pc->fwcfg;
	f->disk = pc->ide.first;
	f->bios = config->bios;
	rc = device_init(&f->dev, &pc_firmware_class, NULL, &f->s, &pc->vm->world, err);
	if (!rc)
		rc = vm_add_device(pc->vm, &f->dev, err);
	return rc ? rc : pc_firmware_build(f, config, err);
}

static int build(struct pc *pc, const struct pc_config *config, struct err *err)
{
	int rc = pc_memory_build(&pc->memory, &pc->vm->mem, config, err);

	for (u32 i = 0; !rc && i < config->ndisks; i++)
		rc = pc_disk_build(&pc->disk[i], &pc->memory, &pc->vm->mem, config, i, &pc->vm->log, err);
	if (!rc && config->cdrom)
		rc = disk_open(&pc->cdrom, config->cdrom, &pc->vm->log, err);
	for (u8 i = 0; i < PC_DISKS; i++) {
		pc->disk[i].faults = &pc->faults;
		pc->disk[i].number = i;
	}
	pc->cdrom.faults = &pc->faults;
	pc->cdrom.number = PC_DISKS;
	pc->virtio.faults = &pc->faults;
	if (!rc)
		rc = pc_video_build(&pc->vga, &pc->memory, &pc->vm->mem, config, err);
	i440fx_init(&pc->i440fx);
	piix3_init(&pc->piix3);
	acpi_pm_init(&pc->acpi_pm);
	connect_wires(pc);
	pc->uart.taken = ask_for_serial;
	pc->uart.taken_arg = pc;
	pc_connect_outside(pc->vm, pc, config);
	if (!rc)
		rc = pc_apics_add(&pc->apics, pc->vm, err);
	if (!rc)
		rc = add_devices(pc, err);
	if (!rc)
		rc = add_pci_functions(pc, err);
	if (!rc)
		rc = add_ide(pc, config, err);
	if (!rc)
		rc = add_virtio(pc, config, err);
	if (rc)
		return rc;
	if (config->bios) {
		pc->i440fx.set_pam = set_pam;
		pc->i440fx.shadow_write = shadow_write;
		pc->i440fx.arg = pc;
	}
	rtc_power_up(&pc->rtc.dev, config->rtc_start);
	return add_firmware(pc, config, err);
}

int pc_build(struct vm *vm, const struct pc_config *config, struct pc **out, struct err *err)
{
	struct pc *pc = calloc(1, sizeof(*pc));
	int rc;

	*out = NULL;
	if (!pc)
		return err_set(err, ENOMEM, "no memory for the board");
	pc->vm = vm;
	rc = build(pc, config, err);
	if (rc) {
		pc_destroy(pc);
		return rc;
	}
	*out = pc;
	return 0;
}

void pc_destroy(struct pc *pc)
{
	if (!pc)
		return;
	for (int i = 0; i < PC_DISKS; i++)
		disk_close(&pc->disk[i]);
	disk_close(&pc->cdrom);
	pc_firmware_release(&pc->firmware);
	pc_video_release(&pc->vga);
	pc_memory_release(&pc->memory, &pc->vm->mem);
	free(pc);
}
