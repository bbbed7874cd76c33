/* SPDX-License-Identifier: GPL-3.0-or-later
 * time.c - snapshots in memory, marks, and what of the past is kept.
 * Rule: lists are in the order of the machine's time.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/timeline.h"
#include "debugger/verbs/verbs-priv.h"

enum { CHECKPOINTS_SHOWN = 12 };

static void say_point(const char *name, u64 icount, u64 time, struct buf *out)
{
	buf_printf(out, "%-20s instruction %-14llu t=%llu.%09llu s\n", name, ULL(icount), ULL(time / 1000000000), ULL(time % 1000000000));
}

/* The next free letter, as the screen's key `}` takes it. */
static const char *free_letter(struct session *s, const char *(*at)(const struct session *, int), char *letter)
{
	letter[1] = 0;
	for (letter[0] = 'a'; letter[0] < 'z'; letter[0]++) {
		bool used = false;

		for (int i = 0; !used && at(s, i); i++)
			used = !strcmp(at(s, i), letter);
		if (!used)
			break;
	}
	return letter;
}

static const char *snapshot_name(const struct session *s, int i)
{
	u64 icount, time;

	return session_snapshot_at(s, i, &icount, &time);
}

static const char *mark_name(const struct session *s, int i)
{
	u64 icount;

	return session_mark_at(s, i, &icount);
}

static int exec_snap(struct verb_call *c, struct err *err)
{
	char letter[2];
	const char *name = c->nwords ? c->word[0] : free_letter(c->s, snapshot_name, letter);
	int rc = call_words(c, &the_snap, 0, 1, err);

	if (!rc)
		rc = session_snapshot(c->s, name, err);
	if (!rc)
		buf_printf(c->out, "snapshot '%s' at instruction %llu\n", name, ULL(vm_icount(c->s->vm)));
	return rc;
}

static int exec_restore(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_restore, 1, 1, err);

	if (!rc)
		rc = session_restore(c->s, c->word[0], err);
	if (!rc)
		say_where(c->s, c->out);
	return rc;
}

static int exec_snaps(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_snaps, 0, 0, err);
	u64 icount, time;

	for (int i = 0; !rc && session_snapshot_at(c->s, i, &icount, &time); i++)
		say_point(session_snapshot_at(c->s, i, &icount, &time), icount, time, c->out);
	if (!rc && !session_nsnapshots(c->s))
		buf_printf(c->out, "no snapshot yet; `snap NAME` takes one\n");
	return rc;
}

static int exec_mark(struct verb_call *c, struct err *err)
{
	char letter[2];
	const char *name = c->nwords ? c->word[0] : free_letter(c->s, mark_name, letter);
	u64 icount = vm_icount(c->s->vm);
	int rc = call_words(c, &the_mark, 0, 2, err);

	if (!rc)
		rc = call_address(c, 1, icount, &icount, err);
	if (!rc)
		rc = session_mark_point(c->s, name, icount, err);
	if (!rc)
		buf_printf(c->out, "mark '%s' at instruction %llu\n", name, ULL(icount));
	return rc;
}

static int exec_marks(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_marks, 0, 0, err);
	u64 icount;

	for (int i = 0; !rc && session_mark_at(c->s, i, &icount); i++)
		buf_printf(c->out, "%-20s instruction %llu\n", session_mark_at(c->s, i, &icount), ULL(icount));
	if (!rc && !session_nmarks(c->s))
		buf_printf(c->out, "no mark yet; `mark NAME` sets one, `goto NAME` goes there\n");
	return rc;
}

static int exec_checkpoints(struct verb_call *c, struct err *err)
{
	int rc = call_words(c, &the_checkpoints, 0, 1, err), n = 0;
	bool all = c->nwords && !strcmp(c->word[0], "all");
	u64 icount, time;
	char name[20];

	if (rc)
		return rc;
	if (!c->s->timeline)
		return err_set(err, ENOTSUP, "this machine cannot go back: %s", c->s->no_time);
	buf_printf(c->out, "recorded: instruction %llu to %llu, in %llu KiB\n", ULL(timeline_first(c->s->timeline)),
		   ULL(timeline_last(c->s->timeline)), ULL(timeline_memory(c->s->timeline) >> 10));
	while (timeline_checkpoint(c->s->timeline, n, &icount, &time))
		n++;
	for (int i = all || n < CHECKPOINTS_SHOWN ? 0 : n - CHECKPOINTS_SHOWN; i < n; i++) {
		timeline_checkpoint(c->s->timeline, i, &icount, &time);
		snprintf(name, sizeof(name), "%d", i);
		say_point(name, icount, time, c->out);
	}
	return 0;
}

const struct verb the_snap = {
	.name = "snap", .args = "[NAME]", .brief = "keep the machine's whole state, in memory",
	.text = "Without a name the next free letter. The same name again replaces it.", .example = "snap before",
	.group = VERB_TIME, .complete = COMPLETE_SNAPSHOT, .exec = exec_snap,
};
const struct verb the_restore = {
	.name = "restore", .args = "NAME", .brief = "the state of a snapshot",
	.text = "The machine's time goes back, too; from there it goes on.", .example = "restore before", .group = VERB_TIME,
	.complete = COMPLETE_SNAPSHOT, .exec = exec_restore,
};
const struct verb the_snaps = {
	.name = "snaps", .args = "", .brief = "the snapshots, in the order of time", .text = "`restore NAME` goes to one.",
	.example = "snaps", .group = VERB_TIME, .exec = exec_snaps,
};
const struct verb the_mark = {
	.name = "mark", .alias = "m", .args = "[NAME [N]]", .brief = "a name for this point of time, or for instruction N",
	.text = "It takes no memory: `goto NAME` runs again up to there. Without a name the next free letter.",
	.example = "mark bug", .group = VERB_TIME, .complete = COMPLETE_MARK, .exec = exec_mark,
};
const struct verb the_marks = {
	.name = "marks", .args = "", .brief = "the marks", .text = "`goto NAME` goes to one.", .example = "marks",
	.group = VERB_TIME, .exec = exec_marks,
};
const struct verb the_checkpoints = {
	.name = "checkpoints", .args = "[all]", .brief = "what of the past is kept for going back",
	.text = "The range that can be reached, the memory it takes, and the latest (or all) of the states in\n"
		"between from which the machine is run again.",
	.example = "checkpoints", .group = VERB_TIME, .exec = exec_checkpoints,
};
