/* SPDX-License-Identifier: GPL-3.0-or-later
 * interp-real.c - facts about the edges of real mode that recorded vectors seldom reach: the end of a code
 * segment, selectors in 32-bit stack slots, faults inside repeated comparisons, and what only the 386 did.
 * Rule: every expectation is the manual's, or was seen on a processor.
 */
#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum {
	RAM = 0x110000,
	HANDLERS = 0x600,
	CODE_SEGMENT = 0x2000,
	STACK_SEGMENT = 0x4000,
	DATA_SEGMENT = 0x6000
};

static struct err err;

static struct vm *machine(const char *cpu)
{
	const struct vm_config config = {
		.engine = &engine_interp, .mem_size = RAM, .cpus = 1, .cpu = cpu_model_find(cpu)
	};
	struct vm *vm = vm_create(&config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	frame_no f = frames_alloc(vm->frames, RAM / PAGE_SIZE_4K);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, RAM, f, 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	return vm;
}

/* Code at CS:ip; vector v leads to 0:HANDLERS + v, where HLT stands. */
static struct x86_state prepare(struct vm *vm, const char *code, size_t len, u16 ip)
{
	struct x86_state s;
	x86_state_reset(&s, cpu_signature(vm->cpu));
	for (u32 v = 0; v < 32; v++) {
		u32 pointer = HANDLERS + v;
		u8 hlt = 0xf4;
		mem_write(&vm->mem, 4 * v, &pointer, 4);
		mem_write(&vm->mem, HANDLERS + v, &hlt, 1);
	}
	for (int i = 0; i < 6; i++)
		s.seg_sel[i] = i == SEG_CS ? CODE_SEGMENT : i == SEG_SS ? STACK_SEGMENT : DATA_SEGMENT;
	for (int i = 0; i < 6; i++)
		s.seg_base[i] = s.seg_sel[i] * 16u;
	s.rip[0] = ip;
	s.gpr[RSP] = 0x7000;
	mem_write(&vm->mem, CODE_SEGMENT * 16 + ip, code, len);
	return s;
}

/* Run n instructions. */
static struct x86_state steps(struct vm *vm, const struct x86_state *s, u64 n)
{
	struct x86_state after;
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], s, ST_ALL, &err), 0);
	vm_run(vm, n, &err);
	vcpu_get(&vm->vcpu[0], &after, ST_ALL);
	return after;
}
#define CODE_AT(vm, ip, text) prepare(vm, text, sizeof(text) - 1, ip)

static u32 word(struct vm *vm, u32 segment, u32 off, int size)
{
	u32 v = 0;
	mem_read(&vm->mem, segment * 16u + off, &v, (u64)size);
	return v;
}

static void is_fault(struct vm *vm, const struct x86_state *s, u8 vector, u16 ip)
{
	ck_assert_uint_eq(s->seg_sel[SEG_CS], 0);
	ck_assert_uint_eq(s->rip[0], HANDLERS + vector);
	ck_assert_uint_eq(word(vm, STACK_SEGMENT, (u16)s->gpr[RSP], 2), ip);
}

/* EIP goes on to 10000h, and it is the fetch there that is beyond the limit (SDM 3A 5.3). */
START_TEST(code_does_not_wrap)
{
	struct vm *vm = machine("x86-64");
	struct x86_state s = CODE_AT(vm, 0xffff, "\x90"), after = steps(vm, &s, 1);
	ck_assert_uint_eq(after.rip[0], 0x10000);
	after = steps(vm, &s, 2);
	is_fault(vm, &after, VEC_GP, 0);
	vm_destroy(vm);
}
END_TEST

/* LOOP that ends its loop in the last bytes is done; the fault is not its own. */
START_TEST(branch_not_taken_at_the_end)
{
	struct vm *vm = machine("x86-64");
	struct x86_state s = CODE_AT(vm, 0xfffe, "\xe2\x10"); /* LOOP */
	s.gpr[RCX] = 1;
	struct x86_state after = steps(vm, &s, 2);
	is_fault(vm, &after, VEC_GP, 0);
	ck_assert_uint_eq(after.gpr[RCX], 0);
	vm_destroy(vm);
}
END_TEST

/* SDM 2B PUSH: a 16-bit move; SP goes down by four. */
START_TEST(selector_in_a_wide_slot)
{
	struct vm *vm = machine("x86-64");
	struct x86_state s = CODE_AT(vm, 0x100, "\x66\x1e"); /* PUSH DS, 32 bits */
	u32 before = 0xdeadbeef;
	mem_write(&vm->mem, STACK_SEGMENT * 16 + 0x6ffc, &before, 4);
	struct x86_state after = steps(vm, &s, 1);
	ck_assert_uint_eq(after.gpr[RSP], 0x6ffc);
	ck_assert_uint_eq(word(vm, STACK_SEGMENT, 0x6ffc, 4), 0xdead0000 | DATA_SEGMENT);
	vm_destroy(vm);
}
END_TEST

/* SDM 2B REP: after a fault the flags are what they were before the instruction. */
START_TEST(fault_inside_a_comparison)
{
	struct vm *vm = machine("x86-64");
	struct x86_state s = CODE_AT(vm, 0x100, "\xf2\xa7"); /* REPNE CMPSW */
	u16 five = 5;
	mem_write(&vm->mem, DATA_SEGMENT * 16 + 0xfffd, &five, 2);
	s.gpr[RSI] = 0xfffd;
	s.gpr[RDI] = 0x10;
	s.gpr[RCX] = 3;
	s.rflags[0] = FLAG_1 | FLAG_CF | FLAG_OF | FLAG_ZF;
	struct x86_state after = steps(vm, &s, 2);
	is_fault(vm, &after, VEC_GP, 0x100);
	ck_assert_uint_eq(after.gpr[RCX], 2);
	ck_assert_uint_eq(after.gpr[RSI], 0xffff);
	ck_assert_uint_eq(word(vm, STACK_SEGMENT, 0x6ffe, 2), s.rflags[0]);
	vm_destroy(vm);
}
END_TEST

/* SDM 2B PUSHA, real-address mode exceptions: SP 7, 9, 11, 13 or 15. */
START_TEST(pusha_with_an_odd_stack)
{
	struct vm *vm = machine("x86-64");
	struct x86_state s = CODE_AT(vm, 0x100, "\x60");
	s.gpr[RSP] = 0x0b;
	struct x86_state after = steps(vm, &s, 1);
	is_fault(vm, &after, VEC_GP, 0x100);
	vm_destroy(vm);
}
END_TEST

/* 80386 Programmer's Reference Manual: LOCK BT is legal, CR4 is not there; CR0 reads 7FFEFFF0. */
START_TEST(only_the_386)
{
	struct vm *old = machine("386"), *new = machine("x86-64");
	struct x86_state s = CODE_AT(old, 0x100, "\xf0\x0f\xa3\x07"),
			 after = steps(old, &s, 1); /* LOCK BT [BX],AX */
	ck_assert_uint_eq(after.rip[0], 0x104);
	s = CODE_AT(new, 0x100, "\xf0\x0f\xa3\x07");
	after = steps(new, &s, 1);
	is_fault(new, &after, VEC_UD, 0x100);
	s = CODE_AT(old, 0x100, "\x0f\x20\xe0"); /* MOV EAX, CR4 */
	after = steps(old, &s, 1);
	is_fault(old, &after, VEC_UD, 0x100);
	s = CODE_AT(old, 0x100, "\x0f\x01\xe0"); /* SMSW AX */
	s.cr0[0] = CR0_ET;
	after = steps(old, &s, 1);
	ck_assert_uint_eq(after.gpr[RAX] & 0xffff, 0xfff0);
	vm_destroy(old);
	vm_destroy(new);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { code_does_not_wrap,      branch_not_taken_at_the_end,
				       selector_in_a_wide_slot, fault_inside_a_comparison,
				       pusha_with_an_odd_stack, only_the_386 };
	return unit_run("interp-real", tests, ARRAY_LEN(tests));
}
