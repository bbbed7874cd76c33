/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-linux16.c - Linux kernels by the 16-bit boot protocol, with a BIOS (boot.rst, "The Real-Mode Kernel Header").
 * Rule: all that can be decided is decided here, in C; what runs in the guest only copies and jumps.
 *
 * The kernel's real-mode part asks the BIOS about the machine, so it runs after the BIOS has started.  We hand four
 * items over through the firmware configuration device, and an option ROM that the BIOS takes for a boot device:
 * it has the device copy each item to its place (docs/specs/fw_cfg, "DMA Interface"), then enters the real-mode part.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/loader-priv.h"

enum {
	REAL_MODE = 0x10000,     /* the real-mode part and its heap and stack, to 1E000h */
	CMDLINE = 0x20000,
	KERNEL = 0x100000,
	HEAP_END = 0xde00,       /* 512 bytes below the stack, as an offset there */
	FIRMWARE_RAM = 2 << 20,  /* at the top of memory the BIOS keeps tables */
	CAN_USE_HEAP = 0x80, LOADER_UNKNOWN = 0xff,
	ROM_DESCRIPTORS = 0x100, PNP = 0x20, PNP_SIZE = 0x20, PNP_CHECKSUM = PNP + 9, ROM_CHECKSUM = 0x1f,
};

/* Option ROM with a PnP expansion header (Plug and Play BIOS Specification 1.0A, 3.1; BIOS Boot Specification 1.01, 3.3). */
static const u8 rom_code[] = {
	0x55, 0xaa, LINUX_ROM_SIZE / 512,
	0xcb,                                     /* init:  retf */
	[0x1a] = PNP, 0,
	[PNP] = '$', 'P', 'n', 'P', 1, PNP_SIZE / 16,
	[PNP + 0x10] = 0x8d, 0,                   /* its name, for the boot menu */
	[PNP + 0x1a] = 0x40, 0,                   /* bootstrap entry vector */
	[0x40] = 0xfa,                            /* boot:  cli */
	0xfc,                                     /*        cld */
	0x31, 0xc0,                               /*        xor ax, ax */
	0x8e, 0xc0,                               /*        mov es, ax */
	0x0e,                                     /*        push cs */
	0x1f,                                     /*        pop ds */
	0xbe, 0x00, 0x01,                         /*        mov si, 0x100    ; the descriptors, to RAM at 0:7E00 */
	0xbf, 0x00, 0x7e,                         /*        mov di, 0x7e00 */
	0xb9, 0x20, 0x00,                         /*        mov cx, 32 */
	0xf3, 0xa5,                               /*        rep movsw */
	0x8e, 0xd8,                               /*        mov ds, ax */
	0xbe, 0x00, 0x7e,                         /*        mov si, 0x7e00 */
	0x66, 0x31, 0xc0,                         /* next:  xor eax, eax */
	0xba, 0x14, 0x05,                         /*        mov dx, 0x514    ; address of the descriptor: high half */
	0x66, 0xef,                               /*        out dx, eax */
	0x89, 0xf0,                               /*        mov ax, si */
	0x66, 0x0f, 0xc8,                         /*        bswap eax */
	0xb2, 0x18,                               /*        mov dl, 0x18     ; low half, big-endian: go */
	0x66, 0xef,                               /*        out dx, eax */
	0x66, 0x83, 0x3c, 0x00,                   /* wait:  cmp dword [si], 0 */
	0x75, 0xfa,                               /*        jne wait */
	0x83, 0xc6, 0x10,                         /*        add si, 16 */
	0x81, 0xfe, 0x40, 0x7e,                   /*        cmp si, 0x7e40 */
	0x75, 0xe0,                               /*        jne next */
	0xb8, 0x00, 0x10,                         /*        mov ax, 0x1000 */
	0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0,       /*        mov ds, ax;  mov es, ax;  mov fs, ax */
	0x8e, 0xe8, 0x8e, 0xd0,                   /*        mov gs, ax;  mov ss, ax */
	0xbc, 0x00, 0xe0,                         /*        mov sp, 0xe000 */
	0xea, 0x00, 0x00, 0x20, 0x10,             /*        jmp 0x1020:0 */
	'L', 'i', 'n', 'u', 'x', 0,               /* 8Dh */
};
_Static_assert(sizeof(rom_code) <= ROM_DESCRIPTORS, "the code ends before the descriptors");

static u32 big_endian(u32 v) { return __builtin_bswap32(v); }

/* One transfer: select the item, read `len` bytes of it to `address`.  Big-endian, as the interface wants it. */
static void put_descriptor(u8 *rom, int n, u16 key, u64 len, u64 address)
{
	enum { READ = 2, SELECT = 8 };
	const u32 d[] = { big_endian((u32)key << 16 | SELECT | READ), big_endian((u32)len), 0,
			  big_endian((u32)address) };

	memcpy(rom + ROM_DESCRIPTORS + 16 * n, d, sizeof(d));
}

/* The byte that makes the sum of all zero. */
static u8 checksum(const u8 *data, size_t len)
{
	u8 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += data[i];
	return -sum;
}

static void put_rom(struct linux_items *items, u64 initrd)
{
	u8 *rom = items->rom;

	memcpy(rom, rom_code, sizeof(rom_code));
	put_descriptor(rom, 0, FWCFG_KEY_SETUP, items->setup.len, REAL_MODE);
	put_descriptor(rom, 1, FWCFG_KEY_KERNEL, items->kernel_len, KERNEL);
	put_descriptor(rom, 2, FWCFG_KEY_INITRD, items->initrd.len, initrd);
	put_descriptor(rom, 3, FWCFG_KEY_CMDLINE, items->cmdline.len, CMDLINE);
	rom[PNP_CHECKSUM] = checksum(rom + PNP, PNP_SIZE);
	rom[ROM_CHECKSUM] = checksum(rom, LINUX_ROM_SIZE);
}

static void put_number(struct buf *b, u32 at, int bytes, u64 value)
{
	memcpy(b->data + at, &value, (size_t)bytes);
}

/* What a boot loader fills in (boot.rst, "Details of Header Fields"). */
static void patch_header(struct linux_items *items, u64 initrd)
{
	struct buf *s = &items->setup;

	put_number(s, LINUX_TYPE_OF_LOADER, 1, LOADER_UNKNOWN);
	s->data[LINUX_LOADFLAGS] |= CAN_USE_HEAP;
	put_number(s, LINUX_HEAP_END_PTR, 2, HEAP_END);
	put_number(s, LINUX_CMD_LINE_PTR, 4, CMDLINE);
	put_number(s, LINUX_RAMDISK_IMAGE, 4, items->initrd.len ? initrd : 0);
	put_number(s, LINUX_RAMDISK_SIZE, 4, items->initrd.len);
}

static void collect(const struct image *img, u64 kernel_at, struct linux_items *items)
{
	const char *cmdline = img->cmdline ? img->cmdline : "";

	buf_put(&items->setup, img->data, kernel_at);
	buf_put(&items->cmdline, cmdline, strlen(cmdline) + 1);
	for (int i = 0; i < img->nmodules; i++) {
		buf_put_uint(&items->initrd, 0, (int)(-items->initrd.len & 3));
		buf_put(&items->initrd, img->module[i].data, img->module[i].len);
	}
	items->kernel = img->data + kernel_at;
}

int linux_items(struct vm *vm, const struct image *img, struct linux_items *items, struct err *err)
{
	u64 kernel_at, initrd, end = ram_end(&vm->mem, KERNEL);
	int rc;

	*items = (struct linux_items){ 0 };
	rc = linux_parse(img, &kernel_at, &items->kernel_len, err);
	if (rc)
		return rc;
	collect(img, kernel_at, items);
	if (items->setup.failed || items->cmdline.failed || items->initrd.failed)
		return err_set(err, ENOMEM, "%.200s: no memory to load it", img->path);
	if (end < KERNEL + items->kernel_len + items->initrd.len + 2 * FIRMWARE_RAM || kernel_at > HEAP_END)
		return err_set(err, ENOMEM, "%.200s: with its initrd %" PRIu64 " KiB; the machine has %" PRIu64
			       " KiB; give it more with --mem", img->path, (items->kernel_len + items->initrd.len) >> 10,
			       end >> 10);
	initrd = (end - FIRMWARE_RAM - items->initrd.len) & ~(u64)PAGE_MASK_4K;
	patch_header(items, initrd);
	put_rom(items, initrd);
	return 0;
}

void linux_items_free(struct linux_items *items)
{
	buf_free(&items->setup);
	buf_free(&items->initrd);
	buf_free(&items->cmdline);
}
