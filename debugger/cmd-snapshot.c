/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-snapshot.c - `vitrine snapshot`: look into the files that --save writes, and into trees of them.
 * Rule: to look, no machine is built; what is whole before a damage is shown, and then where the damage is.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/snapshot-tree.h"
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

/* A snapshot and those that it builds upon, own file first. */
enum { FILES = 32 };
struct opened {
	struct host_file file[FILES];
	struct snapshot_file *snapshot[FILES];
	char *path[FILES];
	u32 n;
};

/* Two of them are in memory at once, beside what else the host does. */
static u64 largest(void)
{
	return (u64)sysconf(_SC_PHYS_PAGES) * (u64)sysconf(_SC_PAGESIZE) / 4;
}

/* FOLDER/NAME may be said without the suffix. */
static char *path_of(const char *word)
{
	char *path = NULL;

	if (asprintf(&path, "%s%s", word, access(word, F_OK) ? ".vsnap" : "") < 0)
		return NULL;
	if (!access(path, F_OK))
		return path;
	free(path);
	return strdup(word);
}

static int open_file(struct opened *o, char *path, struct err *err)
{
	struct err why = { 0 };
	struct snapshot_file *f = calloc(1, sizeof(*f));
	u32 n = o->n;
	int rc;

	if (!path || !f || n == FILES) {
		free(path);
		free(f);
		return err_set(err, ENOMEM, n == FILES ? "more than %d snapshots build upon each other" : "no memory", FILES);
	}
	o->snapshot[n] = f;
	o->path[n] = path;
	o->n++;
	rc = host_file_read(&o->file[n], "snapshot", path, largest(), err);
	if (!rc && snapshot_open(f, o->file[n].data, o->file[n].len, pc_classes, pc_class_count, &why))
		rc = err_set(err, why.code, "%.100s: %s", path, why.text);
	return rc;
}

/* The file's ancestors, as far as its memory is there. */
static int open_parents(struct opened *o, struct err *err)
{
	int rc = 0;

	while (!rc && o->snapshot[o->n - 1]->builds) {
		const struct snapshot_file *child = o->snapshot[o->n - 1];
		const char *from = o->path[o->n - 1], *slash = strrchr(from, '/');
		char *path = NULL;

		if (asprintf(&path, "%.*s%s.vsnap", slash ? (int)(slash + 1 - from) : 0, from, child->parent) < 0)
			path = NULL;
		rc = open_file(o, path, err);
		if (!rc && o->snapshot[o->n - 1]->id != child->parent_id)
			rc = err_set(err, ESTALE, "%.100s: builds upon another '%.63s' than the one that is there", from, child->parent);
	}
	return rc;
}

static void close_files(struct opened *o)
{
	for (u32 i = 0; o && i < o->n; i++) {
		host_file_close(&o->file[i]);
		free(o->snapshot[i]);
		free(o->path[i]);
	}
	free(o);
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
	const struct snapshot_file *f;
	struct buf text = { 0 };
	struct err err = { 0 };
	int rc = o ? open_file(o, path_of(rest->item[1]), &err) : err_set(&err, ENOMEM, "no memory");

	f = o && o->n ? o->snapshot[0] : NULL;
	if (!rc && args->json)
		print_json(snapshot_show_json(f, name, instance));
	else if (f && f->nparts && !args->json && !snapshot_show(f, name, instance, &text) && !rc)
		rc = err_set(&err, ENOENT, "%.100s: has no section '%.60s%s%.60s'", rest->item[1], name, instance ? " " : "",
			     instance ? instance : "");
	if (text.len && rc != -ENOENT)
		fwrite(text.data, 1, text.len, stdout);
	if (rc)
		complain("%s", err.text);
	buf_free(&text);
	close_files(o);
	return rc ? STATUS_USAGE : STATUS_OK;
}

static int compare(const struct snapshot_args *args, const struct opened *a, const struct opened *b)
{
	struct buf text = { 0 };
	struct err err = { 0 };
	json_t *diff = snapshot_diff((const struct snapshot_file *const *)a->snapshot, a->n,
				     (const struct snapshot_file *const *)b->snapshot, b->n, &err);
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
	struct opened *o[2] = { calloc(1, sizeof(**o)), calloc(1, sizeof(**o)) };
	struct err err = { 0 };
	int status = STATUS_USAGE, rc = o[0] && o[1] ? 0 : err_set(&err, ENOMEM, "no memory");

	for (int i = 0; i < 2 && !rc; i++) {
		rc = open_file(o[i], path_of(rest->item[1 + i]), &err);
		if (!rc)
			rc = open_parents(o[i], &err);
	}
	if (!rc)
		status = compare(args, o[0], o[1]);
	else
		complain("%s", err.text);
	close_files(o[0]);
	close_files(o[1]);
	return status;
}

/* list FOLDER */
static int list(const struct snapshot_args *args, const struct args_rest *rest)
{
	struct snapshot_tree *t = NULL;
	struct snapshot_node *nodes = NULL;
	struct buf text = { 0 };
	struct err err = { 0 };
	u32 n = 0;
	int rc = snapshot_tree_open(&t, rest->item[1], NULL, false, &err);

	if (!rc)
		rc = snapshot_tree_list(t, &nodes, &n, &err);
	if (rc)
		complain("%s", err.text);
	else if (args->json)
		print_json(snapshot_list_json(nodes, n));
	else
		snapshot_list_text(nodes, n, NULL, &text);
	if (text.len)
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	free(nodes);
	snapshot_tree_close(t);
	return rc ? STATUS_USAGE : STATUS_OK;
}

/* rm FOLDER NAME */
static int rm(const struct snapshot_args *args, const struct args_rest *rest)
{
	struct snapshot_tree *t = NULL;
	struct err err = { 0 };
	int rc = snapshot_tree_open(&t, rest->item[1], NULL, false, &err);

	(void)args;
	if (!rc)
		rc = snapshot_tree_remove(t, rest->item[2], &err);
	if (rc)
		complain("%s", err.text);
	snapshot_tree_close(t);
	return rc ? STATUS_USAGE : STATUS_OK;
}

static const struct word {
	const char *name;
	int least, most; /* words, this one included */
	const char *expected;
	int (*exec)(const struct snapshot_args *args, const struct args_rest *rest);
} words[] = {
	{ "list", 2, 2, "the folder of a tree of snapshots", list },
	{ "show", 2, 4, "FILE [SECTION [INSTANCE]]", show },
	{ "diff", 3, 3, "two files", diff },
	{ "rm", 3, 3, "the folder of a tree and a snapshot's name", rm },
};

/* ---- save and restore: a run ---- */

enum { RUN_WORDS = 256, OWN_WORDS = 16 };
struct run_words {
	char *word[RUN_WORDS + OWN_WORDS];
	int n;
};

static void add_word(struct run_words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add_word(struct run_words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&w->word[w->n], fmt, ap) >= 0)
		w->n++;
	va_end(ap);
}

static u64 machine_field(const struct snapshot_part *p, const char *name)
{
	struct snapshot_fields walk;
	struct snapshot_field f;

	snapshot_fields_start(&walk, p);
	while (snapshot_fields_next(&walk, &f))
		if (!strcmp(f.name, name))
			return field_get(&f.field, f.values, 0);
	return 0;
}

/* The machine's shape is in the file; which images its disks and its BIOS are is not. */
static int add_machine(struct run_words *w, const char *path, struct err *err)
{
	struct opened *o = calloc(1, sizeof(*o));
	const struct snapshot_part *p;
	int rc = o ? open_file(o, strdup(path), err) : err_set(err, ENOMEM, "no memory");

	if (!rc && (p = snapshot_part_find(o->snapshot[0], "machine", o->snapshot[0]->writer.cpu))) {
		u64 paging = machine_field(p, "paging");

		add_word(w, "--mem=%llu", (unsigned long long)machine_field(p, "mem_size"));
		add_word(w, "--cpus=%llu", (unsigned long long)machine_field(p, "cpus"));
		add_word(w, "--insn-ps=%llu", (unsigned long long)machine_field(p, "insn_ps"));
		add_word(w, "--cpu=%s", o->snapshot[0]->writer.cpu);
		if (paging && paging_mode_name((enum paging_mode)paging))
			add_word(w, "--paging=%s", paging_mode_name((enum paging_mode)paging));
	}
	close_files(o);
	return rc;
}

/* save|restore FOLDER NAME [options of run] [IMAGE] */
static int run_with(int argc, char **argv)
{
	bool save = !strcmp(argv[0], "save");
	struct run_words w = { .n = 0 };
	struct err err = { 0 };
	int status = STATUS_USAGE, rc = 0;
	char *path = NULL;

	if (argc < 3 || argv[1][0] == '-' || argv[2][0] == '-' || argc > RUN_WORDS) {
		complain("snapshot %s: expected the folder of a tree, a snapshot's name%s, and options of run", argv[0],
			 save ? ", an image" : "");
		return STATUS_USAGE;
	}
	if (asprintf(&path, "%s/%s.vsnap", argv[1], argv[2]) < 0)
		path = NULL;
	add_word(&w, "--snapshots=%s", argv[1]);
	if (save)
		add_word(&w, "--snapshot-at=end:%s", argv[2]);
	else
		rc = path ? add_machine(&w, path, &err) : -ENOMEM;
	for (int i = 3; i < argc; i++)
		add_word(&w, "%s", argv[i]);
	if (!save)
		add_word(&w, "%s", path ? path : "");
	if (rc)
		complain("%s", err.text);
	else
		status = run_machine(&cmd_run, w.n, w.word);
	for (int i = 0; i < w.n; i++)
		free(w.word[i]);
	free(path);
	return status;
}

static int snapshot(const struct command *cmd, int argc, char **argv)
{
	struct snapshot_args args = { 0 };
	struct args_rest rest;
	int status;

	if (argc && (!strcmp(argv[0], "save") || !strcmp(argv[0], "restore")) && (argc < 2 || strcmp(argv[1], "--help")))
		return run_with(argc, argv);
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
	complain("snapshot: expected list, show, diff, save, restore or rm%s%.60s%s", rest.n ? ", got '" : "", rest.n ? rest.item[0] : "",
		 rest.n ? "'" : "");
	return STATUS_USAGE;
}

const struct command cmd_snapshot = {
	.name = "snapshot",
	.args = "[--json] list FOLDER | show FILE [SECTION [INSTANCE]] | diff A B | rm FOLDER NAME | save|restore FOLDER NAME [options of run] [IMAGE]",
	.brief = "snapshots, and trees of them: save, list, look into, compare, restore, remove",
	.text = "A snapshot is what 'run --save FILE' writes; a tree is a folder of them, each of which knows\n"
		"the one from which its machine went on, and holds only the memory that has changed since.\n"
		"Its files are FOLDER/NAME.vsnap, and start like any image. 'run --snapshots FOLDER' adds to\n"
		"it by --snapshot-at, the debugger by 'tree save NAME'.\n\n"
		"save runs IMAGE with these options of run, and saves what it is at the end (--budget);\n"
		"restore runs on from there: mem, cpus, cpu, paging and insn-ps are known, disks and BIOS are\n"
		"to be given again. What a disk keeps in memory (snapshot=on) is in the snapshot; an overlay\n"
		"file is not. list draws the tree; rm removes what no other one goes on from.\n\n"
		"show prints who wrote a file, its sections, the fields of each with their values and what\n"
		"they mean, and how much memory is in it; it checks all of it on the way. diff prints the\n"
		"fields whose values differ, old -> new, and the ranges of machine memory that do.\n"
		"Status of diff: 0: no difference; 1: some; 2: a file that cannot be read.",
	.example = "vitrine snapshot save tree start --budget 1000 boot.img\n"
		   "vitrine run --snapshots tree --snapshot-at 500:a --budget 1000 tree/start.vsnap\n"
		   "vitrine snapshot list tree\n"
		   "vitrine snapshot restore tree a --exits\n"
		   "vitrine snapshot show tree/a vcpu 0\n"
		   "vitrine snapshot diff tree/start tree/a",
	.options = snapshot_options,
	.noptions = &nsnapshot_options,
	.exec = snapshot,
};
