/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-tables.c - the fixed-form ACPI tables: RSDP, RSDT, XSDT, FADT, FACS, MADT, HPET, and the DSDT's
 * frame.
 * Rule: whoever writes the address of a table calls put_pointer, which also notes the place.
 * Source: ACPI specification 6.4: 5.2.5 (RSDP), 5.2.6 (header), 5.2.9 (FADT), 5.2.10 (FACS), 5.2.12 (MADT);
 * IA-PC HPET specification 1.0a, 3.2.4.
 */
#include "devices/acpi.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

enum { HEADER_BYTES = 36, HEADER_LENGTH_AT = 4, HEADER_SUM_AT = 9 };
enum { FACS_BYTES = 64, RSDP_BYTES = 36, RSDP_V1_BYTES = 20, RSDP_SUM_AT = 8, RSDP_XSUM_AT = 32 };
enum { RESET_PORT = 0xcf9, RESET_VALUE = 6, CMOS_CENTURY = 0x32 };
/* FADT flags (5.2.9, table 5.10) */
enum {
	FADT_WBINVD = 1,
	FADT_C1 = 1 << 2,
	FADT_NO_SLEEP_BUTTON = 1 << 5,
	FADT_NO_RTC_WAKE = 1 << 6,
	FADT_RESET = 1 << 10
};
/* IA-PC boot architecture flags (5.2.9.3) */
enum { BOOT_LEGACY = 1, BOOT_8042 = 2, BOOT_NO_VGA = 4 };
/* MADT structures (5.2.12) and MPS INTI flags */
enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_NMI = 4, MADT_HAS_8259 = 1 };
enum { INTI_BUS = 0, INTI_LEVEL_HIGH = 0xd, ALL_CPUS = 0xff };
enum { GAS_MEMORY = 0, GAS_IO = 1 };

const unsigned char acpi_pci_isa_irq[4] = { 11, 10, 10, 11 };

static void put(struct buf *b, u64 value, int bytes)
{
	buf_put_uint(b, value, bytes);
}

static void zeros(struct buf *b, int n)
{
	for (; n; n--)
		put(b, 0, 1);
}

static void put_pointer(struct acpi *t, enum acpi_file file, u32 target, u8 size)
{
	struct buf *b = file == ACPI_FILE_RSDP ? &t->rsdp : &t->tables;

	assert(t->npointers < ACPI_POINTERS);
	t->pointer[t->npointers++] = (struct acpi_pointer){ (u8)file, size, (u32)b->len };
	put(b, target, size);
}

static void note_checksum(struct acpi *t, enum acpi_file file, u32 at, u32 start, u32 len)
{
	assert(t->nchecksums < (int)ARRAY_LEN(t->checksum));
	t->checksum[t->nchecksums++] = (struct acpi_checksum){ (u8)file, at, start, len };
}

/* 5.2.6; the length comes at the end. */
static u32 begin(struct acpi *t, const char *signature, u8 revision)
{
	u32 start;

	while (t->tables.len % 16 && !t->tables.failed)
		put(&t->tables, 0, 1);
	start = (u32)t->tables.len;
	buf_put(&t->tables, signature, 4);
	put(&t->tables, 0, 4);
	put(&t->tables, revision, 1);
	put(&t->tables, 0, 1);
	buf_put(&t->tables, "VITRIN", 6);
	buf_put(&t->tables, "VITRINEP", 8);
	put(&t->tables, 1, 4);
	buf_put(&t->tables, "VTRN", 4);
	put(&t->tables, 1, 4);
	return start;
}

static u32 end(struct acpi *t, u32 start)
{
	u32 len = (u32)t->tables.len - start;

	note_checksum(t, ACPI_FILE_TABLES, start + HEADER_SUM_AT, start, len);
	if (!t->tables.failed)
		memcpy(t->tables.data + start + HEADER_LENGTH_AT, &len, sizeof(len));
	return start;
}

/* Generic address (5.2.3.2): a register of so many bytes. */
static void gas(struct buf *b, u8 space, u64 address, u8 bytes)
{
	put(b, space, 1);
	put(b, bytes * 8u, 1);
	put(b, 0, 1);
	put(b, bytes == 1 ? 1 : bytes == 2 ? 2 : bytes == 4 ? 3 : 0, 1);
	put(b, address, 8);
}

static u32 put_facs(struct acpi *t)
{
	u32 start = (u32)t->tables.len;

	buf_put(&t->tables, "FACS", 4);
	put(&t->tables, FACS_BYTES, 4);
	zeros(&t->tables, FACS_BYTES - 8);
	return start;
}

/* The 32-bit part of the FADT, up to the flags. */
static void put_fadt_ports(struct buf *b)
{
	put(b, 0, 1); /* once the interrupt model */
	put(b, 1, 1); /* a desktop */
	put(b, APIC_GSI_SCI, 2);
	zeros(b, 4 + 4); /* no SMI command port: ACPI is on from the start */
	put(b, ACPI_PM_BASE, 4);
	put(b, 0, 4);
	put(b, ACPI_PM_CONTROL, 4);
	put(b, 0, 4 + 4); /* no PM1b, no PM2 */
	put(b, ACPI_PM_TIMER, 4);
	put(b, ACPI_GPE, 4);
	put(b, 0, 4);
	put(b, 4, 1); /* bytes of PM1 event, control, PM2, timer, GPE0, GPE1 */
	put(b, 2, 1);
	put(b, 0, 1);
	put(b, 4, 1);
	put(b, 4, 1);
	zeros(b, 3);
	put(b, 0xfff, 2); /* C2 and C3 take too long to be of use */
	put(b, 0xfff, 2);
	zeros(b, 4 + 2); /* WBINVD works: no flush size; no duty cycle */
	zeros(b, 2);     /* no alarm day and month */
	put(b, CMOS_CENTURY, 1);
}

static void put_fadt_addresses(struct buf *b)
{
	gas(b, GAS_IO, ACPI_PM_BASE, 4);
	gas(b, GAS_MEMORY, 0, 0);
	gas(b, GAS_IO, ACPI_PM_CONTROL, 2);
	gas(b, GAS_MEMORY, 0, 0);
	gas(b, GAS_MEMORY, 0, 0);
	gas(b, GAS_IO, ACPI_PM_TIMER, 4);
	gas(b, GAS_IO, ACPI_GPE, 4);
	gas(b, GAS_MEMORY, 0, 0);
}

static u32 put_fadt(struct acpi *t, const struct acpi_config *c, u32 facs, u32 dsdt)
{
	u32 start = begin(t, "FACP", 3);
	struct buf *b = &t->tables;

	put_pointer(t, ACPI_FILE_TABLES, facs, 4);
	put_pointer(t, ACPI_FILE_TABLES, dsdt, 4);
	put_fadt_ports(b);
	put(b, BOOT_LEGACY | BOOT_8042 | (c->vga ? 0 : BOOT_NO_VGA), 2);
	put(b, 0, 1);
	put(b, FADT_WBINVD | FADT_C1 | FADT_NO_SLEEP_BUTTON | FADT_NO_RTC_WAKE | FADT_RESET, 4);
	gas(b, GAS_IO, RESET_PORT, 1);
	put(b, RESET_VALUE, 1);
	zeros(b, 3);
	put(b, 0, 8); /* the FACS has been named above; twice would be two of them */
	put_pointer(t, ACPI_FILE_TABLES, dsdt, 8);
	put_fadt_addresses(b);
	return end(t, start);
}

static void put_override(struct buf *b, u8 irq, u32 gsi, u16 flags)
{
	put(b, MADT_OVERRIDE, 1);
	put(b, 10, 1);
	put(b, 0, 1); /* bus ISA */
	put(b, irq, 1);
	put(b, gsi, 4);
	put(b, flags, 2);
}

static u32 put_madt(struct acpi *t, const struct acpi_config *c)
{
	u32 start = begin(t, "APIC", 3);
	struct buf *b = &t->tables;

	put(b, APIC_LOCAL_BASE, 4);
	put(b, MADT_HAS_8259, 4);
	for (u32 i = 0; i < c->cpus; i++) {
		put(b, MADT_LAPIC, 1);
		put(b, 8, 1);
		put(b, i, 1); /* processor, its APIC id */
		put(b, i, 1);
		put(b, 1, 4); /* enabled */
	}
	put(b, MADT_IOAPIC, 1);
	put(b, 12, 1);
	put(b, 0, 2);
	put(b, APIC_IO_BASE, 4);
	put(b, 0, 4);
	put_override(b, 0, APIC_GSI_TIMER, INTI_BUS);
	put_override(b, APIC_GSI_SCI, APIC_GSI_SCI, INTI_LEVEL_HIGH);
	put(b, MADT_LAPIC_NMI, 1);
	put(b, 6, 1);
	put(b, ALL_CPUS, 1);
	put(b, INTI_BUS, 2);
	put(b, 1, 1); /* LINT1 */
	return end(t, start);
}

static u32 put_hpet(struct acpi *t)
{
	u32 start = begin(t, "HPET", 1);
	struct buf *b = &t->tables;

	put(b, 0x8086a201, 4); /* as in its capabilities register */
	gas(b, GAS_MEMORY, ACPI_HPET_BASE, 0);
	put(b, 0, 1);
	put(b, 100, 2); /* ticks at least, periodic: 1 us */
	put(b, 0, 1);
	return end(t, start);
}

static u32 put_root(struct acpi *t, const char *signature, u8 size, const u32 *table, int n)
{
	u32 start = begin(t, signature, 1);

	for (int i = 0; i < n; i++)
		put_pointer(t, ACPI_FILE_TABLES, table[i], size);
	return end(t, start);
}

static void put_rsdp(struct acpi *t, u32 rsdt, u32 xsdt)
{
	struct buf *b = &t->rsdp;

	buf_put(b, "RSD PTR ", 8);
	put(b, 0, 1);
	buf_put(b, "VITRIN", 6);
	put(b, 2, 1);
	put_pointer(t, ACPI_FILE_RSDP, rsdt, 4);
	put(b, RSDP_BYTES, 4);
	put_pointer(t, ACPI_FILE_RSDP, xsdt, 8);
	zeros(b, 4);
	note_checksum(t, ACPI_FILE_RSDP, RSDP_SUM_AT, 0, RSDP_V1_BYTES);
	note_checksum(t, ACPI_FILE_RSDP, RSDP_XSUM_AT, 0, RSDP_BYTES);
}

int acpi_build(struct acpi *t, const struct acpi_config *c, struct err *err)
{
	u32 facs, dsdt, table[3], rsdt, xsdt;
	int n = 0;

	*t = (struct acpi){ 0 };
	facs = put_facs(t); /* first: it wants a multiple of 64 */
	dsdt = begin(t, "DSDT", 2);
	acpi_dsdt(&t->tables, c);
	end(t, dsdt);
	table[n++] = put_fadt(t, c, facs, dsdt);
	if (c->apic)
		table[n++] = put_madt(t, c);
	table[n++] = put_hpet(t);
	rsdt = put_root(t, "RSDT", 4, table, n);
	xsdt = put_root(t, "XSDT", 8, table, n);
	put_rsdp(t, rsdt, xsdt);
	if (t->tables.failed || t->rsdp.failed)
		return err_set(err, ENOMEM, "no memory for the ACPI tables");
	return 0;
}

void acpi_free(struct acpi *t)
{
	buf_free(&t->tables);
	buf_free(&t->rsdp);
}
