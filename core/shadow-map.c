/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow-map.c - shadow tables and their entries: the cache of tables, the reverse map, reclaim.
 * Rule: entries change here only, so that lists and counts agree with the tables; which entry is right is for others to say.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "core/paging-check.h"
#include "core/shadow-priv.h"
#include "core/x86/x86.h"

enum { TABLE = 4096, PAGES_2M = 512 };
#define ADDRESS 0x000ffffffffff000ull /* of an entry */

/* ---- opening and closing ---- */

static u32 power_of_two(u64 at_least)
{
	u32 n = 64;

	while (n < at_least)
		n *= 2;
	return n;
}

int shadow_open(struct second_stage *p, struct err *err)
{
	struct shadow *s = calloc(1, sizeof(*s));

	p->used = 0;
	p->shadow = s;
	if (s) {
		s->hash_mask = power_of_two(p->pool) - 1;
		s->pages = p->mem->span / PAGE_SIZE_4K;
		s->table = calloc(p->pool, sizeof(*s->table));
		s->note = calloc(p->pool * SHADOW_ENTRIES, sizeof(*s->note));
		s->hash = calloc(s->hash_mask + 1ull, sizeof(*s->hash));
		s->mapping = calloc(s->pages, sizeof(*s->mapping));
		s->tables_near = calloc(s->pages / PAGES_2M + 1, sizeof(*s->tables_near));
	}
	if (s && s->table && s->note && s->hash && s->mapping && s->tables_near)
		return 0;
	shadow_close(p);
	return err_set(err, ENOMEM, "no memory for what goes with %llu shadow page tables", (unsigned long long)p->pool);
}

void shadow_close(struct second_stage *p)
{
	struct shadow *s = p->shadow;

	if (!s)
		return;
	free(s->table);
	free(s->note);
	free(s->hash);
	free(s->mapping);
	free(s->tables_near);
	free(s);
	p->shadow = NULL;
}

/* ---- where things are ---- */

struct shadow_table *shadow_at(const struct second_stage *p, table_no t) { return &p->shadow->table[t - 1]; }
u64 shadow_address(const struct second_stage *p, table_no t) { return (p->first + t - 1) * TABLE; }

static u64 *place(const struct second_stage *p, table_no t, u32 i)
{
	return (u64 *)(void *)(p->view + (t - 1ull) * TABLE + i * 8);
}

u64 shadow_entry(const struct second_stage *p, table_no t, u32 i) { return *place(p, t, i); }

bool shadow_is_leaf(const struct second_stage *p, table_no t, u64 value)
{
	return shadow_at(p, t)->role.level == 1 || value & PTE_PS;
}

table_no shadow_child(const struct second_stage *p, u64 value)
{
	return (table_no)((value & ADDRESS) / TABLE - p->first + 1);
}

/* The upper tables of guests with fewer levels are made from registers. */
bool shadow_from_memory(struct shadow_role role)
{
	return !role.direct && (role.format == FORMAT_4LEVEL || role.level <= 2);
}

static void write_entry(struct second_stage *p, table_no t, u32 i, u64 value)
{
	const struct mem_slot *slot = mem_slot_get(p->mem, p->slot);

	*place(p, t, i) = value;
	if (p->checker)
		paging_check_wrote(p->checker, shadow_address(p, t) + i * 8, value);
	if (slot->flags & SLOT_LOG)
		mem_touched(p->mem, slot->gpa + (t - 1ull) * TABLE + i * 8, 8);
}

/* ---- lists of entries ---- */

static entry_no number_of(table_no t, u32 i) { return (t - 1) * SHADOW_ENTRIES + i + 1; }
static table_no table_of(entry_no e) { return (e - 1) / SHADOW_ENTRIES + 1; }
static u32 index_of(entry_no e) { return (e - 1) % SHADOW_ENTRIES; }

static void list_add(struct shadow *s, entry_no *head, entry_no e)
{
	struct shadow_note *n = &s->note[e - 1];

	n->next = *head;
	n->prev = 0;
	if (*head)
		s->note[*head - 1].prev = e;
	*head = e;
}

static void list_remove(struct shadow *s, entry_no *head, entry_no e)
{
	const struct shadow_note *n = &s->note[e - 1];

	if (n->prev)
		s->note[n->prev - 1].next = n->next;
	else
		*head = n->next;
	if (n->next)
		s->note[n->next - 1].prev = n->prev;
}

void shadow_set_leaf(struct second_stage *p, table_no t, u32 i, u64 value, u64 gfn)
{
	struct shadow *s = p->shadow;

	shadow_zap(p, t, i);
	s->note[number_of(t, i) - 1].gfn = (u32)gfn;
	list_add(s, &s->mapping[gfn], number_of(t, i));
	shadow_at(p, t)->present++;
	write_entry(p, t, i, value);
}

/* Upper entries allow everything: what the guest's say has been put into the leaves. */
void shadow_set_child(struct second_stage *p, table_no t, u32 i, table_no child)
{
	shadow_zap(p, t, i);
	list_add(p->shadow, &shadow_at(p, child)->users, number_of(t, i));
	shadow_at(p, t)->present++;
	write_entry(p, t, i, shadow_address(p, child) | PTE_P | PTE_W | PTE_U | PTE_A);
}

void shadow_narrow(struct second_stage *p, table_no t, u32 i, u64 value) { write_entry(p, t, i, value); }

bool shadow_zap(struct second_stage *p, table_no t, u32 i)
{
	struct shadow *s = p->shadow;
	u64 value = shadow_entry(p, t, i);

	if (!(value & PTE_P))
		return false;
	if (shadow_is_leaf(p, t, value))
		list_remove(s, &s->mapping[s->note[number_of(t, i) - 1].gfn], number_of(t, i));
	else
		list_remove(s, &shadow_at(p, shadow_child(p, value))->users, number_of(t, i));
	shadow_at(p, t)->present--;
	write_entry(p, t, i, 0);
	return true;
}

void shadow_empty(struct second_stage *p, table_no t)
{
	for (u32 i = 0; i < SHADOW_ENTRIES && shadow_at(p, t)->present; i++)
		shadow_zap(p, t, i);
}

/* ---- the cache of tables ---- */

static table_no *bucket(const struct second_stage *p, u64 gfn)
{
	return &p->shadow->hash[(gfn ^ gfn >> 13) & p->shadow->hash_mask];
}

table_no shadow_find(const struct second_stage *p, u64 gfn, struct shadow_role role)
{
	for (table_no t = *bucket(p, gfn); t; t = shadow_at(p, t)->same_hash)
		if (shadow_at(p, t)->gfn == gfn && role_same(shadow_at(p, t)->role, role))
			return t;
	return 0;
}

table_no shadow_next_of(const struct second_stage *p, u64 gfn, table_no t)
{
	for (t = t ? shadow_at(p, t)->same_hash : *bucket(p, gfn); t; t = shadow_at(p, t)->same_hash)
		if (shadow_at(p, t)->gfn == gfn && shadow_from_memory(shadow_at(p, t)->role))
			return t;
	return 0;
}

/* Where nobody has memory, nobody can write. */
static bool is_guest_page(const struct second_stage *p, u64 gfn) { return gfn < p->shadow->pages; }

static void put_in(struct second_stage *p, table_no t)
{
	struct shadow *s = p->shadow;
	struct shadow_table *new = shadow_at(p, t);
	table_no *head = bucket(p, new->gfn);

	new->same_hash = *head;
	*head = t;
	new->older = s->newest;
	if (s->newest)
		shadow_at(p, s->newest)->newer = t;
	else
		s->oldest = t;
	s->newest = t;
}

static void take_out(struct second_stage *p, table_no t)
{
	struct shadow *s = p->shadow;
	struct shadow_table *old = shadow_at(p, t);
	table_no *link = bucket(p, old->gfn);

	while (*link != t)
		link = &shadow_at(p, *link)->same_hash;
	*link = old->same_hash;
	if (old->older)
		shadow_at(p, old->older)->newer = old->newer;
	else
		s->oldest = old->newer;
	if (old->newer)
		shadow_at(p, old->newer)->older = old->older;
	else
		s->newest = old->older;
}

void shadow_remove(struct second_stage *p, table_no t)
{
	struct shadow *s = p->shadow;
	struct shadow_table *old = shadow_at(p, t);

	while (old->users)
		shadow_zap(p, table_of(old->users), index_of(old->users));
	shadow_empty(p, t);
	for (u32 i = 0; i < SHADOW_CPUS; i++)
		if (s->root[i].table == t)
			s->root[i].table = 0;
	take_out(p, t);
	s->unsyncs -= old->unsync;
	if (shadow_from_memory(old->role) && is_guest_page(p, old->gfn) && !shadow_next_of(p, old->gfn, 0))
		s->tables_near[old->gfn / PAGES_2M]--;
	*old = (struct shadow_table){ .same_hash = s->spare };
	s->spare = t;
}

/* The oldest that neither this fill passes through nor a processor has as its root.  There always is one: the pool has room
 * for far more tables than all of these. */
static void reclaim(struct second_stage *p)
{
	struct shadow *s = p->shadow;
	bool is_root = true;
	table_no t = s->oldest;

	for (; t; t = shadow_at(p, t)->newer) {
		is_root = false;
		for (u32 i = 0; i < SHADOW_CPUS; i++)
			is_root |= s->root[i].table == t;
		if (!is_root && shadow_at(p, t)->fill != s->fill)
			break;
	}
	assert(t && !is_root);
	shadow_remove(p, t);
	p->counts.reclaimed++;
}

/* An empty table's number. */
static table_no take_table(struct second_stage *p)
{
	struct shadow *s = p->shadow;
	table_no t;

	if (!s->spare && p->used == p->pool)
		reclaim(p);
	if (s->spare) {
		t = s->spare;
		s->spare = shadow_at(p, t)->same_hash;
		return t;
	}
	t = (table_no)++p->used;
	for (u32 i = 0; i < SHADOW_ENTRIES; i++)
		if (shadow_entry(p, t, i))
			write_entry(p, t, i, 0);
	return t;
}

table_no shadow_table(struct second_stage *p, u64 gfn, struct shadow_role role)
{
	struct shadow *s = p->shadow;
	table_no t = shadow_find(p, gfn, role);
	bool first;

	if (t) {
		shadow_at(p, t)->fill = s->fill;
		return t;
	}
	t = take_table(p);
	first = shadow_from_memory(role) && is_guest_page(p, gfn) && !shadow_next_of(p, gfn, 0);
	*shadow_at(p, t) = (struct shadow_table){ .gfn = gfn, .role = role, .fill = s->fill };
	put_in(p, t);
	p->counts.tables++;
	if (shadow_from_memory(role) && !first)
		shadow_sync_page(p, gfn); /* as a table of another role it might be out of step, and writable */
	if (first) {
		s->tables_near[gfn / PAGES_2M]++;
		shadow_protect(p, gfn);
	}
	return t;
}

/* ---- the guest's pages ---- */

bool shadow_is_protected(const struct second_stage *p, u64 gfn)
{
	table_no t;

	if (!is_guest_page(p, gfn) || !p->shadow->tables_near[gfn / PAGES_2M])
		return false;
	t = shadow_next_of(p, gfn, 0);
	return t && !shadow_at(p, t)->unsync; /* all of a page are, or none is */
}

/* A leaf that maps the page as part of a large one goes as a whole: its pieces come back one by one. */
static void protect_large(struct second_stage *p, u64 gfn, u32 level)
{
	struct shadow *s = p->shadow;
	entry_no next;

	for (entry_no e = s->mapping[gfn & ~((1ull << 9 * (level - 1)) - 1)]; e; e = next) {
		next = s->note[e - 1].next;
		if (shadow_at(p, table_of(e))->role.level >= level)
			shadow_zap(p, table_of(e), index_of(e));
	}
}

void shadow_protect(struct second_stage *p, u64 gfn)
{
	struct shadow *s = p->shadow;

	if (!is_guest_page(p, gfn))
		return;
	protect_large(p, gfn, 2);
	protect_large(p, gfn, 3);
	for (entry_no e = s->mapping[gfn]; e; e = s->note[e - 1].next)
		shadow_narrow(p, table_of(e), index_of(e), shadow_entry(p, table_of(e), index_of(e)) & ~(u64)(PTE_W | PTE_D));
	p->counts.protects++;
	if (p->hooks.protect)
		p->hooks.protect(p->hooks.arg, gfn * PAGE_SIZE_4K);
}

static void forget_page(struct second_stage *p, u64 gfn)
{
	struct shadow *s = p->shadow;

	protect_large(p, gfn, 2);
	protect_large(p, gfn, 3);
	while (s->mapping[gfn]) {
		shadow_zap(p, table_of(s->mapping[gfn]), index_of(s->mapping[gfn]));
		p->counts.forgotten++;
	}
}

void shadow_forget(struct second_stage *p, u64 gpa, u64 len)
{
	u64 last = len ? (gpa + len - 1) / PAGE_SIZE_4K : 0;

	for (u64 gfn = gpa / PAGE_SIZE_4K; len && gfn <= last && is_guest_page(p, gfn); gfn++)
		forget_page(p, gfn);
}

void shadow_flush(struct second_stage *p)
{
	while (p->shadow->oldest)
		shadow_remove(p, p->shadow->oldest);
}

/* What the frames hold is from another time, and the notes are not of it: every table is cleared when it is next taken. */
void shadow_restored(struct second_stage *p)
{
	struct shadow *s = p->shadow;

	for (u64 e = 0; e < p->used * SHADOW_ENTRIES; e++)
		s->mapping[s->note[e].gfn] = 0;
	for (u64 t = 0; t < p->used; t++)
		if (is_guest_page(p, s->table[t].gfn))
			s->tables_near[s->table[t].gfn / PAGES_2M] = 0;
	memset(s->table, 0, p->used * sizeof(*s->table));
	memset(s->hash, 0, (s->hash_mask + 1ull) * sizeof(*s->hash));
	memset(s->root, 0, sizeof(s->root));
	s->oldest = s->newest = s->spare = 0;
	s->unsyncs = 0;
	p->used = 0;
}
