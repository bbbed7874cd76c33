/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-state.c - a machine without its memory, for whoever moves that by other ways.
 * Rule: it is a snapshot like any other, in which no page has a word.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/snapshot-priv.h"

static u64 *no_frames(const struct vm *vm, struct err *err)
{
	u64 *none = calloc((vm->mem.frames->n + 63) / 64, sizeof(*none));

	if (!none)
		err_set(err, ENOMEM, "snapshot: no memory for a set of frames");
	return none;
}

int snapshot_save_state(struct vm *vm, struct buf *out, struct err *err)
{
	u64 *none = no_frames(vm, err), id;
	const struct snapshot_origin origin = { .name = "", .only = none };
	int rc = none ? snapshot_save_as(vm, &origin, out, &id, err) : -ENOMEM;

	free(none);
	return rc;
}

int snapshot_load_state(struct vm *vm, const u8 *data, size_t len, struct err *err)
{
	const struct snapshot_chain chain = { .file = { { .data = (u8 *)data, .len = len } }, .n = 1 };
	u64 *none = no_frames(vm, err);
	int rc = none ? snapshot_load_chain(vm, &chain, none, NULL, err) : -ENOMEM;

	free(none);
	return rc;
}

int snapshot_check_state(struct vm *vm, const u8 *data, size_t len, struct err *err)
{
	const struct snapshot_chain chain = { .file = { { .data = (u8 *)data, .len = len } }, .n = 1 };

	return snapshot_check_chain(vm, &chain, err);
}
