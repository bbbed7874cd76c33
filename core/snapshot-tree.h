/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-tree.h - a folder of snapshots: each knows the one from which its machine went on, and may hold only what has
 * changed since.
 * Rule: the files are all there is: NAME.vsnap names its parent and that one's check; no list beside them could be wrong.
 *
 * A snapshot builds upon its parent if the machine's memory is known to be the parent's but for what has been written since.
 * Written sectors of a disk (if it keeps them in the machine: devices/disk.h) are memory, so they are in it, too.
 */
#ifndef VITRINE_CORE_SNAPSHOT_TREE_H
#define VITRINE_CORE_SNAPSHOT_TREE_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/types.h"

struct vm;
struct snapshot_tree;

enum { SNAPSHOT_NAME = 64, SNAPSHOT_NODES = 4096 };

struct snapshot_node {
	char name[SNAPSHOT_NAME], parent[SNAPSHOT_NAME]; /* parent "": it has none */
	u64 id, parent_id;   /* checks of the whole files; 0: not known */
	u64 size;            /* bytes of its file */
	u64 created;         /* seconds since 1970, 0 = not said */
	u64 icount, time;    /* instructions, virtual ns */
	bool whole;          /* it needs no other file */
	u32 depth;           /* parents above it that are there */
	char trouble[160];   /* why it cannot be used, as far as its first sections tell; "" = nothing known */
};

/* The folder is made if it is not there and `make` is set.  vm NULL: only to look, and to remove. */
int snapshot_tree_open(struct snapshot_tree **t, const char *folder, struct vm *vm, bool make, struct err *err);
void snapshot_tree_close(struct snapshot_tree *t);
const char *snapshot_tree_folder(const struct snapshot_tree *t);
/* The snapshot from which the machine went on, or NULL. */
const char *snapshot_tree_here(const struct snapshot_tree *t);
/* The machine has just been made from the file at path: if it is one of this tree, it goes on from there. */
void snapshot_tree_came_from(struct snapshot_tree *t, const char *path);

/* Between runs.  -EEXIST: there is one of that name.  `created`: seconds since 1970, or 0. */
int snapshot_tree_save(struct snapshot_tree *t, const char *name, u64 created, struct err *err);
/* On failure the machine is as before.  Remarks as in snapshot_load_file. */
int snapshot_tree_restore(struct snapshot_tree *t, const char *name, struct buf *remarks, struct err *err);
/* -EBUSY: others build upon it. */
int snapshot_tree_remove(struct snapshot_tree *t, const char *name, struct err *err);
/* All of them, each after its parent, brothers by time and name; to be freed.  Only the first and last bytes of each file are
 * read. */
int snapshot_tree_list(const struct snapshot_tree *t, struct snapshot_node **nodes, u32 *n, struct err *err);

#endif
