/* SPDX-License-Identifier: GPL-3.0-or-later
 * sse.c - SSE's floating-point instructions where the comparison with the host's processor
 * (tests/native/fx.c) cannot reach: control registers that user programs cannot change, what processors
 * answer differently.
 * Rule: every expectation is the manual's, or what op-sse-compare.c promises of its approximations.
 */
#include <string.h>

#include "tests/unit/real-machine.h"

enum { ZE = 1 << 2, ZM = 1 << 9, ALL_MASKED = 0x1f80, ES = 1 << 7 };

/* A new machine whose operating system knows SSE and its exceptions. */
static struct x86_state sse_machine(void)
{
	machine();
	return fresh(CR4_OSFXSR | CR4_OSXMMEXCPT);
}

/* Run one instruction; the vector of its exception, or MISS. */
static u8 execute(struct x86_state *s, const char *code, size_t len)
{
	s->seg_sel[SEG_CS] = CODE >> 4;
	s->seg_base[SEG_CS] = CODE;
	return execute_bytes(s, code, len);
}
#define EXECUTE(s, code) execute(s, code, sizeof(code) - 1)

#define DIVSD "\xf2\x0f\x5e\xc1"    /* divsd xmm0, xmm1 */
#define CVTPI2PS "\x0f\x2a\x04"     /* cvtpi2ps xmm0, qword [si] */
#define CVTPI2PD "\x66\x0f\x2a\x04" /* cvtpi2pd xmm0, qword [si] */
#define RCPSS "\xf3\x0f\x53\xc1"    /* rcpss xmm0, xmm1 */
#define RSQRTSS "\xf3\x0f\x52\xc1"  /* rsqrtss xmm0, xmm1 */

static const u64 one = 0x3ff0000000000000, infinity = 0x7ff0000000000000;

/* SDM 1 11.5.1: an unmasked exception is #XM, or #UD if the system says that it has no handler for that;
 * the flag is set, the destination stays. */
START_TEST(unmasked_exceptions)
{
	static const struct { u64 cr4; u32 masks; u8 vector; } cases[] = {
		{ CR4_OSFXSR | CR4_OSXMMEXCPT, ALL_MASKED, MISS },
		{ CR4_OSFXSR, ALL_MASKED, MISS },
		{ CR4_OSFXSR | CR4_OSXMMEXCPT, ALL_MASKED & ~ZM, VEC_XM },
		{ CR4_OSFXSR, ALL_MASKED & ~ZM, VEC_UD },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct x86_state s = sse_machine();
		s.xmm[0] = one;
		s.mxcsr[0] = cases[i].masks;
		s.cr4[0] = cases[i].cr4;
		ck_assert_uint_eq(EXECUTE(&s, DIVSD), cases[i].vector);
		ck_assert_uint_eq(s.mxcsr[0], cases[i].masks | ZE);
		ck_assert_uint_eq(s.xmm[0], cases[i].vector == MISS ? infinity : one);
		vm_destroy(vm);
	}
}
END_TEST

/* SDM 2A table 2-19: #UD before #NM, and both before the numeric exceptions, which then leave no trace. */
START_TEST(what_comes_first)
{
	static const struct { u64 cr0, cr4; u8 vector; } cases[] = {
		{ 0, CR4_OSFXSR | CR4_OSXMMEXCPT, VEC_XM },
		{ CR0_TS, CR4_OSFXSR | CR4_OSXMMEXCPT, VEC_NM },
		{ CR0_EM, CR4_OSFXSR | CR4_OSXMMEXCPT, VEC_UD },
		{ CR0_TS | CR0_EM, CR4_OSFXSR | CR4_OSXMMEXCPT, VEC_UD },
		{ CR0_TS, CR4_OSXMMEXCPT, VEC_UD },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct x86_state s = sse_machine();
		s.cr0[0] |= cases[i].cr0;
		s.cr4[0] = cases[i].cr4;
		s.mxcsr[0] = 0;
		s.xmm[0] = one;
		ck_assert_uint_eq(EXECUTE(&s, DIVSD), cases[i].vector);
		ck_assert_uint_eq(s.mxcsr[0], cases[i].vector == VEC_XM ? ZE : 0);
		ck_assert_uint_eq(s.xmm[0], one);
		vm_destroy(vm);
	}
}
END_TEST

/* SDM 2A CVTPI2PS, CVTPI2PD: from memory the one enters MMX mode (TOP = 0, all registers valid, a pending
 * x87 exception comes first), the other has nothing to do with it. */
START_TEST(integers_from_memory)
{
	const u64 integers = 0x00000002fffffffdull; /* -3, 2 */
	struct x86_state s = sse_machine();
	mem_write(&vm->mem, DATA, &integers, 8);
	s.fsw[0] = 5 << 11;
	s.ftw[0] = 0;
	ck_assert_uint_eq(EXECUTE(&s, CVTPI2PD), MISS);
	ck_assert_uint_eq(s.xmm[0], 0xc008000000000000);
	ck_assert_uint_eq(s.xmm[1], 0x4000000000000000);
	ck_assert_uint_eq(s.fsw[0], 5 << 11);
	ck_assert_uint_eq(s.ftw[0], 0);
	ck_assert_uint_eq(EXECUTE(&s, CVTPI2PS), MISS);
	ck_assert_uint_eq(s.xmm[0], 0x40000000c0400000);
	ck_assert_uint_eq(s.xmm[1], 0x4000000000000000);
	ck_assert_uint_eq(s.fsw[0], 0);
	ck_assert_uint_eq(s.ftw[0], 0xff);
	s.cr0[0] |= CR0_NE;
	s.fcw[0] = 0x7e;
	s.fsw[0] = ES | 1;
	ck_assert_uint_eq(EXECUTE(&s, CVTPI2PD), MISS);
	ck_assert_uint_eq(EXECUTE(&s, CVTPI2PS), VEC_MF);
	vm_destroy(vm);
}
END_TEST

/* 12 significant bits, the same on every host. */
START_TEST(approximations)
{
	static const struct { u32 operand, reciprocal, root; } cases[] = {
		{ 0x3f800000, 0x3f800000, 0x3f800000 }, /* 1: 1, 1 */
		{ 0x40800000, 0x3e800000, 0x3f000000 }, /* 4: 1/4, 1/2 */
		{ 0x40400000, 0x3eaab000, 0x3f13d000 }, /* 3: 0.33334, 0.57739 */
		{ 0x40000000, 0x3f000000, 0x3f350000 }, /* 2: 1/2, 0.70703 */
		{ 0xc0000000, 0xbf000000, 0xffc00000 }, /* -2: -1/2, indefinite */
		{ 0x80000001, 0xff800000, 0xff800000 }, /* a denormal counts as zero */
		{ 0x7f800000, 0x00000000, 0x00000000 }, /* infinity */
		{ 0x7fa00000, 0x7fe00000, 0x7fe00000 }, /* a signalling NaN becomes quiet, and that is all */
	};
	struct x86_state s = sse_machine();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		s.xmm[2] = cases[i].operand;
		s.mxcsr[0] = 0;
		ck_assert_uint_eq(EXECUTE(&s, RCPSS), MISS);
		ck_assert_uint_eq(s.xmm[0], cases[i].reciprocal);
		ck_assert_uint_eq(EXECUTE(&s, RSQRTSS), MISS);
		ck_assert_uint_eq(s.xmm[0], cases[i].root);
		ck_assert_uint_eq(s.mxcsr[0], 0);
	}
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		unmasked_exceptions, what_comes_first, integers_from_memory, approximations,
	};
	return unit_run("sse", tests, ARRAY_LEN(tests));
}
