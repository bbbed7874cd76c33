/* SPDX-License-Identifier: GPL-3.0-or-later
 * prompt.c - the line at the bottom: commands, Trap, questions; and the way a key takes from there on.
 * Rule: a key belongs to the first that wants it: question, prompt, popup, the pane with the focus, everywhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debugger/trap/trap.h"
#include "debugger/tui/panes.h"
#include "debugger/tui/tour.h"
#include "debugger/tui/tui-priv.h"
#include "debugger/verbs/verb.h"

enum { CTRL_C = 3, CTRL_BRACKET = 0x1d, COMPLETIONS = 200 };

void prompt_open(struct tui *t, const char *text)
{
	if (text)
		edit_set(&t->prompt, text);
	t->prompting = true;
}

/* A block of Trap goes on until its brace is closed. */
static void enter(struct tui *t)
{
	char line[EDIT_MOST + 1];
	const char *whole;

	memcpy(line, t->prompt.text, t->prompt.len + 1);
	edit_set(&t->prompt, "");
	edit_history_add(&t->history, line);
	buf_printf(&t->lines, "%s%s", t->lines.len ? "\n" : "", line);
	whole = buf_text(&t->lines);
	if (!whole) {
		tui_message(t, "no memory for this line");
		buf_free(&t->lines);
		return;
	}
	if (trap_is_incomplete(whole, t->lines.len) && !verb_find(whole, strcspn(whole, " \t\n")))
		return;
	t->prompting = false;
	if (*whole) {
		struct buf run = t->lines; /* a line may type the next one */
		t->lines = (struct buf){ 0 };
		tui_run_line(t, whole, true);
		buf_free(&run);
	}
	t->lines.len = 0;
}

static size_t common(const char *a, const char *b, size_t most)
{
	size_t n = 0;

	while (n < most && a[n] && a[n] == b[n])
		n++;
	return n;
}

/* All of them in the output pane, the first ones on the last line. */
static void show_completions(struct tui *t, struct buf *list)
{
	output_add(&t->output, SAY_TEXT, true, (const char *)list->data, list->len);
	tui_message(t, "%s", buf_text(list));
}

/* As far as all completions agree; what they are goes to the output pane. */
static void complete(struct tui *t)
{
	struct edit *e = &t->prompt;
	char *first = NULL, *next;
	size_t start = e->at, agree = 0;
	struct buf list = { 0 };
	int n = 0;

	for (; n < COMPLETIONS && (next = verb_complete(t->s, e->text, e->at, n, &start)); n++) {
		if (!first)
			agree = strlen(first = strdup(next));
		agree = common(first, next, agree);
		buf_printf(&list, "%s  ", next);
		free(next);
	}
	if (!n) {
		tui_message(t, "nothing completes this");
	} else {
		first[agree] = 0;
		if (start <= e->at && agree > e->at - start)
			edit_replace(e, start, first);
		else if (n > 1 && buf_text(&list))
			show_completions(t, &list);
		if (n == 1)
			edit_insert(e, " ", 1);
	}
	buf_free(&list);
	free(first);
}

static void cancel(struct tui *t)
{
	edit_set(&t->prompt, "");
	t->lines.len = 0;
	t->history.at = t->history.n;
	t->prompting = false;
}

void prompt_key(struct tui *t, int key)
{
	if (key == KEY_ENTER_)
		enter(t);
	else if (key == KEY_TAB_)
		complete(t);
	else if (key == KEY_ESC_) /* what was typed stays for next time */
		t->prompting = false;
	else if (key == CTRL_C)
		cancel(t);
	else if (!edit_history_key(&t->history, &t->prompt, key))
		edit_key(&t->prompt, key);
}

void ask_key(struct tui *t, int key)
{
	struct question q = t->ask;

	if (key == KEY_ENTER_ || key == KEY_ESC_ || key == CTRL_C) {
		t->ask.open = false; /* the answer may ask again */
		if (q.done)
			q.done(q.pane, key == KEY_ENTER_ ? q.answer.text : NULL);
	} else {
		edit_key(&t->ask.answer, key);
	}
}

/* Columns of text[0..len). */
static i32 columns(struct area a, const char *text, size_t len)
{
	char part[EDIT_MOST + 1];

	memcpy(part, text, len);
	part[len] = 0;
	return area_put(area_part(a, 0, 0, 0, 0), 0, 0, STYLE_TEXT, part);
}

/* The text scrolls so that the cursor is seen. */
void prompt_draw(struct tui *t, struct area a)
{
	const struct edit *e = t->ask.open ? &t->ask.answer : &t->prompt;
	const char *lead = t->ask.open ? t->ask.text : t->lines.len ? "....> " : "trap> ";
	bool typing = t->ask.open || t->prompting;
	i32 n = area_put(a, 0, 0, typing ? STYLE_KEY : STYLE_DIM, lead), at;
	struct area room = area_part(a, 0, n, 1, a.cols - n);
	size_t from = 0;

	if (room.cols < 2) {
		room = a;
		n = 0;
	}
	while ((at = columns(room, e->text + from, e->at - from)) >= room.cols && from < e->at)
		for (from++; from < e->at && ((u8)e->text[from] & 0xc0) == 0x80; from++)
			;
	area_put(room, 0, 0, STYLE_TEXT, e->text + from);
	if (typing && !t->popup.open) {
		a.c->cursor_row = a.row;
		a.c->cursor_col = a.col + n + at;
	}
}

/* ---- where keys go ---- */

static void marked(struct tui *t, int key)
{
	char name[2] = { (char)key, 0 };
	bool set = t->after == 'm', letter = (key | 32) >= 'a' && (key | 32) <= 'z' && key < 0x7f;
	struct err err = { 0 };

	t->after = 0;
	if (!letter) {
		tui_message(t, "a bookmark has a letter for its name");
	} else if (!set) {
		if (t->s->running)
			tui_message(t, "the guest is running: Ctrl-C pauses it, then this can be done");
		else if (session_goto_mark(t->s, name, &err))
			tui_message(t, "%s", err.text);
	} else if (session_mark(t->s, name, &err)) {
		tui_message(t, "%s", err.text);
	} else {
		tui_message(t, "bookmark %s is here; ' and %s comes back", name, name);
	}
}

/* Lists move by themselves. */
static bool list_key(struct pane *p, int key)
{
	i64 page = p->rows > 1 ? p->rows - 1 : 1;
	i64 by;

	switch (key) {
	case KEY_UP_: case 'k': by = -1; break;
	case KEY_DOWN_: case 'j': by = 1; break;
	case KEY_PGUP_: by = -page; break;
	case KEY_PGDN_: by = page; break;
	case KEY_HOME_: case 'g': by = -p->count; break;
	case KEY_END_: case 'G': by = p->count; break;
	default: return key == KEY_LEFT_ || key == KEY_RIGHT_ || key == 'h' || key == 'l';
	}
	p->at += by;
	p->at = p->at > p->count - 1 ? p->count - 1 : p->at;
	p->at = p->at < 0 ? 0 : p->at;
	return true;
}

static void pane_or_global(struct tui *t, int key)
{
	struct pane *p = tui_focused(t);

	if (p->grabs && key == CTRL_BRACKET) {
		p->grabs = false;
		return;
	}
	if (p->class->key && p->class->key(p, key))
		return;
	if (p->grabs || list_key(p, key))
		return;
	tui_global_key(t, key);
}

void tui_key(struct tui *t, int key)
{
	*t->message = 0;
	if (t->confirm_quit) {
		t->confirm_quit = false;
		t->leaves = key == 'y' || key == 'Y';
	} else if (t->ask.open) {
		ask_key(t, key);
	} else if (t->after) {
		marked(t, key);
	} else if (t->popup.open && popup_key(t, key)) {
		return;
	} else if (t->prompting) {
		prompt_key(t, key);
	} else {
		pane_or_global(t, key);
		tour_key(t, key);
	}
}

void tui_mouse(struct tui *t, i32 row, i32 col, int button)
{
	if (t->confirm_quit || t->ask.open || t->popup.open)
		return;
	if (row == 1 && button == 1 && screen_size((i32)t->cells.rows, (i32)t->cells.cols) >= SCREEN_NORMAL) {
		tui_view(t, col * TUI_VIEWS / (i32)(t->cells.cols ? t->cells.cols : 1) + 1);
		return;
	}
	for (int i = 0; i < t->nplaced; i++) {
		struct area b = t->placed[i].box;
		struct pane *p = tui_pane(t, t->placed[i].pane);
		if (row <= b.row || row >= b.row + b.rows - 1 || col <= b.col || col >= b.col + b.cols - 1)
			continue;
		tui_focus(t, t->placed[i].pane);
		if (button == 4 || button == 5) {
			if (!p->class->key || !p->class->key(p, button == 4 ? KEY_UP_ : KEY_DOWN_))
				list_key(p, button == 4 ? KEY_UP_ : KEY_DOWN_);
		} else if (p->count) {
			p->at = p->top + (row - b.row - 1);
		}
		return;
	}
}
