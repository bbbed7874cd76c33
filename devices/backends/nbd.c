/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd.c - a block over libnbd, and the qemu-nbd that reads formats we do not.
 * Rule: a request is cut into pieces that every server takes; a server that has failed once stays failed.
 * Source: the NBD protocol (doc/proto.md of nbd), libnbd(3), qemu-nbd(8), sd_listen_fds(3).
 */
#include "devices/backends/nbd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "devices/backends/nbd-lib.h"
#include "devices/backends/nbd-server.h"

enum { PIECE = 1 << 20 };

struct nbd_block {
	struct block b; /* first */
	struct nbd_lib lib;
	struct nbd_handle *h;
	struct nbd_server server; /* ours; pid 0 = none */
};

static int failed(const struct block *b, const char *doing, struct err *err)
{
	const struct nbd_block *n = (const struct nbd_block *)b;
	int code = n->lib.nbd_get_errno();

	return err_set(err, code ? code : EIO, "%s %.120s: %s", doing, b->name, n->lib.nbd_get_error());
}

static int nbd_block_read(struct block *b, u64 offset, void *data, u64 len, struct err *err)
{
	struct nbd_block *n = (struct nbd_block *)b;
	u8 *to = data;

	for (u64 part; len; offset += part, to += part, len -= part) {
		part = len < PIECE ? len : PIECE;
		if (n->lib.nbd_pread(n->h, to, part, offset, 0))
			return failed(b, "reading", err);
	}
	return 0;
}

static int nbd_block_write(struct block *b, u64 offset, const void *data, u64 len, struct err *err)
{
	struct nbd_block *n = (struct nbd_block *)b;
	const u8 *from = data;

	for (u64 part; len; offset += part, from += part, len -= part) {
		part = len < PIECE ? len : PIECE;
		if (n->lib.nbd_pwrite(n->h, from, part, offset, 0))
			return failed(b, "writing", err);
	}
	return 0;
}

static int nbd_block_flush(struct block *b, struct err *err)
{
	struct nbd_block *n = (struct nbd_block *)b;

	if (n->lib.nbd_can_flush(n->h) <= 0)
		return 0; /* the server has no cache, or no way to say */
	return n->lib.nbd_flush(n->h, 0) ? failed(b, "flushing", err) : 0;
}

static void nbd_block_close(struct block *b)
{
	struct nbd_block *n = (struct nbd_block *)b;

	if (n->h) {
		n->lib.nbd_shutdown(n->h, 0);
		n->lib.nbd_close(n->h);
	}
	nbd_server_stop(&n->server);
	free(n);
}

static const struct block_ops nbd_ops = { nbd_block_read, nbd_block_write, nbd_block_flush, nbd_block_close };

static struct nbd_block *new_block(const char *name, bool writable, struct err *err)
{
	struct nbd_block *n = calloc(1, sizeof(*n));

	if (n && nbd_lib_load(&n->lib, err)) {
		free(n);
		return NULL;
	}
	if (n)
		n->h = n->lib.nbd_create();
	if (!n || !n->h) {
		free(n);
		err_set(err, ENOMEM, "disk %.160s: no memory", name);
		return NULL;
	}
	n->b = (struct block){ .ops = &nbd_ops, .name = name, .read_only = !writable };
	n->server.socket = -1;
	return n;
}

/* Connected: what kind of disk is it? */
static int look(struct nbd_block *n, struct err *err)
{
	i64 size = n->lib.nbd_get_size(n->h);
	int rc = 0;

	if (size <= 0)
		rc = err_set(err, EINVAL, "disk %.160s: the export is empty", n->b.name);
	else if (!n->b.read_only && n->lib.nbd_is_read_only(n->h))
		rc = err_set(err, EROFS, "disk %.160s: the server lets nobody write it", n->b.name);
	n->b.size = size > 0 ? (u64)size : 0;
	return rc;
}

static struct block *finish(struct nbd_block *n, int rc)
{
	if (!rc)
		return &n->b;
	nbd_block_close(&n->b);
	return NULL;
}

struct block *nbd_open_uri(const char *uri, bool writable, struct err *err)
{
	struct nbd_block *n = new_block(uri, writable, err);
	int rc = 0;

	if (!n)
		return NULL;
	if (n->lib.nbd_connect_uri(n->h, uri))
		rc = err_set(err, n->lib.nbd_get_errno() ? n->lib.nbd_get_errno() : EIO, "disk %.120s: %s", uri, n->lib.nbd_get_error());
	return finish(n, rc ? rc : look(n, err));
}

struct block *nbd_open_image(const char *path, const char *format, bool writable, struct err *err)
{
	struct nbd_block *n = new_block(path, writable, err);
	int rc;

	if (!n)
		return NULL;
	rc = nbd_server_start(&n->server, path, format, writable, err);
	if (!rc && n->lib.nbd_connect_socket(n->h, n->server.socket)) {
		nbd_server_last_words(&n->server, path, format, err);
		rc = -EIO;
	}
	if (!rc)
		n->server.socket = -1; /* libnbd's now */
	return finish(n, rc ? rc : look(n, err));
}
