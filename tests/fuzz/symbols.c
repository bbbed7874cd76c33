/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols.c - fuzz target: the input is a symbol file, as it is or behind the beginning of a good one.
 * Rule: it is refused with a sentence and nothing of it stays, or everything in it can be asked for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debugger/session/symbols.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static const char *const starts[] = {
	"", "\177ELF\2\1\1", "- NASM Map file\n-- Symbols --\n---- Section .text --\n 7C00 7C00 start\n",
	"     1                                  \torg 0x7c00\n     2 00000000 B80100                  start:\tmov ax, 1\n",
	"ffffffff81000000 T _text\n", "Linker script and memory map\n                0x0000000000401000                main\n",
};

/* A header and one symbol table and its names, all of whose numbers can be changed. */
static size_t small_elf(u8 *out)
{
	static const u8 header[64] = {
		0x7f, 'E', 'L', 'F', 2, 1, 1, [16] = 2, [18] = 62, [20] = 1, [40] = 64, [52] = 64, [58] = 64, [60] = 3,
	};
	static const u8 symtab[64] = { [4] = 2, [24] = 0, 1, [32] = 48, [40] = 2, [56] = 24 };
	static const u8 strtab[64] = { [4] = 3, [24] = 0x30, 1, [32] = 16 };

	memset(out, 0, 0x150);
	memcpy(out, header, 64);
	memcpy(out + 128, symtab, 64);
	memcpy(out + 192, strtab, 64);
	memcpy(out + 0x100 + 24, "\1\0\0\0\22\0\1\0\0\x10", 10);
	memcpy(out + 0x131, "main", 4);
	return 0x140;
}

static void ask(struct symbols *s, int n)
{
	struct buf out = { 0 };
	u64 address, offset;
	u32 line;
	const char *file, *name;

	if (symbols_count(s) > n)
		abort();
	for (int i = 0; i < 50 && (name = symbols_complete(s, "", i)); i++) {
		if (!symbols_find(s, name, &address))
			abort();
		symbols_at(s, address + 1, &offset);
		symbols_text(s, address, &out);
		symbols_line(s, address, &file, &line);
	}
	buf_free(&out);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 elf[0x150];
	size_t kind = size ? data[0] % (ARRAY_LEN(starts) + 1) : 0, len;
	struct symbols *s = symbols_new();
	struct err err = { 0 };
	char path[40];
	int fd = memfd_create("symbols", 0), n;

	if (!s || fd < 0)
		abort();
	if (kind == ARRAY_LEN(starts)) {
		len = small_elf(elf);
		for (size_t i = 1; i + 1 < size; i += 2)
			elf[data[i] % 0xff] ^= data[i + 1];
		n = write(fd, elf, len) == (ssize_t)len ? 0 : -1;
	} else {
		n = write(fd, starts[kind], strlen(starts[kind])) < 0 || (size && write(fd, data + 1, size - 1) < 0) ? -1 : 0;
	}
	if (n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = symbols_load(s, path, size, &err);
	if (n < 0 ? symbols_count(s) || !err.text[0] : !n)
		abort();
	if (n > 0)
		ask(s, n);
	symbols_free(s);
	close(fd);
	return 0;
}
