/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-pci.c - the PCI transport: capabilities that say where the registers are, registers, interrupts.
 * Rule: the interrupt pin is a function of the state (see drive); whoever changes the state calls it.
 * Source: virtio 1.2, 4.1; numbers in brackets are its sections.
 */
#include "devices/virtio-pci.h"

#include <stdio.h>

enum { BAR_REGISTERS, BAR_MSIX, BAR_BYTES = 4096, PBA_AT = 0x800 };
enum { NOTIFY_STEP = 4, CONFIG_STRUCTURE = 0x40, COMMON_BYTES = 60 };
enum { SUBSYSTEM = 0x40 }; /* of a device without a legacy interface: 40h or more (4.1.2.1) */

/* Vendor capabilities (4.1.4) */
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_PCI_CFG };
enum { CAP_TYPE = 3, CAP_BAR = 4, CAP_OFFSET = 8, CAP_LENGTH = 12, CAP_BYTES = 16, CAP_MORE = 16 };

/* ---- common configuration (4.1.4.3) ---- */

/* Registers that only this transport has; continues enum virtio_reg. */
enum { PREG_CONFIG_VECTOR = 0x80, PREG_QUEUE_VECTOR, PREG_QUEUE_NUMBER };

static const struct reg { u8 offset, size, reg; } common[] = {
	{ 0, 4, VREG_DEVICE_FEATURE_SELECT },
	{ 4, 4, VREG_DEVICE_FEATURE },
	{ 8, 4, VREG_DRIVER_FEATURE_SELECT },
	{ 12, 4, VREG_DRIVER_FEATURE },
	{ 16, 2, PREG_CONFIG_VECTOR },
	{ 18, 2, VREG_NUM_QUEUES },
	{ 20, 1, VREG_STATUS },
	{ 21, 1, VREG_GENERATION },
	{ 22, 2, VREG_QUEUE_SELECT },
	{ 24, 2, VREG_QUEUE_SIZE },
	{ 26, 2, PREG_QUEUE_VECTOR },
	{ 28, 2, VREG_QUEUE_ENABLE },
	{ 30, 2, PREG_QUEUE_NUMBER }, /* queue_notify_off: each queue has a bell of its own */
	{ 32, 4, VREG_QUEUE_DESC_LOW },
	{ 36, 4, VREG_QUEUE_DESC_HIGH },
	{ 40, 4, VREG_QUEUE_DRIVER_LOW },
	{ 44, 4, VREG_QUEUE_DRIVER_HIGH },
	{ 48, 4, VREG_QUEUE_DEVICE_LOW },
	{ 52, 4, VREG_QUEUE_DEVICE_HIGH },
	{ 56, 2, PREG_QUEUE_NUMBER }, /* queue_notify_data */
};

static const char *const register_names[VIRTIO_PCI_CONFIG + VIRTIO_CONFIG_BYTES] = {
	[0] = "device_feature_select",
	[4] = "device_feature",
	[8] = "driver_feature_select",
	[12] = "driver_feature",
	[16] = "config_msix_vector",
	[18] = "num_queues",
	[20] = "device_status",
	[21] = "config_generation",
	[22] = "queue_select",
	[24] = "queue_size",
	[26] = "queue_msix_vector",
	[28] = "queue_enable",
	[30] = "queue_notify_off",
	[32] = "queue_desc",
	[36] = "queue_desc, high half",
	[40] = "queue_driver",
	[44] = "queue_driver, high half",
	[48] = "queue_device",
	[52] = "queue_device, high half",
	[56] = "queue_notify_data",
	[VIRTIO_PCI_ISR] = "ISR status",
	[VIRTIO_PCI_NOTIFY] = "notify queue 0",
	[VIRTIO_PCI_NOTIFY + 1 * NOTIFY_STEP] = "notify queue 1",
	[VIRTIO_PCI_NOTIFY + 2 * NOTIFY_STEP] = "notify queue 2",
	[VIRTIO_PCI_NOTIFY + 3 * NOTIFY_STEP] = "notify queue 3",
	[VIRTIO_PCI_NOTIFY + 4 * NOTIFY_STEP] = "notify queue 4",
	[VIRTIO_PCI_CONFIG ... VIRTIO_PCI_CONFIG + VIRTIO_CONFIG_BYTES - 1] = "device configuration",
};

static struct virtio_pci *of(struct device *d)
{
	return (struct virtio_pci *)d;
}

/* ---- interrupts (4.1.5) ---- */

static void drive(struct virtio_pci *p)
{
	pci_set_intx(&p->pci, p->v->s->isr[0] && !pci_msix_is_enabled(&p->msix));
}

/* With MSI-X the vector says what happened, and the ISR status is not used (4.1.4.5.1). */
static void interrupt(void *transport, int queue)
{
	struct virtio_pci *p = transport;

	if (pci_msix_is_enabled(&p->msix)) {
		p->v->s->isr[0] = 0;
		pci_msix_raise(&p->msix, queue == VIRTIO_CONFIG_CHANGE ? p->s.config_vector[0]
								       : p->s.queue_vector[queue]);
	}
	drive(p);
}

static bool may_access(const void *transport)
{
	const struct virtio_pci *p = transport;

	return pci_is_master(&p->pci);
}

static u8 read_isr(struct virtio_pci *p)
{
	u8 isr = p->v->s->isr[0];

	p->v->s->isr[0] = 0; /* reading acknowledges */
	drive(p);
	return isr;
}

/* ---- registers ---- */

/* The vector of the selected queue, or a place for nothing. */
static u16 *queue_vector(struct virtio_pci *p, u16 *none)
{
	u16 q = p->v->s->queue_select[0];

	return q < p->v->kind->nqueues ? &p->s.queue_vector[q] : none;
}

static u32 reg_read(struct virtio_pci *p, u8 reg)
{
	u16 none = VIRTIO_NO_VECTOR;

	switch (reg) {
	case PREG_CONFIG_VECTOR: return p->s.config_vector[0];
	case PREG_QUEUE_VECTOR: return *queue_vector(p, &none);
	case PREG_QUEUE_NUMBER: return p->v->s->queue_select[0];
	default: return virtio_reg_read(p->v, reg);
	}
}

/* A vector that is not there cannot be chosen: the driver sees it by reading back (4.1.5.1.2). */
static void set_vector(struct virtio_pci *p, u16 *vector, u32 value)
{
	*vector = value < p->msix.nvectors ? (u16)value : VIRTIO_NO_VECTOR;
}

static void reg_write(struct virtio_pci *p, u8 reg, u32 value)
{
	u16 none;

	switch (reg) {
	case PREG_CONFIG_VECTOR: set_vector(p, &p->s.config_vector[0], value); break;
	case PREG_QUEUE_VECTOR: set_vector(p, queue_vector(p, &none), value); break;
	case PREG_QUEUE_NUMBER: break;
	default: virtio_reg_write(p->v, reg, value);
	}
	if (reg != VREG_STATUS || value)
		return;
	p->s.config_vector[0] = VIRTIO_NO_VECTOR; /* the device has been reset */
	for (int q = 0; q < VIRTIO_QUEUES; q++)
		p->s.queue_vector[q] = VIRTIO_NO_VECTOR;
}

/* Any size is read, also across registers. */
static u64 common_read(struct virtio_pci *p, u64 offset, int size)
{
	u64 value = 0;

	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		const struct reg *r = &common[i];
		int shift = 8 * ((int)r->offset - (int)offset);

		if (shift >= 8 * size || shift <= -8 * r->size)
			continue;
		value |= shift >= 0 ? (u64)reg_read(p, r->reg) << shift : (u64)reg_read(p, r->reg) >> -shift;
	}
	return value;
}

/* Only whole registers are written; 64 bits are two of them (4.1.3.1). */
static void common_write(struct virtio_pci *p, u64 offset, int size, u64 value)
{
	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		const struct reg *r = &common[i];
		u64 mask = (1ull << 8 * r->size) - 1;

		if (r->offset >= offset && r->offset + r->size <= offset + (u64)size)
			reg_write(p, r->reg, (u32)(value >> 8 * (r->offset - offset) & mask));
	}
	drive(p);
}

static u64 registers_read(struct virtio_pci *p, u64 offset, int size)
{
	if (offset < COMMON_BYTES)
		return common_read(p, offset, size);
	if (offset == VIRTIO_PCI_ISR)
		return read_isr(p);
	if (offset >= VIRTIO_PCI_CONFIG)
		return virtio_config_read(p->v, offset - VIRTIO_PCI_CONFIG, size);
	return 0;
}

static void registers_write(struct virtio_pci *p, u64 offset, int size, u64 value)
{
	if (offset < COMMON_BYTES)
		common_write(p, offset, size, value);
	else if (offset >= VIRTIO_PCI_CONFIG)
		virtio_config_write(p->v, offset - VIRTIO_PCI_CONFIG, size, value);
	else if (offset >= VIRTIO_PCI_NOTIFY && !(offset % NOTIFY_STEP))
		virtio_notify(p->v, (u32)(offset - VIRTIO_PCI_NOTIFY) / NOTIFY_STEP);
}

static u64 bar_read(struct virtio_pci *p, int bar, u64 offset, int size)
{
	if (bar == BAR_REGISTERS)
		return registers_read(p, offset, size);
	return pci_msix_holds(&p->msix, offset) ? pci_msix_read(&p->msix, offset, size) : 0;
}

static void bar_write(struct virtio_pci *p, int bar, u64 offset, int size, u64 value)
{
	if (bar == BAR_REGISTERS)
		registers_write(p, offset, size, value);
	else if (pci_msix_holds(&p->msix, offset))
		pci_msix_write(&p->msix, offset, size, value);
}

static u64 virtio_pci_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	return bar_read(of(d), pci_bar_index(&of(d)->pci, claim), offset, size);
}

static void virtio_pci_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	bar_write(of(d), pci_bar_index(&of(d)->pci, claim), offset, size, value);
}

/* ---- capabilities (4.1.4) ---- */

static u8 add_capability(struct pci_function *f, u8 type, u8 len, u32 offset, u32 length)
{
	u8 at = pci_capability_add(f, PCI_CAP_VENDOR, len);

	f->initial[at + 2] = len;
	f->initial[at + CAP_TYPE] = type;
	f->initial[at + CAP_BAR] = BAR_REGISTERS;
	pci_put32(f->initial, at + CAP_OFFSET, offset);
	pci_put32(f->initial, at + CAP_LENGTH, length);
	return at;
}

/* ---- the window in configuration space (4.1.4.9): for a guest that cannot reach BARs yet ---- */

/* Where the window looks: bytes of a BAR, 0 if it is set to nothing that there is. */
static u32 window_size(const struct virtio_pci *p, int *bar, u32 *offset)
{
	const u8 *cap = p->s.config + p->window;
	u32 len = pci_get32(cap, CAP_LENGTH);

	*bar = cap[CAP_BAR];
	*offset = pci_get32(cap, CAP_OFFSET);
	if (*bar > BAR_MSIX || (len != 1 && len != 2 && len != 4) || *offset % len || *offset >= BAR_BYTES)
		return 0;
	return len;
}

static bool touches_window(const struct virtio_pci *p, u32 reg, int size)
{
	u32 data = p->window + CAP_MORE;

	return reg < data + 4 && reg + (u32)size > data;
}

static void config_reading(struct device *d, u32 reg, int size)
{
	struct virtio_pci *p = of(d);
	u32 offset, len;
	int bar;

	if (!touches_window(p, reg, size))
		return;
	len = window_size(p, &bar, &offset);
	if (len)
		pci_put32(p->s.config, p->window + CAP_MORE, (u32)bar_read(p, bar, offset, (int)len));
}

static void config_written(struct device *d, u32 reg, int size)
{
	struct virtio_pci *p = of(d);
	u32 offset, len, value = pci_get32(p->s.config, p->window + CAP_MORE);
	int bar;

	drive(p); /* MSI-X may have been switched on or off */
	if (!touches_window(p, reg, size))
		return;
	len = window_size(p, &bar, &offset);
	if (len)
		bar_write(p, bar, offset, (int)len, len == 4 ? value : value & ((1u << 8 * len) - 1));
}

static void add_window(struct virtio_pci *p)
{
	u8 at = add_capability(&p->pci, CAP_PCI_CFG, CAP_BYTES + 4, 0, 0);

	p->window = at;
	p->pci.writable[at + CAP_BAR] = 0xff;
	pci_put32(p->pci.writable, at + CAP_OFFSET, UINT32_MAX);
	pci_put32(p->pci.writable, at + CAP_LENGTH, UINT32_MAX);
	pci_put32(p->pci.writable, at + CAP_MORE, UINT32_MAX);
	p->pci.reading = config_reading;
	p->pci.written = config_written;
}

/* ---- building ---- */

static void add_capabilities(struct virtio_pci *p)
{
	struct pci_function *f = &p->pci;
	u8 at;

	add_capability(f, CAP_COMMON, CAP_BYTES, VIRTIO_PCI_COMMON, COMMON_BYTES);
	add_capability(f, CAP_ISR, CAP_BYTES, VIRTIO_PCI_ISR, 1);
	at = add_capability(f, CAP_NOTIFY, CAP_BYTES + 4, VIRTIO_PCI_NOTIFY, p->v->kind->nqueues * NOTIFY_STEP);
	pci_put32(f->initial, at + CAP_MORE, NOTIFY_STEP);
	if (p->v->kind->config_size)
		add_capability(f, CAP_DEVICE, CAP_BYTES, VIRTIO_PCI_CONFIG, p->v->kind->config_size);
}

int virtio_pci_init(struct virtio_pci *p, struct virtio *v, u8 devfn, const struct device_world *world,
		    struct err *err)
{
	const struct pci_identity id = {
		.vendor = VIRTIO_PCI_VENDOR, .device = VIRTIO_PCI_DEVICE + v->kind->id, .class = v->kind->pci_class,
		.revision = 1, .pin = 1, .subsystem_vendor = VIRTIO_PCI_VENDOR, .subsystem = SUBSYSTEM + v->kind->id,
	};

	snprintf(p->name, sizeof(p->name), "%s-pci", v->dev.name);
	p->v = v;
	v->interrupt = interrupt;
	v->may_access = may_access;
	v->transport = p;
	pci_function_init(&p->pci, &p->dev, devfn, p->s.config, &id);
	pci_bar_memory(&p->pci, BAR_REGISTERS, BAR_BYTES, register_names, ARRAY_LEN(register_names), 8);
	pci_bar_memory(&p->pci, BAR_MSIX, BAR_BYTES, NULL, 0, 8);
	add_capabilities(p);
	add_window(p);
	pci_msix_init(&p->msix, &p->pci, BAR_MSIX, 0, PBA_AT, v->kind->nqueues + 1u, p->s.msix_table,
		      p->s.msix_pending);
	return device_init(&p->dev, &virtio_pci_class, p->name, &p->s, world, err);
}

static void virtio_pci_reset(struct device *d)
{
	pci_msix_reset(&of(d)->msix);
	pci_function_reset(&of(d)->pci);
}

static void virtio_pci_restored(struct device *d)
{
	pci_msix_restored(&of(d)->msix);
	pci_function_restored(&of(d)->pci);
	drive(of(d));
}

const struct device_class virtio_pci_class = {
	.name = "virtio-pci",
	.brief = "virtio device on PCI: registers and interrupts",
	.layout = &virtio_pci_state_layout,
	.read = virtio_pci_read,
	.write = virtio_pci_write,
	.reset = virtio_pci_reset,
	.restored = virtio_pci_restored,
};
