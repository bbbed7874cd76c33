/* SPDX-License-Identifier: GPL-3.0-or-later
 * modes.h - one case of modes.c: what lies in memory, and the processor before the one instruction that is executed.
 * Rule: a case says all that a machine has to know; both our modes and KVM (kvm.c) start from it and nothing else.
 *
 * Guest memory: 4 MiB of RAM, a hole, ROM at 5 MiB.  In RAM:
 *	04000  what a large page at 0 shows of itself, full of HLT
 *	08000  the instruction, at linear address 400000h      09000  the page that is accessed, full of HLT
 *	0a000  64-bit mode's descriptors, gates (to HLT) and stack, at linear address 401000h, for who takes the fault
 *	10000  page tables
 */
#ifndef VITRINE_TESTS_PAGING_MODES_H
#define VITRINE_TESTS_PAGING_MODES_H

#include "core/base/err.h"
#include "core/state.h"

enum { MIB = 1 << 20, TABLES = 0x10000, CODE = 0x400000, CODE_GPA = 0x8000, DATA_GPA = 0x9000, KERNEL_GPA = 0xa000,
       KERNEL = CODE + 0x1000, LARGE_GPA = 0x4000, USED_FROM = 0x4000, USED_TO = 0x20000, ROM_GPA = 5 * MIB };
enum { GDT_AT = 0x200, TSS_AT = 0x300, HANDLERS_AT = 0x400, STACK_AT = 0xf00 }; /* in the kernel's page */
enum format { CASE_32, CASE_PAE, CASE_4LEVEL, CASE_FORMATS };
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH, ACCESS_RMW, ACCESSES };

struct sample {
	enum format format;
	enum access access;
	bool user;
	u64 lin, code_lin;
	u32 code_len;
	struct x86_state state;
	struct { u64 gpa, value; u8 size; } write[32]; /* what the tables hold */
	int nwrites;
};

/* What an access came to. */
struct came { int vector; u32 error; u64 cr2; };

/* kvm.c: the host's KVM.  NULL, and why in *err. */
struct oracle *oracle_open(struct err *err);
void oracle_close(struct oracle *o);
bool oracle_has_1g(const struct oracle *o);
u8 *oracle_memory(struct oracle *o); /* [0, 4 MiB), and ROM at its own offset */
/* NULL: *came is filled in.  Else why KVM did not do it. */
const char *oracle_run(struct oracle *o, const struct sample *s, struct came *came);

#endif
