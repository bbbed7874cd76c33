/* SPDX-License-Identifier: GPL-3.0-or-later
 * owner.h - who may run the machine: a lock that both sides can reach, and that a process loses when it dies.
 * Rule: who does not hold it does not run the machine.  So there is never a second running copy, whatever becomes of the
 * link, and whoever has lost sight of the other side finds out by trying to take it.
 *
 * It is what a lock on a shared disk is to the hypervisors of the field.  Between hosts that share no file there is none:
 * then who has given the machine away and hears no more does not know, and says so instead of guessing.
 */
#ifndef VITRINE_CORE_MIGRATE_OWNER_H
#define VITRINE_CORE_MIGRATE_OWNER_H

#include "core/base/err.h"
#include "core/base/types.h"

struct owner {
	/* True: we have it (now, or already).  NULL: there is no such lock. */
	bool (*take)(void *arg);
	void (*give)(void *arg);
	void *arg;
};

/* A lock on a file, which is made if it is not there (fcntl(2), open file description locks). */
struct owner_file {
	struct owner owner;
	int fd;
};
int owner_file_open(struct owner_file *f, const char *path, struct err *err);
void owner_file_close(struct owner_file *f);

#endif
