/* SPDX-License-Identifier: GPL-3.0-or-later
 * commands.c - the list of sub-commands, and what they share.
 * Rule: adding a command adds one line here and one cmd-*.c file.
 */
#include "debugger/commands.h"

#include <stdio.h>
#include <string.h>

#include "debugger/output.h"
#include "debugger/status.h"

const struct command *const commands[] = { &cmd_run, &cmd_replay, &cmd_trap, &cmd_debug, &cmd_tour, &cmd_ctl, &cmd_snapshot, &cmd_walk, &cmd_map, &cmd_disasm, &cmd_diff_engines, &cmd_host, &cmd_info, &cmd_help, &cmd_version };
enum { OPTIONS_MOST = 64 };
const int command_count = ARRAY_LEN(commands);

const struct command *command_find(const char *name)
{
	for (int i = 0; i < command_count; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

int command_unknown(const char *name)
{
	struct nearest near;

	nearest_start(&near, name);
	for (int i = 0; i < command_count; i++)
		nearest_offer(&near, commands[i]->name);
	if (near.best)
		complain("unknown command '%.60s'; did you mean '%s'?", name, near.best);
	else
		complain("unknown command '%.60s'; 'vitrine help' lists them", name);
	return STATUS_USAGE;
}

int command_word_too_many(const char *where, const char *word)
{
	complain("%s: '%.60s' is a word too many", where, word);
	return STATUS_USAGE;
}

const struct option *command_option(const struct command *cmd, int i)
{
	int n = cmd->noptions ? *cmd->noptions : 0;

	if (i < n)
		return &cmd->options[i];
	return cmd->nmore && i - n < *cmd->nmore ? &cmd->more[i - n] : NULL;
}

const char *option_dashes(const struct option *o)
{
	return o->name[1] ? "--" : "-";
}

int command_args(const struct command *cmd, void *into, int argc, char **argv, struct args_rest *rest,
		 int *status)
{
	struct option table[OPTIONS_MOST];
	struct err err = { 0 };
	int n = 0, rc;

	for (const struct option *o; n < OPTIONS_MOST && (o = command_option(cmd, n)); n++)
		table[n] = *o;
	rc = args_parse(table, n, into, argc, argv, rest, &err);

	if (rc == ARGS_HELP) {
		help_command(cmd);
		*status = STATUS_OK;
	} else if (rc) {
		complain("%s", err.text);
		*status = STATUS_USAGE;
	}
	return rc;
}

static int version(const struct command *cmd, int argc, char **argv)
{
	struct args_rest rest;
	int status;

	if (command_args(cmd, NULL, argc, argv, &rest, &status))
		return status;
	if (rest.n)
		return command_word_too_many("version", rest.item[0]);
	printf("vitrine " VITRINE_VERSION "\n");
	return STATUS_OK;
}

const struct command cmd_version = {
	.name = "version",
	.args = "",
	.brief = "print the version",
	.text = "The same as 'vitrine --version'.",
	.example = "vitrine version",
	.exec = version,
};
