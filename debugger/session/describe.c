/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe.c - lists of lines, and registers' bits in words.
 * Rule: a list is bounded, and when there is no memory it gets shorter, never wrong.
 */
#include "debugger/session/describe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/x86/bits.h"

/* ---- lines ---- */

void lines_free(struct lines *l)
{
	buf_free(&l->text);
	free(l->line);
	memset(l, 0, sizeof(*l));
}

void lines_clear(struct lines *l)
{
	l->text.len = 0;
	l->text.failed = false;
	l->n = 0;
	l->cut = l->failed = false;
}

static bool make_room(struct lines *l)
{
	u32 room = l->room ? l->room * 2 : 64;
	struct line *more;

	if (l->n < l->room)
		return true;
	more = realloc(l->line, room * sizeof(*more));
	if (!more)
		return false;
	l->line = more;
	l->room = room;
	return true;
}

static void append(struct lines *l, const char *fmt, va_list ap)
{
	char text[400];
	int n = vsnprintf(text, sizeof(text), fmt, ap);

	n = n < 0 ? 0 : n < (int)sizeof(text) ? n : (int)sizeof(text) - 1;
	buf_put(&l->text, text, (size_t)n);
	if (l->text.failed)
		l->failed = true;
	else
		l->line[l->n - 1].len += (u32)n;
}

struct line *lines_add(struct lines *l, enum line_kind kind, const char *fmt, ...)
{
	va_list ap;

	l->cut |= l->n == LINES_MAX;
	l->failed |= !make_room(l);
	if (l->cut || l->failed)
		return &l->scrap;
	l->line[l->n] = (struct line){ .start = (u32)l->text.len, .kind = (u8)kind };
	l->n++;
	va_start(ap, fmt);
	append(l, fmt, ap);
	va_end(ap);
	return &l->line[l->n - 1];
}

void lines_more(struct lines *l, const char *fmt, ...)
{
	va_list ap;

	if (!l->n || l->cut || l->failed)
		return;
	va_start(ap, fmt);
	append(l, fmt, ap);
	va_end(ap);
}

const char *lines_at(const struct lines *l, u32 i, u32 *len)
{
	if (i >= l->n || l->failed) {
		*len = 0;
		return "";
	}
	*len = l->line[i].len;
	return (const char *)l->text.data + l->line[i].start;
}

/* Where the last of a line's columns begins, which two blanks part; at most half of the width. */
static int indent_of(const char *text, int len, int width)
{
	int at = 4;

	for (int i = 2; i < len && i <= width / 2; i++)
		if (text[i - 1] == ' ' && text[i - 2] == ' ' && text[i] != ' ')
			at = i;
	return at;
}

/* Bytes of text that go on a line: up to the last blank that fits, if that is not too early. */
static int fitting(const char *text, int len, int width)
{
	int n = width;

	if (len <= width)
		return len;
	while (n > width / 2 && text[n] != ' ')
		n--;
	return text[n] == ' ' ? n : width;
}

/* All but the text. */
static void like(struct line *line, const struct line *other)
{
	u32 start = line->start, len = line->len;

	*line = *other;
	line->start = start;
	line->len = len;
}

static void wrap_line(const struct lines *from, u32 i, int width, struct lines *to)
{
	u32 all;
	const char *text = lines_at(from, i, &all);
	int len = (int)all, indent = indent_of(text, len, width), n = fitting(text, len, width);

	like(lines_add(to, LINE_TEXT, "%.*s", n, text), &from->line[i]);
	while (n < len) {
		text += n, len -= n;
		while (len && *text == ' ')
			text++, len--;
		n = fitting(text, len, width - indent);
		if (!len)
			return;
		like(lines_add(to, LINE_TEXT, "%*s%.*s", indent, "", n, text), &from->line[i]);
	}
}

void lines_wrap(struct lines *l, int width)
{
	struct lines wrapped = { .cut = l->cut };
	u32 widest = 0;

	for (u32 i = 0; i < l->n; i++)
		widest = l->line[i].len > widest ? l->line[i].len : widest;
	if (width < 16 || (int)widest <= width)
		return;
	for (u32 i = 0; i < l->n; i++)
		wrap_line(l, i, width, &wrapped);
	lines_free(l);
	*l = wrapped;
}

void lines_text(const struct lines *l, struct buf *out)
{
	bool marks = false;

	for (u32 i = 0; i < l->n; i++)
		marks |= l->line[i].changed;
	for (u32 i = 0; i < l->n; i++) {
		u32 len;
		const char *text = lines_at(l, i, &len);

		if (marks)
			buf_put(out, l->line[i].changed ? "*" : " ", 1);
		buf_put(out, text, len);
		buf_put(out, "\n", 1);
	}
	if (l->cut || l->failed)
		buf_printf(out, "... %s\n", l->cut ? "and more, which is not shown" : "no memory for more");
}

/* ---- registers ---- */

bool describe_bits(const char *name, u64 value, struct buf *out)
{
	int n;
	const struct bit_name *row = register_bits(name, &n);
	const char *space = "";

	for (int i = 0; i < n; i++) {
		u64 v = bit_value(&row[i], value);

		if (!v)
			continue;
		buf_printf(out, "%s%s", space, row[i].name);
		if (row[i].count > 1)
			buf_printf(out, "=%llu", (unsigned long long)v);
		space = " ";
	}
	return n;
}

bool describe_bits_long(const char *name, u64 value, struct lines *l)
{
	int n;
	const struct bit_name *row = register_bits(name, &n);

	for (int i = 0; i < n; i++) {
		u64 v = bit_value(&row[i], value);
		char at[12];

		if (row[i].count > 1)
			snprintf(at, sizeof(at), "%u-%u", row[i].first, row[i].first + row[i].count - 1);
		else
			snprintf(at, sizeof(at), "%u", row[i].first);
		lines_add(l, v ? LINE_TEXT : LINE_DIM, "%5s  %-10s %llu  %s", at, row[i].name,
			  (unsigned long long)v, row[i].brief);
	}
	return n;
}

/* SDM 3A 2.2 and 3.4.5: CS.L and CS.D choose between the sizes. */
void describe_mode(const struct x86_state *st, struct buf *out)
{
	u32 cs = st->seg_attr[SEG_CS];
	const char *size = cs & SEG_DB ? "32" : "16";

	if (!(st->cr0[0] & CR0_PE)) {
		buf_printf(out, "real%s", size);
		return;
	}
	if (st->rflags[0] & FLAG_VM)
		buf_printf(out, "v8086");
	else if ((st->efer[0] & EFER_LMA) && (cs & SEG_L))
		buf_printf(out, "long64");
	else
		buf_printf(out, "%s%s", st->efer[0] & EFER_LMA ? "compat" : "prot", size);
	buf_printf(out, " cpl%u", st->seg_attr[SEG_SS] >> SEG_DPL_SHIFT & 3);
}
