/* SPDX-License-Identifier: GPL-3.0-or-later
 * json.h - write a string as JSON wants it (RFC 8259 section 7).
 * Rule: whatever the bytes are, what comes out is one valid JSON string in valid UTF-8.
 */
#ifndef VITRINE_CORE_BASE_JSON_H
#define VITRINE_CORE_BASE_JSON_H

#include "core/base/buf.h"

/* Append text in quotes, escaped; bytes that are not UTF-8 become U+FFFD; NULL becomes null without
 * quotes. */
void json_put_string(struct buf *out, const char *text);

#endif
