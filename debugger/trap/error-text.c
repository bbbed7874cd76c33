/* SPDX-License-Identifier: GPL-3.0-or-later
 * error-text.c - noting errors, and showing them with their line and a caret.
 * Rule: the caret stands below the byte that is meant, whatever tabs, letters or rubbish stand before it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "debugger/trap/unit.h"

enum { TAB = 8, WINDOW = 96, BEFORE = 60 }; /* bytes of a long line that are shown, and before the caret */

void trap_error(struct trap_errors *e, const struct trap_pos *pos, const char *help, const char *fmt, ...)
{
	struct trap_error *to = &e->at[e->n];
	va_list args;

	if (e->n == TRAP_ERRORS)
		return;
	memset(to, 0, sizeof(*to));
	to->pos = *pos;
	va_start(args, fmt);
	vsnprintf(to->what, sizeof(to->what), fmt, args);
	va_end(args);
	if (help)
		snprintf(to->help, sizeof(to->help), "%s", help);
	e->n++;
}

void trap_missing(struct trap_errors *e, const struct trap_pos *pos, const char *missing, const char *kind,
		  const char *name)
{
	char what[sizeof(e->at[0].what)];
	int same = snprintf(what, sizeof(what), "this build has no %s: ", missing);

	for (int i = 0; i < e->n; i++)
		if (e->at[i].missing && !strncmp(e->at[i].what, what, (size_t)same))
			return;
	if (e->n == TRAP_ERRORS)
		return;
	trap_error(e, pos, NULL, "%s%s%s%s", what, kind, *kind ? " " : "", name);
	e->at[e->n - 1].missing = true;
}

/* ---- the line ---- */

/* [*from, *to) of the text; false: there is no such line. */
static bool find_line(const struct source *s, u32 line, size_t *from, size_t *to)
{
	const char *end;

	*from = 0;
	for (u32 n = 1; n < line; n++) {
		const char *newline = memchr(s->text + *from, '\n', s->len - *from);
		if (!newline)
			return false;
		*from = (size_t)(newline + 1 - s->text);
	}
	end = memchr(s->text + *from, '\n', s->len - *from);
	*to = end ? (size_t)(end - s->text) : s->len;
	return true;
}

/* Bytes of the UTF-8 sequence at p that are sound; 0: none (Unicode 15, table 3-7, shortest forms not insisted on). */
static int sequence(const u8 *p, const u8 *end)
{
	int n = *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 && *p < 0xf0 ? 3 : *p >= 0xc2 && *p < 0xe0 ? 2 : 0;

	if (*p >= 0xa0 && n == 0)
		return 0;
	for (int i = 1; i < n; i++)
		if (p + i >= end || (p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* The bytes as a terminal may see them.  Returns the column in which byte `mark` begins, or the end. */
static size_t put_visible(const char *text, size_t len, size_t mark, struct buf *out)
{
	const u8 *p = (const u8 *)text, *end = p + len;
	size_t column = 0, found = 0;
	bool marked = false;

	while (p < end) {
		int n = *p >= ' ' && *p < 0x7f ? 1 : sequence(p, end);
		size_t wide = *p == '\t' ? TAB - column % TAB : 1;

		if (!marked && (size_t)(p - (const u8 *)text) + (size_t)(n ? n : 1) > mark) {
			marked = true;
			found = column;
		}
		if (*p == '\t')
			buf_printf(out, "%*s", (int)wide, "");
		else
			buf_put(out, n ? (const char *)p : "?", n ? (size_t)n : 1);
		column += wide;
		p += n ? n : 1;
	}
	return marked ? found : column;
}

/* The line, or the part of a long one around byte `at` of it, and a caret below. */
static void put_line(const char *text, size_t len, u32 number, size_t at, const char *runtime, struct buf *out)
{
	size_t from = 0, to = len, column;
	const char *cut = "";

	at = at > len ? len : at;
	if (len > WINDOW) {
		from = at > BEFORE ? at - BEFORE : 0;
		while (from && from < at && (text[from] & 0xc0) == 0x80)
			from++;
		to = len - from > WINDOW ? from + WINDOW : len;
		cut = from ? "..." : "";
	}
	buf_printf(out, "%5u | %s", number, cut);
	column = put_visible(text + from, to - from, at - from, out) + strlen(cut);
	buf_printf(out, "%s\n%5s | %*s^%s%s\n", to < len ? "..." : "", "", (int)column, "", runtime ? " " : "",
		   runtime ? runtime : "");
}

void trap_error_text(const struct trap_unit *u, const struct trap_error *e, const char *runtime, struct buf *out)
{
	const struct source *s = u->sources;
	size_t from, to;

	while (s && s->file != e->pos.file)
		s = s->next;
	buf_printf(out, "%s:%u:%u: error: %s\n", e->pos.file ? e->pos.file : "?", e->pos.line, e->pos.col, e->what);
	if (s && e->pos.line && find_line(s, e->pos.line, &from, &to))
		put_line(s->text + from, to - from, e->pos.line, e->pos.col ? e->pos.col - 1 : 0, runtime, out);
	else if (runtime)
		buf_printf(out, "        %s\n", runtime);
	if (e->help[0])
		buf_printf(out, "help: %s\n", e->help);
}

/* ---- is that all? ---- */

/* Over a string or a comment that begins at `at`. */
static size_t skip_over(const char *text, size_t len, size_t at)
{
	bool string = text[at] == '"';

	for (at++; at < len && text[at] != '\n'; at++) {
		if (string && text[at] == '"')
			return at;
		if (string && text[at] == '\\' && at + 1 < len && text[at + 1] != '\n')
			at++;
	}
	return at;
}

bool trap_is_incomplete(const char *text, size_t len)
{
	i64 depth = 0;

	for (size_t at = 0; at < len; at++) {
		char c = text[at];
		if (c == '"' || c == '#')
			at = skip_over(text, len, at);
		else if (c == '{' || c == '(' || c == '[')
			depth++;
		else if ((c == '}' || c == ')' || c == ']') && --depth < 0)
			return false; /* more lines would not help */
	}
	return depth > 0;
}
