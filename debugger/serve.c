/* SPDX-License-Identifier: GPL-3.0-or-later
 * serve.c - run a session as gdb and the control socket say.
 * Rule: a request that changes whether the machine runs is noted and carried out here, between two runs.
 */
#include "debugger/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/status.h"

enum { LOOK_MS = 100 /* a signal may come just before a sleep */ };

/* ---- what others ask for ---- */

static int want(void *arg, enum control_want what, struct err *err)
{
	struct serve *v = arg;

	if (what != CONTROL_QUIT && gdb_server_busy(&v->gdb))
		return err_set(err, EBUSY, "gdb has the machine; continue and stop it there");
	if (what == CONTROL_QUIT)
		v->quit = true;
	else
		v->runs = what == CONTROL_CONT;
	if (!v->runs || v->quit)
		session_pause(v->s);
	return 0;
}

void serve_tick(void *arg)
{
	struct serve *v = arg;

	if (v->control)
		control_poll(v->control);
	if (v->gdb.listener >= 0 && gdb_server_ready(&v->gdb, 0))
		session_pause(v->s);
}

/* What probes and verbs print goes to the person at gdb, if the machine runs for it, or to the one who started this. */
void serve_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	struct serve *v = arg;

	if (kind == SAY_CONSOLE) { /* of a session that has the machine's console: vitrine debug */
		fwrite(text, 1, len, stdout);
		fflush(stdout);
		return;
	}
	if (v->control && control_say(v->control, text, len))
		return;
	if (gdb_server_busy(&v->gdb) && (v->gdb.gdb.next == GDB_RESUME || v->gdb.gdb.told)) {
		gdb_say(&v->gdb.gdb, text, len);
		return;
	}
	runner_terminal_byte('\n');
	complain("%.*s", (int)(len && text[len - 1] == '\n' ? len - 1 : len), text);
}

/* ---- the beginning and the end ---- */

int serve_open(struct serve *v, const char *gdb, struct err *err)
{
	*v = (struct serve){ .gdb = { .fd = -1, .listener = -1 } };
	return gdb ? gdb_server_open(&v->gdb, gdb, err) : 0;
}

int serve_session(struct serve *v, struct session *s, const char *control, struct err *err)
{
	const struct control_host host = { .want = want, .arg = v };

	v->s = s;
	v->runs = v->gdb.listener < 0;
	return control ? control_open(&v->control, s, control, &host, err) : 0;
}

void serve_close(struct serve *v)
{
	if (v->control)
		control_close(v->control);
	v->control = NULL;
	gdb_server_close(&v->gdb);
}

/* ---- standing ---- */

static void wait(struct serve *v)
{
	struct pollfd p[3];
	int fd[2], n = 0;

	if (v->gdb.listener >= 0)
		p[n++] = (struct pollfd){ .fd = gdb_server_busy(&v->gdb) ? v->gdb.fd : v->gdb.listener, .events = POLLIN };
	for (int i = 0, nfds = v->control ? control_fds(v->control, fd) : 0; i < nfds; i++)
		p[n++] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	poll(p, (nfds_t)n, LOOK_MS);
}

/* gdb comes, speaks, goes by its own wish, or is lost. */
static int listen_to_gdb(struct serve *v, struct err *err)
{
	struct gdb *g = &v->gdb.gdb;
	int rc = 0;

	if (v->gdb.listener < 0 || !gdb_server_ready(&v->gdb, 0))
		return 0;
	if (!gdb_server_busy(&v->gdb)) {
		rc = gdb_server_accept(&v->gdb, v->s, err);
		g->stays = v->stays;
		v->runs = rc == 1 ? false : v->runs;
		return rc < 0 ? rc : 0;
	}
	if (!gdb_server_receive(&v->gdb) && g->next != GDB_DETACH && g->next != GDB_KILL) {
		complain("gdb has gone without a word: the machine stands, and waits for gdb at %s", v->gdb.place);
		gdb_server_hang_up(&v->gdb);
		return 0;
	}
	v->runs = g->next == GDB_DETACH;
	v->quit |= g->next == GDB_KILL;
	if (g->next == GDB_DETACH || g->next == GDB_KILL)
		gdb_server_hang_up(&v->gdb);
	return 0;
}

/* ---- running ---- */

static bool is_over(const struct serve *v)
{
	const struct session_stop *stopped = &v->s->stopped;

	if (stopped->why == STOP_ERROR)
		return true;
	if (v->stays)
		return false;
	return stopped->why == STOP_POWER_OFF || stopped->why == STOP_HALTED || stopped->why == STOP_TRIPLE_FAULT ||
	       (stopped->why == STOP_BUDGET && !strcmp(stopped->reason, "limit"));
}

static bool is_leaving(const struct serve *v) { return v->quit || runner_signal() || runner_left(); }

/* True: the run is over. */
static bool run_for_gdb(struct serve *v, struct err *err)
{
	struct gdb *g = &v->gdb.gdb;
	int rc = gdb_resume(g, err);

	if (rc && v->s->stopped.why != STOP_ERROR && v->s->stopped.why != STOP_TRIPLE_FAULT) {
		gdb_say(g, err->text, strlen(err->text));
		gdb_say(g, "\n", 1);
	}
	if (v->s->stopped.why == STOP_USER && !is_leaving(v) && !rc) { /* by what has come from gdb; on, if it means nothing */
		if (!gdb_server_ready(&v->gdb, 0))
			return false;
		gdb_server_receive(&v->gdb);
		if (!g->break_in || v->gdb.lost || g->next != GDB_RESUME)
			return false;
	}
	return gdb_stopped(g, v->status ? v->status(v->s->vm, v->s->stopped.why) : 0);
}

static bool run_alone(struct serve *v, struct err *err)
{
	if (session_run(v->s, (struct amount){ 0 }, err) && v->s->stopped.why != STOP_ERROR)
		v->runs = false; /* it cannot: the guest has died */
	if (is_over(v))
		return true;
	if (v->s->stopped.why != STOP_USER) /* a probe's stop, say: who watches decides */
		v->runs = false;
	return false;
}

enum stop_why serve_run(struct serve *v, struct err *err)
{
	bool over = false;

	while (!over && !is_leaving(v)) {
		bool gdb = gdb_server_busy(&v->gdb);

		if (v->control)
			control_poll(v->control);
		if (gdb ? v->gdb.gdb.next == GDB_RESUME && !v->gdb.lost : v->runs)
			over = gdb ? run_for_gdb(v, err) : run_alone(v, err);
		else
			wait(v);
		if (!over && listen_to_gdb(v, err))
			return STOP_ERROR;
	}
	if (v->control)
		control_poll(v->control);
	if (!over && !runner_signal())
		runner_leave();
	return over ? v->s->stopped.why : STOP_USER;
}

/* ---- a session without an end ---- */

static int run_debug(struct serve *v, const struct machine_options *o, struct err *err)
{
	const struct session_ui ui = { .say = serve_say, .tick = serve_tick, .arg = v };
	struct session *s;
	int rc = serve_open(v, o->gdb, err);

	if (!rc)
		rc = session_open(&s, o, &ui, err);
	if (rc)
		return STATUS_USAGE;
	v->stays = true;
	rc = serve_session(v, s, o->control, err);
	v->runs = false;
	if (!rc)
		rc = serve_run(v, err) == STOP_ERROR;
	serve_close(v); /* it speaks of the session */
	session_close(s);
	return rc ? STATUS_USAGE : runner_signal() ? STATUS_SIGNAL + runner_signal() : STATUS_OK;
}

int serve_debug(const struct machine_options *o)
{
	struct serve v = { .runs = false };
	struct err err = { 0 };
	int status;

	runner_init();
	status = run_debug(&v, o, &err);
	serve_close(&v);
	if (err.text[0])
		complain("%s", err.text);
	return status;
}
