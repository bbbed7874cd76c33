/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-linux.c - facts about Linux and PVH kernels: where the parts land, what the kernel is told, what is refused.
 * The oracle for all of it together is a real kernel: tests/linux.
 */
#include <stdlib.h>

#include "core/loader-priv.h"
#include "core/snapshot.h"
#include "tests/fake-engine.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, SETUP = 1024, KERNEL = 0x3000 };

static struct err err;
static u8 file[SETUP + KERNEL];
static struct image image;

/* 640 KiB, a ROM, and 1 MiB to 40 MiB. */
static struct vm *machine(const char *model)
{
	const struct vm_config config = {
		.engine = &fake_engine, .mem_size = 64 * MIB, .cpus = 1, .cpu = cpu_model_find(model)
	};
	struct vm *vm = vm_create(&config, &err);
	frame_no f;

	ck_assert_msg(vm != NULL, "%s", err.text);
	f = frames_alloc(vm->frames, 64 * MIB / PAGE_SIZE_4K);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "low", 0, 0xa0000, f, 0, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "rom", 0xf0000, 0x10000, f + 0xf0, SLOT_ROM, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "high", MIB, 39 * MIB, f + 0x100, 0, &err), 0);
	ck_assert_int_ge(mem_slot_add(&vm->mem, "screen", 48 * MIB, MIB, f + 0x3000, SLOT_DEVICE, &err), 0);
	return vm;
}

static u64 peek(struct vm *vm, u64 gpa, int size)
{
	u64 value = 0;

	mem_read(&vm->mem, gpa, &value, (u64)size);
	return value;
}

static void put(u64 at, u64 value, int size) { memcpy(file + at, &value, (size_t)size); }

/* Protocol 2.15, 64-bit entry, relocatable, prefers 16 MiB. */
static void make(void)
{
	for (unsigned i = 0; i < sizeof(file); i++)
		file[i] = i < SETUP ? 0 : (u8)(i * 7);
	image = (struct image){ .path = "the.image", .data = file, .len = sizeof(file), .cmdline = "console=ttyS0" };
	put(0x1f1, 1, 1);
	put(0x1f4, KERNEL / 16, 4);
	put(0x1fe, 0xaa55, 2);
	put(0x200, 0x66eb, 2);
	memcpy(file + 0x202, "HdrS", 4);
	put(0x206, 0x20f, 2);
	put(0x211, 1, 1);
	put(0x22c, 0x7fffffff, 4);
	put(0x230, 0x200000, 4);
	put(0x234, 1, 1);
	put(0x236, 0x7f, 2);
	put(0x238, 2047, 4);
	put(0x248, 0x100, 4);
	put(0x24c, 0x1000, 4);
	memcpy(file + SETUP + 0x100, "\xfd" "7zX", 4);
	put(0x258, 16 * MIB, 8);
	put(0x260, 8 * MIB, 4);
}

static void refused(struct vm *vm, const char *words)
{
	u64 hash = vm_state_hash(vm);

	memset(&err, 0, sizeof(err));
	ck_assert_int_lt(load_image(vm, &image, &err), 0);
	ck_assert_msg(strstr(err.text, words) != NULL, "'%s' lacks '%s'", err.text, words);
	ck_assert_uint_eq(vm_state_hash(vm), hash); /* nothing was written */
}

START_TEST(kernel_at_its_place)
{
	struct vm *vm = machine("x86-64");
	const struct x86_state *s;

	make();
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_BZIMAGE);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	s = &fake_of(vm, 0)->s;
	ck_assert_uint_eq(s->rip[0], 16 * MIB + 0x200);
	ck_assert_uint_eq(peek(vm, 16 * MIB, 8), *(u64 *)(file + SETUP));
	ck_assert_uint_eq(s->gpr[RSI], LOAD_INFO);
	ck_assert_uint_eq(s->seg_sel[SEG_CS], 0x10);
	ck_assert_uint_eq(s->seg_sel[SEG_DS], 0x18);
	ck_assert(s->efer[0] & EFER_LMA);
	ck_assert(s->seg_attr[SEG_CS] & SEG_L);
	ck_assert_uint_eq(s->rflags[0] & FLAG_IF, 0);
	vm_destroy(vm);
}
END_TEST

START_TEST(zero_page)
{
	static const u8 initrd[5000] = { 0x1f, 0x8b, 3 };
	struct vm *vm = machine("x86-64");
	u64 at;

	make();
	image.nmodules = 2;
	image.module[0].path = image.module[1].path = "initrd";
	image.module[0].data = image.module[1].data = initrd;
	image.module[0].len = 4999;
	image.module[1].len = 100;
	image.acpi_rsdp = 0xe0000;
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x202, 4), 0x53726448);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x210, 1), 0xff);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x21c, 4), 5000 + 100); /* the second begins at a multiple of 4 */
	at = peek(vm, LOAD_INFO + 0x218, 4);
	ck_assert_uint_eq(at % 4096, 0);
	ck_assert(at >= 24 * MIB && at + 5100 <= 40 * MIB);
	ck_assert_uint_eq(peek(vm, at + 5000, 4), 0x00038b1f);
	ck_assert_uint_eq(peek(vm, peek(vm, LOAD_INFO + 0x228, 4), 8), *(u64 *)"console=");
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x70, 8), 0xe0000);
	/* The map: low RAM, the ISA hole, RAM; a frame buffer is no memory. */
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x1e8, 1), 3);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 8, 8), 0xa0000);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 16, 4), 1);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 20, 8), 0xf0000);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 36, 4), 2);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 40, 8), MIB);
	ck_assert_uint_eq(peek(vm, LOAD_INFO + 0x2d0 + 48, 8), 39 * MIB);
	vm_destroy(vm);
}
END_TEST

START_TEST(entry_by_choice_and_by_processor)
{
	struct vm *vm = machine("x86-64");
	const struct x86_state *s = &fake_of(vm, 0)->s;

	make();
	image.linux_entry = LINUX_32;
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(s->rip[0], 16 * MIB);
	ck_assert_uint_eq(s->cr0[0] & CR0_PG, 0);
	put(0x236, 0, 2);
	image.linux_entry = LINUX_64;
	refused(vm, "32-bit kernel");
	vm_destroy(vm);
	vm = machine("i686");
	image.linux_entry = LINUX_AUTO;
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	put(0x236, 0x7f, 2);
	refused(vm, "no 64-bit mode");
	vm_destroy(vm);
}
END_TEST

START_TEST(little_memory)
{
	struct vm *vm = machine("x86-64");
	static const u8 initrd[MIB] = { 'B', 'Z', 'h' };

	make();
	put(0x260, 25 * MIB, 4);
	refused(vm, "needs 25 MiB of memory from 0x1000000 on; the machine has 24 MiB there; give it more with --mem");
	put(0x260, 24 * MIB, 4);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	image.nmodules = 1;
	image.module[0].path = "the.initrd";
	image.module[0].data = initrd;
	image.module[0].len = MIB;
	refused(vm, "initrd the.initrd: 1024 KiB");
	vm_destroy(vm);
}
END_TEST

START_TEST(bad_files)
{
	static char words[4000];
	struct vm *vm = machine("x86-64");

	make();
	image.len = SETUP + KERNEL - 16;
	refused(vm, "cut short");
	image.len = 0x280;
	refused(vm, "setup header");
	make();
	put(0x206, 0x204, 2);
	refused(vm, "protocol 2.04");
	make();
	put(0x211, 0, 1);
	refused(vm, "zImage");
	make();
	file[SETUP + 0x101] ^= 0xff;
	refused(vm, "corrupt");
	make();
	put(0x24c, 0xffffffff, 4);
	refused(vm, "corrupt");
	make();
	image.nmodules = 1;
	image.module[0].path = "the.initrd";
	image.module[0].data = file;
	image.module[0].len = 100;
	refused(vm, "initrd the.initrd: not one that Linux unpacks");
	make();
	memset(words, 'x', sizeof(words) - 1);
	image.cmdline = words;
	refused(vm, "at most 2047");
	vm_destroy(vm);
}
END_TEST

static u8 sum(const u8 *data, int n)
{
	u8 s = 0;

	for (int i = 0; i < n; i++)
		s += data[i];
	return s;
}

/* The option ROM's checksums, and that its code is what its comments say, as far as objdump's reading of the last
 * instruction goes: a far jump to the setup code. */
START_TEST(rom_and_items)
{
	struct vm *vm = machine("x86-64");
	static const u8 initrd[7777] = "070701";
	struct linux_items items;
	u32 *d;

	make();
	image.nmodules = 1;
	image.module[0].path = "initrd";
	image.module[0].data = initrd;
	image.module[0].len = sizeof(initrd);
	ck_assert_msg(linux_items(vm, &image, &items, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(sum(items.rom, LINUX_ROM_SIZE), 0);
	ck_assert_uint_eq(sum(items.rom + 0x20, 0x20), 0);
	ck_assert_mem_eq(items.rom + 0x88, "\xea\x00\x00\x20\x10", 5);
	d = (u32 *)(items.rom + 0x100);
	ck_assert_uint_eq(__builtin_bswap32(d[0]), FWCFG_KEY_SETUP << 16 | 8 | 2);
	ck_assert_uint_eq(__builtin_bswap32(d[1]), SETUP);
	ck_assert_uint_eq(__builtin_bswap32(d[3]), 0x10000);
	ck_assert_uint_eq(__builtin_bswap32(d[4 + 1]), KERNEL);
	ck_assert_uint_eq(__builtin_bswap32(d[8 + 1]), sizeof(initrd));
	ck_assert_uint_eq(*(u32 *)(items.setup.data + 0x218), __builtin_bswap32(d[8 + 3]));
	ck_assert_uint_eq(items.setup.data[0x211], 0x81);
	linux_items_free(&items);
	vm_destroy(vm);
}
END_TEST

/* An ELF file with a PVH note. */
START_TEST(pvh)
{
	static const u8 module[100] = { 5 };
	struct vm *vm = machine("x86-64");
	const struct x86_state *s;
	u64 info;

	memset(file, 0, sizeof(file));
	memcpy(file, "\177ELF\2\1\1", 7);
	put(16, 2, 2); put(18, 62, 2); put(24, 2 * MIB, 8); put(32, 64, 8); put(54, 56, 2); put(56, 2, 2);
	put(64, 1, 4); put(64 + 8, 0x1000, 8); put(64 + 16, 2 * MIB, 8); put(64 + 24, 2 * MIB, 8);
	put(64 + 32, 0x1000, 8); put(64 + 40, 0x2000, 8);
	put(120, 4, 4); put(120 + 8, 0x800, 8); put(120 + 32, 20, 8);
	put(0x800, 4, 4); put(0x804, 4, 4); put(0x808, 18, 4); memcpy(file + 0x80c, "Xen", 4); put(0x810, 2 * MIB + 0x123, 4);
	image = (struct image){ .path = "the.image", .data = file, .len = sizeof(file), .cmdline = "hello", .nmodules = 1,
				.acpi_rsdp = 0xe1230 };
	image.module[0].path = "module";
	image.module[0].data = module;
	image.module[0].len = sizeof(module);
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_PVH);
	ck_assert_msg(load_image(vm, &image, &err) == 0, "%s", err.text);
	s = &fake_of(vm, 0)->s;
	info = s->gpr[RBX];
	ck_assert_uint_eq(s->rip[0], 2 * MIB + 0x123);
	ck_assert_uint_eq(s->efer[0], 0);
	ck_assert_uint_eq(peek(vm, info, 4), 0x336ec578);
	ck_assert_uint_eq(peek(vm, info + 12, 4), 1);
	ck_assert_uint_eq(peek(vm, peek(vm, peek(vm, info + 16, 8), 8), 1), 5);
	ck_assert_uint_eq(peek(vm, peek(vm, info + 24, 8), 6), 0x6f6c6c6568);
	ck_assert_uint_eq(peek(vm, info + 32, 8), 0xe1230);
	ck_assert_uint_eq(peek(vm, info + 48, 4), 3);
	put(0x800, 0xfffffff0, 4); /* a note that leaves its segment is no note */
	ck_assert_int_eq(image_kind(file, sizeof(file)), IMAGE_ELF);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { kernel_at_its_place, zero_page, entry_by_choice_and_by_processor, little_memory,
				       bad_files, rom_and_items, pvh };

	return unit_run("loader-linux", tests, ARRAY_LEN(tests));
}
