/* SPDX-License-Identifier: GPL-3.0-or-later
 * shadow-fill.c - a page fault of the processor: the guest's, or the shadow's to fill.
 * Rule: the guest's tables are walked first, with all their checks and A and D bits set; what is then put into the shadow
 * lets exactly accesses through that such a walk would let through without changing anything.
 */
#include "core/mem.h"
#include "core/shadow-priv.h"
#include "core/x86/x86.h"

/* ---- the hypervisor reads the guest's tables ---- */

u64 shadow_guest_entry(const struct second_stage *p, u64 gpa, int bytes)
{
	u64 value = 0;

	mem_read(p->mem, mem_gpa(p->mem, gpa), &value, (u64)bytes); /* all ones where there is no memory */
	return value;
}

static u64 read_guest(void *arg, u64 gpa, int bytes) { return shadow_guest_entry(arg, gpa, bytes); }

/* A and D bits.  To entries of this size that is no news; seen as entries of another size they may be anything. */
static bool write_guest(void *arg, u64 gpa, int bytes, u64 old, u64 value)
{
	struct second_stage *p = arg;

	p->shadow->quiet = bytes;
	mem_write(p->mem, mem_gpa(p->mem, gpa), &value, (u64)bytes); /* where nothing takes it, nothing remembers it */
	p->shadow->quiet = 0;
	return true;
}

static struct walk_env guest_env(struct second_stage *p, const struct shadow_regs *r)
{
	return (struct walk_env){ .cr0 = r->cr0, .cr3 = r->cr3, .cr4 = r->cr4, .efer = r->efer, .pdpte = r->pdpte,
				  .phys_bits = p->phys_bits, .pse = p->pse, .page1g = p->page1g, .read = read_guest,
				  .write = write_guest, .arg = p };
}

/* ---- roots ---- */

static enum guest_format format_of(const struct shadow_regs *r)
{
	if (!(r->cr0 & CR0_PG))
		return FORMAT_NONE;
	if (r->efer & EFER_LMA)
		return FORMAT_4LEVEL;
	return r->cr4 & CR4_PAE ? FORMAT_PAE : FORMAT_32;
}

/* What the tables of these registers have in common: how entries are to be read. */
static struct shadow_role common_role(const struct second_stage *p, const struct shadow_regs *r)
{
	struct shadow_role role = { .format = format_of(r), .rights = SHADOW_ALL, .wp = 1 };

	role.a20 = p->mem->gpa_mask == UINT64_MAX;
	if (role.format == FORMAT_NONE)
		return role;
	role.wp = !!(r->cr0 & CR0_WP);
	role.smep = !role.wp && (r->cr4 & CR4_SMEP);
	role.smap = !role.wp && (r->cr4 & CR4_SMAP);
	role.pse = role.format == FORMAT_32 && (r->cr4 & CR4_PSE);
	role.nxe = role.format != FORMAT_32 && (r->efer & EFER_NXE);
	return role;
}

struct shadow_role shadow_root_role(const struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 *gfn)
{
	struct shadow_role role = common_role(p, r);

	role.level = SHADOW_LEVELS;
	role.direct = role.format == FORMAT_NONE;
	*gfn = 0;
	if (role.format == FORMAT_PAE)
		role.cpu = cpu + 1;
	else if (role.format != FORMAT_NONE)
		*gfn = mem_gpa(p->mem, r->cr3 & ((1ull << p->phys_bits) - 1)) / PAGE_SIZE_4K;
	return role;
}

static bool same_pdptes(const u64 *a, const u64 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

bool shadow_root_is_current(const struct second_stage *p, u32 cpu, const struct shadow_regs *r)
{
	const struct shadow_root *root = &p->shadow->root[cpu];
	u64 gfn;
	struct shadow_role role = shadow_root_role(p, cpu, r, &gfn);

	return root->table && root->gfn == gfn && role_same(root->role, role) &&
	       (role.format != FORMAT_PAE || same_pdptes(root->pdpte, r->pdpte));
}

/* PAE's table of four entries was made from other pointers than those in the registers now. */
static void empty_pointers(struct second_stage *p, struct shadow_role role)
{
	table_no t;

	role.level = 3;
	t = shadow_find(p, 0, role);
	if (t)
		shadow_empty(p, t);
}

table_no shadow_enter(struct second_stage *p, u32 cpu, const struct shadow_regs *r)
{
	struct shadow_root *root = &p->shadow->root[cpu];
	struct shadow_role role;
	table_no t;
	u64 gfn;

	if (shadow_root_is_current(p, cpu, r)) {
		shadow_at(p, root->table)->fill = p->shadow->fill;
		return root->table;
	}
	shadow_sync_all(p); /* the guest may have flushed without an exit: a task switch has */
	role = shadow_root_role(p, cpu, r, &gfn);
	t = shadow_table(p, gfn, role);
	if (role.format == FORMAT_PAE)
		empty_pointers(p, role);
	*root = (struct shadow_root){ .table = t, .role = role, .gfn = gfn };
	for (int i = 0; i < 4; i++)
		root->pdpte[i] = r->pdpte[i];
	return t;
}

/* ---- from the root to the leaf ---- */

/* A fault that is being handled. */
struct fill {
	struct second_stage *p;
	u32 cpu;
	const struct shadow_regs *r;
	u64 lin;
	u32 access;
	struct walk_result walk; /* of the guest's tables */
	u64 gpa;                 /* what it comes to */
	frame_no frame;          /* that shows there */
	bool writable;           /* as far as the memory goes */
};

static u32 index_at(u64 lin, u32 level) { return (u32)(lin >> (12 + 9 * (level - 1)) & (SHADOW_ENTRIES - 1)); }
static u64 pages_at(u32 level) { return 1ull << 9 * (level - 1); } /* that an entry covers */

/* Which of the walk's entries is the one that this level of the shadow is made from? */
static int step_of(struct shadow_role role)
{
	return (role.format == FORMAT_4LEVEL ? 4 : 2) - (int)role.level;
}

/* What the guest's entry allows, and those above it. */
static u32 narrowed(struct shadow_role role, u64 e)
{
	u32 rights = SHADOW_X;

	rights |= (e & PTE_W ? SHADOW_W : 0) | (e & PTE_U ? SHADOW_U : 0);
	if (role.format != FORMAT_32 && e & PTE_NX)
		rights &= ~(u32)SHADOW_X;
	return role.rights & rights;
}

static bool is_global(const struct walk_result *w) { return w->steps && w->step[w->steps - 1].value & PTE_G; }

/* Below an entry that maps a large page itself, or without paging: the machine has it in smaller pieces. */
static table_no direct_below(struct fill *f, struct shadow_role role)
{
	const struct walk_result *w = &f->walk;
	bool paging = role.format != FORMAT_NONE;

	if (!role.direct)
		f->p->counts.splits++;
	role.direct = 1;
	role.quadrant = 0;
	role.level--;
	role.large = !paging ? 0 : w->page_size == 2 << 20 ? 1 : w->page_size == 4 << 20 ? 2 : 3;
	role.dirty = paging && w->dirty;
	role.global = paging && is_global(w);
	role.rights = (w->writable ? SHADOW_W : 0) | (w->user ? SHADOW_U : 0) | (w->nx ? 0 : SHADOW_X);
	return shadow_table(f->p, f->gpa / PAGE_SIZE_4K & ~(pages_at(role.level + 1) - 1), role);
}

/* The table below t on the way to the address. */
static table_no table_below(struct fill *f, table_no t)
{
	const struct shadow_table *above = shadow_at(f->p, t);
	struct shadow_role role = above->role;
	u64 gfn = above->gfn;
	int step = step_of(role);

	if (role.direct || (step >= 0 && step + 1 == f->walk.steps))
		return direct_below(f, role);
	role.level--;
	if (step >= 0) {
		role.rights = narrowed(role, f->walk.step[step].value);
		role.quadrant = role.format == FORMAT_32 ? f->lin >> 21 & 1 : 0;
		gfn = mem_gpa(f->p->mem, f->walk.step[step + 1].gpa) / PAGE_SIZE_4K;
	} else if (role.level == 2) {
		role.quadrant = role.format == FORMAT_32 ? f->lin >> 30 & 3 : 0;
		role.cpu = 0;
		gfn = mem_gpa(f->p->mem, f->walk.step[0].gpa) / PAGE_SIZE_4K;
	}
	return shadow_table(f->p, gfn, role);
}

/* May a leaf of the shadow stand at this level?  The guest's page is that large, so is what the machine has in one piece,
 * and no page in it is write-protected. */
static bool fits(const struct fill *f, u32 level)
{
	const struct second_stage *p = f->p;
	u64 size = pages_at(level) * PAGE_SIZE_4K, first = f->gpa / PAGE_SIZE_4K & ~(pages_at(level) - 1);
	bool paging = f->r->cr0 & CR0_PG;

	if (level == 1)
		return true;
	if (level == SHADOW_LEVELS || (paging && f->walk.page_size < size) || p->mem->gpa_mask != UINT64_MAX ||
	    paging_leaf_level(p, f->gpa) < (int)level)
		return false;
	for (u64 gfn = first; gfn < first + pages_at(level); gfn += pages_at(2))
		if (p->shadow->tables_near[gfn / pages_at(2)])
			return false;
	return true;
}

/* What the leaf allows.  The processor checks with CR0.WP set.  Where the guest's is clear, the supervisor may write what is
 * read-only: if no user can reach the page, W says just that; if one can, the page is either the user's, to read, or
 * the supervisor's, to write, and then must not be executed where SMEP would forbid it.  Where the user has it already, the
 * supervisor's stores come here one by one: an instruction that needs both (its code in the page of a descriptor that it
 * marks) would make them take turns for ever.  And with SMAP an entry for the supervisor would allow too much. */
static u64 leaf_rights(const struct fill *f, struct shadow_role role, u64 old)
{
	const struct walk_result *w = &f->walk;
	bool writable = w->writable, user = w->user, nx = w->nx;
	bool by_supervisor = (f->access & WALK_WRITE) && !(f->access & WALK_USER);

	if (!role.wp && !w->writable && (!user || (by_supervisor && !role.smap && !(old & PTE_U)))) {
		writable = true;
		nx |= user && role.smep;
		user = false;
	}
	writable &= f->writable && (w->dirty || role.format == FORMAT_NONE);
	return PTE_P | PTE_A | (is_global(w) ? PTE_G : 0) | (user ? PTE_U : 0) | (nx ? PTE_NX : 0) |
	       (writable ? PTE_W | PTE_D : 0);
}

/* The entry from which the leaf came, for whoever watches. */
static void tell_fill(struct fill *f, u64 value)
{
	const struct walk_step *last = &f->walk.step[f->walk.steps ? f->walk.steps - 1 : 0];
	bool paging = f->walk.steps;

	f->p->counts.syncs[SYNC_FILL]++;
	f->p->counts.fills++;
	if (f->p->hooks.synced)
		f->p->hooks.synced(f->p->hooks.arg, SYNC_FILL, f->lin, paging ? last->gpa : 0, paging ? last->value : 0,
				   value);
}

/* Put the leaf in, and all tables on the way.  What it allows now comes back. */
static u64 put_leaf(struct fill *f)
{
	struct second_stage *p = f->p;
	table_no t = shadow_enter(p, f->cpu, f->r);
	u64 value, offset;
	u32 level;

	for (level = SHADOW_LEVELS; !fits(f, level); level--) {
		u32 i = index_at(f->lin, level);
		table_no below = table_below(f, t);

		shadow_at(p, t)->stores = 0;
		if (shadow_entry(p, t, i) != 0 && !shadow_is_leaf(p, t, shadow_entry(p, t, i)) &&
		    shadow_child(p, shadow_entry(p, t, i)) == below) {
			t = below;
			continue;
		}
		shadow_set_child(p, t, i, below);
		t = below;
	}
	shadow_at(p, t)->stores = 0;
	offset = f->gpa & (pages_at(level) * PAGE_SIZE_4K - 1) & ~(u64)PAGE_MASK_4K;
	value = shadow_entry(p, t, index_at(f->lin, level));
	value = (f->frame * PAGE_SIZE_4K - offset) | leaf_rights(f, shadow_at(p, t)->role, value) | (level > 1 ? PTE_PS : 0);
	if (level == 1 && shadow_is_protected(p, f->gpa / PAGE_SIZE_4K))
		value &= ~(u64)(PTE_W | PTE_D);
	shadow_set_leaf(p, t, index_at(f->lin, level), value, (f->gpa - offset) / PAGE_SIZE_4K);
	tell_fill(f, value);
	return value;
}

static struct shadow_answer answer(const struct fill *f, enum shadow_verdict verdict)
{
	return (struct shadow_answer){ .verdict = verdict, .gpa = f->gpa, .error = f->walk.error,
				       .page_size = f->walk.page_size, .global = f->walk.global };
}

struct shadow_answer shadow_fault(struct second_stage *p, u32 cpu, const struct shadow_regs *r, u64 lin, u32 access)
{
	struct fill f = { .p = p, .cpu = cpu, .r = r, .lin = lin, .access = access };
	struct walk_env env = guest_env(p, r);
	bool write = access & WALK_WRITE;

	p->shadow->fill++;
	if (!walk(&env, lin, access | WALK_SET, &f.walk)) {
		p->counts.injected++;
		return answer(&f, SHADOW_FAULT);
	}
	f.gpa = mem_gpa(p->mem, f.walk.gpa);
	f.frame = paging_frame(p, f.gpa, write, &f.writable);
	if (f.frame == FRAME_NONE) {
		p->counts.device++;
		return answer(&f, SHADOW_THROUGH);
	}
	if (write && shadow_is_protected(p, f.gpa / PAGE_SIZE_4K))
		shadow_let_go(p, f.gpa / PAGE_SIZE_4K);
	if (!(put_leaf(&f) & PTE_W) && write) {
		p->counts.through++;
		return answer(&f, SHADOW_THROUGH);
	}
	return answer(&f, SHADOW_FILLED);
}

void shadow_answer_put(const struct shadow_answer *a, struct vm_exit *e)
{
	e->pf.retry = a->verdict == SHADOW_FILLED;
	e->pf.through = a->verdict == SHADOW_THROUGH;
	e->pf.gpa = a->gpa;
	e->pf.error = a->error;
	e->pf.page_size = a->page_size;
	e->pf.global = a->global;
}
