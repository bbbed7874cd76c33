/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols.c - names for addresses.
 * Rule: a file is hostile input: what cannot be understood is refused with its line or offset, and nothing of it stays.
 */
#include "debugger/session/symbols.h"

#include <errno.h>
#include <stdlib.h>

struct symbols { int none; };
struct symbols *symbols_new(void) { return calloc(1, sizeof(struct symbols)); }
void symbols_free(struct symbols *s) { free(s); }
int symbols_load(struct symbols *s, const char *path, u64 offset, struct err *err) { return err_set(err, ENOSYS, "symbols: not there yet"); }
int symbols_count(const struct symbols *s) { return 0; }
const char *symbols_at(const struct symbols *s, u64 address, u64 *offset) { return NULL; }
bool symbols_find(const struct symbols *s, const char *name, u64 *address) { return false; }
bool symbols_text(const struct symbols *s, u64 address, struct buf *out) { return false; }
const char *symbols_line(const struct symbols *s, u64 address, const char **file, u32 *line) { return NULL; }
const char *symbols_complete(const struct symbols *s, const char *prefix, int i) { return NULL; }
