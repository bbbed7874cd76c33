/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-file.c - a machine into a file of its own, and back from a file and those that it builds upon.
 * Rule: a file names its parent; the parent lies in the same folder, as NAME.vsnap.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot-priv.h"

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

/* The file of this name beside the one at `path`. */
static int open_parent(struct snapshot_chain *c, const char *path, const char *name, u64 most, struct err *err)
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
		rc = store_read(parent, most, &c->file[c->n], &why);
	free(parent);
	if (rc)
		return err_set(err, -rc, "snapshot %.80s: builds upon '%.40s': %.180s", path, name, why.text);
	c->n++;
	return 0;
}

int snapshot_chain_open(struct snapshot_chain *c, const char *path, const struct buf *own, u64 most, struct err *err)
{
	struct snapshot_head head = { .whole = true };
	int rc = 0;

	*c = (struct snapshot_chain){ .n = 1, .borrowed = own != NULL };
	if (own)
		c->file[0] = *own;
	else
		rc = store_read(path, most, &c->file[0], err);
	/* What is wrong with a file is for those to say who go over all of it. */
	while (!rc && !snapshot_head(c->file[c->n - 1].data, c->file[c->n - 1].len, &head, NULL) && head.parent[0] && !head.whole)
		rc = open_parent(c, path, head.parent, most, err);
	if (rc)
		snapshot_chain_close(c);
	return rc;
}

void snapshot_chain_close(struct snapshot_chain *c)
{
	for (u32 i = c->borrowed; i < c->n; i++)
		buf_free(&c->file[i]);
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
