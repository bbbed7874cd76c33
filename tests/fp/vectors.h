/* SPDX-License-Identifier: GPL-3.0-or-later
 * vectors.h - one floating-point instruction: what a processor had before it and after it, as a line of text.
 *
 *	MNEMONIC CODE field=hex ... -> field=hex ...
 *
 * Left of the arrow: fields that are not as in `vector_start`; right: those that the instruction changed.
 * Rule: nobody of this project made an expected value; a processor did (record.c).
 */
#ifndef VITRINE_TESTS_FP_VECTORS_H
#define VITRINE_TESTS_FP_VECTORS_H

#include <stdio.h>

#include "core/base/types.h"

struct vector_state {
	u16 fcw, fsw;
	u8 ftw;          /* a bit per physical register, 1 = not empty */
	u16 flags;       /* the arithmetic ones */
	u32 mxcsr;
	u8 st[3][10];    /* ST0 to ST2 */
	u8 xmm[2][16];   /* XMM1, XMM2 */
	u8 mem[16];      /* at [EAX] */
	u32 ecx, edx;
};

struct vector {
	char name[16];
	u8 code[12];
	int len;
	struct vector_state before, after;
};

extern const struct vector_state vector_start;
void vector_print(const struct vector *v, FILE *out);
/* False: the line is not one. */
bool vector_parse(struct vector *v, const char *line);
/* Empty, or the name of a field that differs.  ulp: the last bit of ST0 to ST2 may, and PE, UE and C1. */
const char *vector_differs(const struct vector_state *a, const struct vector_state *b, bool ulp);

/* record.c: write vectors made by this host's processor.  False, and why, where it cannot. */
bool record(FILE *out, int per_form, u64 seed, const char **why);

#endif
