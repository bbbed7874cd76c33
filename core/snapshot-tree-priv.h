/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-tree-priv.h - what the two files of a tree of snapshots share.
 * Rule: only core/snapshot-tree*.c includes it, and the tests that let the disk fail.
 */
#ifndef VITRINE_CORE_SNAPSHOT_TREE_PRIV_H
#define VITRINE_CORE_SNAPSHOT_TREE_PRIV_H

#include "core/snapshot-priv.h"
#include "core/snapshot-tree.h"

struct snapshot_tree {
	char *folder; /* ends in a slash */
	struct vm *vm;
	struct snapshot_node here; /* name, id and whole; name "" = not known */
	bool logs;                 /* LOG_SNAPSHOT is ours */
	struct snapshot_chain seen;  /* the files of the latest restore, which need not be read again */
	const struct store_ops *ops; /* NULL = the host's */
};

/* The path of a snapshot's file; to be freed. */
char *tree_path(const struct snapshot_tree *t, const char *name);
/* What the first and last bytes of a snapshot's file say.  A negative errno if it cannot be used; node->trouble says why. */
int node_read(const struct snapshot_tree *t, const char *name, struct snapshot_node *node);
/* A bit per frame whose content may differ between the machine now and what the chain says; NULL: that cannot be told. */
u64 *tree_stale(struct snapshot_tree *t, const struct snapshot_chain *to);

#endif
