/* SPDX-License-Identifier: GPL-3.0-or-later
 * ept.c - extended page tables: the walk by the manual, and how many references to memory it takes.
 * Rule: what is expected comes from SDM 3C 28.2, entry by entry; none of it is computed by the code under test.
 */
#include "core/vm.h"
#include "core/x86/ept.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, ROOT = 0x1000, L3 = 0x2000, L2 = 0x3000, L1 = 0x4000 };

static u64 memory[0x1000]; /* 32 KiB of machine memory */
static u32 reads;

static u64 read_memory(void *arg, u64 address)
{
	reads++;
	return memory[address / 8];
}

static void write_memory(void *arg, u64 address, u64 value)
{
	memory[address / 8] = value;
}

/* Entry `index` of the table at `table`. */
static u64 *entry(u64 table, u64 index) { return &memory[table / 8 + index]; }

/* GPA 0x8080604abc goes to 0x123456000 through entries 1, 2, 3 and 4. */
static struct ept_env fresh(void)
{
	memset(memory, 0, sizeof(memory));
	*entry(ROOT, 1) = L3 | EPT_RIGHTS;
	*entry(L3, 2) = L2 | EPT_RIGHTS;
	*entry(L2, 3) = L1 | EPT_RIGHTS;
	*entry(L1, 4) = 0x123456000 | EPT_RIGHTS | EPT_TYPE_WB << EPT_TYPE_SHIFT;
	reads = 0;
	return (struct ept_env){ .eptp = ROOT | EPTP_WB | EPTP_LEVELS_4 | EPTP_AD, .phys_bits = 40, .read = read_memory,
				 .write = write_memory };
}
#define GPA 0x8080604abcull

START_TEST(walks_four_levels)
{
	struct ept_env env = fresh();
	struct ept_result res;

	ck_assert(ept_walk(&env, GPA, EPT_R, &res));
	ck_assert_uint_eq(res.hpa, 0x123456abc);
	ck_assert_uint_eq(res.page_size, 4096);
	ck_assert_uint_eq(res.rights, EPT_RIGHTS);
	ck_assert_uint_eq(res.type, EPT_TYPE_WB);
	ck_assert_uint_eq(reads, 4);
}
END_TEST

/* 28.2.4: A everywhere, D in the leaf and only for writes; none at all without bit 6 of the pointer, or for a look. */
START_TEST(sets_accessed_and_dirty)
{
	struct ept_env env = fresh();
	struct ept_result res;

	ept_walk(&env, GPA, 0, &res);
	ck_assert_uint_eq(*entry(ROOT, 1) & EPT_A, 0);
	ept_walk(&env, GPA, EPT_R, &res);
	ck_assert_uint_eq(*entry(ROOT, 1) & EPT_A, EPT_A);
	ck_assert_uint_eq(*entry(L1, 4) & (EPT_A | EPT_D), EPT_A);
	ept_walk(&env, GPA, EPT_W, &res);
	ck_assert_uint_eq(*entry(L1, 4) & (EPT_A | EPT_D), EPT_A | EPT_D);
	ck_assert_uint_eq(*entry(L2, 3) & EPT_D, 0);
	env = fresh();
	env.eptp &= ~EPTP_AD;
	ept_walk(&env, GPA, EPT_W, &res);
	ck_assert_uint_eq(*entry(L1, 4) & (EPT_A | EPT_D), 0);
}
END_TEST

/* 28.2.3.2: the access must be allowed by every entry; what is allowed goes into the qualification. */
START_TEST(combines_rights)
{
	struct ept_env env = fresh();
	struct ept_result res;

	*entry(L3, 2) &= ~EPT_W;
	*entry(L1, 4) &= ~EPT_X;
	ck_assert(ept_walk(&env, GPA, EPT_R, &res));
	ck_assert_uint_eq(res.rights, EPT_R);
	ck_assert(!ept_walk(&env, GPA, EPT_W, &res));
	ck_assert(!ept_walk(&env, GPA, EPT_X, &res));
	ck_assert(!res.misconfigured);
	ck_assert_uint_eq(res.rights, EPT_R);
	*entry(L2, 3) = 0;
	ck_assert(!ept_walk(&env, GPA, EPT_R, &res));
	ck_assert_uint_eq(res.rights, 0);
	ck_assert_uint_eq(res.steps, 3);
}
END_TEST

static const struct { u64 table, index, value; bool misconfigured; const char *why; } entries[] = {
	{ L1, 4, 0x5000 | EPT_W | 6 << 3, true, "writable, not readable" },
	{ L1, 4, 0x5000 | EPT_W | EPT_X | 6 << 3, true, "writable and executable, not readable" },
	{ L1, 4, 0x5000 | EPT_X | 6 << 3, false, "execute-only" },
	{ L1, 4, 1ull << 40 | EPT_RIGHTS | 6 << 3, true, "an address above MAXPHYADDR" },
	{ L1, 4, 0x5000 | EPT_RIGHTS | 2 << 3, true, "memory type 2" },
	{ L1, 4, 0x5000 | EPT_RIGHTS | 3 << 3, true, "memory type 3" },
	{ L1, 4, 0x5000 | EPT_RIGHTS | 7 << 3, true, "memory type 7" },
	{ L1, 4, 0x5000 | EPT_RIGHTS | 0 << 3, false, "uncacheable" },
	{ L1, 4, 0x5000 | EPT_RIGHTS | 5 << 3, false, "write-protected type" },
	{ L2, 3, L1 | EPT_RIGHTS | 1 << 3, true, "reserved bit 3 of a table's entry" },
	{ L2, 3, L1 | EPT_RIGHTS | 1 << 6, true, "reserved bit 6 of a table's entry" },
	{ L2, 3, 0x200000 | EPT_RIGHTS | EPT_LARGE | 6 << 3, false, "a 2 MiB page" },
	{ L2, 3, 0x201000 | EPT_RIGHTS | EPT_LARGE | 6 << 3, true, "a 2 MiB page that is not aligned" },
	{ L3, 2, 0x40000000 | EPT_RIGHTS | EPT_LARGE | 6 << 3, false, "a 1 GiB page" },
	{ L3, 2, 0x40200000 | EPT_RIGHTS | EPT_LARGE | 6 << 3, true, "a 1 GiB page that is not aligned" },
	{ ROOT, 1, L3 | EPT_RIGHTS | EPT_LARGE, true, "bit 7 in the root" },
	{ L1, 4, 0x5000 | EPT_W << 52 | EPT_RIGHTS | 6 << 3, false, "bits 62:52 are ignored" },
};

/* 28.2.3.1, one row per condition */
START_TEST(finds_misconfigurations)
{
	for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
		struct ept_env env = fresh();
		struct ept_result res;

		*entry(entries[i].table, entries[i].index) = entries[i].value;
		ept_walk(&env, GPA, EPT_X, &res);
		ck_assert_msg(res.misconfigured == entries[i].misconfigured, "%s", entries[i].why);
	}
}
END_TEST

START_TEST(large_pages_take_fewer_steps)
{
	struct ept_env env = fresh();
	struct ept_result res;

	*entry(L2, 3) = 0x200000 | EPT_RIGHTS | EPT_LARGE | 6 << 3;
	ck_assert(ept_walk(&env, GPA, EPT_R, &res));
	ck_assert_uint_eq(res.hpa, 0x200000 + 0x4abc);
	ck_assert_uint_eq(res.steps, 3);
	*entry(L3, 2) = 0x40000000 | EPT_RIGHTS | EPT_LARGE | 6 << 3;
	ck_assert(ept_walk(&env, GPA, EPT_R, &res));
	ck_assert_uint_eq(res.hpa, 0x40000000 + 0x604abc);
	ck_assert_uint_eq(res.page_size, 1 << 30);
}
END_TEST

/* ---- in a machine ---- */

static struct vm *machine(u64 page_max)
{
	static struct err err;
	const struct vm_config config = { .engine = &engine_interp, .mem_size = 4 * MIB, .cpus = 1, .paging = PAGING_EPT,
					  .page_max = page_max };
	struct vm *vm = vm_create(&config, &err);

	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, 4 * MIB, frames_alloc(vm->frames, 4 * MIB / PAGE_SIZE_4K), 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	return vm;
}

/* A 64-bit guest with 4-level tables of its own at 1000h: 400000h.. is not there, 0.. is itself, by 4 KiB pages. */
static void long_mode(struct vm *vm)
{
	const u64 root = 0x2003, l3 = 0x3003, l2 = 0x4003;
	struct x86_state s;
	struct err err;

	mem_write(&vm->mem, 0x1000, &root, 8);
	mem_write(&vm->mem, 0x2000, &l3, 8);
	mem_write(&vm->mem, 0x3000, &l2, 8);
	for (u64 i = 0; i < 512; i++) {
		u64 page = i << 12 | 3;
		mem_write(&vm->mem, 0x4000 + 8 * i, &page, 8);
	}
	mem_write(&vm->mem, 0x8000, "\x8b\x03\x8b\x01", 4); /* mov eax, [rbx]; mov eax, [rcx] */
	x86_state_reset(&s, cpu_signature(vm->cpu));
	s.cr0[0] = CR0_PE | CR0_PG;
	s.cr3[0] = 0x1000;
	s.cr4[0] = CR4_PAE;
	s.efer[0] = EFER_LME | EFER_LMA;
	s.seg_base[SEG_CS] = 0;
	s.seg_attr[SEG_CS] = 0xa09b;
	s.rip[0] = 0x8000;
	s.gpr[RBX] = 0x9000;
	s.gpr[RCX] = 0xa000;
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
}

/* The figure of every lecture: a load whose walk is cold in both dimensions makes 24 references. */
START_TEST(a_cold_walk_is_24_references)
{
	struct vm *vm = machine(4096);
	struct err err;

	long_mode(vm);
	vm_run(vm, 1, &err); /* the code, the tables and the first page are mapped by now */
	paging_fill(&vm->paging, 0xa000, EPT_R);
	vm->vcpu[0].walks.guest = vm->vcpu[0].walks.ept = 0;
	vm_run(vm, 1, &err);
	ck_assert_uint_eq(vm->vcpu[0].walks.guest, 4);
	ck_assert_uint_eq(vm->vcpu[0].walks.guest + vm->vcpu[0].walks.ept, 24);
	vm_destroy(vm);
}
END_TEST

/* Every page comes by one EPT violation, and only when it is touched. */
START_TEST(pages_come_when_they_are_touched)
{
	struct vm *vm = machine(4096);
	struct err err;

	long_mode(vm);
	vm_run(vm, 1, &err);
	ck_assert_uint_eq(vm->paging.counts.fills, 4 + 1 + 1); /* the guest's four tables, its code, its data */
	vm_run(vm, 1, &err);
	ck_assert_uint_eq(vm->paging.counts.fills, 4 + 1 + 2);
	mem_slot_change(&vm->mem, 0, mem_slot_get(&vm->mem, 0)->frame, SLOT_ROM, &err);
	ck_assert_uint_eq(vm->paging.used, 1); /* what is mapped may not be true any more */
	vm_destroy(vm);
}
END_TEST

static void count_line(void *arg, const struct tlb_line *line) { ++*(int *)arg; }

static int tlb_lines(struct vm *vm)
{
	int n = 0;

	vm->engine->tlb_each(&vm->vcpu[0], count_line, &n);
	return n;
}

/* No table is left for a page: all are emptied, and the processor keeps nothing that it took from them. */
START_TEST(a_full_pool_is_emptied_and_forgotten)
{
	struct vm *vm = machine(4096);
	struct err err;

	long_mode(vm);
	vm_run(vm, 2, &err);
	ck_assert_int_gt(tlb_lines(vm), 0);
	vm->paging.used = vm->paging.pool;
	vm->paging.counts.flushes = 0;
	ck_assert(paging_fill(&vm->paging, 2 * MIB, EPT_R));
	ck_assert_uint_eq(vm->paging.counts.flushes, 1);
	ck_assert_uint_eq(vm->vcpu[0].tlb.drops[CAUSE_INVEPT], 1);
	ck_assert_int_eq(tlb_lines(vm), 0);
	ck_assert_uint_eq(vm->paging.used, 1 + 3); /* the root, and those that lead to this page */
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_full_pool_is_emptied_and_forgotten,
		walks_four_levels,
		sets_accessed_and_dirty,
		combines_rights,
		finds_misconfigurations,
		large_pages_take_fewer_steps,
		a_cold_walk_is_24_references,
		pages_come_when_they_are_touched,
	};

	return unit_run("ept", tests, ARRAY_LEN(tests));
}
