/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm-run.c - entering the guest, and finishing an instruction without going on.
 * Rule: an instruction whose question has been answered is `unfinished` until a KVM_RUN has taken the answer; with
 * immediate_exit set, KVM_RUN does that and nothing else.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/vtx/kvm.h"

enum {
	TSC_SLACK = 20000, /* ns by which virtual time may jump without the time-stamp counter */
	STEPS_MOST = 16,   /* a limit up to this is so many single steps */
};

/* KVM_RUN.  0: the run page says why it ended; 1: a signal, or immediate_exit, ended it; or a negative errno. */
static int enter(struct kvm_cpu *k)
{
	int rc;

	if (k->vcpu->intc.read_cr8)
		k->last.cr8[0] = k->vcpu->intc.read_cr8(k->vcpu->intc.arg);
	k->cr8 = (u8)k->last.cr8[0];
	k->run->cr8 = k->cr8;
	rc = ioctl(k->fd, KVM_RUN, 0);
	k->unfinished = false;
	k->seen = true;
	if (rc == 0)
		return 0;
	k->run->exit_reason = KVM_EXIT_INTR;
	return errno == EINTR || errno == EAGAIN ? 1 : -errno;
}

/* Take up the answer and no more.  1: another exit, *exit is filled. */
static int finish(struct kvm_cpu *k, struct vm_exit *exit)
{
	int rc = 0;

	while (k->unfinished && rc >= 0) {
		__atomic_store_n(&k->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		rc = enter(k);
		if (rc >= 0) {
			int told = kvm_translate_exit(k, exit);
			if (told)
				return told;
		}
	}
	if (rc < 0)
		return kvm_trouble(k, exit, -rc, "KVM_RUN: %s", strerror(-rc));
	k->last.icount[0]++;
	return 0;
}

int kvm_settle(struct vcpu *v, struct vm_exit *exit)
{
	struct kvm_cpu *k = kvm_cpu_of(v);

	if (k->asked && kvm_answer(k, exit))
		return 1;
	if (k->deferred) {
		int rc;

		k->deferred = false;
		rc = kvm_translate_exit(k, exit);
		if (rc)
			return rc;
	}
	return k->unfinished ? finish(k, exit) : 0;
}

/* The guest is to be left for this; but an instruction that is not finished may have one more question first. */
static int leave_finished(struct kvm_cpu *k, struct vm_exit *exit, enum exit_reason reason)
{
	int rc = k->unfinished ? finish(k, exit) : 0;

	if (rc && reason == EXIT_EXT_INTR)
		__atomic_store_n(&k->kicked, 1, __ATOMIC_SEQ_CST);
	if (rc)
		return rc < 0 ? rc : 0;
	return kvm_leave(k, exit, reason);
}

/* Virtual time jumps when the guest is idle; its time-stamp counter follows. */
static void follow_time(struct kvm_cpu *k, u64 ran)
{
	const struct vm *vm = k->vcpu->vm;
	u64 expected = k->tsc_now + ran * vm->clock.insn_ps / 1000;

	if (vm->threads)
		return;
	if (vm->clock.now > expected + TSC_SLACK)
		kvm_tsc_apply(k, vm->clock.now);
	else
		k->tsc_now = vm->clock.now;
}

/* Of a HLT that was stepped KVM tells the step, not the HLT. */
static bool was_hlt(struct kvm_cpu *k, u64 before)
{
	u64 rip = k->run->s.regs.regs.rip;
	u8 code;

	return k->debug.control & KVM_GUESTDBG_SINGLESTEP && rip == before + 1 &&
	       kvm_code(k, rip - 1, &code, 1) == 1 && code == 0xf4;
}

/* Once into the guest and out.  1: *exit is filled; 0: go on; or a negative errno. */
static int once(struct kvm_cpu *k, struct vm_exit *exit, bool step)
{
	bool finishing = k->unfinished;
	u64 before = k->debug.control ? kvm_rip(k) : 0;
	int rc = enter(k);

	if (rc < 0)
		return kvm_trouble(k, exit, -rc, "KVM_RUN: %s", strerror(-rc));
	if (!step)
		kvm_count_run(k);
	if (k->run->exit_reason == KVM_EXIT_DEBUG) {
		k->told = false;
		k->last.icount[0] += step;
		if (was_hlt(k, before))
			k->run->exit_reason = KVM_EXIT_HLT;
	} else if (step && finishing && rc == 1) {
		k->last.icount[0]++; /* KVM does not report the step of an instruction that it has completed */
	}
	return kvm_translate_exit(k, exit);
}

static bool was(int *flag)
{
	return __atomic_load_n(flag, __ATOMIC_RELAXED) && __atomic_exchange_n(flag, 0, __ATOMIC_SEQ_CST);
}

static bool is_stepped(const struct run_limit *limit)
{
	return limit->insns && limit->insns <= STEPS_MOST;
}

static int go(struct kvm_cpu *k, const struct run_limit *limit, struct vm_exit *exit)
{
	struct vm *vm = k->vcpu->vm;
	bool step = is_stepped(limit);
	u64 end = limit->insns ? k->last.icount[0] + limit->insns : UINT64_MAX;

	for (;;) {
		bool at;
		int rc;

		if (k->last.activity[0] != ACT_ACTIVE)
			return kvm_leave(k, exit, k->last.activity[0] == ACT_HALTED ? EXIT_HLT : EXIT_TRIPLE_FAULT);
		if (k->last.icount[0] >= end)
			return leave_finished(k, exit, limit->insns == 1 ? EXIT_MTF : EXIT_PREEMPT_TIMER);
		at = !k->unfinished && kvm_at_breakpoint(k);
		if (vm->events.stop && !k->unfinished && at)
			return kvm_leave(k, exit, EXIT_MTF);
		rc = kvm_debug(k, step || at);
		if (rc < 0)
			return kvm_trouble(k, exit, -rc, "KVM cannot step or stop this guest: %s", strerror(-rc));
		__atomic_store_n(&k->run->immediate_exit, step && k->unfinished, __ATOMIC_SEQ_CST);
		if (was(&k->kicked))
			return leave_finished(k, exit, EXIT_EXT_INTR);
		if (was(&k->fired)) {
			k->armed = 0;
			if (!step)
				kvm_count_run(k);
			continue;
		}
		if (!step)
			kvm_arm(k, end);
		rc = once(k, exit, step);
		if (rc)
			return rc < 0 ? rc : 0;
	}
}

int kvm_run_guest(struct vcpu *v, const struct run_limit *limit, struct vm_exit *exit)
{
	struct kvm_cpu *k = kvm_cpu_of(v);
	u64 before = k->last.icount[0];
	int rc = 0;

	if (kvm_of(v->vm)->why[0])
		return kvm_trouble(k, exit, ENOMEM, "%s", kvm_of(v->vm)->why);
	if (k->asked)
		rc = kvm_answer(k, exit);
	if (!rc && k->deferred) {
		k->deferred = false;
		rc = kvm_translate_exit(k, exit);
	}
	if (rc)
		return rc < 0 ? rc : 0;
	if (is_stepped(limit))
		k->left = 0;
	else
		kvm_count_gap(k);
	follow_time(k, k->ran);
	kvm_thread(k);
	rc = go(k, limit, exit);
	__atomic_store_n(&k->inside, 0, __ATOMIC_SEQ_CST);
	k->ran = k->last.icount[0] - before;
	return rc;
}
