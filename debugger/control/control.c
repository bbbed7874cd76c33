/* SPDX-License-Identifier: GPL-3.0-or-later
 * control.c - the control socket: who comes, what comes and goes, and what the machine does meanwhile.
 * Rule: nothing here waits; a client that does not read what it is sent loses its connection, not the machine's time.
 */
#include "debugger/control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { CHUNK = 4096, OUT_MOST = 4 << 20, CHUNKS = 64 };

struct control {
	struct control_client client;
	int listener, fd;
	char *path;
	struct buf out;      /* what the socket would not take yet, from out_at on */
	size_t out_at;
	bool lost, inside;
	/* what has been told of the machine */
	int at_reset;        /* event subscription */
	u32 resets;
	bool ran, ended;
	u64 icount;
};

/* ---- bytes out ---- */

static void flush(struct control *c)
{
	while (!c->lost && c->out_at < c->out.len) {
		ssize_t n = send(c->fd, c->out.data + c->out_at, c->out.len - c->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n <= 0) {
			c->lost = n == 0 || (errno != EAGAIN && errno != EINTR);
			return;
		}
		c->out_at += (size_t)n;
	}
	c->out.len = c->out_at = 0;
}

static void send_line(void *arg, const char *line, size_t len)
{
	struct control *c = arg;

	if (c->fd < 0 || c->lost)
		return;
	buf_put(&c->out, line, len);
	c->lost |= c->out.failed || c->out.len - c->out_at > OUT_MOST;
	flush(c);
}

/* ---- who comes, who goes ---- */

static void hang_up(struct control *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->lost = false;
	buf_free(&c->out);
	c->out_at = 0;
}

static void meet(struct control *c)
{
	struct control_client *client = &c->client;

	c->fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (c->fd < 0) {
		c->fd = -1;
		return;
	}
	*client = (struct control_client){ .s = client->s, .host = client->host, .send = send_line, .arg = c };
	c->icount = vm_icount(client->s->vm);
	control_greet(client);
}

/* A bounded piece: a client that never stops must not keep the machine. */
static void receive(struct control *c)
{
	char bytes[CHUNK];
	ssize_t n = -1;

	for (int i = 0; i < CHUNKS && !c->lost; i++) {
		n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n <= 0)
			break;
		control_feed(&c->client, bytes, (size_t)n);
	}
	c->lost |= n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
}

/* ---- what the machine does ---- */

static enum verdict on_reset(void *arg, const struct event *ev)
{
	struct control *c = arg;

	c->resets += !c->client.s->searching;
	return EV_GO;
}

static void tell_end(struct control *c)
{
	const struct session *s = c->client.s;
	bool off = s->stopped.why == STOP_POWER_OFF || s->stopped.why == STOP_HALTED, died = s->stopped.why == STOP_TRIPLE_FAULT;

	if (s->running || (!off && !died)) {
		c->ended = false;
		return;
	}
	if (c->ended)
		return;
	c->ended = true;
	if (died)
		control_event(&c->client, "GUEST_PANICKED", "{\"action\":\"pause\"}");
	else
		control_event(&c->client, "SHUTDOWN", "{\"guest\":true,\"reason\":\"guest-shutdown\"}");
}

/* A run that was shorter than the time between two looks is told, too. */
static void tell(struct control *c)
{
	const struct session *s = c->client.s;
	u64 icount = vm_icount(s->vm);
	bool moved = !s->running && !c->ran && icount != c->icount;

	for (; c->resets; c->resets--)
		control_event(&c->client, "RESET", "{\"guest\":true,\"reason\":\"guest-reset\"}");
	if ((s->running && !c->ran) || moved)
		control_event(&c->client, "RESUME", NULL);
	tell_end(c);
	if ((!s->running && c->ran) || moved)
		control_event(&c->client, "STOP", NULL);
	c->ran = s->running;
	c->icount = icount;
}

/* ---- for the host ---- */

static bool is_ready(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

void control_poll(struct control *c)
{
	if (c->inside) { /* a command lets the machine run: the next one interrupts it */
		if (c->fd >= 0 && is_ready(c->fd))
			session_pause(c->client.s);
		return;
	}
	if (c->fd < 0 && is_ready(c->listener))
		meet(c);
	tell(c);
	if (c->fd < 0)
		return;
	c->inside = true;
	receive(c);
	c->inside = false;
	tell(c);
	flush(c);
	if (c->lost)
		hang_up(c);
}

bool control_say(struct control *c, const char *text, size_t len)
{
	if (!c->client.told)
		return false;
	buf_put(c->client.told, text, len);
	return true;
}

int control_fds(const struct control *c, int fd[2])
{
	fd[0] = c->fd >= 0 ? c->fd : c->listener;
	return 1;
}

static int listen_at(struct control *c, const char *place, struct err *err)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };

	if (strlen(place) >= sizeof(local.sun_path))
		return err_set(err, EINVAL, "--control unix:%.120s: expected a path of 1 to %zu bytes", place,
			       sizeof(local.sun_path) - 1);
	strcpy(local.sun_path, place);
	c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0 || bind(c->listener, (struct sockaddr *)&local, sizeof(local)) || listen(c->listener, 4))
		return err_set(err, errno, "--control unix:%.120s: %s%s", place, strerror(errno),
			       errno == EADDRINUSE ? "; choose another path, or remove what is there" : "");
	c->path = strdup(place);
	return c->path ? 0 : err_set(err, ENOMEM, "no memory for the control socket");
}

int control_open(struct control **out, struct session *s, const char *place, const struct control_host *host, struct err *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc;

	*out = NULL;
	if (!c)
		return err_set(err, ENOMEM, "no memory for the control socket");
	c->listener = c->fd = -1;
	c->client.s = s;
	c->client.host = *host;
	rc = listen_at(c, strncmp(place, "unix:", 5) ? place : place + 5, err);
	c->at_reset = rc ? -1 : vm_subscribe(s->vm, EV_BIT(reset), on_reset, c);
	if (!rc && c->at_reset < 0)
		rc = err_set(err, ENOSPC, "the machine's resets cannot be watched: too many watch already");
	if (rc) {
		control_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	if (c->at_reset >= 0)
		vm_unsubscribe(c->client.s->vm, c->at_reset);
	if (c->fd >= 0) {
		if (!c->ended)
			control_event(&c->client, "SHUTDOWN", "{\"guest\":false,\"reason\":\"host-qmp-quit\"}");
		hang_up(c);
	}
	if (c->listener >= 0)
		close(c->listener);
	if (c->path)
		unlink(c->path);
	free(c->path);
	free(c);
}
