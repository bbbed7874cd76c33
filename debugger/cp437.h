/* SPDX-License-Identifier: GPL-3.0-or-later
 * cp437.h - the characters of a PC's screen (code page 437) for terminals of today.
 * Rule: every character has both forms, and the ASCII one is never a control character.
 */
#ifndef VITRINE_DEBUGGER_CP437_H
#define VITRINE_DEBUGGER_CP437_H

#include "core/base/types.h"

extern const u16 cp437_unicode[256];
extern const char cp437_ascii[257]; /* the nearest of ASCII */

#endif
