/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-info.c - `vitrine info`: print a topic's rows as columns, or as JSON.
 * Rule: plain text without colour, the same to a terminal and to a pipe.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/base/buf.h"
#include "debugger/commands.h"
#include "debugger/info.h"
#include "debugger/output.h"
#include "debugger/status.h"

struct info_args {
	bool json;
	const char *engine;
};
static const struct option info_options[] = {
	{ "json", NULL, "print an array of JSON objects", take_flag, offsetof(struct info_args, json) },
	{ "engine", "NAME", "exits, cpu: as this engine has them (the same as NAME for WORD)", take_text, offsetof(struct info_args, engine) },
};
static const int ninfo_options = ARRAY_LEN(info_options);

static int print_json(const struct info_topic *t, const char *word)
{
	json_t *rows = t->rows(word);
	char *text = rows ? json_dumps(rows, JSON_INDENT(1)) : NULL;

	if (text)
		printf("%s\n", text);
	free(text);
	json_decref(rows);
	return rows ? STATUS_OK : STATUS_USAGE;
}

static int info(const struct command *cmd, int argc, char **argv)
{
	struct info_args args = { 0 };
	struct args_rest rest;
	struct buf text = { 0 };
	struct err err = { 0 };
	int status = STATUS_OK;
	const char *word;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (rest.n + !!args.engine > 2)
		return command_word_too_many("info", rest.item[rest.n - 1]);
	word = rest.n > 1 ? rest.item[1] : args.engine;
	if (info_text(rest.n ? rest.item[0] : NULL, word, &text, &err)) {
		complain("%s", err.text);
		buf_free(&text);
		return STATUS_USAGE;
	}
	if (args.json && rest.n)
		status = print_json(info_topic_find(rest.item[0]), word);
	else
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return status;
}

const struct command cmd_info = {
	.name = "info",
	.args = "[options] [TOPIC [WORD]]",
	.brief = "the reference: exits, instructions, events, devices, processors",
	.text = "Topics: exits, insns, events, devices, cpu, state, engines, options, status. All of it is\n"
		"printed from the tables the program itself runs on.",
	.example = "vitrine info exits --engine vtx\nvitrine info insns add\nvitrine info devices pit",
	.options = info_options,
	.noptions = &ninfo_options,
	.exec = info,
};
