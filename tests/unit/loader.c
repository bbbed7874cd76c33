/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader.c - facts about images: where they land, how they find the processor, and how bad ones are refused.
 */
#include <stdlib.h>

#include "core/loader-priv.h"
#include "core/snapshot.h"
#include "tests/fake-engine.h"
#include "tests/unit/unit.h"

static struct err err;

enum { MIB = 1 << 20 };

/* 640 KiB of RAM, ROM at F_0000h, RAM from 1 MiB to 8 MiB. */
static struct vm *machine(const char *model)
{
	const struct vm_config config = {
		.engine = &fake_engine, .mem_size = 16 * MIB, .cpus = 1, .cpu = cpu_model_find(model)
	};
	struct vm *vm = vm_create(&config, &err);
	frame_no f;

	ck_assert_msg(vm != NULL, "%s", err.text);
	f = frames_alloc(vm->frames, 16 * MIB / PAGE_SIZE_4K);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "low", 0, 0xa0000, f, 0, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "rom", 0xf0000, 0x10000, f + 0xf0, SLOT_ROM, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "high", MIB, 4 * MIB, f + 0x100, 0, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "more", 5 * MIB, 3 * MIB, f + 0x500, 0, &err), 0);
	return vm;
}

static u64 peek(struct vm *vm, u64 gpa, int size)
{
	u64 value = 0;

	mem_read(&vm->mem, gpa, &value, (u64)size);
	return value;
}

static const struct x86_state *cpu_of(struct vm *vm)
{
	return &fake_of(vm, 0)->s;
}

static void refused(struct vm *vm, const struct image *img, const char *words)
{
	u64 hash = vm_state_hash(vm);

	memset(&err, 0, sizeof(err));
	ck_assert_int_lt(load_image(vm, img, &err), 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' lacks '%s'", err.text, words);
	ck_assert_msg(strstr(err.text, "the.image") != NULL || img->nmodules, "'%s' does not say which",
		      err.text);
	ck_assert_uint_eq(vm_state_hash(vm), hash); /* nothing was written */
}

/* ---- making images ---- */

static u8 file[0x4000];
static struct image image;

static void put(u64 at, u64 value, int size)
{
	memcpy(file + at, &value, (size_t)size);
}

struct part {
	u64 vaddr, paddr, filesz, memsz, offset;
};

/* An ELF file; the content of byte n is n's low byte beyond the headers. */
static void make_elf(bool is64, u64 entry, const struct part *part, int n)
{
	int w = is64 ? 8 : 4;

	for (unsigned i = 0; i < sizeof(file); i++)
		file[i] = i < 0x400 ? 0 : (u8)i;
	image = (struct image){ .path = "the.image", .data = file, .len = sizeof(file) };
	memcpy(file, "\177ELF\1\1\1", 7);
	file[4] = is64 ? 2 : 1;
	put(16, 2, 2);
	put(18, is64 ? 62 : 3, 2);
	put(24, entry, w);
	put(is64 ? 32 : 28, 0x80, w);
	put(is64 ? 54 : 42, is64 ? 56 : 32, 2);
	put(is64 ? 56 : 44, (u64)n, 2);
	for (int i = 0; i < n; i++) {
		u64 at = 0x80 + (u64)i * (is64 ? 56 : 32);

		put(at, 1, 4);
		put(at + (is64 ? 8 : 4), part[i].offset, w);
		put(at + (is64 ? 16 : 8), part[i].vaddr, w);
		put(at + (is64 ? 24 : 12), part[i].paddr, w);
		put(at + (is64 ? 32 : 16), part[i].filesz, w);
		put(at + (is64 ? 40 : 20), part[i].memsz, w);
	}
}

static void put_multiboot(u64 at, u32 flags)
{
	put(at, 0x1badb002, 4);
	put(at + 4, flags, 4);
	put(at + 8, (u32) - (0x1badb002 + flags), 4);
}

/* ---- kinds ---- */

START_TEST(kinds_by_content)
{
	static u8 sector[1024];

	memset(sector, 0, sizeof(sector));
	ck_assert_int_eq(image_kind(NULL, 0), IMAGE_UNKNOWN);
	ck_assert_int_eq(image_kind(sector, 512), IMAGE_UNKNOWN);
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ck_assert_int_eq(image_kind(sector, 512), IMAGE_BOOT_SECTOR);
	ck_assert_int_eq(image_kind(sector, 511), IMAGE_UNKNOWN);
	memcpy(sector + 0x202, "HdrS", 4);
	ck_assert_int_eq(image_kind(sector, 1024), IMAGE_BZIMAGE);
	make_elf(false, 0, NULL, 0);
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_ELF);
	put_multiboot(8180, 0);
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_MULTIBOOT);
	ck_assert_int_eq(image_kind(file, 8191), IMAGE_ELF);
	put_multiboot(8180, 0);
	file[8180] ^= 1;
	put_multiboot(8184, 0); /* not completely within the first 8192 bytes */
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_ELF);
	ck_assert_int_eq(image_kind((const u8 *)"VITRINE\1", 8), IMAGE_SNAPSHOT);
	ck_assert_str_eq(image_kind_name(IMAGE_MULTIBOOT), "multiboot kernel");
}
END_TEST

START_TEST(boot_sector_as_a_bios_leaves_it)
{
	static u8 sector[0x90001];
	struct image img = { .path = "the.image", .data = sector, .len = 512 };
	struct vm *vm = machine("386");

	memset(sector, 0x90, sizeof(sector));
	refused(vm, &img, "not recognised");
	sector[510] = 0x55;
	sector[511] = 0xaa;
	ck_assert_int_eq(load_image(vm, &img, &err), 0);
	ck_assert_uint_eq(peek(vm, 0x7c00, 1), 0x90);
	ck_assert_uint_eq(peek(vm, 0x7dfe, 2), 0xaa55);
	ck_assert_uint_eq(peek(vm, 0x7e00, 1), 0);
	ck_assert_uint_eq(cpu_of(vm)->rip[0], 0x7c00);
	ck_assert_uint_eq(cpu_of(vm)->seg_base[SEG_CS], 0);
	ck_assert_uint_eq(cpu_of(vm)->gpr[RSP], 0x7c00);
	ck_assert_uint_eq(cpu_of(vm)->gpr[RDX], 0x80);
	ck_assert_uint_eq(cpu_of(vm)->cr0[0] & CR0_PE, 0);
	ck_assert_uint_eq(cpu_of(vm)->rflags[0], 2);
	img.len = 0x90000;
	ck_assert_int_eq(load_boot_sector(vm, &img, 0, &err), 0);
	ck_assert_uint_eq(peek(vm, 0x7c00 + 0x8ffff, 1), 0x90);
	ck_assert_uint_eq(cpu_of(vm)->gpr[RDX], 0);
	img.len++;
	refused(vm, &img, "a flat image has at most 589824");
	img.len = 0;
	refused(vm, &img, "not recognised");
	vm_destroy(vm);
}
END_TEST

START_TEST(linux_kernels_are_named)
{
	static u8 kernel[1024];
	struct image img = { .path = "the.image", .data = kernel, .len = sizeof(kernel) };
	struct vm *vm = machine("x86-64");

	kernel[510] = 0x55;
	kernel[511] = 0xaa;
	memcpy(kernel + 0x202, "HdrS", 4);
	refused(vm, &img, "Linux kernel");
	vm_destroy(vm);
}
END_TEST

/* ---- ELF ---- */

START_TEST(elf32_in_protected_mode)
{
	static const struct part parts[] = { { 0x100000, 0x100000, 0x500, 0x3000, 0x1000 },
					     { 0x20000, 0x20000, 8, 8, 0x2000 } };
	struct vm *vm = machine("386");

	mem_poke(&vm->mem, 0x102fff, "\xee\xee", 2);
	mem_set_a20(&vm->mem, false);
	make_elf(false, 0x100010, parts, 2);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	for (u64 i = 0; i < 0x500; i++)
		ck_assert_uint_eq(peek(vm, 0x100000 + i, 1), file[0x1000 + i]);
	ck_assert_uint_eq(peek(vm, 0x100500, 8), 0);
	ck_assert_uint_eq(peek(vm, 0x102fff, 2), 0xee00); /* cleared up to its end, and no further */
	ck_assert_uint_eq(peek(vm, 0x20000, 8), 0x0706050403020100);
	ck_assert_uint_eq(cpu_of(vm)->rip[0], 0x100010);
	ck_assert_uint_eq(cpu_of(vm)->cr0[0], CR0_PE | CR0_ET);
	ck_assert_uint_eq(cpu_of(vm)->seg_attr[SEG_CS], 0xc09b);
	ck_assert_uint_eq(cpu_of(vm)->seg_limit[SEG_SS], 0xffffffff);
	ck_assert_uint_eq(cpu_of(vm)->gpr[RSP], 0x90000);
	ck_assert_uint_eq(mem_gpa(&vm->mem, 0x100000), 0x100000); /* A20 is open */
	/* Reloading a segment from the GDT gives the same. */
	ck_assert_uint_eq(peek(vm, cpu_of(vm)->gdtr_base[0] + cpu_of(vm)->seg_sel[SEG_CS], 8),
			  0x00cf9b000000ffff);
	ck_assert_uint_eq(peek(vm, cpu_of(vm)->gdtr_base[0] + cpu_of(vm)->seg_sel[SEG_DS], 8),
			  0x00cf93000000ffff);
	vm_destroy(vm);
}
END_TEST

START_TEST(elf64_in_long_mode)
{
	static const struct part parts[] = { { 0xffffffff80200000, 0x200000, 0x100, 0x100, 0x1000 } };
	struct vm *vm = machine("x86-64");
	u64 pml4, pdpt, pd;

	make_elf(true, 0xffffffff80200020, parts, 1);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(cpu_of(vm)->rip[0], 0x200020); /* where the entry lies physically */
	ck_assert_uint_eq(cpu_of(vm)->efer[0], EFER_LME | EFER_LMA);
	ck_assert_uint_eq(cpu_of(vm)->seg_attr[SEG_CS], 0xa09b);
	ck_assert_uint_eq(cpu_of(vm)->cr4[0], CR4_PAE);
	pml4 = cpu_of(vm)->cr3[0];
	for (u64 lin = 0; lin < 1ull << 32; lin += 0x0aab0000) { /* walked by hand, as the processor would */
		pdpt = peek(vm, pml4 + (lin >> 39 & 511) * 8, 8);
		pd = peek(vm, (pdpt & ~4095ull) + (lin >> 30 & 511) * 8, 8);
		ck_assert_uint_eq(pdpt & pd & 3, 3);
		ck_assert_uint_eq(peek(vm, (pd & ~4095ull) + (lin >> 21 & 511) * 8, 8),
				  (lin & ~0x1fffffull) | 0x83);
	}
	ck_assert_uint_eq(peek(vm, cpu_of(vm)->gdtr_base[0] + cpu_of(vm)->seg_sel[SEG_CS], 8),
			  0x00af9b000000ffff);
	vm_destroy(vm);
	vm = machine("i686");
	refused(vm, &image, "i686 has no 64-bit mode");
	vm_destroy(vm);
}
END_TEST

static void refused_elf(struct vm *vm, u64 paddr, u64 filesz, u64 memsz, u64 offset, const char *words)
{
	const struct part part = { paddr, paddr, filesz, memsz, offset };

	make_elf(true, paddr, &part, 1);
	refused(vm, &image, words);
}

START_TEST(bad_elf_files)
{
	static const struct part good = { MIB, MIB, 16, 16, 0x1000 };
	struct vm *vm = machine("x86-64");
	u64 all = sizeof(file);

	refused_elf(vm, MIB, all, all, 1, "the file has 0x4000");
	refused_elf(vm, MIB, 16, 16, UINT64_MAX - 3, "the file has 0x4000");
	refused_elf(vm, MIB, 17, 16, 0, "only 0x10 in memory");
	refused_elf(vm, 0x9ff00, 16, 0x200, 0, "the machine has 0x100 bytes of RAM");
	refused_elf(vm, 0xf0000, 16, 16, 0, "the machine has 0x0 bytes of RAM"); /* ROM */
	refused_elf(vm, 8 * MIB, 16, 16, 0, "the machine has 0x0 bytes of RAM");
	refused_elf(vm, MIB, 16, UINT64_MAX, 0, "below 4 GiB");
	refused_elf(vm, UINT64_MAX - 4, 16, 16, 0, "below 4 GiB");
	refused_elf(vm, 0x4f8, 16, 16, 0, "overlaps 0x500..0x51f, where the loader puts the GDT");
	refused_elf(vm, 0x6fff, 1, 1, 0, "page tables");
	refused_elf(vm, 0x80000, 1, 0x10000, 0, "first stack");
	make_elf(true, MIB + 16, &good, 1);
	refused(vm, &image, "lies in none of its segments");
	make_elf(true, MIB, NULL, 0);
	refused(vm, &image, "nothing to load");
	make_elf(true, MIB, &good, 1);
	put(56, 0xffff, 2);
	refused(vm, &image, "65535 program headers");
	put(32, UINT64_MAX, 8);
	refused(vm, &image, "leave the file");
	make_elf(true, MIB, &good, 1);
	put(54, 32, 2);
	refused(vm, &image, "program headers of 32 bytes");
	make_elf(true, MIB, &good, 1);
	put(16, 3, 2);
	refused(vm, &image, "ELF type 3");
	put(18, 40, 2);
	refused(vm, &image, "for machine 40");
	file[5] = 2;
	refused(vm, &image, "big-endian");
	file[4] = 7;
	refused(vm, &image, "ELF class 7");
	vm_destroy(vm);
}
END_TEST

/* Every truncation, at its exact size so that reading past it is caught. */
START_TEST(truncated_elf_files)
{
	static const struct part part = { MIB, MIB, 0x100, 0x100, 0x400 };
	struct vm *vm = machine("x86-64");

	for (int is64 = 0; is64 < 2; is64++)
		for (u64 len = 4; len < 0x500; len++) {
			u8 *exact = malloc(len);

			make_elf(is64, MIB, &part, 1);
			memcpy(exact, file, len);
			image.data = exact;
			image.len = len;
			refused(vm, &image, len < 16 ? "not an ELF file" : "the.image");
			free(exact);
		}
	vm_destroy(vm);
}
END_TEST

/* ---- multiboot ---- */

START_TEST(multiboot_kernel_with_modules)
{
	static const struct part part = { MIB, MIB, 0x800, 0x1800, 0x1000 };
	struct vm *vm = machine("386");
	u32 info, mods, map;

	make_elf(false, MIB + 0x20, &part, 1);
	put_multiboot(0x200, 3);
	image.cmdline = "root=/dev/x quiet";
	image.nmodules = 2;
	image.module[0].path = image.module[1].path = "mod";
	image.module[0].data = (const u8 *)"first";
	image.module[0].len = 5;
	image.module[0].cmdline = "initrd";
	image.module[1].data = file;
	image.module[1].len = sizeof(file);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(cpu_of(vm)->gpr[RAX], 0x2badb002);
	ck_assert_uint_eq(cpu_of(vm)->rip[0], MIB + 0x20);
	info = (u32)cpu_of(vm)->gpr[RBX];
	ck_assert_uint_eq(peek(vm, info, 4), 1 | 4 | 8 | 64 | 512);
	ck_assert_uint_eq(peek(vm, info + 4, 4), 640);
	ck_assert_uint_eq(peek(vm, info + 8, 4), 7 * 1024);
	ck_assert_str_eq((char *)mem_host(&vm->mem, peek(vm, info + 16, 4), 32, false), "root=/dev/x quiet");
	ck_assert_str_eq((char *)mem_host(&vm->mem, peek(vm, info + 64, 4), 32, false), "vitrine");
	ck_assert_uint_eq(peek(vm, info + 20, 4), 2);
	mods = (u32)peek(vm, info + 24, 4);
	ck_assert_uint_eq(peek(vm, mods, 4), MIB + 0x2000); /* the page after the kernel's cleared part */
	ck_assert_uint_eq(peek(vm, mods + 4, 4), MIB + 0x2005);
	ck_assert_str_eq((char *)mem_host(&vm->mem, peek(vm, mods + 8, 4), 32, false), "initrd");
	ck_assert_uint_eq(peek(vm, MIB + 0x2000, 5), 0x7473726966); /* "first" */
	ck_assert_uint_eq(peek(vm, mods + 16, 4), MIB + 0x3000);
	ck_assert_mem_eq(mem_host(&vm->mem, MIB + 0x3000, sizeof(file), false), file, sizeof(file));
	map = (u32)peek(vm, info + 48, 4);
	ck_assert_uint_eq(peek(vm, info + 44, 4), 3 * 24); /* the two slots above 1 MiB are one run of RAM */
	ck_assert_uint_eq(peek(vm, map, 4), 20);
	ck_assert_uint_eq(peek(vm, map + 12, 8), 0xa0000);
	ck_assert_uint_eq(peek(vm, map + 24 + 4, 8), 0xf0000);
	ck_assert_uint_eq(peek(vm, map + 24 + 20, 4), 2);
	ck_assert_uint_eq(peek(vm, map + 48 + 4, 8), MIB);
	ck_assert_uint_eq(peek(vm, map + 48 + 12, 8), 7 * MIB);
	ck_assert_uint_eq(peek(vm, map + 48 + 20, 4), 1);
	vm_destroy(vm);
}
END_TEST

/* header, load, load end, bss end, entry */
static void make_kludge(u32 header, u32 load, u32 load_end, u32 bss_end, u32 entry)
{
	make_elf(true, 0, NULL, 0); /* the ELF header is not to be looked at */
	put_multiboot(0x440, 1 << 16);
	put(0x44c, header, 4);
	put(0x450, load, 4);
	put(0x454, load_end, 4);
	put(0x458, bss_end, 4);
	put(0x45c, entry, 4);
}

START_TEST(multiboot_by_addresses)
{
	struct vm *vm = machine("386");

	make_kludge(MIB + 0x40, MIB, MIB + 0x100, MIB + 0x200, MIB + 0x80);
	mem_poke(&vm->mem, MIB + 0x1ff, "\xee\xee", 2);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	ck_assert_mem_eq(mem_host(&vm->mem, MIB, 0x100, false), file + 0x400, 0x100);
	ck_assert_uint_eq(peek(vm, MIB + 0x1ff, 2), 0xee00);
	ck_assert_uint_eq(cpu_of(vm)->rip[0], MIB + 0x80);
	make_kludge(MIB + 0x40, MIB, 0, 0, MIB);
	ck_assert_int_eq(load_image(vm, &image, &err), 0);
	ck_assert_mem_eq(mem_host(&vm->mem, MIB, sizeof(file) - 0x400, false), file + 0x400,
			 sizeof(file) - 0x400);
	make_kludge(MIB + 0x441, MIB, 0, 0, MIB);
	refused(vm, &image, "says it is at 0x100441");
	make_kludge(MIB, MIB + 4, 0, 0, MIB);
	refused(vm, &image, "says it is at 0x100000");
	make_kludge(MIB, MIB, MIB + 0x10000, 0, MIB);
	refused(vm, &image, "the file has 0x4000");
	make_kludge(MIB, MIB, MIB - 1, 0, MIB);
	refused(vm, &image, "is loaded from 0x100000 to 0xfffff");
	make_kludge(MIB, MIB, 0, MIB + 1, MIB);
	refused(vm, &image, "cleared to 0x100001");
	make_kludge(MIB, MIB, 0, 0xfffffff0, MIB);
	refused(vm, &image, "of RAM");
	make_kludge(MIB, MIB, 0, 0, MIB - 1);
	refused(vm, &image, "lies outside of it");
	make_kludge(0x10000, 0x10000, 0, 0, 0x10000);
	refused(vm, &image, "multiboot information");
	make_kludge(MIB, MIB, 0, 0, MIB);
	image.len = 0x45f;
	refused(vm, &image, "ends in its multiboot header");
	vm_destroy(vm);
}
END_TEST

START_TEST(bad_multiboot_requests)
{
	static const struct part part = { MIB, MIB, 16, 16, 0x1000 };
	static char text[40000];
	struct vm *vm = machine("386");

	make_elf(false, MIB, &part, 1);
	put_multiboot(0x200, 8);
	refused(vm, &image, "demands 0x8");
	put_multiboot(0x200, 3);
	memset(text, 'x', sizeof(text) - 1);
	image.cmdline = text;
	refused(vm, &image, "more than");
	image.cmdline = NULL;
	image.nmodules = 1;
	image.module[0].path = "big";
	image.module[0].data = file;
	image.module[0].len = 1ull << 33;
	refused(vm, &image,
		"module big: 8589934592 bytes; at 0x101000, after the kernel, the machine has 7335936 left");
	image.module[0].len = 7 * MIB;
	refused(vm, &image, "module big");
	image.module[0].len = 1;
	image.module[0].cmdline = text;
	refused(vm, &image, "more than");
	image.module[0].cmdline = NULL;
	ck_assert_int_eq(load_image(vm, &image, &err), 0);
	vm_destroy(vm);
}
END_TEST

START_TEST(a_snapshot_is_an_image)
{
	struct vm *vm = machine("386");
	struct buf b = { 0 };
	struct image img = { .path = "the.image" };
	u64 hash = vm_state_hash(vm);

	ck_assert_int_eq(snapshot_save(vm, &b, &err), 0);
	mem_poke(&vm->mem, 5, "x", 1);
	img.data = b.data;
	img.len = b.len;
	ck_assert_int_eq(load_image(vm, &img, &err), 0);
	ck_assert_uint_eq(vm_state_hash(vm), hash);
	buf_free(&b);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		kinds_by_content,        boot_sector_as_a_bios_leaves_it,
		linux_kernels_are_named, elf32_in_protected_mode,
		elf64_in_long_mode,      bad_elf_files,
		truncated_elf_files,     multiboot_kernel_with_modules,
		multiboot_by_addresses,  bad_multiboot_requests,
		a_snapshot_is_an_image,
	};

	return unit_run("loader", tests, ARRAY_LEN(tests));
}
