/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-tree.c - saving, restoring and removing in a folder of snapshots.
 * Rule: `here` is the snapshot whose memory the machine has, but for what the log says (LOG_SNAPSHOT); when that is not certain,
 * nothing is `here`, and the next snapshot is whole.
 */
#include "core/snapshot-tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot-tree-priv.h"

/* ---- open and close ---- */

int snapshot_tree_open(struct snapshot_tree **out, const char *folder, struct vm *vm, bool make, struct err *err)
{
	struct snapshot_tree *t = calloc(1, sizeof(*t));
	struct stat st;

	*out = NULL;
	if (!t || asprintf(&t->folder, "%s%s", folder, folder[0] && folder[strlen(folder) - 1] == '/' ? "" : "/") < 0) {
		free(t);
		return err_set(err, ENOMEM, "no memory for a tree of snapshots");
	}
	t->vm = vm;
	if ((make && mkdir(folder, 0777) && errno != EEXIST) || stat(folder, &st) || (!S_ISDIR(st.st_mode) && (errno = ENOTDIR))) {
		err_set(err, errno, "tree of snapshots %.200s: %s", folder, strerror(errno));
		free(t->folder);
		free(t);
		return -err->code;
	}
	*out = t;
	return 0;
}

void snapshot_tree_close(struct snapshot_tree *t)
{
	if (!t)
		return;
	if (t->logs)
		mem_log_frames(&t->vm->mem, LOG_SNAPSHOT, false, NULL);
	snapshot_chain_close(&t->seen);
	free(t->folder);
	free(t);
}

const char *snapshot_tree_folder(const struct snapshot_tree *t)
{
	return t->folder;
}

const char *snapshot_tree_here(const struct snapshot_tree *t)
{
	return t->here.name[0] ? t->here.name : NULL;
}

char *tree_path(const struct snapshot_tree *t, const char *name)
{
	return snapshot_path(t->folder, strlen(t->folder), name);
}

/* ---- what is written since ---- */

/* From now on.  Without such a log every snapshot is whole. */
static void start_log(struct snapshot_tree *t)
{
	struct frames *f = t->vm->frames;

	if (!t->logs && t->vm->engine->caps & CAP_DIRTY_LOG && !f->written[LOG_SNAPSHOT])
		t->logs = !mem_log_frames(&t->vm->mem, LOG_SNAPSHOT, true, NULL);
	if (!t->logs)
		return;
	mem_gather(&t->vm->mem);
	memset(f->written[LOG_SNAPSHOT], 0, (f->n + 63) / 64 * sizeof(u64));
}

/* The machine's memory is that of this snapshot. */
static void stand_at(struct snapshot_tree *t, const struct snapshot_node *node)
{
	t->here = *node;
	start_log(t);
}

static void stand_nowhere(struct snapshot_tree *t)
{
	t->here = (struct snapshot_node){ .name = "" };
}

void snapshot_tree_came_from(struct snapshot_tree *t, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *end = strstr(name, SNAPSHOT_SUFFIX);
	struct snapshot_node node;
	struct stat theirs, ours;
	char *own;

	stand_nowhere(t);
	if (!end || strlen(end) != strlen(SNAPSHOT_SUFFIX) || end - name >= SNAPSHOT_NAME)
		return;
	snprintf(node.name, sizeof(node.name), "%.*s", (int)(end - name), name);
	own = tree_path(t, node.name);
	if (own && !stat(path, &theirs) && !stat(own, &ours) && theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino &&
	    !node_read(t, node.name, &node))
		stand_at(t, &node);
	free(own);
}

/* ---- save ---- */

/* Is it there still, and not the end of a long or large chain?  Then the next one may build upon it. */
static bool can_build(const struct snapshot_tree *t)
{
	struct snapshot_node node;
	char name[SNAPSHOT_NAME];
	u64 total = 0, id = t->here.id;
	u32 n = 0;

	strcpy(name, t->here.name);
	for (bool whole = false; !whole; n++) {
		if (n == SNAPSHOT_CHAIN - 1 || total > snapshot_largest(t->vm) || node_read(t, name, &node) || node.id != id)
			return false;
		whole = node.whole || !node.parent[0];
		total += node.size;
		id = node.parent_id;
		strcpy(name, node.parent);
	}
	return true;
}

int snapshot_tree_save(struct snapshot_tree *t, const char *name, u64 created, struct err *err)
{
	struct snapshot_origin origin = { .name = name, .created = created };
	struct snapshot_node node = { .name = "" };
	struct buf content = { 0 };
	char *path = tree_path(t, name);
	int rc = path ? 0 : err_set(err, ENOMEM, "no memory for a snapshot's name");

	if (!rc && !snapshot_name_good(name))
		rc = err_set(err, EINVAL, "snapshot '%.80s': expected a name of letters, digits, _ . + -, at most %d of them", name,
			     SNAPSHOT_NAME - 1);
	if (!rc && !access(path, F_OK))
		rc = err_set(err, EEXIST, "snapshot %.200s: there is one of that name already", path);
	if (!rc && t->here.name[0]) {
		origin.parent = t->here.name;
		origin.parent_id = t->here.id;
	}
	if (!rc && origin.parent && t->logs && can_build(t)) {
		mem_gather(&t->vm->mem);
		origin.only = t->vm->frames->written[LOG_SNAPSHOT];
	}
	store_clean(t->folder, NULL);
	if (!rc)
		rc = snapshot_save_as(t->vm, &origin, &content, &node.id, err);
	if (!rc)
		rc = store_file(t->ops ? t->ops : &store_host, path, &content, true, err);
	if (!rc) {
		strcpy(node.name, name);
		node.whole = !origin.only;
		stand_at(t, &node);
	}
	buf_free(&content);
	free(path);
	return rc;
}

/* ---- restore ---- */

static int no_such(const struct snapshot_tree *t, const char *name, struct err *err)
{
	return err_set(err, ENOENT, "snapshot '%.80s': there is none of that name in %.150s", name, t->folder);
}

int snapshot_tree_restore(struct snapshot_tree *t, const char *name, struct buf *remarks, struct err *err)
{
	struct snapshot_node node = { .name = "" };
	struct snapshot_chain chain;
	struct err why = { 0 };
	u64 *stale = NULL;
	char *path;
	int rc;

	if (!snapshot_name_good(name))
		return no_such(t, name, err);
	path = tree_path(t, name);
	if (!path)
		return err_set(err, ENOMEM, "no memory for a snapshot's name");
	rc = access(path, F_OK) ? no_such(t, name, &why) : snapshot_chain_again(&chain, path, &t->seen, snapshot_largest(t->vm), &why);
	if (!rc) {
		stale = t->logs && t->here.name[0] ? tree_stale(t, &chain) : NULL;
		rc = snapshot_load_chain(t->vm, &chain, stale, remarks, &why);
		if (rc)
			snapshot_chain_close(&chain);
		else
			snapshot_chain_keep(&chain, &t->seen);
	}
	if (rc)
		err_set(err, -rc, "%.100s: %.200s", name, why.text);
	else if (node_read(t, name, &node))
		stand_nowhere(t);
	else
		stand_at(t, &node);
	free(stale);
	free(path);
	return rc;
}

/* ---- remove ---- */

int snapshot_tree_remove(struct snapshot_tree *t, const char *name, struct err *err)
{
	struct snapshot_node *nodes;
	char *path = snapshot_name_good(name) ? tree_path(t, name) : NULL;
	bool found = false;
	u32 n;
	int rc = snapshot_tree_list(t, &nodes, &n, err);

	for (u32 i = 0; !rc && i < n; i++) {
		found |= !strcmp(nodes[i].name, name);
		if (!strcmp(nodes[i].parent, name))
			rc = err_set(err, EBUSY, "snapshot '%.63s' cannot be removed: '%.63s' goes on from it; remove that one first",
				     name, nodes[i].name);
	}
	if (!rc && (!found || !path))
		rc = no_such(t, name, err);
	if (!rc && unlink(path))
		rc = err_set(err, errno, "snapshot %.200s: cannot be removed: %s", path, strerror(errno));
	if (!rc && !strcmp(t->here.name, name))
		stand_nowhere(t);
	store_clean(t->folder, NULL);
	free(nodes);
	free(path);
	return rc;
}
