/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols.h - names for addresses, from ELF files, map files (System.map, ld and NASM maps) and NASM listings.
 * Rule: a file is hostile input: what cannot be understood is refused with its line or offset, and nothing of it stays.
 */
#ifndef VITRINE_DEBUGGER_SESSION_SYMBOLS_H
#define VITRINE_DEBUGGER_SESSION_SYMBOLS_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/types.h"

struct symbols;

struct symbols *symbols_new(void); /* NULL: no memory */
void symbols_free(struct symbols *s);
/* Recognised by content; `offset` is added to every address (a listing starts at its ORG, or 0).  The number of symbols
 * and lines found, or a negative errno. */
int symbols_load(struct symbols *s, const char *path, u64 offset, struct err *err);
int symbols_count(const struct symbols *s);
/* The nearest symbol at or below, at most 1 MiB (or its size) away: NULL if none. */
const char *symbols_at(const struct symbols *s, u64 address, u64 *offset);
bool symbols_find(const struct symbols *s, const char *name, u64 *address);
/* "kfree+0x16"; nothing appended and false if there is none. */
bool symbols_text(const struct symbols *s, u64 address, struct buf *out);
/* The source line that a listing has for this address, or NULL. */
const char *symbols_line(const struct symbols *s, u64 address, const char **file, u32 *line);
/* The i-th name of those that begin with `prefix`, sorted, for completion; NULL after the last. */
const char *symbols_complete(const struct symbols *s, const char *prefix, int i);

#endif
