/* SPDX-License-Identifier: GPL-3.0-or-later
 * x87.c - facts about the x87 and the saving of its state that user-mode comparison with a host does not reach:
 * #NM and #MF, the four forms of the environment, XSAVE's header.
 * Rule: every expectation is the manual's.
 */
#include <string.h>

#include "core/vm.h"
#include "cpu-interp/interp.h"
#include "tests/unit/unit.h"

enum { RAM = 0x20000, HANDLERS = 0x600, CODE = 0x8000, MEM = 0x9000, SELECTOR = 0x100 };

static struct err err;

static struct vm *machine(void)
{
	const struct vm_config config = { .engine = &engine_interp, .mem_size = RAM, .cpus = 1 };
	struct vm *vm = vm_create(&config, &err);
	ck_assert_msg(vm != NULL, "%s", err.text);
	frame_no f = frames_alloc(vm->frames, RAM / PAGE_SIZE_4K);
	ck_assert(mem_slot_add(&vm->mem, "ram", 0, RAM, f, 0, &err) >= 0);
	mem_set_a20(&vm->mem, true);
	return vm;
}

/* Real mode; all segments begin at SELECTOR * 16; vector v leads to 0:HANDLERS + v.  FINIT has been executed. */
static struct x86_state real_mode(struct vm *vm)
{
	struct x86_state s;
	x86_state_reset(&s, cpu_signature(vm->cpu));
	for (u32 v = 0; v < 32; v++) {
		u32 pointer = HANDLERS + v;
		u8 hlt = 0xf4;
		mem_write(&vm->mem, 4 * v, &pointer, 4);
		mem_write(&vm->mem, HANDLERS + v, &hlt, 1);
	}
	for (int i = 0; i < 6; i++) {
		s.seg_sel[i] = SELECTOR;
		s.seg_base[i] = SELECTOR * 16;
	}
	*s.rip = CODE;
	s.gpr[RSP] = 0x7000;
	*s.cr0 = CR0_ET | CR0_NE;
	*s.cr4 = CR4_OSFXSR | CR4_OSXSAVE;
	*s.xcr0 = 3;
	*s.fcw = FCW_INIT;
	*s.ftw = 0;
	return s;
}

/* Flat 32-bit protected mode, as far as these instructions can tell. */
static struct x86_state protected_mode(struct vm *vm)
{
	struct x86_state s = real_mode(vm);
	*s.cr0 |= CR0_PE;
	for (int i = 0; i < 6; i++) {
		s.seg_sel[i] = (u16)(i == SEG_CS ? 0x08 : 0x10);
		s.seg_limit[i] = 0xffffffff;
		s.seg_attr[i] = SEG_P | SEG_S | SEG_RW | SEG_ACCESSED | SEG_DB | SEG_G | (i == SEG_CS ? SEG_CODE : 0);
	}
	return s;
}

/* Run n instructions (the delivery of a fault is one); segments begin at SELECTOR * 16 in every mode here. */
static struct x86_state run(struct vm *vm, const struct x86_state *s, const char *code, size_t len, u64 n)
{
	struct x86_state after;
	mem_write(&vm->mem, SELECTOR * 16 + CODE, code, len);
	ck_assert_int_eq(vcpu_set(&vm->vcpu[0], s, ST_ALL, &err), 0);
	vm_run(vm, n, &err);
	vcpu_get(&vm->vcpu[0], &after, ST_ALL);
	return after;
}
#define RUN(vm, s, code, n) run(vm, s, code, sizeof(code) - 1, n)

static u32 peek(struct vm *vm, u32 off, int size)
{
	u32 v = 0;
	mem_read(&vm->mem, SELECTOR * 16u + MEM + off, &v, (u64)size);
	return v;
}
static void poke(struct vm *vm, u32 off, u64 v, int size) { mem_write(&vm->mem, SELECTOR * 16u + MEM + off, &v, (u64)size); }

static void faulted(const struct x86_state *s, u8 vector) { ck_assert_uint_eq(*s->rip, HANDLERS + vector); }

/* --- #NM and #MF ------------------------------------------------------------------------------------- */

/* SDM 3A 2.5, table 2-2: EM, TS and MP */
START_TEST(device_not_available)
{
	static const struct { u32 cr0; bool fld1, fwait; } rows[] = {
		{ 0, false, false },          { CR0_EM, true, false },           { CR0_TS, true, false },
		{ CR0_MP, false, false },     { CR0_MP | CR0_EM, true, false },  { CR0_MP | CR0_TS, true, true },
		{ CR0_EM | CR0_TS, true, false },
	};
	struct vm *vm = machine();
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct x86_state s = real_mode(vm), after;
		*s.cr0 |= rows[i].cr0;
		after = RUN(vm, &s, "\xd9\xe8", 1);
		ck_assert_uint_eq(*after.rip, rows[i].fld1 ? HANDLERS + VEC_NM : CODE + 2);
		after = RUN(vm, &s, "\x9b", 1);
		ck_assert_uint_eq(*after.rip, rows[i].fwait ? HANDLERS + VEC_NM : CODE + 1);
	}
	vm_destroy(vm);
}
END_TEST

/* 1/0 with ZE not masked: pends; the next waiting instruction takes #MF, FNSTSW does not (SDM 1 8.7). */
START_TEST(exceptions_wait)
{
	struct vm *vm = machine();
	struct x86_state s = real_mode(vm), after;
	*s.fcw = FCW_INIT & ~4;
	/* FLD1; FLDZ; FDIVP; FNSTSW AX; FLD1 */
	after = RUN(vm, &s, "\xd9\xe8\xd9\xee\xde\xf9\xdf\xe0\xd9\xe8", 4);
	ck_assert_uint_eq(*after.rip, CODE + 8);
	ck_assert_uint_eq(after.gpr[RAX] & 0xffff, FSW_B | FSW_ES | 6u << FSW_TOP_SHIFT | 4); /* nothing was popped */
	after = RUN(vm, &s, "\xd9\xe8\xd9\xee\xde\xf9\xdf\xe0\xd9\xe8", 5);
	faulted(&after, VEC_MF);
	after = RUN(vm, &s, "\xd9\xe8\xd9\xee\xde\xf9\x9b", 4);
	faulted(&after, VEC_MF);
	/* with FNCLEX in between it is gone */
	after = RUN(vm, &s, "\xd9\xe8\xd9\xee\xde\xf9\xdb\xe2\x9b", 5);
	ck_assert_uint_eq(*after.rip, CODE + 9);
	vm_destroy(vm);
}
END_TEST

/* Masks that change make an old exception pend (SDM 1 8.1.5). */
START_TEST(control_word_makes_exceptions_pend)
{
	struct vm *vm = machine();
	struct x86_state s = real_mode(vm), after;
	*s.fsw = 4;
	poke(vm, 0, FCW_INIT & ~4, 2);
	s.gpr[RBX] = MEM;
	after = RUN(vm, &s, "\xd9\x2f\x9b", 1); /* FLDCW [BX] */
	ck_assert_uint_eq(*after.fsw, FSW_B | FSW_ES | 4);
	after = RUN(vm, &s, "\xd9\x2f\x9b", 2);
	faulted(&after, VEC_MF);
	vm_destroy(vm);
}
END_TEST

/* --- the environment (SDM 1 figures 8-9 to 8-12) ------------------------------------------------------- */

/* FILD WORD [BX] at CODE; then FNSTENV [SI].  Opcode: DF 07, so FOP = 707h. */
START_TEST(environment_in_real_mode)
{
	struct vm *vm = machine();
	struct x86_state s = real_mode(vm), after;
	u32 ip = SELECTOR * 16 + CODE, dp = SELECTOR * 16 + MEM + 0x100;
	s.gpr[RBX] = MEM + 0x100;
	s.gpr[RSI] = MEM;
	after = RUN(vm, &s, "\xdf\x07\xd9\x34", 2);
	ck_assert_uint_eq(peek(vm, 0, 2), FCW_INIT);
	ck_assert_uint_eq(peek(vm, 2, 2), 7u << FSW_TOP_SHIFT);
	ck_assert_uint_eq(peek(vm, 4, 2), 0x7fff); /* R7 holds 0 */
	ck_assert_uint_eq(peek(vm, 6, 2), ip & 0xffff);
	ck_assert_uint_eq(peek(vm, 8, 2), (ip >> 16 << 12 | 0x707));
	ck_assert_uint_eq(peek(vm, 10, 2), dp & 0xffff);
	ck_assert_uint_eq(peek(vm, 12, 2), dp >> 16 << 12);
	ck_assert_uint_eq(*after.fcw, FCW_INIT); /* all masked already */
	RUN(vm, &s, "\xdf\x07\x66\xd9\x34", 2);
	ck_assert_uint_eq(peek(vm, 8, 2), 0x7fff);
	ck_assert_uint_eq(peek(vm, 12, 2), ip & 0xffff);
	ck_assert_uint_eq(peek(vm, 16, 4), (ip >> 16 << 12 | 0x707));
	ck_assert_uint_eq(peek(vm, 20, 2), dp & 0xffff);
	ck_assert_uint_eq(peek(vm, 24, 4), dp >> 16 << 12);
	vm_destroy(vm);
}
END_TEST

START_TEST(environment_in_protected_mode)
{
	struct vm *vm = machine();
	struct x86_state s = protected_mode(vm);
	s.gpr[RBX] = MEM + 0x100;
	s.gpr[RSI] = MEM;
	RUN(vm, &s, "\xdf\x03\xd9\x36", 2); /* FILD WORD [EBX]; FNSTENV [ESI] */
	ck_assert_uint_eq(peek(vm, 0, 2), FCW_INIT);
	ck_assert_uint_eq(peek(vm, 8, 2), 0x7fff);
	ck_assert_uint_eq(peek(vm, 12, 4), CODE);
	ck_assert_uint_eq(peek(vm, 16, 4), 0x08 | 0x703u << 16);
	ck_assert_uint_eq(peek(vm, 20, 4), MEM + 0x100);
	ck_assert_uint_eq(peek(vm, 24, 2), 0x10);
	RUN(vm, &s, "\xdf\x03\x66\xd9\x36", 2);
	ck_assert_uint_eq(peek(vm, 4, 2), 0x7fff);
	ck_assert_uint_eq(peek(vm, 6, 2), CODE);
	ck_assert_uint_eq(peek(vm, 8, 2), 0x08);
	ck_assert_uint_eq(peek(vm, 10, 2), MEM + 0x100);
	ck_assert_uint_eq(peek(vm, 12, 2), 0x10);
	vm_destroy(vm);
}
END_TEST

/* FNSAVE, FNINIT's state, FRSTOR: all as before, in either size. */
START_TEST(save_and_restore)
{
	static const char *const code[] = { "\xdd\x34\xdd\x24", "\x66\xdd\x34\x66\xdd\x24" }; /* [SI] */
	static const size_t len[] = { 4, 6 };
	struct vm *vm = machine();
	for (int i = 0; i < 2; i++) {
		struct x86_state s = real_mode(vm), after;
		for (int r = 0; r < 8; r++) {
			s.fpr[r] = (1ull << 63) + (u64)r;
			s.fpr_exp[r] = (u16)(0x3fff + r);
		}
		*s.ftw = 0x5a;
		*s.fsw = 3 << FSW_TOP_SHIFT | FSW_C3;
		*s.fcw = 0x27f;
		s.gpr[RSI] = MEM;
		after = run(vm, &s, code[i], len[i], 1);
		ck_assert_uint_eq(*after.ftw, 0);
		ck_assert_uint_eq(*after.fcw, FCW_INIT);
		ck_assert_uint_eq(*after.fsw, 0);
		ck_assert_uint_eq(peek(vm, i ? 28 : 14, 4), 3); /* ST0 is R3 */
		after = run(vm, &s, code[i], len[i], 2);
		ck_assert_uint_eq(*after.ftw, 0x5a);
		ck_assert_uint_eq(*after.fcw, 0x27f);
		ck_assert_uint_eq(*after.fsw, 3 << FSW_TOP_SHIFT | FSW_C3);
		ck_assert(!memcmp(after.fpr, s.fpr, sizeof s.fpr) && !memcmp(after.fpr_exp, s.fpr_exp, sizeof s.fpr_exp));
	}
	vm_destroy(vm);
}
END_TEST

/* --- XSAVE (SDM 1 13) ----------------------------------------------------------------------------------- */

static struct x86_state with_vectors(struct vm *vm)
{
	struct x86_state s = protected_mode(vm);
	for (int i = 0; i < 16; i++)
		s.xmm[i] = 0x1111111111111111ull * (u64)i;
	s.gpr[RSI] = MEM;
	s.gpr[RAX] = 7; /* more than there is */
	*s.mxcsr = 0x3f80;
	return s;
}

START_TEST(xsave_header)
{
	struct vm *vm = machine();
	struct x86_state s = with_vectors(vm);
	poke(vm, 512, 0xff00, 8);
	RUN(vm, &s, "\x0f\xae\x26", 1);             /* XSAVE [ESI] */
	ck_assert_uint_eq(peek(vm, 512, 4), 0xff02); /* SSE in use, the x87 as FNINIT leaves it; others stay */
	ck_assert_uint_eq(peek(vm, 24, 4), 0x3f80);
	ck_assert_uint_eq(peek(vm, 160 + 16, 4), 0x22222222);
	RUN(vm, &s, "\x0f\xc7\x26", 1); /* XSAVEC [ESI] */
	ck_assert_uint_eq(peek(vm, 512, 4), 2);
	ck_assert_uint_eq(peek(vm, 520, 4), 3);
	ck_assert_uint_eq(peek(vm, 524, 4), 0x80000000);
	vm_destroy(vm);
}
END_TEST

START_TEST(xrstor)
{
	struct vm *vm = machine();
	struct x86_state s = with_vectors(vm), after;
	for (u32 i = 0; i < 576; i += 8)
		poke(vm, i, 0, 8);
	RUN(vm, &s, "\x0f\xae\x26", 1); /* XSAVE */
	memset(s.xmm, 0xee, sizeof s.xmm);
	*s.fcw = 0x27f;
	after = RUN(vm, &s, "\x0f\xae\x2e", 1); /* XRSTOR: x87 is initialised, SSE loaded */
	ck_assert_uint_eq(*after.fcw, FCW_INIT);
	ck_assert_uint_eq(after.xmm[5], 0x5555555555555555ull);
	poke(vm, 512, 6, 8); /* a component that XCR0 has not */
	after = RUN(vm, &s, "\x0f\xae\x2e", 1);
	ck_assert_uint_ne(*after.rip, CODE + 3);
	s.gpr[RSI] = MEM + 16; /* not a multiple of 64 */
	after = RUN(vm, &s, "\x0f\xae\x26", 1);
	ck_assert_uint_ne(*after.rip, CODE + 3);
	vm_destroy(vm);
}
END_TEST

/* FLD TWORD [SI] at FFFCh: the exponent would be beyond the segment's limit. */
START_TEST(operands_do_not_wrap)
{
	struct vm *vm = machine();
	struct x86_state s = real_mode(vm), after;
	s.gpr[RSI] = 0xfffc;
	after = RUN(vm, &s, "\xdb\x2c", 1);
	faulted(&after, VEC_GP);
	after = RUN(vm, &s, "\xdb\x3c", 1); /* FSTP */
	faulted(&after, VEC_GP);
	s.gpr[RSI] = 0xfff0;
	after = RUN(vm, &s, "\xdd\x34", 1); /* FNSAVE */
	faulted(&after, VEC_GP);
	ck_assert_uint_eq(*after.fcw, *s.fcw);
	vm_destroy(vm);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		device_not_available, exceptions_wait, control_word_makes_exceptions_pend, environment_in_real_mode,
		environment_in_protected_mode, save_and_restore, xsave_header, xrstor, operands_do_not_wrap,
	};
	return unit_run("x87", tests, ARRAY_LEN(tests));
}
