/* SPDX-License-Identifier: GPL-3.0-or-later
 * loader-priv.h - what the image formats share; only core/loader*.c includes it.
 * Rule: a format turns the file into a struct program, by looking only; program_check says whether the
 * machine can take it; only then program_write and the state of the vCPU.
 */
#ifndef VITRINE_CORE_LOADER_PRIV_H
#define VITRINE_CORE_LOADER_PRIV_H

#include "core/loader.h"
#include "core/vm.h"

/* Where the loader itself puts things, below the usual places of programs. */
enum {
	LOAD_GDT = 0x500,        /* for programs that reload their segments: 8 code, 10h data, 18h code 32 */
	LOAD_GDT_END = 0x520,
	LOAD_TABLES = 0x1000,    /* page tables for 64-bit programs: PML4, PDPT, four page directories */
	LOAD_TABLES_END = 0x7000,
	LOAD_INFO = 0x10000,     /* multiboot information */
	LOAD_INFO_END = 0x18000,
	LOAD_STACK = 0x8f000,
	LOAD_STACK_END = 0x90000,
};
enum { PROGRAM_SEGMENTS = 32 };

struct program {
	u64 entry;      /* physical */
	bool is_64;
	u64 pvh_entry;  /* physical, of a Xen note; 0 = it has none */
	int nsegments;
	struct segment { u64 gpa, mem_size, file_size, offset; } segment[PROGRAM_SEGMENTS];
};

/* A part of guest memory that the loader needs: it must be RAM and free of the program's segments. */
struct area { const char *what; u64 from, end; };

/* Little-endian number at an offset that has been checked. */
u64 image_number(const struct image *img, u64 offset, int bytes);
/* End of the RAM that begins at gpa without a gap; gpa itself if there is none. */
u64 ram_end(const struct mem *m, u64 gpa);

/* Offset of the multiboot header, or -1. */
i64 multiboot_find(const struct image *img);
int elf_parse(const struct image *img, struct program *p, struct err *err);
/* The 32-bit entry that the notes in [at, at + size) of the file name, or 0. */
u64 pvh_entry(const struct image *img, u64 at, u64 size);
int load_pvh(struct vm *vm, const struct image *img, const struct program *p, struct err *err);
/* Fields of the setup header that more than one of the Linux loaders fills in (boot.rst). */
enum {
	LINUX_TYPE_OF_LOADER = 0x210, LINUX_LOADFLAGS = 0x211, LINUX_RAMDISK_IMAGE = 0x218, LINUX_RAMDISK_SIZE = 0x21c,
	LINUX_HEAP_END_PTR = 0x224, LINUX_CMD_LINE_PTR = 0x228,
};
/* Check the file and the length of its command line: where in it the kernel proper lies. */
int linux_parse(const struct image *img, u64 *kernel_at, u64 *kernel_len, struct err *err);
int program_check(const struct vm *vm, const struct image *img, const struct program *p,
		  const struct area *areas, int nareas, struct err *err);
void program_write(struct vm *vm, const struct image *img, const struct program *p);
u64 program_end(const struct program *p);
/* Where the modules go: after the program, which ends at `end`, and above 1 MiB, each on a page of its own, none beyond
 * address `last`. */
int modules_place(const struct vm *vm, const struct image *img, u64 end, u64 last, u64 at[IMAGE_MODULES], struct err *err);

/* The memory map in the layout that the BIOS (INT 15h, E820h), Multiboot, PVH and Linux share: runs of RAM and ROM.
 * A0000h-FFFFFh never counts as RAM: firmware tables may lie there. */
enum { MAP_RAM = 1, MAP_RESERVED = 2, MAP_ENTRIES = 3 * MEM_SLOTS };
struct map_entry { u64 base, size; u32 type; } __attribute__((packed));
u32 memory_map(const struct mem *m, struct map_entry *map); /* room for MAP_ENTRIES; returns how many */

/* 32-bit protected mode, paging off, flat segments from a GDT that is written too; A20 open; interrupts
 * off. */
void state_flat32(struct vm *vm, struct x86_state *s, u64 entry);
/* On top of that: 64-bit mode with the first 4 GiB mapped to themselves. */
void state_long(struct vm *vm, struct x86_state *s);
/* Let the first vCPU begin there: general registers, segments, control registers. */
int state_start(struct vm *vm, const struct x86_state *s, struct err *err);

#endif
