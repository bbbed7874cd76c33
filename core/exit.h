/* SPDX-License-Identifier: GPL-3.0-or-later
 * exit.h - why the guest stopped, in the words of the VT-x manual (SDM 3C 27, appendix C).
 * Rule: no private exit codes; even what the host causes has a true VT-x reason.
 */
#ifndef VITRINE_CORE_EXIT_H
#define VITRINE_CORE_EXIT_H

#include "core/base/types.h"

enum exit_reason {
#define EXIT(n, name, title, cause) EXIT_##name = n,
#include "core/x86/exits.def"
#undef EXIT
	EXIT_COUNT = 70
};

struct vm_exit {
	u16 reason;        /* enum exit_reason: the manual's number */
	u8 insn_len;       /* 0 = not caused by an instruction */
	u8 vcpu;           /* index of the vCPU */
	u32 intr_info;     /* VM-exit interruption information, manual's bits (exit 0) */
	u32 intr_error;    /* its error code */
	u64 qualification; /* exit qualification, manual's bits (SDM 3C 27.2.1) */
	u64 rip;           /* of the instruction that exited */
	u64 gpa, gla;      /* EPT violation: the addresses */
	u64 icount;        /* instructions retired by this vCPU so far; the exiting one not counted */
	union {            /* the same, unpacked.  Fields marked <- are the hypervisor's answer. */
		struct { u64 value /* <- for a read */; u16 port; u8 size, write, string, rep; } io;
		struct { u64 value /* <- for a read */; u8 size, write, fetch, retry /* <- 1: there is memory now, try again */; } mmio;
		struct { u64 value /* <- RDMSR */; u32 index; u8 fault /* <- 1: raise #GP(0) */; } msr;
		struct { u32 leaf, subleaf, eax, ebx, ecx, edx; /* the last four <- */ } cpuid;
		struct { u64 value /* <- MOV from CR8 */; u8 number, write; } cr; /* number 8 only */
		struct { u64 value /* <- */; u8 ok /* <- becomes CF */, size; } random;
		struct { u64 nr, arg[4], result /* <- RAX */; } call;
		/* Exit 0 of the shadow pager: the processor's own page fault (access: enum walk_access, 0 otherwise). <- retry: the
		 * shadow has an entry now; through: this access, and others of the instruction in this page, is made at gpa, and no
		 * table says so; neither: it is the guest's own, with this error code */
		struct { u64 gpa /* <- */, page_size /* <- the guest's */; u32 error /* <- */; u8 access, asked, retry, through, global; } pf;
	};
	/* <- Not 0: instead of completing, the instruction raises this exception (VM-entry interruption information, SDM 3C
	 * 24.8.3; vcpu_exception makes it).  For engines with CAP_RAISE. */
	u32 raise, raise_error;
	/* Filled by the exit handler for whoever watches: */
	const char *who;   /* device that claimed the access, NULL if nobody did */
	const char *what;  /* its register's name, or what the hypervisor did, in a few words; may be NULL */
};

/* "I/O instruction", or NULL if the number is unknown. */
const char *exit_title(u16 reason);
/* "IO", or NULL. */
const char *exit_name(u16 reason);
/* What causes it in this program (for `vitrine info exits`), or NULL. */
const char *exit_cause(u16 reason);

/* Did the guest cause it?  Not those by a budget, a step, a kick, an interrupt window or the preemption timer. */
static inline bool exit_is_guests(u16 reason)
{
	const u64 ours = 1ull << EXIT_EXT_INTR | 1ull << EXIT_INTR_WINDOW | 1ull << EXIT_MTF | 1ull << EXIT_PREEMPT_TIMER;
	return !(ours >> (reason & 63) & 1);
}
/* Does it wait for an answer that only goes to the guest, so that whoever watches may give it (EV_ANSWERED)? */
bool exit_asks(u16 reason);

/* The answer, those fields marked <- but raise, as two numbers; and put back into an exit of the same reason. */
void exit_answer_get(const struct vm_exit *e, u64 answer[2]);
void exit_answer_put(struct vm_exit *e, const u64 answer[2]);

/* Exit qualification for I/O instructions (SDM 3C table 27-5) */
u64 exit_io_qualification(u16 port, int size, bool write, bool string, bool rep, bool immediate);
/* Exit qualification for EPT violations (SDM 3C table 27-7): what was tried and what is allowed, as EPT_R EPT_W EPT_X; is
 * there a linear address, and is it its own translation that failed, not that of a table entry? */
u64 exit_ept_qualification(u64 access, u8 allowed, bool linear, bool final);

#endif
