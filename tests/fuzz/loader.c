/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader.c - fuzz target: any bytes as an image.
 * Rule: an image is loaded or refused with a sentence; when refused, the guest's memory is as before.
 *
 * The first byte chooses what the rest is made to look like, so that random bytes get past the magic
 * numbers; then come the program headers' worth of choices.
 */
#include <stdlib.h>

#include "core/loader.h"
#include "core/snapshot.h"
#include "tests/fake-engine.h"
#include "tests/ticker.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void put(u8 *file, size_t at, u64 value, size_t bytes)
{
	memcpy(file + at, &value, bytes);
}

/* A bzImage whose setup part is one sector; the sizes are the input's, cut to the file's. */
static void dress_linux(u8 *file, size_t len, u8 how)
{
	put(file, 0x1f1, 1, 1);
	put(file, 0x1f4, how & 8 ? (len - 1024) / 16 : file[0x1f4], 4);
	memcpy(file + 0x202, "HdrS", 4);
	put(file, 0x206, 0x20f, 2);
	file[0x211] |= 1;
	put(file, 0x238, 2047, 4);
	put(file, 0x248, file[0x248], 4);
	put(file, 0x24c, file[0x24c], 4);
	if (file[0x248] + 1024u + 4 <= len)
		put(file, 1024 + file[0x248], 0x587a37fd, 4);
	if (how & 16) {
		put(file, 0x234, 1, 1);
		put(file, 0x230, 0x1000, 4);
		put(file, 0x258, 0x100000, 8);
		put(file, 0x260, 0x10000, 4);
	}
}

/* The 16-bit entry hands out items instead of writing memory. */
static void try_items(struct vm *vm, const struct image *img)
{
	struct linux_items items;
	struct err err = { 0 };

	if (linux_items(vm, img, &items, &err) < 0 && !err.text[0])
		abort();
	linux_items_free(&items);
}

/* Headers with the right magic and, for the most part, sensible values; addresses and sizes are the
 * input's. */
static void dress(u8 *file, size_t len, u8 how)
{
	bool is64 = how & 1;

	if (len < 256)
		return;
	if (how & 2) {
		memcpy(file, "\177ELF\1\1\1", 7);
		file[4] = is64 ? 2 : 1;
		put(file, 16, 2, 2);
		put(file, 18, is64 ? 62 : 3, 2);
		put(file, is64 ? 32 : 28, 64, is64 ? 8 : 4);
		put(file, is64 ? 54 : 42, is64 ? 56 : 32, 2);
		put(file, is64 ? 56 : 44, 1 + (how >> 6), 2);
		put(file, 64, 1, 4);
		if (how & 16) { /* an address in RAM and an entry in it */
			put(file, is64 ? 64 + 16 : 64 + 8, 0x20000, is64 ? 8 : 4);
			put(file, is64 ? 64 + 24 : 64 + 12, 0x20000, is64 ? 8 : 4);
			put(file, 24, 0x20000, is64 ? 8 : 4);
		}
	}
	if (how & 4) {
		u32 flags = how & 8 ? 0x10003 : 3;

		put(file, 192, 0x1badb002, 4);
		put(file, 196, flags, 4);
		put(file, 200, (u32) - (0x1badb002 + flags), 4);
		if (how & 32)
			put(file, 204, 0x200c0, 4), put(file, 208, 0x20000, 4);
	}
	if (how & 128 && len >= 512)
		put(file, 510, 0xaa55, 2);
	if (how & 128 && !(how & 6) && len >= 2048)
		dress_linux(file, len, how);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct image img = { .path = "fuzz", .cmdline = "a b", .nmodules = 1 };
	struct err err = { 0 };
	struct ticker t;
	size_t least = data && data[0] & 128 ? 4096 : data && data[0] & 6 ? 512 : 0, len = size <= least ? least : size - 1;
	struct vm *vm;
	u64 hash;
	u8 *file;

	if (size < 2)
		return 0;
	vm = ticker_machine(&t, &fake_engine, 1, &err);
	file = calloc(1, len); /* of exactly this size, so that reading past it is caught */
	if (!vm || !file)
		abort();
	memcpy(file, data + 1, size - 1);
	dress(file, len, data[0]);
	img.data = img.module[0].data = file;
	img.len = img.module[0].len = len;
	img.module[0].path = "module";
	hash = vm_state_hash(vm);
	if (load_image(vm, &img, &err) < 0 && (!err.text[0] || vm_state_hash(vm) != hash))
		abort();
	try_items(vm, &img);
	free(file);
	vm_destroy(vm);
	return 0;
}
