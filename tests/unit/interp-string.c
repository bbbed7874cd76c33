/* SPDX-License-Identifier: GPL-3.0-or-later
 * interp-string.c - facts about repeated string instructions on the interpreter: what may come between two
 * iterations, and that doing many in one go cannot be told from doing them one by one.
 */
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { RAM = 0x100000, HOLE = 0xc0000, HOLE_END = 0xd0000, CODE = 0x7c00, HANDLER_AT = 0x600 };

static struct err err;

/* Memory only: RAM from 0 to 1 MiB, nothing at C0000. */
static struct vm *machine(void)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = RAM, .cpus = 1 };
	struct vm *vm = vm_create(&config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	frame_no f = frames_alloc(vm->frames, RAM / PAGE_SIZE_4K);
	ck_assert(mem_slot_add(&vm->mem, "low", 0, HOLE, f, 0, &err) >= 0);
	ck_assert(mem_slot_add(&vm->mem, "high", HOLE_END, RAM - HOLE_END, f + HOLE_END / PAGE_SIZE_4K, 0, &err) >= 0);
	return vm;
}

/* Real mode, segments 0 except as set by the caller; the code is followed by HLT, as is every exception. */
static struct x86_state prepare(struct vm *vm, const char *code, size_t len)
{
	struct x86_state s;
	const u8 hlt = 0xf4;
	const u32 vector = HANDLER_AT;
	x86_state_reset(&s, cpu_signature(vm->cpu));
	for (int i = 0; i < 6; i++)
		s.seg_sel[i] = 0, s.seg_base[i] = 0;
	s.rip[0] = CODE;
	s.gpr[RSP] = 0x7000;
	mem_write(&vm->mem, CODE, code, len);
	mem_write(&vm->mem, CODE + len, &hlt, 1);
	mem_write(&vm->mem, HANDLER_AT, &hlt, 1);
	for (u64 i = 0; i < 32; i++)
		mem_write(&vm->mem, 4 * i, &vector, 4);
	return s;
}
#define CODE_OF(vm, text) prepare(vm, text, sizeof(text) - 1)

static void set_segment(struct x86_state *s, enum x86_seg seg, u16 sel)
{
	s->seg_sel[seg] = sel;
	s->seg_base[seg] = sel * 16u;
}

static void start(struct vm *vm, const struct x86_state *s)
{
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], s, ST_ALL, &err), 0);
}

static struct x86_state finish(struct vm *vm, const struct x86_state *s)
{
	struct x86_state after;
	start(vm, s);
	ck_assert_int_eq(vm_run(vm, 1000000, &err), STOP_HALTED);
	vcpu_get(&vm->vcpu[0], &after, ST_ALL);
	return after;
}

static void fill(struct vm *vm, u64 at, u64 len, u32 seed)
{
	for (u64 i = 0; i < len; i++) {
		u8 byte = (u8)((seed = seed * 1103515245 + 12345) >> 16);
		mem_write(&vm->mem, at + i, &byte, 1);
	}
}

static u8 byte_at(struct vm *vm, u64 at)
{
	u8 byte;
	mem_read(&vm->mem, at, &byte, 1);
	return byte;
}

/* What the manual's loop does, byte by byte. */
static void copy_slowly(u8 *memory, u64 to, u64 from, u64 n, int size, int step)
{
	for (; n; n--, to += (u64)step, from += (u64)step) {
		u8 element[8];
		memcpy(element, memory + from, (size_t)size);
		memcpy(memory + to, element, (size_t)size);
	}
}

START_TEST(budget_ends_between_two_iterations)
{
	struct vm *vm = machine();
	struct x86_state s = CODE_OF(vm, "\xf3\xa4"), after;
	u64 done = 0;
	s.gpr[RCX] = 20000;
	s.gpr[RSI] = 0x8000;
	set_segment(&s, SEG_ES, 0x2000);
	fill(vm, 0x8000, 20000, 1);
	start(vm, &s);
	for (u64 budget = 1; done + budget < 20000; budget = budget * 3 + 1) {
		ck_assert_int_eq(vm_run(vm, budget, &err), STOP_BUDGET);
		done += budget;
		vcpu_get(&vm->vcpu[0], &after, ST_ALL);
		ck_assert_uint_eq(after.gpr[RCX], 20000 - done);
		ck_assert_uint_eq(after.gpr[RSI], 0x8000 + done);
		ck_assert_uint_eq(after.gpr[RDI], done);
		ck_assert_uint_eq(after.rip[0], CODE);
		ck_assert_uint_eq(after.icount[0], done);
		ck_assert_uint_eq(byte_at(vm, 0x20000 + done - 1), byte_at(vm, 0x8000 + done - 1));
	}
	ck_assert_int_eq(vm_run(vm, 0, &err), STOP_HALTED);
	vcpu_get(&vm->vcpu[0], &after, ST_ALL);
	ck_assert_uint_eq(after.icount[0], 20001); /* and the HLT */
	vm_destroy(vm);
}
END_TEST

/* Every width and direction, at distances that make source and destination overlap or not, across pages. */
START_TEST(overlapping_copies_are_made_element_by_element)
{
	static const int distances[] = { -5000, -64, -4, -3, -1, 0, 1, 2, 3, 4, 7, 64, 4096, 5000 };
	static const char *const codes[] = { "\xf3\xa4", "\xf3\xa5", "\xf3\x66\xa5" };
	struct vm *vm = machine();
	static u8 wanted[RAM];
	for (u32 i = 0; i < ARRAY_LEN(distances) * 6; i++) {
		int width = (int)(i / 2 % 3), size = 1 << width, step = i % 2 ? -size : size;
		u64 n = 3000 / (u64)size, from = 0x3ff1, to;
		struct x86_state s = prepare(vm, codes[width], strlen(codes[width]));
		if (step < 0) {
			from += (n - 1) * (u64)size;
			s.rflags[0] |= FLAG_DF;
		}
		to = from + (u64)distances[i / 6];
		set_segment(&s, SEG_DS, 0x1000);
		set_segment(&s, SEG_ES, 0x1000);
		s.gpr[RSI] = from;
		s.gpr[RDI] = to;
		s.gpr[RCX] = n;
		fill(vm, 0x10000, 0x10000, i);
		mem_read(&vm->mem, 0, wanted, RAM);
		copy_slowly(wanted, 0x10000 + to, 0x10000 + from, n, size, step);
		struct x86_state after = finish(vm, &s);
		ck_assert_int_eq(memcmp(vm->mem.base + 0x10000, wanted + 0x10000, 0x10000), 0);
		ck_assert_uint_eq(after.gpr[RSI], (u16)(from + n * (u64)step));
		ck_assert_uint_eq(after.gpr[RDI], (u16)(to + n * (u64)step));
		ck_assert_uint_eq(after.gpr[RCX], 0);
	}
	vm_destroy(vm);
}
END_TEST

/* Words at FFF9, FFFB and FFFD are fine; the one at FFFF goes beyond the limit. */
START_TEST(a_fault_leaves_the_iterations_before_it_done)
{
	struct vm *vm = machine();
	struct x86_state s = CODE_OF(vm, "\xf3\xab"), after;
	u16 pushed;
	set_segment(&s, SEG_ES, 0x2000);
	s.gpr[RAX] = 0xbeef;
	s.gpr[RDI] = 0xfff9;
	s.gpr[RCX] = 10;
	after = finish(vm, &s);
	ck_assert_uint_eq(after.rip[0], HANDLER_AT + 1);
	ck_assert_uint_eq(after.gpr[RDI], 0xffff);
	ck_assert_uint_eq(after.gpr[RCX], 7);
	ck_assert_uint_eq(byte_at(vm, 0x2fffd), 0xef);
	mem_read(&vm->mem, after.gpr[RSP], &pushed, 2);
	ck_assert_uint_eq(pushed, CODE);
	vm_destroy(vm);
}
END_TEST

/* A segment may be longer than 16-bit addresses reach (a 386 that was in protected mode keeps such limits): SI and
 * DI still wrap at 64 KiB, in the middle of a page here; an element that starts at FFFF does not. */
START_TEST(offsets_wrap_at_the_address_size)
{
	for (int down = 0; down < 2; down++) {
		struct vm *vm = machine();
		struct x86_state s = CODE_OF(vm, "\xf3\xab"), after;
		set_segment(&s, SEG_ES, 0x2001);
		s.seg_limit[SEG_ES] = UINT32_MAX;
		s.rflags[0] |= down ? FLAG_DF : 0;
		s.gpr[RAX] = 0xbeef;
		s.gpr[RDI] = down ? 9 : 0xfff7;
		s.gpr[RCX] = 16;
		after = finish(vm, &s);
		ck_assert_uint_eq(after.gpr[RDI], down ? 0xffe9 : 0x17);
		ck_assert_uint_eq(byte_at(vm, 0x20010 + 0xfff7), 0xef);
		ck_assert_uint_eq(byte_at(vm, 0x20010 + 0x10000), 0xbe);
		ck_assert_uint_eq(byte_at(vm, 0x20010 + 0x10001), 0);
		ck_assert_uint_eq(byte_at(vm, 0x20010 + 1), 0xef);
		ck_assert_uint_eq(byte_at(vm, 0x20010), 0);
		vm_destroy(vm);
	}
}
END_TEST

START_TEST(comparisons_stop_where_they_are_decided)
{
	struct vm *vm = machine();
	struct x86_state s = CODE_OF(vm, "\xf2\xae"), after; /* REPNE SCASB */
	u8 mark = 0x5a;
	set_segment(&s, SEG_ES, 0x3000);
	s.gpr[RAX] = mark;
	s.gpr[RCX] = 0xffff;
	s.gpr[RDI] = 0x10;
	mem_write(&vm->mem, 0x30000 + 0x2345, &mark, 1);
	after = finish(vm, &s);
	ck_assert_uint_eq(after.gpr[RDI], 0x2346);
	ck_assert_uint_eq(after.gpr[RCX], 0xffff - (0x2346 - 0x10));
	ck_assert(after.rflags[0] & FLAG_ZF);

	s = CODE_OF(vm, "\xf3\xa7"); /* REPE CMPSW: equal up to the word at 2344, where 5A00 meets 0 */
	set_segment(&s, SEG_DS, 0x3000);
	set_segment(&s, SEG_ES, 0x5000);
	s.gpr[RCX] = 0x7000;
	after = finish(vm, &s);
	ck_assert_uint_eq(after.gpr[RSI], 0x2346);
	ck_assert_uint_eq(after.gpr[RDI], 0x2346);
	ck_assert_uint_eq(after.gpr[RCX], 0x7000 - 0x2346 / 2);
	ck_assert(!(after.rflags[0] & (FLAG_ZF | FLAG_CF)));
	vm_destroy(vm);
}
END_TEST

/* From a hole to a hole each iteration asks twice; a restarted one must not take the answers of the one before. */
START_TEST(every_device_access_is_made_once)
{
	struct vm *vm = machine();
	struct x86_state s = CODE_OF(vm, "\xf3\xa4"), after;
	set_segment(&s, SEG_DS, HOLE / 16);
	set_segment(&s, SEG_ES, HOLE / 16);
	s.gpr[RDI] = 0x8000;
	s.gpr[RCX] = 37;
	after = finish(vm, &s);
	ck_assert_uint_eq(vm->mmio.unclaimed, 2 * 37);
	ck_assert_uint_eq(after.gpr[RDI], 0x8000 + 37);

	s = CODE_OF(vm, "\xf3\xa4"); /* from RAM into the hole, beginning in RAM */
	set_segment(&s, SEG_ES, HOLE / 16 - 1);
	s.gpr[RSI] = 0x9000;
	s.gpr[RCX] = 100;
	after = finish(vm, &s);
	ck_assert_uint_eq(vm->mmio.unclaimed, 2 * 37 + 100 - 16);
	ck_assert_uint_eq(after.gpr[RSI], 0x9000 + 100);
	vm_destroy(vm);
}
END_TEST

/* A copy over the instruction's own bytes: the rest of the run is the same instruction, then the new code. */
START_TEST(a_copy_over_its_own_code)
{
	struct vm *vm = machine();
	struct x86_state s = CODE_OF(vm, "\xf3\xa4\x90"), after;
	u8 code[64];
	memset(code, 0x40, sizeof code); /* INC AX */
	code[sizeof code - 1] = 0xf4;
	mem_write(&vm->mem, 0x9000, code, sizeof code);
	s.gpr[RSI] = 0x9000;
	s.gpr[RDI] = CODE + 2;
	s.gpr[RCX] = sizeof code;
	after = finish(vm, &s);
	ck_assert_uint_eq(after.gpr[RAX], sizeof code - 1);
	ck_assert_uint_eq(after.gpr[RCX], 0);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		budget_ends_between_two_iterations,
		overlapping_copies_are_made_element_by_element,
		a_fault_leaves_the_iterations_before_it_done,
		offsets_wrap_at_the_address_size,
		comparisons_stop_where_they_are_decided,
		every_device_access_is_made_once,
		a_copy_over_its_own_code,
	};

	return unit_run("interp-string", tests, ARRAY_LEN(tests));
}
