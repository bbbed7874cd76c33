/* SPDX-License-Identifier: GPL-3.0-or-later
 * nbd-server.h - a qemu-nbd of our own, for one image and one client: us.
 * Rule: nobody else can reach it; its socket has a name only until we are connected, in a folder only we can enter.
 */
#ifndef VITRINE_BACKENDS_NBD_SERVER_H
#define VITRINE_BACKENDS_NBD_SERVER_H

#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/types.h"

struct nbd_server {
	pid_t pid;  /* 0 = not running */
	int socket; /* connected to it, until somebody else takes it over; -1 = none */
	int words;  /* what it writes to standard error */
};

/* -ENOENT and a sentence if there is no qemu-nbd. */
int nbd_server_start(struct nbd_server *s, const char *path, const char *format, bool writable, struct err *err);
/* It did not speak NBD: it has ended, and said why; its first line becomes *err. */
void nbd_server_last_words(struct nbd_server *s, const char *path, const char *format, struct err *err);
/* End it (it ends by itself when its client is gone) and wait for it. */
void nbd_server_stop(struct nbd_server *s);

#endif
