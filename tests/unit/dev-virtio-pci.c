/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-virtio-pci.c - the PCI transport: found by its capabilities, driven through its BARs or the window in
 * configuration space, with INTx and MSI-X.
 * Rule: facts from virtio 1.2, 4.1; the test finds every structure as a driver must, by the capabilities. 
 * The device behind is the source of randomness.
 */
#include "devices/virtio-pci.h"
#include "devices/virtio-rng.h"
#include "tests/unit/virtio-driver.h"

enum { SLOT = 3, BAR0 = 0xc0000000, BAR1 = 0xc0001000, BUF = 0x80000 };
enum { CAP_COMMON = 1, CAP_NOTIFY, CAP_ISR, CAP_DEVICE, CAP_WINDOW };

struct rig {
	struct driver d;
	struct log log;
	struct pci bus;
	struct virtio_pci p;
	struct virtio_rng rng;
	u64 msi_address;
	u32 msi_data;
	int msis;
	u32 common, notify, isr, step, window, msix; /* places in BAR 0; of capabilities */
};

static void note_msi(void *arg, u64 address, u32 data)
{
	struct rig *r = arg;

	r->msi_address = address;
	r->msi_data = data;
	r->msis++;
}

static void unclaim(void *arg, struct device *d, const struct claim *claim)
{
	bus_remove_claim(&((struct driver *)arg)->mmio, claim);
}

static u64 cfg(struct rig *r, u32 reg, int size)
{
	out32(&r->d.b, 0xcf8, 0x80000000u | SLOT << 11 | (reg & 0xfc));
	return bus_read(&r->d.b.port, 0xcfc + (reg & 3), size, NULL);
}

static void set_cfg(struct rig *r, u32 reg, int size, u32 value)
{
	out32(&r->d.b, 0xcf8, 0x80000000u | SLOT << 11 | (reg & 0xfc));
	bus_write(&r->d.b.port, 0xcfc + (reg & 3), size, value, NULL);
}

static u64 get(struct rig *r, u32 offset, int size)
{
	return bus_read(&r->d.mmio, BAR0 + offset, size, NULL);
}

static void set(struct rig *r, u32 offset, int size, u64 value)
{
	bus_write(&r->d.mmio, BAR0 + offset, size, value, NULL);
}

/* Walk the list as a driver does; at most as many steps as fit in the space. */
static void find_structures(struct rig *r)
{
	u32 seen = 0;

	for (u32 at = (u32)cfg(r, 0x34, 1), n = 0; at; at = (u32)cfg(r, at + 1, 1), n++) {
		u32 type = (u32)cfg(r, at + 3, 1), offset = (u32)cfg(r, at + 8, 4);

		ck_assert_uint_lt(n, 20);
		if (cfg(r, at, 1) == 0x11)
			r->msix = at;
		if (cfg(r, at, 1) != 9)
			continue;
		ck_assert_uint_ge(cfg(r, at + 2, 1), type == CAP_NOTIFY || type == CAP_WINDOW ? 20 : 16);
		ck_assert_uint_eq(cfg(r, at + 4, 1), 0);
		seen |= 1u << type;
		if (type == CAP_COMMON)
			r->common = offset;
		else if (type == CAP_ISR)
			r->isr = offset;
		else if (type == CAP_WINDOW)
			r->window = at;
		if (type != CAP_NOTIFY)
			continue;
		r->notify = offset;
		r->step = (u32)cfg(r, at + 16, 4);
	}
	ck_assert_uint_eq(seen, 1 << CAP_COMMON | 1 << CAP_NOTIFY | 1 << CAP_ISR | 1 << CAP_WINDOW);
	ck_assert_uint_ne(r->msix, 0);
}

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	driver_open(&r->d, &r->log);
	r->d.b.world.unclaim = unclaim;
	r->d.b.world.msi = note_msi;
	for (int i = 0; i < PCI_PINS; i++)
		r->bus.intx[i] = bench_line(&r->d.b, i);
	bench_add(&r->d.b, &r->bus.dev, &pci_class, &r->bus.s);
	ck_assert_int_eq(virtio_rng_init(&r->rng, &r->d.b.world, NULL), 0);
	ck_assert_int_eq(virtio_pci_init(&r->p, &r->rng.v, SLOT << 3, &r->d.b.world, NULL), 0);
	ck_assert_int_eq(pci_add(&r->bus, &r->p.pci, NULL), 0);
	device_reset(&r->rng.v.dev);
	device_reset(&r->p.dev);
	find_structures(r);
	set_cfg(r, 0x10, 4, BAR0);
	set_cfg(r, 0x14, 4, BAR1);
	set_cfg(r, 4, 2, 6); /* memory, bus master */
}

static void start(struct rig *r)
{
	u32 c = r->common;

	set(r, c + 20, 1, 3);
	set(r, c + 8, 4, 1);
	set(r, c + 12, 4, 1);
	set(r, c + 20, 1, 11);
	ck_assert_uint_eq(get(r, c + 20, 1), 11);
	set(r, c + 22, 2, 0);
	set(r, c + 24, 2, DRIVER_SIZE);
	set(r, c + 32, 8, desc_table(0)); /* 64 bits at once, or in halves */
	set(r, c + 40, 4, desc_table(0) + 0x1000);
	set(r, c + 44, 4, 0);
	set(r, c + 48, 8, desc_table(0) + 0x2000);
	set(r, c + 28, 2, 1);
	set(r, c + 20, 1, 15);
}

static void ask(struct rig *r)
{
	desc(&r->d, 0, 0, BUF, 8, D_WRITE, 0);
	offer(&r->d, 0, 0);
	set(r, r->notify + (u32)get(r, r->common + 30, 2) * r->step, 2, 0);
}

START_TEST(identity)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(cfg(&r, 0, 4), 0x10441af4);
	ck_assert_uint_eq(cfg(&r, 8, 1), 1);
	ck_assert_uint_eq(cfg(&r, 0x2c, 2), 0x1af4);
	ck_assert_uint_ge(cfg(&r, 0x2e, 2), 0x40);
	ck_assert_uint_eq(cfg(&r, 0x3d, 1), 1);
	ck_assert_uint_eq(get(&r, r.common + 18, 2), 1);
	ck_assert_uint_eq(get(&r, r.common + 24, 2), 256);
	ck_assert_uint_eq(get(&r, r.common + 16, 2), 0xffff);
	ck_assert_uint_eq(get(&r, r.common + 16, 8), 0x000000000001ffffull); /* across registers */
	set(&r, r.common + 22, 2, 1);
	ck_assert_uint_eq(get(&r, r.common + 24, 2), 0); /* no such queue */
	ck_assert_uint_eq(get(&r, r.common + 26, 2), 0xffff);
	driver_close(&r.d);
}
END_TEST

START_TEST(pin_interrupt)
{
	struct rig r;

	setup(&r);
	start(&r);
	ask(&r);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 8);
	ck_assert_int_eq(r.d.b.level[SLOT % 4], 1);
	ck_assert_uint_eq(get(&r, r.isr, 1), 1); /* reading acknowledges */
	ck_assert_int_eq(r.d.b.level[SLOT % 4], 0);
	ck_assert_uint_eq(get(&r, r.isr, 1), 0);
	ask(&r);
	ck_assert_int_eq(r.d.b.level[SLOT % 4], 1);
	set(&r, r.common + 20, 1, 0); /* a reset takes the interrupt back */
	ck_assert_int_eq(r.d.b.level[SLOT % 4], 0);
	ck_assert_uint_eq(get(&r, r.common + 20, 1), 0);
	ck_assert_int_eq(r.msis, 0);
	driver_close(&r.d);
}
END_TEST

START_TEST(message_interrupt)
{
	struct rig r;
	u32 table;

	setup(&r);
	ck_assert_uint_eq(cfg(&r, r.msix + 2, 2) & 0x7ff, 1); /* two vectors */
	table = (u32)cfg(&r, r.msix + 4, 4);
	ck_assert_uint_eq(table & 7, 1);
	set_cfg(&r, r.msix + 2, 2, 0x8000);
	bus_write(&r.d.mmio, BAR1 + 16, 4, 0xfee01000, NULL);
	bus_write(&r.d.mmio, BAR1 + 24, 4, 0x4077, NULL);
	bus_write(&r.d.mmio, BAR1 + 28, 4, 0, NULL);
	set(&r, r.common + 16, 2, 2); /* there is no vector 2 */
	ck_assert_uint_eq(get(&r, r.common + 16, 2), 0xffff);
	set(&r, r.common + 16, 2, 0);
	ck_assert_uint_eq(get(&r, r.common + 16, 2), 0);
	set(&r, r.common + 22, 2, 0);
	set(&r, r.common + 26, 2, 1);
	start(&r);
	ask(&r);
	ck_assert_int_eq(r.msis, 1);
	ck_assert_uint_eq(r.msi_address, 0xfee01000);
	ck_assert_uint_eq(r.msi_data, 0x4077);
	ck_assert_int_eq(r.d.b.level[SLOT % 4], 0);
	ck_assert_uint_eq(get(&r, r.isr, 1), 0);
	virtio_needs_reset(&r.rng.v, "test"); /* vector 0 is masked: it waits */
	ck_assert_int_eq(r.msis, 1);
	ck_assert_uint_eq(bus_read(&r.d.mmio, BAR1 + 0x800, 4, NULL), 1);
	bus_write(&r.d.mmio, BAR1 + 12, 4, 0, NULL);
	ck_assert_int_eq(r.msis, 2);
	set(&r, r.common + 20, 1, 0);
	ck_assert_uint_eq(get(&r, r.common + 16, 2), 0xffff);
	ck_assert_uint_eq(get(&r, r.common + 26, 2), 0xffff);
	driver_close(&r.d);
}
END_TEST

START_TEST(no_access_without_bus_master)
{
	struct rig r;

	setup(&r);
	start(&r);
	set_cfg(&r, 4, 2, 2);
	ask(&r);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), -1);
	set_cfg(&r, 4, 2, 6);
	ask(&r);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 8);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 8); /* and the first one */
	driver_close(&r.d);
}
END_TEST

static void look_at(struct rig *r, u32 bar, u32 offset, u32 len)
{
	set_cfg(r, r->window + 4, 1, bar);
	set_cfg(r, r->window + 8, 4, offset);
	set_cfg(r, r->window + 12, 4, len);
}

START_TEST(window_in_configuration_space)
{
	struct rig r;

	setup(&r);
	set_cfg(&r, 4, 2, 0); /* BARs do not answer */
	look_at(&r, 0, r.common + 24, 2);
	ck_assert_uint_eq(cfg(&r, r.window + 16, 2), 256);
	look_at(&r, 0, r.common + 20, 1);
	set_cfg(&r, r.window + 16, 1, 3);
	ck_assert_uint_eq(cfg(&r, r.window + 16, 1), 3);
	ck_assert_uint_eq(virtio_reg_read(&r.rng.v, VREG_STATUS), 3);
	/* what is not there */
	for (u32 i = 0; i < 5; i++) {
		static const u32 bad[5][3] = { { 2, 20, 1 }, { 255, 20, 1 }, { 0, 20, 3 }, { 0, 4096, 4 },
						 { 1, UINT32_MAX, 1 } };

		look_at(&r, bad[i][0], bad[i][1], bad[i][2]);
		set_cfg(&r, r.window + 16, 4, 0);
		cfg(&r, r.window + 16, 4);
	}
	ck_assert_uint_eq(virtio_reg_read(&r.rng.v, VREG_STATUS), 3);
	driver_close(&r.d);
}
END_TEST

START_TEST(any_access_is_survived)
{
	struct rig r;

	setup(&r);
	start(&r);
	for (u32 offset = 0; offset < 0x200; offset++)
		for (int size = 1; size <= 8; size *= 2) {
			set(&r, offset, size, 0x0123456789abcdefull * (offset + 1));
			get(&r, offset, size);
			bus_write(&r.d.mmio, BAR1 + offset, size, UINT64_MAX, NULL);
			bus_read(&r.d.mmio, BAR1 + offset, size, NULL);
		}
	device_reset(&r.rng.v.dev);
	device_reset(&r.p.dev);
	set_cfg(&r, 0x10, 4, BAR0);
	set_cfg(&r, 4, 2, 6);
	start(&r);
	r.d.avail[0] = r.d.used[0] = 0;
	put16(&r.d, desc_table(0) + 0x1002, 0);
	put16(&r.d, desc_table(0) + 0x2002, 0);
	ask(&r);
	ck_assert_int_eq(next_used(&r.d, 0, NULL), 8);
	driver_close(&r.d);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		identity, pin_interrupt, message_interrupt, no_access_without_bus_master, window_in_configuration_space,
		any_access_is_survived,
	};

	return unit_run("virtio pci", tests, ARRAY_LEN(tests));
}
