/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-text.h - a snapshot, and the difference of two, for people and for programs.
 * Rule: what was opened was checked (core/snapshot-read.h); nothing here prints, it appends.
 */
#ifndef VITRINE_DEBUGGER_SNAPSHOT_TEXT_H
#define VITRINE_DEBUGGER_SNAPSHOT_TEXT_H

#include <jansson.h>

#include "core/snapshot-read.h"

/* Who wrote it, its sections with their fields, and how much memory is in it.  `name` and `instance` choose
 * sections, NULL = all of them; returns how many were shown. */
int snapshot_show(const struct snapshot_file *f, const char *name, const char *instance, struct buf *out);
json_t *snapshot_show_json(const struct snapshot_file *f, const char *name, const char *instance);
/* An element as JSON: a number for a count, true or false, else text such as "0x0010". */
json_t *snapshot_value_json(const struct field *f, u64 value);

/* Each is a file and those that it builds upon, own file first.
 * {"changes": [{section, field, index?, old, new, help?}], "memory": [{first, last, pages}], "pages": n}: old or new is
 * null where only the other has the section or field; addresses are of machine memory.  NULL and *err: no memory. */
json_t *snapshot_diff(const struct snapshot_file *const *a, u32 na, const struct snapshot_file *const *b, u32 nb, struct err *err);
/* The same in lines; nothing if nothing differs. */
void snapshot_diff_text(const json_t *diff, struct buf *out);

/* A tree, a line each; `here` (or NULL) is marked. */
struct snapshot_node;
void snapshot_list_text(const struct snapshot_node *nodes, u32 n, const char *here, struct buf *out);
json_t *snapshot_list_json(const struct snapshot_node *nodes, u32 n);

#endif
