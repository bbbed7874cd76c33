/* SPDX-License-Identifier: GPL-3.0-or-later
 * symbols-listing.c - labels and source lines from what `nasm -l` writes.
 * Rule: a listing counts from the beginning of each section; only .text, the first one, has a known place: its ORG.
 *
 *      7 00000003 B061                <1>  mov al, %1
 * line, place, code (with '-' behind it: goes on), depth of the macro; the source stands from column 40 on.
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "debugger/session/symbols-priv.h"

enum { SOURCE_COLUMN = 40, CODE_COLUMN = 16, PLACE_DIGITS = 8, LABEL_MAX = 512 };

struct listing {
	struct batch *b;
	u64 org, place;       /* of .text; where the latest code ended */
	bool text;            /* in .text */
	char parent[LABEL_MAX + 1]; /* the latest label that does not begin with a dot */
};

struct row {
	u32 number;
	bool placed;          /* has code */
	u64 place;
	u32 bytes;
	const char *source, *end; /* NULL: the line before goes on */
};

/* False: no such line. */
static bool parse_row(const struct text_line *l, struct row *r)
{
	const char *at = l->at, *word;
	size_t n;

	memset(r, 0, sizeof(*r));
	if (!text_word(&at, l->end, &word, &n) || n > 9 || *l->at != ' ')
		return false;
	for (size_t i = 0; i < n; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		r->number = r->number * 10 + (u32)(word[i] - '0');
	}
	if (at < l->end && at + 1 + PLACE_DIGITS < l->end && at[1] != ' ') {
		r->placed = text_hex(at + 1, PLACE_DIGITS, &r->place);
		if (!r->placed)
			return false;
		for (at += 2 + PLACE_DIGITS; at + 1 < l->end && at - l->at < SOURCE_COLUMN - 2; at += 2) {
			u64 byte;
			if (!text_hex(at, 2, &byte))
				break;
			r->bytes++;
		}
	}
	if (l->end - l->at > SOURCE_COLUMN) {
		r->source = l->at + SOURCE_COLUMN;
		r->end = l->end;
	}
	return r->number;
}

bool symbols_is_listing(const char *text, size_t len)
{
	struct text_line l = { .next = text };
	struct row r;

	return text_line_next(&l, text + len) && l.end - l.at < SOURCE_COLUMN + LABEL_MAX && parse_row(&l, &r) && r.number == 1 &&
	       l.at[0] == ' ';
}

static bool word_is(const char *word, size_t len, const char *what)
{
	return strlen(what) == len && !strncasecmp(word, what, len);
}

/* ORG and SECTION change what the places mean. */
static void directive(struct listing *g, const char *at, const char *end)
{
	const char *word, *name;
	size_t n, len;
	u64 value = 0;

	while (at < end && (*at == ' ' || *at == '\t' || *at == '['))
		at++;
	if (!text_word(&at, end, &word, &n) || !text_word(&at, end, &name, &len))
		return;
	while (len && (name[len - 1] == ']' || name[len - 1] == ';'))
		len--;
	if (word_is(word, n, "section") || word_is(word, n, "segment"))
		g->text = word_is(name, len, ".text");
	else if (word_is(word, n, "org") && len > 2 && name[0] == '0' && text_hex(name, len, &value))
		g->org = value;
	else if (word_is(word, n, "org") && len > 1 && (name[len - 1] | 0x20) == 'h' && text_hex(name, len - 1, &value))
		g->org = value;
	else if (word_is(word, n, "org") && len < 10) {
		for (size_t i = 0; i < len && name[i] >= '0' && name[i] <= '9'; i++)
			value = value * 10 + (u64)(name[i] - '0');
		g->org = value;
	}
}

/* "name:" at the beginning of a source line; local ones hang on the label before (NASM manual 3.9). */
static void label(struct listing *g, const struct row *r)
{
	const char *at = r->source;
	char full[2 * LABEL_MAX + 1];
	size_t n = 0, before;

	while (at < r->end && (*at == ' ' || *at == '\t'))
		at++;
	while (at + n < r->end && (((at[n] | 0x20) >= 'a' && (at[n] | 0x20) <= 'z') || (at[n] >= '0' && at[n] <= '9') ||
				   strchr("_.$#@~?", at[n])) && at[n])
		n++;
	if (!n || n > LABEL_MAX || at + n >= r->end || at[n] != ':' || (at[0] >= '0' && at[0] <= '9'))
		return;
	before = at[0] == '.' && at[1] != '.' ? strlen(g->parent) : 0;
	memcpy(full, g->parent, before);
	memcpy(full + before, at, n);
	if (at[0] != '.') {
		memcpy(g->parent, at, n);
		g->parent[n] = 0;
	}
	batch_symbol(g->b, r->placed ? r->place : g->place, 0, RANK_GLOBAL, full, before + n);
}

static const char *trimmed(const struct row *r, size_t *len)
{
	const char *at = r->source;

	while (at < r->end && (*at == ' ' || *at == '\t'))
		at++;
	*len = (size_t)(r->end - at);
	return at;
}

static void take_row(struct listing *g, const struct row *r, u64 *line_start, size_t *line)
{
	size_t len;
	const char *text;

	if (!g->text)
		return;
	if (r->source)
		label(g, r);
	if (r->placed && r->source) {
		text = trimmed(r, &len);
		if (*line < g->b->nlines && !g->b->failed && r->place > *line_start)
			g->b->line[*line].len = (u32)(r->place - *line_start); /* "<rep 3h>": more than is shown */
		*line = g->b->nlines;
		*line_start = r->place;
		batch_line(g->b, r->place, r->bytes, r->number, text, len);
	} else if (r->placed && *line < g->b->nlines && !g->b->failed) {
		g->b->line[*line].len = (u32)(r->place - *line_start) + r->bytes; /* the code goes on */
	}
	if (r->placed)
		g->place = r->place + r->bytes;
}

int symbols_read_listing(struct batch *b, const char *path, const char *text, size_t len, struct err *err)
{
	struct listing g = { .b = b, .text = true };
	struct text_line l = { .next = text };
	u64 line_start = 0;
	size_t line = SIZE_MAX;
	struct row r;

	while (!b->failed && text_line_next(&l, text + len)) {
		if (l.at == l.end)
			continue;
		if (!parse_row(&l, &r))
			return err_set(err, EINVAL, "symbols %.160s:%u: expected a line of a NASM listing: its number, and what "
				       "follows", path, l.number);
		if (r.source)
			directive(&g, r.source, r.end);
		take_row(&g, &r, &line_start, &line);
	}
	for (size_t i = 0; i < b->nsymbols && !b->failed; i++)
		b->symbol[i].address += g.org;
	for (size_t i = 0; i < b->nlines && !b->failed; i++)
		b->line[i].address += g.org;
	return 0;
}
