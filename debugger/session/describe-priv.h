/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-priv.h - what the describers of paging share; nobody else includes it.
 * Rule: formats are the three of SDM 3A 4.3 to 4.5, as in core/x86/walk.c.
 */
#ifndef VITRINE_DEBUGGER_SESSION_DESCRIBE_PRIV_H
#define VITRINE_DEBUGGER_SESSION_DESCRIBE_PRIV_H

#include "debugger/session/describe.h"
#include "debugger/session/stage.h"

/* Tables in memory: PAE's four root entries are registers, level 3 here and not counted in `levels`. */
struct paging_shape {
	const char *name;
	u8 levels, bits, entry;    /* bits of the linear address per level; bytes of an entry */
	const char *level_name[5]; /* by level */
};

const struct paging_shape *paging_shape(const struct paging *p);
static inline bool paging_is_pae(const struct paging_shape *shape)
{
	return shape->levels == 2 && shape->entry == 8;
}
/* The level at which a walk begins. */
static inline int paging_root(const struct paging_shape *shape)
{
	return paging_is_pae(shape) ? 3 : shape->levels;
}
/* Entries of a table of this level. */
static inline u32 paging_entries(const struct paging_shape *shape, int level)
{
	return paging_is_pae(shape) && level == 3 ? 4 : 1u << shape->bits;
}

/* stage.c: the address of entry i of the table of `level` that maps `first`. */
u64 stage_address(const struct stage *st, u64 first, int level, u32 i);
/* Entries of a table of this level that an address can choose. */
u32 stage_count(const struct stage *st, int level);
/* One entry as a line of a table. */
void describe_row(const struct walk_row *row, struct lines *l);
/* The line above such lines; narrow: entries of four bytes. */
void describe_row_title(bool narrow, struct lines *l);
/* "4 KiB" "2 MiB" ... */
const char *paging_size_name(u64 size);

/* What stage.c asks of each kind: describe-ept.c, describe-shadow.c. */
int ept_stage(struct stage *st, struct err *err);
int ept_rows(const struct stage *st, u64 gpa, struct walk_row row[WALK_ROWS], struct stage_end *end);
int shadow_stage(struct stage *st, struct err *err);
int shadow_rows(const struct stage *st, u64 gva, struct walk_row row[WALK_ROWS], struct stage_end *end);

#endif
