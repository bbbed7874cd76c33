/* SPDX-License-Identifier: GPL-3.0-or-later
 * manual.h - exceptions and error codes in the manual's words.
 * Rule: words only; what happened is decided elsewhere.
 */
#ifndef VITRINE_DEBUGGER_MANUAL_H
#define VITRINE_DEBUGGER_MANUAL_H

#include "core/base/buf.h"
#include "core/base/types.h"

/* "#PF", or "vector 33" written into out. */
void vector_text(u8 vector, struct buf *out);
/* "page fault"; "interrupt" beyond the exceptions. */
const char *vector_title(u8 vector);
/* Does the processor push an error code (SDM 3A table 6-1)? */
bool vector_has_error(u8 vector);
/* What an error code says: "write to a page that is not present, from user mode" (SDM 3A 4.7),
 * "selector 0x18 in the GDT" (SDM 3A 6.13).  Nothing for vectors without one. */
void error_code_text(u8 vector, u32 error, struct buf *out);
/* 0x41 'A': a value as the debugger prints it; characters only for single bytes. */
void value_text(u64 value, int size, struct buf *out);

#endif
