/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader.h - put an image into guest memory and the boot vCPU at its first instruction.
 * Rule: an image is hostile input; nothing is written to the guest before all of it has been checked.
 */
#ifndef VITRINE_CORE_LOADER_H
#define VITRINE_CORE_LOADER_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/types.h"

struct vm;

enum image_kind { IMAGE_BOOT_SECTOR, IMAGE_ELF, IMAGE_PVH, IMAGE_MULTIBOOT, IMAGE_BZIMAGE, IMAGE_SNAPSHOT, IMAGE_FLAT, IMAGE_UNKNOWN };

enum { IMAGE_MODULES = 8 };
struct image {
	const char *path;        /* for messages */
	const u8 *data;
	u64 len;
	const char *cmdline;     /* multiboot; NULL = "" */
	struct { const char *path; const u8 *data; u64 len; const char *cmdline; } module[IMAGE_MODULES];
	int nmodules;
	u64 acpi_rsdp;           /* Linux, PVH: where the ACPI tables begin, 0 = none */
	enum linux_entry { LINUX_AUTO, LINUX_16, LINUX_32, LINUX_64 } linux_entry; /* bzImage: the mode to enter it in */
};

/* By content: ELF magic (with a PVH note or not), multiboot header in the first 8 KiB, "HdrS", snapshot magic, 55 AA at 510. */
enum image_kind image_kind(const u8 *data, u64 len);
const char *image_kind_name(enum image_kind kind);
/* Boot sector (or any flat real-mode image up to 64 KiB * 9): at 0000:7C00, DL = boot drive, as a BIOS would leave it. */
int load_boot_sector(struct vm *vm, const struct image *img, u8 drive, struct err *err);
/* ELF32/ELF64 executable, entered in 32-bit protected mode (ELF32) or 64-bit mode with the first 4 GiB identity-mapped
 * (ELF64); one with a PVH note at the entry it names, with command line and modules. */
int load_elf(struct vm *vm, const struct image *img, struct err *err);
/* Multiboot 1 (specification 0.6.96): ELF or a.out-kludge addresses, command line, modules, memory map. */
int load_multiboot(struct vm *vm, const struct image *img, struct err *err);
/* Linux (bzImage), boot protocol 2.10 and later, entered in 32-bit or 64-bit mode (LINUX_AUTO: 64 if it can); the modules
 * together are its initial RAM disk. */
int load_linux(struct vm *vm, const struct image *img, enum linux_entry entry, struct err *err);
/* The same with a BIOS, which a 16-bit entry needs: what the firmware configuration device (devices/fwcfg.h) must hold
 * for it: an option ROM, to be its file LINUX_ROM_FILE and named in "bootorder", and four items with fixed keys. */
enum { LINUX_ROM_SIZE = 512 };
enum { FWCFG_KEY_KERNEL = 0x11, FWCFG_KEY_INITRD = 0x12, FWCFG_KEY_CMDLINE = 0x15, FWCFG_KEY_SETUP = 0x18 };
#define LINUX_ROM_FILE "genroms/linux.bin"
struct linux_items {
	u8 rom[LINUX_ROM_SIZE];
	struct buf setup, initrd, cmdline;
	const u8 *kernel; /* within the image */
	u64 kernel_len;
};
int linux_items(struct vm *vm, const struct image *img, struct linux_items *items, struct err *err);
void linux_items_free(struct linux_items *items);
/* Recognise and load. */
int load_image(struct vm *vm, const struct image *img, struct err *err);

#endif
