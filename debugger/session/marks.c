/* SPDX-License-Identifier: GPL-3.0-or-later
 * marks.c - states that are kept under a name, and names for points of recorded time.
 * Rule: a snapshot is a whole state and always works; a mark is a number, and works as far back as time is recorded.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/snapshot.h"
#include "debugger/session/inject.h"
#include "debugger/session/session-priv.h"

/* ---- a state that is kept ---- */

int kept_take(struct session *s, struct kept *k, struct err *err)
{
	k->icount = vm_icount(s->vm);
	k->time = s->vm->clock.now;
	k->exits = s->vm->guest_exits;
	if (s->timeline)
		return timeline_keep(s->timeline, &k->point, err);
	return snapshot_save(s->vm, &k->bytes, err);
}

int kept_restore(struct session *s, const struct kept *k, struct err *err)
{
	int rc;

	if (session_busy(s, err) || session_may_change(s, err))
		return -EBUSY;
	if (s->timeline) {
		rc = timeline_restore(s->timeline, k->point, err);
	} else {
		rc = snapshot_load(s->vm, k->bytes.data, k->bytes.len, err);
		s->vm->guest_exits = rc ? s->vm->guest_exits : k->exits;
	}
	history_rewind(s);
	session_inject_forget(s);
	return rc;
}

void kept_drop(struct session *s, struct kept *k)
{
	if (s->timeline && k->point)
		timeline_drop(s->timeline, k->point);
	buf_free(&k->bytes);
	memset(k, 0, sizeof(*k));
}

void session_marks_close(struct session *s)
{
	struct session_priv *p = s->priv;

	for (int i = 0; i < p->nsnapshots; i++)
		kept_drop(s, &p->snapshot[i]);
	kept_drop(s, &p->start);
	free(p->snapshot);
	free(p->mark);
	p->snapshot = NULL;
	p->mark = NULL;
	p->nsnapshots = p->nmarks = 0;
}

static int check_name(const char *what, const char *name, struct err *err)
{
	if (!*name || strlen(name) >= SESSION_NAME)
		return err_set(err, EINVAL, "a %s's name has 1 to %d bytes", what, SESSION_NAME - 1);
	return 0;
}

/* ---- snapshots ---- */

static int find_snapshot(const struct session_priv *p, const char *name)
{
	for (int i = 0; i < p->nsnapshots; i++)
		if (!strcmp(p->snapshot[i].name, name))
			return i;
	return -1;
}

static void remove_snapshot(struct session *s, int i)
{
	struct session_priv *p = s->priv;

	kept_drop(s, &p->snapshot[i]);
	memmove(&p->snapshot[i], &p->snapshot[i + 1], sizeof(p->snapshot[0]) * (size_t)(p->nsnapshots - i - 1));
	p->nsnapshots--;
}

/* In the order of icount. */
static void insert_snapshot(struct session_priv *p, const struct kept *k)
{
	int i = p->nsnapshots++;

	for (; i && p->snapshot[i - 1].icount > k->icount; i--)
		p->snapshot[i] = p->snapshot[i - 1];
	p->snapshot[i] = *k;
}

int session_snapshot(struct session *s, const char *name, struct err *err)
{
	struct session_priv *p = s->priv;
	struct kept k = { 0 };
	int rc = check_name("snapshot", name, err), old;

	if (!rc && !p->snapshot)
		p->snapshot = calloc(SESSION_SNAPSHOTS, sizeof(*p->snapshot));
	if (!rc && !p->snapshot)
		rc = err_set(err, ENOMEM, "no memory for a snapshot");
	if (rc)
		return rc;
	old = find_snapshot(p, name);
	if (old < 0 && p->nsnapshots == SESSION_SNAPSHOTS)
		return err_set(err, ENOSPC, "there are %d snapshots already; one of the same name would be replaced", SESSION_SNAPSHOTS);
	rc = kept_take(s, &k, err);
	if (rc) {
		kept_drop(s, &k);
		return rc;
	}
	if (old >= 0)
		remove_snapshot(s, old);
	strcpy(k.name, name);
	insert_snapshot(p, &k);
	return 0;
}

int session_restore(struct session *s, const char *name, struct err *err)
{
	int i = find_snapshot(s->priv, name), rc;

	if (i < 0)
		return err_set(err, ENOENT, "no snapshot is called '%.60s'; `snaps` lists what there is", name);
	rc = kept_restore(s, &s->priv->snapshot[i], err);
	if (!rc)
		session_stopped(s, STOP_NONE, "restore", "the state of snapshot '%s'", name);
	return rc;
}

int session_nsnapshots(const struct session *s)
{
	return s->priv->nsnapshots;
}

const char *session_snapshot_at(const struct session *s, int i, u64 *icount, u64 *time)
{
	const struct session_priv *p = s->priv;

	if (i < 0 || i >= p->nsnapshots)
		return NULL;
	*icount = p->snapshot[i].icount;
	*time = p->snapshot[i].time;
	return p->snapshot[i].name;
}

/* ---- marks ---- */

static struct mark *find_mark(struct session_priv *p, const char *name)
{
	for (int i = 0; i < p->nmarks; i++)
		if (!strcmp(p->mark[i].name, name))
			return &p->mark[i];
	return NULL;
}

int session_mark(struct session *s, const char *name, struct err *err)
{
	return session_mark_point(s, name, vm_icount(s->vm), err);
}

int session_mark_point(struct session *s, const char *name, u64 icount, struct err *err)
{
	struct session_priv *p = s->priv;
	struct mark *m;
	int rc = check_name("mark", name, err);

	if (rc)
		return rc;
	if (!p->mark)
		p->mark = calloc(SESSION_MARKS, sizeof(*p->mark));
	if (!p->mark)
		return err_set(err, ENOMEM, "no memory for a mark");
	m = find_mark(p, name);
	if (!m && p->nmarks == SESSION_MARKS)
		return err_set(err, ENOSPC, "there are %d marks already; one of the same name would be replaced", SESSION_MARKS);
	if (!m)
		m = &p->mark[p->nmarks++];
	strcpy(m->name, name);
	m->icount = icount;
	return 0;
}

int session_goto_mark(struct session *s, const char *name, struct err *err)
{
	const struct mark *m = find_mark(s->priv, name);

	if (!m)
		return err_set(err, ENOENT, "no mark is called '%.60s'; `marks` lists what there is", name);
	return session_goto(s, m->icount, err);
}

int session_nmarks(const struct session *s)
{
	return s->priv->nmarks;
}

const char *session_mark_at(const struct session *s, int i, u64 *icount)
{
	const struct session_priv *p = s->priv;

	if (i < 0 || i >= p->nmarks)
		return NULL;
	*icount = p->mark[i].icount;
	return p->mark[i].name;
}
