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

/* Dropping translations by tag, as INVVPID and INVEPT do; the values are the types in their register operand (SDM 3C 30.3). */
enum drop_kind {
	DROP_VPID_ADDRESS = 0, DROP_VPID = 1, DROP_VPID_ALL = 2, DROP_VPID_KEEP_GLOBAL = 3,
	DROP_EPT = 0x11, DROP_EPT_ALL = 0x12, /* INVEPT's types 1 and 2 */
};
/* Their descriptor in memory (SDM 3C figures 30-1, 30-2): whatever the kind does not look at is ignored. */
struct drop_operand { u64 vpid, linear, eptp; };

/* One translation that a TLB holds; a large page is held in pieces of 4 KiB, as it was touched. */
enum tlb_rights { TLB_READ = 1, TLB_WRITE = 2, TLB_FETCH = 4 };
/* Whose accesses may use it: OPEN is the supervisor's while RFLAGS.AC suspends SMAP. */
enum tlb_class { TLB_SUPERVISOR, TLB_USER, TLB_OPEN, TLB_CLASSES };
struct tlb_line {
	u64 linear, gpa;    /* of the page of 4 KiB */
	u64 size;           /* of the page in the guest's tables */
	u16 vpid, pcid;
	u8 rights;          /* the accesses that need no walk: TLB_READ ... */
	u8 who;             /* enum tlb_class */
	bool global;
	bool current;       /* its tags are those in force now */
};
typedef void (*tlb_fn)(void *arg, const struct tlb_line *line);

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
	/* Guest memory [gpa, gpa+len) is about to lie elsewhere, or to lose the right to be written at once, with the same
	 * content: no host address of it is kept.  May come in the midst of an instruction, from one of its accesses.  NULL: this
	 * engine takes no paged slots (core/mem.h). */
	void (*unmapping)(struct vm *vm, u64 gpa, u64 len);
	/* The same, but it may be read as before: only translations that allow writing go.  NULL: as above. */
	void (*protecting)(struct vm *vm, u64 gpa, u64 len);

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
	/* Event subscriptions, breakpoints, vm->controls or vcpu->vpid changed. */
	void (*observe)(struct vcpu *vcpu);
	/* Drop the vCPU's translations that the kind and its operand name.  -EINVAL: an operand for which INVVPID and INVEPT fail
	 * (VPID 0 or beyond 16 bits, an address that is not canonical, an EPT pointer no VM entry would take).  NULL: the
	 * host's processor sees to it.  Any time the vCPU is out of run(), and from an exit's handler. */
	int (*drop)(struct vcpu *vcpu, enum drop_kind kind, const struct drop_operand *operand);
	/* Tell all that the vCPU's TLB holds, in the order of its entries; changes nothing.  NULL: nobody can know. */
	void (*tlb_each)(const struct vcpu *vcpu, tlb_fn fn, void *arg);
};

#endif
