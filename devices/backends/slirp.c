/* SPDX-License-Identifier: GPL-3.0-or-later
 * slirp.c - libslirp between the cable and this process's sockets.
 * Rule: its clock is the virtual one, and it runs only when the machine sends and from the machine's outside.
 * IPv6 is off: its router announces itself at random moments, and no run would be like another.
 */
#include "devices/backends/slirp.h"

#include <errno.h>
#include <libslirp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { MS = 1000000 };

/* The one timer libslirp may ask for; due in ms of virtual time. */
struct slirp_timer {
	SlirpTimerId id;
	void *arg;
	i64 due; /* INT64_MAX = not armed */
};

struct slirp_net {
	Slirp *slirp;
	struct cable *cable;
	struct outside *outside;
	struct slirp_timer *timer;
	bool watching;    /* this round has descriptors */
	bool said_error;
};

/* ---- what libslirp asks of us ---- */

static ssize_t to_machine(const void *frame, size_t len, void *arg)
{
	struct slirp_net *s = arg;

	cable_put(s->cable, frame, (u32)len);
	return (ssize_t)len;
}

static void guest_error(const char *text, void *arg)
{
	struct slirp_net *s = arg;

	if (!s->said_error)
		log_put(&s->cable->vm->log, LOG_INFO, "net", "the guest sent something odd: %s (said once)", text);
	s->said_error = true;
}

static int64_t clock_ns(void *arg)
{
	return (int64_t)((struct slirp_net *)arg)->cable->vm->clock.now;
}

static void *timer_new(SlirpTimerId id, void *cb_arg, void *arg)
{
	struct slirp_net *s = arg;
	struct slirp_timer *t = s->timer ? NULL : calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	*t = (struct slirp_timer){ id, cb_arg, INT64_MAX };
	return s->timer = t;
}

static void timer_free(void *timer, void *arg)
{
	struct slirp_net *s = arg;

	if (s->timer == timer)
		s->timer = NULL;
	free(timer);
}

static void timer_mod(void *timer, int64_t due, void *arg)
{
	if (timer)
		((struct slirp_timer *)timer)->due = due;
}

/* Descriptors are named anew in every round, so nobody needs to hear of new ones. */
static void ignore_fd(int fd, void *arg)
{
}

static void ignore_notice(void *arg)
{
}

static const SlirpCb callbacks = {
	.send_packet = to_machine,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new_opaque = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = ignore_fd,
	.unregister_poll_fd = ignore_fd,
	.notify = ignore_notice,
};

/* ---- a source of the outside ---- */

/* libslirp's names of events, and poll()'s. */
static const struct {
	int theirs;
	short ours;
} events[] = {
	{ SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
	{ SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};

static int watch(int fd, int wanted, void *arg)
{
	struct slirp_net *s = arg;
	short mask = 0;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (wanted & events[i].theirs)
			mask |= events[i].ours;
	s->watching = true;
	return outside_watch(s->outside, fd, mask);
}

static int ready(int number, void *arg)
{
	struct slirp_net *s = arg;
	short mask = outside_ready(s->outside, number);
	int theirs = 0;

	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (mask & events[i].ours)
			theirs |= events[i].theirs;
	return theirs;
}

static bool prepare(void *arg, struct outside *o)
{
	struct slirp_net *s = arg;
	u32 ms = UINT32_MAX;

	s->watching = false;
	slirp_pollfds_fill(s->slirp, &ms, watch, s);
	if (cable_waits(s->cable))
		outside_within(o, 0);
	else if (ms != UINT32_MAX)
		outside_within(o, (u64)ms * MS);
	return s->watching || cable_waits(s->cable);
}

static void deliver(void *arg, struct outside *o)
{
	struct slirp_net *s = arg;

	if (s->timer && s->timer->due <= clock_ns(s) / MS) {
		s->timer->due = INT64_MAX;
		slirp_handle_timer(s->slirp, s->timer->id, s->timer->arg);
	}
	slirp_pollfds_poll(s->slirp, 0, ready, s);
	cable_deliver(s->cable);
}

static void from_machine(void *arg, const u8 *frame, u32 len)
{
	slirp_input(((struct slirp_net *)arg)->slirp, frame, (int)len);
}

/* ---- opening ---- */

static struct in_addr address(const char *text)
{
	struct in_addr a;

	inet_pton(AF_INET, text, &a);
	return a;
}

static int forward(struct slirp_net *s, const struct slirp_forward *f, struct err *err)
{
	struct in_addr host = { f->host }, guest = { f->guest };
	char text[INET_ADDRSTRLEN] = "";

	if (!slirp_add_hostfwd(s->slirp, f->udp, host, f->host_port, guest, f->guest_port))
		return 0;
	int code = errno ? errno : EINVAL;
	inet_ntop(AF_INET, &host, text, sizeof(text));
	return err_set(err, code, "--net user: cannot listen at %s port %s:%u of the host: %s", f->udp ? "UDP" : "TCP", text,
		       (unsigned)f->host_port, strerror(code));
}

static int start(struct slirp_net *s, const struct slirp_options *o, struct err *err)
{
	const SlirpConfig config = {
		.version = 4, .restricted = o->restricted, .in_enabled = true,
		.vnetwork = address("10.0.2.0"), .vnetmask = address("255.255.255.0"), .vhost = address("10.0.2.2"),
		.vdhcp_start = address("10.0.2.15"), .vnameserver = address("10.0.2.3"), .vhostname = "vitrine",
	};
	int rc = 0;

	s->slirp = slirp_new(&config, &callbacks, s);
	if (!s->slirp)
		return err_set(err, ENOMEM, "--net user: libslirp cannot start");
	for (int i = 0; i < o->nforwards && !rc; i++)
		rc = forward(s, &o->forward[i], err);
	return rc;
}

struct slirp_net *slirp_net_open(const struct slirp_options *o, struct cable *cable, struct outside *outside,
				 struct err *err)
{
	struct slirp_net *s = calloc(1, sizeof(*s));
	int rc;

	if (!s) {
		err_set(err, ENOMEM, "--net user: no memory");
		return NULL;
	}
	s->cable = cable;
	s->outside = outside;
	rc = start(s, o, err);
	if (!rc)
		rc = outside_add(outside, (struct outside_source){ prepare, deliver, s }, err);
	if (rc) {
		slirp_net_close(s);
		return NULL;
	}
	cable->outside = (struct net_port){ from_machine, s };
	return s;
}

void slirp_net_close(struct slirp_net *s)
{
	if (!s)
		return;
	s->cable->outside = (struct net_port){ 0 };
	if (s->outside->vm)
		outside_remove(s->outside, s);
	if (s->slirp)
		slirp_cleanup(s->slirp);
	free(s->timer);
	free(s);
}
