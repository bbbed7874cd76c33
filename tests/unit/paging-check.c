/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging-check.c - the checker of the hypervisor's tables finds what is wrong: every rule is broken once, on purpose.
 * Rule: each test first sees the checker content with the same tables.
 */
#include "core/paging-check.h"

#include "core/shadow.h"
#include "core/vm.h"
#include "core/x86/x86.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20, ROOT = 0x1000, CODE = 0x8000, PAGE = 0x9000, LEAF_AT = 0x4000 + 9 * 8 };

static struct vm *vm;
static struct buf text;

/* A 64-bit guest whose first 2 MiB are themselves, by 4 KiB pages; it writes to 9000h and reads a000h. */
static void guest(void)
{
	const u64 root = 0x2007, l3 = 0x3007, l2 = 0x4007;
	struct x86_state s;
	struct err err;

	mem_write(&vm->mem, 0x1000, &root, 8);
	mem_write(&vm->mem, 0x2000, &l3, 8);
	mem_write(&vm->mem, 0x3000, &l2, 8);
	for (u64 i = 0; i < 512; i++) {
		u64 page = i << 12 | 3;
		mem_write(&vm->mem, 0x4000 + 8 * i, &page, 8);
	}
	mem_write(&vm->mem, CODE, "\x89\x03\x8b\x01\x90", 5); /* mov [rbx], eax; mov eax, [rcx]; nop */
	x86_state_reset(&s, cpu_signature(vm->cpu));
	s.cr0[0] = CR0_PE | CR0_PG | CR0_WP;
	s.cr3[0] = ROOT;
	s.cr4[0] = CR4_PAE;
	s.efer[0] = EFER_LME | EFER_LMA;
	s.seg_base[SEG_CS] = 0;
	s.seg_attr[SEG_CS] = 0xa09b;
	s.rip[0] = CODE;
	s.gpr[RBX] = PAGE;
	s.gpr[RCX] = 0xa000;
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	ck_assert_int_eq(vm_run(vm, 2, &err), STOP_BUDGET);
}

static void start(enum paging_mode mode, bool checked)
{
	static struct err err;
	const struct vm_config config = { .engine = &engine_interp, .mem_size = 4 * MIB, .cpus = 1, .paging = mode,
					  .page_max = 4096, .check_paging = checked };

	vm = vm_create(&config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, 4 * MIB, frames_alloc(vm->frames, 4 * MIB / PAGE_SIZE_4K), 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	guest();
	ck_assert_uint_eq(paging_check_all(vm, &text), 0);
}

static void end(void)
{
	buf_free(&text);
	vm_destroy(vm);
}

/* The entry that maps the guest page at gpa. */
static u64 *ept_leaf(u64 gpa)
{
	struct ept_env env = paging_env(&vm->paging);
	struct ept_result res;

	ck_assert(ept_walk(&env, gpa, 0, &res));
	return (u64 *)(void *)(vm->paging.view + (res.step[res.steps - 1].gpa - vm->paging.first * PAGE_SIZE_4K));
}

static bool take(void *arg, const struct shadow_entry_info *e)
{
	*(struct shadow_entry_info *)arg = *e;
	return false;
}

static u64 *shadow_leaf(u64 gpa)
{
	struct shadow_entry_info e = { 0 };

	shadow_who_maps(&vm->paging, gpa, take, &e);
	ck_assert(e.value & PTE_P);
	return (u64 *)(void *)(vm->paging.view + (e.table.address - vm->paging.first * PAGE_SIZE_4K) + e.index * 8);
}

/* From now on it must be found, and told with this word in it. */
static void found(const char *word)
{
	ck_assert_uint_gt(paging_check_all(vm, &text), 0);
	ck_assert_msg(strstr(buf_text(&text), word) != NULL, "'%s' not in: %s", word, buf_text(&text));
}

START_TEST(ept_to_another_frame)
{
	start(PAGING_EPT, false);
	*ept_leaf(PAGE) += PAGE_SIZE_4K;
	found("another frame");
	end();
}
END_TEST

START_TEST(ept_to_its_own_tables)
{
	start(PAGING_EPT, false);
	u64 *e = ept_leaf(PAGE);
	*e = (*e & PAGE_MASK_4K) | vm->paging.first * PAGE_SIZE_4K;
	found("own tables");
	end();
}
END_TEST

START_TEST(ept_of_rom_writable)
{
	start(PAGING_EPT, false);
	struct err err;
	u64 entry = *ept_leaf(PAGE);
	const struct mem_slot *slot = mem_slot_at(&vm->mem, PAGE);
	ck_assert(mem_slot_change(&vm->mem, slot->id, slot->frame, SLOT_ROM, &err) >= 0);
	ck_assert(paging_fill(&vm->paging, PAGE, EPT_R));
	*ept_leaf(PAGE) = entry;
	found("ROM, and writable");
	end();
}
END_TEST

START_TEST(ept_tables_that_loop)
{
	start(PAGING_EPT, false);
	u64 *root = (u64 *)(void *)vm->paging.view;
	root[5] = root[0];
	found("can be reached");
	end();
}
END_TEST

START_TEST(shadow_to_another_frame)
{
	start(PAGING_SHADOW, false);
	*shadow_leaf(PAGE) += PAGE_SIZE_4K;
	found("another frame");
	end();
}
END_TEST

START_TEST(shadow_allows_users)
{
	start(PAGING_SHADOW, false);
	*shadow_leaf(PAGE) |= PTE_U;
	found("allows rwux, the guest's entry 4048h");
	end();
}
END_TEST

START_TEST(shadow_writable_before_it_is_dirty)
{
	start(PAGING_SHADOW, false);
	*shadow_leaf(0xa000) |= PTE_W;
	found("D bit is clear");
	end();
}
END_TEST

START_TEST(shadow_of_a_table_writable)
{
	start(PAGING_SHADOW, false);
	struct x86_state s;
	struct err err;
	vcpu_get(&vm->vcpu[0], &s, ST_ALL);
	s.rip[0] = CODE + 2;
	s.gpr[RCX] = LEAF_AT; /* reads a table: mapped, not writable */
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], &s, ST_ALL, &err), 0);
	vm_run(vm, 1, &err);
	ck_assert_uint_eq(paging_check_all(vm, &text), 0);
	*shadow_leaf(LEAF_AT) |= PTE_W;
	found("a shadow is made from what the guest has there");
	end();
}
END_TEST

/* The guest's entry changes, and nobody tells the pager: what a sync that was forgotten would leave. */
START_TEST(shadow_misses_a_change)
{
	start(PAGING_SHADOW, false);
	const u64 fewer = PAGE | 0x61; /* no W */
	memcpy(mem_host(&vm->mem, LEAF_AT, 8, true), &fewer, 8);
	found("a change of the guest's was missed");
	end();
}
END_TEST

START_TEST(shadow_misses_a_directory)
{
	start(PAGING_SHADOW, false);
	const u64 other = 0x5067;
	memcpy(mem_host(&vm->mem, 0x3000, 8, true), &other, 8);
	found("stands for another one");
	end();
}
END_TEST

START_TEST(too_few_references)
{
	start(PAGING_NONE, false);
	ck_assert_uint_eq(paging_check_frames(&vm, 1, &text), 0);
	vm->frames->refs[mem_frame(&vm->mem, PAGE)] = 0;
	ck_assert_uint_gt(paging_check_frames(&vm, 1, &text), 0);
	vm->frames->refs[mem_frame(&vm->mem, PAGE)] = 1;
	end();
}
END_TEST

/* With --check-paging the run ends, and the error names the entry; entries nobody touched are found at the end of a run. */
START_TEST(a_run_ends)
{
	for (enum paging_mode mode = PAGING_EPT; mode <= PAGING_SHADOW; mode++) {
		struct err err = { 0 };

		start(mode, true);
		*(mode == PAGING_EPT ? ept_leaf(PAGE) : shadow_leaf(PAGE)) += PAGE_SIZE_4K;
		ck_assert_int_eq(vm_run(vm, 100, &err), STOP_ERROR);
		ck_assert_msg(strstr(err.text, "--check-paging") && strstr(err.text, "9000h"), "%s", err.text);
		ck_assert_uint_gt(paging_check_counts(vm).entries, 0);
		end();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ept_to_another_frame,
		ept_to_its_own_tables,
		ept_of_rom_writable,
		ept_tables_that_loop,
		shadow_to_another_frame,
		shadow_allows_users,
		shadow_writable_before_it_is_dirty,
		shadow_of_a_table_writable,
		shadow_misses_a_change,
		shadow_misses_a_directory,
		too_few_references,
		a_run_ends,
	};

	return unit_run("paging-check", tests, ARRAY_LEN(tests));
}
