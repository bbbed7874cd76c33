/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-tables.c - page tables as a tree, as a picture, and as the ranges that they map.
 * Rule: tables may point at themselves, so only so many entries are looked at, and it is said when there
 * are more.
 */
#include <errno.h>

#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))
enum { ENTRIES_MAX = 1 << 17 };

/* ---- the tree of tables ---- */

struct tree {
	struct stage st;
	const struct table_open *open;
	u32 nopen, looked;
	bool raw; /* entries as they are */
	struct lines *l;
};

/* Its title; false, and why, if there are no such tables now. */
static bool begin(struct session *s, enum stage_kind kind, u32 cpu, struct stage *st, const char *what, struct lines *l)
{
	struct err err = { 0 };
	int rc = stage_of(s, kind, cpu, st, &err);

	if (rc == -ENOENT && kind == STAGE_GUEST)
		lines_add(l, LINE_TITLE, "cpu %u  no paging  cr3 %llx%s", cpu, ULL(st->p.env.cr3), what);
	if (rc) {
		lines_add(l, rc != -ENOENT ? LINE_BAD : kind == STAGE_GUEST ? LINE_TEXT : LINE_MISSING, "%s", err.text);
		return false;
	}
	if (kind == STAGE_EPT)
		lines_add(l, LINE_TITLE, "%s  EPTP %llx%s", st->shape->name, ULL(st->root), what);
	else
		lines_add(l, LINE_TITLE, "cpu %u  %s  %s %llx%s", cpu, st->shape->name,
			  kind == STAGE_GUEST ? "cr3" : "root", ULL(kind == STAGE_GUEST ? st->p.env.cr3 : st->root), what);
	return true;
}

/* The row of this level in the walk for an address: false if it ends above. */
static bool row_of(struct tree *t, u64 gva, int level, struct walk_row *row)
{
	struct walk_row rows[WALK_ROWS];
	struct stage_end end;
	int n = stage_walk(&t->st, gva, rows, &end);

	t->looked++;
	for (int i = 0; i < n; i++)
		if (rows[i].level == level) {
			*row = rows[i];
			return true;
		}
	return false;
}

static bool is_open(const struct tree *t, u64 first, int level)
{
	for (u32 i = 0; i < t->nopen; i++)
		if (t->open[i].level == level && t->open[i].first == first)
			return true;
	return false;
}

static void absent_line(struct tree *t, int depth, u32 from, u32 to)
{
	if (from + 1 < to)
		lines_add(t->l, LINE_DIM, "%*s     %u..%u absent", depth, "", from, to - 1);
	else if (from < to)
		lines_add(t->l, LINE_DIM, "%*s     %u absent", depth, "", from);
}

/* "+L4 511 ffff...  pwxuadg 107000": the sign says whether a table is behind it. */
static void tree_entry(struct tree *t, const struct walk_row *row, u64 gva, int depth, bool open)
{
	bool leaf = row->level == 1 || row->large || row->reserved;
	struct line *line;
	char flags[8];

	describe_entry_flags(row, flags);
	line = lines_add(t->l, row->reserved ? LINE_BAD : LINE_TEXT, "%*s%cL%u %3u %0*llx ", depth, "", leaf ? ' ' : open ? '-' : '+',
			 row->level, row->index, t->st.shape->levels == 4 ? 16 : 8, ULL(gva));
	if (t->raw)
		lines_more(t->l, "%0*llx", row->size == 4 ? 8 : 16, ULL(row->value));
	else
		lines_more(t->l, "%s %llx", flags, ULL(row->frame));
	line->about = !leaf ? ABOUT_TABLE : row->kind == STAGE_GUEST ? ABOUT_GPA : ABOUT_FRAME;
	line->value = leaf ? row->frame : row->gpa;
	line->level = leaf ? 0 : (u8)(row->level - 1);
	line->first = gva;
	if (row->large)
		lines_more(t->l, " large");
	if (row->reserved)
		lines_more(t->l, " reserved bits");
}

static void tree_table(struct tree *t, u64 first, int level, int depth)
{
	u32 n = stage_count(&t->st, level), absent = 0;
	struct walk_row row;

	for (u32 i = 0; i < n && t->looked < ENTRIES_MAX; i++) {
		u64 gva = stage_address(&t->st, first, level, i);
		bool open = is_open(t, gva, level - 1);

		if (!row_of(t, gva, level, &row) || !row.present)
			continue;
		absent_line(t, depth, absent, i);
		absent = i + 1;
		open = open && level > 1 && !row.large && !row.reserved;
		tree_entry(t, &row, gva, depth, open);
		if (open)
			tree_table(t, gva, level - 1, depth + 1);
	}
	absent_line(t, depth, absent, n);
}

u32 describe_way(struct session *s, enum stage_kind kind, u32 cpu, u64 address, struct table_open open[4])
{
	struct err err = { 0 };
	struct stage st;
	u32 n = 0;

	if (stage_of(s, kind, cpu, &st, &err))
		return 0;
	for (int level = paging_root(st.shape) - 1; level >= 1; level--) {
		u64 first = address & ~((1ull << (12 + st.shape->bits * level)) - 1);

		open[n++] = (struct table_open){ stage_address(&st, first, 1, 0), (u8)level };
	}
	return n;
}

void describe_tables(struct session *s, enum stage_kind kind, u32 cpu, const struct table_open *open, u32 nopen, bool raw,
		     struct lines *l)
{
	struct tree t = { .open = open, .nopen = nopen, .raw = raw, .l = l };

	if (!begin(s, kind, cpu, &t.st, "", l))
		return;
	tree_table(&t, 0, paging_root(t.st.shape), 0);
	if (t.looked >= ENTRIES_MAX)
		lines_add(l, LINE_WARN, "... more entries than are looked at (%d)", ENTRIES_MAX);
}

/* ---- one table as a picture ---- */

static char heat_of(const struct walk_row *row)
{
	if (!row->present)
		return '.';
	u64 a = row->kind == STAGE_EPT ? EPT_A : PTE_A, d = row->kind == STAGE_EPT ? EPT_D : PTE_D;
	if (row->level > 1 && !row->large)
		return row->value & a ? 'T' : 't';
	return row->value & d ? 'd' : row->value & a ? 'a' : '-';
}

void describe_heat(struct session *s, enum stage_kind kind, u32 cpu, int level, u64 first, int width,
		   struct lines *l)
{
	struct tree t = { .l = l };
	struct err err = { 0 };
	struct walk_row row;
	u32 per = 16, n;

	if (stage_of(s, kind, cpu, &t.st, &err)) {
		lines_add(l, LINE_TEXT, "%s", kind == STAGE_GUEST ? "no paging: there are no tables" : err.text);
		return;
	}
	if (level < 1 || !t.st.shape->level_name[level < 5 ? level : 0])
		level = paging_root(t.st.shape);
	n = paging_entries(t.st.shape, level);
	first &= ~((1ull << (12 + t.st.shape->bits * level)) - 1);
	while (per < n && 6 + per * 2 <= (u32)width)
		per *= 2;
	lines_add(l, LINE_TITLE, "%s for %llx.. ", t.st.shape->level_name[level], ULL(first));
	lines_more(l, ". absent - present a accessed d dirty t table T used");
	for (u32 i = 0; i < n; i++) {
		if (i % per == 0)
			lines_add(l, LINE_TEXT, "%4u ", i);
		bool there = row_of(&t, stage_address(&t.st, first, level, i), level, &row);
		lines_more(l, "%c", there ? heat_of(&row) : '.');
	}
}

/* ---- what is mapped, in ranges ---- */

struct ranges {
	struct lines *l;
	u32 most, given;
	u64 bytes;
};

static bool range_line(void *arg, const struct mapping *m)
{
	struct ranges *r = arg;
	const char *unit = m->size >> 30 && !(m->size & ((1u << 30) - 1)) ? "GiB"
			   : m->size >> 20 && !(m->size & 0xfffff)        ? "MiB"
									  : "KiB";
	int shift = *unit == 'G' ? 30 : *unit == 'M' ? 20 : 10;
	struct line *line;

	r->bytes += m->size;
	if (r->given++ >= r->most)
		return true;
	line = lines_add(r->l, m->writable && m->executable ? LINE_WARN : LINE_TEXT,
			 "%016llx..%016llx %7llu %s  r%c%c%c  -> %llx", ULL(m->from), ULL(m->from + (m->size - 1)),
			 ULL(m->size >> shift), unit, m->writable ? 'w' : '-', m->executable ? 'x' : '-',
			 m->user ? 'u' : '-', ULL(m->to));
	line->about = ABOUT_GVA;
	line->value = m->from;
	return true;
}

void describe_mappings(struct session *s, enum stage_kind kind, u32 cpu, u32 most, struct lines *l)
{
	struct ranges r = { .l = l, .most = most };
	struct stage st;

	if (!begin(s, kind, cpu, &st, "  what is mapped where", l))
		return;
	bool whole = stage_mappings(&st, range_line, &r);
	if (kind == STAGE_EPT) /* Enter shows what the address maps, not a linear address */
		for (u32 i = 0; i < l->n; i++)
			l->line[i].about = l->line[i].about == ABOUT_GVA ? ABOUT_GPA : l->line[i].about;
	if (r.given > most)
		lines_add(l, LINE_WARN, "... and %u ranges more", r.given - most);
	if (!whole)
		lines_add(l, LINE_WARN, "... more entries than are looked at");
	lines_add(l, LINE_DIM, "%u range%s, %llu KiB", r.given, r.given == 1 ? "" : "s", ULL(r.bytes >> 10));
}
