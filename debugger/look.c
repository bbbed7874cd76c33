/* SPDX-License-Identifier: GPL-3.0-or-later
 * look.c - a machine that has come so far, for commands that look at it once.
 * Rule: standard output carries what was asked for and nothing of the guest's.
 */
#include "debugger/look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/host-file.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/status.h"

static void say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	const struct look *look = arg;

	if (kind == SAY_ERROR || (kind == SAY_LOG && !look->args.opt.quiet))
		fprintf(stderr, "%.*s", (int)len, text);
}

/* With --restore, --kernel or --bios no word is an image. */
static int take_image(struct look *look, struct args_rest *image, struct err *err)
{
	struct machine_options *o = &look->args.opt;
	struct args_rest *rest = &look->rest;

	image->n = 0;
	if (look->args.restore && (o->kernel || o->bios))
		return err_set(err, EINVAL, "--restore and --%s; expected one of them",
			       o->kernel ? "kernel" : "bios");
	if (look->args.restore) {
		image->item[image->n++] = look->args.restore;
	} else if (!o->kernel && !o->bios && rest->n) {
		image->item[image->n++] = rest->item[0];
		memmove(rest->item, rest->item + 1, sizeof(rest->item[0]) * (size_t)--rest->n);
	}
	return machine_options_check(o, image, err);
}

static int start(struct look *look, struct err *err)
{
	const struct machine_options *o = &look->args.opt;
	const struct session_ui ui = { .say = say, .arg = look };
	struct args_rest image;
	int rc = take_image(look, &image, err);

	if (!rc && (o->gdb || o->control || o->record || o->smp_threads))
		rc = err_set(err, EINVAL,
			     "--gdb, --control, --record and --smp-threads are for 'vitrine run'");
	if (!rc)
		rc = session_open(&look->s, o, &ui, err);
	if (!rc && look->args.cpu >= look->s->vm->ncpus)
		rc = err_set(err, EINVAL, "--processor %llu: the machine has %u",
			     (unsigned long long)look->args.cpu, look->s->vm->ncpus);
	if (rc)
		return rc;
	runner_init();
	if (o->budget)
		rc = session_run(look->s, (struct amount){ o->budget, BY_INSN }, err);
	look->s->cpu = (u32)look->args.cpu;
	return rc;
}

int look_open(struct look *look, const struct command *cmd, int argc, char **argv)
{
	struct err err = { 0 };
	int status;

	memset(look, 0, sizeof(*look));
	machine_options_init(&look->args.opt);
	look->args.opt.serial = "none";
	if (command_args(cmd, &look->args, argc, argv, &look->rest, &status))
		return status ? status : -1; /* help was printed */
	if (!start(look, &err))
		return STATUS_OK;
	complain("%s: %s", cmd->name, err.text);
	look_close(look);
	return STATUS_USAGE;
}

void look_close(struct look *look)
{
	session_close(look->s);
	look->s = NULL;
}

int look_print(struct look *look, struct lines *l, json_t *records)
{
	const char *path = look->args.opt.json;
	struct buf text = { 0 };
	struct err err = { 0 };
	int status = STATUS_OK;

	if (path) {
		char *json = records ? json_dumps(records, JSON_INDENT(1)) : NULL;

		buf_printf(&text, "%s\n", json ? json : "[]");
		free(json);
	} else {
		lines_text(l, &text);
	}
	if (path && strcmp(path, "-") && host_file_write(path, text.data, text.len, &err)) {
		complain("%s", err.text);
		status = STATUS_USAGE;
	} else if (!path || !strcmp(path, "-")) {
		fwrite(text.data, 1, text.len, stdout);
	}
	buf_free(&text);
	lines_free(l);
	json_decref(records);
	return status;
}
