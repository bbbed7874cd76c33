/* SPDX-License-Identifier: GPL-3.0-or-later
 * control.h - a machine driven by a program: JSON lines over a local socket, in the shape of QEMU's QMP.
 * Rule: whatever a client sends, the answer is one line of JSON or the end of its connection; never the end of the session.
 *
 * A client is greeted, negotiates (qmp_capabilities), and then sends commands, one JSON object each, which are answered in
 * their order by {"return": ...} or {"error": {"class", "desc"}}, with its "id" if it has one.  Events come in between.
 * See QEMU's docs/interop/qmp-spec.  One client at a time; the next waits until the first has gone.
 */
#ifndef VITRINE_DEBUGGER_CONTROL_H
#define VITRINE_DEBUGGER_CONTROL_H

#include "debugger/session/session.h"

struct control;
enum control_want { CONTROL_CONT, CONTROL_STOP, CONTROL_QUIT };

/* Whoever runs the session. */
struct control_host {
	/* Run, stand, or end soon: not now, for the machine may be within a run.  -EBUSY with err: somebody else decides. */
	int (*want)(void *arg, enum control_want want, struct err *err);
	void *arg;
};

/* Listen at `place`, unix:PATH. */
int control_open(struct control **c, struct session *s, const char *place, const struct control_host *host, struct err *err);
/* Hangs up and removes the socket. */
void control_close(struct control *c);
/* Let in who comes, carry out what has come, tell what has happened to the machine.  Never waits; to be called from
 * ui.tick, and whenever the machine stands. */
void control_poll(struct control *c);
/* Text that the session says: true if it belongs to a client's line that is being carried out, and has gone there. */
bool control_say(struct control *c, const char *text, size_t len);
/* Descriptors to wait for with POLLIN while the machine stands: how many of at most 2. */
int control_fds(const struct control *c, int fd[2]);

/* ---- without a socket: control-protocol.c ---- */

enum { CONTROL_LINE = 1 << 16 /* bytes of a command at most */, CONTROL_DEPTH = 32 /* of its nesting */ };
struct control_client {
	struct session *s;
	struct control_host host;
	void (*send)(void *arg, const char *line, size_t len); /* with its end */
	void *arg;
	bool negotiated;
	struct buf *told;     /* what a line of the debugger's has to say; NULL = none is carried out */
	/* what has come of a command that is not complete */
	char line[CONTROL_LINE];
	size_t len;
	u32 depth;            /* of brackets that are open */
	bool string, escape;  /* within a string, behind a backslash */
	bool overlong;        /* the rest of this command is thrown away */
};

void control_greet(struct control_client *c);
/* Bytes of a client. */
void control_feed(struct control_client *c, const char *bytes, size_t len);
/* Tell it what happened; data: a JSON object, or NULL. */
void control_event(struct control_client *c, const char *name, const char *data);

#endif
