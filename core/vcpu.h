/* SPDX-License-Identifier: GPL-3.0-or-later
 * vcpu.h - one virtual processor, whichever engine executes it.
 * Rule: state is only seen settled: vcpu_get and vcpu_set finish a half-done instruction first.
 */
#ifndef VITRINE_CORE_VCPU_H
#define VITRINE_CORE_VCPU_H

#include "core/bus.h"
#include "core/engine.h"
#include "core/exit.h"
#include "core/state.h"

struct vm;

/* The interrupt controller at a processor's INTR pin, when the interrupt is acknowledged. */
struct vcpu_intc {
	int (*ack)(void *arg); /* vector, or -1 if the request went away */
	void *arg;
	/* CR8 is a part of the local APIC's task priority; NULL: the processor keeps it itself. */
	u8 (*read_cr8)(void *arg);
	void (*write_cr8)(void *arg, u8 value);
};

/* Why translations went, for --stats. */
enum tlb_cause {
	CAUSE_CR3, CAUSE_MODE /* CR0, CR4, EFER, DR7 */, CAUSE_INVLPG, CAUSE_INVPCID, CAUSE_INVVPID, CAUSE_INVEPT,
	CAUSE_FULL /* no space was free for another tag */, CAUSE_CODE /* a page holds decoded code now */,
	CAUSE_LOG /* writes must be seen anew */, CAUSE_MEMORY /* a guest page shows other memory */,
	CAUSE_STATE /* the processor's state was set, or its watches */, TLB_CAUSES
};

struct vcpu {
	struct vm *vm;
	u32 index;
	void *engine_data;
	struct vm_exit exit;  /* the latest exit; answered in place */
	bool settled;         /* no answer waits to be taken up */
	bool leaving;         /* EV_leave is being said: the exit has no answer yet */
	/* the engine is in run or settle: what it says on the way finds nothing to settle */
	bool executing;
	bool window;          /* the engine has been asked for an interrupt window */
	u8 activity;          /* enum activity, as the run loop sees it */
	u16 vpid;             /* the tag of its translations (SDM 3C 28.1): its number + 1.  Who changes it calls engine->observe */
	u64 clock_icount;     /* instructions already told to the clock */
	struct bus mmio, msr; /* what only this processor sees: its local APIC; asked before the VM's */
	struct vcpu_intc intc;
	/* The wires at its pins, noted in vm->attention when they want something: INTR is a level; NMI and INIT are remembered until taken; SIPI holds its vector + 1. */
	bool intr, nmi, init;
	u16 sipi;
	/* References to memory that translations have made: page-table entries of the guest, of the second stage, of the shadow.  Not state. */
	struct { u64 guest, ept, shadow; } walks;
	/* Walks that found something to put into the TLB: for reading, writing, fetching; and how it was dropped.  Not state. */
	struct { u64 fills[3], drops[TLB_CAUSES], dropped[TLB_CAUSES]; } tlb;
	/* With a thread per vCPU: it executes guest code now; it did when it asked to be alone. */
	bool inside, came_out;
};

/* Finish the instruction whose exit was answered, answering its further fragments on the way, and tell the
 * clock.  1 if that changed anything, 0 if there was nothing to finish, or a negative errno. */
int vcpu_settle(struct vcpu *v, struct err *err);
/* Groups are enum state_group.  Only while the vCPU is out of run(): between vm_run calls, in an event's
 * callback.  In EV_leave's the state is that of the exit, its instruction not yet executed, and vcpu_set is refused
 * with -EBUSY: there is no boundary of instructions to set it at. */
int vcpu_get(struct vcpu *v, struct x86_state *s, u32 groups);
int vcpu_set(struct vcpu *v, const struct x86_state *s, u32 groups, struct err *err);
/* In EV_leave's callback, which then answers EV_ANSWERED: the instruction raises this exception instead of completing.
 * `error` counts for the vectors that have an error code (SDM 3A table 6-1).  -EINVAL: not between leave and its answer, no
 * exception that an instruction can raise, or an exit that is not in the midst of one (HLT has retired when it exits);
 * -ENOTSUP: not by this engine. */
int vcpu_exception(struct vcpu *v, u8 vector, u32 error);
/* Time-stamp counter minus virtual time; only while an exit of this vCPU is answered, or it is out of run().
 * arg: struct vcpu. */
u64 vcpu_tsc_offset(void *arg);

#endif
