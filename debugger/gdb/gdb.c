/* SPDX-License-Identifier: GPL-3.0-or-later
 * gdb.c - the socket that gdb comes to.
 * Rule: one gdb at a time; the next one waits until the first has gone.
 */
#include "debugger/gdb/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "debugger/output.h"
#include "debugger/runner.h"

enum { LOOK_MS = 100 /* a signal may come just before a sleep */, CHUNK = 4096, HOST = 256 };

/* ---- listening ---- */

static int listen_at(struct gdb_server *s, const struct sockaddr *a, socklen_t size, struct err *err)
{
	int on = 1;

	s->listener = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->listener >= 0 && a->sa_family != AF_UNIX)
		setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s->listener < 0 || bind(s->listener, a, size) || listen(s->listener, 1))
		return err_set(err, errno, "--gdb %.120s: %s%s", s->place, strerror(errno),
			       errno == EADDRINUSE ? "; choose another place" : "");
	return 0;
}

static int listen_local(struct gdb_server *s, const char *path, struct err *err)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	int rc;

	if (strlen(path) >= sizeof(local.sun_path))
		return err_set(err, EINVAL, "--gdb unix:%.120s: expected a path of 1 to %zu bytes", path,
			       sizeof(local.sun_path) - 1);
	strcpy(local.sun_path, path);
	rc = listen_at(s, (struct sockaddr *)&local, sizeof(local), err);
	if (!rc)
		s->path = path;
	return rc;
}

/* PORT is of this host alone; HOST:PORT of the address that HOST is. */
static int listen_port(struct gdb_server *s, const char *place, struct err *err)
{
	const struct addrinfo wanted = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	const char *colon = strrchr(place, ':');
	struct addrinfo *found = NULL;
	char host[HOST] = "127.0.0.1";
	int rc;

	if (colon)
		snprintf(host, sizeof(host), "%.*s", (int)(colon - place), place);
	rc = getaddrinfo(host, colon ? colon + 1 : place, &wanted, &found);
	if (rc)
		return err_set(err, EINVAL, "--gdb %.120s: %s", place, gai_strerror(rc));
	rc = listen_at(s, found->ai_addr, found->ai_addrlen, err);
	freeaddrinfo(found);
	return rc;
}

int gdb_server_open(struct gdb_server *s, const char *place, struct err *err)
{
	*s = (struct gdb_server){ .fd = -1, .listener = -1, .place = place };
	return strncmp(place, "unix:", 5) ? listen_port(s, place, err) : listen_local(s, place + 5, err);
}

void gdb_server_hang_up(struct gdb_server *s)
{
	gdb_close(&s->gdb);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

void gdb_server_close(struct gdb_server *s)
{
	gdb_server_hang_up(s);
	if (s->listener >= 0)
		close(s->listener);
	if (s->path)
		unlink(s->path);
	*s = (struct gdb_server){ .fd = -1, .listener = -1 };
}

/* ---- bytes ---- */

bool gdb_server_busy(const struct gdb_server *s) { return s->fd >= 0; }

static bool is_ready(int fd, short events, int ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, ms) > 0;
}

bool gdb_server_ready(const struct gdb_server *s, int ms)
{
	return is_ready(s->fd >= 0 ? s->fd : s->listener, POLLIN, ms);
}

static void send_bytes(void *arg, const void *data, size_t len)
{
	struct gdb_server *s = arg;

	while (len && !s->lost) {
		ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) { /* gdb is slow; or it, or the person here, has had enough */
			while (!is_ready(s->fd, POLLOUT, LOOK_MS) && !s->lost)
				s->lost = runner_signal() || runner_left();
			continue;
		}
		s->lost = n < 0;
		data = (const u8 *)data + (n > 0 ? n : 0);
		len -= n > 0 ? (size_t)n : 0;
	}
}

int gdb_server_accept(struct gdb_server *s, struct session *session, struct err *err)
{
	int on = 1, rc;

	s->fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (s->fd < 0) {
		s->fd = -1;
		return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR ? 0 : err_set(err, errno, "--gdb: %s", strerror(errno));
	}
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* a local socket refuses; it has no delay */
	s->lost = false;
	rc = gdb_open(&s->gdb, session, send_bytes, s);
	if (!rc)
		return 1;
	gdb_server_hang_up(s);
	return err_set(err, -rc, "--gdb: %s", strerror(-rc));
}

bool gdb_server_receive(struct gdb_server *s)
{
	u8 bytes[CHUNK];
	ssize_t n = -1;

	errno = EAGAIN;
	while (!s->lost && (n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0)
		gdb_feed(&s->gdb, bytes, (size_t)n);
	if (!s->lost)
		s->lost = n == 0 || (errno != EAGAIN && errno != EINTR);
	return !s->lost;
}
