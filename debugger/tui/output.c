/* SPDX-License-Identifier: GPL-3.0-or-later
 * output.c - a ring of lines.
 * Rule: without memory a line is lost, never the screen.
 */
#include "debugger/tui/output.h"

#include <stdlib.h>
#include <string.h>

static void add_line(struct output *o, enum say_kind kind, bool typed, const char *text, size_t len)
{
	struct output_line *l = &o->line[o->next % OUTPUT_LINES];
	char *copy = strndup(text, len < OUTPUT_LINE_MOST ? len : OUTPUT_LINE_MOST);

	if (!copy)
		return;
	if (o->next - o->first == OUTPUT_LINES)
		o->first++;
	free(l->text);
	*l = (struct output_line){ copy, (u8)kind, typed };
	o->next++;
}

void output_add(struct output *o, enum say_kind kind, bool typed, const char *text, size_t len)
{
	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;
		add_line(o, kind, typed, text, n);
		n += end ? 1 : 0;
		text += n;
		len -= n;
	}
}

const struct output_line *output_get(const struct output *o, u64 number)
{
	return number >= o->first && number < o->next ? &o->line[number % OUTPUT_LINES] : NULL;
}

void output_free(struct output *o)
{
	for (int i = 0; i < OUTPUT_LINES; i++)
		free(o->line[i].text);
	memset(o, 0, sizeof(*o));
}
