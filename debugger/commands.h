/* SPDX-License-Identifier: GPL-3.0-or-later
 * commands.h - the sub-commands, as a table.
 * Rule: one command, one file, one const struct; help, manual page and completion are made from the rows.
 */
#ifndef VITRINE_DEBUGGER_COMMANDS_H
#define VITRINE_DEBUGGER_COMMANDS_H

#include "core/base/version.h"
#include "debugger/args.h"

struct command {
	const char *name, *args, *brief;
	const char *text;     /* a paragraph of help, lines of at most 78 columns */
	const char *example;  /* one or more lines that work */
	const struct option *options;
	const int *noptions;  /* NULL = none */
	const struct option *more; /* further rows, for the same struct */
	const int *nmore;          /* NULL = none */
	/* argv[0] is the first word after the command's name.  Returns enum exit_status. */
	int (*exec)(const struct command *cmd, int argc, char **argv);
};

extern const struct command cmd_diff_engines, cmd_host, cmd_trap;
extern const struct command cmd_run, cmd_replay, cmd_debug, cmd_tour, cmd_ctl, cmd_snapshot, cmd_walk, cmd_map, cmd_disasm, cmd_info, cmd_help, cmd_version;
extern const struct command *const commands[];
extern const int command_count;

const struct command *command_find(const char *name);
/* "unknown command 'x'; did you mean 'y'?" on standard error; STATUS_USAGE. */
int command_unknown(const char *name);
/* "run: 'x' is a word too many" on standard error; STATUS_USAGE. */
int command_word_too_many(const char *where, const char *word);
/* The i-th option of both tables, NULL after the last; its dashes. */
const struct option *command_option(const struct command *cmd, int i);
const char *option_dashes(const struct option *o);
/* `vitrine run`, and with a recording's file as first word `vitrine replay`. */
int run_machine(const struct command *cmd, int argc, char **argv);
/* Parse for a command; 0: go on, else return *status: help was printed, or a complaint. */
int command_args(const struct command *cmd, void *into, int argc, char **argv, struct args_rest *rest,
		 int *status);
/* The help of one command, or of the program, on standard output. */
void help_command(const struct command *cmd);
void help_program(void);
/* The manual page in roff; the completion function of bash. */
void help_manual(void);
void help_completion(void);

#endif
