/* SPDX-License-Identifier: GPL-3.0-or-later
 * handlers.h - from a row of the table to what executes it.
 * Rule: a row names its family, a family is one `const struct op op_<family>` in an op-*.c; nothing is listed twice.
 */
#ifndef VITRINE_CPU_INTERP_HANDLERS_H
#define VITRINE_CPU_INTERP_HANDLERS_H

#include "cpu-interp/cpu.h"

extern const struct op *const row_op[]; /* by row index */

/* Pseudo-instructions of the block cache. */
extern const handler fn_block_end; /* the block was cut short: go on at the next address */
extern const handler fn_stale;     /* the bytes of this instruction were overwritten: fetch again */
extern const handler fn_break;     /* perhaps there is a breakpoint: the loop has to look */
extern const handler fn_stop;      /* end of a copy run on its own */
extern const handler fn_locked;    /* LOCK, or XCHG with memory, when vCPUs have threads */
extern const handler fn_locked_wide; /* and with 16 bytes */
extern const handler fn_wide;      /* displacement in `taken`, too wide for 32 bits */
extern const handler fn_invalid;   /* #UD */
extern const handler fn_too_long;  /* #GP(0): over 15 bytes */

#endif
