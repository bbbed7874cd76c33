/* SPDX-License-Identifier: GPL-3.0-or-later
 * paging-check-shadow.c - the checker's own reading of the guest's tables, and every shadow entry against it.
 * Rule: rights are compared by what they let through, access by access, not bit by bit: with CR0.WP clear a right entry of
 * the shadow need not look like the guest's.
 */
#include <stdio.h>

#include "core/mem.h"
#include "core/paging-check-priv.h"
#include "core/vm.h"
#include "core/x86/x86.h"

enum { LEAVES_MOST = 1 << 22, ENTRIES = 512 };
#define ADDRESS 0x000ffffffffff000ull
#define ULL(x) ((unsigned long long)(x))

/* ---- an entry of the guest's (SDM 3A tables 4-4 to 4-20) ---- */

struct guest_entry {
	u64 at, value;
	bool present, leaf, reserved;
	u32 rights;      /* SHADOW_W SHADOW_U SHADOW_X, of this entry alone */
	u64 address, size; /* of the page or table */
};

static void read_narrow(const struct check *c, struct guest_entry *g, int level, bool pse)
{
	u32 bits = c->p->phys_bits < 40 ? c->p->phys_bits : 40, high = bits > 32 ? (1u << (bits - 32)) - 1 : 0;

	g->rights = SHADOW_X;
	g->leaf = level == 1 || (pse && g->value & PTE_PS);
	g->size = level == 1 ? 1ull << 12 : 1ull << 22;
	g->address = g->value & 0xfffff000u;
	if (g->leaf && level == 2) { /* PSE-36: bits 20:13 are the address's 39:32 */
		g->address = (g->value & 0xffc00000u) | (g->value >> 13 & 0xff) << 32;
		g->reserved = g->value >> 13 & 0x1ff & ~high;
	}
}

static void read_wide(const struct check *c, struct guest_entry *g, int level, enum guest_format format, bool nxe)
{
	u64 above = ADDRESS & ~((1ull << c->p->phys_bits) - 1), e = g->value;

	g->rights = e & PTE_NX ? 0 : SHADOW_X;
	g->size = 1ull << (12 + 9 * (level - 1));
	g->leaf = level == 1 || (e & PTE_PS && (level == 2 || (level == 3 && c->p->page1g)));
	g->address = e & ADDRESS;
	g->reserved = (e & above) || (e & PTE_NX && !nxe) || (format == FORMAT_PAE && e >> 52 & 0x7ff) ||
		      (e & PTE_PS && !g->leaf);
	if (g->leaf && level > 1) {
		g->reserved |= !!(e & (g->size - 1) & 0x3fffe000ull);
		g->address &= ~(g->size - 1);
	}
}

static struct guest_entry guest_entry(const struct check *c, u64 at, int level, enum guest_format format, bool pse, bool nxe)
{
	struct guest_entry g = { .at = at };
	bool narrow = format == FORMAT_32;

	mem_read(&c->vm->mem, mem_gpa(&c->vm->mem, at), &g.value, narrow ? 4 : 8); /* all ones where nobody is */
	if (narrow)
		read_narrow(c, &g, level, pse);
	else
		read_wide(c, &g, level, format, nxe);
	g.present = g.value & PTE_P;
	g.rights |= (g.value & PTE_W ? SHADOW_W : 0) | (g.value & PTE_U ? SHADOW_U : 0);
	return g;
}

/* ---- rights ---- */

struct control { bool wp, smep, smap; };
enum kind { KIND_READ, KIND_WRITE, KIND_FETCH, KINDS };

/* SDM 3A 4.6.1 */
static bool permits(u32 rights, struct control k, bool user, enum kind kind, bool ac)
{
	if (user)
		return rights & SHADOW_U && (kind == KIND_READ || rights & (kind == KIND_WRITE ? SHADOW_W : SHADOW_X));
	if (kind == KIND_FETCH)
		return rights & SHADOW_X && !(k.smep && rights & SHADOW_U);
	if (rights & SHADOW_U && k.smap && !ac)
		return false;
	return kind == KIND_READ || rights & SHADOW_W || !k.wp;
}

/* Is there an access that the shadow lets through and the guest's entries do not?  The processor walks the shadow with CR0.WP
 * set, and everything else as the guest has it. */
static bool is_too_wide(u32 shadow, u32 guest, struct control k)
{
	struct control own = { true, k.smep, k.smap };

	for (enum kind kind = 0; kind < KINDS; kind++)
		for (int i = 0; i < 4; i++)
			if (permits(shadow, own, i & 1, kind, i & 2) && !permits(guest, k, i & 1, kind, i & 2))
				return true;
	return false;
}

/* With CR0.WP one entry serves SMEP and SMAP in both states. */
static bool role_is_too_wide(u32 shadow, u32 guest, struct shadow_role role)
{
	if (!role.wp)
		return is_too_wide(shadow, guest, (struct control){ false, role.smep, role.smap });
	for (int i = 0; i < 4; i++)
		if (is_too_wide(shadow, guest, (struct control){ true, i & 1, i & 2 }))
			return true;
	return false;
}

static u32 rights_of(u64 shadow)
{
	return (shadow & PTE_W ? SHADOW_W : 0) | (shadow & PTE_U ? SHADOW_U : 0) | (shadow & PTE_NX ? 0 : SHADOW_X);
}

static const char *letters(u32 rights)
{
	static const char *const names[8] = { "r---", "rw--", "r-u-", "rwu-", "r--x", "rw-x", "r-ux", "rwux" };

	return names[rights & 7];
}

/* ---- what an entry says of itself ---- */

static void tell_entry(struct check *c, const struct shadow_entry_info *e, const char *why)
{
	static const char *const formats[] = { "guest without paging", "32-bit", "PAE", "4-level" };

	check_tell(c, "shadow entry %llxh = %llxh (table %u, level %u, entry %u, made from %s table %llxh) for guest %s %llxh: %s",
		   ULL(e->table.address + e->index * 8ull), ULL(e->value), e->table.number, e->table.role.level, e->index,
		   formats[e->table.role.format], ULL(e->table.gpa), e->leaf ? "page" : "table", ULL(e->gpa), why);
}

static void tell_rights(struct check *c, const struct shadow_entry_info *e, u64 at, u64 guest, u32 allowed)
{
	char why[160];

	snprintf(why, sizeof(why), "it allows %s, the guest's entry %llxh = %llxh and those above %s: a change of the guest's was missed",
		 letters(rights_of(e->value)), ULL(at), ULL(guest), letters(allowed));
	tell_entry(c, e, why);
}

static u64 size_at(u32 level) { return 1ull << (12 + 9 * (level - 1)); }
static bool a20_is_open(const struct check *c) { return c->vm->mem.gpa_mask == UINT64_MAX; }

/* The guest's entry that entry i is made from, found here by counting. */
static struct guest_entry made_from(const struct check *c, const struct shadow_entry_info *e)
{
	struct shadow_role r = e->table.role;
	u32 n = e->index;

	if (r.format == FORMAT_32)
		n = r.level == 1 ? r.quadrant * 512u + n : r.quadrant * 256u + n / 2;
	return guest_entry(c, e->table.gpa + n * (r.format == FORMAT_32 ? 4ull : 8ull), (int)r.level, r.format, r.pse, r.nxe);
}

/* Where in a 4 MiB page of the guest the 2 MiB of this entry lie. */
static u64 half(const struct shadow_entry_info *e)
{
	return e->table.role.format == FORMAT_32 && e->table.role.level == 2 && e->index & 1 ? 1ull << 21 : 0;
}

/* A and D bits cannot be set in ROM, nor where nobody is: there they need not be. */
static bool has_bits(const struct check *c, const struct guest_entry *g, u64 bits)
{
	const struct mem_slot *s = mem_slot_at(&c->vm->mem, mem_gpa(&c->vm->mem, g->at));

	return !s || s->flags & (SLOT_ROM | SLOT_HOLE) || (g->value & bits) == bits;
}

static const char *check_accessed(const struct check *c, const struct guest_entry *g)
{
	if (!g->present || g->reserved)
		return "the guest's entry is not present, or has reserved bits set";
	return has_bits(c, g, PTE_A) ? NULL : "the guest's A bit is clear";
}

/* ---- leaves ---- */

static void check_leaf_of_memory(struct check *c, const struct shadow_entry_info *e)
{
	struct guest_entry g = made_from(c, e);
	u32 allowed = e->table.role.rights & g.rights;
	const char *why = check_accessed(c, &g);

	if (!why && !g.leaf)
		why = "the guest's entry leads to a table";
	if (!why && e->value & PTE_W && !has_bits(c, &g, PTE_D))
		why = "it is writable, and the guest's D bit is clear";
	if (!why && e->table.role.a20 && e->gpa != g.address + half(e))
		why = "the guest's entry maps another page";
	if (why)
		tell_entry(c, e, why);
	else if (role_is_too_wide(rights_of(e->value), allowed, e->table.role))
		tell_rights(c, e, g.at, g.value, allowed);
}

static void check_leaf_of_large(struct check *c, const struct shadow_entry_info *e)
{
	struct shadow_role r = e->table.role;

	if (r.a20 && e->gpa != e->table.gpa + e->index * size_at(r.level))
		tell_entry(c, e, "it is another piece of the large page");
	if (r.format != FORMAT_NONE && e->value & PTE_W && !r.dirty)
		tell_entry(c, e, "it is writable, and the large page was not dirty");
	if (role_is_too_wide(rights_of(e->value), r.rights, r))
		tell_rights(c, e, e->table.gpa, 0, r.rights);
}

static void check_leaf(struct check *c, const struct shadow_entry_info *e)
{
	u64 size = size_at(e->table.role.level);
	const char *why = check_memory(c, e->gpa, size, (e->value & ADDRESS & ~(size - 1)) / PAGE_SIZE_4K, e->value & PTE_W);

	if (why)
		tell_entry(c, e, why);
	for (u64 at = 0; e->value & PTE_W && at < size; at += PAGE_SIZE_4K)
		if (shadow_is_table(c->p, e->gpa + at)) {
			tell_entry(c, e, "it is writable, and a shadow is made from what the guest has there");
			break;
		}
	if (e->table.unsync)
		return;
	if (e->table.from_memory)
		check_leaf_of_memory(c, e);
	else
		check_leaf_of_large(c, e);
}

/* ---- entries that lead to tables ---- */

static const char *below_memory(struct check *c, const struct shadow_entry_info *e, const struct shadow_table_info *child)
{
	struct guest_entry g = made_from(c, e);
	const char *why = check_accessed(c, &g);
	u32 allowed = e->table.role.rights & g.rights;

	if (why)
		return why;
	if (child->role.rights != allowed)
		return "the table below has other rights than the guest's entries give it";
	if (child->from_memory == g.leaf)
		return "the table below is a large page's, and the guest's entry is not; or the other way round";
	if (g.leaf && child->role.dirty && !has_bits(c, &g, PTE_D))
		return "the table below is that of a dirty page, and the guest's D bit is clear";
	if (child->role.a20 && child->gpa != g.address + (g.leaf ? half(e) : 0))
		return "the table below stands for another one than the guest's entry says";
	if (!g.leaf && child->role.format == FORMAT_32 && child->role.quadrant != (e->index & 1))
		return "the table below is the other half of the guest's";
	return NULL;
}

static bool leaf_is_writable(void *arg, const struct shadow_entry_info *e)
{
	bool *writable = arg;

	*writable |= !!(e->value & PTE_W);
	return !*writable;
}

static void check_link(struct check *c, const struct shadow_entry_info *e)
{
	struct shadow_role r = e->table.role;
	struct shadow_table_info child;
	const char *why = NULL;
	bool writable = false;

	if (!shadow_table_at(c->p, e->value & ADDRESS, &child)) {
		tell_entry(c, e, "it leads to no shadow table");
		return;
	}
	if (child.role.level + 1 != r.level || child.role.format != r.format || child.role.wp != r.wp || child.role.nxe != r.nxe ||
	    child.role.pse != r.pse || child.role.smep != r.smep || child.role.smap != r.smap)
		why = "the table below is of another level, or of another way to read the guest's";
	else if (e->table.from_memory)
		why = below_memory(c, e, &child);
	else if (r.direct && (child.role.rights != r.rights || child.role.dirty != r.dirty || !child.role.direct ||
			      (child.role.a20 && child.gpa != e->table.gpa + e->index * size_at(r.level))))
		why = "the table below is another large page's";
	if (!why && child.from_memory && !child.unsync) {
		shadow_who_maps(c->p, child.gpa, leaf_is_writable, &writable);
		if (writable)
			why = "the guest's table there is mapped writable somewhere";
	}
	if (why)
		tell_entry(c, e, why);
}

void check_shadow_entry(struct check *c, const struct shadow_entry_info *e)
{
	c->entries++;
	if (e->leaf)
		check_leaf(c, e);
	else
		check_link(c, e);
}

/* ---- from the root of each processor ---- */

/* The guest's translation of one address, by all its levels. */
struct translation { bool present, dirty; u32 rights; u64 gpa, at, value; };

static struct translation translate(const struct check *c, const struct shadow_regs *r, enum guest_format format, u64 lin)
{
	struct translation t = { .present = true, .dirty = true, .rights = SHADOW_ALL, .gpa = (u32)lin };
	int level = format == FORMAT_4LEVEL ? 4 : 2, bits = format == FORMAT_32 ? 10 : 9, bytes = format == FORMAT_32 ? 4 : 8;
	u64 table = format == FORMAT_4LEVEL ? r->cr3 & ADDRESS : format == FORMAT_32 ? r->cr3 & 0xfffff000u : r->pdpte[lin >> 30 & 3] & ADDRESS;

	if (format == FORMAT_NONE)
		return t;
	t.present = format != FORMAT_PAE || r->pdpte[lin >> 30 & 3] & PTE_P;
	for (; t.present; level--) {
		u64 i = lin >> (12 + bits * (level - 1)) & ((1u << bits) - 1);
		struct guest_entry g = guest_entry(c, table + i * (u64)bytes, level, format, r->cr4 & CR4_PSE, r->efer & EFER_NXE);

		t.present = g.present && !g.reserved && has_bits(c, &g, PTE_A);
		t.rights &= g.rights;
		t.dirty = has_bits(c, &g, PTE_D);
		t.gpa = g.address + (lin & (g.size - 1));
		t.at = g.at;
		t.value = g.value;
		if (g.leaf)
			break;
		table = g.address;
	}
	return t;
}

struct way {
	struct check *c;
	const struct shadow_regs *r;
	enum guest_format format;
	struct control control;
	u64 leaves;
};

static void check_reached(struct way *w, const struct shadow_entry_info *e, u64 lin)
{
	struct check *c = w->c;
	struct translation t = translate(c, w->r, w->format, lin);
	char why[200];

	c->entries++;
	if (t.present && (!a20_is_open(c) || t.gpa == e->gpa) && (t.dirty || !(e->value & PTE_W)) &&
	    !is_too_wide(rights_of(e->value), t.rights, w->control))
		return;
	snprintf(why, sizeof(why), "at %llxh it allows %s, the guest %s%s of page %llxh by entry %llxh = %llxh; a change was missed, or the"
		 " way there is wrong", ULL(lin), letters(rights_of(e->value)), t.present ? letters(t.rights) : "nothing",
		 t.dirty ? "" : " (clean)", ULL(t.gpa), ULL(t.at), ULL(t.value));
	tell_entry(c, e, why);
}

/* out_of_step: a table on the way is. */
static void walk_table(struct way *w, u64 table, u32 level, u64 base, bool out_of_step)
{
	for (u32 i = 0; i < ENTRIES && w->leaves < LEAVES_MOST; i++) {
		u64 lin = base + i * size_at(level);
		struct shadow_entry_info e;

		if (!shadow_entry_at(w->c->p, table + i * 8ull, &e))
			continue;
		if (level == 4 && i & 256)
			lin |= 0xffff000000000000ull;
		if (!e.leaf && level > 1) {
			walk_table(w, e.value & ADDRESS, level - 1, lin, out_of_step || e.table.unsync);
		} else if (!out_of_step && !e.table.unsync) {
			w->leaves++;
			check_reached(w, &e, lin);
		}
	}
}

void check_shadow_roots(struct check *c)
{
	for (u32 i = 0; i < c->vm->ncpus; i++) {
		struct x86_state s;
		struct shadow_regs r;
		struct way w = { .c = c, .r = &r };
		u64 root;

		if (vcpu_get(&c->vm->vcpu[i], &s, ST_ALL))
			continue;
		r = (struct shadow_regs){ .cr0 = s.cr0[0], .cr3 = s.cr3[0], .cr4 = s.cr4[0], .efer = s.efer[0] };
		for (int n = 0; n < 4; n++)
			r.pdpte[n] = s.pdpte[n];
		w.format = !(r.cr0 & CR0_PG) ? FORMAT_NONE : r.efer & EFER_LMA ? FORMAT_4LEVEL : r.cr4 & CR4_PAE ? FORMAT_PAE : FORMAT_32;
		w.control = (struct control){ r.cr0 & CR0_WP, r.cr4 & CR4_SMEP, r.cr4 & CR4_SMAP };
		if (w.format == FORMAT_NONE)
			w.control = (struct control){ true, false, false };
		root = shadow_root(c->p, i, &r);
		if (root)
			walk_table(&w, root, 4, 0, false);
	}
}
