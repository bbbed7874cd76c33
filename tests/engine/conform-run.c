/* SPDX-License-Identifier: GPL-3.0-or-later
 * conform-run.c - run, settle, kick, inject, the window, breakpoints: each clause of core/engine.h once.
 * Rule: one test per clause, the same code for every engine; only what a capability promises is asked of it.
 */
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "tests/engine/rig.h"

#define JMP_SELF 0xeb, 0xfe

/* ---- the budget ---- */

START_TEST(limit_of_one_is_a_step)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, 0x40, 0x40, 0x43, JMP_SELF); /* inc ax; inc ax; inc bx */
	for (u64 n = 1; n <= 3; n++) {
		ck_assert_int_eq(rig_run(&r, 1), EXIT_MTF);
		ck_assert_uint_eq(rig_state(&r).rip[0], CODE + n);
		ck_assert_uint_eq(r.e.rip, CODE + n);
		ck_assert_uint_eq(r.e.icount, 1000 + n);
		ck_assert_uint_eq(rig_state(&r).icount[0], 1000 + n);
	}
	ck_assert_uint_eq(rig_state(&r).gpr[RAX], 2);
	ck_assert_uint_eq(rig_state(&r).gpr[RBX], 1);
	rig_close(&r);
}
END_TEST

START_TEST(few_are_so_many_steps)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, JMP_SELF);
	ck_assert_int_eq(rig_run(&r, 7), EXIT_PREEMPT_TIMER);
	ck_assert_uint_eq(rig_state(&r).gpr[RAX], 7);
	ck_assert_uint_eq(r.e.icount, 1007);
	rig_close(&r);
}
END_TEST

START_TEST(limit_ends_the_run)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, JMP_SELF);
	for (u64 limit = 2; limit < 3000000; limit *= 7) {
		u64 before = rig_state(&r).icount[0];

		ck_assert_int_eq(rig_run(&r, limit), EXIT_PREEMPT_TIMER);
		ck_assert_uint_ge(r.e.icount, before + limit);
		if (r.exact)
			ck_assert_uint_eq(r.e.icount, before + limit);
		ck_assert_uint_eq(rig_state(&r).icount[0], r.e.icount);
		ck_assert_uint_eq(rig_state(&r).rip[0], CODE);
	}
	rig_close(&r);
}
END_TEST

/* ---- questions and answers ---- */

static enum verdict nobody(void *arg, const struct event *ev)
{
	return EV_GO;
}

START_TEST(port_write)
{
	struct rig r = rig_open(_i);

	vm_subscribe(r.vm, EV_BIT(exit), nobody, NULL); /* somebody listens: rip is exact */
	RIG_CODE(&r, 0, 0xb8, 0x34, 0x12, 0xba, 0x10, 0x05, 0xef, 0x40, JMP_SELF); /* mov ax; mov dx, 510h; out dx, ax */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_IO);
	ck_assert_uint_eq(r.e.io.port, 0x510);
	ck_assert_uint_eq(r.e.io.size, 2);
	ck_assert_uint_eq(r.e.io.write, 1);
	ck_assert_uint_eq(r.e.io.value, 0x1234);
	ck_assert_uint_eq(r.e.io.string, 0);
	ck_assert_uint_eq(r.e.qualification, exit_io_qualification(0x510, 2, true, false, false, false));
	ck_assert_uint_eq(r.e.rip, CODE + 6);
	ck_assert_uint_eq(r.e.insn_len, 1);
	ck_assert_int_eq(rig_settle(&r, 0), 0);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 7);
	ck_assert_int_eq(rig_settle(&r, 0), 0); /* nothing to finish: 0 */
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 7);
	ck_assert_uint_eq(rig_state(&r).gpr[RAX], 0x1234);
	rig_close(&r);
}
END_TEST

START_TEST(port_read_takes_the_answer)
{
	struct rig r = rig_open(_i);

	for (int settle = 0; settle < 2; settle++) {
		RIG_CODE(&r, 0, 0x66, 0xb8, 1, 2, 3, 4, 0xe4, 0x71, 0x43, 0xf4); /* mov eax, ...; in al, 71h; inc bx; hlt */
		ck_assert_int_eq(rig_run(&r, 0), EXIT_IO);
		ck_assert_uint_eq(r.e.io.port, 0x71);
		ck_assert_uint_eq(r.e.io.write, 0);
		r.e.io.value = 0xa5;
		if (settle) {
			ck_assert_int_eq(rig_settle(&r, 0), 0);
			ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 8);
			ck_assert_uint_eq(rig_state(&r).gpr[RBX], 0); /* and no more */
		}
		ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
		ck_assert_uint_eq(rig_state(&r).gpr[RAX], 0x040302a5);
		ck_assert_uint_eq(rig_state(&r).gpr[RBX], 1);
	}
	rig_close(&r);
}
END_TEST

START_TEST(finishing_is_a_step_of_its_own)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, 0xe4, 0x71, 0x43, 0x43);
	ck_assert_int_eq(rig_run(&r, 1), EXIT_IO);
	ck_assert_uint_eq(r.e.icount, 1000); /* the exiting one is not counted */
	ck_assert_int_eq(rig_run(&r, 1), EXIT_MTF);
	ck_assert_uint_eq(r.e.icount, 1001);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 2);
	ck_assert_int_eq(rig_run(&r, 1), EXIT_MTF);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 3);
	rig_close(&r);
}
END_TEST

START_TEST(string_port_elements_come_in_order)
{
	struct rig r = rig_open(_i);
	static const char text[] = "in order";
	char got[16] = "";
	struct x86_state s;
	int n = 0, reason;

	mem_write(&r.vm->mem, DATA, text, 8);
	RIG_CODE(&r, 0, 0xf3, 0x6e, 0xf4); /* rep outsb */
	s = rig_state(&r);
	s.gpr[RSI] = DATA;
	s.gpr[RCX] = 8;
	s.gpr[RDX] = 0xe9;
	rig_set(&r, &s, ST_GPR);
	while ((reason = rig_run(&r, 0)) == EXIT_IO && n < 8)
		got[n++] = (char)r.e.io.value;
	ck_assert_int_eq(reason, EXIT_HLT);
	ck_assert_str_eq(got, text);

	RIG_CODE(&r, 0, 0xf3, 0x6c, 0xf4); /* rep insb */
	s = rig_state(&r);
	s.gpr[RDI] = DATA + 0x100;
	s.gpr[RCX] = 5;
	rig_set(&r, &s, ST_GPR);
	for (n = 0; (reason = rig_run(&r, 0)) == EXIT_IO && n < 8; n++)
		r.e.io.value = (u64)('a' + n);
	ck_assert_int_eq(reason, EXIT_HLT);
	memset(got, 0, sizeof(got));
	mem_read(&r.vm->mem, DATA + 0x100, got, 6);
	ck_assert_str_eq(got, "abcde");
	rig_close(&r);
}
END_TEST

/* mov ax, FFFFh; mov ds, ax: linear address 100000h is offset 10h. */
#define DS_NOWHERE 0xb8, 0xff, 0xff, 0x8e, 0xd8

START_TEST(device_memory)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, DS_NOWHERE, 0xa1, 0x14, 0x00, 0xa3, 0x20, 0x00, 0xf4); /* mov ax, [14h]; mov [20h], ax */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
	ck_assert_uint_eq(r.e.gpa, NOWHERE + 4);
	ck_assert_uint_eq(r.e.mmio.size, 2);
	ck_assert_uint_eq(r.e.mmio.write, 0);
	ck_assert_uint_eq(r.e.qualification & 7, 1);
	ck_assert_uint_eq(r.e.rip, CODE + 5);
	r.e.mmio.value = 0xbeef;
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
	ck_assert_uint_eq(r.e.gpa, NOWHERE + 0x10);
	ck_assert_uint_eq(r.e.mmio.write, 1);
	ck_assert_uint_eq(r.e.mmio.value, 0xbeef);
	ck_assert_uint_eq(r.e.qualification & 7, 2);
	ck_assert_int_eq(rig_settle(&r, 0), 0);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 11);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(r.e.rip, CODE + 11);
	ck_assert_uint_eq(r.e.insn_len, 1);
	rig_close(&r);
}
END_TEST

START_TEST(half_in_memory_half_in_a_device)
{
	struct rig r = rig_open(_i);
	const u8 below = 0x5a;

	mem_write(&r.vm->mem, NOWHERE - 1, &below, 1);
	RIG_CODE(&r, 0, DS_NOWHERE, 0xa1, 0x0f, 0x00, 0xf4); /* mov ax, [0fh] */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EPT_VIOLATION);
	r.e.mmio.value = 0x77;
	rig_settle(&r, 0x77);
	ck_assert_uint_eq(rig_state(&r).gpr[RAX] & 0xffff, 0x775a);
	ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 8);
	rig_close(&r);
}
END_TEST

START_TEST(msr_question)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, 0x66, 0xb9, 0x8b, 0, 0, 0, 0x0f, 0x32, 0x0f, 0x30, 0xf4); /* mov ecx, 8bh; rdmsr; wrmsr; hlt */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_RDMSR);
	ck_assert_uint_eq(r.e.msr.index, 0x8b);
	ck_assert_uint_eq(r.e.insn_len, 2);
	ck_assert_uint_eq(r.e.rip, CODE + 6);
	r.e.msr.value = 0x1122334455667788;
	r.e.msr.fault = 0;
	ck_assert_int_eq(rig_run(&r, 0), EXIT_WRMSR);
	ck_assert_uint_eq(r.e.msr.value, 0x1122334455667788);
	ck_assert_uint_eq((u32)rig_state(&r).gpr[RAX], 0x55667788);
	r.e.msr.fault = 1; /* #GP(0), vector 13 */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(r.e.rip, HANDLERS + 16 * 13);
	rig_close(&r);
}
END_TEST

START_TEST(hlt_and_death)
{
	struct rig r = rig_open(_i);
	struct x86_state s;

	RIG_CODE(&r, 0, 0x90, 0xf4, 0x40);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(r.e.rip, CODE + 1);
	ck_assert_uint_eq(r.e.insn_len, 1);
	s = rig_state(&r);
	ck_assert_uint_eq(s.activity[0], ACT_HALTED);
	ck_assert_uint_eq(s.rip[0], CODE + 2);
	ck_assert_int_eq(rig_run(&r, 1), EXIT_HLT); /* it stays halted */

	RIG_CODE(&r, 0, 0x0f, 0x0b); /* UD2 without an interrupt table, in protected mode */
	s = rig_state(&r);
	s.idtr_limit[0] = 0;
	s.cr0[0] |= CR0_PE;
	s.seg_sel[SEG_CS] = 8;
	rig_set(&r, &s, ST_SEG | ST_CTRL);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_TRIPLE_FAULT);
	ck_assert_uint_eq(rig_state(&r).activity[0], ACT_SHUTDOWN);
	RIG_CODE(&r, 0, 0x40, 0xf4); /* and it can be brought back to life */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	rig_close(&r);
}
END_TEST

/* ---- kicks ---- */

START_TEST(kick_of_a_stopped_vcpu_is_kept)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, JMP_SELF);
	r.engine->kick(r.v);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EXT_INTR);
	ck_assert_int_eq(rig_run(&r, 1000), EXIT_PREEMPT_TIMER); /* once */
	RIG_CODE(&r, 0, 0xe4, 0x71, 0x43, JMP_SELF); /* behind a question: it is finished first, or still asked for */
	ck_assert_int_eq(rig_run(&r, 0), EXIT_IO);
	r.e.io.value = 7;
	r.engine->kick(r.v);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_EXT_INTR);
	ck_assert_int_eq(rig_settle(&r, 0), 0);
	ck_assert_uint_eq(rig_state(&r).gpr[RAX] & 0xff, 7);
	rig_close(&r);
}
END_TEST

struct kicker { struct rig *r; int kicks, taken; };

/* One kick, at a moment made by chance; the next when it has been taken. */
static void *kick_at_random(void *arg)
{
	struct kicker *k = arg;
	u64 random = 42;

	for (int i = 0; i < k->kicks; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		usleep((useconds_t)(random >> 33) % 300);
		k->r->engine->kick(k->r->v);
		while (__atomic_load_n(&k->taken, __ATOMIC_SEQ_CST) <= i)
			sched_yield();
	}
	return NULL;
}

/* With and without exits of its own in between; a kick that got lost would leave the loop for ever. */
static void kicks(struct rig *r, int n)
{
	struct kicker k = { .r = r, .kicks = n };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, kick_at_random, &k), 0);
	while (k.taken < n)
		if (rig_run(r, 0) == EXIT_EXT_INTR)
			__atomic_fetch_add(&k.taken, 1, __ATOMIC_SEQ_CST);
	pthread_join(thread, NULL);
}

START_TEST(no_kick_is_lost)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, JMP_SELF);
	kicks(&r, 300);
	RIG_CODE(&r, 0, 0xe6, 0x80, 0xeb, 0xfc); /* out 80h, al; again */
	kicks(&r, 300);
	rig_close(&r);
}
END_TEST

/* ---- events ---- */

static bool can_inject_with(struct rig *r, u64 rflags, u8 shadow, u32 waiting)
{
	struct x86_state s;

	RIG_CODE(r, rflags, 0x90, JMP_SELF);
	s = rig_state(r);
	s.shadow[0] = shadow;
	s.inject_info[0] = waiting;
	rig_set(r, &s, ST_PENDING);
	return r->engine->can_inject(r->v);
}

START_TEST(when_an_interrupt_can_be_taken)
{
	struct rig r = rig_open(_i);

	ck_assert(can_inject_with(&r, FLAG_IF, 0, 0));
	ck_assert(!can_inject_with(&r, 0, 0, 0));
	ck_assert(!can_inject_with(&r, FLAG_IF, SHADOW_STI, 0));
	ck_assert(!can_inject_with(&r, FLAG_IF, SHADOW_MOV_SS, 0));
	ck_assert(!can_inject_with(&r, FLAG_IF, 0, intr_info(INTR_TYPE_EXT, 0x20, false)));
	rig_close(&r);
}
END_TEST

START_TEST(interrupt_is_delivered)
{
	struct rig r = rig_open(_i);
	u16 frame[3];

	RIG_CODE(&r, FLAG_IF, 0x90, JMP_SELF);
	ck_assert_int_eq(r.engine->inject(r.v, intr_info(INTR_TYPE_EXT, 0x21, false), 0), 0);
	ck_assert_int_eq(r.engine->inject(r.v, intr_info(INTR_TYPE_EXT, 0x22, false), 0), -EBUSY);
	ck_assert(!r.engine->can_inject(r.v));
	ck_assert_uint_eq(rig_state(&r).inject_info[0], intr_info(INTR_TYPE_EXT, 0x21, false));
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(r.e.rip, HANDLERS + 16 * 0x21);
	ck_assert_uint_eq(rig_state(&r).gpr[RSP], CODE - 6);
	mem_read(&r.vm->mem, CODE - 6, frame, sizeof(frame));
	ck_assert_uint_eq(frame[0], CODE);
	ck_assert_uint_eq(frame[1], 0);
	ck_assert_uint_eq(frame[2], FLAG_IF | FLAG_1);
	ck_assert(!(rig_state(&r).rflags[0] & FLAG_IF));
	ck_assert_uint_eq(rig_state(&r).inject_info[0], 0);
	rig_close(&r);
}
END_TEST

START_TEST(interrupt_wakes)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, FLAG_IF, 0xf4, 0x40);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_int_eq(r.engine->inject(r.v, intr_info(INTR_TYPE_EXT, 0x30, false), 0), 0);
	ck_assert_uint_eq(rig_state(&r).activity[0], ACT_ACTIVE);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
	ck_assert_uint_eq(r.e.rip, HANDLERS + 16 * 0x30);
	rig_close(&r);
}
END_TEST

START_TEST(other_events)
{
	struct rig r = rig_open(_i);
	static const struct { u32 type; u8 vector; } row[] = {
		{ INTR_TYPE_NMI, VEC_NMI }, { INTR_TYPE_HARD_EXC, VEC_DE }, { INTR_TYPE_HARD_EXC, VEC_UD },
		{ INTR_TYPE_HARD_EXC, VEC_GP },
	};

	for (size_t i = 0; i < ARRAY_LEN(row); i++) {
		RIG_CODE(&r, 0, 0x90, JMP_SELF); /* whatever IF says */
		ck_assert_int_eq(r.engine->inject(r.v, intr_info(row[i].type, row[i].vector, false), 0), 0);
		ck_assert_int_eq(rig_run(&r, 0), EXIT_HLT);
		ck_assert_uint_eq(r.e.rip, HANDLERS + 16u * row[i].vector);
		ck_assert_uint_eq(rig_state(&r).gpr[RSP], CODE - 6);
		ck_assert_uint_eq(rig_state(&r).nmi_blocked[0], row[i].type == INTR_TYPE_NMI);
	}
	rig_close(&r);
}
END_TEST

START_TEST(the_window)
{
	struct rig r = rig_open(_i);

	RIG_CODE(&r, 0, 0x90, 0xfb, 0x90, 0x90, JMP_SELF); /* nop; sti; nop; nop */
	r.engine->want_window(r.v, true);
	ck_assert_int_eq(rig_run(&r, 0), EXIT_INTR_WINDOW);
	ck_assert_uint_ge(rig_state(&r).rip[0], CODE + 3); /* STI holds it back for one instruction */
	/* A KVM that emulates the guest's kernel looks an instruction later. */
	ck_assert_uint_le(rig_state(&r).rip[0], r.exact ? CODE + 3 : CODE + 4);
	ck_assert(r.engine->can_inject(r.v));
	ck_assert_int_eq(rig_run(&r, 0), EXIT_INTR_WINDOW); /* until it is called with false */
	r.engine->want_window(r.v, false);
	ck_assert_int_eq(rig_run(&r, 100000), EXIT_PREEMPT_TIMER);
	RIG_CODE(&r, 0, JMP_SELF);
	r.engine->want_window(r.v, true);
	ck_assert_int_eq(rig_run(&r, 100000), EXIT_PREEMPT_TIMER); /* IF never is set */
	r.engine->want_window(r.v, false);
	rig_close(&r);
}
END_TEST

/* ---- breakpoints ---- */

struct seen { int n; u64 at[16]; };

static enum verdict on_breakpoint(void *arg, const struct event *ev)
{
	struct seen *s = arg;

	if (s->n < 16)
		s->at[s->n] = ev->breakpoint.gla;
	s->n++;
	return EV_STOP;
}

/* `many`: more than a processor has debug registers. */
static void breakpoints(int engine, int many)
{
	struct rig r = rig_open(engine);
	struct seen seen = { 0 };
	struct err err = { 0 };

	RIG_CODE(&r, 0, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0x40, 0xf4);
	vm_subscribe(r.vm, EV_BIT(breakpoint), on_breakpoint, &seen);
	for (int i = 0; i < many; i++)
		vm_break_set(r.vm, CODE + 1 + (u64)i);
	for (int i = 0; i < many; i++) {
		ck_assert_int_eq(vm_run(r.vm, 0, &err), STOP_EVENT);
		ck_assert_uint_eq(rig_state(&r).rip[0], CODE + 1u + (u32)i);
		ck_assert_uint_eq(rig_state(&r).gpr[RAX], 1u + (u32)i); /* before it executes */
	}
	ck_assert_int_eq(vm_run(r.vm, 0, &err), STOP_HALTED);
	ck_assert_int_eq(seen.n, many);
	ck_assert_uint_eq(rig_state(&r).gpr[RAX], 8);
	rig_close(&r);
}

START_TEST(few_breakpoints) { breakpoints(_i, 3); } END_TEST
START_TEST(many_breakpoints) { breakpoints(_i, 6); } END_TEST

TCase *conform_run(void)
{
	TCase *t = tcase_create("run");

	tcase_set_timeout(t, 60);
	EACH(limit_of_one_is_a_step);
	EACH(few_are_so_many_steps);
	EACH(limit_ends_the_run);
	EACH(port_write);
	EACH(port_read_takes_the_answer);
	EACH(finishing_is_a_step_of_its_own);
	EACH(string_port_elements_come_in_order);
	EACH(device_memory);
	EACH(half_in_memory_half_in_a_device);
	EACH(msr_question);
	EACH(hlt_and_death);
	EACH(kick_of_a_stopped_vcpu_is_kept);
	EACH(no_kick_is_lost);
	EACH(when_an_interrupt_can_be_taken);
	EACH(interrupt_is_delivered);
	EACH(interrupt_wakes);
	EACH(other_events);
	EACH(the_window);
	EACH(few_breakpoints);
	EACH(many_breakpoints);
	return t;
}
