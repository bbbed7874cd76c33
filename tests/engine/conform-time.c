/* SPDX-License-Identifier: GPL-3.0-or-later
 * conform-time.c - the time-stamp counter follows virtual time; and registers that the processor keeps by itself.
 * Rule: no rate is assumed: what is asked is that twice the time is twice the ticks, as far as a busy host lets it be.
 */
#include <stdio.h>

#include "core/clock.h"
#include "tests/engine/rig.h"

enum { SECOND = 1000000000 };

/* What RDTSC says now. */
static u64 read_tsc(struct rig *r)
{
	struct x86_state s;

	RIG_CODE(r, 0, 0x0f, 0x31, 0xf4); /* rdtsc; hlt */
	while (rig_run(r, 0) != EXIT_HLT) /* an engine may ask for it */
		ck_assert_int_eq(vcpu_settle(r->v, NULL), 0);
	s = rig_state(r);
	return (u64)(u32)s.gpr[RDX] << 32 | (u32)s.gpr[RAX];
}

/* Ticks per second of virtual time that the guest sleeps through. */
static double rate(struct rig *r, u64 seconds)
{
	u64 before = read_tsc(r);

	clock_skip_to(&r->vm->clock, r->vm->clock.now + seconds * SECOND);
	return (double)(read_tsc(r) - before) / (double)seconds;
}

/* Without VT-x or AMD-V a guest's RDTSC is the host's, whatever offset KVM was told. */
static bool has_no_counter(struct rig *r)
{
	if (r->emulated)
		printf("skipped: vtx: this host's KVM cannot give a guest a time-stamp counter of its own\n");
	if (r->emulated)
		rig_close(r);
	return r->emulated;
}

START_TEST(the_counter_follows_virtual_time)
{
	struct rig r = rig_open(_i);
	double one, ten;

	if (has_no_counter(&r))
		return;
	one = rate(&r, 10);
	ten = rate(&r, 100);
	ck_assert_msg(one > 1e8 && one < 1e10, "%g ticks per second", one);
	ck_assert_msg(ten > one * 0.9 && ten < one * 1.1, "%g and %g ticks per second", one, ten);
	rig_close(&r);
}
END_TEST

START_TEST(the_counter_has_its_offset)
{
	struct rig r = rig_open(_i);
	struct x86_state s;
	double one;
	u64 before, now;

	if (has_no_counter(&r))
		return;
	one = rate(&r, 10);
	before = read_tsc(&r);
	RIG_CODE(&r, 0, 0x0f, 0x31, 0xf4);
	s = rig_state(&r);
	s.tsc_offset[0] += 1000ull * SECOND;
	rig_set(&r, &s, ST_MSR);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	s = rig_state(&r);
	now = (u64)(u32)s.gpr[RDX] << 32 | (u32)s.gpr[RAX];
	ck_assert_msg((double)(now - before) > 990 * one && (double)(now - before) < 1010 * one, "%g seconds",
		      (double)(now - before) / one);
	rig_close(&r);
}
END_TEST

/* Those that no hypervisor needs to see: no exit, and the state has what the guest wrote. */
START_TEST(registers_without_exits)
{
	struct rig r = rig_open(_i);
	static const struct { u32 index; size_t at; u32 value; } row[] = {
		{ MSR_SYSENTER_CS, offsetof(struct x86_state, sysenter_cs), 0x18 },
		{ MSR_SYSENTER_ESP, offsetof(struct x86_state, sysenter_esp), 0x12345678 },
		{ MSR_SYSENTER_EIP, offsetof(struct x86_state, sysenter_eip), 0x23456789 },
		{ MSR_PAT, offsetof(struct x86_state, pat), 0x00070406 },
		{ MSR_STAR, offsetof(struct x86_state, star), 0x3456789a },
		{ MSR_LSTAR, offsetof(struct x86_state, lstar), 0x456789ab },
		{ MSR_KERNEL_GS_BASE, offsetof(struct x86_state, kernel_gs_base), 0x56789abc },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		struct x86_state s;

		RIG_CODE(&r, 0, 0x0f, 0x30, 0x66, 0x31, 0xc0, 0x0f, 0x32, 0xf4); /* wrmsr; xor eax, eax; rdmsr; hlt */
		s = rig_state(&r);
		s.gpr[RCX] = row[i].index;
		s.gpr[RAX] = row[i].value;
		s.gpr[RDX] = 0;
		rig_set(&r, &s, ST_GPR);
		ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
		ck_assert_uint_eq(r.e.rip, CODE + 7);
		s = rig_state(&r);
		ck_assert_uint_eq((u32)s.gpr[RAX], row[i].value);
		ck_assert_uint_eq(*(u64 *)((u8 *)&s + row[i].at), row[i].value);
	}
	rig_close(&r);
}
END_TEST

TCase *conform_time(void)
{
	TCase *t = tcase_create("time");

	tcase_set_timeout(t, 60);
	EACH(the_counter_follows_virtual_time);
	EACH(the_counter_has_its_offset);
	EACH(registers_without_exits);
	return t;
}
