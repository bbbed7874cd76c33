/* SPDX-License-Identifier: GPL-3.0-or-later
 * describe-tables.c - page tables as a tree, as a picture, and as the ranges that they map.
 * Rule: tables may point at themselves, so only so many entries are looked at, and it is said when there
 * are more.
 */
#include "debugger/session/describe-priv.h"

#define ULL(x) ((unsigned long long)(x))
enum { ENTRIES_MAX = 1 << 17 };

/* ---- the tree of tables ---- */

struct tree {
	struct paging p;
	const struct paging_shape *shape;
	const struct table_open *open;
	u32 nopen, looked;
	struct lines *l;
};

/* The linear address of entry i of the table of `level` that maps `first`; canonical (SDM 3A 4.5). */
static u64 address_of(const struct paging_shape *shape, u64 first, int level, u32 i)
{
	u64 gva = first + ((u64)i << (12 + shape->bits * (level - 1)));

	return shape->levels == 4 && gva >> 47 & 1 ? gva | 0xffff000000000000ull : gva;
}

/* The row of this level in the walk for gva: false if it ends above. */
static bool row_of(struct tree *t, u64 gva, int level, struct walk_row *row)
{
	struct walk_row rows[WALK_ROWS];
	struct walk_result res;
	bool ok;
	int n = describe_walk_rows(&t->p, gva, rows, &res, &ok);

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
	line = lines_add(t->l, row->reserved ? LINE_BAD : LINE_TEXT, "%*s%cL%u %3u %0*llx %s %llx", depth, "",
			 leaf   ? ' '
			 : open ? '-'
				: '+',
			 row->level, row->index, t->shape->levels == 4 ? 16 : 8, ULL(gva), flags,
			 ULL(row->frame));
	line->about = leaf ? ABOUT_GPA : ABOUT_TABLE;
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
	u32 n = paging_entries(t->shape, level), absent = 0;
	struct walk_row row;

	for (u32 i = 0; i < n && t->looked < ENTRIES_MAX; i++) {
		u64 gva = address_of(t->shape, first, level, i);
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

u32 describe_way(const struct paging *p, u64 gva, struct table_open open[4])
{
	const struct paging_shape *shape = paging_shape(p);
	u32 n = 0;

	for (int level = paging_root(shape) - 1; level >= 1; level--)
		open[n++] = (struct table_open){
			address_of(shape, gva & ~((1ull << (12 + shape->bits * level)) - 1), 1, 0), (u8)level
		};
	return n;
}

void describe_tables(struct session *s, u32 cpu, const struct table_open *open, u32 nopen, struct lines *l)
{
	struct tree t = { .open = open, .nopen = nopen, .l = l };

	if (paging_of(s, cpu, &t.p)) {
		lines_add(l, LINE_BAD, "processor %u cannot be asked now", cpu);
		return;
	}
	t.shape = paging_shape(&t.p);
	lines_add(l, LINE_TITLE, "cpu %u  %s  cr3 %llx", cpu, t.shape->name, ULL(t.p.env.cr3));
	if (!t.shape->levels) {
		lines_add(l, LINE_TEXT, "linear addresses are guest-physical addresses, 32 bits wide");
		return;
	}
	tree_table(&t, 0, paging_root(t.shape), 0);
	if (t.looked >= ENTRIES_MAX)
		lines_add(l, LINE_WARN, "... more entries than are looked at (%d)", ENTRIES_MAX);
}

/* ---- one table as a picture ---- */

static char heat_of(const struct walk_row *row)
{
	if (!row->present)
		return '.';
	if (row->level > 1 && !row->large)
		return row->value & PTE_A ? 'T' : 't';
	return row->value & PTE_D ? 'd' : row->value & PTE_A ? 'a' : '-';
}

void describe_heat(struct session *s, u32 cpu, int level, u64 first, int width, struct lines *l)
{
	struct tree t = { .l = l };
	struct walk_row row;
	u32 per = 16, n;

	if (paging_of(s, cpu, &t.p) || !(t.shape = paging_shape(&t.p))->levels) {
		lines_add(l, LINE_TEXT, "no paging: there are no tables");
		return;
	}
	if (level < 1 || !t.shape->level_name[level < 5 ? level : 0])
		level = paging_root(t.shape);
	n = paging_entries(t.shape, level);
	first &= ~((1ull << (12 + t.shape->bits * level)) - 1);
	while (per < n && 6 + per * 2 <= (u32)width)
		per *= 2;
	lines_add(l, LINE_TITLE, "%s for %llx.. ", t.shape->level_name[level], ULL(first));
	lines_more(l, ". absent - present a accessed d dirty t table T used");
	for (u32 i = 0; i < n; i++) {
		if (i % per == 0)
			lines_add(l, LINE_TEXT, "%4u ", i);
		bool there = row_of(&t, address_of(t.shape, first, level, i), level, &row);
		lines_more(l, "%c", there ? heat_of(&row) : '.');
	}
}

/* ---- what is mapped, in ranges ---- */

struct range {
	u64 gva, gpa, size;
	bool writable, user, nx, any;
};

struct ranges {
	struct tree t;
	struct range now;
	u32 most, given;
	u64 pages, bytes;
};

static void range_end(struct ranges *r)
{
	const struct range *n = &r->now;
	struct line *line;
	const char *unit = n->size >> 30 && !(n->size & ((1u << 30) - 1)) ? "GiB"
			   : n->size >> 20 && !(n->size & 0xfffff)        ? "MiB"
									  : "KiB";
	int shift = *unit == 'G' ? 30 : *unit == 'M' ? 20 : 10;

	if (!n->any || r->given++ >= r->most)
		return;
	line = lines_add(r->t.l, n->writable && !n->nx ? LINE_WARN : LINE_TEXT,
			 "%016llx..%016llx %7llu %s  r%c%c%c  -> %llx", ULL(n->gva),
			 ULL(n->gva + (n->size - 1)), ULL(n->size >> shift), unit, n->writable ? 'w' : '-',
			 n->nx ? '-' : 'x', n->user ? 'u' : '-', ULL(n->gpa));
	line->about = ABOUT_GVA;
	line->value = n->gva;
}

static void range_page(struct ranges *r, u64 gva, const struct walk_result *res)
{
	struct range *n = &r->now;
	u64 gpa = res->gpa & ~(res->page_size - 1);

	r->pages++;
	r->bytes += res->page_size;
	if (n->any && n->gva + n->size == gva && n->gpa + n->size == gpa && n->writable == res->writable &&
	    n->user == res->user && n->nx == res->nx) {
		n->size += res->page_size;
		return;
	}
	range_end(r);
	*n = (struct range){ gva, gpa, res->page_size, res->writable, res->user, res->nx, true };
}

static void range_table(struct ranges *r, u64 first, int level)
{
	const struct paging_shape *shape = r->t.shape;
	u32 n = paging_entries(shape, level);
	struct walk_row rows[WALK_ROWS];
	struct walk_result res;
	bool ok;

	for (u32 i = 0; i < n && r->t.looked < ENTRIES_MAX; i++) {
		u64 gva = address_of(shape, first, level, i);
		int steps = describe_walk_rows(&r->t.p, gva, rows, &res, &ok), at = 0;

		r->t.looked++;
		while (at < steps && rows[at].level != level)
			at++;
		if (at == steps || !rows[at].present || rows[at].reserved)
			continue;
		if (level == 1 || (at == steps - 1 && ok))
			range_page(r, gva, &res);
		else
			range_table(r, gva, level - 1);
	}
}

void describe_mappings(struct session *s, u32 cpu, u32 most, struct lines *l)
{
	struct ranges r = { .t = { .l = l }, .most = most };

	if (paging_of(s, cpu, &r.t.p)) {
		lines_add(l, LINE_BAD, "processor %u cannot be asked now", cpu);
		return;
	}
	r.t.shape = paging_shape(&r.t.p);
	lines_add(l, LINE_TITLE, "cpu %u  %s  cr3 %llx  what is mapped where", cpu, r.t.shape->name,
		  ULL(r.t.p.env.cr3));
	if (!r.t.shape->levels) {
		lines_add(l, LINE_TEXT, "linear addresses are guest-physical addresses, 32 bits wide");
		return;
	}
	range_table(&r, 0, paging_root(r.t.shape));
	range_end(&r);
	if (r.given > most)
		lines_add(l, LINE_WARN, "... and %u ranges more", r.given - most);
	if (r.t.looked >= ENTRIES_MAX)
		lines_add(l, LINE_WARN, "... more entries than are looked at (%d)", ENTRIES_MAX);
	lines_add(l, LINE_DIM, "%llu page%s, %llu KiB", ULL(r.pages), r.pages == 1 ? "" : "s",
		  ULL(r.bytes >> 10));
}
