/* SPDX-License-Identifier: GPL-3.0-or-later
 * outside.h - one place where a machine waits for everything that may come from the host: keys, sockets.
 * Rule: a source delivers only from here, between whole instructions; and a machine whose sources have nothing to wait
 * for does not sleep, so that its time jumps as if there were none.
 */
#ifndef VITRINE_BACKENDS_OUTSIDE_H
#define VITRINE_BACKENDS_OUTSIDE_H

#include "core/vm.h"

struct outside;
struct outside_source {
	/* Name the descriptors to watch now (outside_watch), for this one round.  True: something may come, an idle machine
	 * should wait for it; false: nothing can, or the guest could not take it. */
	bool (*prepare)(void *arg, struct outside *o);
	/* Take what the descriptors have (outside_ready), hand it to the devices. */
	void (*deliver)(void *arg, struct outside *o);
	void *arg;
};

enum { OUTSIDE_SOURCES = 8 };
struct outside {
	struct vm *vm;
	struct outside_source source[OUTSIDE_SOURCES];
	int n;
	struct pollfd *fd; /* of this round */
	int nfds, room;
	u64 limit;         /* ns to sleep at most in this round */
	bool resting;      /* in this round every processor waits */
	u64 icount;        /* the machine's instructions at the latest round, */
	u32 idle;          /* and how often in a row they have not moved */
};

void outside_open(struct outside *o, struct vm *vm);
void outside_close(struct outside *o);
/* vm->outside is ours from the first source on, until the last is gone.  -ENOSPC. */
int outside_add(struct outside *o, struct outside_source source, struct err *err);
/* A source that has come to its end (by its arg); also from its own deliver. */
void outside_remove(struct outside *o, const void *arg);

/* From prepare: watch fd for poll() events; a number for outside_ready, or -1 if there is no memory. */
int outside_watch(struct outside *o, int fd, short events);
/* From prepare: come back after so long, whatever happens. */
void outside_within(struct outside *o, u64 ns);
/* From deliver: what poll() said. */
short outside_ready(const struct outside *o, int watch);

#endif
