/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging-check.c - the checker: what of memory any table may show, extended page tables, references to frames.
 * Rule: whatever has been written is checked before the guest executes its next instruction; if that is too much to be
 * noted, everything is.
 */
#include "core/paging-check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/paging-check-priv.h"
#include "core/vm.h"
#include "core/x86/x86.h"

enum { LEVELS = 4, ENTRIES = 512, TABLE = 4096, NOTED = 256, STORES = 32, SHORT = 64 /* instructions */, SHORT_RUNS = 16,
       CHANGES = 1024 /* exits that touched entries, after which everything is checked */ };
#define ULL(x) ((unsigned long long)(x))

struct paging_checker {
	struct vm *vm;
	bool all;              /* more was written than could be noted */
	u32 nentries, nstores;
	u64 entry[NOTED];      /* machine addresses */
	struct { u64 gpa, len; } store[STORES];
	u64 icount;            /* when everything was last checked; */
	u32 short_runs, changes; /* since then */
	struct paging_check_counts counts;
};

void check_tell(struct check *c, const char *format, ...)
{
	char line[400];
	va_list args;

	if (c->violations++ >= CHECK_TOLD || !c->text)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_printf(c->text, "%s\n", line);
}

/* ---- memory ---- */

bool check_in_pool(const struct second_stage *p, u64 machine)
{
	return machine - p->first * PAGE_SIZE_4K < p->pool * PAGE_SIZE_4K;
}

const char *check_memory(const struct check *c, u64 gpa, u64 size, frame_no frame, bool writable)
{
	const struct mem *m = &c->vm->mem;
	const struct mem_slot *s = mem_slot_at(m, gpa);

	if (frame * PAGE_SIZE_4K < (c->p->first + c->p->pool) * PAGE_SIZE_4K && (frame + size / PAGE_SIZE_4K) > c->p->first)
		return "it shows the hypervisor's own tables";
	if (!s || s->flags & (SLOT_HOLE | SLOT_MACHINE) || size > s->size || gpa - s->gpa > s->size - size)
		return "the guest has no memory there";
	if (s->flags & SLOT_PAGED && size > PAGE_SIZE_4K)
		return "the slot's pages lie wherever they like, and so cannot be shown by one large page";
	/* the other pages of a slot that is not paged lie in a row */
	if (mem_frame(m, gpa) != frame)
		return "the guest's page is in another frame";
	if (writable && s->flags & SLOT_ROM)
		return "it is ROM, and writable";
	if (writable && s->flags & SLOT_PAGED && mem_is_shared(m, gpa))
		return "the frame is shared, and writable";
	return NULL;
}

/* ---- extended page tables ---- */

struct ept_look {
	struct check *c;
	u64 tables; /* seen */
};

static u64 ept_entry(const struct second_stage *p, u64 table, u32 i)
{
	return *(const u64 *)(const void *)(p->view + table * TABLE + i * 8ull);
}

static void ept_leaf(struct check *c, u64 at, u64 e, int level, u64 gpa)
{
	u64 size = 1ull << (12 + 9 * (level - 1)), address = e & 0x000ffffffffff000ull & ~(size - 1);
	u64 reserved = level > 1 ? e & (size - 1) & ~0xfffull : 0;
	const char *why = check_memory(c, gpa, size, address / PAGE_SIZE_4K, e & EPT_W);

	if ((e & EPT_W) && !(e & EPT_R))
		why = "writable, not readable: a misconfiguration (SDM 3C 28.2.3.1)";
	if (reserved || (e >> EPT_TYPE_SHIFT & 7) != EPT_TYPE_WB || size > c->p->page_max)
		why = "reserved bits, a memory type that is not write-back, or a larger page than was asked for";
	if (why)
		check_tell(c, "EPT entry %llxh (level %d) = %llxh for guest page %llxh: %s; with --paging none the guest runs without it",
			   ULL(at), level, ULL(e), ULL(gpa), why);
}

/* Everything below a table; no deeper than there are levels, so loops end. */
static void ept_table(struct ept_look *l, u64 table, int level, u64 base)
{
	struct check *c = l->c;

	if (++l->tables > c->p->used)
		return;
	for (u32 i = 0; i < ENTRIES; i++) {
		u64 e = ept_entry(c->p, table, i), at = (c->p->first + table) * TABLE + i * 8ull;
		u64 gpa = base + ((u64)i << (12 + 9 * (level - 1))), below = (e & 0x000ffffffffff000ull) / TABLE - c->p->first;

		if (!(e & EPT_RIGHTS))
			continue;
		c->entries++;
		if (level == 1 || e & EPT_LARGE)
			ept_leaf(c, at, e, level, gpa);
		else if (below == 0 || below >= c->p->used || (e & EPT_RIGHTS) != EPT_RIGHTS)
			check_tell(c, "EPT entry %llxh (level %d) = %llxh leads to no table of the pool, or allows too little", ULL(at),
				   level, ULL(e));
		else
			ept_table(l, below, level - 1, gpa);
	}
}

static void ept_all(struct check *c)
{
	struct ept_look l = { .c = c };

	ept_table(&l, 0, LEVELS, 0);
	if (l.tables != c->p->used)
		check_tell(c, "EPT: %llu tables are in use, %llu can be reached, each once, from the root", ULL(c->p->used), ULL(l.tables));
}

/* Which guest page is behind an entry is known from the way to it only: look for the table that holds it. */
static bool ept_find(const struct second_stage *p, u64 wanted, u64 table, int level, u64 base, int *found, u64 *found_base)
{
	if (table == wanted) {
		*found = level;
		*found_base = base;
		return true;
	}
	for (u32 i = 0; level > 1 && i < ENTRIES; i++) {
		u64 e = ept_entry(p, table, i), below = (e & 0x000ffffffffff000ull) / TABLE - p->first;

		if ((e & EPT_RIGHTS) && !(e & EPT_LARGE) && below && below < p->used &&
		    ept_find(p, wanted, below, level - 1, base + ((u64)i << (12 + 9 * (level - 1))), found, found_base))
			return true;
	}
	return false;
}

static void ept_one(struct check *c, u64 address)
{
	u64 table = address / TABLE - c->p->first, base = 0, e;
	u32 i = address / 8 % ENTRIES;
	int level = 0;

	if (table >= c->p->used)
		return;
	e = ept_entry(c->p, table, i);
	if (!(e & EPT_RIGHTS))
		return;
	c->entries++;
	if (!ept_find(c->p, table, 0, LEVELS, 0, &level, &base)) {
		check_tell(c, "EPT entry %llxh = %llxh is in a table that nothing leads to", ULL(address), ULL(e));
		return;
	}
	if (level == 1 || e & EPT_LARGE)
		ept_leaf(c, address, e, level, base + ((u64)i << (12 + 9 * (level - 1))));
}

/* ---- all ---- */

static bool each_shadow_entry(void *arg, const struct shadow_entry_info *e)
{
	check_shadow_entry(arg, e);
	return true;
}

static void check_everything(struct check *c)
{
	const char *broken;

	if (c->p->mode == PAGING_EPT)
		ept_all(c);
	if (c->p->mode != PAGING_SHADOW)
		return;
	broken = shadow_check(c->p);
	if (broken)
		check_tell(c, "shadow: %s", broken);
	shadow_each(c->p, each_shadow_entry, c);
	if (!broken)
		check_shadow_roots(c);
}

u64 paging_check_all(struct vm *vm, struct buf *text)
{
	struct check c = { .vm = vm, .p = &vm->paging, .text = text };

	check_everything(&c);
	return c.violations;
}

/* ---- references ---- */

/* Slots count once for each frame, those that are holes now, too: their frames come back. */
static void count_slot(const struct mem_slot *s, u32 *shown, u8 *paged, u64 nframes)
{
	for (u64 i = 0; i < s->size / PAGE_SIZE_4K; i++) {
		u64 frame = s->frame + i;

		if (s->flags & SLOT_PAGED) {
			if (s->page[i].out)
				continue;
			frame = s->page[i].at;
			if (frame < nframes)
				paged[frame] = 1;
		} else if (s->frame == FRAME_NONE) {
			return;
		}
		if (frame < nframes)
			shown[frame]++;
	}
}

u64 paging_check_frames(struct vm *const *vms, int nvms, struct buf *text)
{
	const struct frames *f = vms[0]->frames;
	struct check c = { .vm = vms[0], .p = &vms[0]->paging, .text = text };
	u32 *shown = calloc(f->n, sizeof(*shown));
	u8 *paged = calloc(f->n, 1);
	u64 used = 0;

	for (int v = 0; shown && paged && v < nvms; v++)
		for (int i = 0; i < vms[v]->mem.nslots; i++)
			count_slot(&vms[v]->mem.slot[i], shown, paged, f->n);
	for (u64 i = 0; shown && paged && i < f->n; i++) {
		u32 own = i == f->zero; /* the machine keeps the frame of zeros itself */

		used += f->refs[i] != 0;
		if (f->refs[i] < shown[i] || (paged[i] && f->refs[i] != shown[i] + own))
			check_tell(&c, "frame %llxh has %u references, but %u pages show it", ULL(i), f->refs[i], shown[i]);
	}
	if (shown && paged && used != f->used)
		check_tell(&c, "%llu frames are counted as used, %llu have references", ULL(f->used), ULL(used));
	if (!shown || !paged)
		check_tell(&c, "no memory to count the references to %llu frames", ULL(f->n));
	free(shown);
	free(paged);
	return c.violations;
}

/* ---- while it runs ---- */

int paging_check_open(struct vm *vm, struct err *err)
{
	struct paging_checker *c = calloc(1, sizeof(*c));

	if (!c)
		return err_set(err, ENOMEM, "no memory for --check-paging");
	c->vm = vm;
	c->all = true;
	vm->paging.checker = c;
	return 0;
}

void paging_check_close(struct vm *vm)
{
	free(vm->paging.checker);
	vm->paging.checker = NULL;
}

struct paging_check_counts paging_check_counts(const struct vm *vm)
{
	return vm->paging.checker ? vm->paging.checker->counts : (struct paging_check_counts){ 0 };
}

/* Nothing is wrong with an entry that is empty. */
void paging_check_wrote(struct paging_checker *c, u64 address, u64 value)
{
	if (!value || (c->nentries && c->entry[c->nentries - 1] == address))
		return;
	if (c->nentries == NOTED)
		c->all = true;
	else
		c->entry[c->nentries++] = address;
}

void paging_check_stored(struct paging_checker *c, u64 gpa, u64 len)
{
	if (!c->vm->paging.shadow || !len)
		return;
	if (len <= PAGE_SIZE_4K && !shadow_is_table(&c->vm->paging, gpa) && !shadow_is_table(&c->vm->paging, gpa + len - 1))
		return;
	if (c->nstores == STORES) {
		c->all = true;
		return;
	}
	c->store[c->nstores].gpa = gpa;
	c->store[c->nstores++].len = len;
}

/* The shadow entries that are made from guest entries in the bytes stored. */
struct stored { struct check *c; u64 gpa, len; };

static bool entry_of_store(void *arg, const struct shadow_entry_info *e)
{
	const struct stored *s = arg;

	if (e->table.from_memory && e->guest_at < s->gpa + s->len && s->gpa < e->guest_at + e->guest_bytes)
		check_shadow_entry(s->c, e);
	return true;
}

static void check_touched(struct paging_checker *pc, struct check *c)
{
	for (u32 i = 0; i < pc->nentries; i++) {
		struct shadow_entry_info e;

		if (c->p->mode == PAGING_EPT)
			ept_one(c, pc->entry[i]);
		else if (shadow_entry_at(c->p, pc->entry[i], &e))
			check_shadow_entry(c, &e);
	}
	for (u32 i = 0; i < pc->nstores; i++) {
		struct stored s = { c, pc->store[i].gpa, pc->store[i].len };

		for (u64 page = s.gpa & ~(u64)PAGE_MASK_4K; page < s.gpa + s.len; page += PAGE_SIZE_4K)
			shadow_entries_from(c->p, page, entry_of_store, &s);
	}
}

static int verdict(struct check *c, struct paging_checker *pc, struct err *err)
{
	int rc = 0;

	pc->counts.entries += c->entries;
	pc->all = false;
	pc->nentries = pc->nstores = 0;
	if (c->violations) {
		char *line = (char *)c->text->data;
		char *end = memchr(line, '\n', c->text->len);

		rc = err_set(err, EFAULT, "--check-paging: %.*s (%llu violations)", (int)(end ? end - line : 0), line,
			     ULL(c->violations));
	}
	buf_free(c->text);
	return rc;
}

int paging_check_touched(struct vm *vm, struct err *err)
{
	struct paging_checker *pc = vm->paging.checker;
	struct buf text = { 0 };
	struct check c = { .vm = vm, .p = &vm->paging, .text = &text };

	if (!pc || (!pc->all && !pc->nentries && !pc->nstores))
		return 0;
	if (pc->all || ++pc->changes == CHANGES)
		return paging_check_whole(vm, err);
	check_touched(pc, &c);
	return verdict(&c, pc, err);
}

int paging_check_whole(struct vm *vm, struct err *err)
{
	struct buf text = { 0 };
	struct check c = { .vm = vm, .p = &vm->paging, .text = &text };
	struct vm *const list[] = { vm };

	if (!vm->paging.checker)
		return 0;
	vm->paging.checker->counts.whole++;
	vm->paging.checker->changes = 0;
	check_everything(&c);
	if (vm->frames->users <= 1) /* in a machine of several, only all of them together know */
		c.violations += paging_check_frames(list, 1, &text);
	return verdict(&c, vm->paging.checker, err);
}

int paging_check_run_ended(struct vm *vm, struct err *err)
{
	struct paging_checker *pc = vm->paging.checker;
	u64 now = vm_icount(vm);
	int rc = paging_check_touched(vm, err);

	if (rc || (now - pc->icount < SHORT && ++pc->short_runs < SHORT_RUNS))
		return rc;
	pc->icount = now;
	pc->short_runs = 0;
	return paging_check_whole(vm, err);
}
