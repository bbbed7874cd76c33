/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-place.c - the last step to usable ACPI tables: addresses and checksums, here or in the BIOS.
 * Rule: both ways go through the same two lists, pointers first, as the checksums cover them.
 * Source: QEMU, include/hw/acpi/bios-linker-loader.h describes the commands (128 bytes each, little-endian).
 */
#include <string.h>

#include "devices/acpi.h"

enum { CMD_ALLOCATE = 1, CMD_POINTER = 2, CMD_CHECKSUM = 3, CMD_BYTES = 128, FILE_BYTES = 56 };
enum { ZONE_HIGH = 1, ZONE_F_SEGMENT = 2 };

static const char *const file_name[] = {
	[ACPI_FILE_TABLES] = "etc/acpi/tables",
	[ACPI_FILE_RSDP] = "etc/acpi/rsdp",
};

static u8 *bytes_of(struct acpi *t, u8 file)
{
	return file == ACPI_FILE_RSDP ? t->rsdp.data : t->tables.data;
}

void acpi_place(struct acpi *t, u64 address)
{
	for (int i = 0; i < t->npointers; i++) {
		const struct acpi_pointer *p = &t->pointer[i];
		u64 value = 0;

		memcpy(&value, bytes_of(t, p->file) + p->at, p->size);
		value += address;
		memcpy(bytes_of(t, p->file) + p->at, &value, p->size);
	}
	for (int i = 0; i < t->nchecksums; i++) {
		const struct acpi_checksum *c = &t->checksum[i];
		u8 *bytes = bytes_of(t, c->file), sum = 0;

		for (u32 n = 0; n < c->len; n++)
			sum += bytes[c->start + n];
		bytes[c->at] -= sum;
	}
}

static void put_file(struct buf *out, const char *name)
{
	char field[FILE_BYTES] = { 0 };

	strncpy(field, name, FILE_BYTES - 1);
	buf_put(out, field, FILE_BYTES);
}

static void fill_up(struct buf *out)
{
	while (out->len % CMD_BYTES && !out->failed)
		buf_put_uint(out, 0, 1);
}

static void allocate(struct buf *out, const char *file, u32 align, u8 zone)
{
	buf_put_uint(out, CMD_ALLOCATE, 4);
	put_file(out, file);
	buf_put_uint(out, align, 4);
	buf_put_uint(out, zone, 1);
	fill_up(out);
}

void acpi_loader_script(const struct acpi *t, struct buf *out)
{
	allocate(out, file_name[ACPI_FILE_TABLES], 64, ZONE_HIGH);
	allocate(out, file_name[ACPI_FILE_RSDP], 16, ZONE_F_SEGMENT);
	for (int i = 0; i < t->npointers; i++) {
		buf_put_uint(out, CMD_POINTER, 4);
		put_file(out, file_name[t->pointer[i].file]);
		put_file(out, file_name[ACPI_FILE_TABLES]);
		buf_put_uint(out, t->pointer[i].at, 4);
		buf_put_uint(out, t->pointer[i].size, 1);
		fill_up(out);
	}
	for (int i = 0; i < t->nchecksums; i++) {
		buf_put_uint(out, CMD_CHECKSUM, 4);
		put_file(out, file_name[t->checksum[i].file]);
		buf_put_uint(out, t->checksum[i].at, 4);
		buf_put_uint(out, t->checksum[i].start, 4);
		buf_put_uint(out, t->checksum[i].len, 4);
		fill_up(out);
	}
}
