/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio.c - fuzz target: the input plays a hostile driver of every virtio device of a PC, on PCI or at
 * addresses.
 * Rule: whatever lies in the rings, nothing crashes, hangs or runs out of bounds, and a saved machine can be
 * loaded again.
 *
 * The first byte says where the devices are attached (bit 0).  Then steps of 8 bytes: what, which device and
 * queue, u16 n, u32 value.  One kind of step sets a device up properly, so that random inputs get as far as
 * the rings.
 */
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "devices/pc-virtio.h"
#include "tests/fake-engine.h"
#include "tests/mem-block.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { STEP = 8, STEPS_MAX = 1000, KINDS = 5, SIZE = 8, RAM = 1 << 20, DISK_BYTES = 32 << 10 };
enum { RINGS = 0x10000, RING_BYTES = 0x1000, AVAIL = 0x400, USED = 0x800, BUFFERS = 0x30000 };
#define PCI_BARS_AT 0xe8000000u /* behind the frame buffer */
enum { REGISTER, REGISTER_READ, PCI_CONFIG, SETUP, CHAIN, DESC, OFFER, MEMORY, FRAME, INPUT, BALLOON, RESET,
       SCRAMBLE, SAVE, WHATS };

struct rig {
	struct vm *vm;
	struct pc *pc;
	struct mem_block image;
	u8 disk[DISK_BYTES];
	u16 avail[KINDS][VIRTIO_QUEUES];
	bool mmio, scrambled;
};

static void swallow(void *arg, const u8 *frame, u32 len)
{
	u8 sum = 0;

	for (u32 i = 0; i < len; i++)
		sum ^= frame[i];
	*(volatile u8 *)arg = sum;
}

static void build(struct rig *r)
{
	static u8 sink;
	struct vm_config vm = { .name = "virtio", .engine = &fake_engine, .mem_size = RAM, .cpus = 1 };
	struct pc_config pc = { .mem_size = RAM, .rtc_start = PC_RTC_DEFAULT, .ndisks = 1 };
	struct err err = { 0 };

	r->image = mem_block(r->disk, sizeof(r->disk), false);
	pc.disk[0] = (struct pc_disk){ .image = &r->image.b, .virtio = true, .snapshot = true };
	pc.virtio = (struct pc_virtio){ r->mmio, true, true, true, true, { 0 } };
	vm.hidden_size = pc_hidden_size(&pc);
	r->vm = vm_create(&vm, &err);
	if (!r->vm || pc_build(r->vm, &pc, &r->pc, &err))
		abort();
	vm_reset(r->vm);
	pc_net_connect(r->pc, &(struct net_port){ swallow, &sink });
}

static void config_write(struct rig *r, u32 slot, u32 reg, int size, u32 value)
{
	bus_write(&r->vm->port, 0xcf8, 4, 0x80000000u | slot << 11 | (reg & 0xfc), NULL);
	bus_write(&r->vm->port, 0xcfc + (reg & 3), size, value, NULL);
}

static u64 base_of(const struct rig *r, u32 dev)
{
	return r->mmio ? PC_VIRTIO_MMIO_BASE + dev * VIRTIO_MMIO_BYTES : PCI_BARS_AT + dev * 0x2000;
}

/* A register at its place in either transport. */
static void reg(struct rig *r, u32 dev, u32 mmio, u32 pci, int pci_size, u32 value)
{
	bus_write(&r->vm->mmio, base_of(r, dev) + (r->mmio ? mmio : pci), r->mmio ? 4 : pci_size, value, NULL);
}

static void notify(struct rig *r, u32 dev, u32 q)
{
	reg(r, dev, 0x50, VIRTIO_PCI_NOTIFY + 4 * q, 2, q);
}

static u64 ring(u32 dev, u32 q)
{
	return RINGS + (dev * VIRTIO_QUEUES + q) * (u64)RING_BYTES;
}

static void setup(struct rig *r, u32 dev, u32 features)
{
	if (!r->mmio) {
		config_write(r, PC_VIRTIO_SLOT + dev, 0x10, 4, PCI_BARS_AT + dev * 0x2000);
		config_write(r, PC_VIRTIO_SLOT + dev, 0x14, 4, PCI_BARS_AT + dev * 0x2000 + 0x1000);
		config_write(r, PC_VIRTIO_SLOT + dev, 4, 2, 6);
	}
	reg(r, dev, 0x70, 20, 1, 0);
	reg(r, dev, 0x24, 8, 4, 0);
	reg(r, dev, 0x20, 12, 4, features);
	reg(r, dev, 0x24, 8, 4, 1);
	reg(r, dev, 0x20, 12, 4, 1);
	reg(r, dev, 0x70, 20, 1, 11);
	for (u32 q = 0; q < VIRTIO_QUEUES; q++) {
		static const u8 zeros[RING_BYTES];

		mem_write(&r->vm->mem, ring(dev, q), zeros, sizeof(zeros));
		r->avail[dev][q] = 0;
		reg(r, dev, 0x30, 22, 2, q);
		reg(r, dev, 0x38, 24, 2, SIZE);
		reg(r, dev, 0x80, 32, 4, (u32)ring(dev, q));
		reg(r, dev, 0x90, 40, 4, (u32)ring(dev, q) + AVAIL);
		reg(r, dev, 0xa0, 48, 4, (u32)ring(dev, q) + USED);
		reg(r, dev, 0x44, 28, 2, 1);
	}
	reg(r, dev, 0x70, 20, 1, 15);
}

/* A descriptor: mostly good ones, sometimes all from the input. */
static void put_desc(struct rig *r, u32 dev, u32 q, u16 n, u32 value)
{
	struct { u64 addr; u32 len; u16 flags, next; } d = {
		.addr = BUFFERS + (value & 0xff) * 0x400, .len = value >> 8 & 0x7ff, .flags = value >> 20 & 3,
		.next = (u16)(n >> 4 & (SIZE - 1)),
	};

	if (value >> 28 == 15) {
		d.addr = (u64)value << 12 | n;
		d.len = value * 0x9e3779b1u;
		d.flags = (u16)(value >> 16 & 7);
		d.next = n;
	} else if (value >> 28 == 14) {
		d.addr = ring(dev, q); /* an indirect table: the queue's own */
		d.len = 16 * (value & 15);
		d.flags = 4;
	}
	mem_write(&r->vm->mem, ring(dev, q) + 16 * (n % SIZE), &d, sizeof(d));
}

static void offer(struct rig *r, u32 dev, u32 q, u16 n, u32 value)
{
	u16 head = value >> 31 ? n : n % SIZE, *idx = &r->avail[dev][q];

	mem_write(&r->vm->mem, ring(dev, q) + AVAIL + 4 + 2 * (*idx % SIZE), &head, 2);
	*idx += value >> 24 == 0xff ? n : 1;
	mem_write(&r->vm->mem, ring(dev, q) + AVAIL + 2, idx, 2);
	mem_write(&r->vm->mem, ring(dev, q) + AVAIL + 4 + 2 * SIZE, &value, 2);
	notify(r, dev, q);
}

/* The header of a disk request, and one range. */
static void put_header(struct rig *r, u64 gpa, u16 n, u32 value)
{
	struct { u32 type, zero; u64 sector, range; u32 count, flags; } h = {
		n >> 6 & 15, 0, value >> 24 & 0x7f, value >> 20 & 0x7f, n & 63, n >> 14 & 1,
	};

	mem_write(&r->vm->mem, gpa, &h, sizeof(h));
}

/* A chain such as a driver makes: a piece to read, or one to write, or one of each; then ring. */
static void chain(struct rig *r, u32 dev, u32 q, u16 n, u32 value)
{
	struct { u64 addr; u32 len; u16 flags, next; } d[2] = {
		{ BUFFERS + (value & 0xff) * 0x400, 16 + (n & 0x30), 1, 0 },
		{ BUFFERS + (value >> 8 & 0xff) * 0x400, 1 + (value >> 16 & 0xfff), 2, 0 },
	};
	u16 head = (u16)(r->avail[dev][q] % (SIZE / 2) * 2);
	u32 kind = value >> 28 & 3;

	d[0].next = (u16)(head + 1);
	if (kind == 0)
		d[0].flags = 0;
	if (n >> 15)
		d[1].len = 1 + (value >> 16 & 7) * 512;
	if (dev == 0)
		put_header(r, d[0].addr, n, value);
	mem_write(&r->vm->mem, ring(dev, q) + 16 * head, d, sizeof(d));
	offer(r, dev, q, kind == 1 ? head + 1 : head, value & 0xffffff);
}

static void scramble(struct rig *r, u16 n, u32 value)
{
	struct device *d = r->vm->device[n % r->vm->ndevices];
	const struct field *f = &d->class->layout->fields[value % d->class->layout->nfields];

	field_set(f, d->state, (value >> 8) % f->count, value >> 4 & 1 ? ~(u64)value : (u64)value << (value & 63));
	if (d->class->restored)
		d->class->restored(d);
	r->scrambled = true;
}

static void save_and_load(struct rig *r)
{
	struct buf stream = { 0 };
	struct err err = { 0 };
	u64 hash = vm_state_hash(r->vm);

	if (snapshot_save(r->vm, &stream, &err) || snapshot_load(r->vm, stream.data, stream.len, &err))
		abort();
	if (vm_state_hash(r->vm) != hash)
		abort();
	buf_free(&stream);
}

static void step(struct rig *r, const u8 *s)
{
	static const u8 frame[2000] = { 1, 2, 3 };
	u32 dev = s[1] % KINDS, q = s[1] / KINDS % VIRTIO_QUEUES;
	u16 n = (u16)(s[2] | s[3] << 8);
	u32 value = s[4] | (u32)s[5] << 8 | (u32)s[6] << 16 | (u32)s[7] << 24;

	switch (s[0] % WHATS) {
	case REGISTER: bus_write(&r->vm->mmio, base_of(r, dev) + n % 0x1100, 1 << q % 4, value, NULL); break;
	case REGISTER_READ: bus_read(&r->vm->mmio, base_of(r, dev) + n % 0x1100, 1 << q % 4, NULL); break;
	case PCI_CONFIG:
		config_write(r, PC_VIRTIO_SLOT + dev, n & 0xff, 1 << q % 3, value);
		bus_read(&r->vm->port, 0xcfc, 4, NULL);
		break;
	case SETUP: setup(r, dev, n & 1 ? value : value & 0x30000000); break;
	case CHAIN: chain(r, dev, q, n, value); break;
	case DESC: put_desc(r, dev, q, n, value); break;
	case OFFER: offer(r, dev, q, n, value); break;
	case MEMORY: mem_write(&r->vm->mem, RINGS + n % (KINDS * VIRTIO_QUEUES * RING_BYTES), &value, 4); break;
	case FRAME: pc_net_receive(r->pc, frame, n % sizeof(frame)); break;
	case INPUT: pc_console_receive(r->pc, (u8)value); break;
	case BALLOON: pc_balloon_set(r->pc, value); break;
	case RESET:
		if (value % 16 == 0)
			vm_reset(r->vm);
		break;
	case SCRAMBLE:
		if (value % 8 == 0)
			scramble(r, n, value >> 3);
		break;
	default:
		if (value % 64 == 0 && !r->scrambled)
			save_and_load(r);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct rig *r = calloc(1, sizeof(*r));

	if (!r)
		abort();
	r->mmio = size && data[0] & 1;
	build(r);
	if (size && data[0] & 2)
		for (u32 dev = 0; dev < KINDS; dev++)
			setup(r, dev, 0x30000000);
	for (size_t at = 1, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++)
		step(r, data + at);
	pc_destroy(r->pc);
	vm_destroy(r->vm);
	free(r);
	return 0;
}
