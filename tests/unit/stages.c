/* SPDX-License-Identifier: GPL-3.0-or-later
 * stages.c - the tables of all stages as records: walks, ranges, differences, who maps a page, memory as a picture.
 * Rule: what is expected was worked out by hand from the entries that the test wrote.
 */
#include <errno.h>

#include "core/shadow.h"
#include "core/snapshot.h"
#include "debugger/session/page-map.h"
#include "debugger/session/stage.h"
#include "tests/unit/described.h"

static void open_in(enum paging_mode mode)
{
	described_paging = mode;
	open_machine();
	tables_64();
}

/* As the processor's page fault would. */
static void touch(u64 gva, u32 access)
{
	struct x86_state st;
	struct shadow_regs r = { 0 };

	vcpu_get(&vm->vcpu[0], &st, ST_ALL);
	r = (struct shadow_regs){ st.cr0[0], st.cr3[0], st.cr4[0], st.efer[0], { 0 } };
	ck_assert_int_eq(shadow_fault(&vm->paging, 0, &r, gva, access).verdict, SHADOW_FILLED);
}

static struct stage stage(enum stage_kind kind)
{
	struct stage st;

	ck_assert_msg(stage_of(&session, kind, 0, &st, &err) == 0, "%s", err.text);
	return st;
}

START_TEST(a_stage_that_is_not_there_says_so)
{
	struct stage st;

	open_in(PAGING_NONE);
	ck_assert_int_eq(stage_of(&session, STAGE_EPT, 0, &st, &err), -ENOENT);
	want(err.text, "--paging ept");
	ck_assert_int_eq(stage_of(&session, STAGE_SHADOW, 0, &st, &err), -ENOENT);
	want(err.text, "--paging shadow");
	ck_assert_int_eq(stage_of(&session, STAGE_GUEST, 9, &st, &err), -EIO);
	close_machine();
}
END_TEST

START_TEST(extended_tables_page_by_page)
{
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct stage st;
	char flags[8];

	open_in(PAGING_EPT);
	st = stage(STAGE_EPT);
	ck_assert_int_eq(stage_walk(&st, 0x5000, row, &end), 1);
	ck_assert(!end.found && !row[0].present);
	ck_assert_str_eq(end.why, "not present");
	ck_assert(paging_fill(&vm->paging, 0x5000, EPT_R));
	ck_assert_int_eq(stage_walk(&st, 0x5abc, row, &end), 4);
	ck_assert(end.found && end.writable && end.executable && !end.user);
	ck_assert_uint_eq(end.to, 0x5abc);
	describe_entry_flags(&row[3], flags);
	ck_assert_str_eq(flags, "rwx----");
	struct lines l = { 0 };
	describe_mappings(&session, STAGE_EPT, 0, 10, &l);
	want(all(&l), "0000000000005000..0000000000005fff       4 KiB  rwx-  -> 5000\n1 range, 4 KiB");
	close_machine();
}
END_TEST

static u32 excesses, lacks;
static const char *excess_what;

static void count(void *arg, const struct difference *d)
{
	excesses += d->excess;
	lacks += !d->excess;
	if (d->excess)
		excess_what = d->what;
}

static void compare(void)
{
	bool whole;

	excesses = lacks = 0;
	ck_assert_int_eq(differences_each(&session, 0, count, NULL, &whole, &err), 0);
}

/* 1000h is writable and dirty, 2000h is read-only and not executable. */
START_TEST(shadow_beside_the_guest)
{
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct stage st;
	u64 spoilt = 0x5000 | 0x65;

	open_in(PAGING_SHADOW);
	touch(0x1234, WALK_WRITE);
	touch(0x2000, 0);
	st = stage(STAGE_SHADOW);
	ck_assert_int_eq(stage_walk(&st, 0x1234, row, &end), 4);
	ck_assert(end.found && end.writable && end.executable && end.user);
	ck_assert_uint_eq(end.to, 0x5234);
	stage_walk(&st, 0x2000, row, &end);
	ck_assert(end.found && !end.writable && !end.executable);
	compare();
	ck_assert_uint_eq(excesses, 0);
	ck_assert_uint_gt(lacks, 0);
	/* the guest's entry loses W, and nobody is told: that is what `+` is for */
	memcpy(mem_host(&vm->mem, PT + 8, 8, true), &spoilt, 8);
	compare();
	ck_assert_uint_eq(excesses, 1);
	ck_assert_str_eq(excess_what, "writable");
	close_machine();
}
END_TEST

/* Without 64-bit mode a linear address has 32 bits: 4 GiB further there is nothing, although the tables are the same. */
START_TEST(shadow_of_32_bits_ends_at_4_gib)
{
	struct x86_state st;
	struct lines l = { 0 };

	described_paging = PAGING_SHADOW;
	open_machine();
	st = state(CR0_PE | CR0_ET, 0, 0, 0);
	set_state(&st);
	touch(0x7000, 0);
	describe_mappings(&session, STAGE_SHADOW, 0, 10, &l);
	want(all(&l), "0000000000007000..0000000000007fff       4 KiB  rwxu  -> 7000\n1 range");
	close_machine();
}
END_TEST

static u32 mappers[MAPPER_TLB + 1];

static void count_mapper(void *arg, const struct mapper *m)
{
	mappers[m->kind]++;
}

START_TEST(who_maps_a_page)
{
	open_in(PAGING_SHADOW);
	touch(0x1234, WALK_WRITE);
	memset(mappers, 0, sizeof(mappers));
	mappers_each(&session, 0x5fff, count_mapper, NULL);
	ck_assert_uint_eq(mappers[MAPPER_SHADOW], 1);
	ck_assert_uint_ge(mappers[MAPPER_GUEST],
			  1); /* the root maps itself, so the same entry is met at other addresses */
	memset(mappers, 0, sizeof(mappers));
	mappers_each(&session, PT, count_mapper, NULL);
	ck_assert_uint_ge(mappers[MAPPER_TABLE], 1);
	memset(mappers, 0, sizeof(mappers));
	mappers_each(&session, 0x9000, count_mapper, NULL);
	ck_assert_uint_eq(mappers[MAPPER_GUEST] + mappers[MAPPER_SHADOW] + mappers[MAPPER_EPT] +
				  mappers[MAPPER_TLB],
			  0);
	close_machine();
}
END_TEST

static u64 pages_in(enum map_space space, enum map_cell kind, u32 most)
{
	struct page_map m;
	u64 n, sum = 0;

	ck_assert_msg(page_map_make(&m, &session, space, most, &err) == 0, "%s", err.text);
	ck_assert_uint_le(m.n, most);
	for (int i = 0; i < MAP_CELLS; i++)
		sum += m.count[i];
	if (space == MAP_MACHINE)
		ck_assert_uint_eq(sum, m.pages);
	n = m.count[kind];
	page_map_free(&m);
	return n;
}

START_TEST(memory_as_a_picture)
{
	open_in(PAGING_EPT);
	ck_assert_uint_eq(pages_in(MAP_MACHINE, CELL_TABLES, 100), vm->paging.pool);
	ck_assert_uint_eq(pages_in(MAP_GUEST, CELL_GUEST_TABLE, 7), 4);
	ck_assert_uint_eq(pages_in(MAP_GUEST, CELL_USER, 1), 2);
	ck_assert_uint_eq(pages_in(MAP_GUEST, CELL_KERNEL, 5000), 512);
	ck_assert_uint_eq(pages_in(MAP_STATE, CELL_OUT, 64), 0);
	close_machine();
}
END_TEST

/* A page of a paged slot that nobody touched shows the frame of zeros; one that was written has a frame of its own. */
START_TEST(the_state_of_shared_pages)
{
	const struct mem_slot *slot;
	u64 zeros, value = 1;

	open_in(PAGING_NONE);
	slot = mem_slot_at(&vm->mem, 0x100000);
	ck_assert_msg(mem_make_paged(&vm->mem, slot->id, &err) == 0, "%s", err.text);
	zeros = pages_in(MAP_STATE, CELL_ZERO, 64);
	ck_assert_uint_gt(zeros, 0);
	ck_assert(mem_write(&vm->mem, 0x300000, &value, 8));
	ck_assert_uint_eq(pages_in(MAP_STATE, CELL_ZERO, 64), zeros - 1);
	close_machine();
}
END_TEST

START_TEST(looking_changes_nothing)
{
	for (int mode = PAGING_NONE; mode <= PAGING_SHADOW; mode++) {
		struct lines l = { 0 };

		open_in((enum paging_mode)mode);
		if (mode == PAGING_SHADOW)
			touch(0x1000, 0);
		u64 before = vm_state_hash(vm), used = vm->paging.used;
		describe_translate(&session, 0, 0x1234, &l);
		describe_translate(&session, 0, 0x400000, &l);
		describe_ept(&session, 0x5000, &l);
		describe_shadow(&session, 0, 0x1000, &l);
		describe_shadow_tables(&session, &l);
		describe_difference(&session, 0, 100, &l);
		describe_tlb(&session, 0, 80, &l);
		describe_owner(&session, 0x5000, &l);
		for (int space = 0; space < MAP_SPACES; space++)
			describe_page_map(&session, (enum map_space)space, 80, 5, &l);
		for (int kind = 0; kind < STAGES; kind++)
			describe_tables(&session, (enum stage_kind)kind, 0, NULL, 0, true, &l);
		ck_assert(!l.failed);
		lines_free(&l);
		ck_assert_uint_eq(vm_state_hash(vm), before);
		ck_assert_uint_eq(vm->paging.used, used);
		close_machine();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_stage_that_is_not_there_says_so,
		extended_tables_page_by_page,
		shadow_beside_the_guest,
		shadow_of_32_bits_ends_at_4_gib,
		who_maps_a_page,
		memory_as_a_picture,
		the_state_of_shared_pages,
		looking_changes_nothing,
	};

	return unit_run("stages", tests, ARRAY_LEN(tests));
}
