/* SPDX-License-Identifier: GPL-3.0-or-later
 * info-text.c - a topic of info.h as columns of text.
 * Rule: the first line names the columns; who prints it is another's affair.
 */
#include <errno.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/info.h"

enum { COLUMNS = 8 };

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

static void row_text(json_t *row, const size_t *width, bool head, struct buf *out)
{
	const char *key;
	json_t *value;
	size_t column = 0, end = 0, start = out->len;

	json_object_foreach(row, key, value) {
		size_t have = out->len - start;

		buf_printf(out, "%*s", have < end ? (int)(end - have) : 0, "");
		if (head)
			buf_printf(out, "%s", key);
		else
			value_cell(value, out);
		end += width[column++] + 2;
	}
	buf_printf(out, "\n");
}

static void table_text(json_t *rows, struct buf *out)
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
		row_text(json_array_get(rows, 0), width, true, out);
	json_array_foreach(rows, i, row)
		row_text(row, width, false, out);
}

static void topics_text(struct buf *out)
{
	buf_printf(out, "Usage: vitrine info TOPIC [WORD]\n\nTopics:\n");
	for (int i = 0; i < info_topic_count; i++) {
		const struct info_topic *t = &info_topics[i];
		buf_printf(out, "  %-8s %-7s %s\n", t->name, t->arg ? t->arg : "", t->brief);
	}
}

const struct info_topic *info_topic_find(const char *name)
{
	for (int i = 0; i < info_topic_count; i++)
		if (!strcmp(info_topics[i].name, name))
			return &info_topics[i];
	return NULL;
}

static int unknown_topic(const char *name, struct err *err)
{
	struct nearest near;

	nearest_start(&near, name);
	for (int i = 0; i < info_topic_count; i++)
		nearest_offer(&near, info_topics[i].name);
	if (near.best)
		return err_set(err, EINVAL, "info: unknown topic '%.40s'; did you mean '%s'?", name, near.best);
	return err_set(err, EINVAL, "info: unknown topic '%.40s'; 'vitrine info' lists them", name);
}

int info_text(const char *topic, const char *word, struct buf *out, struct err *err)
{
	const struct info_topic *t = topic ? info_topic_find(topic) : NULL;
	json_t *rows;

	if (!topic) {
		topics_text(out);
		return 0;
	}
	if (!t)
		return unknown_topic(topic, err);
	if (word && !t->arg)
		return err_set(err, EINVAL, "info %s: '%.60s' is a word too many", t->name, word);
	rows = t->rows(word);
	if (!rows)
		return err_set(err, ENOENT, "info %s: nothing is called '%.40s'; 'vitrine info %s' lists what there is", t->name,
			       word ? word : "", t->name);
	table_text(rows, out);
	json_decref(rows);
	return 0;
}
