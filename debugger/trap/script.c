/* SPDX-License-Identifier: GPL-3.0-or-later
 * script.c - running a whole script, or a line of the prompt.
 * Rule: nothing runs before all of the text is known to be right; and however it ends, `end` probes, maps and status
 * come.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/host-file.h"
#include "debugger/status.h"
#include "debugger/trap/run-priv.h"

/* ---- compiling ---- */

enum { INCLUDE_MAX = 1 << 20 };

char *trap_read_include(void *arg, const char *path, size_t *len, struct err *err)
{
	struct host_file f = { 0 };
	char *text;

	if (host_file_read(&f, "include", path, INCLUDE_MAX, err))
		return NULL;
	text = malloc(f.len);
	if (text)
		memcpy(text, f.data, f.len);
	else
		err_set(err, ENOMEM, "no memory for %.200s", path);
	*len = f.len;
	host_file_close(&f);
	return text;
}

static void say_errors(struct trap *t, const struct trap_errors *errors)
{
	for (int i = 0; i < errors->n; i++) {
		struct buf text = { 0 };
		trap_error_text(t->unit, &errors->at[i], NULL, &text);
		t->s->ui.say(t->s->ui.arg, SAY_ERROR, text.len ? (const char *)text.data : "", text.len);
		buf_free(&text);
	}
}

/* Nothing is wrong with the script, only with what it is to run on. */
static bool only_missing(const struct trap_errors *errors)
{
	for (int i = 0; i < errors->n; i++)
		if (!errors->at[i].missing)
			return false;
	return true;
}

static const struct node *compile(struct trap *t, const char *file, const char *text, size_t len, int *status)
{
	struct trap_errors errors = { 0 };
	const struct node *list = trap_compile(t->unit, file, text, len, &errors);

	*status = 0;
	if (errors.n) {
		say_errors(t, &errors);
		*status = only_missing(&errors) ? STATUS_SKIPPED : STATUS_USAGE;
		return NULL;
	}
	if (!trap_grow(t)) {
		session_say(t->s, SAY_ERROR, "no memory for the script's variables\n");
		*status = STATUS_INTERNAL;
		return NULL;
	}
	t->text = text;
	t->text_len = len;
	t->text_file = list ? list->pos.file : NULL;
	return list;
}

int trap_check_script(struct trap *t, const char *file, const char *text, size_t len)
{
	int status;

	compile(t, file, text, len, &status);
	return status;
}

/* ---- before the first statement ---- */

static bool holds(const struct node *n, enum trap_node kind)
{
	for (; n; n = n->next)
		if (n->kind == kind || holds(n->a, kind) || holds(n->b, kind) || holds(n->c, kind) || holds(n->d, kind))
			return true;
	return false;
}

/* A probe whose event is narrowed by a variable is armed when its statement is reached. */
static bool is_ready(const struct node *probe)
{
	for (const struct node *e = probe->a; e; e = e->next)
		if (e->a && holds(e->a, N_VAR))
			return false;
	return true;
}

static bool arm_all(struct trap *t, const struct node *list)
{
	for (const struct node *n = list; n; n = n->next)
		if (n->kind == S_PROBE && is_ready(n) && !probe_is_armed(t, n) && !probe_arm(t, n))
			return false;
	return true;
}

/* The probes that the same file left when it was run before. */
static void disarm_file(struct trap *t, const char *file)
{
	for (u32 i = t->nprobes; i-- > 0;)
		if (!t->probe[i]->breakpoint && !strcmp(t->probe[i]->node->pos.file, file))
			probes_remove(t, t->probe[i]);
}

static bool begin(struct trap *t, const char *file, const struct node *list, const char *const *args, int nargs)
{
	struct err err = { 0 };

	free(t->file);
	t->file = strdup(file);
	t->args = args;
	t->nargs = nargs;
	t->in_script = true;
	t->broken = t->died = t->stopping = false;
	t->failed = t->expects = t->messages = t->said = t->tests_failed = t->all_steps = 0;
	t->ntests = 0;
	t->run_steps = t->limit.steps;
	t->end.kind = END_NOT;
	t->scope = 1;
	t->started_host = clock_host_ns();
	t->started_at = t->s->vm->clock.now;
	t->started_icount = vm_icount(t->s->vm);
	if (list && holds(list, S_TEST) && session_snapshot(t->s, TRAP_START, &err) < 0)
		return trap_fail(t, list, NULL, "tests begin from a snapshot: %s", err.text);
	return t->file && arm_all(t, list);
}

/* ---- after the last ---- */

static void print_maps(struct trap *t, const struct node *at)
{
	struct buf text = { 0 };

	if (!t->limit.quiet && at) {
		trap_maps_text(t, true, &text);
		trap_say(t, at, &text);
	}
	buf_free(&text);
}

static int status_of(const struct trap *t, const struct end *end)
{
	switch (end->kind) {
	case END_ERROR:
	case END_ASSERT: return STATUS_SCRIPT;
	case END_LIMIT: return STATUS_LIMIT;
	case END_SIGNAL: return end->status;
	case END_SKIP: return STATUS_SKIPPED;
	case END_EXIT:
		if (end->status >= 0)
			return end->status;
		break;
	case END_NOT:
	case END_TEST: break;
	}
	if (t->broken)
		return STATUS_SCRIPT;
	if (t->died)
		return STATUS_DIED;
	return t->failed || t->tests_failed ? STATUS_FAILED : STATUS_OK;
}

/* Whatever ended the script, what it has gathered is shown; the first error counts. */
static int finish(struct trap *t, const struct node *list)
{
	struct end first = t->end;

	trap_end_tell(t);
	t->run_steps = t->limit.steps;
	t->all_steps = 0;
	probes_say(t, "end", 0, NULL);
	print_maps(t, list);
	if (first.kind == END_NOT || (first.kind == END_EXIT && first.status < 0))
		first = t->end.kind == END_NOT ? first : t->end;
	trap_end_tell(t);
	if (t->died)
		session_say(t->s, SAY_ERROR, "the guest died: %s\n", t->s->stopped.text);
	t->in_script = false;
	t->scope = 0;
	t->text = NULL;
	return status_of(t, &first);
}

int trap_script(struct trap *t, const char *file, const char *text, size_t len, const char *const *args, int nargs)
{
	const struct node *list;
	int status;

	if (t->in_script || t->now || t->s->running) {
		session_say(t->s, SAY_ERROR, "a script is running already\n");
		return STATUS_USAGE;
	}
	list = compile(t, file, text, len, &status);
	if (status)
		return status;
	disarm_file(t, file);
	if (begin(t, file, list, args, nargs))
		exec_list(t, list);
	return finish(t, list);
}

/* ---- the prompt ---- */

int trap_line(struct trap *t, const char *line, int *status)
{
	const struct node *list;
	int rc = 0, error;
	bool nested = t->now || t->driving || t->in_script; /* typed while the guest runs, or by a verb within a script */

	if (nested && !t->s->running) {
		session_say(t->s, SAY_ERROR, "a script is running already\n");
		return -EBUSY;
	}
	list = compile(t, "prompt", line, strlen(line), &error);
	if (error)
		return -EINVAL;
	t->run_steps = t->limit.steps;
	t->all_steps = t->messages = t->said = 0;
	t->end.kind = END_NOT;
	t->stopping = false;
	t->scope++;
	exec_list(t, list);
	t->scope--;
	if (t->end.kind == END_EXIT) {
		*status = t->end.status < 0 ? STATUS_OK : t->end.status;
		rc = t->end.status < 0 ? 0 : 1;
	} else if (t->end.kind != END_NOT) {
		rc = -EINVAL;
	}
	trap_end_tell(t);
	t->text = NULL;
	trap_forget(t->unit, list);
	return rc;
}

/* ---- maps ---- */

void trap_maps_text(struct trap *t, bool unprinted, struct buf *out)
{
	for (u32 i = 0; i < t->nmaps; i++)
		if (t->map[i].n && !(unprinted && t->map[i].printed))
			trap_map_print(t, &t->map[i], 0, out);
}
