/* SPDX-License-Identifier: GPL-3.0-or-later
 * cmd-info.c - `vitrine info`: print a topic's rows as columns, or as JSON.
 * Rule: plain text without colour, the same to a terminal and to a pipe; the first line names the columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "debugger/commands.h"
#include "debugger/info.h"
#include "debugger/output.h"
#include "debugger/status.h"

enum { COLUMNS = 8 };

struct info_args {
	bool json;
};
static const struct option info_options[] = {
	{ "json", NULL, "print an array of JSON objects", take_flag, offsetof(struct info_args, json) },
};
static const int ninfo_options = ARRAY_LEN(info_options);

/* A value as text: numbers, strings, and arrays of strings with commas between. */
static void value_cell(const json_t *value, struct buf *out)
{
	size_t i;
	json_t *item;

	if (json_is_integer(value))
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	else if (json_is_string(value))
		buf_printf(out, "%s", json_string_value(value));
	json_array_foreach(value, i, item)
		buf_printf(out, "%s%s", i ? ", " : "", json_string_value(item));
}

static size_t cell_width(const json_t *value)
{
	struct buf b = { 0 };

	value_cell(value, &b);
	size_t len = b.len;
	buf_free(&b);
	return len;
}

static void print_row(json_t *row, const size_t *width, bool head)
{
	struct buf line = { 0 };
	const char *key;
	json_t *value;
	size_t column = 0, end = 0;

	json_object_foreach(row, key, value) {
		buf_printf(&line, "%*s", line.len < end ? (int)(end - line.len) : 0, "");
		if (head)
			buf_printf(&line, "%s", key);
		else
			value_cell(value, &line);
		end += width[column++] + 2;
	}
	const char *text = buf_text(&line);
	if (text)
		printf("%s\n", text);
	buf_free(&line);
}

static void print_table(json_t *rows)
{
	size_t width[COLUMNS] = { 0 }, i, column;
	const char *key;
	json_t *row, *value;

	json_array_foreach(rows, i, row) {
		column = 0;
		json_object_foreach(row, key, value) {
			size_t w = cell_width(value), k = strlen(key);
			w = w > k ? w : k;
			width[column] = w > width[column] ? w : width[column];
			column++;
		}
	}
	if (json_array_size(rows))
		print_row(json_array_get(rows, 0), width, true);
	json_array_foreach(rows, i, row)
		print_row(row, width, false);
}

static void print_topics(void)
{
	printf("Usage: vitrine info TOPIC [WORD]\n\nTopics:\n");
	for (int i = 0; i < info_topic_count; i++) {
		const struct info_topic *t = &info_topics[i];
		printf("  %-8s %-7s %s\n", t->name, t->arg ? t->arg : "", t->brief);
	}
}

static const struct info_topic *find(const char *name)
{
	for (int i = 0; i < info_topic_count; i++)
		if (!strcmp(info_topics[i].name, name))
			return &info_topics[i];
	return NULL;
}

static int unknown_topic(const char *name)
{
	struct nearest near;

	nearest_start(&near, name);
	for (int i = 0; i < info_topic_count; i++)
		nearest_offer(&near, info_topics[i].name);
	if (near.best)
		complain("info: unknown topic '%.40s'; did you mean '%s'?", name, near.best);
	else
		complain("info: unknown topic '%.40s'; 'vitrine info' lists them", name);
	return STATUS_USAGE;
}

static int print_rows(const struct info_topic *t, const char *word, bool json)
{
	json_t *rows = t->rows(word);

	if (!rows) {
		complain("info %s: nothing is called '%.40s'; 'vitrine info %s' lists what there is", t->name, word,
			 t->name);
		return STATUS_USAGE;
	}
	char *text = json ? json_dumps(rows, JSON_INDENT(1)) : NULL;
	if (text)
		printf("%s\n", text);
	else
		print_table(rows);
	free(text);
	json_decref(rows);
	return STATUS_OK;
}

static int info(const struct command *cmd, int argc, char **argv)
{
	struct info_args args = { 0 };
	struct args_rest rest;
	const struct info_topic *t;
	int status;

	if (command_args(cmd, &args, argc, argv, &rest, &status))
		return status;
	if (!rest.n) {
		print_topics();
		return STATUS_OK;
	}
	t = find(rest.item[0]);
	if (!t)
		return unknown_topic(rest.item[0]);
	if (rest.n > (t->arg ? 2 : 1)) {
		char where[40];
		snprintf(where, sizeof(where), "info %s", t->name);
		return command_word_too_many(where, rest.item[t->arg ? 2 : 1]);
	}
	return print_rows(t, rest.n > 1 ? rest.item[1] : NULL, args.json);
}

const struct command cmd_info = {
	.name = "info",
	.args = "[--json] [TOPIC [WORD]]",
	.brief = "the reference: exits, instructions, events, devices, processors",
	.text = "Topics: exits, insns, events, devices, cpu, state, engines, options, status. All of it is\n"
		"printed from the tables the program itself runs on.",
	.example = "vitrine info exits\nvitrine info insns add\nvitrine info devices pit",
	.options = info_options,
	.noptions = &ninfo_options,
	.exec = info,
};
