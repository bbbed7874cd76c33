/* SPDX-License-Identifier: GPL-3.0-or-later
 * serial.c - input for COM1, and the pseudo-terminal and socket that it may be connected to.
 * Rule: a byte enters the machine only through give(), which says so as an event.
 */
#include "debugger/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/terminal.h"
#include "devices/pc.h"

void serial_init(struct serial *s)
{
	*s = (struct serial){ .in = -1, .out = -1, .listener = -1, .slave = -1 };
}

const char *unix_place(const char *place)
{
	return strncmp(place, "unix:", 5) ? NULL : place + 5;
}

/* ---- opening ---- */

static int open_pty(struct serial *s, struct err *err)
{
	struct termios t;
	const char *name = NULL;

	s->in = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (s->in >= 0 && !grantpt(s->in) && !unlockpt(s->in))
		name = ptsname(s->in);
	if (name)
		s->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (s->slave < 0)
		return err_set(err, errno, "--serial pty: no pseudo-terminal: %s", strerror(errno));
	if (!tcgetattr(s->slave, &t)) {
		cfmakeraw(&t);
		tcsetattr(s->slave, TCSANOW, &t);
	}
	s->out = s->in;
	complain("COM1 is at %s", name);
	return 0;
}

static int open_socket(struct serial *s, const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (!*path || strlen(path) >= sizeof(a.sun_path))
		return err_set(err, EINVAL, "--serial unix:%.120s: expected a path of 1 to %zu bytes", path,
			       sizeof(a.sun_path) - 1);
	strcpy(a.sun_path, path);
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof(a)))
		return err_set(err, errno, "--serial unix:%.120s: %s%s", path, strerror(errno),
			       errno == EADDRINUSE ? "; if nobody uses it, remove it" : "");
	s->path = path;
	if (listen(s->listener, 1))
		return err_set(err, errno, "--serial unix:%.120s: %s", path, strerror(errno));
	return 0;
}

int serial_open(struct serial *s, const char *place, struct err *err)
{
	serial_init(s);
	if (!strcmp(place, "pty"))
		return open_pty(s, err);
	if (unix_place(place))
		return open_socket(s, unix_place(place), err);
	/* A terminal whose output goes elsewhere shows no guest, so its keys are for the shell. */
	if (!strcmp(place, "stdio") && (!isatty(0) || isatty(1)))
		s->in = 0;
	return 0;
}

void serial_close(struct serial *s)
{
	if (s->terminal)
		terminal_restore();
	if (s->pc)
		pc_serial_taken(s->pc, NULL, NULL);
	if (s->in > 0)
		close(s->in);
	if (s->slave >= 0)
		close(s->slave);
	if (s->listener >= 0)
		close(s->listener);
	if (s->path)
		unlink(s->path);
	buf_free(&s->typed);
	serial_init(s);
}

/* ---- bytes ---- */

void serial_send(struct serial *s, u8 byte)
{
	if (s->out >= 0 && s->path) {
		if (send(s->out, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return; /* who does not read loses bytes, as on a cable */
	} else if (s->out >= 0 && write(s->out, &byte, 1) < 0) {
		return;
	}
}

/* Linux's driver for the virtio console gives room first and drops what comes before it has printed the whole log: it
 * is ready when the machine has rested once since. */
static bool listens(const struct serial *s)
{
	return s->virtio ? s->settled : pc_serial_listens(s->pc);
}

static bool can_take(const struct serial *s)
{
	return listens(s) && (s->virtio ? pc_console_room(s->pc) : pc_serial_room(s->pc)) > 0;
}

static void give(struct serial *s, u8 byte)
{
	vm_receive(s->vm, s->virtio ? INPUT_CONSOLE : INPUT_SERIAL, &byte, 1);
}

static bool prepare(void *arg, struct outside *o)
{
	struct serial *s = arg;

	s->watch = s->knock = -1;
	s->settled |= o->resting && s->virtio && pc_console_room(s->pc) > 0;
	if (o->resting)
		fflush(stdout); /* a prompt without a line feed: somebody may wait for it before he answers */
	if (s->n && can_take(s))
		outside_within(o, 0);
	if (s->listener >= 0 && s->in < 0)
		s->knock = outside_watch(o, s->listener, POLLIN);
	/* The terminal is watched in any case, for the key that leaves. */
	if (s->in >= 0 && s->n < SERIAL_BUFFER && (s->terminal ? terminal_is_raw() : listens(s)))
		s->watch = outside_watch(o, s->in, POLLIN);
	return listens(s) && (s->in >= 0 || s->listener >= 0 || s->person);
}

/* What was typed moves up as far as there is room. */
static void refill(struct serial *s)
{
	size_t n = s->typed.len - s->typed_at, room = SERIAL_BUFFER - s->n;

	n = n < room ? n : room;
	if (!n)
		return;
	memcpy(s->buffer + s->n, s->typed.data + s->typed_at, n);
	s->n += (u32)n;
	s->typed_at += n;
	if (s->typed_at == s->typed.len)
		s->typed.len = s->typed_at = 0;
}

static void give_first(struct serial *s, u32 n)
{
	for (u32 i = 0; i < n; i++, s->taken++)
		give(s, s->buffer[i]);
	s->n -= n;
	memmove(s->buffer, s->buffer + n, s->n);
	refill(s);
}

static void give_some(struct serial *s)
{
	while (s->n && can_take(s))
		give_first(s, 1);
}

/* The guest has just taken a byte, so it listens, and need not wait for the next round. */
static void on_taken(void *arg)
{
	struct serial *s = arg;
	int room = pc_serial_room(s->pc);

	give_first(s, s->n < (u32)room ? s->n : (u32)room);
}

static void hang_up(struct serial *s)
{
	if (s->in > 0)
		close(s->in);
	s->in = s->out = -1;
	if (s->terminal)
		runner_leave();
}

/* Everything up to the key that leaves goes to the guest. */
static u32 up_to_leave(const u8 *from, u32 n)
{
	const u8 *at = memchr(from, TERMINAL_LEAVE, n);

	return at ? (u32)(at - from) : n;
}

static void take(struct serial *s)
{
	ssize_t got = read(s->in, s->buffer + s->n, SERIAL_BUFFER - s->n);
	u32 keep;

	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (got <= 0) {
		hang_up(s);
		return;
	}
	keep = s->terminal ? up_to_leave(s->buffer + s->n, (u32)got) : (u32)got;
	if (keep < (u32)got)
		runner_leave();
	s->n += keep;
}

static void answer(struct serial *s)
{
	s->in = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	s->out = s->in;
}

static void deliver(void *arg, struct outside *o)
{
	struct serial *s = arg;

	if (outside_ready(o, s->knock))
		answer(s);
	if (outside_ready(o, s->watch))
		take(s);
	give_some(s);
	if (s->in < 0 && s->listener < 0 && !s->n && !s->person) {
		outside_remove(o, s); /* the end of a file or pipe: nothing more will come */
		s->attached = false;
	}
}

static int join(struct serial *s, struct err *err)
{
	int rc = s->attached ? 0 : outside_add(s->outside, (struct outside_source){ prepare, deliver, s }, err);

	s->attached |= !rc;
	return rc;
}

int serial_type(struct serial *s, const void *bytes, size_t len, struct err *err)
{
	if (s->in >= 0 || s->listener >= 0)
		return err_set(err, EBUSY, "the guest's console is elsewhere (--serial): what is typed there is its input");
	if (!s->outside || len > SERIAL_TYPED - (s->typed.len - s->typed_at))
		return err_set(err, ENOSPC, "%d bytes wait for the guest's console already; it does not read them", SERIAL_TYPED);
	buf_put(&s->typed, bytes, len);
	if (s->typed.failed)
		return err_set(err, ENOMEM, "no memory for what was typed");
	refill(s);
	return join(s, err);
}

int serial_attach(struct serial *s, struct outside *outside, struct vm *vm, struct pc *pc, struct err *err)
{
	s->vm = vm;
	s->pc = pc;
	s->outside = outside;
	if (!s->virtio)
		pc_serial_taken(pc, on_taken, s);
	if (s->in < 0 && s->listener < 0 && !s->person)
		return 0;
	s->terminal = s->in == 0 && terminal_raw();
	if (s->terminal)
		complain("the guest has this terminal now; " TERMINAL_LEAVE_NAME " leaves");
	return join(s, err);
}
