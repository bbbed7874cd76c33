/* SPDX-License-Identifier: GPL-3.0-or-later
 * main.c - find the sub-command and run it.
 * Rule: the only place that ends the process; every status goes through here.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "debugger/commands.h"
#include "debugger/output.h"
#include "debugger/status.h"
#include "debugger/terminal.h"

static void last_words(const char *text, int status)
{
	terminal_restore();
	if (write(2, text, strlen(text)) < 0)
		_exit(status);
	_exit(status);
}

/* An assert has failed (it has said so): that is our own bug, and status 6. */
static void on_abort(int sig)
{
	last_words("vitrine: internal error; please report it with the command line and the image\n", STATUS_INTERNAL);
}

/* Behind a mapping there is nothing any more: the host is out of memory. */
static void on_bus(int sig)
{
	last_words("vitrine: cannot go on: the host is out of memory\n",
		   STATUS_USAGE);
}

static int dispatch(int argc, char **argv)
{
	const struct command *cmd;

	if (argc < 2) {
		complain("no command; expected one, as in 'vitrine run IMAGE'; 'vitrine help' lists them");
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		cmd = &cmd_help;
	else if (!strcmp(argv[1], "--version"))
		cmd = &cmd_version;
	else
		cmd = command_find(argv[1]);
	if (!cmd)
		return command_unknown(argv[1]);
	return cmd->exec(cmd, argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
	int status;

	signal(SIGABRT, on_abort);
	signal(SIGBUS, on_bus);
	if (!output_init()) {
		complain("standard output is closed; expected a terminal, file or pipe");
		return STATUS_USAGE;
	}
	status = dispatch(argc, argv);
	const char *why = output_finish();
	if (why) {
		complain("cannot write to standard output: %s", why);
		return STATUS_USAGE;
	}
	return status;
}
