/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-registers.c - the processor's registers, those of its mode first; what the latest step changed is marked.
 * Rule: a changed register has a `*` between name and value, besides its colour.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/session/describe.h"
#include "debugger/tui/panes.h"

enum { ITEMS = 120, NAME = 16, TEXT = 64 };
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "up down", "scroll: control and segment registers, debug registers, XMM" },
	{ "x", "hexadecimal or decimal" },
	{ "y", "the register's name to the prompt" },
	{ 0 },
};

/* One register, or one line about some. */
struct item {
	char name[NAME], text[TEXT];
	bool changed, half; /* half: two of them share a line */
};
struct items {
	struct item at[ITEMS];
	int n;
	const struct x86_state *st, *old;
	bool decimal;
};

static struct item *add(struct items *l, const char *name, bool half, bool changed)
{
	struct item *i = &l->at[l->n < ITEMS - 1 ? l->n++ : ITEMS - 1];

	*i = (struct item){ .half = half, .changed = changed };
	snprintf(i->name, sizeof(i->name), "%s", name);
	return i;
}

static void add_number(struct items *l, const char *name, u64 value, u64 old, int digits)
{
	struct item *i = add(l, name, true, l->old && value != old);

	if (l->decimal)
		snprintf(i->text, sizeof(i->text), "%*llu", digits, ULL(value));
	else
		snprintf(i->text, sizeof(i->text), "%0*llx", digits, ULL(value));
}

/* "cr0 80050033 PG AM WP NE MP" */
static void add_bits(struct items *l, const char *name, u64 value, u64 old)
{
	struct item *i = add(l, name, false, l->old && value != old);
	struct buf b = { 0 };

	buf_printf(&b, "%08llx ", ULL(value));
	describe_bits(name, value, &b);
	if (buf_text(&b))
		snprintf(i->text, sizeof(i->text), "%s", buf_text(&b));
	buf_free(&b);
}

#define OLD(l, field, i) ((l)->old ? (l)->old->field[i] : 0)

/* Pairs stand beside each other: the first half on the left, as the manual counts them. */
static void add_general(struct items *l, bool long64)
{
	static const u8 order[] = { RAX, RBX, RCX, RDX, RSI, RDI, RBP, RSP };
	char name[16];

	for (int i = 0; i < 8; i++) {
		int r = order[i];
		u64 mask = long64 ? UINT64_MAX : UINT32_MAX;
		snprintf(name, sizeof(name), "%c%s", long64 ? 'r' : 'e', x86_gpr_names[r] + 1);
		add_number(l, name, l->st->gpr[r] & mask, OLD(l, gpr, r) & mask, long64 ? 16 : 8);
		if (long64)
			add_number(l, x86_gpr_names[8 + i], l->st->gpr[8 + i], OLD(l, gpr, 8 + i), 16);
		else if (i < 6) /* es cs ss ds fs gs */
			add_number(l, x86_seg_names[i], l->st->seg_sel[i], OLD(l, seg_sel, i), 4);
		else if (i == 6)
			add_number(l, "eip", l->st->rip[0] & mask, OLD(l, rip, 0) & mask, 8);
		else
			add_number(l, "cr0", l->st->cr0[0], OLD(l, cr0, 0), 8);
	}
}

static void add_control(struct items *l)
{
	const struct x86_state *s = l->st;

	add_number(l, "rip", s->rip[0], OLD(l, rip, 0), 16);
	add_number(l, "cr2", s->cr2[0], OLD(l, cr2, 0), 16);
	add_bits(l, "rflags", s->rflags[0], OLD(l, rflags, 0));
	add_bits(l, "cr0", s->cr0[0], OLD(l, cr0, 0));
	add_number(l, "cr3", s->cr3[0], OLD(l, cr3, 0), 16);
	add_number(l, "cr8", s->cr8[0], OLD(l, cr8, 0), 2);
	add_bits(l, "cr4", s->cr4[0], OLD(l, cr4, 0));
	add_bits(l, "efer", s->efer[0], OLD(l, efer, 0));
}

static void add_table(struct items *l, const char *name, u64 base, u64 old, u16 limit)
{
	struct item *i = add(l, name, false, l->old && base != old);

	snprintf(i->text, sizeof(i->text), "%llx limit %04x", ULL(base), limit);
}

static void add_segments(struct items *l)
{
	const struct x86_state *s = l->st;

	for (int i = 0; i < X86_SEGS; i++) {
		bool changed = s->seg_sel[i] != OLD(l, seg_sel, i) || s->seg_base[i] != OLD(l, seg_base, i);
		struct item *it = add(l, x86_seg_names[i], false, l->old && changed);
		if (s->seg_attr[i] & SEG_UNUSABLE)
			snprintf(it->text, sizeof(it->text), "%04x unusable", s->seg_sel[i]);
		else
			snprintf(it->text, sizeof(it->text), "%04x %0*llx %08x %04x", s->seg_sel[i],
				 s->seg_base[i] >> 32 ? 16 : 8, ULL(s->seg_base[i]), s->seg_limit[i], s->seg_attr[i]);
	}
	add_table(l, "gdtr", s->gdtr_base[0], OLD(l, gdtr_base, 0), s->gdtr_limit[0]);
	add_table(l, "idtr", s->idtr_base[0], OLD(l, idtr_base, 0), s->idtr_limit[0]);
}

static void add_others(struct items *l)
{
	const struct x86_state *s = l->st;
	char name[16];

	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "dr%d", i);
		if (i != 4 && i != 5)
			add_number(l, name, s->dr[i], OLD(l, dr, i), 16);
	}
	add_number(l, "fcw", s->fcw[0], OLD(l, fcw, 0), 4);
	add_number(l, "fsw", s->fsw[0], OLD(l, fsw, 0), 4);
	for (int i = 0; i < 16; i++) {
		bool changed = l->old && memcmp(&s->xmm[2 * i], &l->old->xmm[2 * i], 16);
		snprintf(name, sizeof(name), "xmm%d", i);
		snprintf(add(l, name, false, changed)->text, TEXT, "%016llx%016llx", ULL(s->xmm[2 * i + 1]), ULL(s->xmm[2 * i]));
	}
}

static void collect(struct pane *p, struct items *l, struct x86_state *st)
{
	vcpu_get(&p->s->vm->vcpu[p->s->cpu], st, ST_ALL);
	*l = (struct items){ .st = st, .old = tui_before(p->tui), .decimal = p->decimal };
	add_general(l, st->efer[0] & EFER_LMA && st->seg_attr[SEG_CS] & SEG_L);
	add_control(l);
	add_segments(l);
	add_others(l);
}

/* ---- drawing ---- */

static i32 put_item(struct area a, i32 row, i32 col, const struct item *i, int name)
{
	i32 n = area_printf(a, row, col, STYLE_TEXT, "%-*s", name, i->name);

	n += area_put(a, row, col + n, i->changed ? STYLE_CHANGED : STYLE_TEXT, i->changed ? "*" : " ");
	return n + area_put(a, row, col + n, i->changed ? STYLE_CHANGED : STYLE_TEXT, i->text);
}

/* Lines: two halves, or one whole item.  Returns the first item of line `line`, or -1. */
static int item_of_line(const struct items *l, i64 line)
{
	int i = 0;

	for (; i < l->n && line > 0; line--)
		i += l->at[i].half && i + 1 < l->n && l->at[i + 1].half ? 2 : 1;
	return i < l->n ? i : -1;
}

static i64 lines_of(const struct items *l)
{
	i64 n = 0;

	while (item_of_line(l, n) >= 0)
		n++;
	return n;
}

static void draw(struct pane *p, struct area a)
{
	struct x86_state st;
	struct items l;
	int i;

	collect(p, &l, &st);
	pane_scroll(p, lines_of(&l), a.rows);
	for (i32 row = 0; row < a.rows && (i = item_of_line(&l, p->top + row)) >= 0; row++) {
		bool pair = l.at[i].half && i + 1 < l.n && l.at[i + 1].half;
		int name = l.at[i].half ? 3 : 6;
		i32 used = put_item(a, row, 1, &l.at[i], name);
		if (pair)
			put_item(a, row, used < 22 ? 23 : used + 3, &l.at[i + 1], 3);
		if (p->focus && p->top + row == p->at)
			area_style(a, row, 0, a.cols, STYLE_CURSOR);
	}
}

static void title(struct pane *p, char *text, size_t size)
{
	snprintf(text, size, "registers%s", tui_before(p->tui) ? "           * changed this step" : "");
}

static bool expression(struct pane *p, char *text, size_t size)
{
	struct x86_state st;
	struct items l;
	int i;

	collect(p, &l, &st);
	i = item_of_line(&l, p->at);
	if (i < 0)
		return false;
	snprintf(text, size, "$%s", l.at[i].name);
	return true;
}

const struct pane_class pane_registers = {
	.name = "registers", .title = "registers", .book = "2.2", .help = help, .min_rows = 8, .min_cols = 44,
	.draw = draw, .title_text = title, .expression = expression,
};
