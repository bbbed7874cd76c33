/* SPDX-License-Identifier: GPL-3.0-or-later
 * compare.h - our decoder beside somebody else's, over a file of slots made by decode-dump.
 * Rule: a difference is a failure unless a rule with a printed reason explains it.
 */
#ifndef VITRINE_TESTS_INSN_COMPARE_H
#define VITRINE_TESTS_INSN_COMPARE_H

#include <stdio.h>

#include "cpu-interp/isa/isa.h"

enum { SLOT = 32 };

/* Each prints the first failures, what the rules explained, and "N passed, N failed"; returns 0 or 1. */
int compare_objdump(enum isa_mode mode, FILE *slots, FILE *listing);
int compare_nasm(enum isa_mode mode, FILE *slots, FILE *assembled);
/* The slots as NASM source on standard output. */
int compare_write_source(enum isa_mode mode, FILE *slots);

#endif
