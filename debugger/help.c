/* SPDX-License-Identifier: GPL-3.0-or-later
 * help.c - the tables of commands, options and statuses as help, as a manual page, and for the shell.
 * Rule: nothing is said here that a table could say.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/commands.h"
#include "debugger/info.h"
#include "debugger/output.h"
#include "debugger/status.h"
#include "debugger/trap/manual.h"
#include "debugger/verbs/verb.h"

#define BRIEF "an x86 hypervisor under glass"

void help_command(const struct command *cmd)
{
	printf("Usage: vitrine %s%s%s\n%s\n\n%s\n", cmd->name, cmd->args[0] ? " " : "", cmd->args, cmd->brief,
	       cmd->text);
	if (command_option(cmd, 0))
		printf("\nOptions:\n");
	for (int i = 0; command_option(cmd, i); i++) {
		const struct option *o = command_option(cmd, i);
		char left[40];
		snprintf(left, sizeof(left), "%s%s%s%s", option_dashes(o), o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		printf("  %-18s %s\n", left, o->brief);
	}
	printf("\nExample:\n");
	for (const char *line = cmd->example; *line;) {
		size_t len = strcspn(line, "\n");
		printf("  %.*s\n", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

void help_program(void)
{
	printf("Usage: vitrine COMMAND [options] [words]\n" BRIEF "\n\nCommands:\n");
	for (int i = 0; i < command_count; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->brief);
	printf("\n'vitrine help COMMAND' or 'vitrine COMMAND --help' tells more.\n\nExample:\n"
	       "  vitrine run --exits boot.img\n");
}

/* Text for roff: a leading dot or quote and every backslash would be commands; a hyphen is to stay one. */
static void roff(const char *text)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\\')
			fputs("\\e", stdout);
		else if (*c == '-')
			fputs("\\-", stdout);
		else if ((*c == '.' || *c == '\'') && (c == text || c[-1] == '\n'))
			printf("\\&%c", *c);
		else
			putchar(*c);
	}
}

static void roff_line(const char *before, const char *text, const char *after)
{
	fputs(before, stdout);
	roff(text);
	fputs(after, stdout);
}

static void manual_command(const struct command *cmd)
{
	roff_line(".SS ", cmd->name, "\n.B vitrine ");
	roff_line("", cmd->name, "\n");
	if (cmd->args[0])
		roff_line("", cmd->args, "\n");
	roff_line(".PP\n", cmd->brief, ".\n");
	roff_line(".PP\n", cmd->text, "\n");
	for (int i = 0; command_option(cmd, i); i++) {
		const struct option *o = command_option(cmd, i);
		roff_line(".TP\n.BR ", option_dashes(o), "");
		roff_line("", o->name, "");
		if (o->arg)
			roff_line(" \" \\fI", o->arg, "\\fP\"");
		roff_line("\n", o->brief, "\n");
	}
	roff_line(".PP\nExample:\n.PP\n.nf\n.RS\n", cmd->example, "\n.RE\n.fi\n");
}

/* What can be typed in `vitrine debug`, from the table of verbs. */
static void manual_verbs(void)
{
	printf(".SH THE DEBUGGER'S PROMPT\nA line begins with one of these words, or is a statement of Trap; `help' lists both.\n");
	for (int g = 0; g < VERB_GROUPS; g++) {
		roff_line(".SS ", verb_group_title((enum verb_group)g), "\n");
		for (int i = 0; i < verb_count; i++) {
			const struct verb *v = verbs[i];

			if (v->group != (enum verb_group)g)
				continue;
			roff_line(".TP\n.BR ", v->name, "");
			if (v->alias)
				roff_line(" \", \" ", v->alias, "");
			if (*v->args)
				roff_line(" \" \\fI", v->args, "\\fP\"");
			roff_line("\n", v->brief, ".\n");
			roff_line("", v->text, "\n");
		}
	}
}

void help_manual(void)
{
	printf(".TH VITRINE 1 \"\" \"vitrine " VITRINE_VERSION "\" \"User Commands\"\n"
	       ".SH NAME\nvitrine \\- " BRIEF "\n"
	       ".SH SYNOPSIS\n.B vitrine\n.I command\n.RI [ options ]\n.RI [ words ]\n"
	       ".SH DESCRIPTION\nVitrine runs x86 guests and shows every VM exit: why the guest stopped, and what\n"
	       "the hypervisor did about it. It needs no virtualization hardware and no privileges, and the same\n"
	       "inputs always give the same run.\n.SH COMMANDS\n");
	for (int i = 0; i < command_count; i++)
		manual_command(commands[i]);
	manual_verbs();
	printf(".SH EXIT STATUS\n");
#define R(number, text) roff_line(".TP\n.B ", number, "\n"), roff_line("", text, "\n");
	STATUS_ROWS(R)
#undef R
}

/* vitrine-trap(5) */
static void manual_trap(void)
{
	struct buf out = { 0 };

	trap_manual(VITRINE_VERSION, &out);
	fputs(buf_text(&out) ? buf_text(&out) : "", stdout);
	buf_free(&out);
}

static void completion_commands(void)
{
	for (int i = 0; i < command_count; i++)
		printf(" %s", commands[i]->name);
	printf("' ;;\n");
}

void help_completion(void)
{
	printf("_vitrine()\n{\n\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
	       "\tcase $COMP_CWORD,${COMP_WORDS[1]} in\n");
	printf("\t1,*) words='--help --version");
	completion_commands();
	printf("\t2,help) words='--man --completion");
	completion_commands();
	printf("\t2,info) words='--help --json");
	for (int i = 0; i < info_topic_count; i++)
		printf(" %s", info_topics[i].name);
	printf("' ;;\n");
	for (int i = 0; i < command_count; i++) {
		printf("\t*,%s) words='--help", commands[i]->name);
		for (int j = 0; command_option(commands[i], j); j++)
			printf(" %s%s", option_dashes(command_option(commands[i], j)), command_option(commands[i], j)->name);
		printf("' ;;\n");
	}
	printf("\tesac\n\tif [[ $COMP_CWORD -eq 1 || $word == -* ||\n"
	       "\t      $COMP_CWORD,${COMP_WORDS[1]} == 2,@(help|info) ]]; then\n"
	       "\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	       "\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$word\"))\n\tfi\n}\n"
	       "complete -o filenames -F _vitrine vitrine\n");
}

struct help_args {
	bool man;
	const char *completion;
};
static const struct option help_options[] = {
	{ "man", NULL, "print the manual page in roff; with the word trap, that of the language", take_flag, offsetof(struct help_args, man) },
	{ "completion", "SHELL", "print the completion function; SHELL is bash", take_text,
	  offsetof(struct help_args, completion) },
};
static const int nhelp_options = ARRAY_LEN(help_options);

static int help(const struct command *cmd, int argc, char **argv)
{
	struct help_args args = { 0 };
	struct args_rest rest;
	int status;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (rest.n > 1)
		return command_word_too_many("help", rest.item[1]);
	if (args.completion && strcmp(args.completion, "bash")) {
		complain("--completion: '%.40s' is not a shell known here; expected bash", args.completion);
		return STATUS_USAGE;
	}
	if (args.completion) {
		help_completion();
	} else if (args.man && rest.n && !strcmp(rest.item[0], "trap")) {
		manual_trap();
	} else if (args.man) {
		help_manual();
	} else if (rest.n) {
		const struct command *about = command_find(rest.item[0]);
		if (!about)
			return command_unknown(rest.item[0]);
		help_command(about);
	} else {
		help_program();
	}
	return STATUS_OK;
}

const struct command cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.brief = "what there is, or what a command does",
	.text = "The manual page and the shell's completion are made from the same tables as this\n"
		"text, so they are never out of date.",
	.example = "vitrine help run\nvitrine help --man | man -l -\nvitrine help --man trap | man -l -\nsource <(vitrine help --completion bash)",
	.options = help_options,
	.noptions = &nhelp_options,
	.exec = help,
};
