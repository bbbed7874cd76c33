/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe.c - lists of lines, registers' bits and page tables in words, against what the test has written
 * itself.
 * Rule: what is expected is worked out by hand from the manual, or comes from Linux' own headers.
 */
#if defined(__x86_64__) && defined(__linux__) /* the header of Linux' own is there on its processors only */
#include <asm/processor-flags.h>
#endif

#include "core/x86/bits.h"
#include "tests/unit/described.h"

/* ---- lines ---- */

START_TEST(lines_grow_and_end)
{
	struct lines l = { 0 };
	u32 len;

	lines_add(&l, LINE_TITLE, "%s", "one");
	lines_more(&l, "+%d", 2);
	lines_add(&l, LINE_TEXT, "two")->changed = true;
	ck_assert_uint_eq(l.n, 2);
	ck_assert_mem_eq(lines_at(&l, 0, &len), "one+2", 5);
	ck_assert_uint_eq(len, 5);
	ck_assert_str_eq(all(&l), " one+2\n*two\n");
	for (int i = 0; i < LINES_MAX + 10; i++)
		lines_add(&l, LINE_TEXT, "%d", i)->value = (u64)i;
	ck_assert_uint_eq(l.n, LINES_MAX);
	ck_assert(l.cut);
	ck_assert_uint_eq(l.line[LINES_MAX - 1].value, LINES_MAX - 1);
	lines_clear(&l);
	ck_assert_str_eq(all(&l), "");
}
END_TEST

/* ---- bits ---- */

#if defined(__x86_64__) && defined(__linux__)
/* Linux' names for the same bits. */
static const struct { const char *reg, *name; u64 mask;
} linux_bits[] = {
#define SAME(reg, prefix, name) { #reg, #name, X86_##prefix##_##name },
	SAME(rflags, EFLAGS, CF) SAME(rflags, EFLAGS, PF) SAME(rflags, EFLAGS, AF) SAME(
		rflags, EFLAGS, ZF) SAME(rflags, EFLAGS, SF) SAME(rflags, EFLAGS, TF) SAME(rflags, EFLAGS, IF)
		SAME(rflags, EFLAGS, DF) SAME(rflags, EFLAGS, OF) SAME(rflags, EFLAGS, IOPL) SAME(
			rflags, EFLAGS, NT) SAME(rflags, EFLAGS, RF) SAME(rflags, EFLAGS, VM)
			SAME(rflags, EFLAGS, AC) SAME(rflags, EFLAGS, VIF) SAME(rflags, EFLAGS, VIP) SAME(
				rflags, EFLAGS, ID) SAME(cr0, CR0, PE) SAME(cr0, CR0, MP) SAME(cr0, CR0, EM)
				SAME(cr0, CR0, TS) SAME(cr0, CR0, ET) SAME(cr0, CR0, NE) SAME(cr0, CR0, WP)
					SAME(cr0, CR0, AM) SAME(cr0, CR0, NW) SAME(cr0, CR0, CD) SAME(
						cr0, CR0, PG) SAME(cr3, CR3, PWT) SAME(cr3, CR3, PCD)
						SAME(cr4, CR4, VME) SAME(cr4, CR4, PVI) SAME(
							cr4, CR4, TSD) SAME(cr4, CR4, DE) SAME(cr4, CR4, PSE)
							SAME(cr4, CR4, PAE) SAME(cr4, CR4, MCE) SAME(
								cr4, CR4, PGE) SAME(cr4, CR4, PCE)
								SAME(cr4, CR4, OSFXSR) SAME(
									cr4, CR4, OSXMMEXCPT) SAME(cr4, CR4,
												   UMIP)
									SAME(cr4, CR4, LA57) SAME(
										cr4, CR4,
										VMXE) SAME(cr4, CR4, SMXE)
										SAME(cr4, CR4, FSGSBASE) SAME(
											cr4, CR4,
											PCIDE) SAME(cr4, CR4,
												    OSXSAVE)
											SAME(cr4, CR4,
											     SMEP) SAME(cr4,
													CR4,
													SMAP)
												SAME(cr4, CR4,
												     PKE)
#undef SAME
};

START_TEST(bits_are_those_of_linux)
{
	for (u32 i = 0; i < ARRAY_LEN(linux_bits); i++) {
		const struct bit_name *b = register_bit(linux_bits[i].reg, linux_bits[i].name);

		ck_assert_msg(b != NULL, "%s.%s", linux_bits[i].reg, linux_bits[i].name);
		ck_assert_uint_eq(((1ull << b->count) - 1) << b->first, linux_bits[i].mask);
	}
}
END_TEST
#endif

START_TEST(bits_of_a_register_do_not_overlap)
{
	static const char *const regs[] = { "rflags", "cr0",   "cr3", "cr4", "efer", "dr6", "dr7",
					    "xcr0",   "mxcsr", "fcw", "fsw", "pte",  "pf" };

	for (u32 r = 0; r < ARRAY_LEN(regs); r++) {
		int n, end = 0;
		const struct bit_name *row = register_bits(regs[r], &n);

		ck_assert_int_gt(n, 0);
		for (int i = 0; i < n; i++) {
			ck_assert_str_eq(row[i].reg, regs[r]);
			ck_assert_int_ge(row[i].first, end);
			end = row[i].first + row[i].count;
		}
		ck_assert_int_le(end, 64);
	}
}
END_TEST

START_TEST(registers_in_words)
{
	static const struct { const char *reg; u64 value; const char *words;
	} rows[] = {
		{ "cr0", 0x80050033, "PE MP ET NE WP AM PG" },
		{ "cr4", 0x6a0, "PAE PGE OSFXSR OSXMMEXCPT" },
		{ "efer", 0xd01, "SCE LME LMA NXE" },
		{ "rflags", 0x3246, "PF ZF IF IOPL=3" },
		{ "rflags", 2, "" },
		{ "pte", 0x8000000000000063, "P W A D NX" },
	};
	struct buf b = { 0 };
	struct lines l = { 0 };

	for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
		ck_assert(describe_bits(rows[i].reg, rows[i].value, &b));
		ck_assert_str_eq(taken(&b), rows[i].words);
	}
	ck_assert(!describe_bits("cr9", 1, &b));
	ck_assert(describe_bits_long("rflags", 0x3002, &l));
	want(all(&l), "12-13  IOPL       3  privilege level");
}
END_TEST

/* ---- walks ---- */

static int rows_for(u64 gva, struct walk_row *row, struct walk_result *res, bool *ok)
{
	struct paging p;

	ck_assert_int_eq(paging_of(&session, 0, &p), 0);
	return describe_walk_rows(&p, gva, row, res, ok);
}

START_TEST(walk_of_four_levels)
{
	struct walk_row row[WALK_ROWS];
	struct walk_result res;
	char flags[8];
	bool ok;

	open_machine();
	tables_64();
	ck_assert_int_eq(rows_for(0x1234, row, &res, &ok), 4);
	ck_assert(ok);
	ck_assert_uint_eq(res.gpa, 0x5234);
	ck_assert_str_eq(row[0].name, "PML4");
	ck_assert_uint_eq(row[0].frame, PDPT);
	ck_assert_uint_eq(row[3].gpa, PT + 8);
	ck_assert_uint_eq(row[3].index, 1);
	ck_assert_uint_eq(row[3].frame, 0x5000);
	describe_entry_flags(&row[3], flags);
	ck_assert_str_eq(flags, "pwxuad-");
	rows_for(0x2000, row, &res, &ok);
	describe_entry_flags(&row[3], flags);
	ck_assert_str_eq(flags, "p--ua--");
	ck_assert_int_eq(rows_for(0x345678, row, &res, &ok), 3);
	ck_assert(ok && row[2].large);
	ck_assert_uint_eq(res.gpa, 0x345678);
	describe_entry_flags(&row[2], flags);
	ck_assert_str_eq(flags, "pwx-adg");
	ck_assert_int_eq(rows_for(0x3000, row, &res, &ok), 4);
	ck_assert(!ok && row[3].reserved && row[3].present);
	ck_assert_int_eq(rows_for(0x400000, row, &res, &ok), 3);
	ck_assert(!ok && !row[2].present);
	close_machine();
}
END_TEST

START_TEST(walk_in_words)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	tables_64();
	describe_walk(&session, 0, 0x1234, &l);
	t = all(&l);
	want(t, "4-level paging");
	want(t, "PT    000000013008    1  0000000000005067  pwxuad-  000000005000");
	want(t, "-> gpa 000000005234  RAM `RAM', machine frame");
	want(t, "page of 4 KiB: user, writable, executable, dirty");
	describe_walk(&session, 0, 0x2000, &l);
	want(all(&l), "page of 4 KiB: user, read-only, not executable");
	describe_walk(&session, 0, 0x3000, &l);
	t = all(&l);
	want(t, "reserved bits set");
	want(t, "page fault");
	describe_walk(&session, 0, 0x400000, &l);
	want(all(&l), "not present");
	describe_walk(&session, 7, 0, &l);
	want(all(&l), "processor 7");
	close_machine();
}
END_TEST

START_TEST(walk_of_32_bit_and_pae)
{
	struct walk_row row[WALK_ROWS];
	struct walk_result res;
	struct x86_state st;
	char flags[8];
	bool ok;

	open_machine();
	put32(PD + 4 * 1, 0x00c00083); /* 4 MiB page: 4 MiB.. -> 12 MiB */
	put32(PD, PT | 7);
	put32(PT + 4 * 5, 0x9007);
	st = state(CR0_PE | CR0_PG | CR0_ET, PD, CR4_PSE, 0);
	set_state(&st);
	ck_assert_int_eq(rows_for(0x5123, row, &res, &ok), 2);
	ck_assert(ok);
	ck_assert_uint_eq(res.gpa, 0x9123);
	ck_assert_uint_eq(row[1].size, 4);
	ck_assert_int_eq(rows_for(0x512345, row, &res, &ok), 1);
	ck_assert(ok && row[0].large);
	ck_assert_uint_eq(row[0].frame, 0xc00000);
	ck_assert_uint_eq(res.gpa, 0xd12345);
	put64(PD, 0xe7 | 0x600000);
	st = state(CR0_PE | CR0_PG | CR0_ET, 0x20000, CR4_PAE, 0);
	st.pdpte[3] = PD | 1;
	set_state(&st);
	ck_assert_int_eq(rows_for(0xc0012345, row, &res, &ok), 2);
	ck_assert(ok);
	ck_assert_str_eq(row[0].name, "PDPTE");
	ck_assert_uint_eq(row[0].gpa, UINT64_MAX);
	describe_entry_flags(&row[0], flags);
	ck_assert_str_eq(flags, "p------");
	ck_assert_uint_eq(res.gpa, 0x612345);
	ck_assert_int_eq(rows_for(0x1000, row, &res, &ok), 1);
	ck_assert(!ok && !row[0].present);
	close_machine();
}
END_TEST

START_TEST(without_paging)
{
	struct lines l = { 0 };

	open_machine();
	describe_walk(&session, 0, 0x1234, &l);
	want(all(&l), "no paging");
	describe_tables(&session, STAGE_GUEST, 0, NULL, 0, false, &l);
	want(all(&l), "linear addresses are guest-physical addresses");
	describe_mappings(&session, STAGE_GUEST, 0, 10, &l);
	want(all(&l), "linear addresses are guest-physical addresses");
	describe_heat(&session, STAGE_GUEST, 0, 1, 0, 80, &l);
	want(all(&l), "no paging");
	describe_table(&session, 0, PD, 1, 0, false, &l);
	want(all(&l), "no table of level 1");
	close_machine();
}
END_TEST

/* ---- tables ---- */

START_TEST(tree_opens_where_it_is_asked)
{
	static const struct table_open open[] = { { 0, 3 }, { 0, 2 }, { 0, 1 } };
	struct lines l = { 0 };
	const char *t;

	open_machine();
	tables_64();
	describe_tables(&session, STAGE_GUEST, 0, NULL, 0, false, &l);
	ck_assert_uint_eq(l.line[1].about, ABOUT_TABLE);
	ck_assert_uint_eq(l.line[1].level, 3);
	ck_assert_uint_eq(l.line[1].value, PML4);
	t = all(&l);
	want(t, "+L4   0 0000000000000000 pwxua-- 11000");
	want(t, "1..510 absent");
	want(t, "+L4 511 ffffff8000000000");
	ck_assert_ptr_null(strstr(t, "L3"));
	describe_tables(&session, STAGE_GUEST, 0, open, ARRAY_LEN(open), false, &l);
	t = all(&l);
	want(t, "-L4   0");
	want(t, " -L3   0");
	want(t, "  -L2   0");
	want(t, "    L1   1 0000000000001000 pwxuad- 5000");
	want(t, "    L1   3 0000000000003000 pwx---- 7000 reserved bits");
	want(t, "   L2   1 0000000000200000 pwx-adg 200000 large");
	close_machine();
}
END_TEST

START_TEST(ranges_join_pages_with_equal_rights)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	tables_64();
	put64(PML4 + 511 * 8, 0);
	put64(PT + 4 * 8, 0x9000 | 7);
	put64(PT + 5 * 8, 0xa000 | 7);
	put64(PT + 6 * 8, 0xc000 | 7);
	describe_mappings(&session, STAGE_GUEST, 0, 100, &l);
	t = all(&l);
	want(t, "0000000000004000..0000000000005fff       8 KiB  rwxu  -> 9000");
	want(t, "0000000000006000..0000000000006fff       4 KiB  rwxu  -> c000");
	want(t, "0000000000002000..0000000000002fff       4 KiB  r--u  -> 6000");
	want(t, "0000000000200000..00000000003fffff       2 MiB  rwx-  -> 200000");
	describe_mappings(&session, STAGE_GUEST, 0, 1, &l);
	want(all(&l), "ranges more");
	close_machine();
}
END_TEST

/* Every entry of every level leads to the same table: 2^36 pages, of which only so many are looked at. */
START_TEST(tables_in_a_circle_come_to_an_end)
{
	struct lines l = { 0 };

	open_machine();
	tables_64();
	for (int i = 0; i < 512; i++)
		put64(PML4 + (u64)i * 8, PML4 | 0x27);
	describe_mappings(&session, STAGE_GUEST, 0, 100, &l);
	want(all(&l), "more entries than are looked at");
	close_machine();
}
END_TEST

START_TEST(heat_of_a_table)
{
	struct lines l = { 0 };
	const char *t;

	open_machine();
	tables_64();
	put64(PT + 5 * 8, 0xa000 | 7);
	describe_heat(&session, STAGE_GUEST, 0, 1, 0x1000, 70, &l);
	t = all(&l);
	want(t, "PT for 0..");
	want(t, "   0 .da-.-..........");
	want(t, " 448 ................................................................\n");
	describe_heat(&session, STAGE_GUEST, 0, 0, 0, 40, &l);
	want(all(&l), "   0 T...............................\n");
	describe_table(&session, 0, PT, 1, 0, false, &l);
	want(all(&l), "PT    000000013008    1  0000000000005067  pwxuad-  000000005000");
	close_machine();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
#if defined(__x86_64__) && defined(__linux__)
		bits_are_those_of_linux,
#endif
		lines_grow_and_end, bits_of_a_register_do_not_overlap,
		registers_in_words, walk_of_four_levels, walk_in_words, walk_of_32_bit_and_pae,
		without_paging, tree_opens_where_it_is_asked, ranges_join_pages_with_equal_rights,
		tables_in_a_circle_come_to_an_end, heat_of_a_table,
	};

	return unit_run("describe", tests, ARRAY_LEN(tests));
}
