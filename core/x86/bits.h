/* SPDX-License-Identifier: GPL-3.0-or-later
 * bits.h - the names of registers' bits, for whoever shows or asks for them.
 * Rule: facts only; the rows are those of bits.def.
 */
#ifndef VITRINE_CORE_X86_BITS_H
#define VITRINE_CORE_X86_BITS_H

#include "core/base/types.h"

struct bit_name {
	const char *
		reg; /* "rflags", "cr0", ...; "pte": an entry of a page table; "pf": a page fault's error code */
	u8 first, count;
	const char *name;  /* "ZF" */
	const char *brief; /* what it means when set, or what its values mean */
};

/* The rows of a register, lowest bit first; *n = 0 and NULL: it has none. */
const struct bit_name *register_bits(const char *reg, int *n);
/* A row of a register, or NULL. */
const struct bit_name *register_bit(const char *reg, const char *name);
static inline u64 bit_value(const struct bit_name *b, u64 reg)
{
	return reg >> b->first & ((1ull << b->count) - 1);
}

#endif
