/* SPDX-License-Identifier: GPL-3.0-or-later
 * exit.c - names of the exit reasons and the packing of exit qualifications.
 * Rule: every bit is where the manual puts it; a reader may decode it with the manual alone.
 */
#include "core/exit.h"

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

/* SDM 3C table 27-5: size - 1, direction (1 = IN), string, REP, operand encoding (1 = immediate), port */
u64 exit_io_qualification(u16 port, int size, bool write, bool string, bool rep, bool immediate)
{
	return (u64)(size - 1) | (u64)!write << 3 | (u64)string << 4 | (u64)rep << 5 | (u64)immediate << 6 |
	       (u64)port << 16;
}

/* SDM 3C table 27-7: read, write, fetch; bits 3-5 (what the entry allowed) are zero; bit 7 linear
 * address valid, bit 8 the access was to that address's translation and not to a paging structure on
 * the way */
u64 exit_ept_qualification(bool read, bool write, bool fetch, bool gla_valid)
{
	return (u64)read | (u64)write << 1 | (u64)fetch << 2 | (u64)gla_valid << 7 | (u64)gla_valid << 8;
}
