/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-stack.h - PUSH and POP in every form, the complete way; the templates of alu.inc fall back on these.
 */
#ifndef VITRINE_CPU_INTERP_OP_STACK_H
#define VITRINE_CPU_INTERP_OP_STACK_H

#include "cpu-interp/ops.h"

HANDLER_DECL(push_slow);
HANDLER_DECL(pop_slow);

#endif
