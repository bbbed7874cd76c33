/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-priv.h - what the describers of paging share; nobody else includes it.
 * Rule: formats are the three of SDM 3A 4.3 to 4.5, as in core/x86/walk.c.
 */
#ifndef VITRINE_DEBUGGER_SESSION_DESCRIBE_PRIV_H
#define VITRINE_DEBUGGER_SESSION_DESCRIBE_PRIV_H

#include "debugger/session/describe.h"

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

#endif
