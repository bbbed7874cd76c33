/* SPDX-License-Identifier: GPL-3.0-or-later
 * shape.h - choosing an instruction's form: prefixes, registers (shape.c), memory operands (address.c).
 * Rule: a shape is a wish; the decoder is asked whether it means the row.
 */
#ifndef VITRINE_TESTS_NATIVE_SHAPE_H
#define VITRINE_TESTS_NATIVE_SHAPE_H

#include "tests/native/generate.h"

static inline bool is_jump(const struct isa_row *row)
{
	return (row->flags & (ENDS | F64)) == (ENDS | F64) && !(row->flags & (PRIV | I64));
}
void choose_shape(struct gen *g, const struct isa_candidate *c, struct shape *s);
/* Make it a form that the processor refuses (LOCK, VEX.L, too many prefixes...), if the decoder agrees. */
void spoil_shape(struct gen *g, const struct isa_candidate *c, struct shape *s);
/* Where the memory operand shall be. */
u64 choose_target(struct gen *g, const struct shape *s);
/* How to get there; may append a MOV. */
bool choose_address(struct gen *g, struct shape *s);

#endif
