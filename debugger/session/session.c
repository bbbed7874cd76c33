/* SPDX-License-Identifier: GPL-3.0-or-later
 * session.c - one guest under observation: built, watched, taken apart.
 * Rule: everything that could go wrong is tried before the guest's first instruction; afterwards a session never ends
 * by itself.
 */
#include "debugger/session/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/engine-options.h"
#include "debugger/runner.h"
#include "debugger/session/inject.h"
#include "debugger/session/session-priv.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"

void session_say(struct session *s, enum say_kind kind, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *text = len >= 0 ? malloc((size_t)len + 1) : NULL;
	if (!text)
		return;
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	if (s->ui.say)
		s->ui.say(s->ui.arg, kind, text, (size_t)len);
	free(text);
}

/* ---- the machine ---- */

static int choose_engine(struct session_priv *p, struct err *err)
{
	return engine_choose(p->opt.engine, &p->engine, err);
}

static int build(struct session *s, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc = choose_engine(p, err);

	if (!rc)
		rc = machine_files_open(&p->files, &p->opt, err);
	if (!rc)
		rc = machine_build(&p->machine, &p->opt, &p->files, p->engine, err);
	if (rc)
		return rc;
	machine_images_close(&p->files);
	s->machine = &p->machine;
	s->vm = p->machine.vm;
	s->pc = p->machine.pc;
	p->icount_start = vm_icount(s->vm);
	return 0;
}

/* What devices and the processor have to say. */
static enum verdict on_log(void *arg, const struct event *ev)
{
	struct session *s = arg;

	if (!s->searching && ev->log.level <= (s->opt->quiet ? LOG_ERROR : s->log_level))
		session_say(s, SAY_LOG, "%s: %s\n", ev->log.who ? ev->log.who : "machine", ev->log.text ? ev->log.text : "");
	return EV_GO;
}

static int attach(struct session *s, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc;

	outside_open(&p->outside, s->vm);
	rc = network_open(&p->network, &p->opt.net, &p->outside, s->pc, p->opt.rtc, err);
	if (!rc)
		rc = session_console_open(s, err);
	if (!rc)
		rc = history_open(s, err);
	if (rc)
		return rc;
	p->at_log = vm_subscribe(s->vm, EV_BIT(log), on_log, s);
	return p->at_log < 0 ? err_set(err, ENOSPC, "the machine's messages cannot be watched: too many watch already") : 0;
}

/* Not to have a time line is no reason to refuse a session: it says so when somebody wants to go back. */
void session_open_time(struct session *s)
{
	struct session_priv *p = s->priv;
	const struct timeline_config config = { 0 };

	if (timeline_open(&s->timeline, s->vm, &config, &p->no_time)) {
		s->timeline = NULL;
		s->no_time = p->no_time.text;
	}
}

static int open_parts(struct session *s, bool past, struct err *err)
{
	int rc;

	if (past)
		session_open_time(s);
	s->symbols = symbols_new();
	s->trap = trap_open(s, NULL);
	if (!s->symbols || !s->trap)
		return err_set(err, ENOMEM, "no memory for a session");
	if (s->opt->snapshots.n)
		return err_set(err, EINVAL, "--snapshot-at is for runs; in a session, `tree save NAME` takes a snapshot");
	rc = snapshot_options_open(&s->priv->tree, s->opt, s->vm, err);
	if (!rc)
		rc = kept_take(s, &s->priv->start, err);
	session_stopped(s, STOP_NONE, "start", "nothing has been executed yet");
	return rc;
}

/* Nothing of it is opened yet. */
static struct session *session_new(const struct machine_options *o, const struct session_ui *ui)
{
	struct session *s = calloc(1, sizeof(*s));
	struct session_priv *p = calloc(1, sizeof(*p));

	if (!s || !p) {
		free(s);
		free(p);
		return NULL;
	}
	p->opt = *o;
	p->at_exit = p->at_log = -1;
	s->log_level = LOG_WARN;
	p->goal_cpu = VM_VCPUS;
	serial_init(&p->console.line);
	s->priv = p;
	s->opt = &p->opt;
	s->ui = *ui;
	return s;
}

int session_open(struct session **out, const struct machine_options *o, const struct session_ui *ui, struct err *err)
{
	struct session *s = session_new(o, ui);
	int rc;

	*out = NULL;
	if (!s)
		return err_set(err, ENOMEM, "no memory for a session");
	rc = build(s, err);
	if (!rc)
		rc = attach(s, err);
	if (!rc)
		rc = open_parts(s, true, err);
	if (rc) {
		session_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int session_around(struct session **out, const struct machine *m, const struct machine_options *o, bool past,
		   const struct session_ui *ui, struct err *err)
{
	struct session *s = session_new(o, ui);
	int rc;

	*out = NULL;
	if (!s)
		return err_set(err, ENOMEM, "no memory for a session");
	s->priv->foreign = true;
	s->priv->machine = *m;
	s->priv->icount_start = m->icount_start;
	s->priv->engine = m->vm->engine;
	s->machine = &s->priv->machine;
	s->vm = m->vm;
	s->pc = m->pc;
	s->no_time = "its past is not recorded";
	s->history.vm = s->vm;
	rc = open_parts(s, past, err);
	if (rc) {
		session_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int session_watch_exits(struct session *s, struct err *err)
{
	return s->priv->at_exit >= 0 ? 0 : history_open(s, err);
}

void session_close(struct session *s)
{
	struct session_priv *p = s ? s->priv : NULL;
	struct err err = { 0 };

	if (!s)
		return;
	if (s->trap)
		trap_close(s->trap);
	if (s->symbols)
		symbols_free(s->symbols);
	session_marks_close(s);
	session_inject_close(s);
	if (s->timeline)
		timeline_close(s->timeline);
	snapshot_tree_close(p->tree);
	history_close(s);
	buf_free(&p->symbol_lines);
	if (p->foreign) {
		free(p);
		free(s);
		return;
	}
	if (p->at_log >= 0)
		vm_unsubscribe(s->vm, p->at_log);
	session_console_close(s);
	network_close(&p->network);
	outside_close(&p->outside);
	if (s->vm)
		machine_destroy(&p->machine);
	if (machine_files_close(&p->files, &err))
		session_say(s, SAY_ERROR, "%s; what the guest wrote last may be lost\n", err.text);
	free(p);
	free(s);
}

int session_restart(struct session *s, struct err *err)
{
	int rc = kept_restore(s, &s->priv->start, err);

	if (!rc)
		session_stopped(s, STOP_NONE, "start", "the machine is as it was in the beginning");
	return rc;
}
