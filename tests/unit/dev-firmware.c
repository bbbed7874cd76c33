/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-firmware.c - what the board finds done after a reset without a BIOS, what it tells one, and the wires that
 * only a whole board has: HPET in place of the PIT, PCI interrupts to both controllers, the power button.
 * Rule: a processor at the ports and memory of the board sees it, as a system that boots would.
 */
#include <stdlib.h>

#include "devices/acpi.h"
#include "devices/pci.h"
#include "tests/board.h"
#include "tests/unit/unit.h"

static void build(struct board *b, bool bios, bool disk)
{
	struct err err = { 0 };

	ck_assert_msg(board_build(b, 4 << 20, bios, disk, &err) == 0, "%s", err.text);
}

static u32 in(struct board *b, u16 port, int size)
{
	return (u32)bus_read(&b->vm->port, port, size, NULL);
}

static void out(struct board *b, u16 port, int size, u32 v)
{
	bus_write(&b->vm->port, port, size, v, NULL);
}

static u32 config(struct board *b, u32 devfn, u32 reg)
{
	out(b, 0xcf8, 4, 1u << 31 | devfn << 8 | reg);
	return in(b, 0xcfc, 4);
}

static u8 sum(const u8 *p, u32 len)
{
	u8 s = 0;

	while (len--)
		s += *p++;
	return s;
}

START_TEST(tables_in_memory)
{
	struct board b;
	u8 rsdp[36], xsdt[36];
	u64 at;

	build(&b, false, false);
	ck_assert_uint_eq(pc_acpi_rsdp(b.pc), 0xe0000);
	for (int resets = 0; resets < 2; resets++) {
		mem_read(&b.vm->mem, 0xe0000, rsdp, sizeof(rsdp));
		ck_assert_mem_eq(rsdp, "RSD PTR ", 8);
		ck_assert_uint_eq(sum(rsdp, 20) | sum(rsdp, 36), 0);
		memcpy(&at, rsdp + 24, 8);
		ck_assert(mem_read(&b.vm->mem, at, xsdt, sizeof(xsdt)));
		ck_assert_mem_eq(xsdt, "XSDT", 4);
		memset(rsdp, 0, sizeof(rsdp));
		mem_write(&b.vm->mem, 0xe0000, rsdp, sizeof(rsdp)); /* a guest may do that */
		vm_reset(b.vm);
	}
	board_free(&b);
}
END_TEST

/* The file of that name: its key and length, from the directory. */
static u32 find_file(struct board *b, const char *name, u16 *key)
{
	u8 entry[64];
	u32 n = 0, len = 0;

	out(b, 0x510, 2, 0x19);
	for (int i = 0; i < 4; i++)
		n = n << 8 | in(b, 0x511, 1);
	while (n--) {
		for (int i = 0; i < 64; i++)
			entry[i] = (u8)in(b, 0x511, 1);
		if (strcmp((char *)entry + 8, name))
			continue;
		*key = (u16)(entry[4] << 8 | entry[5]);
		len = (u32)entry[0] << 24 | (u32)entry[1] << 16 | (u32)entry[2] << 8 | entry[3];
	}
	return len;
}

START_TEST(tables_for_a_bios)
{
	struct board b;
	u16 key = 0;
	u8 rsdp[36] = { 0 };

	build(&b, true, false);
	ck_assert_uint_eq(pc_acpi_rsdp(b.pc), 0);
	ck_assert_uint_eq(find_file(&b, "etc/acpi/rsdp", &key), 36);
	out(&b, 0x510, 2, key);
	for (int i = 0; i < 36; i++)
		rsdp[i] = (u8)in(&b, 0x511, 1);
	ck_assert_mem_eq(rsdp, "RSD PTR ", 8);
	ck_assert_uint_gt(find_file(&b, "etc/acpi/tables", &key), 1000);
	ck_assert_uint_eq(find_file(&b, "etc/table-loader", &key) % 128, 0);
	ck_assert_uint_ne(find_file(&b, "etc/e820", &key), 0);
	ck_assert_uint_eq(config(&b, 8 + 1, 0x10), 0xffffffff); /* no IDE function without a disk */
	board_free(&b);
}
END_TEST

/* Every BAR has a place of its own, within the window that the DSDT names. */
START_TEST(places_for_bars)
{
	struct board b;
	u32 bm, vga;

	build(&b, false, true);
	bm = config(&b, 8 + 1, 0x20);
	ck_assert_uint_eq(bm & 15, 1);
	ck_assert_uint_ge(bm, 0xc000);
	ck_assert_uint_eq(config(&b, 8 + 1, PCI_COMMAND) & 1, 1);
	ck_assert_uint_eq(config(&b, 8 + 1, 0x40), 0x80008000); /* both channels decoded */
	vga = config(&b, 2 << 3, 0x10);
	ck_assert_uint_ge(vga & ~15u, 0xe0000000);
	ck_assert_uint_lt(vga & ~15u, APIC_IO_BASE);
	out(&b, (u16)((bm & ~15u) + 4), 4, 0x12345678);
	ck_assert_uint_eq(in(&b, (u16)((bm & ~15u) + 4), 4), 0x12345678);
	board_free(&b);
	build(&b, true, true);
	ck_assert_uint_eq(config(&b, 8 + 1, 0x20), 1); /* the BIOS's task */
	board_free(&b);
}
END_TEST

START_TEST(interrupt_routing)
{
	struct board b;

	build(&b, false, false);
	ck_assert_uint_eq(config(&b, 8, 0x60), 0x0b0b0a0a);
	ck_assert_uint_eq(in(&b, 0x4d1, 1), 0x0e); /* 9, 10, 11 are levels */
	ck_assert_uint_eq(in(&b, 0x4d0, 1), 0);
	for (u32 wire = 0; wire < 4; wire++) { /* as SeaBIOS numbers them: PIRQ (slot + pin - 1) & 3 */
		u32 routes = config(&b, 8, 0x60);

		ck_assert_uint_eq(acpi_pci_isa_irq[wire], routes >> 8 * ((wire + 3) & 3) & 15);
	}
	board_free(&b);
}
END_TEST

static u8 requests(struct board *b, bool slave)
{
	out(b, slave ? 0xa0 : 0x20, 1, 0x0a);
	return (u8)in(b, slave ? 0xa0 : 0x20, 1);
}

/* Both PICs as a BIOS leaves them, nothing masked. */
static void start_pics(struct board *b)
{
	for (u16 port = 0x20; port <= 0xa0; port += 0x80) {
		out(b, port, 1, 0x11);
		out(b, port + 1, 1, port == 0x20 ? 8 : 0x70);
		out(b, port + 1, 1, port == 0x20 ? 4 : 2);
		out(b, port + 1, 1, 1);
		out(b, port + 1, 1, 0);
	}
}

START_TEST(power_button)
{
	struct board b;

	build(&b, false, false);
	start_pics(&b);
	pc_power_button(b.pc);
	ck_assert_uint_eq(in(&b, 0x600, 2), 0x100);
	ck_assert_uint_eq(requests(&b, true) & 2, 0); /* not enabled */
	out(&b, 0x602, 2, 0x100);
	ck_assert_uint_eq(requests(&b, true) & 2, 2); /* interrupt 9 */
	out(&b, 0x600, 2, 0x100);
	ck_assert_uint_eq(requests(&b, true) & 2, 0);
	out(&b, 0x604, 2, 0x2001);
	ck_assert_int_eq(b.vm->stop, STOP_POWER_OFF);
	ck_assert_int_eq(b.vm->stop_status, 0);
	board_free(&b);
}
END_TEST

static void hpet_write(struct board *b, u32 reg, u64 v)
{
	bus_write(&b->vm->mmio, ACPI_HPET_BASE + reg, 8, v, NULL);
}

START_TEST(hpet_replaces_the_pit)
{
	struct board b;

	build(&b, false, false);
	start_pics(&b);
	out(&b, 0x43, 1, 0x34); /* the PIT's channel 0: every millisecond */
	out(&b, 0x40, 1, 0xa9);
	out(&b, 0x40, 1, 0x04);
	board_until(&b, b.vm->clock.now + 1100000);
	ck_assert_uint_eq(requests(&b, false) & 1, 1);
	hpet_write(&b, 0x10, 2); /* timers 0 and 1 take over interrupts 0 and 8 */
	ck_assert_uint_eq(requests(&b, false) & 1, 0);
	board_until(&b, b.vm->clock.now + 5000000);
	ck_assert_uint_eq(requests(&b, false) & 1, 0);
	hpet_write(&b, 0x100, 4);
	hpet_write(&b, 0x108, 100);
	hpet_write(&b, 0x10, 3);
	board_until(&b, b.vm->clock.now + 990);
	ck_assert_uint_eq(requests(&b, false) & 1, 0);
	board_until(&b, b.vm->clock.now + 10);
	ck_assert_uint_eq(requests(&b, false) & 1, 1);
	hpet_write(&b, 0x10, 0);
	board_until(&b, b.vm->clock.now + 1100000);
	ck_assert_uint_eq(requests(&b, false) & 1, 1); /* the PIT again */
	board_free(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { tables_in_memory,  tables_for_a_bios, places_for_bars,
				       interrupt_routing, power_button,      hpet_replaces_the_pit };

	return unit_run("firmware", tests, ARRAY_LEN(tests));
}
