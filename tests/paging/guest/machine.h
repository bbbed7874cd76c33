/* SPDX-License-Identifier: GPL-3.0-or-later
 * machine.h - the bare machine under the guests of this folder: its own page tables in three formats, and one access at
 * a time, of every kind and privilege, whose fault is caught.
 * Rule: nothing here depends on whose processor it is; the same image runs in Vitrine, QEMU, Bochs and under KVM.
 */
#ifndef VITRINE_TESTS_PAGING_GUEST_MACHINE_H
#define VITRINE_TESTS_PAGING_GUEST_MACHINE_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long word; /* as wide as a register */
typedef _Bool bool;
enum { false, true };
enum { WIDE = sizeof(word) == 8 }; /* this image is in 64-bit mode */

/* Bits of entries and registers (SDM 3A 2.5, 4.3 to 4.5) */
#define P 1ull
#define W 2ull
#define U 4ull
#define A 0x20ull
#define D 0x40ull
#define PS 0x80ull
#define NX (1ull << 63)
#define CR0_WP 0x10000ul
#define CR0_PG 0x80000000ul
#define CR4_PSE 0x10ul
#define CR4_PAE 0x20ul
#define CR4_SMEP 0x100000ul
#define CR4_SMAP 0x200000ul
#define EFER 0xc0000080u
#define EFER_NXE 0x800u
#define FLAG_AC 0x40000ul

enum format { FORMAT_32, FORMAT_PAE, FORMAT_4LEVEL };
/* The last two are the processor's own: a segment descriptor is read, and its accessed bit is set. */
enum how { HOW_READ, HOW_WRITE, HOW_FETCH, HOW_SYSTEM_READ, HOW_SYSTEM_WRITE, HOWS };

/* One page that is accessed at this linear address, and what leads to it: level[n] is the entry of the table of level n,
 * 1 the page table; [0] is none.  With PAE, `pointer` is the third level's. */
struct place {
	word lin;
	int levels;
	void *entry[5];
	u64 next[5];  /* what an entry of that level leads to: a table, or for level 1 the page; */
	u64 large[5]; /* or, as a large page */
	u64 *pointer;
};

/* What an access came to; the code in cpu*.asm fills it in.  vector 0: it was made, and `value` was read. */
struct outcome { word vector, error, address, value; };
extern volatile struct outcome outcome;

struct features { bool smep, smap, nx, page1g; };
extern struct features features;

/* The three pages that a walk may end in (4 KiB, 2 or 4 MiB, 1 GiB), by their own addresses. */
enum { FRAMES = 3 };
extern u8 *const frame[FRAMES];
enum { AT_CODE = 0, AT_READ = 0x10, AT_WRITE = 0x18, AT_DESCRIPTOR = 0x20 }; /* what lies in each of them */

void machine_start(void);
/* Paging in this format, with the kernel's own 16 MiB where they are; every level of the place is open to all. */
void machine_format(enum format f, struct place *place);
/* The bits of CR0 and CR4 that are tested; all that is cached is dropped. */
void machine_control(word cr0, word cr4, bool nxe);
void machine_reload(void);
const void *machine_root(void);
void machine_set_root(const void *table); /* the kernel's own entries must be in it */
void machine_invlpg(word lin);
/* Code and data of the three pages as a case finds them. */
void frames_prepare(enum how how, bool user, u32 number);
/* Reads at lin + AT_READ, writes frame_value at lin + AT_WRITE, executes at lin. */
void machine_access(enum how how, bool user, word lin, bool ac);
extern u32 frame_value;

u64 entry_get(const struct place *place, int level);
void entry_put(const struct place *place, int level, u64 value);

void put_text(const char *text);
void put_hex(u32 value);
void put_number(u32 value);
__attribute__((noreturn)) void machine_off(void);

#endif
