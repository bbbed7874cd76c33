/* SPDX-License-Identifier: GPL-3.0-or-later
 * handlers.c - the instruction table, read a second time: row by row, the semantics of its family.
 * Rule: same rows, same order as isa_rows, because it is the same list.
 */
#include "cpu-interp/handlers.h"

#define I(opcode, digit, rm, family, ...) extern const struct op op_##family;
#include "cpu-interp/isa/x86.def"

const struct op *const row_op[] = {
#define I(opcode, digit, rm, family, ...) &op_##family,
#include "cpu-interp/isa/x86.def"
};
