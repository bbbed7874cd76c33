/* SPDX-License-Identifier: GPL-3.0-or-later
 * fake-engine.h - an engine that executes a list of exits instead of instructions, for tests of everything
 * above it.
 * Rule: it keeps the contract of core/engine.h to the letter, and asserts that its caller does.
 *
 * An instruction is one step of rip.  Most do nothing; those in the program of the vCPU do what their row
 * says. All of its state that matters to a guest is in struct x86_state, so it can be saved and restored.
 */
#ifndef VITRINE_TESTS_FAKE_ENGINE_H
#define VITRINE_TESTS_FAKE_ENGINE_H

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/vm.h"

enum fake_kind {
	FAKE_EXIT,     /* exit, and retire when the answer is taken up */
	FAKE_TWICE,    /* the same, with a second fragment (the same port, plus 1) */
	FAKE_HLT,      /* HLT that retires before its exit */
	FAKE_STI, FAKE_CLI, FAKE_IRET, /* IF; IRET ends the blocking of NMIs */
	FAKE_JMP,      /* to exit.qualification */
};
struct fake_insn { u64 at; enum fake_kind kind; struct vm_exit exit; };

enum { FAKE_RECORDS = 64 };
struct fake_cpu {
	struct x86_state s;
	const struct fake_insn *program;
	int n;
	bool pending;    /* an exit has been made and its instruction has not retired */
	int fragment;
	bool window;
	int kicked;
	u64 runs;
	struct { u8 vector; u64 icount, rip; } delivered[FAKE_RECORDS];
	int ndelivered;
	struct vm_exit answer[FAKE_RECORDS];
	int nanswers;
};
struct fake_vm { u64 changed, written, cleared; };

static inline struct fake_cpu *fake_of(struct vm *vm, u32 index) { return vm->vcpu[index].engine_data; }

static inline void fake_program(struct vm *vm, u32 index, const struct fake_insn *program, int n)
{
	fake_of(vm, index)->program = program;
	fake_of(vm, index)->n = n;
}

static int fake_vm_open(struct vm *vm, struct err *err)
{
	vm->engine_data = calloc(1, sizeof(struct fake_vm));
	return vm->engine_data ? 0 : err_set(err, ENOMEM, "fake: no memory");
}

static void fake_vm_close(struct vm *vm) { free(vm->engine_data); }

static int fake_vcpu_open(struct vcpu *v, struct err *err)
{
	v->engine_data = calloc(1, sizeof(struct fake_cpu));
	return v->engine_data ? 0 : err_set(err, ENOMEM, "fake: no memory");
}

static void fake_vcpu_close(struct vcpu *v) { free(v->engine_data); }

static void fake_mem_changed(struct vm *vm, const struct mem_slot *slot)
{
	((struct fake_vm *)vm->engine_data)->changed++;
}

static void fake_dirty_cleared(struct vm *vm, const struct mem_slot *slot)
{
	((struct fake_vm *)vm->engine_data)->cleared++;
}

static void fake_mem_written(struct vm *vm, u64 gpa, u64 len)
{
	((struct fake_vm *)vm->engine_data)->written++;
}

static void fake_retire(struct fake_cpu *f)
{
	f->s.rip[0]++;
	f->s.icount[0]++;
	f->pending = false;
	f->fragment = 0;
}

static const struct fake_insn *fake_at(const struct fake_cpu *f, u64 rip)
{
	for (int i = 0; i < f->n; i++)
		if (f->program[i].at == rip)
			return &f->program[i];
	return NULL;
}

static void fake_exit(struct vcpu *v, struct vm_exit *exit, u16 reason)
{
	struct fake_cpu *f = v->engine_data;

	memset(exit, 0, sizeof(*exit));
	exit->reason = reason;
	exit->rip = f->s.rip[0];
	exit->icount = f->s.icount[0];
}

static void fake_question(struct vcpu *v, const struct fake_insn *insn, struct vm_exit *exit)
{
	struct fake_cpu *f = v->engine_data;

	*exit = insn->exit;
	exit->rip = f->s.rip[0];
	exit->icount = f->s.icount[0];
	exit->io.port = (u16)(exit->io.port + (exit->reason == EXIT_IO ? f->fragment : 0));
	f->pending = true;
	if (exit->reason == EXIT_HLT)
		f->s.activity[0] = ACT_HALTED;
	if (exit->reason == EXIT_TRIPLE_FAULT) {
		f->pending = false;
		f->s.activity[0] = ACT_SHUTDOWN;
	}
	if (exit->reason == EXIT_EXCEPTION)
		f->pending = false;
}

/* Take up the answer.  1: a second fragment exits. */
static int fake_finish(struct vcpu *v, struct vm_exit *exit)
{
	struct fake_cpu *f = v->engine_data;
	const struct fake_insn *insn = fake_at(f, f->s.rip[0]);

	if (!f->pending)
		return 0;
	if (f->nanswers < FAKE_RECORDS)
		f->answer[f->nanswers++] = *exit;
	if (exit->reason == EXIT_IO && !exit->io.write)
		f->s.gpr[RAX] = f->s.gpr[RAX] << 8 | (exit->io.value & 0xff);
	if (exit->reason == EXIT_RDRAND)
		f->s.gpr[RBX] ^= exit->random.value;
	if (insn->kind == FAKE_TWICE && !f->fragment) {
		f->fragment = 1;
		fake_question(v, insn, exit);
		return 1;
	}
	fake_retire(f);
	return 0;
}

static bool fake_can_inject(struct vcpu *v)
{
	struct fake_cpu *f = v->engine_data;

	assert(!f->pending);
	return (f->s.rflags[0] & FLAG_IF) && !f->s.shadow[0] && !(f->s.inject_info[0] & INTR_VALID);
}

static void fake_deliver(struct fake_cpu *f)
{
	u32 info = f->s.inject_info[0];

	if (!(info & INTR_VALID))
		return;
	if (f->ndelivered < FAKE_RECORDS) {
		f->delivered[f->ndelivered].vector = (u8)intr_vector(info);
		f->delivered[f->ndelivered].icount = f->s.icount[0];
		f->delivered[f->ndelivered++].rip = f->s.rip[0];
	}
	f->s.inject_info[0] = 0;
	f->s.rflags[0] &= ~(u64)FLAG_IF;
	if (intr_type(info) == INTR_TYPE_NMI)
		f->s.nmi_blocked[0] = 1;
}

/* One instruction.  True if it makes an exit. */
static bool fake_step(struct vcpu *v, struct vm_exit *exit)
{
	struct fake_cpu *f = v->engine_data;
	const struct fake_insn *insn = fake_at(f, f->s.rip[0]);

	f->s.shadow[0] = 0;
	if (!insn) {
		fake_retire(f);
		return false;
	}
	if (insn->kind == FAKE_EXIT || insn->kind == FAKE_TWICE) {
		fake_question(v, insn, exit);
		return true;
	}
	fake_retire(f);
	if (insn->kind == FAKE_STI) {
		f->s.rflags[0] |= FLAG_IF;
		f->s.shadow[0] = SHADOW_STI;
	} else if (insn->kind == FAKE_CLI) {
		f->s.rflags[0] &= ~(u64)FLAG_IF;
	} else if (insn->kind == FAKE_IRET) {
		f->s.nmi_blocked[0] = 0;
		f->s.rflags[0] |= FLAG_IF;
	} else if (insn->kind == FAKE_JMP) {
		f->s.rip[0] = insn->exit.qualification;
	} else if (insn->kind == FAKE_HLT) {
		f->s.activity[0] = ACT_HALTED;
		fake_exit(v, exit, EXIT_HLT);
		return true;
	}
	return false;
}

static int fake_run(struct vcpu *v, const struct run_limit *limit, struct vm_exit *exit)
{
	struct fake_cpu *f = v->engine_data;
	u64 start = f->s.icount[0];

	f->runs++;
	if (fake_finish(v, exit))
		return 0;
	assert(f->s.activity[0] == ACT_ACTIVE);
	for (;;) {
		if (limit->insns && f->s.icount[0] - start >= limit->insns) {
			fake_exit(v, exit, limit->insns == 1 ? EXIT_MTF : EXIT_PREEMPT_TIMER);
			return 0;
		}
		if (__atomic_exchange_n(&f->kicked, 0, __ATOMIC_SEQ_CST)) {
			fake_exit(v, exit, EXIT_EXT_INTR);
			return 0;
		}
		fake_deliver(f);
		if (f->window && fake_can_inject(v)) {
			fake_exit(v, exit, EXIT_INTR_WINDOW);
			return 0;
		}
		if (fake_step(v, exit))
			return 0;
	}
}

static int fake_settle(struct vcpu *v, struct vm_exit *exit) { return fake_finish(v, exit); }

static void fake_kick(struct vcpu *v)
{
	__atomic_store_n(&((struct fake_cpu *)v->engine_data)->kicked, 1, __ATOMIC_SEQ_CST);
}

/* Groups are copied field by field, through the list, as a real engine would have to. */
static void fake_copy(struct x86_state *to, const struct x86_state *from, u32 groups)
{
	for (u32 i = 0; i < x86_state_layout.nfields; i++) {
		const struct field *f = &x86_state_layout.fields[i];

		if (x86_state_group(i) & groups)
			memcpy((u8 *)to + f->offset, (const u8 *)from + f->offset,
			       (size_t)f->width * f->count);
	}
}

static int fake_get(struct vcpu *v, struct x86_state *state, u32 groups)
{
	struct fake_cpu *f = v->engine_data;

	assert(!f->pending || v->leaving || !(groups & ~(u32)ST_CTRL));
	fake_copy(state, &f->s, groups);
	return 0;
}

static int fake_set(struct vcpu *v, const struct x86_state *state, u32 groups, struct err *err)
{
	struct fake_cpu *f = v->engine_data;

	assert(!f->pending);
	if ((groups & ST_CTRL) && (state->cr0[0] & CR0_PG) && !(state->cr0[0] & CR0_PE))
		return err_set(err, EINVAL, "fake: CR0.PG without CR0.PE");
	fake_copy(&f->s, state, groups);
	return 0;
}

static int fake_inject(struct vcpu *v, u32 info, u32 error_code)
{
	struct fake_cpu *f = v->engine_data;

	assert(!f->pending);
	if (f->s.inject_info[0] & INTR_VALID)
		return -EBUSY;
	f->s.inject_info[0] = info;
	f->s.inject_error[0] = error_code;
	f->s.activity[0] = ACT_ACTIVE;
	return 0;
}

static void fake_want_window(struct vcpu *v, bool want)
{
	((struct fake_cpu *)v->engine_data)->window = want;
}

static void fake_observe(struct vcpu *v) { }

static const struct engine fake_engine = {
	.name = "fake", .brief = "a list of exits, for tests", .caps = CAP_EXACT_BUDGET | CAP_COUNT_INSNS,
	.vm_open = fake_vm_open, .vm_close = fake_vm_close,
	.vcpu_open = fake_vcpu_open, .vcpu_close = fake_vcpu_close,
	.mem_changed = fake_mem_changed, .dirty_cleared = fake_dirty_cleared, .mem_written = fake_mem_written,
	.run = fake_run, .settle = fake_settle, .kick = fake_kick, .get = fake_get, .set = fake_set,
	.inject = fake_inject, .can_inject = fake_can_inject, .want_window = fake_want_window,
	.observe = fake_observe,
};

#endif
