/* SPDX-License-Identifier: GPL-3.0-or-later
 * block.h - decoded instructions, kept by guest-physical address.
 * Rule: a page with a block in it is never in the write TLB, so a store to it always comes through mmu.c, which
 * calls blocks_written.  A block whose bytes were overwritten is not removed: its instructions turn into "stale"
 * ones that leave the chain, so that even the block being executed notices, and no link need be found and cut.
 */
#ifndef VITRINE_CPU_INTERP_BLOCK_H
#define VITRINE_CPU_INTERP_BLOCK_H

#include "cpu-interp/cpu.h"

struct blocks;

struct blocks *blocks_open(u64 pages); /* guest-physical pages; NULL if there is no memory */
void blocks_close(struct blocks *b);
/* Forget everything.  Only between chains. */
void blocks_drop(struct blocks *b);
bool blocks_in_page(const struct blocks *b, u64 gpa);
/* Bytes [gpa, gpa+len) are about to change. */
void blocks_written(struct blocks *b, u64 gpa, u64 len);

/* Around a store to a page that may hold code: no other thread decodes or stores there in between. */
void blocks_lock(struct cpu *c);
void blocks_unlock(struct cpu *c);

/* The linear address of the instruction at IP. */
u64 block_linear_ip(const struct cpu *c);
/* The first instruction to execute at IP: from the cache or decoded now.  NULL: c->why says fault or exit. */
const struct insn *block_at(struct cpu *c);
/* A block of just the instruction at IP, not kept; valid until the next call. */
const struct insn *block_one(struct cpu *c);
/* Run one handler on its own, as if it stood where o stands: `copy` is o with its operands redirected.
 * True if it ran to its end; otherwise it faulted, asked or branched, and c is as o itself would have left it. */
bool block_run_copy(struct cpu *c, const struct insn *o, const struct insn *copy);
/* The handler of a row for an operand size and form. */
handler block_handler(const struct insn *o, enum form form);

#endif
