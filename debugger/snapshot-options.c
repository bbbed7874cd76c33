/* SPDX-License-Identifier: GPL-3.0-or-later
 * snapshot-options.c - snapshots that a run takes by itself, at numbers of instructions and at its end.
 * Rule: a run that is cut by them is the same run (tests/unit/same-run.c).
 */
#include "debugger/snapshot-options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/snapshot.h"
#include "debugger/options.h"
#include "debugger/runner.h"

static int parse_point(const char *text, size_t len, u64 *at, struct err *err)
{
	char count[32];

	if (len == 3 && !strncmp(text, "end", 3)) {
		*at = SNAPSHOT_AT_END;
		return 0;
	}
	if (!len || len >= sizeof(count))
		return err_set(err, EINVAL, "expected a number of instructions or end, a colon and a name, as in 1000000insn:booted");
	memcpy(count, text, len);
	count[len] = 0;
	if (len > 4 && !strcmp(count + len - 4, "insn"))
		count[len - 4] = 0;
	return take_count(at, count, err);
}

int take_snapshot_at(void *slot, const char *value, struct err *err)
{
	struct snapshot_options *o = slot;
	const char *colon = strchr(value, ':');
	u64 at;
	int rc = parse_point(value, colon ? (size_t)(colon - value) : 0, &at, err);

	if (rc)
		return rc;
	if (o->n == SNAPSHOT_POINTS)
		return err_set(err, E2BIG, "more than %d snapshots; expected at most that many", SNAPSHOT_POINTS);
	if (!snapshot_name_good(colon + 1))
		return err_set(err, EINVAL, "'%.80s' is no name of a snapshot; expected letters, digits, _ . + -", colon + 1);
	if (o->n && at <= o->at[o->n - 1].at)
		return err_set(err, EINVAL, "'%.60s' is not later than the snapshot before; expected them in order", value);
	for (int i = 0; i < o->n; i++)
		if (!strcmp(o->at[i].name, colon + 1))
			return err_set(err, EEXIST, "two snapshots of the name '%.63s'; expected another one", colon + 1);
	o->at[o->n++] = (struct snapshot_point){ at, colon + 1 };
	return 0;
}

int snapshot_options_check(const struct machine_options *o, struct err *err)
{
	if (o->snapshots.n && !o->snapshots.folder)
		return err_set(err, EINVAL, "--snapshot-at needs a folder for the tree of snapshots; give --snapshots FOLDER, too");
	if (o->snapshots.folder && !*o->snapshots.folder)
		return err_set(err, EINVAL, "--snapshots: the folder's name is empty");
	if (o->snapshots.n && (o->gdb || o->control))
		return err_set(err, EINVAL, "--snapshot-at and --%s: who drives the machine takes its snapshots (tree save NAME)",
			       o->gdb ? "gdb" : "control");
	return 0;
}

int snapshot_options_open(struct snapshot_tree **t, const struct machine_options *o, struct vm *vm, struct err *err)
{
	const struct snapshot_options *s = &o->snapshots;
	int rc = s->folder ? snapshot_tree_open(t, s->folder, vm, true, err) : 0;

	if (!s->folder || rc)
		return rc;
	for (int i = 0; i < s->n && !rc; i++) {
		char *path;

		if (asprintf(&path, "%s%s.vsnap", snapshot_tree_folder(*t), s->at[i].name) < 0)
			return err_set(err, ENOMEM, "no memory for a file's name");
		if (!access(path, F_OK))
			rc = err_set(err, EEXIST, "--snapshot-at: %.200s is there already; expected another name, or remove it (vitrine "
				     "snapshot rm)", path);
		free(path);
	}
	if (!rc && o->image)
		snapshot_tree_came_from(*t, o->image);
	return rc;
}

/* The switches that are still to come once `done` instructions have passed. */
static struct engine_switches switches_after(const struct engine_switches *s, u64 done)
{
	struct engine_switches later = { .n = 0 };

	for (int i = 0; i < s->n; i++)
		if (s->at[i].at > done)
			later.at[later.n++] = (struct engine_switch){ s->at[i].at - done, s->at[i].to };
	return later;
}

enum stop_why snapshot_options_run(const struct machine_options *o, struct snapshot_tree *t, struct vm *vm, struct stepper *stepper,
				   struct err *err)
{
	const struct snapshot_options *s = &o->snapshots;
	u64 start = vm_icount(vm), done = 0;
	struct engine_switches later;

	for (int i = 0; i < s->n && s->at[i].at != SNAPSHOT_AT_END && (!o->budget || s->at[i].at <= o->budget); i++) {
		enum stop_why why = STOP_BUDGET;

		later = switches_after(&o->switches, done);
		if (s->at[i].at > done)
			why = engine_switches_run(&later, vm, s->at[i].at - done, stepper, err);
		if (why != STOP_BUDGET)
			return why;
		done = vm_icount(vm) - start;
		if (snapshot_tree_save(t, s->at[i].name, (u64)clock_host_unix(), err))
			return STOP_ERROR;
	}
	if (o->budget && done >= o->budget)
		return STOP_BUDGET;
	later = switches_after(&o->switches, done);
	return engine_switches_run(&later, vm, o->budget ? o->budget - done : 0, stepper, err);
}

int snapshot_options_end(const struct machine_options *o, struct snapshot_tree *t, struct err *err)
{
	const struct snapshot_options *s = &o->snapshots;

	if (!s->n || s->at[s->n - 1].at != SNAPSHOT_AT_END)
		return 0;
	return snapshot_tree_save(t, s->at[s->n - 1].name, (u64)clock_host_unix(), err);
}
