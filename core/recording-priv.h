/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording-priv.h - the form of a recording; only core/recording*.c and core/replay*.c include it.
 * Rule: a block counts if it is whole and its CRC agrees; after the first that does not, nothing counts.
 *
 * A file is the magic, whose last byte is the format, then blocks: u8 kind, u32 length of the payload, payload, u32 CRC of
 * all that (as in a snapshot).  Numbers are little-endian, or where it says LEB as on the tape (core/tape.h).
 *	HEAD    machine_state as in a snapshot, text CPU model, u64 icount, openings, state hash, u8 somebody is outside,
 *	        u32 elements of the state
 *	TAPE    u64 openings up to which it goes, bytes of the tape (core/tape.h)
 *	STATE   u64 icount, time, openings, then what has changed of the state since the block before (at first: all that is
 *	        not zero): LEB how many elements are skipped, LEB the old value XOR the new one
 *	EVENTS  u32 their number, then a mark of four bytes for each, all of them compressed (Zstandard)
 *	END     u64 icount, time, openings, state hash, u8 enum stop_why
 */
#ifndef VITRINE_CORE_RECORDING_PRIV_H
#define VITRINE_CORE_RECORDING_PRIV_H

#include "core/recording.h"
#include "core/run-priv.h"
#include "core/snapshot-priv.h"
#include "core/tape.h"

#define RECORDING_MAGIC "VITTAPE\2"
enum { RECORDING_MAGIC_LEN = 8, RECORDING_FORMAT = 2, BLOCK_OVERHEAD = 9 };
enum block_kind { BLOCK_HEAD = 1, BLOCK_TAPE, BLOCK_STATE, BLOCK_EVENTS, BLOCK_END };
enum { STATE_EVERY = 1000000 /* instructions */ };

/* ---- the state in elements (recording-state.c): one number after the other, in the order of processors, clock, the machine
 * and its devices; memory is not among them.  A field of very many elements counts as one, its hash. ---- */

struct view; /* of a machine's state at a moment */
struct view *view_new(void); /* NULL: no memory */
void view_free(struct view *v);
void view_take(struct view *v, struct vm *vm);
/* How many elements it has: the same for a machine at all times. */
u32 view_count(const struct view *v);
/* All of them into `out`, which has room for view_count. */
void view_elements(const struct view *v, u64 *out);
/* "processor 0: rax", "device uart: lcr", "device disk: sector_data (a hash of 512 values)". */
void view_name(const struct view *v, u32 element, char *out, size_t size);
/* What is different: appended as a block STATE has it. */
void elements_put(struct buf *b, const u64 *before, const u64 *now, u32 n);
/* The other way: false, if it is not well-formed. */
bool elements_apply(struct reader *in, u64 *elements, u32 n);

/* ---- what happens, as marks (recording-events.c) ---- */

/* Exits of the guest's and interrupts: what happened, where, with which value, and how long after the one before. */
struct mark { u8 what, where, value, when; };
enum { MARKS_MAX = 8192 /* of one block */, MARKED = EV_BIT(exit) | EV_BIT(intr) };
/* False: the host's own doing, which counts for nothing.  *latest: icount of the mark before. */
bool mark_of(const struct event *ev, u64 *latest, struct mark *m);
void marks_pack(const struct mark *m, u32 n, struct buf *out);
/* The number of marks, 0 if the block is not well-formed. */
u32 marks_unpack(struct reader *in, struct mark out[MARKS_MAX]);
/* "exit #812, IO at rip 0x7c10: its value (0x20)" */
void mark_difference(const struct event *ev, const struct mark *then, const struct mark *now, char *out, size_t size);

#endif
