/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot.h - a whole VM in a file, and the state hash.
 * Rule: a snapshot is a migration stream that ended: sections {name, instance, length, fields by name, CRC}, pages
 * compressed with zstd.  The stream is hostile input: whatever is in it, load answers with an error or a good VM.
 */
#ifndef VITRINE_CORE_SNAPSHOT_H
#define VITRINE_CORE_SNAPSHOT_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/types.h"

struct vm;

int snapshot_save(struct vm *vm, struct buf *out, struct err *err);
/* Into a VM built with the same machine options; on failure the VM is as before (memory included). */
int snapshot_load(struct vm *vm, const u8 *data, size_t len, struct err *err);
/* Written to PATH.tmp-PID, synced, renamed; what processes that died so have left is removed first. */
int snapshot_save_file(struct vm *vm, const char *path, struct err *err);
/* One that holds only what has changed since its parent finds that one in its folder.  *remarks (may be NULL) gets the names of
 * devices that are not in the file, because it is older than they are: they are as after power-up. */
int snapshot_load_file(struct vm *vm, const char *path, struct buf *remarks, struct err *err);
/* The same; the file's content is in memory already. */
int snapshot_load_read(struct vm *vm, const char *path, const u8 *data, size_t len, struct buf *remarks, struct err *err);
/* Can it be a snapshot's name in a tree?  Letters, digits, _ . + -, at most 63 of them, and not . or - first. */
bool snapshot_name_good(const char *name);
/* The same without a word about memory, which stays as it is; whoever moves a machine brings that first. */
int snapshot_save_state(struct vm *vm, struct buf *out, struct err *err);
int snapshot_load_state(struct vm *vm, const u8 *data, size_t len, struct err *err);
/* Would it fit this machine? */
int snapshot_check_state(struct vm *vm, const u8 *data, size_t len, struct err *err);
/* All declared state, virtual time, armed timers and memory.  Same inputs, same instruction count, same hash. */
u64 vm_state_hash(struct vm *vm);

#endif
