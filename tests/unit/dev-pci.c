/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-pci.c - configuration mechanism 1, the host bridge's PAM registers, the south bridge's interrupt
 * routing.
 * Rule: facts from the PCI specification and Intel's data sheets 290549 and 290550.
 */
#include <errno.h>

#include "devices/bmide.h"
#include "devices/i440fx.h"
#include "devices/pci.h"
#include "devices/piix3.h"
#include "tests/unit/dev.h"

struct rig {
	struct bench b;
	struct pci pci;
	struct i440fx i440fx;
	struct piix3 piix3;
	struct bmide bmide;
	u8 pam[PAM_SEGMENTS]; /* bit 0 read, bit 1 write */
	u32 shadow_offset;
	u64 shadow_value;
	int shadow_writes;
};

static void note_pam(void *arg, int segment, bool read_ram, bool write_ram)
{
	((struct rig *)arg)->pam[segment] = (u8)(read_ram | write_ram << 1);
}

static void note_shadow(void *arg, u32 offset, const void *data, int size)
{
	struct rig *r = arg;

	r->shadow_offset = offset;
	r->shadow_value = 0;
	memcpy(&r->shadow_value, data, (size_t)size);
	r->shadow_writes++;
}

static void setup(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	r->i440fx.set_pam = note_pam;
	r->i440fx.shadow_write = note_shadow;
	r->i440fx.arg = r;
	for (int i = 0; i < PIIX3_IRQS; i++)
		r->piix3.irq[i] = bench_line(&r->b, i);
	i440fx_init(&r->i440fx);
	piix3_init(&r->piix3);
	bmide_init(&r->bmide);
	bench_add(&r->b, &r->pci.dev, &pci_class, &r->pci.s);
	bench_add(&r->b, &r->i440fx.dev, &i440fx_class, &r->i440fx.s);
	bench_add(&r->b, &r->piix3.dev, &piix3_class, &r->piix3.s);
	bench_add(&r->b, &r->bmide.dev, &bmide_class, &r->bmide.s);
	ck_assert_int_eq(pci_add(&r->pci, &r->bmide.pci, NULL), 0); /* in any order */
	ck_assert_int_eq(pci_add(&r->pci, &r->i440fx.pci, NULL), 0);
	ck_assert_int_eq(pci_add(&r->pci, &r->piix3.isa, NULL), 0);
}

static u32 address(int bus, int dev, int fn, u32 reg)
{
	return 1u << 31 | (u32)bus << 16 | (u32)dev << 11 | (u32)fn << 8 | (reg & 0xfc);
}

static u32 config(struct rig *r, int dev, int fn, u32 reg)
{
	out32(&r->b, 0xcf8, address(0, dev, fn, reg));
	return in32(&r->b, 0xcfc);
}

static void config8(struct rig *r, int dev, int fn, u32 reg, u8 v)
{
	out32(&r->b, 0xcf8, address(0, dev, fn, reg));
	out8(&r->b, (u16)(0xcfc + (reg & 3)), v);
}

START_TEST(who_is_there)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(config(&r, 0, 0, 0), 0x12378086);
	ck_assert_uint_eq(config(&r, 1, 0, 0), 0x70008086);
	ck_assert_uint_eq(config(&r, 1, 1, 0), 0x70108086);
	ck_assert_uint_eq(config(&r, 1, 2, 0), 0xffffffff);
	ck_assert_uint_eq(config(&r, 2, 0, 0), 0xffffffff);
	ck_assert_uint_eq(config(&r, 0, 0, 8), 0x06000002);
	ck_assert_uint_eq(config(&r, 1, 0, 8) >> 8, 0x060100);
	ck_assert_uint_eq(config(&r, 1, 1, 8) >> 8, 0x010180);
	ck_assert_uint_eq(config(&r, 1, 0, 0x0c) >> 16 & 0xff, 0x80);
	out32(&r.b, 0xcf8, address(1, 0, 0, 0));
	ck_assert_uint_eq(in32(&r.b, 0xcfc), 0xffffffff); /* another bus */
	out32(&r.b, 0xcf8, address(0, 0, 0, 0) & 0x7fffffff);
	ck_assert_uint_eq(in32(&r.b, 0xcfc), 0xffffffff); /* not enabled */
}
END_TEST

START_TEST(sizes_of_access)
{
	struct rig r;

	setup(&r);
	out32(&r.b, 0xcf8, 0x80000803);
	ck_assert_uint_eq(in32(&r.b, 0xcf8), 0x80000800);
	ck_assert_uint_eq(in8(&r.b, 0xcfd), 0x80);
	ck_assert_uint_eq(in16(&r.b, 0xcfe), 0x7000);
	ck_assert_uint_eq(in16(&r.b, 0xcfc), 0x8086);
	out8(&r.b, 0xcf8, 0x55); /* only doublewords reach the address register */
	out16(&r.b, 0xcf8, 0x5555);
	ck_assert_uint_eq(in32(&r.b, 0xcf8), 0x80000800);
	out32(&r.b, 0xcfc, 0); /* identities are read-only */
	ck_assert_uint_eq(in32(&r.b, 0xcfc), 0x70008086);
}
END_TEST

START_TEST(pam_registers)
{
	struct rig r;

	setup(&r);
	config8(&r, 0, 0, 0x59, 0xff);
	ck_assert_uint_eq(config(&r, 0, 0, 0x58) >> 8 & 0xff, 0x30);
	ck_assert_uint_eq(r.pam[12], 3);
	config8(&r, 0, 0, 0x5a, 0x21); /* C0000 read, C4000 write */
	ck_assert_uint_eq(r.pam[0], 1);
	ck_assert_uint_eq(r.pam[1], 2);
	config8(&r, 0, 0, 0x5f, 0x30); /* EC000 both */
	ck_assert_uint_eq(r.pam[10], 0);
	ck_assert_uint_eq(r.pam[11], 3);
	out32(&r.b, 0xcf8, address(0, 0, 0, 0x58));
	out32(&r.b, 0xcfc, 0x33333333); /* across the edge of the group */
	ck_assert_uint_eq(r.pam[12], 3);
	ck_assert_uint_eq(r.pam[0], 3);
	ck_assert_uint_eq(r.pam[3], 3);
	device_reset(&r.i440fx.dev);
	ck_assert_uint_eq(r.pam[12] | r.pam[0], 0);
	ck_assert_uint_eq(pam_offset(12), 0x30000);
	ck_assert_uint_eq(pam_size(12), 0x10000);
	ck_assert_uint_eq(pam_offset(11) + pam_size(11), 0x30000);
}
END_TEST

START_TEST(writes_behind_the_rom)
{
	struct rig r;
	const struct device_class *c = &i440fx_class;

	setup(&r);
	c->write(&r.i440fx.dev, &c->claims[0], 0x30010, 2, 0xbeef);
	ck_assert_int_eq(r.shadow_writes, 0); /* closed */
	config8(&r, 0, 0, 0x59, 0x20);
	c->write(&r.i440fx.dev, &c->claims[0], 0x30010, 2, 0xbeef);
	ck_assert_int_eq(r.shadow_writes, 1);
	ck_assert_uint_eq(r.shadow_offset, 0x30010);
	ck_assert_uint_eq(r.shadow_value, 0xbeef);
	config8(&r, 0, 0, 0x59, 0x10); /* RAM, read-only */
	c->write(&r.i440fx.dev, &c->claims[0], 0x30010, 2, 0xbeef);
	ck_assert_int_eq(r.shadow_writes, 1);
	ck_assert_uint_eq(c->read(&r.i440fx.dev, &c->claims[0], 0x100, 8), UINT64_MAX);
}
END_TEST

START_TEST(interrupt_routing)
{
	struct rig r;

	setup(&r);
	ck_assert_uint_eq(config(&r, 1, 0, 0x60), 0x80808080);
	piix3_set_pirq(&r.piix3, 0, 1);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(r.b.level[i], 0); /* not routed */
	config8(&r, 1, 0, 0x60, 11);
	ck_assert_int_eq(r.b.level[11], 1);
	config8(&r, 1, 0, 0x61, 11);
	piix3_set_pirq(&r.piix3, 1, 1); /* shared */
	piix3_set_pirq(&r.piix3, 0, 0);
	ck_assert_int_eq(r.b.level[11], 1);
	config8(&r, 1, 0, 0x61, 10);
	ck_assert_int_eq(r.b.level[11], 0);
	ck_assert_int_eq(r.b.level[10], 1);
	config8(&r, 1, 0, 0x61, 8); /* reserved: nowhere */
	ck_assert_int_eq(r.b.level[10] | r.b.level[8], 0);
	piix3_set_pirq(&r.piix3, 1, 0);
	ck_assert_int_eq(r.b.rises[4], 0);
}
END_TEST

START_TEST(reset_control)
{
	struct rig r;

	setup(&r);
	out8(&r.b, 0xcf9, 0x02);
	ck_assert_int_eq(r.b.resets, 0);
	out8(&r.b, 0xcf9, 0x06);
	ck_assert_int_eq(r.b.resets, 1);
	out8(&r.b, 0xcf9, 0x06); /* it must rise */
	ck_assert_int_eq(r.b.resets, 1);
	ck_assert_uint_eq(in8(&r.b, 0xcf9), 0x06);
	ck_assert_uint_eq(in32(&r.b, 0xcf8), 0); /* not the address */
}
END_TEST

START_TEST(the_bus_is_bounded)
{
	struct rig r;
	struct pci_function f[PCI_FUNCTIONS] = { 0 };
	struct err err = { 0 };
	int n = 0;

	setup(&r);
	f[0] = (struct pci_function){ .dev = &r.pci.dev, .devfn = 9 };
	ck_assert_int_eq(pci_add(&r.pci, &f[0], &err), -EEXIST);
	for (; n < PCI_FUNCTIONS; n++) {
		f[n] = (struct pci_function){ .dev = &r.pci.dev, .devfn = (u8)(n + 16) };
		if (pci_add(&r.pci, &f[n], &err))
			break;
	}
	ck_assert_int_eq(n, PCI_FUNCTIONS - 3);
	ck_assert_ptr_nonnull(strstr(err.text, "already has its"));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		who_is_there,      sizes_of_access, pam_registers,      writes_behind_the_rom,
		interrupt_routing, reset_control,   the_bus_is_bounded,
	};

	return unit_run("pci", tests, ARRAY_LEN(tests));
}
