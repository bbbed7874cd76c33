/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-linux.c - Linux kernels in bzImage form (Linux, Documentation/arch/x86/boot.rst and zero-page.rst).
 * Rule: the header is believed only as far as the file's own size and the machine's memory bear it out.
 *
 * The file is a real-mode part, whose first two sectors hold the setup header, and the kernel proper.  We do what
 * the real-mode part would: put the kernel, the initial RAM disks and the command line into memory, describe them
 * and the machine in the "zero page", and enter the kernel in 32-bit or 64-bit mode.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/loader-priv.h"

/* Offsets in the file and, the same, in the zero page: the setup header (boot.rst, "The Real-Mode Kernel Header") */
enum {
	SETUP_SECTS = 0x1f1, SYSSIZE = 0x1f4, VID_MODE = 0x1fa, BOOT_FLAG = 0x1fe, JUMP_END = 0x201, MAGIC = 0x202,
	VERSION = 0x206, INITRD_ADDR_MAX = 0x22c,
	XLOADFLAGS = 0x236, CMDLINE_SIZE = 0x238, PAYLOAD_OFFSET = 0x248, PAYLOAD_LENGTH = 0x24c,
	PREF_ADDRESS = 0x258, INIT_SIZE = 0x260, HEADER = 0x1f1, HEADER_MAX = 0x290,
};
/* Other offsets in the zero page (zero-page.rst), and of the text screen in its screen_info */
enum {
	SCREEN_MODE = 0x06, SCREEN_COLS = 0x07, SCREEN_EGA_BX = 0x0a, SCREEN_LINES = 0x0e, SCREEN_IS_VGA = 0x0f,
	SCREEN_POINTS = 0x10, ACPI_RSDP_ADDR = 0x070, E820_ENTRIES = 0x1e8, E820_TABLE = 0x2d0, E820_MAX = 128,
	ZERO_PAGE = 4096,
};
enum {
	OLDEST = 0x20a,           /* protocol 2.10: Linux 2.6.31 and later have preferred address and init size */
	LOADED_HIGH = 1,          /* loadflags */
	KERNEL_64 = 1, ABOVE_4G = 2, /* xloadflags */
	NO_LOADER_ID = 0xff,
	ENTRY_64 = 0x200,         /* bytes into the kernel */
	SECTOR = 512, MIB = 1 << 20,
};
/* In low memory, below where the kernel will look for firmware's data. */
enum { AT_ZERO_PAGE = LOAD_INFO, AT_CMDLINE = AT_ZERO_PAGE + ZERO_PAGE, CMDLINE_ROOM = LOAD_INFO_END - AT_CMDLINE };
enum { BOOT_CS = 0x10, BOOT_DS = 0x18 };

struct kernel {
	const struct image *img;
	u64 at;         /* offset of the kernel proper in the file */
	u64 size;       /* bytes of it */
	u64 load;       /* where it goes */
	u64 room;       /* bytes from there that it needs before it knows the memory map */
	u64 initrd, initrd_size;
	bool enter_64;
};

static u64 header(const struct image *img, u32 at, int bytes) { return image_number(img, at, bytes); }

/* ---- the file ---- */

static int check_header(const struct image *img, struct err *err)
{
	u64 version;

	if (img->len < HEADER_MAX || header(img, BOOT_FLAG, 2) != 0xaa55 || memcmp(img->data + MAGIC, "HdrS", 4))
		return err_set(err, EINVAL, "%.200s: no Linux kernel (bzImage): the setup header is missing", img->path);
	version = header(img, VERSION, 2);
	if (version < OLDEST)
		return err_set(err, ENOTSUP, "%.200s: a Linux kernel of boot protocol %" PRIu64 ".%02" PRIu64
			       "; expected 2.10 or later (Linux 2.6.31)", img->path, version >> 8, version & 0xff);
	if (!(header(img, LINUX_LOADFLAGS, 1) & LOADED_HIGH))
		return err_set(err, ENOTSUP, "%.200s: a zImage, made to be loaded low; expected a bzImage", img->path);
	return 0;
}

/* The compressed kernel must begin as one of the formats that kernels use: the rest its own checksum covers. */
static bool known_payload(const u8 *p)
{
	static const struct { u8 n, magic[4]; } known[] = {
		{ 2, { 0x1f, 0x8b } }, { 4, { 0xfd, '7', 'z', 'X' } }, { 4, { 0x28, 0xb5, 0x2f, 0xfd } },
		{ 4, { 0x02, 0x21, 0x4c, 0x18 } }, { 3, { 'B', 'Z', 'h' } }, { 3, { 0x5d, 0, 0 } },
		{ 4, { 0x89, 'L', 'Z', 'O' } }, { 4, { 0x7f, 'E', 'L', 'F' } },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (!memcmp(p, known[i].magic, known[i].n))
			return true;
	return false;
}

static int parse(const struct image *img, struct kernel *k, struct err *err)
{
	u64 sectors, payload, length;
	int rc = check_header(img, err);

	if (rc)
		return rc;
	sectors = header(img, SETUP_SECTS, 1);
	*k = (struct kernel){ .img = img, .at = ((sectors ? sectors : 4) + 1) * SECTOR };
	k->size = header(img, SYSSIZE, 4) * 16;
	if (k->at < img->len && k->size > img->len - k->at && k->size - 16 < img->len - k->at)
		k->size = img->len - k->at; /* the last paragraph need not be full, and is not in memtest86+ */
	if (k->at >= img->len || k->size < ENTRY_64 + 16 || k->size > img->len - k->at)
		return err_set(err, EINVAL, "%.200s: cut short: its header speaks of %" PRIu64 " bytes, it has %" PRIu64,
			       img->path, k->at + k->size, img->len);
	payload = header(img, PAYLOAD_OFFSET, 4);
	length = header(img, PAYLOAD_LENGTH, 4);
	if (!length)
		return 0; /* the protocol's other users (memtest86+) are no compressed kernels */
	if (length < 8 || payload > k->size || length > k->size - payload || !known_payload(img->data + k->at + payload))
		return err_set(err, EINVAL, "%.200s: corrupt: no compressed kernel where its header says (offset 0x%" PRIx64
			       ", %" PRIu64 " bytes)", img->path, k->at + payload, length);
	return 0;
}

/* What a kernel takes for an initial RAM disk: an archive (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst), packed or not, or the image of a file system. */
static bool known_initrd(const u8 *p, u64 len)
{
	static const struct { u16 at; const char *magic; } known[] = {
		{ 0, "070701" }, { 0, "070702" }, { 0, "\x1f\x8b" }, { 0, "\xfd" "7zXZ" }, { 0, "\x28\xb5\x2f\xfd" },
		{ 0, "\x02\x21\x4c\x18" }, { 0, "BZh" }, { 0, "\x89LZO" }, { 0, "\x5d" }, { 0, "hsqs" },
		{ 0, "-rom1fs-" }, { 0x438, "\x53\xef" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i].magic);

		if (known[i].at + n <= len && !memcmp(p + known[i].at, known[i].magic, n))
			return true;
	}
	return false;
}

static int check_initrds(const struct image *img, struct err *err)
{
	for (int i = 0; i < img->nmodules; i++)
		if (!known_initrd(img->module[i].data, img->module[i].len))
			return err_set(err, EINVAL, "initrd %.200s: not one that Linux unpacks; expected a cpio archive, plain or "
				       "packed by gzip, xz, zstd, lz4, lzo, bzip2 or lzma, or a file system", img->module[i].path);
	return 0;
}

static int check_cmdline(const struct image *img, struct err *err)
{
	u64 most = header(img, CMDLINE_SIZE, 4), len = strlen(img->cmdline ? img->cmdline : "");

	if (most >= CMDLINE_ROOM)
		most = CMDLINE_ROOM - 1;
	if (len > most)
		return err_set(err, E2BIG, "%.200s: a command line of %" PRIu64 " bytes; this kernel takes at most %" PRIu64,
			       img->path, len, most);
	return 0;
}

int linux_parse(const struct image *img, u64 *kernel_at, u64 *kernel_len, struct err *err)
{
	struct kernel k;
	int rc = parse(img, &k, err);

	if (!rc)
		rc = check_cmdline(img, err);
	if (!rc)
		rc = check_initrds(img, err);
	*kernel_at = rc ? 0 : k.at;
	*kernel_len = rc ? 0 : k.size;
	return rc;
}

/* ---- places ---- */

/* At the address it prefers: one that could be loaded lower would move itself up there before anything else. */
static int place_kernel(const struct vm *vm, struct kernel *k, struct err *err)
{
	u64 end;

	k->load = header(k->img, PREF_ADDRESS, 8);
	k->room = header(k->img, INIT_SIZE, 4);
	if (k->room < k->size)
		k->room = k->size;
	end = ram_end(&vm->mem, k->load);
	if (k->load < MIB || k->load > UINT32_MAX || end - k->load < k->room)
		return err_set(err, ENOMEM, "%.200s: needs %" PRIu64 " MiB of memory from 0x%" PRIx64 " on; the machine has %"
			       PRIu64 " MiB there; give it more with --mem", k->img->path, (k->room + MIB - 1) / MIB, k->load,
			       (end - k->load) / MIB);
	return 0;
}

/* All modules in a row, each at a multiple of 4 (initramfs buffer format): as high as the kernel can see. */
static int place_initrd(const struct vm *vm, struct kernel *k, struct err *err)
{
	u64 top = header(k->img, INITRD_ADDR_MAX, 4), end = ram_end(&vm->mem, k->load), lowest = k->load + k->room;

	for (int i = 0; i < k->img->nmodules; i++) {
		k->initrd_size = (k->initrd_size + 3) & ~3ull;
		k->initrd_size += k->img->module[i].len;
	}
	if (!k->initrd_size)
		return 0;
	if (top < end - 1)
		end = top + 1;
	if (end < lowest || end - lowest < k->initrd_size + PAGE_SIZE_4K)
		return err_set(err, ENOMEM, "initrd %.200s: %" PRIu64 " KiB; beside the kernel the machine has %" PRIu64
			       " KiB left; give it more with --mem", k->img->module[0].path, k->initrd_size >> 10,
			       end < lowest ? 0 : (end - lowest) >> 10);
	k->initrd = (end - k->initrd_size) & ~(u64)PAGE_MASK_4K;
	return 0;
}

/* ---- the zero page ---- */

static void put(u8 *page, u32 at, int bytes, u64 value)
{
	memcpy(page + at, &value, (size_t)bytes);
}

/* 80 x 25 text on a VGA, as a BIOS leaves it. */
static void put_screen(u8 *page)
{
	put(page, SCREEN_MODE, 1, 3);
	put(page, SCREEN_COLS, 1, 80);
	put(page, SCREEN_EGA_BX, 2, 3);
	put(page, SCREEN_LINES, 1, 25);
	put(page, SCREEN_IS_VGA, 1, 1);
	put(page, SCREEN_POINTS, 2, 16);
}

static void put_memory_map(const struct vm *vm, u8 *page)
{
	struct map_entry map[MAP_ENTRIES];
	u32 n = memory_map(&vm->mem, map);

	if (n > E820_MAX)
		n = E820_MAX;
	put(page, E820_ENTRIES, 1, n);
	memcpy(page + E820_TABLE, map, n * sizeof(map[0]));
}

static void put_zero_page(struct vm *vm, const struct kernel *k)
{
	u64 end = JUMP_END + 1 + header(k->img, JUMP_END, 1); /* of the setup header, as the jump over it says */
	u8 page[ZERO_PAGE] = { 0 };

	memcpy(page + HEADER, k->img->data + HEADER, (end < HEADER_MAX ? end : HEADER_MAX) - HEADER);
	put_screen(page);
	put_memory_map(vm, page);
	put(page, LINUX_TYPE_OF_LOADER, 1, NO_LOADER_ID);
	put(page, VID_MODE, 2, 0xffff); /* "normal" */
	put(page, LINUX_CMD_LINE_PTR, 4, AT_CMDLINE);
	put(page, LINUX_RAMDISK_IMAGE, 4, k->initrd);
	put(page, LINUX_RAMDISK_SIZE, 4, k->initrd_size);
	put(page, ACPI_RSDP_ADDR, 8, k->img->acpi_rsdp);
	mem_poke(&vm->mem, AT_ZERO_PAGE, page, sizeof(page));
}

/* ---- all of it ---- */

static void write_all(struct vm *vm, const struct kernel *k)
{
	const struct image *img = k->img;
	const char *cmdline = img->cmdline ? img->cmdline : "";
	u64 at = k->initrd;

	mem_poke(&vm->mem, k->load, img->data + k->at, k->size);
	for (int i = 0; i < img->nmodules; i++) {
		mem_poke(&vm->mem, at, img->module[i].data, img->module[i].len);
		at = (at + img->module[i].len + 3) & ~3ull;
	}
	mem_poke(&vm->mem, AT_CMDLINE, cmdline, strlen(cmdline) + 1);
	put_zero_page(vm, k);
}

/* boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol": selectors 10h and 18h, RSI = zero page. */
static int enter(struct vm *vm, const struct kernel *k, struct err *err)
{
	static const u64 code32 = 0x00cf9b000000ffff, code64 = 0x00af9b000000ffff, data = 0x00cf93000000ffff;
	struct x86_state s;

	state_flat32(vm, &s, k->load + (k->enter_64 ? ENTRY_64 : 0));
	if (k->enter_64)
		state_long(vm, &s);
	mem_poke(&vm->mem, LOAD_GDT + BOOT_CS, k->enter_64 ? &code64 : &code32, sizeof(code64));
	mem_poke(&vm->mem, LOAD_GDT + BOOT_DS, &data, sizeof(data));
	for (int seg = SEG_ES; seg <= SEG_GS; seg++)
		s.seg_sel[seg] = seg == SEG_CS ? BOOT_CS : BOOT_DS;
	s.gpr[RSI] = AT_ZERO_PAGE;
	return state_start(vm, &s, err);
}

int load_linux(struct vm *vm, const struct image *img, enum linux_entry entry, struct err *err)
{
	struct kernel k;
	bool has_64;
	int rc = parse(img, &k, err);

	if (!rc)
		rc = place_kernel(vm, &k, err);
	if (!rc)
		rc = check_initrds(img, err);
	if (!rc)
		rc = place_initrd(vm, &k, err);
	if (!rc)
		rc = check_cmdline(img, err);
	if (rc)
		return rc;
	has_64 = header(img, XLOADFLAGS, 2) & KERNEL_64;
	if (entry == LINUX_64 && !has_64)
		return err_set(err, EINVAL, "%.200s: a 32-bit kernel; it has no 64-bit entry", img->path);
	if (has_64 && !cpu_has(vm->cpu, FEAT_LM))
		return err_set(err, EINVAL, "%.200s: a 64-bit kernel; --cpu %s has no 64-bit mode", img->path, vm->cpu->name);
	k.enter_64 = has_64 && entry != LINUX_32;
	write_all(vm, &k);
	return enter(vm, &k, err);
}
