/* SPDX-License-Identifier: GPL-3.0-or-later
 * utf8.h - a character as UTF-8 (RFC 3629).
 * Rule: whoever writes a character for a terminal, a file or JSON takes its bytes from here.
 */
#ifndef VITRINE_DEBUGGER_UTF8_H
#define VITRINE_DEBUGGER_UTF8_H

#include "core/base/types.h"

enum { UTF8_MOST = 4 };
/* The bytes of ch and a NUL behind them.  Their number; 0 if ch is no character: beyond 10FFFFh, or half of a UTF-16
 * pair. */
size_t utf8_bytes(u32 ch, char out[UTF8_MOST + 1]);

#endif
