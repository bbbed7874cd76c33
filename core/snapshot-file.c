/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-file.c - a machine into a file of its own, and back from a file and those that it builds upon.
 * Rule: a file names its parent; the parent lies in the same folder, as NAME.vsnap.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/clock.h"
#include "core/snapshot-priv.h"

enum { TICK_S = 2, KEPT_MOST = 256 << 20 };

int snapshot_save_file(struct vm *vm, const char *path, struct err *err)
{
	struct buf b = { 0 };
	int rc;

	store_clean(NULL, path);
	rc = snapshot_save(vm, &b, err);
	if (!rc)
		rc = store_file(&store_host, path, &b, false, err);
	buf_free(&b);
	return rc;
}

/* Its memory, uncompressed, twice, and room for the devices. */
u64 snapshot_largest(const struct vm *vm)
{
	return vm->frames->n * PAGE_SIZE_4K * 2 + (256u << 20);
}

char *snapshot_path(const char *folder, size_t len, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%.*s%s%s", (int)len, folder, name, SNAPSHOT_SUFFIX) < 0 ? NULL : path;
}

/* ---- files that were there before ---- */

static struct store_mark mark_of(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return (struct store_mark){ 0 };
	return (struct store_mark){ st.st_dev, st.st_ino, (u64)st.st_size, (u64)st.st_ctim.tv_sec, (u64)st.st_ctim.tv_nsec };
}

static bool is_same(const struct store_mark *a, const struct store_mark *b)
{
	return a->inode && a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->changed_s == b->changed_s && a->changed_ns == b->changed_ns;
}

static bool take_seen(struct snapshot_chain *c, struct snapshot_chain *seen)
{
	for (u32 i = 0; seen && i < seen->n; i++)
		if (seen->file[i].data && is_same(&seen->mark[i], &c->mark[c->n])) {
			c->file[c->n] = seen->file[i];
			c->known[c->n] = true;
			seen->file[i] = (struct buf){ 0 };
			return true;
		}
	return false;
}

/* The next of the chain.  Its mark is taken first: a file that changes after that has another one. */
static int open_file(struct snapshot_chain *c, const char *path, struct snapshot_chain *seen, u64 most, struct err *err)
{
	int rc = 0;

	c->mark[c->n] = mark_of(path);
	if (!take_seen(c, seen))
		rc = store_read(path, most, &c->file[c->n], err);
	c->n += !rc;
	return rc;
}

/* ---- a chain ---- */

/* The file of this name beside the one at `path`. */
static int open_parent(struct snapshot_chain *c, const char *path, const char *name, struct snapshot_chain *seen, u64 most,
		       struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *parent = snapshot_path(path, slash ? (size_t)(slash + 1 - path) : 0, name);
	struct err why = { 0 };
	u64 total = 0;
	int rc = -ENOMEM;

	for (u32 i = 0; i < c->n; i++)
		total += c->file[i].len;
	if (total > 2 * most)
		rc = err_set(&why, EFBIG, "together they are larger than any of this machine");
	else if (c->n == SNAPSHOT_CHAIN)
		rc = err_set(&why, ELOOP, "more than %d snapshots build upon each other", SNAPSHOT_CHAIN);
	else if (parent)
		rc = open_file(c, parent, seen, most, &why);
	free(parent);
	if (rc)
		return err_set(err, -rc, "snapshot %.80s: builds upon '%.40s': %.180s", path, name, why.text);
	return 0;
}

/* What is wrong with a file is for those to say who go over all of it. */
static int open_parents(struct snapshot_chain *c, const char *path, struct snapshot_chain *seen, u64 most, struct err *err)
{
	struct snapshot_head head = { .whole = true };
	int rc = 0;

	while (!rc && !snapshot_head(c->file[c->n - 1].data, c->file[c->n - 1].len, &head, NULL) && head.parent[0] && !head.whole)
		rc = open_parent(c, path, head.parent, seen, most, err);
	if (rc)
		snapshot_chain_close(c);
	return rc;
}

int snapshot_chain_again(struct snapshot_chain *c, const char *path, struct snapshot_chain *seen, u64 most, struct err *err)
{
	int rc;

	*c = (struct snapshot_chain){ 0 };
	rc = open_file(c, path, seen, most, err);
	return rc ? rc : open_parents(c, path, seen, most, err);
}

int snapshot_chain_open(struct snapshot_chain *c, const char *path, const struct buf *own, u64 most, struct err *err)
{
	if (!own)
		return snapshot_chain_again(c, path, NULL, most, err);
	*c = (struct snapshot_chain){ .file = { *own }, .n = 1, .borrowed = true };
	return open_parents(c, path, NULL, most, err);
}

void snapshot_chain_close(struct snapshot_chain *c)
{
	for (u32 i = c->borrowed; i < c->n; i++)
		buf_free(&c->file[i]);
	c->n = 0;
}

/* A file that was changed a moment ago may be changed once more within the same tick of its file system's clock. */
static bool can_be_told(const struct store_mark *mark)
{
	return mark->inode && (i64)mark->changed_s + TICK_S < clock_host_unix();
}

void snapshot_chain_keep(struct snapshot_chain *c, struct snapshot_chain *seen)
{
	u64 total = 0;

	snapshot_chain_close(seen);
	for (u32 i = 0; i < c->n; i++) {
		if (c->borrowed || !can_be_told(&c->mark[i]) || total + c->file[i].len > KEPT_MOST)
			buf_free(&c->file[i]);
		total += c->file[i].len;
	}
	*seen = *c;
	c->n = 0;
}

static int load_chain(struct vm *vm, const char *path, const struct buf *own, struct buf *remarks, struct err *err)
{
	struct snapshot_chain chain;
	int rc = snapshot_chain_open(&chain, path, own, snapshot_largest(vm), err);

	if (rc)
		return rc;
	rc = snapshot_load_chain(vm, &chain, NULL, remarks, err);
	snapshot_chain_close(&chain);
	return rc;
}

int snapshot_load_file(struct vm *vm, const char *path, struct buf *remarks, struct err *err)
{
	return load_chain(vm, path, NULL, remarks, err);
}

int snapshot_load_read(struct vm *vm, const char *path, const u8 *data, size_t len, struct buf *remarks, struct err *err)
{
	const struct buf own = { .data = (u8 *)data, .len = len };

	return load_chain(vm, path, &own, remarks, err);
}
