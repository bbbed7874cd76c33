/* SPDX-License-Identifier: GPL-3.0-or-later
 * save.c - a session in files: the machine as a snapshot, the rest as lines that can be typed.
 * Rule: the machine's file is the same as `vitrine run --save` makes; whoever knows no session can load it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/snapshot-tree.h"
#include "core/snapshot.h"
#include "debugger/host-file.h"
#include "debugger/session/session-priv.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"

int session_load_symbols(struct session *s, const char *path, u64 offset, struct err *err)
{
	int n = symbols_load(s->symbols, path, offset, err);

	if (n >= 0)
		buf_printf(&s->priv->symbol_lines, "symbols \"%s\" 0x%llx\n", path, (unsigned long long)offset);
	return n;
}

static void session_lines(struct session *s, struct buf *out)
{
	struct session_priv *p = s->priv;
	struct trap_probe_info info;

	buf_printf(out, "# what belongs to the machine beside this file: `load` reads it\n");
	buf_put(out, p->symbol_lines.data, p->symbol_lines.len);
	for (int i = 0; i < p->nmarks; i++)
		buf_printf(out, "mark \"%s\" %llu\n", p->mark[i].name, (unsigned long long)p->mark[i].icount);
	for (int i = 0; trap_probe_at(s->trap, i, &info); i++)
		if (info.text && info.breakpoint)
			buf_printf(out, "on %s { stop \"break\"; }\n", info.text);
		else if (info.text)
			buf_printf(out, "%s%s%s\n", info.name ? info.name : "", info.name ? ": " : "", info.text);
}

int session_save(struct session *s, const char *path, struct err *err)
{
	struct buf lines = { 0 };
	char *beside = NULL;
	int rc = session_busy(s, err);

	if (!rc)
		rc = host_path_replaceable("snapshot", path, err);
	if (!rc)
		rc = snapshot_save_file(s->vm, path, err);
	if (rc)
		return rc;
	session_lines(s, &lines);
	if (lines.failed || asprintf(&beside, "%s.session", path) < 0)
		rc = err_set(err, ENOMEM, "no memory for the session's lines");
	else
		rc = host_file_write(beside, lines.data, lines.len, err);
	free(beside);
	buf_free(&lines);
	return rc;
}

/* ---- another machine's state into this one ---- */

static int load_file(struct session *s, const char *path, struct buf *unsaved, struct err *err)
{
	int rc = snapshot_load_file(s->vm, path, unsaved, err);

	if (!rc && s->priv->tree)
		snapshot_tree_came_from(s->priv->tree, path);
	return rc;
}

static int load_from_tree(struct session *s, const char *name, struct buf *unsaved, struct err *err)
{
	return snapshot_tree_restore(s->priv->tree, name, unsaved, err);
}

static void forget_past(struct session *s)
{
	struct session_priv *p = s->priv;

	for (int i = 0; i < p->nsnapshots; i++)
		kept_drop(s, &p->snapshot[i]);
	p->nsnapshots = 0;
	kept_drop(s, &p->start);
	if (s->timeline)
		timeline_close(s->timeline);
	s->timeline = NULL;
}

/* The recorded past is not this machine's: it begins anew. */
static int begin_from(struct session *s, const char *what,
		      int (*load)(struct session *s, const char *what, struct buf *unsaved, struct err *err), struct err *err)
{
	int rc = session_busy(s, err), kept;
	struct buf unsaved = { 0 };

	if (rc)
		return rc;
	forget_past(s);
	rc = load(s, what, &unsaved, err);
	if (unsaved.len && !rc)
		session_say(s, SAY_LOG, "%.100s: it is older than some devices, which are as after power-up: %s\n", what,
			    buf_text(&unsaved));
	buf_free(&unsaved);
	session_open_time(s);
	kept = kept_take(s, &s->priv->start, rc ? NULL : err);
	history_rewind(s);
	if (!rc)
		session_stopped(s, STOP_NONE, "load", "the state of %.150s", what);
	return rc ? rc : kept;
}

int session_load(struct session *s, const char *path, struct err *err)
{
	return begin_from(s, path, load_file, err);
}

/* ---- the tree ---- */

int session_tree_open(struct session *s, const char *folder, struct err *err)
{
	struct session_priv *p = s->priv;
	int rc = session_busy(s, err);

	if (rc)
		return rc;
	snapshot_tree_close(p->tree);
	p->tree = NULL;
	return snapshot_tree_open(&p->tree, folder, s->vm, true, err);
}

struct snapshot_tree *session_tree(struct session *s, struct err *err)
{
	if (!s->priv->tree)
		err_set(err, ENOENT, "this session has no tree of snapshots; `tree open FOLDER`, or --snapshots FOLDER, gives it one");
	return s->priv->tree;
}

int session_tree_save(struct session *s, const char *name, struct err *err)
{
	int rc = session_busy(s, err);

	return rc ? rc : snapshot_tree_save(s->priv->tree, name, (u64)clock_host_unix(), err);
}

int session_tree_restore(struct session *s, const char *name, struct err *err)
{
	return begin_from(s, name, load_from_tree, err);
}
