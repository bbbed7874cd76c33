/* SPDX-License-Identifier: GPL-3.0-or-later
 * state.c - facts about the vCPU's state after power-up (SDM 3A table 9-1), its groups and names.
 * Rule: the values are the manual's, typed from it, not read back from the list.
 */
#include "core/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/unit.h"

static struct x86_state power_up(void)
{
	struct x86_state s;

	memset(&s, 0xaa, sizeof(s));
	x86_state_reset(&s, 0x306d4);
	return s;
}

START_TEST(power_up_registers)
{
	struct x86_state s = power_up();

	for (int r = 0; r < X86_GPRS; r++)
		ck_assert_uint_eq(s.gpr[r], r == RDX ? 0x306d4 : 0);
	ck_assert_uint_eq(s.rip[0], 0xfff0);
	ck_assert_uint_eq(s.rflags[0], 2);
	ck_assert_uint_eq(s.cr0[0], 0x60000010);
	ck_assert_uint_eq(s.cr3[0], 0);
	ck_assert_uint_eq(s.cr4[0], 0);
	ck_assert_uint_eq(s.efer[0], 0);
	ck_assert_uint_eq(s.dr[0] | s.dr[1] | s.dr[2] | s.dr[3], 0);
	ck_assert_uint_eq(s.dr[6], 0xffff0ff0);
	ck_assert_uint_eq(s.dr[7], 0x400);
	ck_assert_uint_eq(s.pat[0], 0x0007040600070406);
	ck_assert_uint_eq(s.icount[0], 0);
	ck_assert_uint_eq(s.activity[0], ACT_ACTIVE);
}
END_TEST

START_TEST(power_up_segments)
{
	struct x86_state s = power_up();

	ck_assert_uint_eq(s.seg_sel[SEG_CS], 0xf000);
	ck_assert_uint_eq(s.seg_base[SEG_CS], 0xffff0000);
	ck_assert_uint_eq(s.seg_attr[SEG_CS], 0x9b);
	ck_assert_uint_eq(s.seg_base[SEG_CS] + s.rip[0],
			  0xfffffff0); /* the first instruction (SDM 3A 9.1.4) */
	for (int i = 0; i < X86_SEGS; i++) {
		ck_assert_uint_eq(s.seg_limit[i], 0xffff);
		if (i == SEG_CS)
			continue;
		ck_assert_uint_eq(s.seg_sel[i], 0);
		ck_assert_uint_eq(s.seg_base[i], 0);
		ck_assert_uint_eq(s.seg_attr[i], i == SEG_LDTR ? 0x82 : i == SEG_TR ? 0x8b : 0x93);
	}
	ck_assert_uint_eq(s.gdtr_limit[0], 0xffff);
	ck_assert_uint_eq(s.idtr_limit[0], 0xffff);
}
END_TEST

START_TEST(reset_leaves_no_trace_of_before)
{
	struct x86_state a, b;

	memset(&a, 0x55, sizeof(a));
	memset(&b, 0xff, sizeof(b));
	x86_state_reset(&a, 1);
	x86_state_reset(&b, 1);
	ck_assert_mem_eq(&a, &b, sizeof(a));
}
END_TEST

START_TEST(every_field_has_its_group)
{
	static const struct {
		const char *name;
		enum state_group group;
	} facts[] = {
		{ "gpr", ST_GPR },        { "rflags", ST_GPR },
		{ "seg_base", ST_SEG },   { "idtr_base", ST_SEG },
		{ "cr0", ST_CTRL },       { "pdpte", ST_CTRL },
		{ "star", ST_MSR },       { "mtrr_fix", ST_MSR },
		{ "icount", ST_PENDING }, { "pending_db", ST_PENDING },
	};
	u32 index;

	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		const struct field *f = field_find(&x86_state_layout, facts[i].name, &index);

		ck_assert_ptr_nonnull(f);
		ck_assert_int_eq(x86_state_group((u32)(f - x86_state_layout.fields)), facts[i].group);
	}
	for (u32 i = 0; i < x86_state_layout.nfields; i++)
		ck_assert_int_ne(x86_state_group(i), 0);
	ck_assert_int_eq(x86_state_group(x86_state_layout.nfields), 0);
}
END_TEST

START_TEST(groups_are_copied_whole)
{
	for (u32 group = ST_GPR; group <= ST_ALL; group <<= 1) {
		struct x86_state from, to;

		memset(&from, 0x55, sizeof(from));
		memset(&to, 0xaa, sizeof(to));
		x86_state_copy(&to, &from, group);
		for (u32 i = 0; i < x86_state_layout.nfields; i++) {
			const struct field *f = &x86_state_layout.fields[i];
			const u8 want = x86_state_group(i) & group ? 0x55 : 0xaa;

			for (u32 at = 0; at < f->width * f->count; at++)
				ck_assert_uint_eq(((u8 *)&to)[f->offset + at], want);
		}
	}
}
END_TEST

START_TEST(registers_by_name)
{
	struct x86_state s = power_up();
	u64 v = 0;

	s.gpr[R15] = 15;
	s.mtrr_phys[3] = 33;
	ck_assert(x86_state_get_by_name(&s, "rdx", &v) && v == 0x306d4);
	ck_assert(x86_state_get_by_name(&s, "r15", &v) && v == 15);
	ck_assert(x86_state_get_by_name(&s, "rip", &v) && v == 0xfff0);
	ck_assert(x86_state_get_by_name(&s, "rflags", &v) && v == 2);
	ck_assert(x86_state_get_by_name(&s, "cr0", &v) && v == 0x60000010);
	ck_assert(x86_state_get_by_name(&s, "cs", &v) && v == 0xf000);
	ck_assert(x86_state_get_by_name(&s, "tr", &v) && v == 0);
	ck_assert(x86_state_get_by_name(&s, "dr6", &v) && v == 0xffff0ff0);
	ck_assert(x86_state_get_by_name(&s, "seg_base[1]", &v) && v == 0xffff0000);
	ck_assert(x86_state_get_by_name(&s, "mtrr_phys[3]", &v) && v == 33);
	v = 4711;
	ck_assert(!x86_state_get_by_name(&s, "eax", &v));
	ck_assert(!x86_state_get_by_name(&s, "r16", &v));
	ck_assert(!x86_state_get_by_name(&s, "dr8", &v));
	ck_assert(!x86_state_get_by_name(&s, "", &v));
	ck_assert_uint_eq(v, 4711);
}
END_TEST

START_TEST(saved_vcpu_survives_every_cut_and_flip)
{
	struct x86_state s = power_up(), into, before;
	struct buf b = { 0 };

	state_save(&x86_state_layout, &s, &b);
	memset(&before, 0x5a, sizeof(before));
	for (size_t cut = 0; cut <= b.len; cut++) {
		u8 *copy = malloc(cut ? cut : 1);
		struct reader r = { copy, copy + cut, false };
		int rc;

		memcpy(copy, b.data, cut);
		into = before;
		rc = state_load(&x86_state_layout, &into, &r, NULL);
		ck_assert_int_eq(rc, cut == b.len ? 0 : -EINVAL);
		ck_assert_mem_eq(&into, rc ? &before : &s, sizeof(into));
		free(copy);
	}
	for (size_t at = 0; at < b.len; at++) {
		struct reader r = { b.data, b.data + b.len, false };

		b.data[at] ^= 1 << at % 8;
		into = before;
		if (state_load(&x86_state_layout, &into, &r, NULL))
			ck_assert_mem_eq(&into, &before, sizeof(into));
		b.data[at] ^= 1 << at % 8;
	}
	buf_free(&b);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		power_up_registers,        power_up_segments, reset_leaves_no_trace_of_before,
		every_field_has_its_group, groups_are_copied_whole, registers_by_name, saved_vcpu_survives_every_cut_and_flip
	};

	return unit_run("state", tests, ARRAY_LEN(tests));
}
