/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.c - fuzz target: the input is page tables, control registers and accesses; in every paging mode.
 * Rule: nothing crashes or hangs, the checker finds nothing, and all modes come to the same registers and memory.
 *
 * The first two bytes choose the format and the control bits.  Then steps of 8 bytes: what, a place, a value.  Tables lie
 * from 10000h on, code at 8000h; every access is followed by a flush, so that no mode lives by old translations.
 */
#include <stdlib.h>
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

enum { MIB = 1 << 20, STEP = 8, STEPS_MAX = 64, TABLES = 0x10000, TABLE_PAGES = 16, CODE = 0x8000 };
enum { FORMAT_OF = 3, WP = 4, SMEP = 8, SMAP = 16, NXE = 32, PSE = 64, USER = 128 };

static const struct { enum paging_mode mode; u64 page_max; bool unsync; } modes[] = {
	{ PAGING_NONE, 0, false }, { PAGING_EPT, 0, false }, { PAGING_SHADOW, 0, false }, { PAGING_SHADOW, 4096, true },
};
enum { MODES = ARRAY_LEN(modes) };

static struct vm *machine(int i)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = 2 * MIB, .cpus = 1, .paging = modes[i].mode,
					  .page_max = modes[i].page_max, .shadow_unsync = modes[i].unsync,
					  .shadow_tables = SHADOW_TABLES_MIN, .check_paging = true };
	struct err err = { 0 };
	struct vm *vm = vm_create(&config, &err);
	frame_no f;

	if (!vm)
		abort();
	f = frames_alloc(vm->frames, 3 * MIB / PAGE_SIZE_4K);
	if (mem_slot_add(&vm->mem, "ram", 0, 2 * MIB, f, 0, &err) < 0 ||
	    mem_slot_add(&vm->mem, "rom", 3 * MIB, MIB, f + 2 * MIB / PAGE_SIZE_4K, SLOT_ROM, &err) < 0)
		abort();
	mem_set_a20(&vm->mem, true);
	vm->controls.exception_bitmap = UINT32_MAX;
	return vm;
}

/* Registers as the first bytes say. */
static void state_of(const u8 *data, struct x86_state *s, u32 signature)
{
	u8 how = data[0], format = how & FORMAT_OF;
	u32 dpl = how & USER ? 3 : 0;

	x86_state_reset(s, signature);
	s->cr0[0] = CR0_PE | CR0_ET | (format == 3 ? 0 : CR0_PG) | (how & WP ? CR0_WP : 0);
	s->cr3[0] = TABLES + (data[1] & 0xf0) * 256u;
	s->cr4[0] = (format ? CR4_PAE : how & PSE ? CR4_PSE : 0) | (how & SMEP ? CR4_SMEP : 0) | (how & SMAP ? CR4_SMAP : 0);
	s->efer[0] = (how & NXE ? EFER_NXE : 0) | (format == 2 ? EFER_LME | EFER_LMA : 0);
	s->rflags[0] = 2 | (data[1] & 1 ? FLAG_AC : 0);
	for (int i = 0; i < 4; i++)
		s->pdpte[i] = data[1] >> i & 2 ? (TABLES + 0x1000u * (u32)(i + 1)) | PTE_P : 0;
	for (int i = 0; i < 6; i++) {
		s->seg_base[i] = 0;
		s->seg_limit[i] = 0xffffffff;
		s->seg_sel[i] = (u16)(0x10 | dpl);
		s->seg_attr[i] = 0xc093 | dpl << 5;
	}
	s->seg_attr[SEG_CS] = (format == 2 ? 0xa09b : 0xc09b) | dpl << 5;
}

/* The tables of the code page: it is there in every root and every table, as entry 8 and below. */
static void plain_tables(struct vm *vm, u8 how)
{
	bool narrow = !(how & FORMAT_OF);

	for (u32 t = 0; t < TABLE_PAGES; t++) {
		u64 next = (TABLES + 0x1000u * ((t + 1) % TABLE_PAGES)) | 0x67, page = CODE | 0x67;

		mem_write(&vm->mem, TABLES + t * 0x1000u, &next, narrow ? 4 : 8);
		mem_write(&vm->mem, TABLES + t * 0x1000u + 8 * (narrow ? 4 : 8), &page, narrow ? 4 : 8);
	}
}

static void access_at(struct vm *vm, struct x86_state *s, u8 kind, u64 lin)
{
	static const u8 code[4][3] = { { 0x8b, 0x03, 0x90 }, { 0x89, 0x03, 0x90 }, { 0xff, 0xe3, 0x90 }, { 0xff, 0x03, 0x90 } };
	struct x86_state t = *s;
	struct err err = { 0 };

	mem_write(&vm->mem, CODE, code[kind & 3], 3);
	t.rip[0] = CODE;
	t.gpr[RBX] = s->efer[0] & EFER_LMA ? (u64)((i64)(lin << 16) >> 16) : (u32)lin;
	t.gpr[RAX] = 0x10007;
	if (vcpu_set(&vm->vcpu[0], &t, ST_ALL, &err))
		return;
	if (vm_run(vm, (kind & 3) == 2 ? 2 : 1, &err) == STOP_ERROR)
		abort();
}

static u64 digest(struct vm *vm, u64 before)
{
	struct x86_state s;

	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	return mem_hash_guest(&vm->mem, before ^ s.rip[0] ^ s.cr2[0] * 3 ^ s.inject_info[0] * 5 ^ s.inject_error[0] * 7 ^ s.gpr[RAX]);
}

/* One step; what: a store by a device, an access at an address whose every level is one of the first entries. */
static u64 step(struct vm *vm, struct x86_state *s, const u8 *d, u64 sum)
{
	u32 value = d[4] | (u32)d[5] << 8 | (u32)d[6] << 16 | (u32)d[7] << 24;
	u64 place = d[2] | (u64)d[3] << 8;
	u64 wide = (value & 0x1fffff) | (u64)(value >> 24) << (d[1] & 63 ? 40 : 32);
	u64 lin = (d[4] & 15) << 12 | (u64)(d[5] & 15) << 21 | (u64)(d[5] >> 4) << 30 | (u64)d[6] << 39 | d[7] << 4;

	switch (d[0] % 4) {
	case 0:
		mem_write(&vm->mem, TABLES + (place & 0xf) * 0x1000 + (place >> 4 & 0xff) * 8, &wide, d[1] & 1 ? 4 : 8);
		return sum;
	case 1:
		mem_write(&vm->mem, place * 16, &value, 4);
		return sum;
	default:
		access_at(vm, s, d[1], d[0] & 64 ? lin : value);
		return digest(vm, sum);
	}
}

static u64 play(struct vm *vm, const u8 *data, size_t size)
{
	struct x86_state s;
	u64 sum = 1;

	state_of(data, &s, cpu_signature(vm->cpu));
	plain_tables(vm, data[0]);
	for (size_t at = 2, n = 0; at + STEP <= size && n < STEPS_MAX; at += STEP, n++)
		sum = step(vm, &s, data + at, sum);
	return sum;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u64 first = 0;

	for (int i = 0; size >= 2 && i < MODES; i++) {
		struct vm *vm = machine(i);
		u64 sum = play(vm, data, size);

		if (i == 0)
			first = sum;
		else if (sum != first)
			abort();
		vm_destroy(vm);
	}
	return 0;
}
