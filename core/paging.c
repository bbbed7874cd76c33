/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.c - the pool of tables, and extended page tables, built as the guest touches its memory.
 * Rule: tables are handed out in the order of need and given back all at once, so the same run makes the same tables.
 */
#include "core/paging.h"

#include <errno.h>

#include "core/engine.h"
#include "core/mem.h"
#include "core/paging-check.h"
#include "core/shadow-priv.h"
#include "core/x86/x86.h"

enum { LEVELS = 4, TABLE = 4096, SPARE = 64 /* tables of the upper levels, and of what lies below 4 GiB */ };
#define PAGE_2M (1ull << 21)

const char *paging_mode_name(enum paging_mode mode)
{
	static const char *const names[] = { "none", "ept", "shadow" };

	return names[mode];
}

/* A shadow has tables for each of the guest's address spaces; 1/64 of the guest's memory holds those of a busy one. */
u64 paging_room(enum paging_mode mode, u64 mem_size, u64 tables)
{
	if (mode == PAGING_EPT)
		return (mem_size / PAGE_2M + SPARE) * TABLE;
	if (mode == PAGING_SHADOW)
		return (tables ? tables : mem_size / TABLE / 64 + 4 * SPARE) * TABLE;
	return 0;
}

int paging_check(enum paging_mode mode, const struct engine *engine, struct err *err)
{
	if (mode == PAGING_NONE || engine->caps & CAP_SECOND_STAGE)
		return 0;
	return err_set(err, ENOTSUP, "engine %s: does not walk our %s page tables (--paging %s): the host has its own",
		       engine->name, mode == PAGING_EPT ? "extended" : "shadow", paging_mode_name(mode));
}

int paging_open(struct second_stage *p, const struct paging_config *c, struct mem *mem, struct err *err)
{
	struct frames *f = mem->frames;
	u64 pool = c->room / TABLE;
	int rc;

	*p = (struct second_stage){ .mode = c->mode, .page_max = c->page_max ? c->page_max : PAGE_2M, .phys_bits = c->phys_bits,
			      .pool = pool, .used = 1, .mem = mem };
	dirty_open(p, c->dirty);
	if (c->mode == PAGING_NONE)
		return 0;
	p->unsync = c->unsync;
	p->pse = c->pse;
	p->page1g = c->page1g;
	p->first = frames_alloc_last(f, pool);
	if (p->first == FRAME_NONE)
		return err_set(err, ENOMEM, "the machine has no room for %llu page tables of its own", (unsigned long long)pool);
	rc = mem_slot_add(mem, c->mode == PAGING_EPT ? "extended page tables" : "shadow page tables", mem->span - c->room,
			  c->room, p->first, SLOT_HOLE | SLOT_MACHINE, err);
	p->view = rc < 0 ? NULL : frames_map(f, p->first, pool);
	frames_unref(f, p->first, pool); /* the slot's reference stays */
	if (rc >= 0 && !p->view)
		rc = err_set(err, ENOMEM, "the page tables of the machine cannot be mapped");
	p->slot = rc < 0 ? 0 : (u32)rc;
	if (rc >= 0 && c->mode == PAGING_SHADOW)
		rc = shadow_open(p, err);
	return rc < 0 ? rc : 0;
}

void paging_close(struct second_stage *p)
{
	shadow_close(p);
	frames_unmap(p->view, p->pool);
	*p = (struct second_stage){ 0 };
}

u64 paging_eptp(const struct second_stage *p)
{
	/* with flags, reading the guest's page tables would need the right to write them, too (SDM 3C 28.2.4) */
	return p->first * PAGE_SIZE_4K | EPTP_WB | EPTP_LEVELS_4 | (p->dirty.way == DIRTY_WP ? 0 : EPTP_AD);
}

/* ---- entries, by machine address ---- */

/* NULL: outside of the pool.  The content may come from a snapshot that somebody has spoilt. */
static u64 *entry(const struct second_stage *p, u64 address)
{
	u64 offset = address - p->first * PAGE_SIZE_4K;

	return offset < p->used * TABLE ? (u64 *)(void *)(p->view + (offset & ~7ull)) : NULL;
}

static u64 read_entry(void *arg, u64 address)
{
	const u64 *e = entry(arg, address);

	return e ? *e : 0;
}

static void write_entry(void *arg, u64 address, u64 value)
{
	const struct second_stage *p = arg;
	const struct mem_slot *slot = mem_slot_get(p->mem, p->slot);
	u64 *e = entry(p, address);

	if (!e)
		return;
	*e = value;
	if (p->checker)
		paging_check_wrote(p->checker, address, value);
	mem_touched(p->mem, slot->gpa + (address - p->first * PAGE_SIZE_4K), 8);
}

struct ept_env paging_env(const struct second_stage *p)
{
	return (struct ept_env){ .eptp = paging_eptp(p), .phys_bits = p->phys_bits, .read = read_entry, .write = write_entry,
				 .log = p->dirty.way == DIRTY_PML ? dirty_log_page : NULL, .arg = (void *)p };
}

/* ---- filling ---- */

void paging_flush(struct second_stage *p)
{
	if (!p->view)
		return;
	p->counts.flushes++;
	if (p->shadow) {
		shadow_flush(p);
		return;
	}
	dirty_before_flush(p);
	for (u64 i = 0; i < p->used * TABLE; i += 8)
		if (*(u64 *)(void *)(p->view + i))
			write_entry(p, p->first * PAGE_SIZE_4K + i, 0);
	p->used = 1;
}

u64 paging_used(const struct second_stage *p)
{
	return p->mode == PAGING_EPT ? p->used : 0;
}

/* A stream may say anything: then the tables are empty. */
void paging_restored(struct second_stage *p, u64 used)
{
	if (!p->view)
		return;
	if (p->shadow) {
		shadow_restored(p);
		return;
	}
	p->used = p->pool;
	if (used < 1 || used > p->pool)
		paging_flush(p);
	else
		p->used = used;
	dirty_restored(p);
}

/* Machine address of a fresh table, which is empty; 0 if there is none left. */
static u64 new_table(struct second_stage *p)
{
	return p->used == p->pool ? 0 : (p->first + p->used++) * PAGE_SIZE_4K;
}

int paging_leaf_level(const struct second_stage *p, u64 gpa)
{
	const struct mem_slot *s = mem_slot_at(p->mem, gpa);

	for (int level = 3; level > 1 && s && !(s->flags & SLOT_PAGED); level--) {
		u64 size = 1ull << (12 + 9 * (level - 1)), start = gpa & ~(size - 1);
		u64 hpa = s->frame * PAGE_SIZE_4K + (start - s->gpa);

		if (size <= p->page_max && start >= s->gpa && start + size <= s->gpa + s->size && !(hpa & (size - 1)))
			return level;
	}
	return 1;
}

frame_no paging_frame(struct second_stage *p, u64 gpa, bool write, bool *writable)
{
	const struct mem_slot *s = mem_slot_at(p->mem, gpa);

	*writable = false;
	if (!s || s->flags & SLOT_HOLE || (write && s->flags & SLOT_ROM))
		return FRAME_NONE;
	/* of a paged slot: a page that is out comes in, a shared one is copied before it is written */
	if (s->flags & SLOT_PAGED && !mem_host(p->mem, gpa & ~(u64)PAGE_MASK_4K, PAGE_SIZE_4K, write))
		return FRAME_NONE;
	*writable = dirty_may_write(p, s, gpa, write) && !(s->flags & SLOT_ROM) && !(s->flags & SLOT_PAGED && mem_is_shared(p->mem, gpa));
	return mem_frame(p->mem, gpa);
}

/* False: no table is left, or those that are there make no sense. */
static bool put(struct second_stage *p, u64 gpa, int leaf, u64 value)
{
	u64 table = p->first * PAGE_SIZE_4K;

	for (int level = LEVELS;; level--) {
		u64 at = table + (gpa >> (12 + 9 * (level - 1)) & 511) * 8;

		if (!entry(p, at))
			return false;
		if (level == leaf) {
			write_entry(p, at, value);
			return true;
		}
		if (!(read_entry(p, at) & EPT_RIGHTS)) {
			u64 next = new_table(p);

			if (!next)
				return false;
			write_entry(p, at, next | EPT_RIGHTS);
		}
		if (read_entry(p, at) & EPT_LARGE)
			return false;
		table = read_entry(p, at) & ~(u64)PAGE_MASK_4K & ((1ull << p->phys_bits) - 1);
	}
}

bool paging_fill(struct second_stage *p, u64 gpa, u64 access)
{
	bool writable;
	frame_no frame;
	u64 offset, value;
	int level;

	if (p->mode != PAGING_EPT)
		return false;
	frame = paging_frame(p, gpa, access & EPT_W, &writable);
	if (frame == FRAME_NONE)
		return false;
	level = paging_leaf_level(p, gpa);
	offset = gpa & ((1ull << (12 + 9 * (level - 1))) - 1) & ~(u64)PAGE_MASK_4K;
	value = (frame * PAGE_SIZE_4K - offset) | EPT_R | EPT_X | (writable ? EPT_W : 0) | EPT_TYPE_WB << EPT_TYPE_SHIFT |
		(level > 1 ? EPT_LARGE : 0);
	if (!put(p, gpa, level, value)) {
		paging_flush(p); /* as a shadow pager does that has reached its bound: start again */
		if (p->hooks.emptied)
			p->hooks.emptied(p->hooks.arg);
		put(p, gpa, level, value);
	}
	p->counts.fills++;
	return true;
}

/* ---- the guest's memory has changed ---- */

void paging_written(struct second_stage *p, u64 gpa, u64 len, enum paging_sync who)
{
	if (p->checker)
		paging_check_stored(p->checker, gpa, len);
	if (p->shadow)
		shadow_written(p, gpa, len, who);
}

/* The leaf that maps gpa, or NULL. */
static u64 *leaf_of(const struct second_stage *p, u64 gpa)
{
	struct ept_env env = paging_env(p);
	struct ept_result res;

	return ept_walk(&env, gpa, 0, &res) ? entry(p, res.step[res.steps - 1].gpa) : NULL;
}

void paging_forget(struct second_stage *p, u64 gpa, u64 len)
{
	if (p->shadow)
		shadow_forget(p, gpa, len);
	for (u64 at = gpa & ~(u64)PAGE_MASK_4K; p->mode == PAGING_EPT && at < gpa + len; at += PAGE_SIZE_4K) {
		u64 *e = leaf_of(p, at);

		if (!e)
			continue;
		dirty_leaf_goes(p, at, *e);
		write_entry(p, p->first * PAGE_SIZE_4K + (u64)((u8 *)e - p->view), 0);
		p->counts.forgotten++;
	}
}

void paging_write_protect(struct second_stage *p, u64 gpa, u64 len)
{
	for (u64 gfn = gpa / PAGE_SIZE_4K; p->shadow && gfn < (gpa + len) / PAGE_SIZE_4K && gfn < p->shadow->pages; gfn++)
		if (p->shadow->mapping[gfn])
			shadow_protect(p, gfn);
}
