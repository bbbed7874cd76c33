/* SPDX-License-Identifier: GPL-3.0-or-later
 * ept.h - extended page tables: from guest-physical addresses to the machine's (SDM 3C 28.2).
 * Rule: the walker decides rights, misconfigurations and A/D bits and nothing else; whoever calls it supplies the memory.
 */
#ifndef VITRINE_CORE_X86_EPT_H
#define VITRINE_CORE_X86_EPT_H

#include "core/base/types.h"
#include "core/x86/walk.h"

/* Bits of an entry (SDM 3C tables 28-1 to 28-6) */
#define EPT_R 1ull
#define EPT_W 2ull
#define EPT_X 4ull
#define EPT_RIGHTS 7ull
#define EPT_TYPE_SHIFT 3 /* memory type of a leaf, 3 bits */
#define EPT_TYPE_WB 6ull
#define EPT_LARGE 0x80ull
#define EPT_A 0x100ull
#define EPT_D 0x200ull

/* The EPT pointer (SDM 3C 24.6.11) */
#define EPTP_WB 6ull
#define EPTP_LEVELS_4 (3ull << 3)
#define EPTP_AD (1ull << 6)

/* Exit qualification of an EPT violation (SDM 3C table 27-7): what was tried in bits 2:0, as EPT_R EPT_W EPT_X; what all
 * entries together allow in bits 5:3; */
#define EPTQ_ALLOWED_SHIFT 3
#define EPTQ_LINEAR 0x80ull /* bit 7: there is a linear address; */
#define EPTQ_FINAL 0x100ull /* bit 8: it is the linear address's own translation that failed, not that of a table entry */

/* Would VM entry take it (SDM 3C 26.2.1.1)?  Uncacheable or write-back, four levels, no reserved bit. */
bool ept_pointer_valid(u64 eptp, u8 phys_bits);

struct ept_env {
	u64 eptp;
	u8 phys_bits; /* MAXPHYADDR */
	u64 (*read)(void *arg, u64 address);
	void (*write)(void *arg, u64 address, u64 value);
	/* Page-modification logging (SDM 3C 28.2.5), or NULL: a dirty flag is about to be set.  False: the log is full. */
	bool (*log)(void *arg, u64 gpa);
	void *arg;
};

struct ept_result {
	u64 hpa;           /* machine ("host-physical") address of the byte */
	u64 page_size;
	u8 rights;         /* EPT_R EPT_W EPT_X that all levels allow */
	u8 type;           /* memory type of the leaf */
	bool log_full;     /* rights would do, but the page could not be logged: no flag was set */
	bool misconfigured; /* an entry no processor accepts (SDM 3C 28.2.3.1) */
	u8 steps;          /* entries looked at, root first */
	struct walk_step step[4];
};

/* access: EPT_R EPT_W EPT_X that are needed, 0: a debugger looks, and no A/D bit is set.  False: a violation, or a
 * misconfiguration; res->rights say what is allowed. */
bool ept_walk(const struct ept_env *env, u64 gpa, u64 access, struct ept_result *res);

#endif
