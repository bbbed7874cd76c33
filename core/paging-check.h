/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging-check.h - does what the tables of the hypervisor allow agree with what the guest's tables and its memory allow?
 * Rule: the checker reads the guest's tables by itself, with no code of core/x86/walk.c or core/shadow-*.c that decides
 * rights; a mistake there must not be made here, too.
 *
 * What holds after every exit has been handled:
 *  - an entry that maps a page maps the frame that mem_frame says, and that is never one of the hypervisor's tables; ROM and
 *    shared pages are not writable;
 *  - every access that a shadow entry lets through, the guest's own entries let through at this moment, for users and for
 *    the supervisor, with and without SMEP, SMAP, EFLAGS.AC, and their A bits, and for stores their D bit, are set;
 *  - a page that a shadow is made from is writable nowhere;
 *  - entries lead to tables of the next level that stand for the guest's table there, and nowhere else;
 *  - a frame has as many references as there are pages that show it.
 * Tables that are out of step on purpose (--shadow-unsync) need not agree with the guest's until they are in step again.
 */
#ifndef VITRINE_CORE_PAGING_CHECK_H
#define VITRINE_CORE_PAGING_CHECK_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/frame.h"

struct vm;

/* All tables, and from each processor's root every page that can be reached.  Returns how many violations there are; the
 * first few as sentences, a line each, in *text. */
u64 paging_check_all(struct vm *vm, struct buf *text);
/* The references to the machine's frames against the slots of all VMs that live in it.  As above. */
u64 paging_check_frames(struct vm *const *vms, int nvms, struct buf *text);

/* --check-paging: from now on every entry that is written, and every entry of the guest's that a shadow is made from, is
 * checked when its exit has been handled, and everything when a run ends.  -ENOMEM. */
struct paging_checker;
int paging_check_open(struct vm *vm, struct err *err);
void paging_check_close(struct vm *vm);
/* What has been touched since the last time.  -EFAULT: a violation; *err names the entry. */
int paging_check_touched(struct vm *vm, struct err *err);
/* All of it.  -EFAULT. */
int paging_check_whole(struct vm *vm, struct err *err);
/* The same for who steps: after a few instructions only what has been touched, and everything now and then. */
int paging_check_run_ended(struct vm *vm, struct err *err);
/* Entries that were checked so far, and times that everything was. */
struct paging_check_counts { u64 entries, whole; };
struct paging_check_counts paging_check_counts(const struct vm *vm);
/* The hooks: an entry of ours at this machine address was written; the guest's memory was. */
void paging_check_wrote(struct paging_checker *c, u64 address, u64 value);
void paging_check_stored(struct paging_checker *c, u64 gpa, u64 len);

#endif
