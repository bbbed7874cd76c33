/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow-look.c - walking and listing the shadow, for the processor, the debugger and the checker.
 * Rule: nothing here changes anything.
 */
#include "core/shadow-priv.h"
#include "core/x86/x86.h"

enum { MACHINE_BITS = 52 };

static u64 read_shadow(void *arg, u64 address, int bytes)
{
	const struct second_stage *p = arg;
	u64 offset = address - p->first * PAGE_SIZE_4K;

	return offset < p->used * PAGE_SIZE_4K ? *(const u64 *)(const void *)(p->view + offset) : 0;
}

u64 shadow_root(const struct second_stage *p, u32 cpu, const struct shadow_regs *r)
{
	return shadow_root_is_current(p, cpu, r) ? shadow_address(p, p->shadow->root[cpu].table) : 0;
}

/* Without paging, the guest's SMEP and SMAP have nothing to say, but the shadow's pages are the user's. */
static struct walk_env shadow_env(const struct second_stage *p, u64 root, const struct shadow_regs *r)
{
	u64 cr4 = r->cr0 & CR0_PG ? r->cr4 & (CR4_SMEP | CR4_SMAP | CR4_PGE) : 0;

	return (struct walk_env){
		.cr0 = CR0_PE | CR0_PG | CR0_WP, .cr3 = root, .cr4 = cr4 | CR4_PAE, .efer = EFER_LMA | EFER_NXE,
		.phys_bits = MACHINE_BITS, .pse = true, .page1g = true, .read = read_shadow, .arg = (void *)p,
	};
}

/* Which entry this is, and what is noted of it. */
static void note_of(const struct second_stage *p, const struct walk_step *leaf, struct shadow_result *res)
{
	static const u64 sizes[] = { PAGE_SIZE_4K, 2 << 20, 4 << 20, 1 << 30 };
	u64 e = (leaf->gpa - p->first * PAGE_SIZE_4K) / 8;
	const struct shadow_table *t = shadow_at(p, (table_no)(e / SHADOW_ENTRIES + 1));

	res->gpa = p->shadow->note[e].gfn * PAGE_SIZE_4K + (res->walk.gpa & (res->walk.page_size - 1));
	res->guest_size = sizes[t->role.large];
	if (t->role.level == 2 && !t->role.direct)
		res->guest_size = t->role.format == FORMAT_32 ? 4 << 20 : 2 << 20;
	if (t->role.level == 3 && !t->role.direct)
		res->guest_size = 1 << 30;
}

bool shadow_walk(const struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 lin, u32 access,
		 struct shadow_result *res)
{
	u64 root = shadow_root(p, cpu, r);
	struct walk_env env = shadow_env(p, root, r);

	*res = (struct shadow_result){ .root = root };
	res->walk.error = (access & WALK_WRITE ? PF_W : 0) | (access & WALK_USER ? PF_U : 0) |
			  (access & WALK_FETCH ? PF_I : 0);
	if (!root || !walk(&env, r->cr0 & CR0_PG ? lin : (u32)lin, access, &res->walk))
		return false;
	note_of(p, &res->walk.step[res->walk.steps - 1], res);
	return true;
}

bool shadow_is_table(const struct second_stage *p, u64 gpa) { return shadow_is_protected(p, gpa / PAGE_SIZE_4K); }

/* ---- lists ---- */

static struct shadow_table_info table_info(const struct second_stage *p, table_no t)
{
	const struct shadow_table *table = shadow_at(p, t);

	return (struct shadow_table_info){ .number = t - 1, .address = shadow_address(p, t), .gpa = table->gfn * PAGE_SIZE_4K,
					   .role = table->role, .from_memory = shadow_from_memory(table->role),
					   .unsync = table->unsync, .present = table->present };
}

static struct shadow_entry_info entry_info(const struct second_stage *p, table_no t, u32 i)
{
	struct shadow_entry_info e = { .table = table_info(p, t), .index = i, .value = shadow_entry(p, t, i) };

	e.leaf = shadow_is_leaf(p, t, e.value);
	e.gpa = (e.leaf ? p->shadow->note[(t - 1) * SHADOW_ENTRIES + i].gfn : shadow_at(p, shadow_child(p, e.value))->gfn) *
		PAGE_SIZE_4K;
	if (e.table.from_memory)
		e.guest_at = shadow_guest_at(shadow_at(p, t), i, &e.guest_bytes);
	return e;
}

void shadow_each_table(const struct second_stage *p, shadow_table_fn fn, void *arg)
{
	for (table_no t = p->shadow->oldest; t; t = shadow_at(p, t)->newer) {
		struct shadow_table_info info = table_info(p, t);

		if (!fn(arg, &info))
			return;
	}
}

static bool each_of_table(const struct second_stage *p, table_no t, shadow_entry_fn fn, void *arg)
{
	for (u32 i = 0; i < SHADOW_ENTRIES; i++) {
		struct shadow_entry_info e;

		if (!(shadow_entry(p, t, i) & PTE_P))
			continue;
		e = entry_info(p, t, i);
		if (!fn(arg, &e))
			return false;
	}
	return true;
}

void shadow_each(const struct second_stage *p, shadow_entry_fn fn, void *arg)
{
	for (table_no t = p->shadow->oldest; t; t = shadow_at(p, t)->newer)
		if (!each_of_table(p, t, fn, arg))
			return;
}

void shadow_entries_from(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg)
{
	for (table_no t = shadow_next_of(p, gpa / PAGE_SIZE_4K, 0); t; t = shadow_next_of(p, gpa / PAGE_SIZE_4K, t))
		if (!each_of_table(p, t, fn, arg))
			return;
}

/* All entries of a list that belong to tables of this level or above.  False: enough. */
static bool each_of_list(const struct second_stage *p, entry_no e, u32 level, shadow_entry_fn fn, void *arg)
{
	for (; e; e = p->shadow->note[e - 1].next) {
		table_no t = (e - 1) / SHADOW_ENTRIES + 1;
		struct shadow_entry_info info = entry_info(p, t, (e - 1) % SHADOW_ENTRIES);

		if (info.table.role.level >= level && !fn(arg, &info))
			return false;
	}
	return true;
}

void shadow_who_maps(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg)
{
	u64 gfn = gpa / PAGE_SIZE_4K, of_2m = gfn & ~511ull, of_1g = gfn & ~0x3ffffull;

	if (gfn >= p->shadow->pages || !each_of_list(p, p->shadow->mapping[gfn], 1, fn, arg))
		return;
	if (of_2m != gfn && !each_of_list(p, p->shadow->mapping[of_2m], 2, fn, arg))
		return;
	if (of_1g != of_2m)
		each_of_list(p, p->shadow->mapping[of_1g], 3, fn, arg);
}

void shadow_who_uses(const struct second_stage *p, u64 gpa, shadow_entry_fn fn, void *arg)
{
	for (table_no t = shadow_next_of(p, gpa / PAGE_SIZE_4K, 0); t; t = shadow_next_of(p, gpa / PAGE_SIZE_4K, t))
		if (!each_of_list(p, shadow_at(p, t)->users, 1, fn, arg))
			return;
}

/* The table that holds this machine address; 0: none that is in use. */
static table_no table_with(const struct second_stage *p, u64 address)
{
	u64 number = address / PAGE_SIZE_4K - p->first;

	return number < p->used && shadow_at(p, (table_no)number + 1)->role.level ? (table_no)number + 1 : 0;
}

bool shadow_table_at(const struct second_stage *p, u64 address, struct shadow_table_info *t)
{
	table_no number = table_with(p, address);

	if (number)
		*t = table_info(p, number);
	return number;
}

bool shadow_entry_at(const struct second_stage *p, u64 address, struct shadow_entry_info *e)
{
	table_no t = table_with(p, address);
	u32 i = address / 8 % SHADOW_ENTRIES;

	if (!t || !(shadow_entry(p, t, i) & PTE_P))
		return false;
	*e = entry_info(p, t, i);
	return true;
}

/* ---- is all of it consistent? ---- */

/* Entry i is on the list that it belongs to, and its neighbours there say so, too. */
static bool is_listed(const struct second_stage *p, table_no t, u32 i)
{
	const struct shadow *s = p->shadow;
	entry_no e = (t - 1) * SHADOW_ENTRIES + i + 1;
	const struct shadow_note *n = &s->note[e - 1];
	u64 value = shadow_entry(p, t, i);
	entry_no head = shadow_is_leaf(p, t, value) ? s->mapping[n->gfn] : shadow_at(p, shadow_child(p, value))->users;

	return (n->prev ? s->note[n->prev - 1].next == e : head == e) && (!n->next || s->note[n->next - 1].prev == e);
}

static const char *check_table(const struct second_stage *p, table_no t)
{
	u32 present = 0;

	for (u32 i = 0; i < SHADOW_ENTRIES; i++) {
		u64 value = shadow_entry(p, t, i);

		if (!(value & PTE_P)) {
			if (value)
				return "a shadow entry that is not present is not empty";
			continue;
		}
		present++;
		if (!shadow_is_leaf(p, t, value) && shadow_child(p, value) - 1 >= p->used)
			return "a shadow entry leads out of the pool";
		if (!is_listed(p, t, i))
			return "a shadow entry is not on the list of what it maps";
	}
	return present == shadow_at(p, t)->present ? NULL : "a shadow table's count of present entries is wrong";
}

const char *shadow_check(const struct second_stage *p)
{
	u64 in_use = 0, spare = 0;

	for (table_no t = p->shadow->oldest; t; t = shadow_at(p, t)->newer) {
		const char *wrong = check_table(p, t);

		if (wrong)
			return wrong;
		in_use++;
	}
	for (table_no t = p->shadow->spare; t; t = shadow_at(p, t)->same_hash)
		spare++;
	if (in_use + spare != p->used || p->used > p->pool)
		return "shadow tables in use and spare ones are not all there are";
	return NULL;
}
