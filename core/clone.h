/* SPDX-License-Identifier: GPL-3.0-or-later
 * clone.h - a second VM like a first one, in the same machine, at the cost of what they do differently from then on.
 * Rule: after the clone neither ever sees what the other writes: RAM is shared page by page until one of them writes to the
 * page (core/mem.h), everything else is copied.
 */
#ifndef VITRINE_CORE_CLONE_H
#define VITRINE_CORE_CLONE_H

#include "core/base/err.h"
#include "core/base/types.h"

struct vm;

/* `clone` was built by the same board with the same options, in the parent's machine (vm_config.machine), and has not run:
 * it becomes what `parent` is now.  Between runs of both.  number: 0, and the two are equal in every bit of state; else the
 * clone's random generator goes its own way, by this number.  What the board knows of itself (a network card's address) is
 * the board's to change.  An error: the clone is good for vm_destroy only, the parent is as before. */
int vm_clone(struct vm *clone, struct vm *parent, u64 number, struct err *err);
/* All RAM of the VM that can be becomes paged (mem_make_paged): so it can be shared, or swapped out.  -ENOTSUP: its engine
 * does not know paged memory, -EBUSY: a time line watches its memory, or it has a thread per processor. */
int vm_make_paged(struct vm *vm, struct err *err);

#endif
