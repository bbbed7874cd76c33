/* SPDX-License-Identifier: GPL-3.0-or-later
 * guest-bytes.c - fuzz target: the input is the code of a kernel on a PC with all its devices.
 *
 * Rule: nothing here crashes, hangs or leaks; and the same input gives the same state hash a second time,
 * also when every cache of the interpreter is dropped at arbitrary instruction boundaries (they are caches:
 * cpu-interp/cpu.h). Only a guest that changes page tables and does not flush the TLB may notice (SDM 3A
 * 4.10.2.3): so ours lie where paging does not show them, and a guest that has used others is not run in
 * slices.
 *
 * The input's first byte chooses the processor's mode (bits 0-1), user mode (bit 2), paging in 32-bit mode
 * (bit 3), the trap flag (bit 4), interrupts (bit 5), and, from the rest, where slices end.  What follows
 * is placed at CODE; every exception and interrupt is handled by code from there too.
 */
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "devices/pc.h"
#include "tests/mem-block.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { BUDGET = 20000, MEMORY = 2 << 20, DISK = 64 << 10, CODE_MAX = 4096 };
/* Guest-physical addresses. */
enum {
	GDT = 0x1000,
	IDT = 0x2000,
	TSS = 0x3000,
	TABLES = 0x90000,
	CODE = 0x7c00,
	STACK = 0x7000,
	KERNEL_STACK = 0x60000
};
enum {
	MODE_MASK = 3,
	REAL = 0,
	PROTECTED_16 = 1,
	PROTECTED_32 = 2,
	LONG = 3,
	USER = 4,
	PAGING = 8,
	TRAP = 16,
	IF = 32
};
enum { SEL_CODE0 = 0x08, SEL_DATA0 = 0x10, SEL_CODE3 = 0x1b, SEL_DATA3 = 0x23, SEL_TSS = 0x28 };

struct machine {
	struct vm *vm;
	struct pc *pc;
	bool own_tables; /* the guest has paging with tables of its own */
};

static void poke(struct vm *vm, u64 at, u64 value, u64 len)
{
	mem_poke(&vm->mem, at, &value, len);
}

/* ---- tables ---- */

/* Access rights and flags of a flat segment, as in a descriptor's upper half (SDM 3A figure 3-8). */
static u32 flat_rights(int mode, bool code, u32 dpl)
{
	u32 size = mode == LONG && code ? SEG_L : mode == PROTECTED_16 ? 0 : SEG_DB;
	return SEG_P | SEG_S | dpl << SEG_DPL_SHIFT | (code ? SEG_CODE : 0) | SEG_RW | SEG_ACCESSED | size |
	       SEG_G;
}

static void put_segment(struct vm *vm, u32 sel, u32 rights)
{
	poke(vm, GDT + (sel & ~7u), 0x000f00000000ffffull | (u64)rights << 40, 8);
}

/* Each vector enters the code at another place. */
static void put_gates(struct vm *vm, int mode, size_t len)
{
	u32 size = mode == LONG ? 16 : 8, type = mode == PROTECTED_16 ? SYS_INT16 : SYS_INT32;
	for (u32 vector = 0; vector < 256 && mode != REAL; vector++) {
		u64 at = CODE + (len ? vector * 7 % len : 0);
		poke(vm, IDT + vector * size, at | (u64)SEL_CODE0 << 16 | (u64)(0xe000 | type << 8) << 32, 8);
	}
	for (u32 vector = 0; vector < 256 && mode == REAL; vector++)
		poke(vm, vector * 4, CODE + (len ? vector * 7 % len : 0), 4);
}

/* One to one up to TABLES, and from 1 MiB to 1.5 MiB: each eighth page is read-only, each eighth the
 * supervisor's. */
static void put_paging(struct vm *vm, int mode)
{
	u32 width = mode == LONG ? 8 : 4, table = TABLES, last = TABLES + (mode == LONG ? 0x3000 : 0x1000);
	for (; table < last; table += 0x1000)
		poke(vm, table, (table + 0x1000) | 7, width);
	for (u32 page = 0; page < 0x180; page++) {
		u32 rights = page % 8 == 3   ? PTE_P | PTE_U
			     : page % 8 == 4 ? PTE_P | PTE_W
					     : PTE_P | PTE_W | PTE_U;
		if (page < TABLES >> 12 || page >= 0x100)
			poke(vm, table + page * width, page << 12 | rights, width);
	}
}

static void put_tss(struct vm *vm, int mode)
{
	put_segment(vm, SEL_TSS, SEG_P | SYS_TSS32_BUSY);
	poke(vm, GDT + SEL_TSS, 0x67 | TSS << 16 | (u64)(SEG_P | SYS_TSS32_BUSY) << 40, 8);
	poke(vm, TSS + 4, KERNEL_STACK, mode == LONG ? 8 : 4);
	poke(vm, TSS + 8, mode == LONG ? 0 : SEL_DATA0, 4);
	poke(vm, TSS + 0x66, 0xffff, 2);
}

/* ---- the state at the beginning ---- */

static void set_segments(struct x86_state *s, int mode, u32 cpl)
{
	for (int i = SEG_ES; i <= SEG_GS; i++) {
		s->seg_sel[i] = cpl ? SEL_DATA3 : SEL_DATA0;
		s->seg_base[i] = 0;
		s->seg_limit[i] = UINT32_MAX;
		s->seg_attr[i] = flat_rights(mode, false, cpl);
	}
	s->seg_sel[SEG_CS] = cpl ? SEL_CODE3 : SEL_CODE0;
	s->seg_attr[SEG_CS] = flat_rights(mode, true, cpl);
	s->seg_sel[SEG_TR] = SEL_TSS;
	s->seg_base[SEG_TR] = TSS;
	s->seg_limit[SEG_TR] = 0x67;
	s->seg_attr[SEG_TR] = SEG_P | SYS_TSS32_BUSY;
	s->gdtr_base[0] = GDT;
	s->gdtr_limit[0] = SEL_TSS + 15;
	s->idtr_base[0] = IDT;
	s->idtr_limit[0] = mode == LONG ? 0xfff : 0x7ff;
}

static void set_state(struct vm *vm, u8 choice)
{
	int mode = choice & MODE_MASK;
	struct x86_state s;
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	for (int i = 0; i < X86_GPRS; i++)
		s.gpr[i] = (u64)(i + 1) * 0x1111;
	s.gpr[RSP] = STACK;
	s.rip[0] = CODE;
	s.rflags[0] = FLAG_1 | (choice & TRAP ? FLAG_TF : 0) | (choice & IF ? FLAG_IF : 0);
	if (mode == REAL) {
		s.seg_sel[SEG_CS] = 0;
		s.seg_base[SEG_CS] = 0;
	} else {
		set_segments(&s, mode, choice & USER ? 3 : 0);
		s.cr0[0] = CR0_PE | CR0_ET | CR0_NE | CR0_WP | (mode == LONG || choice & PAGING ? CR0_PG : 0);
		s.cr3[0] = TABLES;
		s.cr4[0] = CR4_PSE | (mode == LONG ? CR4_PAE : 0);
		s.efer[0] = mode == LONG ? EFER_LME | EFER_LMA | EFER_SCE | EFER_NXE : 0;
	}
	if (vcpu_set(&vm->vcpu[0], &s, ST_ALL, NULL))
		abort();
}

static void machine_open(struct machine *m, struct block *disk, const u8 *data, size_t size)
{
	const struct vm_config vm = { .name = "fuzz", .engine = &engine_interp, .mem_size = MEMORY, .cpus = 1,
				      .cpu = cpu_model_find("x86-64"), .seed = 1 };
	const struct pc_config pc = { .mem_size = MEMORY, .rtc_start = PC_RTC_DEFAULT, .ndisks = 1,
				      .disk = { { .image = disk, .snapshot = true, .room = DISK } } };
	u8 choice = size ? data[0] : 0;
	size_t len = size > 1 ? size - 1 : 0;
	m->vm = vm_create(&vm, NULL);
	if (!m->vm || pc_build(m->vm, &pc, &m->pc, NULL))
		abort();
	vm_reset(m->vm);
	len = len > CODE_MAX ? CODE_MAX : len;
	mem_poke(&m->vm->mem, CODE, data + (size > 0), len);
	put_segment(m->vm, SEL_CODE0, flat_rights(choice & MODE_MASK, true, 0));
	put_segment(m->vm, SEL_DATA0, flat_rights(choice & MODE_MASK, false, 0));
	put_segment(m->vm, SEL_CODE3, flat_rights(choice & MODE_MASK, true, 3));
	put_segment(m->vm, SEL_DATA3, flat_rights(choice & MODE_MASK, false, 3));
	put_tss(m->vm, choice & MODE_MASK);
	put_gates(m->vm, choice & MODE_MASK, len);
	put_paging(m->vm, choice & MODE_MASK);
	set_state(m->vm, choice);
}

static enum verdict see_state(void *arg, const struct event *ev)
{
	struct machine *m = arg;
	m->own_tables |= ev->state.cr0 & CR0_PG && ev->state.cr3 != TABLES;
	return EV_GO;
}

/* Run a fresh machine and return its state hash; `slices`: in pieces, dropping all caches between them. */
static u64 run(struct block *disk, const u8 *data, size_t size, bool slices, bool *own_tables)
{
	struct machine m = { .own_tables = false };
	struct err err = { 0 };
	u64 left = BUDGET, hash, random = size ? data[0] + size : 1;
	machine_open(&m, disk, data, size);
	vm_subscribe(m.vm, EV_BIT(state), see_state, &m);
	while (left) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		u64 piece = slices ? 1 + (random >> 33) % 200 : left;
		if (piece > left)
			piece = left;
		if (vm_run(m.vm, piece, &err) != STOP_BUDGET)
			break;
		m.vm->engine->mem_changed(m.vm, NULL);
		left -= piece;
	}
	if (err.code)
		abort();
	hash = vm_state_hash(m.vm);
	*own_tables = m.own_tables;
	pc_destroy(m.pc);
	vm_destroy(m.vm);
	return hash;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static u8 bytes[DISK] = { 0xeb, 0xfe };
	struct mem_block image = mem_block(bytes, DISK, true);
	struct block *disk = &image.b;
	bool own_tables;
	u64 hash = run(disk, data, size, false, &own_tables);
	if (run(disk, data, size, false, &own_tables) != hash)
		abort();
	if (!own_tables && run(disk, data, size, true, &own_tables) != hash)
		abort();
	return 0;
}
