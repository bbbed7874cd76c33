/* SPDX-License-Identifier: GPL-3.0-or-later
 * dirty.c - the ways to find written pages, against the interpreter's own log: the same random guest, stopped and asked
 * at the same instructions, in every way.
 * Rule: no way may miss a page that the guest wrote; with flags in EPT entries the guest's page tables may be found, too
 * (SDM 3C 28.2.4), and nothing else.
 */
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, MEM = 8 * MIB, PAGES = MEM / 4096, ROUNDS = 40, CODE = 0x8000, FIRST = 0x100 /* page */ };

/* xorshift in the guest: rsi is the state; a page in FIRST.. is read, and one is written if a bit says so; rep stosb goes
 * over two pages. */
static const u8 program[] = {
	0x48, 0x89, 0xf0,                   /* again: mov rax, rsi */
	0x48, 0xc1, 0xe0, 13, 0x48, 0x31, 0xc6, 0x48, 0x89, 0xf0, /* shl rax,13; xor rsi,rax; mov rax,rsi */
	0x48, 0xc1, 0xe8, 7, 0x48, 0x31, 0xc6, 0x48, 0x89, 0xf0,  /* shr rax,7; xor rsi,rax; mov rax,rsi */
	0x48, 0xc1, 0xe0, 17, 0x48, 0x31, 0xc6,                   /* shl rax,17; xor rsi,rax */
	0x89, 0xf3, 0x81, 0xe3, 0xff, 0x03, 0x00, 0x00,           /* mov ebx,esi; and ebx,3ffh */
	0x81, 0xc3, FIRST & 0xff, FIRST >> 8, 0x00, 0x00,         /* add ebx,FIRST */
	0xc1, 0xe3, 12,                                           /* shl ebx,12 */
	0x8b, 0x43, 0x10,                                         /* mov eax,[rbx+10h] */
	0x0f, 0xba, 0xe6, 20,                                     /* bt esi,20 */
	0x73, 0x03,                                               /* jnc +3 */
	0x01, 0x73, 0x20,                                         /* add [rbx+20h],esi */
	0x0f, 0xba, 0xe6, 21,                                     /* bt esi,21 */
	0x73, 0x0e,                                               /* jnc +14 */
	0x48, 0x8d, 0xbb, 0xf8, 0x0f, 0x00, 0x00,                 /* lea rdi,[rbx+0ff8h] */
	0xb9, 0x10, 0x00, 0x00, 0x00,                             /* mov ecx,16 */
	0xf3, 0xaa,                                               /* rep stosb */
	0xeb, 0xaf,                                               /* jmp again */
};

/* The slot of the guest's memory. */
static u32 ram(const struct vm *vm) { return mem_slot_at(&vm->mem, 0)->id; }

static struct vm *machine(enum paging_mode mode, enum dirty_way way)
{
	static struct err err;
	const struct vm_config config = { .engine = &engine_interp, .mem_size = MEM, .cpus = 1, .paging = mode, .dirty = way };
	struct vm *vm = vm_create(&config, &err);
	struct x86_state s;
	const u64 root = 0x2003, l3 = 0x3003;

	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, MEM, frames_alloc(vm->frames, PAGES), 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	mem_write(&vm->mem, 0x1000, &root, 8);
	mem_write(&vm->mem, 0x2000, &l3, 8);
	for (u64 i = 0; i < 4; i++) {
		u64 table = (0x4000 + i * 4096) | 3;
		mem_write(&vm->mem, 0x3000 + 8 * i, &table, 8);
	}
	for (u64 i = 0; i < PAGES; i++) {
		u64 page = i << 12 | 3;
		mem_write(&vm->mem, 0x4000 + 8 * i, &page, 8);
	}
	mem_write(&vm->mem, CODE, program, sizeof(program));
	x86_state_reset(&s, cpu_signature(vm->cpu));
	s.cr0[0] = CR0_PE | CR0_PG;
	s.cr3[0] = 0x1000;
	s.cr4[0] = CR4_PAE;
	s.efer[0] = EFER_LME | EFER_LMA;
	s.seg_base[SEG_CS] = 0;
	s.seg_attr[SEG_CS] = 0xa09b;
	s.rip[0] = CODE;
	s.gpr[RSI] = 88172645463325252ull;
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	return vm;
}

struct found { u64 pages[ROUNDS][PAGES / 64]; };

/* What each fetch finds; some rounds are long, so that pml overflows. */
static void collect(enum paging_mode mode, enum dirty_way way, struct found *f, struct dirty_counts *counts)
{
	struct vm *vm = machine(mode, way);
	struct err err;

	vm_run(vm, 5000, &err);
	ck_assert_int_eq(mem_log(&vm->mem, ram(vm), true, &err), 0);
	for (u32 i = 0; i < ROUNDS; i++) {
		vm_run(vm, i % 8 ? 100 + 37 * i : 60000, &err);
		mem_fetch_dirty(&vm->mem, ram(vm), f->pages[i]);
	}
	*counts = vm->paging.dirty.counts;
	vm_destroy(vm);
}

static bool is_table(u32 page) { return page >= 1 && page < 8; }

static void compare(enum paging_mode mode, enum dirty_way way, bool tables)
{
	static struct found own, other;
	struct dirty_counts counts;
	u64 pages = 0;

	collect(mode, DIRTY_OWN, &own, &counts);
	collect(mode, way, &other, &counts);
	for (u32 i = 0; i < ROUNDS; i++)
		for (u32 page = 0; page < PAGES; page++) {
			bool mine = own.pages[i][page / 64] >> page % 64 & 1, found = other.pages[i][page / 64] >> page % 64 & 1;

			pages += mine;
			ck_assert_msg(found >= mine, "round %u: page %x was written and not found", i, page);
			ck_assert_msg(found <= mine || (tables && is_table(page)), "round %u: page %x was not written", i, page);
		}
	ck_assert_uint_gt(pages, 2000);
	ck_assert_uint_gt(counts.pages, 2000);
	ck_assert(way != DIRTY_PML || counts.full > 3);
	ck_assert_uint_eq(counts.fetches, ROUNDS);
}

START_TEST(write_protection) { compare(PAGING_EPT, DIRTY_WP, false); }
END_TEST
START_TEST(write_protection_of_a_shadow) { compare(PAGING_SHADOW, DIRTY_WP, false); }
END_TEST
START_TEST(dirty_flags) { compare(PAGING_EPT, DIRTY_AD, true); }
END_TEST
START_TEST(page_modification_log) { compare(PAGING_EPT, DIRTY_PML, true); }
END_TEST

/* What the hypervisor does to its tables meanwhile must not lose a page: all emptied, one page moved. */
START_TEST(survives_changes_of_the_tables)
{
	const enum dirty_way ways[] = { DIRTY_WP, DIRTY_AD, DIRTY_PML };

	for (u32 i = 0; i < ARRAY_LEN(ways); i++) {
		struct vm *vm = machine(PAGING_EPT, DIRTY_OWN), *other = machine(PAGING_EPT, ways[i]);
		u64 own[PAGES / 64], found[PAGES / 64];
		struct err err;

		mem_log(&vm->mem, ram(vm), true, &err);
		mem_log(&other->mem, ram(other), true, &err);
		for (u32 n = 0; n < 20; n++) {
			vm_run(vm, 500, &err);
			vm_run(other, 500, &err);
			if (n % 2)
				paging_flush(&other->paging);
			else
				paging_forget(&other->paging, FIRST * 4096 + n * 0x20000, 0x20000);
			other->engine->dirty_cleared(other, mem_slot_at(&other->mem, 0)); /* the TLB forgets, too */
		}
		mem_fetch_dirty(&vm->mem, ram(vm), own);
		mem_fetch_dirty(&other->mem, ram(other), found);
		for (u32 page = FIRST; page < PAGES; page++)
			ck_assert_msg((own[page / 64] >> page % 64 & 1) == (found[page / 64] >> page % 64 & 1), "%s: page %x",
				      dirty_way_name(ways[i]), page);
		vm_destroy(vm);
		vm_destroy(other);
	}
}
END_TEST

/* SDM 3C 28.2.5: the index counts down from 511; when it is FFFFh no flag is set, and the processor leaves. */
START_TEST(the_index_counts_down)
{
	struct vm *vm = machine(PAGING_EPT, DIRTY_PML);
	struct err err;

	ck_assert_int_eq(mem_log(&vm->mem, ram(vm), true, &err), 0);
	ck_assert_uint_eq(vm->paging.dirty.index, 511);
	for (u64 i = 0; i < 512; i++) {
		ck_assert(dirty_log_page(&vm->paging, i * 4096 + 123));
		ck_assert_uint_eq(vm->paging.dirty.entry[511 - i], i * 4096);
	}
	ck_assert_uint_eq(vm->paging.dirty.index, PML_FULL);
	ck_assert(!dirty_log_page(&vm->paging, 0));
	dirty_drain(&vm->paging);
	ck_assert_uint_eq(vm->paging.dirty.counts.full, 1);
	ck_assert_uint_eq(vm->paging.dirty.counts.pages, 512);
	ck_assert_uint_eq(vm->paging.dirty.index, 511);
	vm_destroy(vm);
}
END_TEST

START_TEST(needs_tables)
{
	struct err err = { 0 };

	ck_assert_int_lt(dirty_check(DIRTY_AD, PAGING_NONE, &err), 0);
	ck_assert_int_lt(dirty_check(DIRTY_PML, PAGING_SHADOW, &err), 0);
	ck_assert_int_eq(dirty_check(DIRTY_WP, PAGING_SHADOW, &err), 0);
	ck_assert_int_eq(dirty_check(DIRTY_OWN, PAGING_NONE, &err), 0);
	ck_assert_int_eq(dirty_way_by_name("pml"), DIRTY_PML);
	ck_assert_int_eq(dirty_way_by_name("xyz"), -1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		write_protection,
		write_protection_of_a_shadow,
		dirty_flags,
		page_modification_log,
		survives_changes_of_the_tables,
		the_index_counts_down,
		needs_tables,
	};

	return unit_run("dirty", tests, ARRAY_LEN(tests));
}
