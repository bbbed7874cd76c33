/* SPDX-License-Identifier: GPL-3.0-or-later
 * dirty.c - which pages are written: by write protection, by dirty flags, by page-modification logging.
 * Rule: after dirty_rearm no entry of the slot lets a page be written without the way's notice, and the engine drops
 * the translations for writing that it holds.
 */
#include "core/dirty.h"

#include <errno.h>
#include <string.h>

#include "core/exit.h"
#include "core/mem.h"
#include "core/paging.h"
#include "core/x86/x86.h"

enum { LEVELS = 4, ENTRIES = 512 };

static const char *const names[DIRTY_WAYS] = { "own", "wp", "ad", "pml" };

const char *dirty_way_name(enum dirty_way way)
{
	return names[way];
}

int dirty_way_by_name(const char *name)
{
	for (int way = 0; way < DIRTY_WAYS; way++)
		if (!strcmp(names[way], name))
			return way;
	return -1;
}

int dirty_check(enum dirty_way way, enum paging_mode mode, struct err *err)
{
	if (way == DIRTY_OWN || mode == PAGING_EPT || (way == DIRTY_WP && mode == PAGING_SHADOW))
		return 0;
	return err_set(err, EINVAL, "--dirty-log %s and --paging %s; expected --paging ept%s: the log lives in its tables", names[way],
		       paging_mode_name(mode), way == DIRTY_WP ? " or shadow" : "");
}

void dirty_open(struct second_stage *p, enum dirty_way way)
{
	p->dirty = (struct dirty_log){ .way = way, .index = PML_ENTRIES - 1 };
	if (way != DIRTY_OWN)
		p->page_max = PAGE_SIZE_4K;
}

/* ---- marking ---- */

static bool is_logged(const struct mem_slot *s)
{
	return s && (s->flags & SLOT_LOG) && !(s->flags & SLOT_MACHINE);
}

static bool is_dirty(const struct mem_slot *s, u64 gpa)
{
	return mem_is_dirty(s, (gpa - s->gpa) / PAGE_SIZE_4K);
}

/* Pages of the guest, [gpa, gpa + len). */
static void mark(struct second_stage *p, u64 gpa, u64 len)
{
	for (u64 at = gpa & ~(u64)PAGE_MASK_4K; at < gpa + len; at += PAGE_SIZE_4K) {
		const struct mem_slot *s = mem_slot_at(p->mem, at);

		if (!is_logged(s) || is_dirty(s, at))
			continue;
		mem_mark_dirty((struct mem_slot *)s, at, 1);
		p->dirty.counts.pages++;
		if (p->hooks.dirtied)
			p->hooks.dirtied(p->hooks.arg, at);
	}
}

/* ---- leaves of the extended page tables ---- */

/* What becomes of a leaf; `size` bytes at gpa. */
typedef u64 (*leaf_fn)(struct second_stage *p, u64 gpa, u64 size, u64 leaf);

struct sweep { struct second_stage *p; struct ept_env env; u64 first, end; leaf_fn fn; };

static void sweep_table(struct sweep *w, u64 table, int level, u64 gpa)
{
	u64 size = 1ull << (12 + 9 * (level - 1)), mask = ((1ull << w->env.phys_bits) - 1) & ~(u64)PAGE_MASK_4K;

	for (u64 i = 0; i < ENTRIES; i++, gpa += size) {
		u64 e, changed;

		if (gpa >= w->end || gpa + size <= w->first)
			continue;
		e = w->env.read(w->env.arg, table + i * 8);
		w->p->dirty.counts.looked++;
		if (!(e & EPT_RIGHTS))
			continue;
		if (level > 1 && !(e & EPT_LARGE)) {
			sweep_table(w, e & mask, level - 1, gpa);
			continue;
		}
		changed = w->fn(w->p, gpa, size, e);
		w->p->dirty.counts.rearmed += changed != e;
		if (changed != e)
			w->env.write(w->env.arg, table + i * 8, changed);
	}
}

static void sweep(struct second_stage *p, u64 gpa, u64 len, leaf_fn fn)
{
	struct sweep w = { .p = p, .env = paging_env(p), .first = gpa, .end = gpa + len, .fn = fn };

	sweep_table(&w, p->first * PAGE_SIZE_4K, LEVELS, 0);
}

static u64 collect(struct second_stage *p, u64 gpa, u64 size, u64 leaf)
{
	if (leaf & EPT_D)
		mark(p, gpa, size);
	return leaf;
}

static u64 clean(struct second_stage *p, u64 gpa, u64 size, u64 leaf)
{
	return leaf & ~(u64)EPT_D;
}

static u64 write_protect(struct second_stage *p, u64 gpa, u64 size, u64 leaf)
{
	return leaf & ~(u64)EPT_W;
}

/* ---- what happens ---- */

bool dirty_may_write(struct second_stage *p, const struct mem_slot *s, u64 gpa, bool write)
{
	if (p->dirty.way != DIRTY_WP || !is_logged(s))
		return true;
	if (write && !is_dirty(s, gpa)) {
		p->dirty.counts.faults++;
		mark(p, gpa, 1);
	}
	return is_dirty(s, gpa);
}

bool dirty_log_page(void *arg, u64 gpa)
{
	struct second_stage *p = arg;
	struct dirty_log *d = &p->dirty;

	if (d->index >= PML_ENTRIES)
		return false;
	d->entry[d->index--] = gpa & ~(u64)PAGE_MASK_4K; /* from 0 it goes to FFFFh: full */
	d->counts.logged++;
	return true;
}

void dirty_drain(struct second_stage *p)
{
	struct dirty_log *d = &p->dirty;

	d->counts.full += d->index == PML_FULL;
	for (u32 i = (u16)(d->index + 1); i < PML_ENTRIES; i++)
		mark(p, d->entry[i], 1);
	d->index = PML_ENTRIES - 1;
}

void dirty_fetching(struct second_stage *p, const struct mem_slot *s)
{
	if (p->dirty.way == DIRTY_PML)
		dirty_drain(p);
	if (!is_logged(s) || p->dirty.way == DIRTY_OWN)
		return;
	p->dirty.counts.fetches++;
	if (p->dirty.way == DIRTY_AD)
		sweep(p, s->gpa, s->size, collect);
}

void dirty_rearm(struct second_stage *p, const struct mem_slot *s)
{
	if (!is_logged(s) || p->dirty.way == DIRTY_OWN || !p->view)
		return;
	if (p->mode == PAGING_SHADOW)
		paging_write_protect(p, s->gpa, s->size);
	else
		sweep(p, s->gpa, s->size, p->dirty.way == DIRTY_WP ? write_protect : clean);
}

/* The flags go with the tables. */
void dirty_before_flush(struct second_stage *p)
{
	if (p->dirty.way == DIRTY_AD)
		sweep(p, 0, p->mem->span, collect);
}

/* Their rights and flags are those of another time. */
void dirty_restored(struct second_stage *p)
{
	p->dirty.index = PML_ENTRIES - 1;
	for (int i = 0; i < p->mem->nslots; i++)
		dirty_rearm(p, &p->mem->slot[i]);
}

void dirty_leaf_goes(struct second_stage *p, u64 gpa, u64 leaf)
{
	if (p->dirty.way == DIRTY_AD)
		collect(p, gpa & ~(u64)PAGE_MASK_4K, PAGE_SIZE_4K, leaf);
}

bool dirty_is_exit(const struct second_stage *p, const struct vm_exit *e)
{
	const struct mem_slot *s;

	if (e->reason == EXIT_PML_FULL)
		return true;
	if (e->reason != EXIT_EPT_VIOLATION || p->dirty.way != DIRTY_WP || !(e->qualification & EPT_W) ||
	    !(e->qualification >> EPTQ_ALLOWED_SHIFT & EPT_R))
		return false;
	s = mem_slot_at(p->mem, mem_gpa(p->mem, e->gpa));
	return is_logged(s) && !(s->flags & SLOT_ROM) && !is_dirty(s, mem_gpa(p->mem, e->gpa));
}
