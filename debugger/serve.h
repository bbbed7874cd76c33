/* SPDX-License-Identifier: GPL-3.0-or-later
 * serve.h - a session whose front ends are elsewhere: gdb, and programs at the control socket.
 * Rule: the machine runs if nobody has asked it to stand; gdb, while it is there, decides alone.
 */
#ifndef VITRINE_DEBUGGER_SERVE_H
#define VITRINE_DEBUGGER_SERVE_H

#include "debugger/control/control.h"
#include "debugger/gdb/gdb.h"

struct serve {
	struct session *s;
	struct gdb_server gdb;
	struct control *control;
	bool runs;  /* unless gdb is there */
	bool stays; /* a guest that ends can still be looked at: `vitrine debug` */
	bool quit;
	int (*status)(const struct vm *vm, enum stop_why why); /* of a guest that ends */
};

/* Open the places that `gdb` and `control` name, before the machine exists; NULL = not wanted. */
int serve_open(struct serve *v, const char *gdb, struct err *err);
/* The session: from now on its ui is ours. */
int serve_session(struct serve *v, struct session *s, const char *control, struct err *err);
/* Until the guest has ended or somebody ends it: why. */
enum stop_why serve_run(struct serve *v, struct err *err);
void serve_close(struct serve *v);
/* `vitrine debug` with --gdb or --control: a session of its own, which stands at first and does not end with its guest.
 * Returns enum exit_status. */
int serve_debug(const struct machine_options *o);
/* For the session's ui, with struct serve as arg. */
void serve_say(void *arg, enum say_kind kind, const char *text, size_t len);
void serve_tick(void *arg);

#endif
