/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols-elf.c - the symbol table of an ELF file (System V gABI 4.1, chapter 4; 32 and 64 bits).
 * Rule: every offset is checked against the file before anything behind it is read.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "debugger/session/symbols-priv.h"

struct elf_file {
	const char *path;
	const u8 *data;
	u64 len;
	bool wide; /* 64 bits */
	u64 sections;
	u32 nsections, section_size;
};

struct section {
	u32 type, link;
	u64 offset, size, entry;
};

static int bad(const struct elf_file *f, u64 at, const char *what, struct err *err)
{
	return err_set(err, EINVAL, "symbols %.160s: at offset 0x%llx: %s", f->path, (unsigned long long)at, what);
}

static bool inside(const struct elf_file *f, u64 at, u64 size)
{
	return at <= f->len && size <= f->len - at;
}

static int read_header(struct elf_file *f, struct err *err)
{
	Elf64_Ehdr w = { 0 };
	Elf32_Ehdr n = { 0 };
	u16 machine;

	if (!inside(f, 0, sizeof(n)))
		return bad(f, 0, "the ELF header is cut off", err);
	f->wide = f->data[EI_CLASS] == ELFCLASS64;
	if (f->data[EI_DATA] != ELFDATA2LSB || (!f->wide && f->data[EI_CLASS] != ELFCLASS32))
		return bad(f, EI_CLASS, "expected little-endian ELF of 32 or 64 bits", err);
	if (f->wide && !inside(f, 0, sizeof(w)))
		return bad(f, 0, "the ELF header is cut off", err);
	memcpy(&n, f->data, sizeof(n));
	if (f->wide)
		memcpy(&w, f->data, sizeof(w));
	machine = f->wide ? w.e_machine : n.e_machine;
	f->sections = f->wide ? w.e_shoff : n.e_shoff;
	f->nsections = f->wide ? w.e_shnum : n.e_shnum;
	f->section_size = f->wide ? w.e_shentsize : n.e_shentsize;
	if (machine != EM_386 && machine != EM_X86_64 && machine != EM_IAMCU)
		return bad(f, 18, "is for another kind of processor; expected x86", err);
	if (!f->sections || f->section_size != (f->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)))
		return bad(f, 0, "there are no sections, so no symbols", err);
	if (!inside(f, f->sections, f->section_size))
		return bad(f, f->sections, "the section headers lie outside of the file", err);
	return 0;
}

static struct section section_at(const struct elf_file *f, u32 i)
{
	const u8 *at = f->data + f->sections + (u64)i * f->section_size;
	Elf64_Shdr w;
	Elf32_Shdr n;

	if (f->wide) {
		memcpy(&w, at, sizeof(w));
		return (struct section){ w.sh_type, w.sh_link, w.sh_offset, w.sh_size, w.sh_entsize };
	}
	memcpy(&n, at, sizeof(n));
	return (struct section){ n.sh_type, n.sh_link, n.sh_offset, n.sh_size, n.sh_entsize };
}

static Elf64_Sym symbol_at(const struct elf_file *f, u64 at)
{
	Elf64_Sym w;
	Elf32_Sym n;

	if (f->wide) {
		memcpy(&w, f->data + at, sizeof(w));
		return w;
	}
	memcpy(&n, f->data + at, sizeof(n));
	return (Elf64_Sym){ .st_name = n.st_name, .st_info = n.st_info, .st_shndx = n.st_shndx, .st_value = n.st_value,
			    .st_size = n.st_size };
}

static void add(struct batch *b, const Elf64_Sym *sym, const char *name, size_t len)
{
	int type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);
	enum symbol_rank rank = sym->st_shndx == SHN_ABS ? RANK_CONSTANT : bind == STB_LOCAL ? RANK_LOCAL : RANK_GLOBAL;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_COMMON || type == STT_FILE || type == STT_SECTION ||
	    type == STT_TLS)
		return;
	if (rank != RANK_CONSTANT && (type == STT_FUNC || type == STT_OBJECT))
		rank = bind == STB_LOCAL ? RANK_GLOBAL : RANK_FUNCTION;
	batch_symbol(b, sym->st_value, sym->st_size, rank, name, len);
}

static int read_table(struct batch *b, const struct elf_file *f, const struct section *table, struct err *err)
{
	u64 size = f->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct section names;

	if (table->link >= f->nsections)
		return bad(f, table->offset, "the symbol table has no section of names", err);
	names = section_at(f, table->link);
	if (table->entry != size || !inside(f, table->offset, table->size))
		return bad(f, table->offset, "the symbol table lies outside of the file", err);
	if (names.type != SHT_STRTAB || !inside(f, names.offset, names.size))
		return bad(f, names.offset, "the symbols' names lie outside of the file", err);
	for (u64 i = 0; i < table->size / size && !b->failed; i++) {
		Elf64_Sym sym = symbol_at(f, table->offset + i * size);
		const char *name = (const char *)f->data + names.offset + sym.st_name;

		if (sym.st_name >= names.size)
			return bad(f, table->offset + i * size, "a symbol's name lies outside of its section", err);
		add(b, &sym, name, strnlen(name, names.size - sym.st_name));
	}
	return 0;
}

int symbols_read_elf(struct batch *b, const char *path, const u8 *data, u64 len, struct err *err)
{
	struct elf_file f = { .path = path, .data = data, .len = len };
	static const u32 kinds[] = { SHT_SYMTAB, SHT_DYNSYM };
	int rc = read_header(&f, err);

	if (rc)
		return rc;
	if (!f.nsections) /* 0xff00 sections and more: the number is in the first (gABI, e_shnum) */
		f.nsections = (u32)section_at(&f, 0).size;
	if (!inside(&f, f.sections, (u64)f.nsections * f.section_size))
		return bad(&f, f.sections, "the section headers lie outside of the file", err);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (u32 i = 0; i < f.nsections; i++) {
			struct section s = section_at(&f, i);
			if (s.type == kinds[k])
				return read_table(b, &f, &s, err);
		}
	return err_set(err, EINVAL, "symbols %.160s: the file has no symbol table: it was stripped", path);
}
