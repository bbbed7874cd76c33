/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-multiboot.c - kernels with a Multiboot header (Multiboot Specification 0.6.96).
 * Rule: the kernel, its modules and the information about them never share a byte of guest memory.
 *
 * The information lies at LOAD_INFO; modules lie after the kernel, above 1 MiB, each on a page of its own.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/loader-priv.h"

enum { HEADER_MAGIC = 0x1badb002, BOOT_MAGIC = 0x2badb002, SEARCH = 8192, MIB = 1 << 20 };

/* Header flags (3.1.2): of those a loader must understand the three there are; and the address fields. */
enum { NEED_ALIGNED = 1, NEED_MEMORY = 2, NEED_VIDEO = 4, NEED_MASK = 0xffff, HAS_ADDRESSES = 1 << 16 };

/* Information flags (3.3) and where in the area the parts lie. */
enum { INFO_MEM = 1, INFO_CMDLINE = 4, INFO_MODS = 8, INFO_MMAP = 64, INFO_LOADER = 512 };
enum { AT_INFO = 0, AT_MODS = 0x80, AT_MMAP = 0x100, AT_TEXT = 0x1000, AREA = LOAD_INFO_END - LOAD_INFO };
_Static_assert(AT_MODS + 16 * IMAGE_MODULES <= AT_MMAP && AT_MMAP + 24 * MAP_ENTRIES <= AT_TEXT,
	       "the parts fit");

i64 multiboot_find(const struct image *img)
{
	u64 end = img->len < SEARCH ? img->len : SEARCH;

	for (u64 at = 0; at + 12 <= end; at += 4) {
		u32 magic = (u32)image_number(img, at, 4), flags = (u32)image_number(img, at + 4, 4);

		if (magic == HEADER_MAGIC && magic + flags + (u32)image_number(img, at + 8, 4) == 0)
			return (i64)at;
	}
	return -1;
}

/* ---- the kernel ---- */

/* The header says itself what goes where (3.1.3): for files that are not ELF. */
static int parse_addresses(const struct image *img, u64 at, struct program *p, struct err *err)
{
	u64 header, load, load_end, bss_end, skipped;

	*p = (struct program){ .nsegments = 1 };
	if (img->len - at < 32)
		return err_set(err, EINVAL, "%.200s: ends in its multiboot header", img->path);
	header = image_number(img, at + 12, 4);
	load = image_number(img, at + 16, 4);
	load_end = image_number(img, at + 20, 4);
	bss_end = image_number(img, at + 24, 4);
	p->entry = image_number(img, at + 28, 4);
	skipped = at - (header - load); /* what of the file comes before the part to load */
	if (load > header || header - load > at)
		return err_set(err, EINVAL,
			       "%.200s: its multiboot header, at offset 0x%" PRIx64
			       ", says it is at 0x%" PRIx64 " of a kernel loaded at 0x%" PRIx64,
			       img->path, at, header, load);
	if (!load_end)
		load_end = load + (img->len - skipped);
	if (!bss_end)
		bss_end = load_end;
	if (load_end < load || bss_end < load_end)
		return err_set(err, EINVAL,
			       "%.200s: its multiboot header says it is loaded from 0x%" PRIx64
			       " to 0x%" PRIx64 " and cleared to 0x%" PRIx64,
			       img->path, load, load_end, bss_end);
	if (p->entry < load || p->entry >= bss_end)
		return err_set(err, EINVAL, "%.200s: its entry 0x%" PRIx64 " lies outside of it", img->path,
			       p->entry);
	p->segment[0] = (struct segment){ load, bss_end - load, load_end - load, skipped };
	return 0;
}

static int parse(struct vm *vm, const struct image *img, struct program *p, struct err *err)
{
	i64 at = multiboot_find(img);
	u32 flags;

	if (at < 0)
		return err_set(err, EINVAL, "%.200s: no multiboot header in its first %d bytes", img->path,
			       SEARCH);
	flags = (u32)image_number(img, (u64)at + 4, 4);
	if (flags & NEED_MASK & ~(u32)(NEED_ALIGNED | NEED_MEMORY | NEED_VIDEO))
		return err_set(err, ENOTSUP,
			       "%.200s: its multiboot header demands 0x%x, of which only 0x7 is known",
			       img->path, flags & NEED_MASK);
	if (flags & NEED_VIDEO)
		log_put(&vm->log, LOG_WARN, "loader",
			"the kernel asks for a video mode; it is started without one");
	if (flags & HAS_ADDRESSES)
		return parse_addresses(img, (u64)at, p, err);
	return elf_parse(img, p, err);
}

/* ---- modules and information ---- */

struct boot {
	const struct image *img;
	u64 module_at[IMAGE_MODULES];
	u8 area[AREA]; /* what will lie at LOAD_INFO */
	u32 text;      /* where in it the next text goes */
};

static void put32(struct boot *b, u32 at, u64 value)
{
	u32 v = (u32)value;

	memcpy(b->area + at, &v, sizeof(v));
}

/* A text into the area; its guest-physical address goes to b->area[at]. */
static int put_text(struct boot *b, u32 at, const char *text, struct err *err)
{
	size_t size = strlen(text ? text : "") + 1;

	if (size > AREA - b->text)
		return err_set(err, E2BIG,
			       "%.200s: its command line and those of its modules have more than %d bytes",
			       b->img->path, AREA - AT_TEXT);
	memcpy(b->area + b->text, text ? text : "", size);
	put32(b, at, LOAD_INFO + b->text);
	b->text += (u32)size;
	return 0;
}

static int describe_modules(const struct vm *vm, struct boot *b, u64 end, struct err *err)
{
	int rc = modules_place(vm, b->img, end, UINT32_MAX, b->module_at, err);

	for (int i = 0; i < b->img->nmodules && !rc; i++) {
		put32(b, AT_MODS + 16 * (u32)i, b->module_at[i]);
		put32(b, AT_MODS + 16 * (u32)i + 4, b->module_at[i] + b->img->module[i].len);
		rc = put_text(b, AT_MODS + 16 * (u32)i + 8, b->img->module[i].cmdline, err);
	}
	return rc;
}

/* mmap_* of 3.3: each entry is preceded by its size. */
static u32 put_memory_map(const struct vm *vm, struct boot *b)
{
	struct map_entry map[MAP_ENTRIES];
	u32 n = memory_map(&vm->mem, map);

	for (u32 i = 0; i < n; i++) {
		put32(b, AT_MMAP + 24 * i, sizeof(map[i]));
		memcpy(b->area + AT_MMAP + 24 * i + 4, &map[i], sizeof(map[i]));
	}
	return 24 * n;
}

/* The structure of 3.3. */
static int put_info(const struct vm *vm, struct boot *b, struct err *err)
{
	u64 lower = ram_end(&vm->mem, 0) / 1024, upper = (ram_end(&vm->mem, MIB) - MIB) / 1024;
	int rc;

	put32(b, AT_INFO, INFO_MEM | INFO_CMDLINE | INFO_MODS | INFO_MMAP | INFO_LOADER);
	put32(b, AT_INFO + 4, lower < 640 ? lower : 640);
	put32(b, AT_INFO + 8, upper < UINT32_MAX ? upper : UINT32_MAX);
	put32(b, AT_INFO + 20, (u64)b->img->nmodules);
	put32(b, AT_INFO + 24, LOAD_INFO + AT_MODS);
	put32(b, AT_INFO + 44, put_memory_map(vm, b));
	put32(b, AT_INFO + 48, LOAD_INFO + AT_MMAP);
	rc = put_text(b, AT_INFO + 16, b->img->cmdline, err);
	return rc ? rc : put_text(b, AT_INFO + 64, "vitrine", err);
}

/* ---- all of it ---- */

static int commit(struct vm *vm, const struct image *img, const struct program *p, struct boot *b,
		  struct err *err)
{
	struct x86_state s;

	program_write(vm, img, p);
	for (int i = 0; i < img->nmodules; i++)
		mem_poke(&vm->mem, b->module_at[i], img->module[i].data, img->module[i].len);
	mem_poke(&vm->mem, LOAD_INFO, b->area, AREA);
	state_flat32(vm, &s, p->entry);
	s.gpr[RAX] = BOOT_MAGIC; /* 3.2 */
	s.gpr[RBX] = LOAD_INFO;
	return state_start(vm, &s, err);
}

int load_multiboot(struct vm *vm, const struct image *img, struct err *err)
{
	static const struct area areas[] = {
		{ "GDT", LOAD_GDT, LOAD_GDT_END },
		{ "multiboot information", LOAD_INFO, LOAD_INFO_END },
		{ "first stack", LOAD_STACK, LOAD_STACK_END },
	};
	struct program p;
	struct boot *b;
	int rc = parse(vm, img, &p, err);

	if (!rc)
		rc = program_check(vm, img, &p, areas, ARRAY_LEN(areas), err);
	if (rc)
		return rc;
	b = calloc(1, sizeof(*b));
	if (!b)
		return err_set(err, ENOMEM, "%.200s: no memory to load it", img->path);
	b->img = img;
	b->text = AT_TEXT;
	rc = describe_modules(vm, b, program_end(&p), err);
	if (!rc)
		rc = put_info(vm, b, err);
	if (!rc)
		rc = commit(vm, img, &p, b, err);
	free(b);
	return rc;
}
