/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols.c - symbols from files, compared with what nm and nasm say of the same.
 * Rule: the oracle is the tool that made the file, never our own reading of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/session/symbols.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/vitrine-symbols-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[100];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static bool has(const char *tool)
{
	char command[80];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", tool);
	if (!system(command))
		return true;
	printf("SKIPPED: %s is not installed\n", tool);
	return false;
}

static void run(const char *fmt)
{
	char command[600];

	snprintf(command, sizeof(command), "cd %s && %s", folder, fmt);
	ck_assert_int_eq(system(command), 0);
}

/* Every function that nm names in the file must be found, by name and by address. */
static int compare_with_nm(struct symbols *s, const char *command)
{
	FILE *nm = popen(command, "r");
	char line[5000], name[4500], type;
	unsigned long long address;
	int n = 0, seen;

	ck_assert_ptr_nonnull(nm);
	while (fgets(line, sizeof(line), nm)) {
		struct buf text = { 0 };
		u64 found = 0;

		if (sscanf(line, "%llx %c %4499s", &address, &type, name) != 3 || type != 'T')
			continue;
		ck_assert_msg(symbols_find(s, name, &found), "%s is not found", name);
		ck_assert_msg(found == address, "%s: 0x%llx, nm says 0x%llx", name, (unsigned long long)found, address);
		ck_assert(symbols_text(s, address, &text));
		ck_assert_ptr_null(strchr(buf_text(&text), '+'));
		buf_free(&text);
		n++;
	}
	seen = pclose(nm);
	ck_assert_int_eq(seen, 0);
	return n;
}

START_TEST(elf_as_nm_says)
{
	struct symbols *s = symbols_new();
	struct err err = { 0 };
	char self[300], command[400];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ck_assert_int_gt(len, 0);
	self[len] = 0;
	if (has("nm")) {
		ck_assert_msg(symbols_load(s, self, 0, &err) > 100, "%s", err.text);
		snprintf(command, sizeof(command), "nm %s", self);
		ck_assert_int_gt(compare_with_nm(s, command), 100);
	}
	symbols_free(s);
}
END_TEST

START_TEST(elf_of_32_bits_and_an_offset)
{
	struct symbols *s = symbols_new();
	struct err err = { 0 };
	u64 address = 0;

	put("a.asm", "global _start\nsection .text\n_start: nop\nnop\nother: ret\n");
	if (has("nasm") && has("ld")) {
		run("nasm -f elf32 -o a.o a.asm && ld -m elf_i386 -Ttext 0x8000 -o a.elf a.o && nm a.elf >a.nm");
		ck_assert_msg(symbols_load(s, path_of("a.elf"), 0x100000, &err) >= 2, "%s", err.text);
		ck_assert(symbols_find(s, "other", &address));
		ck_assert_uint_eq(address, 0x108002);
		ck_assert_str_eq(symbols_at(s, 0x108001, &address), "_start");
		ck_assert_uint_eq(address, 1);
		run("strip a.elf");
		ck_assert_int_eq(symbols_load(s, path_of("a.elf"), 0, &err), -EINVAL);
		ck_assert_ptr_nonnull(strstr(err.text, "stripped"));
	}
	symbols_free(s);
}
END_TEST

START_TEST(system_map)
{
	struct symbols *s = symbols_new();
	struct err err = { 0 };
	u64 at = 0;

	put("System.map", "0000000000000000 A fixed_percpu_data\nffffffff81000000 T startup_64\nffffffff81000000 t _stext\n"
	    "ffffffff81000040 t verify\n                 U nowhere\nffffffff81000100 T kfree [slab]\n");
	ck_assert_int_eq(symbols_load(s, path_of("System.map"), 0, &err), 5);
	ck_assert_str_eq(symbols_at(s, 0xffffffff81000000, &at), "startup_64");
	ck_assert_str_eq(symbols_at(s, 0xffffffff81000116, &at), "kfree");
	ck_assert_uint_eq(at, 0x16);
	ck_assert_ptr_null(symbols_at(s, 0xffffffff80ffffff, &at));
	ck_assert_ptr_null(symbols_at(s, 0xffffffff81000100 + (1 << 20), &at));
	ck_assert_ptr_null(symbols_at(s, 4, &at)); /* a constant is no place */
	ck_assert(symbols_find(s, "fixed_percpu_data", &at));
	ck_assert_str_eq(symbols_complete(s, "", 0), "_stext");
	ck_assert_str_eq(symbols_complete(s, "k", 0), "kfree");
	ck_assert_ptr_null(symbols_complete(s, "k", 1));
	symbols_free(s);
}
END_TEST

static const char source[] =
	"\tbits 16\n\torg 0x7c00\n%macro put 1\n\tmov al, %1\n\tint 0x10\n%endmacro\nstart:\tmov ax, 1\n\tput 'a'\n.loop:\n"
	"\tjmp .loop\nmsg:\tdb \"hello, this is a long text of more than one line\", 0\n\ttimes 3 dw 0x1234\nlast:\tret\n"
	"[map all x.map]\ncount equ 5\nsection .data\nfoo:\tdw 1\n";

START_TEST(nasm_listing_and_map_agree)
{
	struct symbols *map = symbols_new(), *listing = symbols_new();
	static const char *const labels[] = { "start", "start.loop", "msg", "last" };
	struct err err = { 0 };
	const char *file = NULL;
	u32 line = 0;
	u64 a = 0, b = 1;

	put("x.asm", source);
	if (has("nasm")) {
		run("nasm -f bin -o x.bin -l x.lst x.asm");
		ck_assert_msg(symbols_load(map, path_of("x.map"), 0, &err) == 6, "%s", err.text);
		ck_assert_msg(symbols_load(listing, path_of("x.lst"), 0, &err) > 4, "%s", err.text);
		for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
			ck_assert_msg(symbols_find(map, labels[i], &a), "%s", labels[i]);
			ck_assert_msg(symbols_find(listing, labels[i], &b), "%s", labels[i]);
			ck_assert_uint_eq(a, b);
		}
		ck_assert(symbols_find(map, "count", &a) && a == 5);
		ck_assert_ptr_null(symbols_at(map, 6, &a));
		ck_assert_str_eq(symbols_line(listing, 0x7c07, &file, &line), "jmp .loop");
		ck_assert_uint_eq(line, 10);
		ck_assert_str_eq(file, path_of("x.lst"));
		ck_assert_uint_eq((symbols_find(map, "last", &a), symbols_line(listing, a - 1, &file, &line), line), 12);
		ck_assert_uint_eq((symbols_line(listing, 0x7c20, &file, &line), line), 11); /* in the middle of the text */
		ck_assert_ptr_null(symbols_line(listing, a + 1, &file, &line));
		ck_assert_ptr_null(symbols_line(listing, 0x7bff, &file, &line));
	}
	symbols_free(map);
	symbols_free(listing);
}
END_TEST

START_TEST(ld_map)
{
	struct symbols *s = symbols_new();
	struct err err = { 0 };
	u64 a = 0;

	put("b.asm", "global _start\nglobal other\nsection .text\n_start: nop\nnop\nother: ret\n");
	if (has("nasm") && has("ld")) {
		run("nasm -f elf64 -o b.o b.asm && ld -Ttext 0x401000 -Map b.map -o b.elf b.o");
		ck_assert_msg(symbols_load(s, path_of("b.map"), 0, &err) >= 2, "%s", err.text);
		ck_assert(symbols_find(s, "other", &a));
		ck_assert_uint_eq(a, 0x401002);
	}
	symbols_free(s);
}
END_TEST

START_TEST(what_is_wrong_is_refused_and_leaves_nothing)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "hello\n", "not recognised" },
		{ "ffffffff81000000 T a\nffffffff8100000g T b\n", ":2: expected ADDRESS TYPE NAME" },
		{ "ffffffff81000000 T\n", "not recognised" },
		{ "ffffffff81000000 T a\n11111111111111111 T b\n", ":2:" },
		{ "\177ELF", "cut off" },
		{ "\177ELF\2\2\1 and this is big-endian, and long enough to hold a whole header of 64 bits ......", "little-endian" },
		{ "     1                                  \torg 7\n  x\n", ":2: expected a line of a NASM listing" },
		{ "\n- NASM Map file ---\n-- Symbols -----\n---- Section .text ---\n 7C00 7C00\n", ":5: expected an address and a name" },
	};
	struct symbols *s = symbols_new();
	u64 a = 0;

	put("good", "1000 T good\n");
	ck_assert_int_eq(symbols_load(s, path_of("good"), 0, NULL), 1);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		put("bad", bad[i].text);
		ck_assert_int_lt(symbols_load(s, path_of("bad"), 0, &err), 0);
		ck_assert_msg(strstr(err.text, bad[i].says) != NULL, "%s", err.text);
		ck_assert_int_eq(symbols_count(s), 1);
	}
	ck_assert_int_lt(symbols_load(s, path_of("absent"), 0, NULL), 0);
	ck_assert(symbols_find(s, "good", &a) && a == 0x1000);
	symbols_free(s);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		elf_as_nm_says,
		elf_of_32_bits_and_an_offset,
		system_map,
		nasm_listing_and_map_agree,
		ld_map,
		what_is_wrong_is_refused_and_leaves_nothing,
	};
	int rc;
	char command[100];

	if (!mkdtemp(folder))
		return 2;
	rc = unit_run("symbols", tests, ARRAY_LEN(tests));
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command) ? 2 : rc;
}
