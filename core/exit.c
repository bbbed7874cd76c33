/* SPDX-License-Identifier: GPL-3.0-or-later
 * exit.c - names of the exit reasons and the packing of exit qualifications.
 * Rule: every bit is where the manual puts it; a reader may decode it with the manual alone.
 */
#include "core/exit.h"

#include "core/x86/ept.h"

static const struct exit_info {
	const char *name, *title, *cause;
} exits[EXIT_COUNT] = {
#define EXIT(n, name, title, cause) [n] = { #name, title, cause },
#include "core/x86/exits.def"
#undef EXIT
};

const char *exit_title(u16 reason)
{
	return reason < EXIT_COUNT ? exits[reason].title : NULL;
}
const char *exit_name(u16 reason)
{
	return reason < EXIT_COUNT ? exits[reason].name : NULL;
}
const char *exit_cause(u16 reason)
{
	return reason < EXIT_COUNT ? exits[reason].cause : NULL;
}

bool exit_asks(u16 reason)
{
	switch (reason) {
	case EXIT_CPUID:
	case EXIT_VMCALL:
	case EXIT_CR_ACCESS:
	case EXIT_IO:
	case EXIT_RDMSR:
	case EXIT_WRMSR:
	case EXIT_EPT_VIOLATION:
	case EXIT_RDRAND:
	case EXIT_RDSEED: return true;
	default: return false;
	}
}

void exit_answer_get(const struct vm_exit *e, u64 answer[2])
{
	answer[0] = answer[1] = 0;
	switch (e->reason) {
	case EXIT_CPUID:
		answer[0] = e->cpuid.eax | (u64)e->cpuid.ebx << 32;
		answer[1] = e->cpuid.ecx | (u64)e->cpuid.edx << 32;
		return;
	case EXIT_VMCALL: answer[0] = e->call.result; return;
	case EXIT_CR_ACCESS: answer[0] = e->cr.value; return;
	case EXIT_IO: answer[0] = e->io.value; return;
	case EXIT_EPT_VIOLATION: answer[0] = e->mmio.value; return;
	case EXIT_RDMSR:
	case EXIT_WRMSR:
		answer[0] = e->msr.value;
		answer[1] = e->msr.fault;
		return;
	case EXIT_RDRAND:
	case EXIT_RDSEED:
		answer[0] = e->random.value;
		answer[1] = e->random.ok;
		return;
	default: return;
	}
}

void exit_answer_put(struct vm_exit *e, const u64 answer[2])
{
	switch (e->reason) {
	case EXIT_CPUID:
		e->cpuid.eax = (u32)answer[0];
		e->cpuid.ebx = (u32)(answer[0] >> 32);
		e->cpuid.ecx = (u32)answer[1];
		e->cpuid.edx = (u32)(answer[1] >> 32);
		return;
	case EXIT_VMCALL: e->call.result = answer[0]; return;
	case EXIT_CR_ACCESS: e->cr.value = answer[0]; return;
	case EXIT_IO: e->io.value = answer[0]; return;
	case EXIT_EPT_VIOLATION: e->mmio.value = answer[0]; return;
	case EXIT_RDMSR:
	case EXIT_WRMSR:
		e->msr.value = answer[0];
		e->msr.fault = answer[1] != 0;
		return;
	case EXIT_RDRAND:
	case EXIT_RDSEED:
		e->random.value = answer[0];
		e->random.ok = answer[1] != 0;
		return;
	default: return;
	}
}

/* SDM 3C table 27-5: size - 1, direction (1 = IN), string, REP, operand encoding (1 = immediate), port */
u64 exit_io_qualification(u16 port, int size, bool write, bool string, bool rep, bool immediate)
{
	return (u64)(size - 1) | (u64)!write << 3 | (u64)string << 4 | (u64)rep << 5 | (u64)immediate << 6 |
	       (u64)port << 16;
}

/* SDM 3C table 27-7: read, write, fetch; bits 3-5 (what the entry allowed) are zero; bit 7 linear
 * address valid, bit 8 the access was to that address's translation and not to a paging structure on
 * the way */
u64 exit_ept_qualification(u64 access, u8 allowed, bool linear, bool final)
{
	return access | (u64)allowed << EPTQ_ALLOWED_SHIFT | (linear ? EPTQ_LINEAR : 0) | (final ? EPTQ_FINAL : 0);
}
