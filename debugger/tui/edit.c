/* SPDX-License-Identifier: GPL-3.0-or-later
 * edit.c - the keys of a line editor.
 * Rule: all changes go through remove_part and edit_insert, which keep the text within its room.
 */
#include "debugger/tui/edit.h"

#include <stdlib.h>
#include <string.h>

#include "debugger/tui/pane.h"
#include "debugger/utf8.h"

#define CTRL(c) ((c) & 0x1f)

static bool continues(char c)
{
	return ((u8)c & 0xc0) == 0x80;
}

static size_t before(const struct edit *e, size_t at)
{
	if (at)
		for (at--; at && continues(e->text[at]); at--)
			;
	return at;
}

static size_t behind(const struct edit *e, size_t at)
{
	if (at < e->len)
		for (at++; at < e->len && continues(e->text[at]); at++)
			;
	return at;
}

/* Where the word left of the cursor begins. */
static size_t word_start(const struct edit *e)
{
	size_t at = e->at;

	while (at && e->text[at - 1] == ' ')
		at--;
	while (at && e->text[at - 1] != ' ')
		at--;
	return at;
}

static void remove_part(struct edit *e, size_t from, size_t to)
{
	memmove(e->text + from, e->text + to, e->len - to + 1);
	e->len -= to - from;
	e->at = from;
}

void edit_set(struct edit *e, const char *text)
{
	size_t len = strlen(text);

	if (len > EDIT_MOST)
		for (len = EDIT_MOST; len && continues(text[len]); len--)
			;
	memcpy(e->text, text, len);
	e->text[len] = 0;
	e->len = e->at = len;
}

bool edit_insert(struct edit *e, const char *text, size_t len)
{
	if (len > EDIT_MOST - e->len)
		return false;
	memmove(e->text + e->at + len, e->text + e->at, e->len - e->at + 1);
	memcpy(e->text + e->at, text, len);
	e->len += len;
	e->at += len;
	return true;
}

void edit_replace(struct edit *e, size_t start, const char *text)
{
	size_t len = strlen(text);

	if (start > e->at || len > EDIT_MOST - (e->len - (e->at - start)))
		return;
	remove_part(e, start, e->at);
	edit_insert(e, text, len);
}

static bool insert_char(struct edit *e, u32 ch)
{
	char bytes[UTF8_MOST + 1];

	edit_insert(e, bytes, utf8_bytes(ch, bytes));
	return true;
}

bool edit_key(struct edit *e, int key)
{
	switch (key) {
	case KEY_LEFT_: case CTRL('b'): e->at = before(e, e->at); return true;
	case KEY_RIGHT_: case CTRL('f'): e->at = behind(e, e->at); return true;
	case KEY_HOME_: case CTRL('a'): e->at = 0; return true;
	case KEY_END_: case CTRL('e'): e->at = e->len; return true;
	case KEY_BACKSPACE_: case CTRL('h'): remove_part(e, before(e, e->at), e->at); return true;
	case KEY_DELETE_: case CTRL('d'): remove_part(e, e->at, behind(e, e->at)); return true;
	case CTRL('k'): e->len = e->at; e->text[e->at] = 0; return true;
	case CTRL('u'): remove_part(e, 0, e->at); return true;
	case CTRL('w'): remove_part(e, word_start(e), e->at); return true;
	}
	if (key >= KEY_UNICODE_)
		return insert_char(e, (u32)(key - KEY_UNICODE_));
	return key >= ' ' && key < 0x7f ? insert_char(e, (u32)key) : false;
}

/* ---- lines typed before ---- */

void edit_history_add(struct edit_history *h, const char *line)
{
	char *copy;

	h->at = h->n;
	if (!*line || (h->n && !strcmp(h->line[h->n - 1], line)) || !(copy = strdup(line)))
		return;
	if (h->n == EDIT_HISTORY) {
		free(h->line[0]);
		memmove(h->line, h->line + 1, sizeof(h->line[0]) * --h->n);
	}
	h->line[h->n++] = copy;
	h->at = h->n;
}

bool edit_history_key(struct edit_history *h, struct edit *e, int key)
{
	int to = key == KEY_UP_ || key == CTRL('p') ? h->at - 1 :
		 key == KEY_DOWN_ || key == CTRL('n') ? h->at + 1 : -2;

	if (to == -2)
		return false;
	if (to < 0 || to > h->n)
		return true;
	if (h->at == h->n)
		h->kept = *e;
	h->at = to;
	if (to == h->n)
		*e = h->kept;
	else
		edit_set(e, h->line[to]);
	return true;
}

void edit_history_free(struct edit_history *h)
{
	for (int i = 0; i < h->n; i++)
		free(h->line[i]);
	h->n = h->at = 0;
}
