/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb.h - the remote serial protocol: stock gdb drives the machine (GDB manual, appendix E).
 * Rule: gdb is one more front end of a session; nothing is in the machine for it, and what it may not see (devices,
 * exits) it does not see.
 *
 * A guest has one description (target.xml), that of 64-bit mode, in every mode, so that a packet never changes its size
 * under gdb.  Processors are threads 1, 2, ...
 * Addresses are linear, through the page tables of the chosen thread; RIP is the offset in CS, as the processor has it.
 */
#ifndef VITRINE_DEBUGGER_GDB_H
#define VITRINE_DEBUGGER_GDB_H

#include "core/vm.h"

struct session;

enum { GDB_PACKET = 16384 /* bytes of a packet's content at most */, GDB_POINTS = 64 };

enum gdb_next { GDB_STAY, GDB_RESUME, GDB_DETACH, GDB_KILL };
enum gdb_action { GDB_REST, GDB_CONTINUE, GDB_STEP };
enum gdb_back { GDB_FORWARD, GDB_BACK_STEP, GDB_BACK };
/* In the order of the packets Z0 to Z4. */
enum gdb_point_kind { GDB_SOFT, GDB_HARD, GDB_WRITE, GDB_READ, GDB_ACCESS };
struct gdb_point { u64 at, len; u8 kind; };

struct gdb {
	struct session *s;
	struct vm *vm; /* the session's */
	void (*send)(void *arg, const void *data, size_t len);
	void *arg;

	/* the packet that comes in, the latest that went out (with its frame) */
	u8 in[GDB_PACKET + 1];
	u32 len;
	u8 state, sum, told_sum;
	bool escaped, too_long, no_ack;
	struct buf reply, out;

	/* what gdb wants */
	enum gdb_next next;
	enum gdb_back back;      /* with GDB_RESUME */
	bool break_in;           /* ^C */
	u8 action[VM_VCPUS];     /* enum gdb_action, with GDB_RESUME and GDB_FORWARD */
	u32 cpu, step_cpu;       /* whose registers and memory are meant (Hg); who steps by an `s` packet (Hc) */
	struct gdb_point point[GDB_POINTS];
	int npoints;

	/* how the machine stopped */
	int at_event;            /* event subscription, negative if there is none */
	bool hit;                /* one of ours, the latest of them: */
	struct gdb_point hit_point;
	u64 hit_at;              /* of a watch: where */
	u32 stop_cpu;
	bool stepping;           /* until processor stop_cpu has done one more than step_from */
	u64 step_from;
	bool stays;              /* a guest that ends can still be looked at, and go back: it is a stop, not an exit */
	bool died;               /* a triple fault has been shown */
	char stop[80];           /* the stop packet, repeated on `?` */
	struct buf *told;        /* what a line of `monitor` has to say; NULL = none is carried out */
};

/* gdb is there, and the machine stands.  -ENOSPC: too many watch its events already. */
int gdb_open(struct gdb *g, struct session *s, void (*send)(void *arg, const void *data, size_t len), void *arg);
/* Takes breakpoints and watchpoints out again. */
void gdb_close(struct gdb *g);
/* Bytes from gdb.  Afterwards g->next says what it wants. */
void gdb_feed(struct gdb *g, const u8 *data, size_t len);
/* Do as g->action and g->back say; s->stopped then says why the machine stands. */
int gdb_resume(struct gdb *g, struct err *err);
/* Tell gdb why the machine stands.  True if it goes no further; `status` is then the exit status that gdb shows. */
bool gdb_stopped(struct gdb *g, int status);
/* Text for the person at gdb: while the machine runs for it, or a line of `monitor` is carried out. */
void gdb_say(struct gdb *g, const char *text, size_t len);

/* ---- with a socket ---- */

struct gdb_server {
	struct gdb gdb;
	int fd, listener;
	const char *place, *path; /* where it listens; of a local socket, removed at the end */
	bool lost;                /* the connection broke */
};

/* Listen at PORT (of this host alone), HOST:PORT or unix:PATH. */
int gdb_server_open(struct gdb_server *s, const char *place, struct err *err);
/* Is somebody connected? */
bool gdb_server_busy(const struct gdb_server *s);
/* Something to read (or somebody who comes, as long as nobody is there) within `ms` milliseconds? */
bool gdb_server_ready(const struct gdb_server *s, int ms);
/* Let in who has come.  1: somebody is there now. */
int gdb_server_accept(struct gdb_server *s, struct session *session, struct err *err);
/* All that has come, carried out.  False: the connection broke. */
bool gdb_server_receive(struct gdb_server *s);
void gdb_server_hang_up(struct gdb_server *s);
void gdb_server_close(struct gdb_server *s);

#endif
