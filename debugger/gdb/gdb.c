/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb.c - the socket that gdb comes to, and the session: gdb speaks while the machine stands, listens while it runs.
 * Rule: a running machine is never asked about gdb; a byte from gdb is a signal that stops it (runner.h).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "debugger/gdb/gdb.h"
#include "debugger/output.h"
#include "debugger/runner.h"

enum { LOOK_MS = 100 /* a signal may come just before a sleep */, CHUNK = 4096 };

/* ---- listening ---- */

static int listen_at(struct gdb_server *s, const char *place, const struct sockaddr *a, socklen_t size, struct err *err)
{
	int on = 1;

	s->listener = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener >= 0 && a->sa_family == AF_INET)
		setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s->listener < 0 || bind(s->listener, a, size) || listen(s->listener, 1))
		return err_set(err, errno, "--gdb %.120s: %s%s", place, strerror(errno),
			       errno == EADDRINUSE ? "; choose another place" : "");
	return 0;
}

int gdb_server_open(struct gdb_server *s, const char *place, struct err *err)
{
	struct sockaddr_in port = { .sin_family = AF_INET };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	int rc;

	s->fd = s->listener = -1;
	if (strncmp(place, "unix:", 5)) {
		port.sin_port = htons((u16)strtoul(place, NULL, 0));
		port.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return listen_at(s, place, (struct sockaddr *)&port, sizeof(port), err);
	}
	place += 5;
	if (strlen(place) >= sizeof(local.sun_path))
		return err_set(err, EINVAL, "--gdb unix:%.120s: expected a path of 1 to %zu bytes", place,
			       sizeof(local.sun_path) - 1);
	strcpy(local.sun_path, place);
	rc = listen_at(s, place, (struct sockaddr *)&local, sizeof(local), err);
	if (!rc)
		s->path = place;
	return rc;
}

static void hang_up(struct gdb_server *s)
{
	gdb_close(&s->gdb);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void gdb_server_close(struct gdb_server *s)
{
	hang_up(s);
	if (s->listener >= 0)
		close(s->listener);
	if (s->path)
		unlink(s->path);
	*s = (struct gdb_server){ .fd = -1, .listener = -1 };
}

/* ---- bytes ---- */

/* True: the socket is ready.  False: a signal ends the run. */
static bool wait_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	while (!runner_signal() && !runner_left())
		if (poll(&p, 1, LOOK_MS) > 0)
			return true;
	return false;
}

static void send_bytes(void *arg, const void *data, size_t len)
{
	struct gdb_server *s = arg;

	while (len && !s->lost) {
		ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			s->lost = !wait_for(s->fd, POLLOUT);
			continue;
		}
		s->lost = n < 0;
		data = (const u8 *)data + (n > 0 ? n : 0);
		len -= n > 0 ? (size_t)n : 0;
	}
}

/* All that has come. */
static void receive(struct gdb_server *s)
{
	u8 bytes[CHUNK];
	ssize_t n;

	runner_input_taken();
	while ((n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0)
		gdb_feed(&s->gdb, bytes, (size_t)n);
	s->lost |= n == 0 || (errno != EAGAIN && errno != EINTR);
}

/* ---- the session ---- */

static int meet(struct gdb_server *s, struct vm *vm, struct err *err)
{
	int rc;

	if (!wait_for(s->listener, POLLIN))
		return 0;
	s->fd = accept(s->listener, NULL, NULL);
	if (s->fd < 0)
		return err_set(err, errno, "--gdb: %s", strerror(errno));
	rc = gdb_open(&s->gdb, vm, send_bytes, s);
	if (!rc)
		rc = runner_stop_on_input(s->fd);
	return rc ? err_set(err, -rc, "--gdb: %s", strerror(-rc)) : 0;
}

/* What gdb says while the machine stands. */
static void listen_to(struct gdb_server *s)
{
	while (s->gdb.next == GDB_STAY && !s->lost && wait_for(s->fd, POLLIN))
		receive(s);
}

static u64 left_of(u64 budget, u64 used) { return !budget ? 0 : budget > used ? budget - used : 0; }

/* Run once as gdb said.  It may just have been a byte of no meaning: then on. */
static enum stop_why run_once(struct gdb_server *s, u64 budget, u64 start, struct err *err)
{
	struct gdb *g = &s->gdb;
	enum stop_why why;

	do {
		u64 used = vm_icount(g->vm) - start;

		if (budget && used >= budget)
			return STOP_BUDGET;
		why = g->break_in ? STOP_USER : gdb_resume(g, left_of(budget, used), err);
		if (why == STOP_USER)
			receive(s);
	} while (why == STOP_USER && g->next == GDB_RESUME && !g->break_in && !s->lost && !runner_signal() && !runner_left());
	return why;
}

enum stop_why gdb_server_run(struct gdb_server *s, struct vm *vm, u64 budget, struct stepper *stepper,
			     int (*status)(const struct vm *vm, enum stop_why why), struct err *err)
{
	struct gdb *g = &s->gdb;
	u64 start = vm_icount(vm);
	enum stop_why why;

	if (meet(s, vm, err))
		return STOP_ERROR;
	g->stepper = stepper;
	while (s->fd >= 0) {
		listen_to(s);
		if (g->next != GDB_RESUME)
			break;
		why = run_once(s, budget, start, err);
		if (g->next != GDB_RESUME || s->lost)
			break;
		if (gdb_stopped(g, why, status(vm, why)))
			return why;
	}
	bool detached = g->next == GDB_DETACH;
	if (s->lost && !detached && g->next != GDB_KILL)
		complain("gdb has gone without a word: the run ends");
	hang_up(s);
	runner_input_taken();
	if (!detached) {
		if (!runner_signal())
			runner_leave();
		return STOP_USER;
	}
	if (budget && vm_icount(vm) - start >= budget)
		return STOP_BUDGET;
	return guest_run(vm, left_of(budget, vm_icount(vm) - start), stepper, err);
}
