/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow-sync.c - the guest changes its tables, or says that it has: the shadow follows.
 * Rule: an entry is dropped, never mended: the next access finds it missing, and the guest's tables are walked again, as a
 * processor does after a TLB miss.  So A and D bits are set when they would be without a shadow.
 *
 * A page that a shadow is made from is write-protected.  A store there comes to the hypervisor, which lets it through and
 * drops what was made from the bytes written.  Two things keep that from happening all the time.  A table that is only
 * written, and not used any more (its process has ended, its page is data now), loses its shadow.  And with `unsync` a page
 * table (level 1) that is written becomes writable and out of step, as the TLB of a processor would be, until the guest
 * says that it has changed something: INVLPG, MOV to CR3, a change of mode.
 */
#include "core/mem.h"
#include "core/shadow-priv.h"
#include "core/x86/x86.h"

enum { FLOOD = 3 /* stores without any use in between */, PAGES_2M = 512 };

/* ---- from the guest's entries to the shadow's ---- */

/* 32-bit tables have 1024 entries of 4 bytes, and an entry of the directory stands for 4 MiB, two entries of ours. */
u64 shadow_guest_at(const struct shadow_table *t, u32 i, u8 *bytes)
{
	u32 n = t->role.level == 1 ? t->role.quadrant * 512u + i : t->role.quadrant * 256u + i / 2;

	*bytes = t->role.format == FORMAT_32 ? 4 : 8;
	return t->gfn * PAGE_SIZE_4K + (*bytes == 4 ? n * 4 : i * 8);
}

/* The shadow's entries [*first, *end) that are made from bytes [from, to) of the guest's page. */
static void entries_of(const struct shadow_table *t, u32 from, u32 to, u32 *first, u32 *end)
{
	u32 bytes = t->role.format == FORMAT_32 ? 4 : 8, a = from / bytes, b = (to + bytes - 1) / bytes;
	u32 base = 0, scale = 1;

	if (bytes == 4) {
		scale = t->role.level == 1 ? 1 : 2;
		base = t->role.quadrant * (SHADOW_ENTRIES / scale);
	}
	a = a < base ? 0 : (a - base) * scale;
	b = b < base ? 0 : (b - base) * scale;
	*first = a;
	*end = b < SHADOW_ENTRIES ? b : SHADOW_ENTRIES;
}

void shadow_tell(struct second_stage *p, enum paging_sync kind, u64 gpa, int bytes, u64 value)
{
	if (p->hooks.synced)
		p->hooks.synced(p->hooks.arg, kind, 0, gpa, shadow_guest_entry(p, gpa, bytes), value);
}

static void drop(struct second_stage *p, table_no t, u32 i, enum paging_sync kind)
{
	u8 bytes;
	u64 at;

	if (!shadow_zap(p, t, i))
		return;
	p->counts.zaps++;
	at = shadow_guest_at(shadow_at(p, t), i, &bytes);
	shadow_tell(p, kind, at, bytes, 0);
}

/* ---- stores ---- */

static bool page_written(struct second_stage *p, u64 gfn, u32 from, u32 to, enum paging_sync who)
{
	bool any = false;

	for (table_no t = shadow_next_of(p, gfn, 0); t; t = shadow_next_of(p, gfn, t)) {
		bool same_size = p->shadow->quiet == (shadow_at(p, t)->role.format == FORMAT_32 ? 4 : 8);
		u32 i, end;

		if (same_size) /* A and D bits only: nothing becomes less true by them */
			continue;
		any = true;
		entries_of(shadow_at(p, t), from, to, &i, &end);
		for (; i < end; i++)
			drop(p, t, i, who);
	}
	return any;
}

void shadow_written(struct second_stage *p, u64 gpa, u64 len, enum paging_sync who)
{
	for (u64 n; len; gpa += n, len -= n) {
		u64 gfn = gpa / PAGE_SIZE_4K, offset = gpa & PAGE_MASK_4K;

		if (gfn >= p->shadow->pages)
			return;
		if (!p->shadow->tables_near[gfn / PAGES_2M]) { /* none in the next 2 MiB */
			n = (1ull << 21) - (gpa & ((1ull << 21) - 1));
			n = n < len ? n : len;
			continue;
		}
		n = PAGE_SIZE_4K - offset < len ? PAGE_SIZE_4K - offset : len;
		if (page_written(p, gfn, (u32)offset, (u32)(offset + n), who))
			p->counts.syncs[who]++;
	}
}

/* ---- tables that are written often ---- */

static bool is_root(const struct second_stage *p, table_no t)
{
	for (u32 i = 0; i < SHADOW_CPUS; i++)
		if (p->shadow->root[i].table == t)
			return true;
	return false;
}

/* Only page tables, for a directory out of step would lead to tables that are none any more; and only where the leaves'
 * rights are the guest's (CR0.WP). */
static bool can_be_unsync(const struct second_stage *p, u64 gfn)
{
	for (table_no t = shadow_next_of(p, gfn, 0); t; t = shadow_next_of(p, gfn, t))
		if (shadow_at(p, t)->role.level != 1 || !shadow_at(p, t)->role.wp)
			return false;
	return p->unsync;
}

static void make_unsync(struct second_stage *p, u64 gfn)
{
	for (table_no t = shadow_next_of(p, gfn, 0); t; t = shadow_next_of(p, gfn, t)) {
		shadow_at(p, t)->unsync = true;
		p->shadow->unsyncs++;
		p->counts.unsyncs++;
	}
}

void shadow_let_go(struct second_stage *p, u64 gfn)
{
	bool flood = false, root = false;
	table_no t;

	for (t = shadow_next_of(p, gfn, 0); t; t = shadow_next_of(p, gfn, t)) {
		flood |= ++shadow_at(p, t)->stores >= FLOOD;
		root |= is_root(p, t);
	}
	if (flood && !root) {
		while ((t = shadow_next_of(p, gfn, 0)))
			shadow_remove(p, t);
		p->counts.flooded++;
	} else if (can_be_unsync(p, gfn)) {
		make_unsync(p, gfn);
	}
}

/* ---- out of step, and in step again ---- */

/* Does the guest's entry still allow what the shadow's leaf does, of the same page?  A page that has become the user's is
 * closed to the supervisor by SMEP and SMAP, so U must be the same. */
static bool still_true(const struct second_stage *p, table_no t, u32 i, u64 leaf)
{
	const struct shadow_table *table = shadow_at(p, t);
	const struct shadow_note *note = &p->shadow->note[(t - 1) * SHADOW_ENTRIES + i];
	u8 bytes;
	u64 at = shadow_guest_at(table, i, &bytes), e = shadow_guest_entry(p, at, bytes);
	u64 address = e & (bytes == 4 ? 0xfffff000u : 0x000ffffffffff000ull);
	bool writable = table->role.rights & SHADOW_W && e & PTE_W && e & PTE_D;
	bool user = table->role.rights & SHADOW_U && e & PTE_U;
	bool executable = table->role.rights & SHADOW_X && !(bytes == 8 && e & PTE_NX);

	if (bytes == 8 && ((e & PTE_NX && !table->role.nxe) || address >> p->phys_bits ||
			   (table->role.format == FORMAT_PAE && e >> 52 & 0x7ff)))
		return false; /* reserved bits */
	return e & PTE_P && e & PTE_A && mem_gpa(p->mem, address) / PAGE_SIZE_4K == note->gfn && (writable || !(leaf & PTE_W)) &&
	       user == !!(leaf & PTE_U) && (executable || leaf & PTE_NX);
}

static void sync_entry(struct second_stage *p, table_no t, u32 i, enum paging_sync kind)
{
	u64 leaf = shadow_entry(p, t, i);

	if (leaf & PTE_P && !still_true(p, t, i, leaf))
		drop(p, t, i, kind);
}

static void sync_table(struct second_stage *p, table_no t, enum paging_sync kind)
{
	for (u32 i = 0; i < SHADOW_ENTRIES; i++)
		sync_entry(p, t, i, kind);
	shadow_at(p, t)->unsync = false;
	p->shadow->unsyncs--;
}

static void sync_page(struct second_stage *p, u64 gfn, enum paging_sync kind)
{
	bool any = false;

	for (table_no t = shadow_next_of(p, gfn, 0); t; t = shadow_next_of(p, gfn, t)) {
		if (!shadow_at(p, t)->unsync)
			continue;
		sync_table(p, t, kind);
		any = true;
	}
	if (any)
		shadow_protect(p, gfn);
}

static void sync_all(struct second_stage *p, enum paging_sync kind)
{
	for (table_no t = p->shadow->oldest; t && p->shadow->unsyncs; t = shadow_at(p, t)->newer)
		if (shadow_at(p, t)->unsync)
			sync_page(p, shadow_at(p, t)->gfn, kind);
}

void shadow_sync_page(struct second_stage *p, u64 gfn) { sync_page(p, gfn, SYNC_FILL); }
void shadow_sync_all(struct second_stage *p) { sync_all(p, SYNC_FILL); }

/* ---- what the guest says ---- */

/* The other entries of the table may stay out of step: the guest has not spoken of them. */
void shadow_invlpg(struct second_stage *p, u32 cpu, u64 lin)
{
	table_no t = p->shadow->root[cpu].table;

	p->counts.syncs[SYNC_INVLPG]++;
	for (u32 level = SHADOW_LEVELS; t && level; level--) {
		u32 i = (u32)(lin >> (12 + 9 * (level - 1)) & (SHADOW_ENTRIES - 1));
		u64 value = shadow_entry(p, t, i);

		if (shadow_at(p, t)->unsync)
			sync_entry(p, t, i, SYNC_INVLPG);
		if (!(value & PTE_P) || shadow_is_leaf(p, t, value))
			return;
		t = shadow_child(p, value);
	}
}

/* Of whatever PCID, and whichever page. */
void shadow_invpcid(struct second_stage *p)
{
	p->counts.syncs[SYNC_INVLPG]++;
	sync_all(p, SYNC_INVLPG);
}

void shadow_mov_cr3(struct second_stage *p, u32 cpu, const struct shadow_regs *r)
{
	p->counts.syncs[SYNC_CR3]++;
	sync_all(p, SYNC_CR3);
	if (r->cr0 & CR0_PG && (r->efer & EFER_LMA || !(r->cr4 & CR4_PAE))) { /* PAE's pointers are loaded later */
		p->shadow->fill++;
		shadow_enter(p, cpu, r);
	}
}

void shadow_mode(struct second_stage *p)
{
	p->counts.syncs[SYNC_MODE]++;
	sync_all(p, SYNC_MODE);
}
