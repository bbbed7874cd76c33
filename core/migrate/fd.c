/* SPDX-License-Identifier: GPL-3.0-or-later
 * fd.c - see fd.h.
 * Rule: no write raises SIGPIPE; a peer that has gone is an error like others.
 */
#include "core/migrate/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static i64 outcome(ssize_t n)
{
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
}

/* send(2) for sockets, which can do without the signal; write(2) for pipes, where the program ignores it. */
static i64 fd_send(void *arg, const u8 *data, size_t len)
{
	struct fd_channel *c = arg;
	ssize_t n = send(c->out, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno == ENOTSOCK)
		n = write(c->out, data, len);
	return outcome(n);
}

static i64 fd_receive(void *arg, u8 *data, size_t room)
{
	struct fd_channel *c = arg;
	ssize_t n = read(c->in, data, room);

	return n == 0 ? -EPIPE : outcome(n);
}

static void do_not_block(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void fd_channel_open(struct fd_channel *c, int in, int out)
{
	*c = (struct fd_channel){ .channel = { fd_send, fd_receive, c }, .in = in, .out = out };
	do_not_block(in);
	do_not_block(out);
}

void fd_channel_close(struct fd_channel *c)
{
	if (!c->channel.send)
		return;
	close(c->in);
	if (c->out != c->in)
		close(c->out);
	*c = (struct fd_channel){ 0 };
}

void fd_channel_wait(const struct fd_channel *c, bool to_send, int most_ms)
{
	struct pollfd p[2] = { { .fd = c->in, .events = POLLIN }, { .fd = c->out, .events = POLLOUT } };

	poll(p, to_send ? 2 : 1, most_ms);
}
