/* SPDX-License-Identifier: GPL-3.0-or-later
 * tui.c - opening and closing the screen, and what it offers to panes.
 * Rule: a line is run in one place, tui_run_line, whoever asks for it: prompt, key, menu or pane.
 */
#include "debugger/tui/tui.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/trap.h"
#include "debugger/tui/panes.h"
#include "debugger/trap/run.h"
#include "debugger/tui/tui-priv.h"
#include "debugger/verbs/verb.h"

/* ---- what the session says ---- */

void tui_say(struct tui *t, enum say_kind kind, const char *text, size_t len)
{
	if (kind != SAY_CONSOLE)
		output_add(&t->output, kind, false, text, len);
	for (int i = 0; i < t->npanes; i++)
		if (t->pane[i].class->say)
			t->pane[i].class->say(&t->pane[i], kind, text, len);
}

static void on_say(void *arg, enum say_kind kind, const char *text, size_t len)
{
	tui_say(arg, kind, text, len);
}

static void on_tick(void *arg)
{
	struct tui *t = arg;
	u64 host = clock_host_ns(), icount = vm_icount(t->s->vm);

	if (t->run_host && host - t->run_host > 200000000) {
		t->mips = icount > t->run_icount ? (icount - t->run_icount) * 1000 / (host - t->run_host) : 0;
		t->run_host = 0;
	}
	if (!t->run_host) {
		t->run_host = host;
		t->run_icount = icount;
	}
	if (t->config.refresh)
		t->config.refresh(t->config.arg);
}

/* ---- opening, closing ---- */

/* Every class that any view shows, once. */
static void add_panes(struct tui *t, const struct split *tree)
{
	struct placed place[PLACED_MOST];
	struct cells big = { .rows = 200, .cols = 400 };
	int n = layout_place(tree, area_whole(&big), place);

	for (int i = 0; i < n; i++)
		if (!tui_pane(t, place[i].pane) && t->npanes < PANES_MOST)
			pane_open(&t->pane[t->npanes++], place[i].pane, t->s, t);
}

static void open_panes(struct tui *t)
{
	static const struct pane_class *const others[] = { &pane_memory, &pane_console, &pane_tour };

	for (int i = 0; i < TUI_VIEWS; i++) {
		add_panes(t, views[i].normal);
		add_panes(t, views[i].large);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!tui_pane(t, others[i]))
			pane_open(&t->pane[t->npanes++], others[i], t->s, t);
}

int tui_open(struct tui **out, const struct machine_options *o, const struct tui_config *c, struct err *err)
{
	struct tui *t = calloc(1, sizeof(*t));
	struct session_ui ui = { on_say, on_tick, t, .person = c->host_times };
	int rc;

	*out = NULL;
	if (!t)
		return err_set(err, ENOMEM, "no memory for the screen");
	t->config = *c;
	t->view = 1;
	t->cells.ascii = c->ascii;
	if (cells_resize(&t->cells, 24, 80))
		rc = err_set(err, ENOMEM, "no memory for the screen");
	else
		rc = session_open(&t->s, o, &ui, err);
	if (rc) {
		tui_close(t);
		return rc;
	}
	open_panes(t);
	*out = t;
	return 0;
}

void tui_close(struct tui *t)
{
	if (!t)
		return;
	for (int i = 0; i < t->npanes; i++)
		pane_close(&t->pane[i]);
	if (t->s)
		session_close(t->s);
	output_free(&t->output);
	edit_history_free(&t->history);
	buf_free(&t->popup.text);
	buf_free(&t->lines);
	cells_free(&t->cells);
	free(t);
}

bool tui_resize(struct tui *t, u32 rows, u32 cols)
{
	return !cells_resize(&t->cells, rows, cols);
}

const struct cells *tui_draw(struct tui *t)
{
	cells_clear(&t->cells);
	tui_frame(t);
	return &t->cells;
}

const struct cells *tui_cells(const struct tui *t)
{
	return &t->cells;
}

bool tui_leaves(const struct tui *t)
{
	return t->leaves;
}

struct session *tui_session(struct tui *t)
{
	return t->s;
}

/* ---- panes ---- */

void pane_open(struct pane *p, const struct pane_class *class, struct session *s, struct tui *t)
{
	*p = (struct pane){ .class = class, .s = s, .tui = t, .follows = true };
	if (class->open)
		class->open(p);
}

void pane_close(struct pane *p)
{
	if (p->class && p->class->close)
		p->class->close(p);
	p->own = NULL;
}

bool pane_number(struct pane *p, const char *answer, u64 *value)
{
	struct err err = { 0 };

	if (!answer || !*answer)
		return false;
	if (p->s->trap && !trap_number(p->s->trap, answer, value, &err))
		return true;
	session_say(p->s, SAY_ERROR, "%s\n", err.text);
	return false;
}

void pane_look_at(struct pane *p, const char *answer)
{
	u64 at;

	if (!pane_number(p, answer, &at))
		return;
	p->address = at;
	p->follows = false;
}

void pane_scroll(struct pane *p, i64 count, i32 rows)
{
	p->count = count;
	p->rows = rows;
	p->at = p->at >= count ? count - 1 : p->at;
	p->at = p->at < 0 ? 0 : p->at;
	if (p->top > p->at)
		p->top = p->at;
	if (p->top < p->at - rows + 1)
		p->top = p->at - rows + 1;
	if (p->top > count - rows)
		p->top = count > rows ? count - rows : 0;
}

struct pane *tui_pane(struct tui *t, const struct pane_class *class)
{
	for (int i = 0; t && i < t->npanes; i++)
		if (t->pane[i].class == class)
			return &t->pane[i];
	return NULL;
}

const struct pane_class *tui_instead(const struct tui *t, const struct pane_class *class)
{
	if (class == &pane_walk && t->memory)
		return &pane_memory;
	if (class == &pane_output && t->console)
		return &pane_console;
	return class == &pane_output && t->config.tour ? &pane_tour : class;
}

int tui_view_panes(const struct tui *t, const struct pane_class *out[PLACED_MOST])
{
	struct placed place[PLACED_MOST];
	struct cells big = { .rows = 200, .cols = 400 };
	const struct view *v = &views[t->view - 1];
	bool large = screen_size((i32)t->cells.rows, (i32)t->cells.cols) == SCREEN_LARGE;
	int n = layout_place(large ? v->large : v->normal, area_whole(&big), place);

	for (int i = 0; i < n; i++)
		out[i] = tui_instead(t, place[i].pane);
	return n;
}

struct pane *tui_focused(struct tui *t)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);

	if (t->focus[t->view] >= n)
		t->focus[t->view] = 0;
	return tui_pane(t, class[t->focus[t->view]]);
}

void tui_focus(struct tui *t, const struct pane_class *wanted)
{
	const struct pane_class *class[PLACED_MOST];
	int n = tui_view_panes(t, class);

	for (int i = 0; i < n; i++)
		if (class[i] == wanted)
			t->focus[t->view] = i;
}

void tui_view(struct tui *t, int view)
{
	if (view < 1 || view > TUI_VIEWS)
		return;
	t->view = view;
	t->zoom = false;
}

void tui_remember_place(struct tui *t)
{
	if (t->ntrail == TRAIL)
		memmove(t->trail, t->trail + 1, sizeof(t->trail[0]) * --t->ntrail);
	t->trail[t->ntrail].view = t->view;
	t->trail[t->ntrail++].focus = t->focus[t->view];
}

/* ---- services ---- */

void tui_message(struct tui *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->message, sizeof(t->message), fmt, ap);
	va_end(ap);
}

/* While the guest runs it can be looked at; nothing else. */
static bool refused(struct tui *t, const char *line)
{
	const struct verb *v = verb_find(line, strcspn(line, " \t"));

	if (!t->s->running || (v && v->group == VERB_LOOK))
		return false;
	tui_message(t, "the guest is running: Ctrl-C pauses it, then this can be done");
	return true;
}

/* What is shown as changed is what this line changes. */
static void keep_state(struct tui *t)
{
	if (t->s->running)
		return;
	vcpu_get(&t->s->vm->vcpu[t->s->cpu], &t->now, ST_ALL);
	for (int i = 0; i < t->npanes; i++)
		if (t->pane[i].class->moving)
			t->pane[i].class->moving(&t->pane[i]);
}

static void compare_state(struct tui *t, u64 icount, u32 cpu)
{
	if (t->s->running || (vm_icount(t->s->vm) == icount && cpu == t->s->cpu))
		return;
	t->before = t->now;
	t->have_before = cpu == t->s->cpu;
}

/* Going back may take seconds: the screen says so at once.  A step never does, and would only flicker. */
static void working(struct tui *t, const char *line)
{
	if (t->s->running || !strncmp(line, "step 1", 6))
		return;
	t->working = true;
	snprintf(t->message, sizeof(t->message), "%.150s ...", line);
	if (t->config.show)
		t->config.show(t->config.arg);
	*t->message = 0;
}

/* It stands where it was told to go: a step, or an amount that has passed. */
static bool only_moved(const struct session *s)
{
	return !strcmp(s->stopped.reason, "step") || !strcmp(s->stopped.reason, "timeout");
}

void tui_run_line(struct tui *t, const char *line, bool echo)
{
	struct err err = { 0 };
	struct buf out = { 0 };
	u64 icount = vm_icount(t->s->vm);
	u32 cpu = t->s->cpu;
	int rc;

	if (refused(t, line))
		return;
	if (echo) {
		buf_printf(&out, "trap> %s\n", line);
		output_add(&t->output, SAY_TEXT, true, (const char *)out.data, out.len);
		out.len = 0;
	}
	keep_state(t);
	working(t, line);
	rc = verb_line(t->s, line, &out, &err);
	/* A key that steps says nothing: the screen shows where that led. */
	if (out.len && !out.failed && (echo || !only_moved(t->s)))
		tui_say(t, SAY_TEXT, (const char *)out.data, out.len);
	if (rc < 0 && err.code)
		tui_say(t, SAY_ERROR, err.text, strlen(err.text));
	if (rc == VERB_QUIT)
		t->confirm_quit = true;
	compare_state(t, icount, cpu);
	if (!t->s->running)
		t->working = false;
	t->mips = t->run_host = 0;
	buf_free(&out);
}

void tui_command(struct tui *t, const char *line)
{
	if (t)
		tui_run_line(t, line, true);
}

void tui_ask(struct tui *t, const char *question, void (*done)(struct pane *p, const char *answer), struct pane *p)
{
	if (!t)
		return;
	t->ask = (struct question){ .open = true, .done = done, .pane = p };
	snprintf(t->ask.text, sizeof(t->ask.text), "%s", question);
}

static void show(struct tui *t, const struct pane_class *class, u64 address)
{
	struct pane *p;

	if (!t || !(p = tui_pane(t, class)))
		return;
	tui_remember_place(t);
	if (t->view != 1)
		tui_view(t, 1);
	tui_focus(t, class);
	p->follows = false;
	p->address = address;
	p->at = p->top = 0;
}

void tui_show_code(struct tui *t, u64 gva)
{
	show(t, &pane_code, gva);
}

void tui_show_memory(struct tui *t, u64 address, bool physical)
{
	if (!t)
		return;
	t->memory = true;
	show(t, &pane_memory, address);
	tui_pane(t, &pane_memory)->mode = physical;
}

void tui_show_frame(struct tui *t, u64 address)
{
	struct pane *p = t ? tui_pane(t, &pane_owners) : NULL;

	if (!p)
		return;
	tui_remember_place(t);
	tui_view(t, 3);
	tui_focus(t, &pane_owners);
	owners_show_frame(p, address);
}

const struct x86_state *tui_before(const struct tui *t)
{
	return t && t->have_before ? &t->before : NULL;
}

bool tui_shows_host_times(const struct tui *t)
{
	return t && t->config.host_times;
}
