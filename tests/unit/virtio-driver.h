/* SPDX-License-Identifier: GPL-3.0-or-later
 * virtio-driver.h - a tiny driver: memory, one virtio device behind the MMIO transport, queues built by hand.
 * Rule: the device is reached as a guest reaches it, by its registers and by what lies in memory.
 *
 * RAM is 0 to 1 MiB, a ROM of one page lies at 1 MiB, nothing above.  Queue q of SIZE entries: descriptors at
 * 10000h * (q + 1), available ring 4 KiB behind, used ring 8 KiB behind.
 */
#ifndef VITRINE_TESTS_UNIT_VIRTIO_DRIVER_H
#define VITRINE_TESTS_UNIT_VIRTIO_DRIVER_H

#include "devices/virtio-mmio.h"
#include "tests/unit/dev.h"

enum { DRIVER_RAM = 1 << 20, DRIVER_ROM = DRIVER_RAM, DRIVER_SIZE = 8, DRIVER_IRQ = 5 };
enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4 };
#define DRIVER_BASE 0xfeb00000ull
#define F_BIT(n) (1ull << (n))
#define F_VERSION F_BIT(VIRTIO_F_VERSION_1)

struct driver {
	struct bench b;
	struct frames frames;
	struct mem mem;
	struct bus mmio;
	struct virtio_mmio t;
	struct virtio *v;
	u64 random; /* the last number drawn */
	u16 avail[VIRTIO_QUEUES], used[VIRTIO_QUEUES], size;
	char log[400]; /* the last line */
	int nlog;
};

static inline int driver_claim_(void *arg, struct device *d, const struct claim *claim, struct err *err)
{
	return bus_add(&((struct driver *)arg)->mmio, d, claim, err);
}

static inline u64 driver_random_(void *arg)
{
	return ((struct driver *)arg)->random += 0x0101010101010101ull;
}

static inline void driver_log_(void *arg, enum log_level level, const char *who, const char *text)
{
	struct driver *d = arg;

	d->nlog++;
	strncpy(d->log, text, sizeof(d->log) - 1);
}

/* Before the device is initialised: its world. */
static inline void driver_open(struct driver *d, struct log *log)
{
	frame_no ram, rom;

	memset(d, 0, sizeof(*d));
	bench_init(&d->b);
	*log = (struct log){ driver_log_, d, LOG_DEBUG };
	ck_assert_int_eq(frames_open(&d->frames, 2 * DRIVER_RAM, NULL), 0);
	ck_assert_int_eq(mem_open(&d->mem, &d->frames, 4 * DRIVER_RAM, NULL), 0);
	ram = frames_alloc(&d->frames, DRIVER_RAM / 4096);
	rom = frames_alloc(&d->frames, 1);
	ck_assert_int_ge(mem_slot_add(&d->mem, "ram", 0, DRIVER_RAM, ram, 0, NULL), 0);
	ck_assert_int_ge(mem_slot_add(&d->mem, "rom", DRIVER_ROM, 4096, rom, SLOT_ROM, NULL), 0);
	d->b.world.mem = &d->mem;
	d->b.world.claim = driver_claim_;
	d->b.world.random = driver_random_;
	d->b.world.log = log;
	d->b.world.arg = &d->b; /* what the bench's own functions want; ours take the driver it begins */
	d->size = DRIVER_SIZE;
}
_Static_assert(offsetof(struct driver, b) == 0, "one argument serves both");

static inline void driver_close(struct driver *d)
{
	mem_close(&d->mem);
	frames_close(&d->frames);
}

/* ---- registers ---- */

static inline u32 reg_get(struct driver *d, u32 offset)
{
	return (u32)bus_read(&d->mmio, DRIVER_BASE + offset, 4, NULL);
}

static inline void reg_set(struct driver *d, u32 offset, u32 value)
{
	bus_write(&d->mmio, DRIVER_BASE + offset, 4, value, NULL);
}

static inline u64 config_get(struct driver *d, u32 offset, int size)
{
	return bus_read(&d->mmio, DRIVER_BASE + VIRTIO_MMIO_CONFIG + offset, size, NULL);
}

enum { R_STATUS = 0x70 };

static inline u64 offered_features(struct driver *d)
{
	u64 low, high;

	reg_set(d, 0x14, 0);
	low = reg_get(d, 0x10);
	reg_set(d, 0x14, 1);
	high = reg_get(d, 0x10);
	return low | high << 32;
}

/* Plug in v, which has been initialised. */
static inline void driver_attach(struct driver *d, struct virtio *v)
{
	d->v = v;
	d->t.irq = bench_line(&d->b, DRIVER_IRQ);
	ck_assert_int_eq(virtio_mmio_init(&d->t, v, DRIVER_BASE, &d->b.world, NULL), 0);
	ck_assert_int_eq(virtio_mmio_claim(&d->t, NULL), 0);
	device_reset(&v->dev);
	device_reset(&d->t.dev);
}

static inline u64 desc_table(u32 q)
{
	return 0x10000ull * (q + 1);
}

static inline void driver_queue(struct driver *d, u32 q)
{
	static const u8 zeros[0x3000];

	mem_write(&d->mem, desc_table(q), zeros, sizeof(zeros));
	d->avail[q] = d->used[q] = 0;
	reg_set(d, 0x30, q);
	reg_set(d, 0x38, d->size);
	reg_set(d, 0x80, (u32)desc_table(q));
	reg_set(d, 0x84, 0);
	reg_set(d, 0x90, (u32)desc_table(q) + 0x1000);
	reg_set(d, 0x94, 0);
	reg_set(d, 0xa0, (u32)desc_table(q) + 0x2000);
	reg_set(d, 0xa4, 0);
	reg_set(d, 0x44, 1);
}

/* Reset, negotiate, set up every queue, go (virtio 1.2, 3.1.1). */
static inline void driver_start(struct driver *d, u64 features)
{
	reg_set(d, R_STATUS, 0);
	reg_set(d, R_STATUS, VIRTIO_ACKNOWLEDGE);
	reg_set(d, R_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	reg_set(d, 0x24, 0);
	reg_set(d, 0x20, (u32)features);
	reg_set(d, 0x24, 1);
	reg_set(d, 0x20, (u32)(features >> 32));
	reg_set(d, R_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	ck_assert_uint_eq(reg_get(d, R_STATUS), VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
	for (u32 q = 0; q < d->v->kind->nqueues; q++)
		driver_queue(d, q);
	reg_set(d, R_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
}

/* ---- queues ---- */

static inline void put16(struct driver *d, u64 gpa, u16 v)
{
	mem_write(&d->mem, gpa, &v, 2);
}

static inline u16 peek16(struct driver *d, u64 gpa)
{
	u16 v = 0;

	mem_read(&d->mem, gpa, &v, 2);
	return v;
}

static inline void put_desc(struct driver *d, u64 table, u32 i, u64 gpa, u32 len, u16 flags, u16 next)
{
	struct { u64 gpa; u32 len; u16 flags, next; } e = { gpa, len, flags, next };

	mem_write(&d->mem, table + 16ull * i, &e, sizeof(e));
}

static inline void desc(struct driver *d, u32 q, u32 i, u64 gpa, u32 len, u16 flags, u16 next)
{
	put_desc(d, desc_table(q), i, gpa, len, flags, next);
}

static inline void offer(struct driver *d, u32 q, u16 head)
{
	put16(d, desc_table(q) + 0x1000 + 4 + 2 * (d->avail[q] % d->size), head);
	put16(d, desc_table(q) + 0x1000 + 2, ++d->avail[q]);
}

static inline void kick(struct driver *d, u32 q)
{
	reg_set(d, 0x50, q);
}

/* Offer one chain and ring. */
static inline void submit(struct driver *d, u32 q, u16 head)
{
	offer(d, q, head);
	kick(d, q);
}

/* The next used entry: its length, and its head in *head; -1 if there is none. */
static inline i64 next_used(struct driver *d, u32 q, u32 *head)
{
	u64 ring = desc_table(q) + 0x2000;
	u32 entry[2];

	if (peek16(d, ring + 2) == d->used[q])
		return -1;
	mem_read(&d->mem, ring + 4 + 8ull * (d->used[q]++ % d->size), entry, sizeof(entry));
	if (head)
		*head = entry[0];
	return entry[1];
}

static inline void ack(struct driver *d)
{
	reg_set(d, 0x64, reg_get(d, 0x60));
}

static inline bool is_broken(struct driver *d)
{
	return reg_get(d, R_STATUS) & VIRTIO_NEEDS_RESET;
}

#endif
