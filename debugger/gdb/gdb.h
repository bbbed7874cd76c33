/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb.h - a machine that gdb drives: the server of gdb's remote protocol (`target remote`).
 * Rule: struct gdb knows no socket: bytes come in by gdb_feed and go out by `send`, so a test can be the other side.
 *
 * The description of the registers is the same in every mode: gdb sees a 64-bit processor whose upper halves are zero
 * (gdb cannot follow a server whose registers change with it: "Remote 'g' packet reply is too long").
 * Processors are threads 1, 2, ...
 * Addresses are linear, through the page tables of the chosen thread; RIP is the offset in CS, as the processor has it.
 */
#ifndef VITRINE_DEBUGGER_GDB_H
#define VITRINE_DEBUGGER_GDB_H

#include "core/vm.h"

struct stepper;

enum { GDB_PACKET = 16384 /* bytes of a packet's content at most */, GDB_WATCHES = 16 };

enum gdb_next { GDB_STAY, GDB_RESUME, GDB_DETACH, GDB_KILL };
enum gdb_action { GDB_REST, GDB_CONTINUE, GDB_STEP };
/* In the order of the packets Z2, Z3, Z4. */
enum gdb_watch_kind { GDB_WRITE, GDB_READ, GDB_ACCESS };
struct gdb_watch { u64 at, len; u8 kind; };

struct gdb {
	struct vm *vm;
	struct stepper *stepper; /* NULL, or what the machine runs through (runner.h) */
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
	bool break_in;           /* ^C */
	u8 action[VM_VCPUS];     /* enum gdb_action, with GDB_RESUME */
	u32 cpu, step_cpu;       /* whose registers and memory are meant (Hg); who steps by an `s` packet (Hc) */
	struct gdb_watch watch[GDB_WATCHES];
	int nwatches;

	/* how the machine stopped */
	int at_break, at_mem;    /* event subscriptions, negative if there is none */
	bool hit, watch_hit;
	struct gdb_watch hit_watch;
	u64 hit_at;
	u32 stop_cpu;
	bool stepping;           /* until processor stop_cpu has done one more than step_from */
	u64 step_from;
	u64 stops;               /* exits that are not the guest's */
	bool died;               /* a triple fault has been shown */
	char stop[80];           /* the stop packet, repeated on `?` */
};

/* The machine belongs to gdb from now on.  -ENOTSUP: its engine cannot show single instructions. */
int gdb_open(struct gdb *g, struct vm *vm, void (*send)(void *arg, const void *data, size_t len), void *arg);
/* Takes breakpoints and watchpoints out again. */
void gdb_close(struct gdb *g);
/* Bytes from gdb.  Afterwards g->next says what it wants. */
void gdb_feed(struct gdb *g, const u8 *data, size_t len);
/* Do as g->action says, for at most `budget` instructions (0 = no limit); as guest_run (runner.h). */
enum stop_why gdb_resume(struct gdb *g, u64 budget, struct err *err);
/* Tell gdb why the machine stopped.  True if it goes no further; `status` is then the exit status that gdb shows. */
bool gdb_stopped(struct gdb *g, enum stop_why why, int status);

/* ---- with a socket ---- */

struct gdb_server {
	struct gdb gdb;
	int fd, listener;
	const char *path; /* of a local socket, removed at the end */
	bool lost;        /* the connection broke */
};

/* Listen at PORT (of this host alone) or unix:PATH. */
int gdb_server_open(struct gdb_server *s, const char *place, struct err *err);
/* Wait for gdb, then run as it says; when it has gone by its own wish, run on alone.  As guest_run; `status` gives the
 * exit status that a reason to stop will have. */
enum stop_why gdb_server_run(struct gdb_server *s, struct vm *vm, u64 budget, struct stepper *stepper,
			     int (*status)(const struct vm *vm, enum stop_why why), struct err *err);
void gdb_server_close(struct gdb_server *s);

#endif
