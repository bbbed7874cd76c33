/* SPDX-License-Identifier: GPL-3.0-or-later
 * status.c - the first two lines, and the line of time.
 * Rule: what is narrower loses the less important, from the right.
 */
#include <stdio.h>
#include <string.h>

#include "core/timeline.h"
#include "debugger/tui/tui-priv.h"

#define ULL(x) ((unsigned long long)(x))

static const char *guest_name(const struct tui *t)
{
	const struct machine_options *o = t->s->opt;
	const char *path = t->config.name ? t->config.name : o->kernel ? o->kernel : o->image, *slash;

	if (!path)
		return o->bios ? "firmware" : "guest";
	slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static const struct history_exit *latest(const struct tui *t)
{
	const struct history *h = &t->s->history;

	return h->next > h->first ? history_exit_get(h, h->next - 1) : NULL;
}

static void state_text(const struct tui *t, struct buf *out)
{
	const struct session_stop *stop = &t->s->stopped;

	if (t->s->running)
		buf_printf(out, "RUNNING");
	else if (t->working)
		buf_printf(out, "WORKING");
	else if (stop->why == STOP_POWER_OFF || stop->why == STOP_TRIPLE_FAULT || stop->why == STOP_HALTED)
		buf_printf(out, "ENDED: %s", stop->reason);
	else
		buf_printf(out, "PAUSED");
}

void status_draw(struct tui *t, struct area a)
{
	const struct vm *vm = t->s->vm;
	const struct history_exit *e = latest(t);
	bool wide = a.cols >= 120;
	struct buf b = { 0 };

	area_fill(a, STYLE_STATUS);
	buf_printf(&b, " %.24s   ", guest_name(t));
	if (a.cols >= 60)
		buf_printf(&b, "%s   cpu %u%s%u   ", vm->engine->name, t->s->cpu, wide ? " of " : "/", vm->ncpus);
	state_text(t, &b);
	if (e)
		buf_printf(&b, "%sexit #%llu %s", wide ? " at " : "   ", ULL(e->number), exit_name(e->reason) ? exit_name(e->reason) : "?");
	if (t->s->running && t->mips && t->config.host_times)
		buf_printf(&b, "   %llu MIPS", ULL(t->mips));
	if (wide)
		buf_printf(&b, "   %llu instructions", ULL(vm_icount(vm)));
	buf_printf(&b, "   %st=%llu.%06llu s", wide ? "virtual " : "", ULL(vm->clock.now / 1000000000),
		   ULL(vm->clock.now / 1000 % 1000000));
	if (buf_text(&b))
		area_put(a, 0, 0, STYLE_STATUS, buf_text(&b));
	buf_free(&b);
}

void tabs_draw(struct tui *t, struct area a)
{
	bool wide = a.cols >= 120;
	i32 col = 1;

	for (int i = 0; i < TUI_VIEWS; i++) {
		enum style style = i + 1 == t->view ? STYLE_CURSOR : STYLE_KEY;
		col += area_printf(a, 0, col, style, wide ? "%d %s" : "%d%s", i + 1, views[i].name);
		col += wide ? 3 : 1;
	}
	if (wide)
		area_put(a, 0, col + 8, STYLE_DIM, "Tab next pane   z zoom   : command   ? help   q quit");
}

/* ---- time ---- */

struct bar {
	struct area a;
	u64 first, last; /* instructions */
	i32 col, cols;
};

static void put_mark(const struct bar *b, u64 at, const char *mark, enum style style)
{
	u64 span = b->last - b->first, from = at > b->first ? at - b->first : 0;
	i32 col;

	if (at > b->last)
		from = span;
	col = span ? (i32)((double)from * (b->cols - 1) / (double)span) : b->cols - 1;
	area_put(b->a, 0, b->col + col, style, mark);
}

static void marks_draw(struct tui *t, const struct bar *b)
{
	u64 at, time;

	for (int i = 0; timeline_checkpoint(t->s->timeline, i, &at, &time) && i < 1000; i++)
		put_mark(b, at, ".", STYLE_BORDER);
	for (int i = 0; i < session_nsnapshots(t->s); i++) {
		char digit[2] = { (char)(i < 9 ? '1' + i : '+'), 0 };
		session_snapshot_at(t->s, i, &at, &time);
		put_mark(b, at, digit, STYLE_KEY);
	}
	for (int i = 0; i < session_nmarks(t->s); i++) {
		const char *name = session_mark_at(t->s, i, &at);
		char letter[2] = { name && *name > ' ' && *name < 0x7f ? *name : 'b', 0 };
		put_mark(b, at, letter, STYLE_KEY);
	}
}

/* "time 0 |----1---a--2--->----| 12.004 s": what is recorded, and `>` where the machine stands in it. */
void timeline_draw(struct tui *t, struct area a)
{
	struct session *s = t->s;
	struct bar b = { .a = a };
	bool live;
	char end[48];

	if (!s->timeline) {
		area_printf(a, 0, 0, STYLE_BORDER, " no way back: %.80s ", s->no_time ? s->no_time : "no past is kept");
		return;
	}
	b.first = timeline_first(s->timeline);
	b.last = timeline_last(s->timeline);
	if (vm_icount(s->vm) > b.last)
		b.last = vm_icount(s->vm);
	live = vm_icount(s->vm) == b.last;
	snprintf(end, sizeof(end), "| %s %llu.%03llu s ", live ? "live" : "past", ULL(s->vm->clock.now / 1000000000),
		 ULL(s->vm->clock.now / 1000000 % 1000));
	b.col = area_put(a, 0, 0, STYLE_BORDER, " time |");
	b.cols = a.cols - b.col - (i32)strlen(end);
	if (b.cols < 4)
		return;
	for (i32 i = 0; i < b.cols; i++)
		area_put(a, 0, b.col + i, STYLE_BORDER, "-");
	marks_draw(t, &b);
	put_mark(&b, vm_icount(s->vm), ">", STYLE_HERE);
	area_put(a, 0, b.col + b.cols, STYLE_BORDER, end);
}
