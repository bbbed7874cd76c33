/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-pci-function.c - BARs, capabilities, interrupt pins, MSI and MSI-X of functions on the bus.
 * Rule: facts from the PCI Local Bus Specification 3.0; everything is reached through CF8h and CFCh.
 */
#include <errno.h>

#include "devices/pci-msix.h"
#include "tests/unit/dev.h"

enum { VECTORS = 3 };

#define CARD_STATE(F, S) \
	F(S, u8, config, PCI_CONFIG_BYTES, 0, HEX, "PCI configuration space") \
	F(S, u32, reg, 4, 0, HEX, "what was written to BAR 0 and 1") \
	PCI_MSIX_STATE(F, S, VECTORS)
STATE(card_state, 1, CARD_STATE);

/* A card with 16 ports in BAR 0 and 4 KiB of memory in BAR 1: registers that keep what is written. */
struct card {
	struct device dev;
	struct card_state s;
	struct pci_function pci;
	struct pci_msix msix;
	u8 msi;
	int moves;
	u64 moved_to;
};

struct rig {
	struct bench b;
	struct pci pci;
	struct card card[2];
};

static u64 card_read(struct device *d, const struct claim *claim, u64 offset, int size)
{
	struct card *c = (struct card *)d;
	int bar = pci_bar_index(&c->pci, claim);

	if (bar == 1 && pci_msix_holds(&c->msix, offset))
		return pci_msix_read(&c->msix, offset, size);
	return c->s.reg[(unsigned)bar % 4] + offset;
}

static void card_write(struct device *d, const struct claim *claim, u64 offset, int size, u64 value)
{
	struct card *c = (struct card *)d;
	int bar = pci_bar_index(&c->pci, claim);

	if (bar == 1 && pci_msix_holds(&c->msix, offset))
		pci_msix_write(&c->msix, offset, size, value);
	else
		c->s.reg[(unsigned)bar % 4] = (u32)value;
}

static void card_reset(struct device *d)
{
	pci_function_reset(&((struct card *)d)->pci);
	pci_msix_reset(&((struct card *)d)->msix);
}

static void card_restored(struct device *d)
{
	pci_function_restored(&((struct card *)d)->pci);
	pci_msix_restored(&((struct card *)d)->msix);
}

static void card_moved(struct device *d, int bar, u64 base, bool on)
{
	struct card *c = (struct card *)d;

	c->moves++;
	c->moved_to = on ? base : 0;
}

static const struct device_class card_class = {
	.name = "card",
	.brief = "a card",
	.layout = &card_state_layout,
	.read = card_read,
	.write = card_write,
	.reset = card_reset,
	.restored = card_restored,
};

static void setup(struct rig *r)
{
	static const struct pci_identity id = { .vendor = 0x1234, .device = 1, .class = 0xff0000, .pin = 1 };

	memset(r, 0, sizeof(*r));
	bench_init(&r->b);
	for (int i = 0; i < PCI_PINS; i++)
		r->pci.intx[i] = bench_line(&r->b, i);
	bench_add(&r->b, &r->pci.dev, &pci_class, &r->pci.s);
	for (int i = 0; i < 2; i++) {
		struct card *c = &r->card[i];

		pci_function_init(&c->pci, &c->dev, (u8)((4 + i) << 3), c->s.config, &id);
		pci_bar_io(&c->pci, 0, 16, NULL, 0, 4);
		pci_bar_memory(&c->pci, 1, 4096, NULL, 0, 8);
		pci_bar_memory(&c->pci, 3, 1 << 24, NULL, 0, 8);
		pci_bar_prefetchable(&c->pci, 3);
		c->pci.bar[3].moved = card_moved;
		c->msi = pci_msi_init(&c->pci);
		pci_msix_init(&c->msix, &c->pci, 1, 0x800, 0xc00, VECTORS, c->s.msix_table,
			      c->s.msix_pending);
		ck_assert_int_eq(pci_add(&r->pci, &c->pci, NULL), 0);
		bench_add(&r->b, &c->dev, &card_class, &c->s);
	}
}

static void select_reg(struct rig *r, int card, u32 reg)
{
	out32(&r->b, 0xcf8, 1u << 31 | (u32)(4 + card) << 11 | (reg & 0xfc));
}

static u32 get(struct rig *r, int card, u32 reg)
{
	select_reg(r, card, reg);
	return in32(&r->b, 0xcfc);
}

static void put(struct rig *r, int card, u32 reg, u32 v)
{
	select_reg(r, card, reg);
	out32(&r->b, 0xcfc, v);
}

static u64 peek(struct rig *r, u64 addr)
{
	return bus_read(&r->b.mmio, addr, 4, NULL);
}

static void poke(struct rig *r, u64 addr, u32 v)
{
	bus_write(&r->b.mmio, addr, 4, v, NULL);
}

START_TEST(sizing)
{
	struct rig r;

	setup(&r);
	for (u32 reg = PCI_BAR0; reg < PCI_BAR0 + 24; reg += 4)
		put(&r, 0, reg, 0xffffffff);
	ck_assert_uint_eq(get(&r, 0, PCI_BAR0), 0xfffffff1);
	ck_assert_uint_eq(get(&r, 0, PCI_BAR0 + 4), 0xfffff000);
	ck_assert_uint_eq(get(&r, 0, PCI_BAR0 + 8), 0);
	ck_assert_uint_eq(get(&r, 0, PCI_BAR0 + 12), 0xff000008);
	put(&r, 0, PCI_COMMAND, 7); /* all-ones is no place for ports */
	ck_assert_uint_eq(in32(&r.b, 0xfff0), 0xffffffff);
}
END_TEST

START_TEST(decoding)
{
	struct rig r;

	setup(&r);
	put(&r, 0, PCI_BAR0, 0xc000);
	put(&r, 0, PCI_BAR0 + 4, 0xfebf0000);
	out32(&r.b, 0xc004, 0x1000);
	ck_assert_uint_eq(in32(&r.b, 0xc004), 0xffffffff); /* COMMAND is still 0 */
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_IO);
	out32(&r.b, 0xc004, 0x1000);
	ck_assert_uint_eq(in32(&r.b, 0xc008), 0x1008);
	ck_assert_uint_eq(peek(&r, 0xfebf0000), 0xffffffff);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MEMORY);
	poke(&r, 0xfebf0000, 0x2000);
	ck_assert_uint_eq(peek(&r, 0xfebf0010), 0x2010);
	ck_assert_uint_eq(in32(&r.b, 0xc008), 0xffffffff);
	put(&r, 0, PCI_BAR0 + 4, 0xf0000000); /* it moves */
	ck_assert_uint_eq(peek(&r, 0xfebf0010), 0xffffffff);
	ck_assert_uint_eq(peek(&r, 0xf0000010), 0x2010);
	ck_assert_int_eq(r.b.mmio.n, 1);
	device_reset(&r.card[0].dev);
	ck_assert_uint_eq(peek(&r, 0xf0000010), 0xffffffff);
	ck_assert_int_eq(r.b.mmio.n, 0);
}
END_TEST

START_TEST(memory_that_moves_by_itself)
{
	struct rig r;
	struct card *c = &r.card[0];

	setup(&r);
	put(&r, 0, PCI_BAR0 + 12, 0xfd000000);
	ck_assert_int_eq(c->moves, 0);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MEMORY);
	ck_assert_int_eq(c->moves, 1);
	ck_assert_uint_eq(c->moved_to, 0xfd000000);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	ck_assert_int_eq(c->moves, 1);
	put(&r, 0, PCI_BAR0 + 12, 0xfa000000);
	ck_assert_uint_eq(c->moved_to, 0xfa000000);
	put(&r, 0, PCI_COMMAND, 0);
	ck_assert_uint_eq(c->moved_to, 0);
}
END_TEST

/* Two functions at one place: the first on the bus answers, in whatever order they were put there. */
START_TEST(overlap)
{
	for (int first = 0; first < 2; first++) {
		struct rig r;

		setup(&r);
		for (int i = 0; i < 2; i++) {
			int card = first ? 1 - i : i;

			put(&r, card, PCI_BAR0 + 4, 0xe0000000);
			put(&r, card, PCI_COMMAND, PCI_COMMAND_MEMORY);
		}
		r.card[0].s.reg[1] = 0x1000;
		r.card[1].s.reg[1] = 0x2000;
		ck_assert_uint_eq(peek(&r, 0xe0000000), 0x1000);
		put(&r, 0, PCI_BAR0 + 4, 0xe1000000); /* makes room for the other */
		ck_assert_uint_eq(peek(&r, 0xe0000000), 0x2000);
		ck_assert_uint_eq(peek(&r, 0xe1000000), 0x1000);
	}
}
END_TEST

START_TEST(restored_claims)
{
	struct rig a, b;
	struct buf saved = { 0 };
	struct reader in;
	struct err err = { 0 };

	setup(&a);
	setup(&b);
	put(&a, 0, PCI_BAR0 + 4, 0xe0000000);
	put(&a, 0, PCI_COMMAND, PCI_COMMAND_MEMORY);
	poke(&a, 0xe0000000, 0x1234);
	device_save(&a.card[0].dev, &saved);
	in = (struct reader){ saved.data, saved.data + saved.len, false };
	ck_assert_msg(device_load(&b.card[0].dev, &in, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(peek(&b, 0xe0000000), 0x1234);
	buf_free(&saved);
	memset(b.card[0].s.config, 0xff, PCI_CONFIG_BYTES); /* a forged state */
	b.card[0].s.msix_pending[0] = UINT32_MAX;
	card_restored(&b.card[0].dev);
	ck_assert_uint_eq(get(&b, 0, 0), 0x00011234);
	ck_assert_uint_eq(get(&b, 0, PCI_BAR0 + 4), 0xfffff000);
	ck_assert_uint_eq(b.card[0].s.msix_pending[0], 7);
}
END_TEST

START_TEST(capability_list)
{
	struct rig r;
	u32 at;

	setup(&r);
	ck_assert_uint_eq(get(&r, 0, PCI_COMMAND) >> 16 & PCI_STATUS_CAPABILITIES, PCI_STATUS_CAPABILITIES);
	at = get(&r, 0, PCI_CAPABILITIES) & 0xff;
	ck_assert_uint_eq(get(&r, 0, at) & 0xff, PCI_CAP_MSI);
	at = get(&r, 0, at) >> 8 & 0xff;
	ck_assert_uint_eq(get(&r, 0, at), 0x00020011); /* the last; 3 vectors */
	ck_assert_uint_eq(get(&r, 0, at + 4), 0x801);
	ck_assert_uint_eq(get(&r, 0, at + 8), 0xc01);
}
END_TEST

START_TEST(pins_and_wires)
{
	struct rig r;

	setup(&r);
	pci_set_intx(&r.card[0].pci, 1); /* device 4, INTA#: wire 0 */
	ck_assert_int_eq(r.b.level[0], 1);
	pci_set_intx(&r.card[1].pci, 1);
	ck_assert_int_eq(r.b.level[1], 1);
	ck_assert_uint_eq(get(&r, 0, PCI_COMMAND) >> 16 & PCI_STATUS_INTX, PCI_STATUS_INTX);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_NO_INTX);
	ck_assert_int_eq(r.b.level[0], 0);
	put(&r, 0, PCI_COMMAND, 0);
	ck_assert_int_eq(r.b.level[0], 1);
	pci_set_intx(&r.card[0].pci, 0);
	ck_assert_int_eq(r.b.level[0], 0);
	ck_assert_int_eq(r.b.level[1], 1);
	device_reset(&r.card[1].dev);
	ck_assert_int_eq(r.b.level[1], 0);
}
END_TEST

START_TEST(msi)
{
	struct rig r;
	struct card *c = &r.card[0];

	setup(&r);
	ck_assert(!pci_msi_raise(&c->pci, c->msi));
	put(&r, 0, c->msi + 4u, 0xfee01003);
	put(&r, 0, c->msi + 8u, 0x1);
	put(&r, 0, c->msi + 12u, 0xdead4321);
	put(&r, 0, c->msi, 1 << 16);
	ck_assert(pci_msi_raise(&c->pci, c->msi));
	ck_assert_int_eq(r.b.msis, 0); /* no bus master */
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MASTER);
	ck_assert(pci_msi_raise(&c->pci, c->msi));
	ck_assert_int_eq(r.b.msis, 1);
	ck_assert_uint_eq(r.b.msi_address, 0x1fee01000);
	ck_assert_uint_eq(r.b.msi_data, 0x4321);
}
END_TEST

enum { BASE = 0x7e000000u };

/* Vector v: address FEE0v000h, data 40h + v, not masked. */
static void fill_vector(struct rig *r, u32 v)
{
	poke(r, BASE + 0x800u + v * 16, 0xfee00000 | v << 12);
	poke(r, BASE + 0x804u + v * 16, 0);
	poke(r, BASE + 0x808u + v * 16, 0x40 + v);
	poke(r, BASE + 0x80cu + v * 16, 0);
}

START_TEST(msix)
{
	struct rig r;
	struct card *c = &r.card[0];
	u32 at;

	setup(&r);
	at = c->msix.at;
	put(&r, 0, PCI_BAR0 + 4, BASE);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (u32 v = 0; v < VECTORS; v++) {
		ck_assert_uint_eq(peek(&r, BASE + 0x80cu + v * 16), 1);
		fill_vector(&r, v);
	}
	ck_assert_uint_eq(peek(&r, BASE + 0x828), 0x42);
	pci_msix_raise(&c->msix, 1);
	ck_assert_int_eq(r.b.msis, 0); /* off */
	put(&r, 0, at, 0x8000u << 16);
	pci_msix_raise(&c->msix, 1);
	ck_assert_int_eq(r.b.msis, 1);
	ck_assert_uint_eq(r.b.msi_address, 0xfee01000);
	ck_assert_uint_eq(r.b.msi_data, 0x41);
	pci_msix_raise(&c->msix, VECTORS);
	ck_assert_int_eq(r.b.msis, 1);
}
END_TEST

START_TEST(msix_masks)
{
	struct rig r;
	struct card *c = &r.card[0];
	u32 at;

	setup(&r);
	at = c->msix.at;
	put(&r, 0, PCI_BAR0 + 4, BASE);
	put(&r, 0, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	for (u32 v = 0; v < VECTORS; v++)
		fill_vector(&r, v);
	put(&r, 0, at, 0xc000u << 16); /* all masked */
	pci_msix_raise(&c->msix, 2);
	pci_msix_raise(&c->msix, 2);
	pci_msix_raise(&c->msix, 0);
	ck_assert_uint_eq(peek(&r, BASE + 0xc00), 5);
	poke(&r, BASE + 0xc00, 0); /* read-only */
	ck_assert_uint_eq(peek(&r, BASE + 0xc00), 5);
	poke(&r, BASE + 0x80c, 1);
	put(&r, 0, at, 0x8000u << 16);
	ck_assert_int_eq(r.b.msis, 1); /* vector 2, once */
	ck_assert_uint_eq(r.b.msi_data, 0x42);
	ck_assert_uint_eq(peek(&r, BASE + 0xc00), 1);
	poke(&r, BASE + 0x80c, 0);
	ck_assert_int_eq(r.b.msis, 2);
	ck_assert_uint_eq(r.b.msi_data, 0x40);
	ck_assert_uint_eq(peek(&r, BASE + 0xc00), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		sizing,
		decoding,
		memory_that_moves_by_itself,
		overlap,
		restored_claims,
		capability_list,
		pins_and_wires,
		msi,
		msix,
		msix_masks,
	};

	return unit_run("pci functions", tests, ARRAY_LEN(tests));
}
