/* SPDX-License-Identifier: GPL-3.0-or-later
 * acpi-aml.h - a writer of AML, the byte code in which ACPI describes devices.
 * Rule: calls nest as the ASL source would: what aml_scope, aml_device, aml_method, aml_package, aml_if_name or
 * aml_resources opened, aml_end closes; what takes a value (aml_name, aml_return) is followed by it.
 *
 *	Device (RTC0) { Name (_HID, EisaId ("PNP0B00")) }
 *		aml_device(a, "RTC0");
 *		aml_name(a, "_HID");
 *		aml_eisa_id(a, "PNP0B00");
 *		aml_end(a);
 *
 * Paths are as in ASL: "\\_SB.PCI0"; segments shorter than four letters are filled up with '_'.
 * Source: ACPI specification 6.4, 20 (AML), 6.4 (resource descriptors).
 */
#ifndef VITRINE_DEVICES_ACPI_AML_H
#define VITRINE_DEVICES_ACPI_AML_H

#include "core/base/buf.h"

enum { AML_DEPTH = 8 };

struct aml {
	struct buf *out;
	struct {
		u32 at;         /* of the package length to be filled in */
		bool resources; /* a resource template: its end wants an end tag and the buffer's size */
	} open[AML_DEPTH];
	int depth;
};

/* ---- blocks ---- */
void aml_scope(struct aml *a, const char *path);
void aml_device(struct aml *a, const char *path);
void aml_method(struct aml *a, const char *path, u8 args);
void aml_package(struct aml *a, u8 elements);
void aml_if_name(struct aml *a, const char *path); /* If (path) {: the condition is a named integer */
void aml_resources(struct aml *a);                 /* ResourceTemplate () { */
void aml_end(struct aml *a);

/* ---- statements ---- */
void aml_name(struct aml *a, const char *path);              /* Name (path, */
void aml_return(struct aml *a);                              /* Return ( */
void aml_store_arg(struct aml *a, u8 arg, const char *path); /* Store (ArgN, path) */

/* ---- values ---- */
void aml_integer(struct aml *a, u64 value);
void aml_string(struct aml *a, const char *text);
void aml_eisa_id(struct aml *a, const char *id); /* "PNP0A03" */
void aml_path(struct aml *a, const char *path);  /* what has that name */

/* ---- resources: within aml_resources ---- */
void aml_io(struct aml *a, u16 base, u8 len);
void aml_irq(struct aml *a, u8 irq); /* an ISA interrupt: edge-triggered, active high */
void aml_memory(struct aml *a, u32 base, u32 len);
void aml_interrupt(struct aml *a, u32 gsi, bool edge); /* active high */
/* Windows that a bridge passes on: numbers of buses, ports, memory; first and last that belong to it. */
void aml_bus_window(struct aml *a, u16 first, u16 last);
void aml_io_window(struct aml *a, u16 first, u16 last);
void aml_memory_window(struct aml *a, u32 first, u32 last, bool cacheable);

#endif
