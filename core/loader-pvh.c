/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-pvh.c - kernels with a PVH entry, as Linux's vmlinux: ELF files whose Xen note names a 32-bit entry point
 * (Xen, docs/misc/pvh.pandoc; xen/include/public/arch-x86/hvm/start_info.h).
 * Rule: as for Multiboot: the kernel, its modules and the information about them never share a byte.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/loader-priv.h"

enum { XEN_PHYS32_ENTRY = 18, START_MAGIC = 0x336ec578 };

/* What EBX points to, and its parts, in their order at LOAD_INFO. */
struct start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist, cmdline, rsdp, memmap;
	u32 memmap_entries, reserved;
};
struct module { u64 at, size, cmdline, reserved; };
struct memory { u64 base, size; u32 type, reserved; };
struct information {
	struct start_info start;
	struct module module[IMAGE_MODULES];
	struct memory memory[MAP_ENTRIES];
	char cmdline[4096];
};
_Static_assert(sizeof(struct start_info) == 56 && sizeof(struct memory) == 24, "as the specification lays them out");
_Static_assert(sizeof(struct information) <= LOAD_INFO_END - LOAD_INFO, "the parts fit");

u64 pvh_entry(const struct image *img, u64 at, u64 size)
{
	u64 end = at + size;

	/* A note: sizes of name and content, type, then both, each padded to 4 (System V ABI, "Note Section"). */
	while (end - at >= 12) {
		u64 name = image_number(img, at, 4), content = image_number(img, at + 4, 4);
		u64 type = image_number(img, at + 8, 4), data = at + 12 + ((name + 3) & ~3ull);

		if (data > end || content > end - data)
			return 0;
		if (name == 4 && !memcmp(img->data + at + 12, "Xen", 4) && type == XEN_PHYS32_ENTRY && content >= 4)
			return image_number(img, data, 4);
		at = data + ((content + 3) & ~3ull);
		if (at > end)
			return 0;
	}
	return 0;
}

static int describe_modules(const struct vm *vm, const struct image *img, struct information *info, u64 end,
			    struct err *err)
{
	u64 at[IMAGE_MODULES];
	int rc = modules_place(vm, img, end, UINT64_MAX, at, err);

	for (int i = 0; i < img->nmodules && !rc; i++)
		info->module[i] = (struct module){ .at = at[i], .size = img->module[i].len };
	return rc;
}

static void put_memory_map(const struct vm *vm, struct information *info)
{
	struct map_entry map[MAP_ENTRIES];
	u32 n = memory_map(&vm->mem, map);

	for (u32 i = 0; i < n; i++)
		info->memory[i] = (struct memory){ map[i].base, map[i].size, map[i].type, 0 };
	info->start.memmap_entries = n;
}

static int describe(const struct vm *vm, const struct image *img, u64 end, struct information *info, struct err *err)
{
	const char *cmdline = img->cmdline ? img->cmdline : "";

	*info = (struct information){ .start = {
		.magic = START_MAGIC, .version = 1, .nr_modules = (u32)img->nmodules,
		.modlist = LOAD_INFO + offsetof(struct information, module),
		.cmdline = LOAD_INFO + offsetof(struct information, cmdline),
		.memmap = LOAD_INFO + offsetof(struct information, memory),
		.rsdp = img->acpi_rsdp,
	} };
	if (strlen(cmdline) >= sizeof(info->cmdline))
		return err_set(err, E2BIG, "%.200s: a command line of %zu bytes; expected less than %zu", img->path,
			       strlen(cmdline), sizeof(info->cmdline));
	strcpy(info->cmdline, cmdline);
	put_memory_map(vm, info);
	return describe_modules(vm, img, info, end, err);
}

int load_pvh(struct vm *vm, const struct image *img, const struct program *p, struct err *err)
{
	static const struct area areas[] = {
		{ "GDT", LOAD_GDT, LOAD_GDT_END },
		{ "start information", LOAD_INFO, LOAD_INFO_END },
	};
	struct information info;
	struct x86_state s;
	int rc = program_check(vm, img, p, areas, ARRAY_LEN(areas), err);

	if (!rc)
		rc = describe(vm, img, program_end(p), &info, err);
	if (rc)
		return rc;
	program_write(vm, img, p);
	for (int i = 0; i < img->nmodules; i++)
		mem_poke(&vm->mem, info.module[i].at, img->module[i].data, img->module[i].len);
	mem_poke(&vm->mem, LOAD_INFO, &info, sizeof(info));
	state_flat32(vm, &s, p->pvh_entry);
	s.gpr[RBX] = LOAD_INFO;
	return state_start(vm, &s, err);
}
