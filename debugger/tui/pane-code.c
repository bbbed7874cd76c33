/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-code.c - the guest's instructions around the one that comes next.
 * Rule: an operand is never cut: addresses lose their common digits first, then numbers their 0x.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/args.h"
#include "debugger/guest-code.h"
#include "debugger/session/describe.h"
#include "debugger/session/symbols.h"
#include "debugger/trap/run.h"
#include "debugger/tui/panes.h"

enum { BACK_BYTES = 64, CHAIN = 64, LINES_MOST = 128, MARKS = 3 };
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "up down PgUp PgDn", "move through the code" },
	{ "b", "breakpoint at the cursor, or take it away" },
	{ "Enter", "to the target of this branch; Backspace comes back" },
	{ "H", "run to the cursor" },
	{ ".", "back to the next instruction" },
	{ "a", "go to an address or symbol" },
	{ 0 },
};

struct view {
	struct vcpu *v;
	struct x86_state st;
	struct code_line line[LINES_MOST];
	int n;
};

static void view_open(struct pane *p, struct view *w)
{
	w->v = &p->s->vm->vcpu[p->s->cpu];
	vcpu_get(w->v, &w->st, ST_ALL);
	w->n = 0;
}

static u64 wrap(const struct x86_state *st, u64 rip)
{
	return st->efer[0] & EFER_LMA ? rip : (u32)rip;
}

/* Where an instruction lies: rip is an offset in the code segment. */
static u64 linear(const struct x86_state *st, u64 rip)
{
	bool long64 = st->efer[0] & EFER_LMA && st->seg_attr[SEG_CS] & SEG_L;

	return long64 ? rip : (u32)(st->seg_base[SEG_CS] + rip);
}

static u64 behind(struct view *w, u64 rip)
{
	struct code_line l;

	code_line_read(w->v, &w->st, rip, &l);
	return wrap(&w->st, rip + (u64)(l.len ? l.len : 1));
}

/* Instructions that follow each other from `from` and end exactly at `to`.  Zeros are not taken for code. */
static int chain(struct view *w, u64 from, u64 to, u64 at[CHAIN])
{
	struct code_line l;
	int n = 0;

	while (from < to && n < CHAIN) {
		code_line_read(w->v, &w->st, from, &l);
		if (!l.len || l.text[0] == '(' || (l.bytes[0] == 0 && l.bytes[1] == 0))
			return 0;
		at[n++] = from;
		from += (u64)l.len;
	}
	return from == to ? n : 0;
}

/* The address up to `lines` instructions before rip: x86 code can only be read forward, so starts are tried from far
 * to near; a wrong one mostly falls into step after a few instructions. */
static u64 before(struct view *w, u64 rip, int lines)
{
	u64 at[CHAIN], best = rip;
	int most = 0;

	for (u64 d = rip < BACK_BYTES ? rip : BACK_BYTES; d && most < lines; d--) {
		int n = chain(w, rip - d, rip, at);
		if (n > most) {
			most = n < lines ? n : lines;
			best = at[n - most];
		}
	}
	return best;
}

/* ---- drawing ---- */

static void read_lines(struct view *w, u64 from, int n)
{
	for (w->n = 0; w->n < n && w->n < LINES_MOST; w->n++) {
		struct code_line *l = &w->line[w->n];
		code_line_read(w->v, &w->st, from, l);
		from = wrap(&w->st, from + (u64)(l->len ? l->len : 1));
	}
}

/* Hexadecimal digits that tell the lines apart. */
static int digits(const struct view *w, i32 cols)
{
	u64 differ = 0;

	for (int i = 1; i < w->n; i++)
		differ |= w->line[i].rip ^ w->line[0].rip;
	if (!(w->line[0].rip >> 16) && !(differ >> 16))
		return 4;
	return cols >= 36 || differ >> 16 ? (cols >= 60 || differ >> 32 ? 16 : 8) : 4;
}

static void drop(char *text, const char *what, const char *instead)
{
	size_t from = strlen(what), to = strlen(instead);

	for (char *at = strstr(text, what); at; at = strstr(at + to, what)) {
		memmove(at + to, at + from, strlen(at + from) + 1);
		memcpy(at, instead, to);
	}
}

/* The instruction in at most `room` columns. */
static void fit(char *text, size_t room)
{
	static const char *const shorter[][2] = {
		{ ", ", "," }, { "0x", "" }, { "qword ", "" }, { "dword ", "" }, { "word ", "" }, { "byte ", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(shorter) && strlen(text) > room; i++)
		drop(text, shorter[i][0], shorter[i][1]);
	if (strlen(text) > room && room)
		memcpy(text + room - 1, ">", 2);
}

static const struct history_exit *latest_exit(const struct session *s)
{
	return s->history.next > s->history.first ? history_exit_get(&s->history, s->history.next - 1) : NULL;
}

static void draw_line(struct pane *p, const struct view *w, const struct code_line *l, struct area a, i32 row, int width)
{
	const struct history_exit *e = latest_exit(p->s);
	bool here = l->rip == w->st.rip[0], exited = e && e->vcpu == p->s->cpu && e->rip == l->rip;
	bool cursor = p->focus && l->rip == (p->follows ? w->st.rip[0] : p->address);
	u64 shown = width == 16 ? l->rip : l->rip & ((1ull << 4 * width) - 1);
	char text[CODE_TEXT + 8];
	i32 col = MARKS, tail = exited ? 5 : 0;

	snprintf(text, sizeof(text), "%s", l->text);
	fit(text, a.cols > col + width + 1 + tail ? (size_t)(a.cols - col - width - 1 - tail) : 0);
	if (p->s->trap && trap_breaks_at(p->s->trap, linear(&w->st, l->rip)))
		area_put(a, row, 0, STYLE_BREAK, "B");
	if (here)
		area_put(a, row, 1, STYLE_HERE, ">");
	col += area_printf(a, row, col, STYLE_ADDRESS, "%0*llx", width, ULL(shown));
	area_put(a, row, col + 1, here ? STYLE_HERE : STYLE_TEXT, text);
	if (exited)
		area_put(a, row, a.cols - 5, STYLE_EXIT, " EXIT");
	if (cursor)
		area_style(a, row, 1, a.cols - 1, STYLE_CURSOR);
}

/* "lapic_write+0x18  long64 cpl0 ZF PF" */
static void draw_where(struct pane *p, const struct view *w, struct area a)
{
	struct buf b = { 0 };

	if (p->s->symbols && symbols_text(p->s->symbols, linear(&w->st, w->st.rip[0]), &b))
		buf_printf(&b, "  ");
	describe_mode(&w->st, &b);
	buf_printf(&b, "  ");
	describe_bits("rflags", w->st.rflags[0], &b);
	if (w->st.activity[0] == ACT_HALTED)
		buf_printf(&b, "  halted");
	if (buf_text(&b))
		area_put(a, a.rows - 1, MARKS, STYLE_DIM, buf_text(&b));
	buf_free(&b);
}

static void draw(struct pane *p, struct area a)
{
	i32 rows = a.rows >= 5 ? a.rows - 1 : a.rows, row = 0;
	struct view w;
	int width;

	view_open(p, &w);
	p->rows = rows;
	if (p->follows)
		read_lines(&w, before(&w, w.st.rip[0], rows / 3), rows);
	else
		read_lines(&w, before(&w, p->address, (int)p->top), rows);
	width = digits(&w, a.cols);
	for (int i = 0; i < w.n && row < rows; i++, row++) {
		u64 offset = 1;
		const char *name = p->s->symbols ? symbols_at(p->s->symbols, linear(&w.st, w.line[i].rip), &offset) : NULL;
		if (name && !offset && rows > 10)
			area_printf(a, row++, MARKS, STYLE_TITLE, "%s:", name);
		if (row < rows)
			draw_line(p, &w, &w.line[i], a, row, width);
	}
	if (rows < a.rows)
		draw_where(p, &w, a);
}

static void title(struct pane *p, char *text, size_t size)
{
	struct x86_state st;
	u64 rip;

	vcpu_get(&p->s->vm->vcpu[p->s->cpu], &st, ST_GPR | ST_SEG | ST_CTRL);
	rip = p->follows ? st.rip[0] : p->address;
	if (rip >> 32)
		snprintf(text, size, "code   %012llx....", ULL(rip >> 16));
	else if (rip >> 16)
		snprintf(text, size, "code   %04llx....", ULL(rip >> 16));
	else
		snprintf(text, size, "code   %04x:....", st.seg_sel[SEG_CS]);
}

/* ---- keys ---- */

static void unfollow(struct pane *p, const struct view *w)
{
	if (!p->follows)
		return;
	p->follows = false;
	p->address = w->st.rip[0];
	p->top = p->rows / 3;
}

/* The instruction before, or the byte before if nothing there is one. */
static u64 previous(struct view *w, u64 rip)
{
	u64 at = before(w, rip, 1);

	return at != rip ? at : wrap(&w->st, rip - 1);
}

static void move(struct pane *p, struct view *w, int by)
{
	unfollow(p, w);
	for (; by < 0; by++, p->top -= p->top > 0)
		p->address = previous(w, p->address);
	for (; by > 0; by--, p->top += p->top < p->rows - 2)
		p->address = behind(w, p->address);
}

static void go_to(struct pane *p, const char *answer)
{
	struct x86_state st;
	u64 gva;

	if (!pane_number(p, answer, &gva))
		return;
	tui_show_code(p->tui, gva);
	vcpu_get(&p->s->vm->vcpu[p->s->cpu], &st, ST_ALL);
	p->address = wrap(&st, gva - (linear(&st, 0)));
}

/* The target in the text: isa_disasm writes branches with it. */
static void follow(struct pane *p, struct view *w)
{
	struct code_line l;
	const char *number;
	bool branch;
	u64 target;

	code_line_read(w->v, &w->st, p->follows ? w->st.rip[0] : p->address, &l);
	branch = l.text[0] == 'j' || !strncmp(l.text, "call", 4) || !strncmp(l.text, "loop", 4);
	number = branch ? strstr(l.text, " 0x") : NULL;
	if (number && number_parse(number + 1, &target, &number)) {
		tui_show_code(p->tui, linear(&w->st, target));
		p->address = target;
		p->top = p->rows / 3;
	}
}

static void breakpoint(struct pane *p, const struct view *w)
{
	u64 gva = linear(&w->st, p->follows ? w->st.rip[0] : p->address);
	struct trap_probe_info info;
	struct err err = { 0 };
	char line[60], event[40];

	snprintf(event, sizeof(event), "exec(0x%llx)", ULL(gva));
	for (int i = 0; p->s->trap && i < trap_nprobes(p->s->trap); i++) {
		if (trap_probe_at(p->s->trap, i, &info) && info.breakpoint && info.text && strstr(info.text, event)) {
			trap_delete(p->s->trap, info.number, &err);
			return;
		}
	}
	snprintf(line, sizeof(line), "break 0x%llx", ULL(gva));
	tui_command(p->tui, line);
}

static void run_to(struct pane *p, const struct view *w)
{
	char line[60];

	snprintf(line, sizeof(line), "until 0x%llx", ULL(linear(&w->st, p->follows ? w->st.rip[0] : p->address)));
	p->follows = true;
	tui_command(p->tui, line);
}

static bool key(struct pane *p, int key)
{
	struct view w;

	view_open(p, &w);
	switch (key) {
	case KEY_UP_: case 'k': move(p, &w, -1); return true;
	case KEY_DOWN_: case 'j': move(p, &w, 1); return true;
	case KEY_PGUP_: move(p, &w, -p->rows); return true;
	case KEY_PGDN_: move(p, &w, p->rows); return true;
	case '.': case KEY_HOME_: p->follows = true; return true;
	case KEY_ENTER_: follow(p, &w); return true;
	case 'b': breakpoint(p, &w); return true;
	case 'H': run_to(p, &w); return true;
	case 'a': tui_ask(p->tui, "code at (address, symbol, expression): ", go_to, p); return true;
	}
	return false;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	struct view w;

	view_open(p, &w);
	snprintf(text, size, "0x%llx", ULL(linear(&w.st, p->follows ? w.st.rip[0] : p->address)));
	return true;
}

const struct pane_class pane_code = {
	.name = "code", .title = "code", .book = "2.1", .help = help, .min_rows = 8, .min_cols = 33,
	.draw = draw, .key = key, .title_text = title, .expression = expression,
};
