/* SPDX-License-Identifier: GPL-3.0-or-later
 * pane-walk.c - how one address is translated: the guest's tables, and what lies at the end.
 * Rule: by itself it shows the address that the next instruction accesses, else where that instruction lies.
 */
#include <stdio.h>
#include <string.h>

#include "debugger/guest-code.h"
#include "debugger/session/stage.h"
#include "debugger/tui/panes.h"

enum { WIDE = 70 };
#define ULL(x) ((unsigned long long)(x))

static const struct pane_key help[] = {
	{ "a", "walk another address (address, symbol, expression)" },
	{ ".", "again what the next instruction accesses" },
	{ "x", "raw entries, or decoded ones" },
	{ "Enter", "follow the frame: whose it is in the machine" },
	{ "M", "memory in this place, and back" },
	{ 0 },
};

static u64 address(const struct pane *p, const struct paging *pg)
{
	struct vcpu *v = &p->s->vm->vcpu[p->s->cpu];
	u64 gla;

	if (!p->follows)
		return p->address;
	if (code_operand(v, &pg->state, pg->state.rip[0], &gla))
		return gla;
	return pg->state.efer[0] & EFER_LMA ? pg->state.rip[0] : (u32)(pg->state.seg_base[SEG_CS] + pg->state.rip[0]);
}

/* "L4 511 pwxu---": how an entry looks in half a line. */
static void draw_short(struct area a, i32 row, i32 col, const struct walk_row *r, bool raw)
{
	char flags[8];

	describe_entry_flags(r, flags);
	if (raw)
		area_printf(a, row, col, STYLE_TEXT, "L%u %016llx", r->level, ULL(r->value));
	else
		area_printf(a, row, col, r->present && !r->reserved ? STYLE_TEXT : STYLE_BAD, "L%u %4u %s%s", r->level, r->index,
			    flags, r->reserved ? " reserved" : !r->present ? " absent" : r->large ? " large" : "");
}

static void draw_long(struct area a, i32 row, const struct walk_row *r, bool raw)
{
	char flags[8];
	const char *size = !r->large ? "" : r->level == 3 ? " 1G" : r->size == 4 ? " 4M" : " 2M";
	i32 col = 24;

	describe_entry_flags(r, flags);
	area_printf(a, row, 0, STYLE_TEXT, "%s L%u %-5s", row == 1 ? "guest" : "     ", r->level, r->name);
	if (r->gpa != UINT64_MAX)
		area_printf(a, row, 15, STYLE_ADDRESS, "%08llx", ULL(r->gpa));
	col += area_printf(a, row, col, STYLE_TEXT, "%5u   %016llx ", r->index, ULL(r->value));
	for (int i = 0; i < 7 && !raw; i++)
		area_printf(a, row, col + 2 * i, r->present ? STYLE_TEXT : STYLE_DIM, "%c", flags[i]);
	col += 15;
	if (r->reserved)
		area_put(a, row, col, STYLE_BAD, "reserved bits");
	else if (r->present)
		area_printf(a, row, col, STYLE_ADDRESS, "%08llx%s", ULL(r->frame), size);
	else
		area_put(a, row, col, STYLE_BAD, "not present");
}

static void draw_result(struct pane *p, struct area a, i32 row, u64 gva, bool ok, u64 gpa)
{
	bool narrow = a.cols < WIDE;
	struct buf place = { 0 };
	const char *what;

	if (!ok) {
		area_printf(a, row, 1, STYLE_BAD, "guest  gva %llx -> NOT MAPPED: #PF", ULL(gva));
		return;
	}
	if (narrow && gva >> 32)
		area_printf(a, row, 1, STYLE_TEXT, "guest  gva ..%08llx -> gpa %llx", ULL(gva & UINT32_MAX), ULL(gpa));
	else
		area_printf(a, row, 1, STYLE_TEXT, "guest  gva %llx -> gpa %llx", ULL(gva), ULL(gpa));
	describe_place(p->s, gpa, &place);
	what = buf_text(&place) ? buf_text(&place) : "";
	if (narrow)
		area_printf(a, row + 1, 1, STYLE_TEXT, "host   %s", what);
	else
		area_printf(a, row + 1, 1, STYLE_TEXT, "host   gpa %llx -> %s", ULL(gpa), what);
	buf_free(&place);
}

static void draw_rest(struct session *s, struct area a, i32 row, u64 gva, u64 gpa, bool raw)
{
	char second[80], tlb[100];

	second_stage_line(s, s->cpu, gva, gpa, second, sizeof(second));
	area_put(a, row, 1, STYLE_DIM, second);
	if (a.cols < WIDE) {
		if (s->vm->paging.mode == PAGING_NONE) /* there is no room for both */
			area_put(a, row, a.cols - 9, STYLE_KEY, raw ? "[x] flags" : "  [x] raw");
		return;
	}
	tlb_short_line(s, s->cpu, gva, tlb, sizeof(tlb));
	area_put(a, row + 1, 1, STYLE_DIM, tlb);
	area_put(a, row + 2, 1, STYLE_DIM, "p present w writable x executable u user a accessed d dirty g global");
	area_put(a, row + 3, 1, STYLE_KEY, "[a] another address   [Enter] follow frame   [x] raw/decoded   [M] memory");
}

static void draw(struct pane *p, struct area a)
{
	struct walk_row row[WALK_ROWS];
	struct walk_result res;
	struct paging pg;
	bool ok, wide = a.cols >= WIDE;
	i32 at = 0;
	u64 gva;
	int n;

	if (paging_of(p->s, p->s->cpu, &pg) < 0)
		return;
	gva = address(p, &pg);
	n = describe_walk_rows(&pg, gva, row, &res, &ok);
	p->rows = a.rows;
	if (wide)
		area_printf(a, at++, 0, STYLE_DIM, "gva %016llx    index entry             p w x u a d g  frame", ULL(gva));
	for (int i = 0; i < n && wide; i++)
		draw_long(a, at++, &row[i], p->mode);
	for (int i = 0; i < n && !wide; i++) {
		draw_short(a, i / 2, 1 + i % 2 * 23, &row[i], p->mode);
		if (i + 1 < n && !p->mode)
			area_put(a, i / 2, i % 2 * 23 + 19, STYLE_DIM, ">");
		at = i / 2 + 1;
	}
	if (!n)
		area_printf(a, at++, 1, STYLE_DIM, "%s: linear addresses are physical", paging_name(&pg));
	draw_result(p, a, at, gva, ok, res.gpa);
	draw_rest(p->s, a, at + (ok ? 2 : 1), gva, ok ? res.gpa : gva, p->mode);
}

static void title(struct pane *p, char *text, size_t size)
{
	struct paging pg;

	if (!paging_of(p->s, p->s->cpu, &pg))
		snprintf(text, size, "walk %llx   cr3 %llx", ULL(address(p, &pg)), ULL(pg.state.cr3[0]));
}

static void follow(struct pane *p)
{
	struct walk_row row[WALK_ROWS];
	struct stage_end end;
	struct err err = { 0 };
	struct stage st;
	u64 gva, machine;

	if (stage_of(p->s, STAGE_GUEST, p->s->cpu, &st, &err) && !(st.p.mem && !(st.p.env.cr0 & CR0_PG)))
		return;
	gva = address(p, &st.p);
	if (st.p.env.cr0 & CR0_PG)
		stage_walk(&st, gva, row, &end);
	else
		end = (struct stage_end){ .found = true, .to = (u32)gva };
	if (end.found && machine_address(p->s, end.to, &machine))
		tui_show_frame(p->tui, machine);
}

static bool key(struct pane *p, int key)
{
	switch (key) {
	case 'a': tui_ask(p->tui, "walk (address, symbol, expression): ", pane_look_at, p); return true;
	case '.': p->follows = true; return true;
	case 'x': p->mode = !p->mode; return true;
	case KEY_ENTER_: follow(p); return true;
	}
	return false;
}

static bool expression(struct pane *p, char *text, size_t size)
{
	struct paging pg;

	if (paging_of(p->s, p->s->cpu, &pg))
		return false;
	snprintf(text, size, "walk(0x%llx)", ULL(address(p, &pg)));
	return true;
}

const struct pane_class pane_walk = {
	.name = "walk", .title = "walk", .book = "4.2", .help = help, .min_rows = 5, .min_cols = 44,
	.draw = draw, .key = key, .title_text = title, .expression = expression,
};
