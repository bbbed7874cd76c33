/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-debug.c - `vitrine debug`: a guest under observation, on a screen or at a prompt.
 * Rule: the options are those of `vitrine run` and the few of this file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "debugger/commands.h"
#include "debugger/line-mode.h"
#include "debugger/output.h"
#include "debugger/runner.h"
#include "debugger/screen-options.h"
#include "debugger/serve.h"
#include "debugger/status.h"

struct debug_args {
	struct machine_options opt; /* first: the machine's rows mean it */
	bool line;
	struct first_lines first;
	struct screen_options screen;
};

static int take_first(struct first_lines *f, char kind, const char *value, struct err *err)
{
	if (f->n == FIRST_LINES)
		return err_set(err, E2BIG, "more than %d of -x, -e and --symbols; put them into one file", FIRST_LINES);
	f->line[f->n++] = (struct first_line){ kind, value };
	return 0;
}

static int take_file(void *slot, const char *value, struct err *err)
{
	return take_first(slot, 'x', value, err);
}

static int take_line(void *slot, const char *value, struct err *err)
{
	return take_first(slot, 'e', value, err);
}

static int take_symbols(void *slot, const char *value, struct err *err)
{
	return take_first(slot, 's', value, err);
}

static const struct option debug_options[] = {
	{ "line", NULL, "a prompt instead of the screen", take_flag, offsetof(struct debug_args, line) },
	{ "x", "FILE", "run this file of lines first", take_file, offsetof(struct debug_args, first) },
	{ "e", "LINE", "run this line first", take_line, offsetof(struct debug_args, first) },
	{ "symbols", "FILE[@N]", "load symbols, N added to every address", take_symbols, offsetof(struct debug_args, first) },
	SCREEN_OPTION_ROWS(struct debug_args, screen),
};
static const int ndebug_options = ARRAY_LEN(debug_options);

static void run_first(void *arg, struct tui *t)
{
	const struct first_lines *first = arg;

	for (int i = 0; i < first->n; i++) {
		char *line = first_line_text(&first->line[i]);
		if (line)
			tui_command(t, line);
		free(line);
	}
}

static int on_screen(struct debug_args *args)
{
	struct err err = { 0 };
	int status;

	screen_options_ask(&args->screen);
	args->screen.prepare = run_first;
	args->screen.arg = &args->first;
	runner_init();
	status = screen_run(&args->opt, &args->screen, &err);
	if (err.code)
		complain("%s", err.text);
	return status;
}

static int debug(const struct command *cmd, int argc, char **argv)
{
	struct debug_args args = { .line = false };
	struct args_rest rest;
	struct err err = { 0 };
	const char *refusal;
	int status;

	machine_options_init(&args.opt);
	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (machine_options_check(&args.opt, &rest, &err)) {
		complain("%s", err.text);
		return STATUS_USAGE;
	}
	if (args.opt.gdb || args.opt.control)
		return serve_debug(&args.opt);
	refusal = args.line ? NULL : screen_refusal();
	if (!args.line && !refusal)
		return on_screen(&args);
	if (refusal)
		complain("no screen: %s; this is --line, with the same commands", refusal);
	return line_mode(&args.opt, &args.first);
}

const struct command cmd_debug = {
	.name = "debug",
	.args = "[options] [IMAGE]",
	.brief = "run a guest in the debugger: step by instruction or exit, look, go back",
	.text = "On a terminal this is a screen of panes: ? shows its keys, : opens the prompt, and\n"
		"`vitrine tour` shows how it is meant. --line is a prompt alone, and so is every\n"
		"terminal that cannot have a screen.\n"
		"At the prompt, `help` lists what can be typed: verbs, and any statement of the script language\n"
		"Trap. The guest's console appears in between, line by line. A line can be piped into a program\n"
		"of the shell (exits | grep IO). Where standard input is no terminal its lines are taken one\n"
		"after the other, and shown. An error in a line never ends the session.\n"
		"With --gdb or --control there is neither: the guest stands until gdb, or a program, lets it go, and can\n"
		"still be looked at when it has ended.",
	.example = "vitrine debug boot.img\nvitrine debug --line -e 'S 3' -e regs boot.img\n"
		   "vitrine debug --line -x setup.trap --symbols boot.lst@0x7c00 boot.img",
	.options = machine_option_table,
	.noptions = &machine_option_count,
	.more = debug_options,
	.nmore = &ndebug_options,
	.exec = debug,
};
