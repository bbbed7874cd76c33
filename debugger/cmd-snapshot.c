/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-snapshot.c - `vitrine snapshot`: look into the files that --save writes.
 * Rule: no machine is built; what is whole before a damage is shown, and then where the damage is.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugger/commands.h"
#include "debugger/host-file.h"
#include "debugger/output.h"
#include "debugger/snapshot-text.h"
#include "debugger/status.h"
#include "devices/pc.h"

struct snapshot_args {
	bool json;
};
static const struct option snapshot_options[] = {
	{ "json", NULL, "print one JSON object", take_flag, offsetof(struct snapshot_args, json) },
};
static const int nsnapshot_options = ARRAY_LEN(snapshot_options);

struct opened {
	struct host_file file;
	struct snapshot_file snapshot;
};

/* Two of them are in memory at once, beside what else the host does. */
static u64 largest(void)
{
	return (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGESIZE) / 4;
}

static int open_file(struct opened *o, const char *path, struct err *err)
{
	struct err why = { 0 };
	int rc = host_file_read(&o->file, "snapshot", path, largest(), err);

	if (!rc && snapshot_open(&o->snapshot, o->file.data, o->file.len, pc_classes, pc_class_count, &why))
		rc = err_set(err, why.code, "%.100s: %s", path, why.text);
	return rc;
}

static void print_json(json_t *o)
{
	char *text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;

	if (text)
		printf("%s\n", text);
	free(text);
	json_decref(o);
}

/* show FILE [SECTION [INSTANCE]] */
static int show(const struct snapshot_args *args, const struct args_rest *rest)
{
	const char *name = rest->n > 2 ? rest->item[2] : NULL, *instance = rest->n > 3 ? rest->item[3] : NULL;
	struct opened *o = calloc(1, sizeof(*o));
	struct buf text = { 0 };
	struct err err = { 0 };
	int rc = o ? open_file(o, rest->item[1], &err) : err_set(&err, ENOMEM, "no memory");

	if (!rc && args->json)
		print_json(snapshot_show_json(&o->snapshot, name, instance));
	else if (o && o->snapshot.nparts && !args->json && !snapshot_show(&o->snapshot, name, instance, &text) && !rc)
		rc = err_set(&err, ENOENT, "%.100s: has no section '%.60s%s%.60s'", rest->item[1], name, instance ? " " : "",
			     instance ? instance : "");
	if (text.len && rc != -ENOENT)
		fwrite(text.data, 1, text.len, stdout);
	if (rc)
		complain("%s", err.text);
	buf_free(&text);
	if (o)
		host_file_close(&o->file);
	free(o);
	return rc ? STATUS_USAGE : STATUS_OK;
}

static int compare(const struct snapshot_args *args, const struct snapshot_file *a, const struct snapshot_file *b)
{
	struct buf text = { 0 };
	struct err err = { 0 };
	json_t *diff = snapshot_diff(a, b, &err);
	bool same;

	if (!diff) {
		complain("%s", err.text);
		return STATUS_INTERNAL;
	}
	same = !json_array_size(json_object_get(diff, "changes")) && !json_array_size(json_object_get(diff, "memory"));
	if (args->json) {
		print_json(diff);
	} else {
		snapshot_diff_text(diff, &text);
		if (text.len)
			fwrite(text.data, 1, text.len, stdout);
		json_decref(diff);
	}
	buf_free(&text);
	return same ? STATUS_OK : STATUS_FAILED;
}

/* diff A B */
static int diff(const struct snapshot_args *args, const struct args_rest *rest)
{
	struct opened *o = calloc(2, sizeof(*o));
	struct err err = { 0 };
	int status = STATUS_USAGE;

	if (o && !open_file(&o[0], rest->item[1], &err) && !open_file(&o[1], rest->item[2], &err))
		status = compare(args, &o[0].snapshot, &o[1].snapshot);
	else
		complain("%s", o ? err.text : "no memory");
	for (int i = 0; o && i < 2; i++)
		host_file_close(&o[i].file);
	free(o);
	return status;
}

static const struct word {
	const char *name;
	int least, most; /* words, this one included */
	const char *expected;
	int (*exec)(const struct snapshot_args *args, const struct args_rest *rest);
} words[] = {
	{ "show", 2, 4, "FILE [SECTION [INSTANCE]]", show },
	{ "diff", 3, 3, "two files", diff },
};

static int snapshot(const struct command *cmd, int argc, char **argv)
{
	struct snapshot_args args = { 0 };
	struct args_rest rest;
	int status;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	for (size_t i = 0; rest.n && i < ARRAY_LEN(words); i++) {
		const struct word *w = &words[i];

		if (strcmp(w->name, rest.item[0]))
			continue;
		if (rest.n < w->least) {
			complain("snapshot %s: expected %s", w->name, w->expected);
			return STATUS_USAGE;
		}
		if (rest.n > w->most)
			return command_word_too_many("snapshot", rest.item[w->most]);
		return w->exec(&args, &rest);
	}
	complain("snapshot: expected 'show FILE' or 'diff A B'%s%.60s%s", rest.n ? ", got '" : "", rest.n ? rest.item[0] : "",
		 rest.n ? "'" : "");
	return STATUS_USAGE;
}

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "[--json] show FILE [SECTION [INSTANCE]] | diff A B",
	.brief = "look into a snapshot; compare two",
	.text = "A snapshot is what 'run --save FILE' writes. show prints who wrote it, its sections, the\n"
		"fields of each with their values and what they mean, and how much memory is in it; it\n"
		"checks all of it on the way. diff prints the fields whose values differ, old -> new, and\n"
		"the ranges of machine memory that do.\n"
		"Status of diff: 0: no difference; 1: some; 2: a file that cannot be read.",
	.example = "vitrine run --budget 1000 --save a.snap boot.img\n"
		   "vitrine run --budget 1000 --save b.snap a.snap\n"
		   "vitrine snapshot show a.snap vcpu 0\n"
		   "vitrine snapshot diff a.snap b.snap",
	.options = snapshot_options,
	.noptions = &nsnapshot_options,
	.exec = snapshot,
};
