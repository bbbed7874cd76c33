/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd-lib.h - libnbd, loaded when a disk first needs it: with all that it brings it is larger than this program.
 * Rule: a function of libnbd is called through struct nbd_lib only; a new one is one more line here.
 */
#ifndef VITRINE_BACKENDS_NBD_LIB_H
#define VITRINE_BACKENDS_NBD_LIB_H

#include <libnbd.h>

#include "core/base/err.h"
#include "core/base/types.h"

#define NBD_FUNCTIONS(F) \
	F(nbd_create) F(nbd_close) F(nbd_connect_uri) F(nbd_connect_socket) F(nbd_shutdown) F(nbd_get_size) \
	F(nbd_is_read_only) F(nbd_can_flush) F(nbd_pread) F(nbd_pwrite) F(nbd_flush) F(nbd_get_error) F(nbd_get_errno)

struct nbd_lib {
#define F(name) __typeof__(&name) name;
	NBD_FUNCTIONS(F)
#undef F
};

/* -ENOENT if libnbd is not installed here, or lacks a function. */
int nbd_lib_load(struct nbd_lib *lib, struct err *err);

#endif
