/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging.c - extended page tables, built as the guest touches its memory.
 * Rule: tables are handed out in the order of need and given back all at once, so the same run makes the same tables.
 */
#include "core/paging.h"

#include <errno.h>

#include "core/engine.h"
#include "core/mem.h"
#include "core/x86/x86.h"

enum { LEVELS = 4, TABLE = 4096, SPARE = 64 /* tables of the upper levels, and of what lies below 4 GiB */ };
#define PAGE_2M (1ull << 21)

u64 paging_room(enum paging_mode mode, u64 mem_size)
{
	return mode == PAGING_EPT ? (mem_size / PAGE_2M + SPARE) * TABLE : 0;
}

int paging_check(enum paging_mode mode, const struct engine *engine, struct err *err)
{
	if (mode == PAGING_NONE || engine->caps & CAP_SECOND_STAGE)
		return 0;
	return err_set(err, ENOTSUP, "engine %s: does not walk our extended page tables (--paging ept): the host has its own",
		       engine->name);
}

int paging_open(struct second_stage *p, const struct paging_config *c, struct mem *mem, struct err *err)
{
	struct frames *f = mem->frames;
	u64 pool = c->room / TABLE;
	int rc;

	*p = (struct second_stage){ .mode = c->mode, .page_max = c->page_max ? c->page_max : PAGE_2M, .phys_bits = c->phys_bits,
			      .pool = pool, .used = 1, .mem = mem };
	if (c->mode == PAGING_NONE)
		return 0;
	p->first = frames_alloc_last(f, pool);
	if (p->first == FRAME_NONE)
		return err_set(err, ENOMEM, "the machine has no room for %llu page tables of its own", (unsigned long long)pool);
	rc = mem_slot_add(mem, "extended page tables", mem->span - c->room, c->room, p->first, SLOT_HOLE | SLOT_MACHINE, err);
	p->view = rc < 0 ? NULL : frames_map(f, p->first, pool);
	frames_unref(f, p->first, pool); /* the slot's reference stays */
	if (rc >= 0 && !p->view)
		rc = err_set(err, ENOMEM, "the page tables of the machine cannot be mapped");
	p->slot = rc < 0 ? 0 : (u32)rc;
	return rc < 0 ? rc : 0;
}

void paging_close(struct second_stage *p)
{
	frames_unmap(p->view, p->pool);
	*p = (struct second_stage){ 0 };
}

u64 paging_eptp(const struct second_stage *p)
{
	return p->first * PAGE_SIZE_4K | EPTP_WB | EPTP_LEVELS_4 | EPTP_AD;
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
	mem_touched(p->mem, slot->gpa + (address - p->first * PAGE_SIZE_4K), 8);
}

struct ept_env paging_env(const struct second_stage *p)
{
	return (struct ept_env){ .eptp = paging_eptp(p), .phys_bits = p->phys_bits, .read = read_entry, .write = write_entry,
				 .arg = (void *)p };
}

/* ---- filling ---- */

void paging_flush(struct second_stage *p)
{
	if (!p->view)
		return;
	for (u64 i = 0; i < p->used * TABLE; i += 8)
		if (*(u64 *)(void *)(p->view + i))
			write_entry(p, p->first * PAGE_SIZE_4K + i, 0);
	p->used = 1;
	p->flushes++;
}

/* A stream may say anything: then the tables are empty. */
void paging_restored(struct second_stage *p, u64 used)
{
	if (!p->view)
		return;
	p->used = p->pool;
	if (used < 1 || used > p->pool)
		paging_flush(p);
	else
		p->used = used;
}

/* Machine address of a fresh table, which is empty; 0 if there is none left. */
static u64 new_table(struct second_stage *p)
{
	return p->used == p->pool ? 0 : (p->first + p->used++) * PAGE_SIZE_4K;
}

/* The largest page around gpa that lies in the slot and is aligned in the machine's memory, too. */
static int leaf_level(const struct second_stage *p, const struct mem_slot *s, u64 gpa)
{
	for (int level = 3; level > 1; level--) {
		u64 size = 1ull << (12 + 9 * (level - 1)), start = gpa & ~(size - 1);
		u64 hpa = s->frame * PAGE_SIZE_4K + (start - s->gpa);

		if (size <= p->page_max && start >= s->gpa && start + size <= s->gpa + s->size && !(hpa & (size - 1)))
			return level;
	}
	return 1;
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
	const struct mem_slot *s = mem_slot_at(p->mem, gpa);
	u64 rights = EPT_RIGHTS, start, value;
	int level;

	if (p->mode == PAGING_NONE || !s || (s->flags & SLOT_HOLE))
		return false;
	if (s->flags & SLOT_ROM)
		rights &= ~EPT_W;
	if (access & ~rights)
		return false;
	level = leaf_level(p, s, gpa);
	start = gpa & ~((1ull << (12 + 9 * (level - 1))) - 1);
	value = (s->frame * PAGE_SIZE_4K + (start - s->gpa)) | rights | EPT_TYPE_WB << EPT_TYPE_SHIFT |
		(level > 1 ? EPT_LARGE : 0);
	if (!put(p, gpa, level, value)) {
		paging_flush(p); /* as a shadow pager does that has reached its bound: start again */
		put(p, gpa, level, value);
	}
	p->fills++;
	return true;
}
