/* SPDX-License-Identifier: GPL-3.0-or-later
 * exit-aliases.c - other names of exit reasons: SVM's (AMD64 manual 2, appendix C) and those of Linux's KVM.
 * Rule: an alias means the reason that a script written for VT-x would have named; it may cover more there.
 */
#include <string.h>

#include "core/exit.h"
#include "debugger/trap/check.h"

static const struct { const char *name; u16 reason; } aliases[] = {
	/* AMD64 manual 2, appendix C; written with VMEXIT_ in front, or without */
	{ "VMEXIT_CPUID", EXIT_CPUID }, { "VMEXIT_HLT", EXIT_HLT }, { "VMEXIT_IOIO", EXIT_IO }, { "VMEXIT_NPF", EXIT_EPT_VIOLATION },
	{ "VMEXIT_INTR", EXIT_EXT_INTR }, { "VMEXIT_NMI", EXIT_EXCEPTION }, { "VMEXIT_VINTR", EXIT_INTR_WINDOW },
	{ "VMEXIT_SHUTDOWN", EXIT_TRIPLE_FAULT }, { "VMEXIT_INIT", EXIT_INIT }, { "VMEXIT_VMMCALL", EXIT_VMCALL },
	{ "VMEXIT_RDTSC", EXIT_RDTSC }, { "VMEXIT_RDTSCP", EXIT_RDTSCP }, { "VMEXIT_RDPMC", EXIT_RDPMC },
	{ "VMEXIT_INVD", EXIT_INVD }, { "VMEXIT_WBINVD", EXIT_WBINVD }, { "VMEXIT_INVLPG", EXIT_INVLPG },
	{ "VMEXIT_PAUSE", EXIT_PAUSE }, { "VMEXIT_XSETBV", EXIT_XSETBV }, { "VMEXIT_TASK_SWITCH", EXIT_TASK_SWITCH },
	{ "VMEXIT_INVALID", EXIT_BAD_STATE },
	/* Linux, include/uapi/linux/kvm.h */
	{ "KVM_EXIT_IO", EXIT_IO }, { "KVM_EXIT_MMIO", EXIT_EPT_VIOLATION }, { "KVM_EXIT_HLT", EXIT_HLT },
	{ "KVM_EXIT_HYPERCALL", EXIT_VMCALL }, { "KVM_EXIT_SHUTDOWN", EXIT_TRIPLE_FAULT },
	{ "KVM_EXIT_INTR", EXIT_EXT_INTR }, { "KVM_EXIT_IRQ_WINDOW_OPEN", EXIT_INTR_WINDOW },
	{ "KVM_EXIT_EXCEPTION", EXIT_EXCEPTION }, { "KVM_EXIT_DEBUG", EXIT_EXCEPTION },
	{ "KVM_EXIT_FAIL_ENTRY", EXIT_BAD_STATE }, { "KVM_EXIT_X86_RDMSR", EXIT_RDMSR }, { "KVM_EXIT_X86_WRMSR", EXIT_WRMSR },
	/* Linux, arch/x86/include/uapi/asm/vmx.h, where they differ from ours */
	{ "EXCEPTION_NMI", EXIT_EXCEPTION }, { "EXTERNAL_INTERRUPT", EXIT_EXT_INTR }, { "INIT_SIGNAL", EXIT_INIT },
	{ "SIPI_SIGNAL", EXIT_SIPI }, { "INTERRUPT_WINDOW", EXIT_INTR_WINDOW }, { "IO_INSTRUCTION", EXIT_IO },
	{ "MSR_READ", EXIT_RDMSR }, { "MSR_WRITE", EXIT_WRMSR }, { "INVALID_STATE", EXIT_BAD_STATE },
	{ "MONITOR_TRAP_FLAG", EXIT_MTF }, { "PAUSE_INSTRUCTION", EXIT_PAUSE }, { "PREEMPTION_TIMER", EXIT_PREEMPT_TIMER },
};

int exit_reason_find(const char *name)
{
	if (!strncmp(name, "EXIT_", 5) || !strncmp(name, "EXIT_REASON_", 12))
		name += !strncmp(name, "EXIT_REASON_", 12) ? 12 : 5;
	for (int i = 0; i < EXIT_COUNT; i++)
		if (exit_name((u16)i) && !strcmp(exit_name((u16)i), name))
			return i;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (!strcmp(aliases[i].name, name) || (!strncmp(aliases[i].name, "VMEXIT_", 7) && !strcmp(aliases[i].name + 7, name)))
			return aliases[i].reason;
	return -1;
}

void exit_reason_offer(struct nearest *near)
{
	for (int i = 0; i < EXIT_COUNT; i++)
		if (exit_name((u16)i))
			nearest_offer(near, exit_name((u16)i));
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		nearest_offer(near, aliases[i].name);
}
