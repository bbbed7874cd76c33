/* SPDX-License-Identifier: GPL-3.0-or-later
 * engine.h - what it takes to execute a guest.
 *
 * The interpreter and /dev/kvm each fill in one struct engine.  Rule: nothing above this line may ask which of
 * the two it is talking to; it may ask what the engine can do (caps).
 */
#ifndef VITRINE_CORE_ENGINE_H
#define VITRINE_CORE_ENGINE_H

#include "core/base/err.h"
#include "core/base/types.h"

struct vm;
struct vcpu;
struct x86_state;
struct vm_exit;
struct mem_slot;

enum engine_cap {
	CAP_EXACT_BUDGET = 1 << 0, /* stops after exactly limit.insns instructions */
	CAP_COUNT_INSNS = 1 << 1,  /* vm_exit.icount is exact */
	CAP_DIRTY_LOG = 1 << 2,
	CAP_WATCH_MEM = 1 << 3,    /* emits EV_watch for vm->watches; observe is called when that list changes */
	CAP_INTERCEPTS = 1 << 4,   /* honours every bit of struct vm_controls */
	CAP_INSN_EVENTS = 1 << 5,  /* can emit EV_insn and EV_mem */
	CAP_RAISE = 1 << 6,        /* honours vm_exit.raise */
	CAP_SECOND_STAGE = 1 << 7, /* walks vm->paging's tables */
};

struct run_limit {
	u64 insns; /* 0 = no limit; 1 = a step */
};

struct engine {
	const char *name, *brief;
	u32 caps;
	/* By exit reason (EXIT_COUNT of them): why it never comes from this engine, or what it lacks; NULL = nothing. The
	 * whole table may be NULL. */
	const char *const *unseen;
	/* Which of a processor model's features (FEAT_BIT) it can give on this host.  NULL = all. */
	u64 (*features)(void);
	/* Can it work on this host?  0, or a negative errno and a sentence.  NULL = always. */
	int (*available)(struct err *err);

	/* Once per VM / vCPU, before anything else; *err explains a failure. vm->engine_data, vcpu->engine_data are
	 * the engine's to use. */
	int (*vm_open)(struct vm *vm, struct err *err);
	void (*vm_close)(struct vm *vm);
	int (*vcpu_open)(struct vcpu *vcpu, struct err *err);
	void (*vcpu_close)(struct vcpu *vcpu);

	/* The guest-physical map changed (slot == NULL: anything may have).  Every vCPU is out of run(). */
	void (*mem_changed)(struct vm *vm, const struct mem_slot *slot);
	/* The dirty log of a slot is about to be fetched: writes that only the engine knows go into it now.  NULL = none. */
	void (*dirty_fetch)(struct vm *vm, const struct mem_slot *slot);
	/* The dirty log of a slot was just fetched and cleared: writes must be seen anew. */
	void (*dirty_cleared)(struct vm *vm, const struct mem_slot *slot);
	/* Guest memory [gpa, gpa+len) was written from outside (a device's DMA, a debugger): decoded code is stale. */
	void (*mem_written)(struct vm *vm, u64 gpa, u64 len);

	/* Run until an exit; fills *exit and returns 0, or a negative errno for host trouble (exit->what then says why, or
	 * is NULL).
	 * limit->insns used up -> EXIT_PREEMPT_TIMER (EXIT_MTF when the limit was 1); kick -> EXIT_EXT_INTR.
	 * If the previous exit asked a question (I/O, MMIO, CPUID, MSR, RDRAND, VMCALL), the caller has put the answer
	 * into the same struct vm_exit and passes it again: run first finishes that instruction with it, or, if
	 * exit->raise is set, raises that exception in its place, the instruction having done nothing (RIP is its own). */
	int (*run)(struct vcpu *vcpu, const struct run_limit *limit, struct vm_exit *exit);
	/* Finish the instruction whose exit was just answered in *exit, and no more.  0: done, state is consistent.
	 * 1: the same instruction exited again (a second fragment): *exit is filled, answer and settle again.
	 * Nothing to finish: 0. */
	int (*settle)(struct vcpu *vcpu, struct vm_exit *exit);
	/* Any thread, any time: run() returns EXIT_EXT_INTR soon; on a stopped vCPU the next run() returns at once. */
	void (*kick)(struct vcpu *vcpu);

	/* Whole groups (enum state_group), only when settled; get() also right after run() and settle() have returned an
	 * exit: the state is then that before the exiting instruction (after it for HLT, and PAUSE if it ends the turn).
	 * set() refuses states no processor can be in. */
	int (*get)(struct vcpu *vcpu, struct x86_state *state, u32 groups);
	int (*set)(struct vcpu *vcpu, const struct x86_state *state, u32 groups, struct err *err);
	/* Deliver an event at the next run (VM-entry interruption information, SDM 3C 24.8.3), waking a halted vCPU.
	 * The caller has checked can_inject for external interrupts.  -EBUSY if one already waits. */
	int (*inject)(struct vcpu *vcpu, u32 intr_info, u32 error_code);
	/* True if an external interrupt could be taken now: IF set, no shadow, no event waiting. */
	bool (*can_inject)(struct vcpu *vcpu);
	/* Leave with EXIT_INTR_WINDOW as soon as can_inject would be true. Sticky until called with false. */
	void (*want_window)(struct vcpu *vcpu, bool want);
	/* Event subscriptions, breakpoints or vm->controls changed. */
	void (*observe)(struct vcpu *vcpu);
};

#endif
