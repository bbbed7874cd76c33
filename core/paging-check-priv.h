/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging-check-priv.h - what the parts of the checker share; only core/paging-check*.c include it.
 */
#ifndef VITRINE_CORE_PAGING_CHECK_PRIV_H
#define VITRINE_CORE_PAGING_CHECK_PRIV_H

#include "core/paging-check.h"
#include "core/shadow.h"

/* One look at the tables. */
struct check {
	struct vm *vm;
	const struct second_stage *p;
	struct buf *text;
	u64 entries, violations;
};
enum { CHECK_TOLD = 8 }; /* violations that are put into words */

/* Say what is wrong, as the end of a sentence whose beginning names the entry. */
__attribute__((format(printf, 2, 3))) void check_tell(struct check *c, const char *format, ...);

/* [gpa, gpa + size) is what the entry shows at frame; it allows stores.  NULL: right; else what is wrong. */
const char *check_memory(const struct check *c, u64 gpa, u64 size, frame_no frame, bool writable);
bool check_in_pool(const struct second_stage *p, u64 machine);

/* paging-check-shadow.c */
void check_shadow_entry(struct check *c, const struct shadow_entry_info *e);
void check_shadow_roots(struct check *c);

#endif
