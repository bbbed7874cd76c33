/* SPDX-License-Identifier: GPL-3.0-or-later
 * unseen.c - what of the manual's exits this engine does not show, and why: `vitrine info exits vtx`.
 * Rule: facts alone, without KVM's header, so that every build can print them.
 */
#include "core/vm.h"
#include "core/vtx/vtx.h"

/* By exit reason: why it never comes, or what is missing in it, on this engine. */
const char *const kvm_unseen[EXIT_COUNT] = {
	[EXIT_EXCEPTION] = "never: exceptions go to the guest directly",
	[EXIT_INVD] = "never: KVM does it in the kernel",
	[EXIT_INVLPG] = "never: KVM does it in the kernel",
	[EXIT_INVPCID] = "never: KVM does it in the kernel",
	[EXIT_RDPMC] = "never: KVM does it in the kernel",
	[EXIT_RDTSC] = "never: the processor reads its own counter",
	[EXIT_RDTSCP] = "never: the processor reads its own counter",
	[EXIT_TASK_SWITCH] = "never: KVM does it in the kernel",
	[EXIT_CPUID] = "never: KVM answers in the kernel, from the model it was given",
	[EXIT_VMCALL] = "never: KVM answers in the kernel, with the same number",
	[EXIT_CR_ACCESS] = "MOV to CR8 only, and when it lowers the priority or with the next exit",
	[EXIT_DR_ACCESS] = "never: KVM does it in the kernel",
	[EXIT_IO] = "INS asks for several elements before it stores them",
	[EXIT_PAUSE] = "never: each processor has a thread of its own",
	[EXIT_EPT_VIOLATION] = "without the linear address; a write's rip is that of the next instruction",
	[EXIT_EPT_MISCONFIG] = "never: KVM has the tables",
	[EXIT_PREEMPT_TIMER] = "after so many nanoseconds of the host, not instructions",
	[EXIT_WBINVD] = "never: KVM does it in the kernel",
	[EXIT_XSETBV] = "never: KVM does it in the kernel",
	[EXIT_RDRAND] = "never: the processor has its own",
	[EXIT_RDSEED] = "never: the processor has its own",
	[EXIT_PML_FULL] = "never: KVM has the log",
};
