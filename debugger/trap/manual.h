/* SPDX-License-Identifier: GPL-3.0-or-later
 * manual.h - the manual page vitrine-trap(5).
 * Rule: it is made from the tables that the compiler reads.
 */
#ifndef VITRINE_DEBUGGER_TRAP_MANUAL_H
#define VITRINE_DEBUGGER_TRAP_MANUAL_H

#include "core/base/buf.h"

/* In roff. */
void trap_manual(const char *version, struct buf *out);

#endif
