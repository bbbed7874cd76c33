/* SPDX-License-Identifier: GPL-3.0-or-later
 * recording-priv.h - the form of a recording; only core/recording.c and core/replay.c include it.
 * Rule: a block counts if it is whole and its CRC agrees; after the first that does not, nothing counts.
 *
 * A file is the magic, then blocks: u8 kind, u32 length of the payload, payload, u32 CRC of all that (as in a snapshot);
 * numbers are little-endian.
 *	HEAD   machine_state as in a snapshot, text CPU model, u64 icount, openings, state hash, u8 somebody is outside
 *	TAPE   u64 openings up to which it goes, bytes of the tape (core/tape.h)
 *	SUMS   u64 icount, time, openings, then a u32 sum of each vCPU, the clock, the VM and each device
 *	END    u64 icount, time, openings, state hash, u8 enum stop_why
 */
#ifndef VITRINE_CORE_RECORDING_PRIV_H
#define VITRINE_CORE_RECORDING_PRIV_H

#include "core/recording.h"
#include "core/run-priv.h"
#include "core/snapshot-priv.h"
#include "core/tape.h"

#define RECORDING_MAGIC "VITTAPE\1"
enum { RECORDING_MAGIC_LEN = 8, BLOCK_OVERHEAD = 9 };
enum block_kind { BLOCK_HEAD = 1, BLOCK_TAPE, BLOCK_SUMS, BLOCK_END };
enum { SUMS_EVERY = 1000000 /* instructions */, SUMS_MAX = VM_VCPUS + 2 + VM_DEVICES };

/* The sums of all components but memory; returns their number. */
int sums_take(struct vm *vm, u32 sum[SUMS_MAX]);
/* "processor 0", "device uart". */
void sums_name(const struct vm *vm, int n, char *out, size_t size);

#endif
