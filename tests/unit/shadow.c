/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow.c - the shadow pager: what a page fault puts into the shadow, and what takes it out again.
 * Rule: what a shadow entry must be is said here entry by entry, from the guest's entries and the manual's rules; after each
 * step the lists must agree with the tables (shadow_check).
 */
#include <string.h>

#include "core/shadow.h"
#include "core/vm.h"
#include "core/x86/x86.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, ROOT = 0x1000, L3 = 0x2000, L2 = 0x3000, L1 = 0x4000, PAGE = 0x9000 };
#define LIN 0x8080604000ull /* entries 1, 2, 3 and 4 */
#define RIGHTS (u64)(PTE_P | PTE_W | PTE_U)

static struct err err;

static struct vm *machine(u64 tables, bool unsync)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = 8 * MIB, .cpus = 1, .paging = PAGING_SHADOW,
					  .shadow_tables = tables, .shadow_unsync = unsync,
					  .cpu = cpu_model_find("x86-64-int-all") };
	struct vm *vm = vm_create(&config, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, 6 * MIB, frames_alloc(vm->frames, 6 * MIB / PAGE_SIZE_4K), 0, &err) >= 0);
	ck_assert(mem_slot_add(&vm->mem, "rom", 6 * MIB, MIB, frames_alloc(vm->frames, MIB / PAGE_SIZE_4K), SLOT_ROM, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	return vm;
}

static const struct shadow_regs long_mode = { .cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = ROOT, .cr4 = CR4_PAE | CR4_PGE,
					      .efer = EFER_LME | EFER_LMA | EFER_NXE };

static void poke(struct vm *vm, u64 gpa, u64 value) { mem_poke(&vm->mem, gpa, &value, 8); }
static u64 peek(struct vm *vm, u64 gpa)
{
	u64 value = 0;

	mem_read(&vm->mem, gpa, &value, 8);
	return value;
}

/* A store of the guest's through a writable page: nobody is told. */
static void host_store(struct vm *vm, u64 gpa, u64 value)
{
	memcpy(mem_host(&vm->mem, gpa, 8, true), &value, 8);
}

/* LIN is the page at PAGE, through one table of each level. */
static void tables(struct vm *vm)
{
	poke(vm, ROOT + 8, L3 | RIGHTS);
	poke(vm, L3 + 16, L2 | RIGHTS);
	poke(vm, L2 + 24, L1 | RIGHTS);
	poke(vm, L1 + 32, PAGE | RIGHTS);
}

static struct shadow_answer fault(struct vm *vm, const struct shadow_regs *r, u64 lin, u32 access)
{
	struct shadow_answer a = shadow_fault(&vm->paging, 0, r, lin, access);
	const char *wrong = shadow_check(&vm->paging);

	ck_assert_msg(!wrong, "%s", wrong);
	return a;
}

/* The leaf for lin as the processor finds it; 0: none. */
static u64 leaf(struct vm *vm, const struct shadow_regs *r, u64 lin)
{
	struct shadow_result res;

	return shadow_walk(&vm->paging, 0, r, lin, WALK_LOOK, &res) ? res.walk.step[res.walk.steps - 1].value : 0;
}

static bool lets(struct vm *vm, const struct shadow_regs *r, u64 lin, u32 access)
{
	struct shadow_result res;

	return shadow_walk(&vm->paging, 0, r, lin, access, &res);
}

/* The machine's address of the byte at lin. */
static u64 byte_at(struct vm *vm, const struct shadow_regs *r, u64 lin)
{
	struct shadow_result res = { 0 };

	shadow_walk(&vm->paging, 0, r, lin, WALK_LOOK, &res);
	return res.walk.gpa;
}

static u64 machine_of(struct vm *vm, u64 gpa) { return mem_frame(&vm->mem, gpa) * PAGE_SIZE_4K; }

START_TEST(a_read_makes_an_entry_that_cannot_be_written_until_d_is_set)
{
	struct vm *vm = machine(0, false);

	tables(vm);
	ck_assert(!lets(vm, &long_mode, LIN, WALK_USER));
	ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_USER).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), machine_of(vm, PAGE) | PTE_P | PTE_U | PTE_A);
	ck_assert_uint_eq(peek(vm, L1 + 32), PAGE | RIGHTS | PTE_A);
	ck_assert_uint_eq(peek(vm, ROOT + 8), L3 | RIGHTS | PTE_A);
	ck_assert(lets(vm, &long_mode, LIN, WALK_USER) && !lets(vm, &long_mode, LIN, WALK_USER | WALK_WRITE));
	ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_USER | WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), machine_of(vm, PAGE) | RIGHTS | PTE_A | PTE_D);
	ck_assert_uint_eq(peek(vm, L1 + 32), PAGE | RIGHTS | PTE_A | PTE_D);
	vm_destroy(vm);
}
END_TEST

START_TEST(what_the_guest_forbids_is_its_own_fault)
{
	struct vm *vm = machine(0, false);
	struct shadow_answer a;

	tables(vm);
	poke(vm, L2 + 24, L1 | PTE_P | PTE_W); /* the supervisor's */
	a = fault(vm, &long_mode, LIN, WALK_USER | WALK_WRITE);
	ck_assert_int_eq(a.verdict, SHADOW_FAULT);
	ck_assert_uint_eq(a.error, PF_P | PF_W | PF_U);
	ck_assert_uint_eq(peek(vm, L1 + 32), PAGE | RIGHTS); /* no bit of it is set */
	poke(vm, L1 + 32, 0);
	a = fault(vm, &long_mode, LIN, 0);
	ck_assert_uint_eq(a.error, 0);
	ck_assert_uint_eq(vm->paging.counts.injected, 2);
	poke(vm, L1 + 32, 0x7fff000 | RIGHTS); /* nobody's memory */
	a = fault(vm, &long_mode, LIN, WALK_WRITE);
	ck_assert_int_eq(a.verdict, SHADOW_THROUGH);
	ck_assert_uint_eq(a.gpa, 0x7fff000);
	vm_destroy(vm);
}
END_TEST

START_TEST(rights_of_all_levels_come_together_in_the_leaf)
{
	struct vm *vm = machine(0, false);

	tables(vm);
	poke(vm, ROOT + 8, L3 | RIGHTS | PTE_NX);
	poke(vm, L3 + 16, L2 | PTE_P | PTE_U | PTE_A | PTE_D);
	poke(vm, L1 + 32, PAGE | RIGHTS | PTE_A | PTE_D | PTE_G);
	ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_USER).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), machine_of(vm, PAGE) | PTE_P | PTE_U | PTE_A | PTE_NX | PTE_G);
	vm_destroy(vm);
}
END_TEST

/* Without CR0.WP the supervisor writes what is read-only; a page of the user's is then either his or the supervisor's. */
START_TEST(without_wp_a_page_changes_sides)
{
	struct vm *vm = machine(0, false);
	struct shadow_regs r = long_mode;

	tables(vm);
	r.cr0 &= ~(u64)CR0_WP;
	r.cr4 |= CR4_SMEP;
	poke(vm, L1 + 32, PAGE | PTE_P | PTE_U);
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &r, LIN), machine_of(vm, PAGE) | PTE_P | PTE_W | PTE_A | PTE_D | PTE_NX);
	ck_assert(!lets(vm, &r, LIN, WALK_USER) && lets(vm, &r, LIN, WALK_WRITE) && !lets(vm, &r, LIN, WALK_FETCH));
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_USER | WALK_WRITE).verdict, SHADOW_FAULT);
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_USER).verdict, SHADOW_FILLED);
	ck_assert(lets(vm, &r, LIN, WALK_USER) && !lets(vm, &r, LIN, WALK_WRITE));
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_WRITE).verdict, SHADOW_THROUGH); /* it is not taken from the user again */
	ck_assert(lets(vm, &r, LIN, WALK_USER));
	r.cr4 |= CR4_SMAP; /* no entry says: the supervisor, but only while AC is set */
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_WRITE | WALK_AC).verdict, SHADOW_THROUGH);
	ck_assert_int_eq(fault(vm, &r, LIN, WALK_WRITE).verdict, SHADOW_FAULT);
	vm_destroy(vm);
}
END_TEST

/* The guest's tables mapped at LIN + 1000h: read-only, however their own entry says. */
START_TEST(tables_are_write_protected)
{
	struct vm *vm = machine(0, false);
	struct shadow_answer a;

	tables(vm);
	poke(vm, L1 + 40, L1 | RIGHTS | PTE_A | PTE_D);
	ck_assert_int_eq(fault(vm, &long_mode, LIN, 0).verdict, SHADOW_FILLED);
	ck_assert_int_eq(fault(vm, &long_mode, LIN + 0x1000, 0).verdict, SHADOW_FILLED);
	ck_assert(!(leaf(vm, &long_mode, LIN + 0x1000) & PTE_W));
	a = fault(vm, &long_mode, LIN + 0x1020, WALK_WRITE);
	ck_assert_int_eq(a.verdict, SHADOW_THROUGH);
	ck_assert_uint_eq(a.gpa, L1 + 32);
	poke(vm, L1 + 32, (PAGE + 0x1000) | RIGHTS); /* tells the pager, as every store does */
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), 0);
	ck_assert(leaf(vm, &long_mode, LIN + 0x1000)); /* its neighbour's entry stays */
	ck_assert_int_eq(fault(vm, &long_mode, LIN, 0).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN) & ~0xfffull, machine_of(vm, PAGE + 0x1000));
	vm_destroy(vm);
}
END_TEST

/* A page that becomes a table while it is mapped writable loses that; and gets it back when it is none any more. */
START_TEST(a_page_becomes_a_table_and_a_page_again)
{
	struct vm *vm = machine(0, false);
	u64 second = LIN + (2 << 20);

	tables(vm);
	poke(vm, L1 + 32, 0x5000 | RIGHTS);
	ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert(leaf(vm, &long_mode, LIN) & PTE_W);
	poke(vm, 0x5000 + 32, PAGE | RIGHTS);
	poke(vm, L2 + 32, 0x5000 | RIGHTS);
	ck_assert_int_eq(fault(vm, &long_mode, second, 0).verdict, SHADOW_FILLED);
	ck_assert(shadow_is_table(&vm->paging, 0x5000) && !(leaf(vm, &long_mode, LIN) & PTE_W));
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_WRITE).verdict, SHADOW_THROUGH);
	ck_assert_int_eq(fault(vm, &long_mode, LIN, WALK_WRITE).verdict, SHADOW_FILLED); /* only written: given up */
	ck_assert(!shadow_is_table(&vm->paging, 0x5000) && leaf(vm, &long_mode, LIN) & PTE_W);
	ck_assert_uint_eq(leaf(vm, &long_mode, second), 0);
	ck_assert_uint_eq(vm->paging.counts.flooded, 1);
	vm_destroy(vm);
}
END_TEST

START_TEST(a_large_page_is_split_around_tables)
{
	struct vm *vm = machine(0, false);
	u64 lin = LIN & ~((2ull << 20) - 1);

	tables(vm);
	poke(vm, L2 + 24, 0x400000 | RIGHTS | PTE_PS | PTE_A | PTE_D); /* RAM up to 6 MiB: the machine has it in one piece or not */
	ck_assert_int_eq(fault(vm, &long_mode, lin + 0x5000, 0).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(byte_at(vm, &long_mode, lin + 0x5000), machine_of(vm, 0x405000));
	poke(vm, L2 + 24, 0 | RIGHTS | PTE_PS | PTE_A | PTE_D); /* here are the tables */
	ck_assert_int_eq(fault(vm, &long_mode, lin + PAGE, WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &long_mode, lin + PAGE), machine_of(vm, PAGE) | RIGHTS | PTE_A | PTE_D);
	ck_assert_int_eq(fault(vm, &long_mode, lin + L2, WALK_WRITE).verdict, SHADOW_THROUGH);
	ck_assert_uint_ge(vm->paging.counts.splits, 1);
	poke(vm, L2 + 24, 0 | RIGHTS | PTE_PS | PTE_A); /* D clear: pieces of before must not come back writable */
	ck_assert_int_eq(fault(vm, &long_mode, lin + PAGE, 0).verdict, SHADOW_FILLED);
	ck_assert(!(leaf(vm, &long_mode, lin + PAGE) & PTE_W));
	vm_destroy(vm);
}
END_TEST

START_TEST(old_formats_have_quadrants)
{
	struct vm *vm = machine(0, false);
	const struct shadow_regs r = { .cr0 = CR0_PE | CR0_PG, .cr3 = ROOT, .cr4 = CR4_PSE };
	const u32 pde = L1 | RIGHTS, pte = PAGE | RIGHTS, large = 0x400000 | RIGHTS | PTE_PS;
	const u64 lin = 0xc0a05000; /* entries 770 and 517: the last quarter, the upper half */

	mem_poke(&vm->mem, ROOT + 770 * 4, &pde, 4);
	mem_poke(&vm->mem, L1 + 517 * 4, &pte, 4);
	mem_poke(&vm->mem, ROOT + 3 * 4, &large, 4);
	ck_assert_int_eq(fault(vm, &r, lin, WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(leaf(vm, &r, lin), machine_of(vm, PAGE) | RIGHTS | PTE_A | PTE_D);
	ck_assert_int_eq(fault(vm, &r, 0xe12345, 0).verdict, SHADOW_FILLED);
	ck_assert_uint_eq(byte_at(vm, &r, 0xe12345), machine_of(vm, 0x612000) + 0x345); /* the second half of a 4 MiB page */
	mem_poke(&vm->mem, L1 + 517 * 4, "\0\0\0\0", 4);
	ck_assert_uint_eq(leaf(vm, &r, lin), 0);
	vm_destroy(vm);
}
END_TEST

/* 2,000 page tables of a guest in 64 of ours. */
START_TEST(the_bound_holds)
{
	struct vm *vm = machine(SHADOW_TABLES_MIN, false);

	tables(vm);
	for (u64 i = 0; i < 512; i++) {
		poke(vm, L2 + 8 * i, L1 | RIGHTS); /* one table, seen through 512 entries ... */
		poke(vm, L3 + 8 * i, L2 | RIGHTS);
		poke(vm, 0x100000 + i * 0x1000 + 32, PAGE | RIGHTS);
	}
	for (u64 i = 0; i < 512; i++)
		poke(vm, L2 + 8 * i, (0x100000 + i * 0x1000) | RIGHTS); /* ... and 512 tables */
	for (u64 i = 0; i < 2000; i++) {
		u64 lin = 1ull << 39 | (i * 7 & 511) << 30 | (i * 13 & 511) << 21 | 4 << 12;
		ck_assert_int_eq(fault(vm, &long_mode, lin, i & 1 ? WALK_WRITE : 0).verdict, SHADOW_FILLED);
		ck_assert(lets(vm, &long_mode, lin, 0));
	}
	ck_assert_uint_eq(vm->paging.used, SHADOW_TABLES_MIN);
	ck_assert_uint_ge(vm->paging.counts.reclaimed, 400);
	vm_destroy(vm);
}
END_TEST

START_TEST(out_of_step_until_the_guest_says_so)
{
	struct vm *vm = machine(0, true);
	u64 next = (PAGE + 0x1000) | RIGHTS | PTE_A;

	tables(vm);
	poke(vm, L1 + 40, L1 | RIGHTS | PTE_A | PTE_D);
	fault(vm, &long_mode, LIN, 0);
	ck_assert_int_eq(fault(vm, &long_mode, LIN + 0x1000, WALK_WRITE).verdict, SHADOW_FILLED);
	ck_assert(leaf(vm, &long_mode, LIN + 0x1000) & PTE_W && !shadow_is_table(&vm->paging, L1));
	host_store(vm, L1 + 32, next);
	ck_assert(leaf(vm, &long_mode, LIN)); /* stale, as a TLB's entry would be */
	shadow_invlpg(&vm->paging, 0, LIN);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), 0);
	fault(vm, &long_mode, LIN, 0);
	host_store(vm, L1 + 32, PAGE | RIGHTS | PTE_A);
	shadow_mov_cr3(&vm->paging, 0, &long_mode);
	ck_assert_uint_eq(leaf(vm, &long_mode, LIN), 0);
	ck_assert(!(leaf(vm, &long_mode, LIN + 0x1000) & PTE_W) && shadow_is_table(&vm->paging, L1));
	ck_assert_ptr_null(shadow_check(&vm->paging));
	vm_destroy(vm);
}
END_TEST

/* Tables that are their own, that lie in ROM, in holes, beyond all memory: faults and exits, and the lists stay right. */
START_TEST(hostile_tables)
{
	static const u64 places[] = { ROOT, L3, L2, L1, 6 * MIB, 0x7fff000, 0xfee00000, 0xffffffff000 };
	struct vm *vm = machine(SHADOW_TABLES_MIN, false);
	u64 seed = 1;

	for (u32 n = 0; n < 20000; n++) {
		u64 z = seed += 0x9e3779b97f4a7c15ull;
		struct shadow_regs r = long_mode;
		struct shadow_answer a;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
		z ^= z >> 27;
		poke(vm, (ROOT + (z & 3) * 0x1000) + (z >> 2 & 7) * 8, places[z >> 5 & 7] | (z >> 8 & 0x1ff));
		r.cr0 = z & 1 << 17 ? r.cr0 : r.cr0 & ~(u64)CR0_WP;
		r.cr3 = ROOT + (z >> 18 & 3) * 0x1000;
		if (z >> 20 & 1)
			r.efer = 0, r.cr4 = z >> 21 & 1 ? CR4_PSE : CR4_PAE, r.pdpte[z >> 22 & 3] = places[z >> 24 & 7] | PTE_P;
		a = shadow_fault(&vm->paging, 0, &r, (z >> 27 & 7) << 12 | (z >> 30 & 7) << 21 | (z >> 33 & 3) << 30, z >> 36 & 15);
		if (a.verdict == SHADOW_FILLED && z >> 40 & 1)
			poke(vm, (ROOT + (z >> 41 & 3) * 0x1000) + (z >> 43 & 7) * 8, 0);
		if (n % 64 == 0)
			ck_assert_ptr_null(shadow_check(&vm->paging));
	}
	ck_assert_uint_le(vm->paging.used, SHADOW_TABLES_MIN);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_read_makes_an_entry_that_cannot_be_written_until_d_is_set,
		what_the_guest_forbids_is_its_own_fault,
		rights_of_all_levels_come_together_in_the_leaf,
		without_wp_a_page_changes_sides,
		tables_are_write_protected,
		a_page_becomes_a_table_and_a_page_again,
		a_large_page_is_split_around_tables,
		old_formats_have_quadrants,
		the_bound_holds,
		out_of_step_until_the_guest_says_so,
		hostile_tables,
	};

	return unit_run("shadow", tests, ARRAY_LEN(tests));
}
