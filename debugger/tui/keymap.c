/* SPDX-License-Identifier: GPL-3.0-or-later
 * keymap.c - what the keys of keys.def do, and the help that comes from the same rows.
 * Rule: an action runs a verb wherever there is one, so that a key and a typed line do the same.
 */
#include <stdio.h>
#include <string.h>

#include "core/exit.h"
#include "debugger/trap/trap.h"
#include "debugger/tui/panes.h"
#include "debugger/tui/tui-priv.h"

typedef void (*action_fn)(struct tui *t, const char *arg);

/* ---- running ---- */

static void do_verb(struct tui *t, const char *arg)
{
	struct pane *code = tui_pane(t, &pane_code);

	if (code)
		code->follows = true;
	tui_run_line(t, arg, false);
}

static void do_same_exit(struct tui *t, const char *arg)
{
	const struct history *h = &t->s->history;
	const struct history_exit *e = h->next > h->first ? history_exit_get(h, h->next - 1) : NULL;
	const char *name = e ? exit_name(e->reason) : NULL;
	char line[80];

	if (!name) {
		tui_message(t, "there was no exit yet: S goes to the next one");
		return;
	}
	snprintf(line, sizeof(line), "run until exit(%s)", name);
	do_verb(t, line);
}

static void do_pause(struct tui *t, const char *arg)
{
	if (t->s->running)
		session_pause(t->s);
	else
		tui_message(t, "the guest stands still; q leaves");
}

static void do_nothing(struct tui *t, const char *arg)
{
}

/* ---- the prompt ---- */

static void do_line(struct tui *t, const char *arg)
{
	prompt_open(t, *arg ? arg : NULL);
}

static void do_copy(struct tui *t, const char *arg)
{
	struct pane *p = tui_focused(t);
	char text[200];

	if (!p->class->expression || !p->class->expression(p, text, sizeof(text))) {
		tui_message(t, "nothing here that Trap has an expression for");
		return;
	}
	if (!edit_insert(&t->prompt, text, strlen(text)))
		tui_message(t, "the prompt's line is full");
	prompt_open(t, NULL);
}

/* ---- places in time ---- */

static void do_wait_for(struct tui *t, const char *arg)
{
	t->after = *arg;
	tui_message(t, *arg == 'm' ? "bookmark: which letter?" : "go to which bookmark?");
}

/* The snapshot before or after now: its number, or -1. */
static int neighbour(struct tui *t, bool next)
{
	u64 now = vm_icount(t->s->vm), at, time;
	int n = session_nsnapshots(t->s), found = -1;

	for (int i = 0; i < n; i++) {
		session_snapshot_at(t->s, i, &at, &time);
		if (next && at > now)
			return i;
		if (!next && at < now)
			found = i;
	}
	return found;
}

static void snapshot_named(struct pane *p, const char *name)
{
	struct tui *t = p->tui;
	struct err err = { 0 };

	if (!name || !*name)
		return;
	if (session_snapshot(t->s, name, &err))
		tui_message(t, "%s", err.text);
	else
		tui_message(t, "snapshot '%.40s' taken", name);
}

static void do_snapshot(struct tui *t, const char *arg)
{
	char name[16], line[300];
	u64 at, time;
	int i;

	if (!strcmp(arg, "name")) {
		tui_ask(t, "name of the snapshot: ", snapshot_named, tui_focused(t));
	} else if (!strcmp(arg, "take")) {
		snprintf(name, sizeof(name), "s%d", session_nsnapshots(t->s) + 1);
		snapshot_named(tui_focused(t), name);
	} else if ((i = neighbour(t, !strcmp(arg, "next"))) < 0) {
		tui_message(t, "no snapshot %s now; { takes one", *arg == 'n' ? "after" : "before");
	} else {
		snprintf(line, sizeof(line), "restore \"%.250s\"", session_snapshot_at(t->s, i, &at, &time));
		do_verb(t, line);
	}
}

/* ---- views and panes ---- */

static void do_view_of(struct tui *t, const char *arg)
{
	tui_remember_place(t);
	tui_view(t, 9);
	tui_focus(t, &pane_probes);
}

static void do_focus_next(struct tui *t, const char *arg)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);

	t->focus[t->view] = (t->focus[t->view] + (*arg == '+' ? 1 : n - 1)) % n;
}

static void do_zoom(struct tui *t, const char *arg)
{
	t->zoom = !t->zoom;
}

static void do_memory(struct tui *t, const char *arg)
{
	t->memory = !t->memory;
	tui_focus(t, t->memory ? &pane_memory : &pane_walk);
}

/* Where the screen has no place of its own for the console, it takes all of it. */
static void do_console(struct tui *t, const char *arg)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);

	if (t->console) {
		t->console = t->zoom = false;
		return;
	}
	for (int i = 0; i < n; i++) {
		if (class[i] == &pane_console) {
			tui_focus(t, &pane_console);
			return;
		}
	}
	t->console = t->zoom = true;
	tui_focus(t, &pane_console);
}

static void do_go_back(struct tui *t, const char *arg)
{
	if (!t->ntrail) {
		tui_message(t, "nowhere to go back to");
		return;
	}
	t->ntrail--;
	tui_view(t, t->trail[t->ntrail].view);
	t->focus[t->view] = t->trail[t->ntrail].focus;
}

static void do_radix(struct tui *t, const char *arg)
{
	struct pane *p = tui_focused(t);

	p->decimal = !p->decimal;
	tui_message(t, "%s: numbers are %s now", p->class->name, p->decimal ? "decimal" : "hexadecimal");
}

static void do_difference(struct tui *t, const char *arg)
{
	struct pane *p = tui_pane(t, &pane_exit);

	p->mode ^= 1;
	tui_message(t, p->mode ? "exit: differences from the previous one" : "exit: as it was");
}

/* The pane that shows page tables, wherever it is. */
static void do_paging(struct tui *t, const char *arg)
{
	struct pane *p = tui_pane(t, &pane_tables);

	if (t->view != 3)
		tui_remember_place(t);
	tui_view(t, 3);
	tui_focus(t, &pane_tables);
	if (!p->class->key || !p->class->key(p, *arg))
		tui_message(t, "this pane shows no other tables");
}

static void do_book(struct tui *t, const char *arg)
{
	const struct pane_class *c = tui_focused(t)->class;

	t->popup.text.len = 0;
	buf_printf(&t->popup.text, "%s is the subject of section %s of the textbook.\n\n"
		   "Chapters 4 and 5 are in textbook/ of the sources; the others are not\n"
		   "written yet.  ? tells the pane's keys, :help WORD explains a verb or an event,\n"
		   "and :info lists what can be looked up.\n",
		   c->title, c->book ? c->book : "3");
	popup_open(t, "textbook", false, NULL);
}

static void do_leave_console(struct tui *t, const char *arg)
{
	tui_message(t, "the guest's console does not have the keys; Tab goes to it, Enter gives them to it");
}

static void do_escape(struct tui *t, const char *arg)
{
	t->console = false;
	*t->search = 0;
	t->zoom = false;
}

static void do_quit(struct tui *t, const char *arg)
{
	if (t->s->running) {
		tui_message(t, "the guest is running: Ctrl-C pauses it, then q leaves");
		return;
	}
	t->confirm_quit = true;
}

/* ---- search ---- */

/* What the line of the cursor shows, when the cursor is at `at`. */
static bool line_matches(struct pane *p, i64 at, struct cells *c, const char *what)
{
	struct pane look = *p;
	struct buf text = { 0 };
	bool found = false;

	look.at = at;
	look.focus = true;
	cells_clear(c);
	look.class->draw(&look, area_whole(c));
	cells_text(c, true, &text);
	for (const char *row = buf_text(&text); row && *row && !found;) {
		const char *styles = strchr(row, '\n'), *end = styles ? strchr(styles + 1, '\n') : NULL;
		const char *match = strcasestr(row, what);
		if (!end)
			break;
		found = match && match < styles && memchr(styles, 'C', (size_t)(end - styles));
		row = end + 1;
	}
	buf_free(&text);
	return found;
}

static void find(struct tui *t, int step)
{
	struct pane *p = tui_focused(t);
	struct cells c = { .ascii = t->cells.ascii };

	if (!cells_resize(&c, 8, 200)) {
		for (i64 i = p->at + step, n = 0; i >= 0 && i < p->count && n < 5000; i += step, n++) {
			if (line_matches(p, i, &c, t->search)) {
				p->at = i;
				p->follows = false;
				cells_free(&c);
				return;
			}
		}
	}
	cells_free(&c);
	tui_message(t, "'%.40s' is not found %s the cursor", t->search, step > 0 ? "below" : "above");
}

static void search_for(struct pane *p, const char *answer)
{
	if (!answer || !*answer)
		return;
	snprintf(p->tui->search, sizeof(p->tui->search), "%s", answer);
	find(p->tui, 1);
}

static void do_search(struct tui *t, const char *arg)
{
	if (tui_focused(t)->count)
		tui_ask(t, "search: ", search_for, tui_focused(t));
	else
		tui_message(t, "%s is no list to search in", tui_focused(t)->class->title);
}

static void do_next_or_match(struct tui *t, const char *arg)
{
	if (*t->search)
		find(t, 1);
	else
		do_verb(t, arg);
}

static void do_previous_match(struct tui *t, const char *arg)
{
	if (*t->search)
		find(t, -1);
	else
		tui_message(t, "no search to go on with: / begins one");
}

/* ---- menus and help ---- */

static void inject_chosen(struct tui *t, i64 line)
{
	const struct trap_injection *in = &trap_injections[line];
	char text[100];

	if (line >= trap_ninjections)
		return;
	snprintf(text, sizeof(text), "inject %s%s", in->name, in->args && *in->args ? "(" : "");
	prompt_open(t, text);
	if (in->example)
		tui_message(t, "for example: %.160s", in->example);
}

static void do_inject(struct tui *t, const char *arg)
{
	int room = t->cells.cols > 110 ? 90 : 56; /* for a menu has one line for each */

	t->popup.text.len = 0;
	for (int i = 0; i < trap_ninjections; i++) {
		const struct trap_injection *in = &trap_injections[i];
		buf_printf(&t->popup.text, "%-12s %.*s%s\n", in->name, room, in->brief, in->missing ? " (not in this build)" : "");
	}
	popup_open(t, "inject: Enter takes one to the prompt", true, inject_chosen);
}

static void do_help(struct tui *t, const char *arg)
{
	bool again = t->popup.open;

	t->popup.text.len = 0;
	keymap_help(t, again, &t->popup.text);
	popup_open(t, again ? "all keys" : "keys of this pane", false, NULL);
}

/* ---- the table ---- */

enum { NARROW = 1, WIDE = 2 };
#define H(text) text, NARROW | WIDE
#define W(text) text, WIDE
#define N(text) text, NARROW
#define NONE NULL, 0
#define KEY(key, name, action, arg, hint, brief) { key, name, do_##action, arg, hint, brief },
static const struct {
	int key;
	const char *name;
	action_fn action;
	const char *arg, *hint;
	u8 shown; /* the hint, on which screens */
	const char *brief;
} keys[] = {
#include "debugger/tui/keys.def"
};

void tui_global_key(struct tui *t, int key)
{
	if (key >= '1' && key <= '9') {
		tui_view(t, key - '0');
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].key == key) {
			keys[i].action(t, keys[i].arg);
			return;
		}
	}
	if (key > ' ' && key < 0x7f)
		tui_message(t, "'%c' does nothing here; ? shows the keys", key);
}

void keymap_hints(struct tui *t, struct buf *out)
{
	bool wide = t->cells.cols >= 120;

	buf_printf(out, " ");
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].shown & (wide ? WIDE : NARROW))
			buf_printf(out, "%s%s", keys[i].hint, wide ? "   " : "  ");
}

/* One line of help; what is too long for the screen goes on below, under its column. */
static void help_line(struct tui *t, const char *names, const char *brief, struct buf *out)
{
	enum { COLUMN = 23, BORDERS = 5, LEAST = 12, MOST = 76 };
	i32 cols = (i32)t->cells.cols < MOST ? (i32)t->cells.cols : MOST, room = cols - COLUMN - BORDERS;

	room = room < LEAST ? LEAST : room;
	for (const char *rest = brief; rest == brief || *rest; names = "") {
		i32 n = (i32)strlen(rest);
		if (n > room)
			for (n = room; n > 1 && rest[n] != ' '; n--)
				;
		buf_printf(out, "  %-20s %.*s\n", names, (int)n, rest);
		rest += n;
		rest += *rest == ' ';
		if (!*rest)
			break;
	}
}

void keymap_help(struct tui *t, bool all, struct buf *out)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);

	for (int i = 0; i < n; i++) {
		if (!class[i]->help || (!all && class[i] != tui_focused(t)->class))
			continue;
		buf_printf(out, "%s\n", class[i]->title);
		for (const struct pane_key *k = class[i]->help; k->keys; k++)
			help_line(t, k->keys, k->brief, out);
	}
	buf_printf(out, "in every list\n");
	help_line(t, "arrows h j k l", "move, as PgUp PgDn g G (first, last) do", out);
	buf_printf(out, "everywhere\n");
	help_line(t, "1..9", "views: Main Exits Paging VMCS Devices Sched Migrate Stats Tests", out);
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		help_line(t, keys[i].name, keys[i].brief, out);
}
