/* SPDX-License-Identifier: GPL-3.0-or-later
 * tree.c - the tree of snapshots on disk.
 * Rule: what a word does is a row; the folder is chosen once, by --snapshots or `tree open`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot-tree.h"
#include "debugger/snapshot-text.h"
#include "debugger/verbs/verbs-priv.h"

static int list(struct verb_call *c, struct snapshot_tree *t, struct err *err)
{
	struct snapshot_node *nodes;
	u32 n;
	int rc = snapshot_tree_list(t, &nodes, &n, err);

	if (!rc && !n)
		buf_printf(c->out, "no snapshot yet in %s; `tree save NAME` takes one\n", snapshot_tree_folder(t));
	if (!rc)
		snapshot_list_text(nodes, n, snapshot_tree_here(t), c->out);
	free(nodes);
	return rc;
}

static int save(struct verb_call *c, struct snapshot_tree *t, struct err *err)
{
	int rc = session_tree_save(c->s, c->word[1], err);

	(void)t;
	if (!rc)
		buf_printf(c->out, "snapshot '%s' at instruction %llu\n", c->word[1], ULL(vm_icount(c->s->vm)));
	return rc;
}

static int restore(struct verb_call *c, struct snapshot_tree *t, struct err *err)
{
	int rc = session_tree_restore(c->s, c->word[1], err);

	(void)t;
	if (!rc)
		say_where(c->s, c->out);
	return rc;
}

static int rm(struct verb_call *c, struct snapshot_tree *t, struct err *err)
{
	return snapshot_tree_remove(t, c->word[1], err);
}

static int exec_tree(struct verb_call *c, struct err *err)
{
	static const struct {
		const char *name;
		int (*exec)(struct verb_call *c, struct snapshot_tree *t, struct err *err);
	} words[] = { { "save", save }, { "restore", restore }, { "rm", rm } };
	int rc = call_words(c, &the_tree, 0, 2, err);
	struct snapshot_tree *t;

	if (!rc && c->nwords == 2 && !strcmp(c->word[0], "open"))
		return session_tree_open(c->s, c->word[1], err);
	if (rc || !(t = session_tree(c->s, err)))
		return rc ? rc : -ENOENT;
	if (!c->nwords)
		return list(c, t, err);
	for (size_t i = 0; c->nwords == 2 && i < ARRAY_LEN(words); i++)
		if (!strcmp(words[i].name, c->word[0]))
			return words[i].exec(c, t, err);
	return err_set(err, EINVAL, "tree: expected open FOLDER, or save, restore or rm and a NAME, or nothing more");
}

const struct verb the_tree = {
	.name = "tree", .args = "[open FOLDER | save NAME | restore NAME | rm NAME]", .brief = "snapshots on disk, as a tree",
	.text = "Each snapshot is a file in the folder, which --snapshots FOLDER names, too; it knows the one\n"
		"from which the machine went on, and holds only what has changed since. Without a word: the\n"
		"tree; * is where the machine comes from. What was recorded before a restore is gone.",
	.example = "tree open snapshots\ntree save booted\ntree restore booted", .group = VERB_TIME, .exec = exec_tree,
};
