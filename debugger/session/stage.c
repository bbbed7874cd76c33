/* SPDX-License-Identifier: GPL-3.0-or-later
 * stage.c - walking the tables of a stage, and going through all that they map.
 * Rule: tables may point at themselves, so only so many entries are looked at.
 */
#include "debugger/session/stage.h"

#include <errno.h>
#include <string.h>

#include "debugger/session/describe-priv.h"

enum { ENTRIES_MAX = 1 << 17 };

static const char *const names[STAGES] = {
	[STAGE_GUEST] = "guest",
	[STAGE_SHADOW] = "shadow",
	[STAGE_EPT] = "ept",
};

const char *stage_name(enum stage_kind kind)
{
	return names[kind];
}

static int open_guest(struct stage *st, struct err *err)
{
	st->shape = paging_shape(&st->p);
	st->root = st->p.env.cr3 & (st->shape->levels == 4 ? ~(u64)PAGE_MASK_4K : ~31ull);
	if (st->shape->levels)
		return 0;
	return err_set(err, ENOENT, "linear addresses are guest-physical addresses, 32 bits wide");
}

int stage_of(struct session *s, enum stage_kind kind, u32 cpu, struct stage *st, struct err *err)
{
	static int (*const open[STAGES])(struct stage * st, struct err * err) = {
		[STAGE_GUEST] = open_guest,
		[STAGE_SHADOW] = shadow_stage,
		[STAGE_EPT] = ept_stage,
	};

	memset(st, 0, sizeof(*st));
	st->kind = kind;
	st->s = s;
	st->cpu = cpu;
	if (paging_of(s, cpu, &st->p))
		return err_set(err, EIO, "processor %u cannot be asked now", cpu);
	return open[kind](st, err);
}

/* ---- one walk ---- */

static int walk_guest(const struct stage *st, u64 gva, struct walk_row row[WALK_ROWS], struct stage_end *end)
{
	struct walk_result res;
	bool ok;
	int n = describe_walk_rows(&st->p, gva, row, &res, &ok);

	*end = (struct stage_end){ .found = ok,
				   .to = res.gpa,
				   .page_size = res.page_size,
				   .writable = res.writable,
				   .executable = !res.nx,
				   .user = res.user,
				   .dirty = res.dirty,
				   .global = res.global };
	end->accessed = n && row[n - 1].value & PTE_A;
	if (!ok)
		end->why = n && row[n - 1].reserved ? "reserved bits set" : "not present";
	return n;
}

int stage_walk(const struct stage *st, u64 address, struct walk_row row[WALK_ROWS], struct stage_end *end)
{
	static int (*const walks[STAGES])(const struct stage *st, u64 address, struct walk_row *row,
					  struct stage_end *end) = {
		[STAGE_GUEST] = walk_guest,
		[STAGE_SHADOW] = shadow_rows,
		[STAGE_EPT] = ept_rows,
	};

	return walks[st->kind](st, address, row, end);
}

void stage_rights(const struct stage_end *end, char out[5])
{
	out[0] = end->found ? 'r' : '-';
	out[1] = end->found && end->writable ? 'w' : '-';
	out[2] = end->found && end->executable ? 'x' : '-';
	out[3] = end->found && end->user ? 'u' : '-';
	out[4] = 0;
}

/* ---- all pages ---- */

/* Linear addresses are canonical (SDM 3A 4.5); guest-physical ones are as they are. */
u64 stage_address(const struct stage *st, u64 first, int level, u32 i)
{
	const struct paging_shape *shape = st->shape;
	u64 address = first + ((u64)i << (12 + shape->bits * (level - 1)));

	if (st->kind == STAGE_EPT || shape->levels != 4)
		return address;
	return address >> 47 & 1 ? address | 0xffff000000000000ull : address & 0x0000ffffffffffffull;
}

/* Outside of 64-bit mode linear addresses have 32 bits, however the shadow is made. */
u32 stage_count(const struct stage *st, int level)
{
	if (st->kind == STAGE_SHADOW && !(st->p.env.efer & EFER_LMA))
		return level == 4 ? 1 : level == 3 ? 4 : 512;
	return paging_entries(st->shape, level);
}

struct each {
	const struct stage *st;
	stage_entry entry;
	void *arg;
	u32 looked;
	bool enough;
};

static void each_table(struct each *e, u64 first, int level)
{
	u32 n = stage_count(e->st, level);
	struct walk_row row[WALK_ROWS];
	struct stage_end end;

	for (u32 i = 0; i < n && e->looked < ENTRIES_MAX && !e->enough; i++) {
		u64 address = stage_address(e->st, first, level, i);
		int rows = stage_walk(e->st, address, row, &end), at = 0;

		e->looked++;
		while (at < rows && row[at].level != level)
			at++;
		if (at == rows || !row[at].present || row[at].reserved)
			continue;
		bool leaf = at == rows - 1 && end.found;
		e->enough = !e->entry(e->arg, address, &row[at], leaf ? &end : NULL);
		if (!leaf && level > 1)
			each_table(e, address, level - 1);
	}
}

bool stage_entries(const struct stage *st, stage_entry entry, void *arg)
{
	struct each e = { .st = st, .entry = entry, .arg = arg };

	each_table(&e, 0, paging_root(st->shape));
	return e.looked < ENTRIES_MAX;
}

struct merge {
	struct mapping now;
	stage_mapping mapping;
	void *arg;
};

static bool merge_page(void *arg, u64 address, const struct walk_row *row, const struct stage_end *end)
{
	struct merge *m = arg;
	struct mapping *now = &m->now;
	u64 to = row->frame;
	bool more = true;

	if (!end)
		return true;
	if (now->size && now->from + now->size == address && now->to + now->size == to &&
	    now->writable == end->writable && now->executable == end->executable && now->user == end->user) {
		now->size += end->page_size;
		return true;
	}
	if (now->size)
		more = m->mapping(m->arg, now);
	*now = (struct mapping){ address, to, end->page_size, end->writable, end->executable, end->user };
	return more;
}

bool stage_mappings(const struct stage *st, stage_mapping mapping, void *arg)
{
	struct merge m = { .mapping = mapping, .arg = arg };
	bool whole = stage_entries(st, merge_page, &m);

	if (m.now.size)
		mapping(arg, &m.now);
	return whole;
}
