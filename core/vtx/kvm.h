/* SPDX-License-Identifier: GPL-3.0-or-later
 * kvm.h - what the files of this engine share: a VM and a vCPU of KVM's.
 * Rule: KVM holds the guest's state; `last` only has what KVM has no place for, or does not take on this host.
 *
 * Source: the Linux kernel's Documentation/virt/kvm/api.rst.
 */
#ifndef VITRINE_CORE_VTX_KVM_H
#define VITRINE_CORE_VTX_KVM_H

#include <linux/kvm.h>
#include <pthread.h>
#include <sys/types.h>
#include <time.h>

#include "core/vm.h"

enum { KVM_REGIONS = 512 };

/* A piece of guest-physical memory as KVM knows it; size 0 = this number is free. */
struct kvm_region { u64 gpa, size, at; /* offset in the reservation of struct mem */ u32 flags; };

struct kvm_vm {
	int kvm, fd;
	bool sregs2;          /* KVM_GET_SREGS2: the PAE pointers can be had */
	bool tsc_scaled;      /* the guest's TSC runs at 1 GHz, as CPUID says */
	u32 tsc_khz;
	int nregions;         /* the highest number in use, plus 1 */
	struct kvm_region region[KVM_REGIONS];
	char why[200];        /* memory could not be told to KVM: no vCPU runs any more */
};

struct kvm_cpu {
	struct vcpu *vcpu;
	int fd;
	struct kvm_run *run;
	size_t run_size;
	bool ready;           /* CPUID and the MSR filter are in place */
	struct x86_state last;
	/* --- the exit that is being answered */
	bool seen;            /* rip in the run page is the guest's */
	bool asked;           /* the answer goes into the run page */
	bool unfinished;      /* it is there: the next KVM_RUN completes the instruction */
	bool deferred;        /* an exit of KVM's waits in the run page behind a write to CR8 */
	u32 element;          /* of a string instruction's several */
	bool out_after;       /* this host completes OUT before it exits (learnt from what could not be doubted) */
	u8 cr8;               /* as the guest was entered with it */
	/* --- time */
	u64 left;             /* host ns when the guest was left; 0 = the time since then does not count */
	u64 tsc_now;          /* virtual ns that the time-stamp counter has followed */
	u64 ran;              /* instructions of the latest run */
	pid_t tid;            /* the thread of the latest run */
	pthread_t self;
	bool has_timer;
	timer_t timer;
	u64 armed;            /* host ns at which it fires, 0 = it does not */
	/* --- written by signal handlers and other threads */
	int kicked, fired;
	pid_t inside;         /* tid while in run, else 0 */
	/* --- debugging */
	struct kvm_guest_debug debug;
	bool told;            /* the breakpoint at told_lin, where the guest stands */
	u64 told_lin;
	char why[200];        /* of the latest failure of run */
};

static inline struct kvm_vm *kvm_of(const struct vm *vm) { return vm->engine_data; }
static inline struct kvm_cpu *kvm_cpu_of(const struct vcpu *v) { return v->engine_data; }

/* kvm-mem.c */
void kvm_mem_changed(struct vm *vm, const struct mem_slot *slot);
void kvm_dirty_fetch(struct vm *vm, const struct mem_slot *slot);

/* kvm-model.c: the processor model, as far as the host has it, and the registers that exit.  0 or a negative errno. */
int kvm_model_set(struct kvm_cpu *k, struct err *err);
u64 kvm_features(void);

/* kvm-state.c, kvm-fpu.c, kvm-msr.c */
int kvm_get(struct vcpu *v, struct x86_state *s, u32 groups);
int kvm_set(struct vcpu *v, const struct x86_state *s, u32 groups, struct err *err);
int kvm_fpu_get(struct kvm_cpu *k, struct x86_state *s);
int kvm_fpu_set(struct kvm_cpu *k, const struct x86_state *s);
int kvm_msr_get(struct kvm_cpu *k, struct x86_state *s);
int kvm_msr_set(struct kvm_cpu *k, const struct x86_state *s, struct err *err);
/* Registers that the processor keeps itself, for the filter: the i-th row, false after the last. */
bool kvm_msr_row(const struct vm *vm, int i, u32 *index, u32 *count);
/* The guest's TSC := virtual time + last.tsc_offset. */
void kvm_tsc_apply(struct kvm_cpu *k, u64 now);

/* kvm-run.c */
int kvm_run_guest(struct vcpu *v, const struct run_limit *limit, struct vm_exit *exit);
int kvm_settle(struct vcpu *v, struct vm_exit *exit);
void kvm_kick(struct vcpu *v);
/* run fails: the reason, one sentence, goes where the run loop finds it. */
int kvm_trouble(struct kvm_cpu *k, struct vm_exit *exit, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* kvm-time.c: the budget as host time, and signals that end KVM_RUN. */
int kvm_signals_open(struct err *err);
void kvm_timer_close(struct kvm_cpu *k);
void kvm_thread(struct kvm_cpu *k);          /* this thread runs the vCPU now */
void kvm_count_gap(struct kvm_cpu *k);       /* time has passed since the guest was left */
void kvm_count_run(struct kvm_cpu *k);       /* time has passed in the guest */
u64 kvm_now(const struct kvm_cpu *k);        /* virtual ns */
void kvm_arm(struct kvm_cpu *k, u64 icount); /* a signal ends KVM_RUN when that is reached */

/* kvm-exit.c: 1: *exit is filled from the run page; 0: nothing to tell, go on; or a negative errno. */
int kvm_translate_exit(struct kvm_cpu *k, struct vm_exit *exit);
/* The answer in *exit goes into the run page.  1: the next element of a string instruction, *exit is filled. */
int kvm_answer(struct kvm_cpu *k, struct vm_exit *exit);
u64 kvm_rip(struct kvm_cpu *k); /* where the guest stands */
/* An exit without a question; 0. */
int kvm_leave(struct kvm_cpu *k, struct vm_exit *exit, enum exit_reason reason);

/* kvm-insn.c: up to n bytes of code at rip; how many could be read. */
int kvm_code(struct kvm_cpu *k, u64 rip, u8 *bytes, int n);
/* Where the port instruction of the run page is: exit->rip, insn_len, qualification, io.string and io.rep. */
void kvm_find_port_insn(struct kvm_cpu *k, struct vm_exit *exit);

/* kvm-debug.c */
int kvm_debug(struct kvm_cpu *k, bool step);
/* Is the guest before an instruction with a breakpoint?  Says so, once.  True: it is. */
bool kvm_at_breakpoint(struct kvm_cpu *k);
u64 kvm_linear_rip(struct kvm_cpu *k, u64 rip);

#endif
