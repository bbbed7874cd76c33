/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-diff-engines.c - `vitrine diff-engines`: the same guest on two engines, until they differ.
 * Rule: both machines are made from the same options; the processor model has only what both engines can give.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/commands.h"
#include "debugger/engine-options.h"
#include "debugger/lockstep.h"
#include "debugger/output.h"
#include "debugger/status.h"

#define ULL(x) ((unsigned long long)(x))

struct diff {
	struct machine_options opt;
	struct machine_files files[2];
	struct cpu_model model;
	struct lockstep l;
};

/* A machine with one engine, with files of its own, because each writes to its disks. */
static int build(struct diff *d, int n, struct lockstep_side *side, const struct engine *engine, struct err *err)
{
	int rc = machine_files_open(&d->files[n], &d->opt, err);

	if (!rc)
		rc = machine_build(&side->m, &d->opt, &d->files[n], engine, err);
	machine_images_close(&d->files[n]);
	return rc;
}

static int compare(struct diff *d, struct err *err)
{
	int rc = lockstep_start(&d->l, err);

	if (!rc)
		rc = lockstep_run(&d->l, err);
	if (rc < 0) {
		complain("%s", err->text);
		printf("not comparable any more after %llu steps\n", ULL(d->l.steps));
		if (d->l.steps)
			lockstep_print(&d->l, stdout);
		return STATUS_INTERNAL;
	}
	if (rc) {
		lockstep_print(&d->l, stdout);
		return STATUS_FAILED;
	}
	printf("no difference in %llu steps, %llu exits, %llu pages written; realigned %llu times, undefined flags "
	       "adopted %llu times; %s\n", ULL(d->l.steps), ULL(d->l.a.nexits), ULL(d->l.pages), ULL(d->l.realigned),
	       ULL(d->l.adopted), stop_why_name(d->l.a.why));
	return STATUS_OK;
}

static int diff(struct diff *d)
{
	const struct engine *a, *b;
	struct err err = { 0 };
	int status;

	if (engine_choose("interp", &a, &err) || engine_choose("vtx", &b, &err)) {
		complain("%s", err.text);
		return STATUS_SKIPPED;
	}
	if (d->opt.cpus > 1) {
		complain("diff-engines: one processor can be compared, not %u; their turns would be others", d->opt.cpus);
		return STATUS_USAGE;
	}
	engine_options_prepare(&d->opt, b, &d->model, &err);
	if (build(d, 0, &d->l.a, a, &err) || build(d, 1, &d->l.b, b, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	d->l.limit = d->opt.budget;
	status = compare(d, &err);
	return output_ok() ? status : STATUS_USAGE;
}

static int exec(const struct command *cmd, int argc, char **argv)
{
	struct diff *d = calloc(1, sizeof(*d));
	struct args_rest rest;
	struct err err = { 0 };
	int status;

	if (!d) {
		complain("no memory");
		return STATUS_INTERNAL;
	}
	machine_options_init(&d->opt);
	if (!command_args(cmd, &d->opt, argc, argv, &rest, &status)) {
		d->l.by_exit = d->opt.exits;
		if (machine_options_check(&d->opt, &rest, &err)) {
			complain("%s", err.text);
			status = STATUS_USAGE;
		} else {
			status = diff(d);
		}
	}
	machine_destroy(&d->l.a.m);
	machine_destroy(&d->l.b.m);
	machine_files_close(&d->files[0], NULL);
	machine_files_close(&d->files[1], NULL);
	free(d);
	return status;
}

const struct command cmd_diff_engines = {
	.name = "diff-engines",
	.args = "[options] [IMAGE]",
	.brief = "run a guest on both engines in lock-step, and show where they differ",
	.text = "The options are those of 'run'. The interpreter and the VT-x engine execute the same guest,\n"
		"one instruction at a time; after each, all of the processor's state, the exits and the\n"
		"memory that was written are compared. With --exits they run from exit to exit instead,\n"
		"which is faster, for guests that do not depend on time. --budget is the number of steps.\n"
		"Status 0: no difference; 1: a difference, with both states and the last exits; 77: this\n"
		"host has no /dev/kvm that can be used.",
	.example = "vitrine diff-engines boot.img\n"
		   "vitrine diff-engines --budget 100k --kernel kernel.elf",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.exec = exec,
};
