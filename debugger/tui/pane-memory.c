/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-memory.c - bytes of the guest's memory, linear or physical.
 * Rule: what cannot be read is shown as such, and reading it asks no device.
 */
#include <stdio.h>

#include "debugger/tui/panes.h"

enum { LINEAR, PHYSICAL, MOST = 32 };
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "a", "go to an address, symbol or expression" },
	{ "p", "linear or guest-physical addresses" },
	{ "up down PgUp PgDn", "move" },
	{ ".", "to the stack" },
	{ 0 },
};

static u64 start(const struct pane *p)
{
	struct x86_state st;

	if (!p->follows)
		return p->address;
	vcpu_get(&p->s->vm->vcpu[p->s->cpu], &st, ST_GPR | ST_SEG);
	return (st.gpr[RSP] + st.seg_base[SEG_SS]) & ~7ull;
}

static void draw_line(struct pane *p, struct area a, i32 row, u64 at, int digits, int n)
{
	u8 byte[MOST];
	u64 have = p->mode == PHYSICAL ? session_read_physical(p->s, at, byte, (u64)n) : session_read(p->s, at, byte, (u64)n);
	i32 col = area_printf(a, row, 0, STYLE_ADDRESS, " %0*llx ", digits, ULL(at)), text = col + 3 * n + 1;

	for (int i = 0; i < n; i++) {
		char ch[2] = { (char)(i < (int)have && byte[i] >= ' ' && byte[i] < 0x7f ? byte[i] : '.'), 0 };
		if (i >= (int)have) {
			area_put(a, row, col + 3 * i, STYLE_DIM, " --");
			continue;
		}
		area_printf(a, row, col + 3 * i, STYLE_TEXT, " %02x", byte[i]);
		area_put(a, row, text + i, STYLE_DIM, ch);
	}
}

static void draw(struct pane *p, struct area a)
{
	u64 from = start(p);
	int digits = (from + 0x1000) >> 32 ? 16 : 8, n = 8;

	while (n < MOST && digits + 4 + 8 * n <= a.cols) /* 4 columns for each byte, twice as many bytes */
		n *= 2;
	p->rows = a.rows;
	p->count = n; /* bytes of a line, for the keys */
	for (i32 row = 0; row < a.rows; row++)
		draw_line(p, a, row, from + (u64)(row * n), digits, n);
}

static void title(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "memory   %s%s", p->mode == PHYSICAL ? "physical" : "linear", p->follows ? ", the stack" : "");
}

static void move(struct pane *p, i64 by)
{
	p->address = start(p) + (u64)by;
	p->follows = false;
}

static bool key(struct pane *p, int key)
{
	i64 line = p->count, page = p->rows > 1 ? line * (p->rows - 1) : line;

	switch (key) {
	case KEY_UP_: case 'k': move(p, -line); return true;
	case KEY_DOWN_: case 'j': move(p, line); return true;
	case KEY_LEFT_: case 'h': move(p, -1); return true;
	case KEY_RIGHT_: case 'l': move(p, 1); return true;
	case KEY_PGUP_: move(p, -page); return true;
	case KEY_PGDN_: move(p, page); return true;
	case 'p': p->mode = p->mode == LINEAR ? PHYSICAL : LINEAR; return true;
	case '.': p->follows = true; return true;
	case 'a': tui_ask(p->tui, "memory at (address, symbol, expression): ", pane_look_at, p); return true;
	}
	return false;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "u64[0x%llx]", ULL(start(p)));
	return p->mode == LINEAR;
}

const struct pane_class pane_memory = {
	.name = "memory", .title = "memory", .book = "2.4", .help = help, .min_rows = 3, .min_cols = 44,
	.draw = draw, .key = key, .title_text = title, .expression = expression,
};
