/* SPDX-License-Identifier: GPL-3.0-or-later
 * dev-acpi.c - the ACPI tables: how they hang together, and that a BIOS comes to the same ones.
 * Rule: what the tables say is judged elsewhere, by iasl (tests/acpi) and by Linux (tests/linux); here are
 * sums, addresses and the loader's commands, read as QEMU's documentation defines them.
 */
#include <stdlib.h>
#include <string.h>

#include "devices/acpi-aml.h"
#include "devices/acpi.h"
#include "tests/unit/unit.h"

enum { BASE = 0xe0040 };

static const u8 mmio_irq[] = { 5, 6 };
static const struct acpi_config config = {
	.cpus = 3,
	.apic = true,
	.pci_first = 0xe0000000,
	.pci_last = 0xfebfffff,
	.virtio_mmio = 2,
	.virtio_mmio_base = 0xfeb00000,
	.virtio_mmio_step = 0x200,
	.virtio_mmio_irq = mmio_irq,
};

static u64 get(const u8 *p, int bytes)
{
	u64 v = 0;

	memcpy(&v, p, (size_t)bytes);
	return v;
}

static u8 sum(const u8 *p, u64 len)
{
	u8 s = 0;

	while (len--)
		s += *p++;
	return s;
}

/* The table at an address, whose sum must be 0. */
static const u8 *table_at(const struct acpi *t, u64 address, const char *signature)
{
	const u8 *p = t->tables.data + (address - BASE);

	ck_assert_uint_ge(address, BASE);
	ck_assert_uint_le(address + 36, BASE + t->tables.len);
	ck_assert_mem_eq(p, signature, 4);
	ck_assert_uint_le(address + get(p + 4, 4), BASE + t->tables.len);
	ck_assert_uint_eq(sum(p, get(p + 4, 4)), 0);
	return p;
}

static void check_root(const struct acpi *t, const u8 *root, int size)
{
	static const char *const names[] = { "FACP", "APIC", "HPET" };
	u64 n = (get(root + 4, 4) - 36) / (u64)size;

	ck_assert_uint_eq(n, ARRAY_LEN(names));
	for (u64 i = 0; i < n; i++)
		table_at(t, get(root + 36 + i * (u64)size, size), names[i]);
}

START_TEST(tables_hang_together)
{
	struct acpi t;
	const u8 *fadt, *xsdt;

	ck_assert_int_eq(acpi_build(&t, &config, NULL), 0);
	acpi_place(&t, BASE);
	ck_assert_mem_eq(t.rsdp.data, "RSD PTR ", 8);
	ck_assert_uint_eq(sum(t.rsdp.data, 20), 0);
	ck_assert_uint_eq(sum(t.rsdp.data, 36), 0);
	ck_assert_uint_eq(get(t.rsdp.data + 20, 4), 36);
	check_root(&t, table_at(&t, get(t.rsdp.data + 16, 4), "RSDT"), 4);
	xsdt = table_at(&t, get(t.rsdp.data + 24, 8), "XSDT");
	check_root(&t, xsdt, 8);
	fadt = table_at(&t, get(xsdt + 36, 8), "FACP");
	table_at(&t, get(fadt + 40, 4), "DSDT");
	ck_assert_uint_eq(get(fadt + 40, 4), get(fadt + 140, 8)); /* X_DSDT */
	ck_assert_uint_eq(get(fadt + 36, 4) % 64, 0);
	ck_assert_mem_eq(t.tables.data + (get(fadt + 36, 4) - BASE), "FACS", 4);
	ck_assert_uint_lt(t.tables.len, 0x10000); /* there is room for 128 KiB */
	acpi_free(&t);
}
END_TEST

START_TEST(without_apics)
{
	struct acpi_config c = config;
	struct acpi t;
	const u8 *rsdt;

	c.apic = false;
	ck_assert_int_eq(acpi_build(&t, &c, NULL), 0);
	acpi_place(&t, BASE);
	rsdt = table_at(&t, get(t.rsdp.data + 16, 4), "RSDT");
	ck_assert_uint_eq(get(rsdt + 4, 4), 36 + 2 * 4);
	table_at(&t, get(rsdt + 40, 4), "HPET");
	acpi_free(&t);
}
END_TEST

/* ---- the loader's commands, carried out as a BIOS does ---- */

struct file {
	const char *name;
	u8 *data;
	u64 len, address;
};

static struct file *find(struct file *files, const u8 *name)
{
	for (int i = 0; i < 2; i++)
		if (!strncmp(files[i].name, (const char *)name, 56))
			return &files[i];
	ck_abort_msg("no file %.56s", (const char *)name);
	return NULL;
}

static void run_command(struct file *files, const u8 *c)
{
	struct file *f = find(files, c + 4);
	u64 v;

	switch (get(c, 4)) {
	case 1: ck_assert_uint_eq(f->address % get(c + 60, 4), 0); break;
	case 2:
		ck_assert_uint_le(get(c + 116, 4) + c[120], f->len);
		v = get(f->data + get(c + 116, 4), c[120]) + find(files, c + 60)->address;
		memcpy(f->data + get(c + 116, 4), &v, c[120]);
		break;
	case 3:
		ck_assert_uint_lt(get(c + 60, 4), f->len);
		ck_assert_uint_le(get(c + 64, 4) + get(c + 68, 4), f->len);
		f->data[get(c + 60, 4)] -= sum(f->data + get(c + 64, 4), get(c + 68, 4));
		break;
	default: ck_abort_msg("command %u", (unsigned)get(c, 4));
	}
}

START_TEST(a_bios_comes_to_the_same)
{
	struct acpi a, b;
	struct buf script = { 0 };

	ck_assert_int_eq(acpi_build(&a, &config, NULL), 0);
	ck_assert_int_eq(acpi_build(&b, &config, NULL), 0);
	acpi_place(&a, BASE);
	acpi_loader_script(&b, &script);
	struct file files[] = { { "etc/acpi/tables", b.tables.data, b.tables.len, BASE },
				{ "etc/acpi/rsdp", b.rsdp.data, b.rsdp.len, 0xf0000 } };
	ck_assert_uint_eq(script.len % 128, 0);
	for (size_t at = 0; at < script.len; at += 128)
		run_command(files, script.data + at);
	ck_assert_uint_eq(a.tables.len, b.tables.len);
	ck_assert_mem_eq(a.tables.data, b.tables.data, a.tables.len);
	ck_assert_mem_eq(a.rsdp.data, b.rsdp.data, a.rsdp.len);
	buf_free(&script);
	acpi_free(&a);
	acpi_free(&b);
}
END_TEST

/* ---- the writer of AML, byte by byte against the grammar (ACPI 6.4, 20.2) ---- */

START_TEST(aml_bytes)
{
	static const u8 want[] = {
		0x5b, 0x82, 0x81, 0x03, 0x00, 'R',  'T',  'C',  '_',        /* Device */
		0x08, '_',  'H',  'I',  'D',  0x0c, 0x41, 0xd0, 0x0b, 0x00, /* EisaId ("PNP0B00") */
		0x08, '_',  'U',  'I',  'D',  0x0b, 0x34, 0x12,             /* 1234h */
		0x14, 0x8c, 0x00, 0x00, '_',  'P',  'I',  'C',  0x01, 0x70, 0x68, 'P', 'I', /* Method */
	};
	struct buf out = { 0 };
	struct aml a = { .out = &out };
	u8 all[64];

	aml_device(&a, "RTC");
	aml_name(&a, "_HID");
	aml_eisa_id(&a, "PNP0B00");
	aml_name(&a, "_UID");
	aml_integer(&a, 0x1234);
	aml_method(&a, "_PIC", 1);
	aml_store_arg(&a, 0, "PICM");
	aml_end(&a);
	aml_end(&a);
	ck_assert_int_eq(a.depth, 0);
	memcpy(all, want, sizeof(want));
	/* package lengths: the low four bits, then eight and eight; they count themselves */
	all[2] = (u8)(0x80 | ((out.len - 2) & 15));
	all[3] = (u8)((out.len - 2) >> 4);
	all[28] = (u8)(0x80 | ((out.len - 28) & 15));
	all[29] = (u8)((out.len - 28) >> 4);
	ck_assert_uint_eq(out.len, sizeof(want) + 2);
	ck_assert_mem_eq(out.data, all, sizeof(want));
	buf_free(&out);
}
END_TEST

START_TEST(aml_paths)
{
	struct buf out = { 0 };
	struct aml a = { .out = &out };

	aml_path(&a, "\\_SB.PCI0");
	aml_path(&a, "A.B.CDEF");
	ck_assert_mem_eq(out.data,
			 "\\\x2e_SB_PCI0\x2f\x03"
			 "A___B___CDEF",
			 10 + 14);
	ck_assert_uint_eq(out.len, 10 + 14);
	buf_free(&out);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { tables_hang_together, without_apics, a_bios_comes_to_the_same,
				       aml_bytes, aml_paths };

	return unit_run("acpi", tests, ARRAY_LEN(tests));
}
