/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-mmio.c - the MMIO transport, version 2: 32-bit registers, then the device configuration.
 * Rule: the interrupt line is a function of the state (see drive); whoever changes the state calls it.
 * Source: virtio 1.2, 4.2.2.
 */
#include "devices/virtio-mmio.h"

#include <stdio.h>

#define MAGIC 0x74726976u /* "virt" */
enum { VERSION = 2, VENDOR = 0x1af4 };
enum { MAGIC_VALUE = 0, DEVICE_VERSION = 4, DEVICE_ID = 8, VENDOR_ID = 0xc, QUEUE_NOTIFY = 0x50,
       INTERRUPT_STATUS = 0x60, INTERRUPT_ACK = 0x64, STATUS = 0x70, SHM_SELECT = 0xac, SHM_LEN_LOW = 0xb0,
       SHM_BASE_HIGH = 0xbc };

/* Registers that virtio.c knows */
static const u8 common[VIRTIO_MMIO_CONFIG] = {
	[0x10] = VREG_DEVICE_FEATURE,
	[0x14] = VREG_DEVICE_FEATURE_SELECT,
	[0x20] = VREG_DRIVER_FEATURE,
	[0x24] = VREG_DRIVER_FEATURE_SELECT,
	[0x30] = VREG_QUEUE_SELECT,
	[0x34] = VREG_QUEUE_SIZE_MAX,
	[0x38] = VREG_QUEUE_SIZE,
	[0x44] = VREG_QUEUE_ENABLE,
	[STATUS] = VREG_STATUS,
	[0x80] = VREG_QUEUE_DESC_LOW,
	[0x84] = VREG_QUEUE_DESC_HIGH,
	[0x90] = VREG_QUEUE_DRIVER_LOW,
	[0x94] = VREG_QUEUE_DRIVER_HIGH,
	[0xa0] = VREG_QUEUE_DEVICE_LOW,
	[0xa4] = VREG_QUEUE_DEVICE_HIGH,
	[0xfc] = VREG_GENERATION,
};

static const char *const register_names[VIRTIO_MMIO_CONFIG + VIRTIO_CONFIG_BYTES] = {
	[0x00] = "MagicValue",
	[0x04] = "Version",
	[0x08] = "DeviceID",
	[0x0c] = "VendorID",
	[0x10] = "DeviceFeatures",
	[0x14] = "DeviceFeaturesSel",
	[0x20] = "DriverFeatures",
	[0x24] = "DriverFeaturesSel",
	[0x30] = "QueueSel",
	[0x34] = "QueueNumMax",
	[0x38] = "QueueNum",
	[0x44] = "QueueReady",
	[0x50] = "QueueNotify",
	[0x60] = "InterruptStatus",
	[0x64] = "InterruptACK",
	[0x70] = "Status",
	[0x80] = "QueueDescLow",
	[0x84] = "QueueDescHigh",
	[0x90] = "QueueDriverLow",
	[0x94] = "QueueDriverHigh",
	[0xa0] = "QueueDeviceLow",
	[0xa4] = "QueueDeviceHigh",
	[0xac] = "SHMSel",
	[0xb0] = "SHMLenLow",
	[0xb4] = "SHMLenHigh",
	[0xb8] = "SHMBaseLow",
	[0xbc] = "SHMBaseHigh",
	[0xfc] = "ConfigGeneration",
	[VIRTIO_MMIO_CONFIG ... VIRTIO_MMIO_CONFIG + VIRTIO_CONFIG_BYTES - 1] = "Config",
};

static struct virtio_mmio *of(struct device *d)
{
	return (struct virtio_mmio *)d;
}

static void drive(struct virtio_mmio *m)
{
	irq_set(&m->irq, m->v->s->isr[0] != 0);
}

static void interrupt(void *transport, int queue)
{
	drive(transport);
}

static u64 virtio_mmio_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct virtio_mmio *m = of(d);

	if (offset >= VIRTIO_MMIO_CONFIG)
		return virtio_config_read(m->v, offset - VIRTIO_MMIO_CONFIG, size);
	if (size != 4 || offset % 4)
		return 0;
	switch (offset) {
	case MAGIC_VALUE: return MAGIC;
	case DEVICE_VERSION: return VERSION;
	case DEVICE_ID: return m->v->kind->id;
	case VENDOR_ID: return VENDOR;
	case INTERRUPT_STATUS: return m->v->s->isr[0];
	default: break;
	}
	if (offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH)
		return UINT32_MAX; /* no such region */
	return common[offset] ? virtio_reg_read(m->v, common[offset]) : 0;
}

static void virtio_mmio_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct virtio_mmio *m = of(d);

	if (offset >= VIRTIO_MMIO_CONFIG)
		virtio_config_write(m->v, offset - VIRTIO_MMIO_CONFIG, size, value);
	else if (size != 4 || offset % 4)
		return;
	else if (offset == QUEUE_NOTIFY)
		virtio_notify(m->v, (u32)value);
	else if (offset == INTERRUPT_ACK)
		m->v->s->isr[0] &= (u8)~value;
	else if (offset == SHM_SELECT)
		m->s.shm_select[0] = (u32)value;
	else if (common[offset])
		virtio_reg_write(m->v, common[offset], (u32)value);
	drive(m);
}

int virtio_mmio_init(struct virtio_mmio *m, struct virtio *v, u64 base, const struct device_world *world,
		     struct err *err)
{
	snprintf(m->name, sizeof(m->name), "%s-mmio", v->dev.name);
	m->v = v;
	v->interrupt = interrupt;
	v->transport = m;
	m->claim = (struct claim){ .space = SPACE_MMIO, .base = base, .size = VIRTIO_MMIO_BYTES, .width = 8,
				   .regs = register_names, .nregs = ARRAY_LEN(register_names) };
	return device_init(&m->dev, &virtio_mmio_class, m->name, &m->s, world, err);
}

int virtio_mmio_claim(struct virtio_mmio *m, struct err *err)
{
	return m->dev.world->claim(m->dev.world->arg, &m->dev, &m->claim, err);
}

/* The device behind has been reset, or restored, before: the board adds it first. */
static void virtio_mmio_reset(struct device *d)
{
	drive(of(d));
}

const struct device_class virtio_mmio_class = {
	.name = "virtio-mmio",
	.brief = "virtio device at a fixed address: registers and an interrupt line",
	.layout = &virtio_mmio_state_layout,
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
	.reset = virtio_mmio_reset,
	.restored = virtio_mmio_reset,
};
