/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-elf.c - ELF executables (System V ABI, chapters 4 and 5), 32 and 64 bits, at their physical
 * addresses.
 * Rule: a field of the file is read only after the table that holds it was found to lie in the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/loader-priv.h"

enum { ELF_32 = 1, ELF_64 = 2, ELF_LITTLE = 1, ELF_EXEC = 2, ELF_386 = 3, ELF_X86_64 = 62, ELF_LOAD = 1, ELF_NOTE = 4 };

/* clang-format off */
/* The same fields at different places: offset and width in each class. */
struct elf_field { u8 at[2], width[2]; };
static const struct elf_field e_entry = { { 24, 24 }, { 4, 8 } }, e_phoff = { { 28, 32 }, { 4, 8 } },
	e_phentsize = { { 42, 54 }, { 2, 2 } }, e_phnum = { { 44, 56 }, { 2, 2 } };
static const struct elf_field p_type = { { 0, 0 }, { 4, 4 } }, p_offset = { { 4, 8 }, { 4, 8 } },
	p_vaddr = { { 8, 16 }, { 4, 8 } }, p_paddr = { { 12, 24 }, { 4, 8 } }, 
	p_filesz = { { 16, 32 }, { 4, 8 } }, p_memsz = { { 20, 40 }, { 4, 8 } };
static const u8 header_size[2] = { 52, 64 }, entry_size[2] = { 32, 56 };
/* clang-format on */

static u64 get(const struct image *img, u64 base, const struct elf_field *f, int class)
{
	return image_number(img, base + f->at[class], f->width[class]);
}

/* Identification, type and machine; class is 0 for 32 bits, 1 for 64. */
static int check_header(const struct image *img, int *class, struct err *err)
{
	u64 type, machine;

	if (img->len < 16 || memcmp(img->data, "\177ELF", 4))
		return err_set(err, EINVAL, "%.200s: not an ELF file", img->path);
	if (img->data[4] != ELF_32 && img->data[4] != ELF_64)
		return err_set(err, EINVAL, "%.200s: ELF class %u; expected 1 (32 bits) or 2 (64)", img->path,
			       img->data[4]);
	*class = img->data[4] == ELF_64;
	if (img->len < header_size[*class])
		return err_set(err, EINVAL, "%.200s: ends in its ELF header", img->path);
	if (img->data[5] != ELF_LITTLE)
		return err_set(err, EINVAL, "%.200s: a big-endian ELF file; expected one for x86", img->path);
	type = image_number(img, 16, 2);
	machine = image_number(img, 18, 2);
	if (machine != (*class ? ELF_X86_64 : ELF_386))
		return err_set(err, EINVAL, "%.200s: for machine %" PRIu64 "; expected %d (%s)", img->path,
			       machine, *class ? ELF_X86_64 : ELF_386, *class ? "x86-64" : "80386");
	if (type != ELF_EXEC)
		return err_set(err, EINVAL,
			       "%.200s: ELF type %" PRIu64
			       "; expected 2, an executable linked to fixed addresses",
			       img->path, type);
	return 0;
}

/* Programs linked high and loaded low give their entry as a virtual address: find the physical one. */
static bool translate(u64 vaddr, u64 paddr, u64 size, u64 entry, u64 *out)
{
	if (entry >= vaddr && entry - vaddr < size)
		*out = entry - vaddr + paddr;
	else if (entry >= paddr && entry - paddr < size)
		*out = entry;
	else
		return false;
	return true;
}

static int add_segment(const struct image *img, struct program *p, u64 at, int class, struct err *err)
{
	if (p->nsegments == PROGRAM_SEGMENTS)
		return err_set(err, EINVAL, "%.200s: more than %d segments to load", img->path,
			       PROGRAM_SEGMENTS);
	p->segment[p->nsegments++] = (struct segment){
		.gpa = get(img, at, &p_paddr, class),
		.mem_size = get(img, at, &p_memsz, class),
		.file_size = get(img, at, &p_filesz, class),
		.offset = get(img, at, &p_offset, class),
	};
	return 0;
}

static void find_pvh(const struct image *img, struct program *p, u64 at, int class)
{
	u64 offset = get(img, at, &p_offset, class), size = get(img, at, &p_filesz, class);

	if (offset <= img->len && size <= img->len - offset && !p->pvh_entry)
		p->pvh_entry = pvh_entry(img, offset, size);
}

int elf_parse(const struct image *img, struct program *p, struct err *err)
{
	u64 table, entry, n;
	bool found = false;
	int class = 0, rc;

	*p = (struct program){ 0 };
	rc = check_header(img, &class, err);
	if (rc)
		return rc;
	p->is_64 = class;
	table = get(img, 0, &e_phoff, class);
	n = get(img, 0, &e_phnum, class);
	entry = get(img, 0, &e_entry, class);
	if (get(img, 0, &e_phentsize, class) != entry_size[class])
		return err_set(err, EINVAL, "%.200s: program headers of %" PRIu64 " bytes; expected %u",
			       img->path, get(img, 0, &e_phentsize, class), entry_size[class]);
	if (table > img->len || n * entry_size[class] > img->len - table)
		return err_set(err, EINVAL,
			       "%.200s: %" PRIu64 " program headers at offset 0x%" PRIx64
			       " leave the file of 0x%" PRIx64 " bytes",
			       img->path, n, table, img->len);
	for (u64 at = table; n && !rc; n--, at += entry_size[class]) {
		u64 size = get(img, at, &p_memsz, class);

		if (get(img, at, &p_type, class) == ELF_NOTE)
			find_pvh(img, p, at, class);
		if (get(img, at, &p_type, class) != ELF_LOAD || !size)
			continue;
		rc = add_segment(img, p, at, class, err);
		if (!found)
			found = translate(get(img, at, &p_vaddr, class), get(img, at, &p_paddr, class), size,
					  entry, &p->entry);
	}
	if (!rc && !p->nsegments)
		return err_set(err, EINVAL, "%.200s: has nothing to load", img->path);
	if (!rc && !found)
		return err_set(err, EINVAL, "%.200s: its entry 0x%" PRIx64 " lies in none of its segments",
			       img->path, entry);
	return rc;
}

int load_elf(struct vm *vm, const struct image *img, struct err *err)
{
	static const struct area areas[] = {
		{ "GDT", LOAD_GDT, LOAD_GDT_END },
		{ "first stack", LOAD_STACK, LOAD_STACK_END },
		{ "page tables", LOAD_TABLES, LOAD_TABLES_END }, /* only for 64 bits */
	};
	struct x86_state s;
	struct program p;
	int rc = elf_parse(img, &p, err);

	if (!rc && p.pvh_entry)
		return load_pvh(vm, img, &p, err);
	if (!rc && p.is_64 && !cpu_has(vm->cpu, FEAT_LM))
		rc = err_set(err, EINVAL, "%.200s: a 64-bit program; --cpu %s has no 64-bit mode", img->path,
			     vm->cpu->name);
	if (!rc)
		rc = program_check(vm, img, &p, areas, p.is_64 ? 3 : 2, err);
	if (rc)
		return rc;
	program_write(vm, img, &p);
	state_flat32(vm, &s, p.entry);
	if (p.is_64)
		state_long(vm, &s);
	return state_start(vm, &s, err);
}
