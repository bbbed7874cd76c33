/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-tree-list.c - looking through a folder of snapshots: who is whose child, and what two of them differ in.
 * Rule: the files are hostile input: their names for each other may be wrong, missing or go round in a circle.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/snapshot-tree-priv.h"

/* ---- one file ---- */

enum { HEAD_BYTES = 4096, END_BYTES = 38 /* of section "end" */ };

/* From section "end"; format 1 had none there, so all of the file has to be gone over. */
static int read_id(int fd, const char *path, u64 size, u64 *id, struct err *err)
{
	u8 last[END_BYTES];
	struct reader in = { .at = last, .end = last + sizeof(last) };
	struct buf all;
	struct section s;
	struct end_state end;

	if (size > END_BYTES && pread(fd, last, END_BYTES, (off_t)(size - END_BYTES)) == END_BYTES &&
	    !section_read(&in, last, &s, NULL) && !strcmp(s.name, "end") && !section_state(&s, &end_state_layout, &end, NULL)) {
		*id = end.id[0];
		return 0;
	}
	if (store_read(path, size, &all, err))
		return -EINVAL;
	if (all.len < SNAPSHOT_MAGIC_LEN || all.data[SNAPSHOT_MAGIC_LEN - 1] != 1) {
		buf_free(&all);
		return err_set(err, EINVAL, "snapshot: it is cut off or damaged at its end");
	}
	*id = stream_id(all.data, all.data + all.len);
	buf_free(&all);
	return 0;
}

static int read_file(const char *path, struct snapshot_node *node, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct snapshot_head head = { .whole = true };
	u8 first[HEAD_BYTES];
	struct stat st;
	ssize_t n;
	int rc = 0;

	if (fd < 0)
		return err_set(err, errno, "%s", strerror(errno));
	n = fstat(fd, &st) || !S_ISREG(st.st_mode) ? -1 : pread(fd, first, sizeof(first), 0);
	if (n < 0)
		rc = err_set(err, EINVAL, "not a regular file that can be read");
	if (!rc)
		rc = snapshot_head(first, (size_t)n, &head, err);
	if (!rc)
		rc = read_id(fd, path, (u64)st.st_size, &node->id, err);
	close(fd);
	strcpy(node->parent, head.parent);
	node->parent_id = head.parent_id;
	node->whole = head.whole;
	node->created = head.created;
	node->icount = head.icount;
	node->time = head.time;
	node->size = n < 0 ? 0 : (u64)st.st_size;
	return rc;
}

int node_read(const struct snapshot_tree *t, const char *name, struct snapshot_node *node)
{
	char *path = tree_path(t, name), own[SNAPSHOT_NAME];
	struct err err = { 0 };
	int rc;

	snprintf(own, sizeof(own), "%s", name); /* it may be node->name */
	*node = (struct snapshot_node){ .whole = true };
	strcpy(node->name, own);
	rc = path ? read_file(path, node, &err) : -ENOMEM;
	if (rc)
		snprintf(node->trouble, sizeof(node->trouble), "%.150s", err.text);
	free(path);
	return rc;
}

/* ---- all of them ---- */

struct nodes {
	struct snapshot_node *node;
	u32 n, room;
};

/* "base.vsnap" is the snapshot "base". */
static bool name_of_file(const char *file, char *name)
{
	size_t len = strlen(file), suffix = strlen(SNAPSHOT_SUFFIX);

	if (len <= suffix || len - suffix >= SNAPSHOT_NAME || strcmp(file + len - suffix, SNAPSHOT_SUFFIX))
		return false;
	memcpy(name, file, len - suffix);
	name[len - suffix] = 0;
	return snapshot_name_good(name);
}

static bool add_node(const struct snapshot_tree *t, struct nodes *all, const char *name)
{
	if (all->n == all->room) {
		u32 room = all->room ? all->room * 2 : 16;
		struct snapshot_node *more = realloc(all->node, room * sizeof(*more));

		if (!more)
			return false;
		all->node = more;
		all->room = room;
	}
	node_read(t, name, &all->node[all->n++]);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct snapshot_node *x = a, *y = b;

	return x->icount != y->icount ? (x->icount < y->icount ? -1 : 1) : strcmp(x->name, y->name);
}

static int read_folder(const struct snapshot_tree *t, struct nodes *all, struct err *err)
{
	DIR *d = opendir(t->folder);
	char name[SNAPSHOT_NAME];
	int rc = 0;

	if (!d)
		return err_set(err, errno, "tree of snapshots %.200s: %s", t->folder, strerror(errno));
	for (struct dirent *e; !rc && (e = readdir(d));)
		if (name_of_file(e->d_name, name) && all->n == SNAPSHOT_NODES)
			rc = err_set(err, E2BIG, "tree of snapshots %.200s: more than %d of them", t->folder, SNAPSHOT_NODES);
		else if (name_of_file(e->d_name, name) && !add_node(t, all, name))
			rc = err_set(err, ENOMEM, "no memory for a list of snapshots");
	closedir(d);
	if (all->n)
		qsort(all->node, all->n, sizeof(*all->node), by_time);
	return rc;
}

static const struct snapshot_node *find(const struct nodes *all, const char *name)
{
	for (u32 i = 0; i < all->n; i++)
		if (!strcmp(all->node[i].name, name))
			return &all->node[i];
	return NULL;
}

static void check_parent(const struct nodes *all, struct snapshot_node *node)
{
	const struct snapshot_node *parent = find(all, node->parent);

	if (node->whole || node->trouble[0])
		return;
	if (!parent)
		snprintf(node->trouble, sizeof(node->trouble), "its parent '%s', upon which it builds, is missing", node->parent);
	else if (parent->id != node->parent_id)
		snprintf(node->trouble, sizeof(node->trouble), "it builds upon another '%s' than the one that is there", node->parent);
}

/* ---- in order ---- */

struct walk {
	const struct nodes *all;
	struct snapshot_node *out;
	bool *done;
	u32 n;
};

/* It, then its children, each with theirs. */
static void put_family(struct walk *w, u32 i, u32 depth)
{
	const struct snapshot_node *node = &w->all->node[i];

	w->done[i] = true;
	w->out[w->n] = *node;
	w->out[w->n++].depth = depth;
	for (u32 child = 0; child < w->all->n; child++)
		if (!w->done[child] && !strcmp(w->all->node[child].parent, node->name))
			put_family(w, child, depth + 1);
}

static int put_in_order(const struct nodes *all, struct snapshot_node **out, struct err *err)
{
	struct walk w = { .all = all, .out = malloc((all->n + 1) * sizeof(*w.out)), .done = calloc(all->n + 1, sizeof(*w.done)) };

	*out = w.out;
	if (!w.out || !w.done) {
		free(w.done);
		return err_set(err, ENOMEM, "no memory for a list of snapshots");
	}
	for (u32 i = 0; i < all->n; i++)
		if (!find(all, all->node[i].parent))
			put_family(&w, i, 0);
	for (u32 i = 0; i < all->n; i++)
		if (!w.done[i]) {
			snprintf(all->node[i].trouble, sizeof(all->node[i].trouble), "its ancestors go round in a circle");
			put_family(&w, i, 0);
		}
	free(w.done);
	return 0;
}

int snapshot_tree_list(const struct snapshot_tree *t, struct snapshot_node **out, u32 *n, struct err *err)
{
	struct nodes all = { 0 };
	int rc = read_folder(t, &all, err);

	*out = NULL;
	for (u32 i = 0; i < all.n; i++)
		check_parent(&all, &all.node[i]);
	if (!rc)
		rc = put_in_order(&all, out, err);
	*n = all.n;
	free(all.node);
	if (rc) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

/* ---- what two differ in ---- */

static void mark(u64 *map, u64 n, u64 first, u64 count)
{
	for (u64 i = first; i < n && i - first < count; i++)
		map[i / 64] |= 1ull << i % 64;
}

/* All that a file says of memory.  False: it is damaged, so that nobody knows. */
static bool mark_file(const struct buf *file, u64 *map, u64 n)
{
	struct section s = { .name = "" };
	struct snapshot_run run;
	struct pages_batch b;
	struct reader in;
	u64 next = 0;

	if (snapshot_begin(&in, file->data, file->len, NULL))
		return false;
	while (strcmp(s.name, "end")) {
		if (section_read(&in, file->data, &s, NULL)) /* the file may have been damaged since */
			return false;
		if (!strcmp(s.name, "zeros")) {
			read_uint(&s.payload, 4);
			while (snapshot_run_next(&s.payload, &run))
				mark(map, n, run.first, run.count);
		} else if (!strcmp(s.name, "pages")) {
			if (pages_batch_read(&s, &b, &next, NULL))
				return false;
			for (u32 i = 0; i < b.n; i++)
				mark(map, n, pages_batch_frame(&b, i), 1);
		}
	}
	return true;
}

/* Mark what the files of `to` before the one with this check say; false: it is none of them. */
static bool mark_down_to(const struct snapshot_chain *to, u64 id, u64 *map, u64 n)
{
	u32 i = 0;

	while (i < to->n && (to->file[i].len < SNAPSHOT_MAGIC_LEN ||
			     stream_id(to->file[i].data, to->file[i].data + to->file[i].len) != id))
		i++;
	for (u32 above = 0; i < to->n && above < i; above++)
		if (!mark_file(&to->file[above], map, n))
			return false;
	return i < to->n;
}

/* Up from where the machine is, file by file, until one is met that the chain has, too. */
static bool mark_way(struct snapshot_tree *t, const struct snapshot_chain *to, u64 *map, u64 n)
{
	struct snapshot_node node = t->here;
	u64 id = t->here.id;

	for (u32 i = 0; i < SNAPSHOT_CHAIN; i++) {
		struct buf file = { 0 };
		bool marked;
		char *path;

		if (mark_down_to(to, id, map, n))
			return true;
		if (node_read(t, node.name, &node) || node.id != id || node.whole)
			return false;
		path = tree_path(t, node.name);
		marked = path && !store_read(path, snapshot_largest(t->vm), &file, NULL) && mark_file(&file, map, n);
		buf_free(&file);
		free(path);
		if (!marked)
			return false;
		id = node.parent_id;
		strcpy(node.name, node.parent);
	}
	return false;
}

u64 *tree_stale(struct snapshot_tree *t, const struct snapshot_chain *to)
{
	const struct frames *f = t->vm->frames;
	u64 *map = calloc(f->n / 64 + 1, sizeof(*map));

	if (!map)
		return NULL;
	mem_gather(&t->vm->mem);
	memcpy(map, f->written[LOG_SNAPSHOT], (f->n + 63) / 64 * sizeof(u64));
	if (mark_way(t, to, map, f->n))
		return map;
	free(map);
	return NULL;
}
