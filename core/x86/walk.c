/* SPDX-License-Identifier: GPL-3.0-or-later
 * walk.c - the one page-table walker, in the three formats of SDM 3A 4.3 to 4.5.
 * Rule: entries are read from the root down; nothing is written before every check has passed.
 */
#include "core/x86/walk.h"

#include "core/x86/x86.h"

struct format {
	u8 levels;     /* of tables in memory */
	u8 bits;       /* of the linear address per level */
	u8 entry;      /* bytes of an entry */
};

static const struct format format_32 = { 2, 10, 4 };
static const struct format format_pae = { 2, 9, 8 };
static const struct format format_4level = { 4, 9, 8 };

static u64 address_bits(const struct walk_env *env)
{
	return ((1ull << env->phys_bits) - 1) & ~(u64)PAGE_MASK_4K;
}

/* May an entry at this level (1 = page table) map a page itself?  SDM 3A table 4-1 */
static bool may_be_large(const struct walk_env *env, const struct format *f, int level)
{
	if (f->entry == 4)
		return level == 2 && env->pse && (env->cr4 & CR4_PSE);
	return level == 2 || (level == 3 && env->page1g);
}

/* Bits that must be clear in a present entry (SDM 3A 4.3 to 4.5, tables 4-4 to 4-20). */
static bool reserved_set(const struct walk_env *env, const struct format *f, int level, u64 e, bool large)
{
	if (f->entry == 4) {
		/* PSE-36: bits 20:13 of a 4 MiB entry hold address bits 39:32; those above MAXPHYADDR are reserved */
		u64 pse36 = env->phys_bits > 32 ? (1ull << ((env->phys_bits < 40 ? env->phys_bits : 40) - 32)) - 1 : 0;
		return large && (e >> 13 & 0x1ff & ~pse36);
	}
	u64 reserved = ~((1ull << env->phys_bits) - 1) & ~PTE_NX & (f->levels == 4 ? 0x000fffffffffffffull : ~0ull);
	if (!(env->efer & EFER_NXE))
		reserved |= PTE_NX;
	if ((e & PTE_PS) && level > 1 && !large)
		reserved |= PTE_PS;
	if (large)
		reserved |= (level == 3 ? 0x3fffe000ull : 0x1fe000ull);
	return e & reserved;
}

/* Do the combined rights of the walk allow the access?  SDM 3A 4.6 */
static bool allowed(const struct walk_env *env, const struct walk_result *res, u32 access)
{
	bool user = access & WALK_USER;
	if (access & WALK_LOOK)
		return true;
	if (user && !res->user)
		return false;
	if (access & WALK_FETCH)
		return !res->nx && (user || !res->user || !(env->cr4 & CR4_SMEP));
	if (!user && res->user && (env->cr4 & CR4_SMAP) && !(access & WALK_AC))
		return false;
	return !(access & WALK_WRITE) || res->writable || (!user && !(env->cr0 & CR0_WP));
}

static u32 error_code(const struct walk_env *env, u32 access, u32 cause)
{
	bool fetch_known = ((env->cr4 & CR4_PAE) && (env->efer & EFER_NXE)) || (env->cr4 & CR4_SMEP);
	return cause | (access & WALK_WRITE ? PF_W : 0) | (access & WALK_USER ? PF_U : 0) |
	       ((access & WALK_FETCH) && fetch_known ? PF_I : 0);
}

/* Set A in every entry used, D in the last when writing (SDM 3A 4.8). */
static bool set_accessed_dirty(const struct walk_env *env, const struct format *f, u32 access, struct walk_result *res)
{
	for (int i = 0; i < res->steps; i++) {
		u64 want = res->step[i].value | PTE_A;
		if (i == res->steps - 1 && (access & WALK_WRITE))
			want |= PTE_D;
		if (want != res->step[i].value &&
		    !env->write(env->arg, res->step[i].gpa, f->entry, res->step[i].value, want))
			return false;
		res->step[i].value = want;
	}
	return true;
}

static u64 leaf_address(const struct format *f, u64 e, u64 lin, u64 size, u64 mask)
{
	u64 frame = e & mask & ~(size - 1);
	if (f->entry == 4 && size > PAGE_SIZE_4K)
		frame = (e & 0xffc00000u) | (e >> 13 & 0xff) << 32; /* PSE-36 */
	return frame | (lin & (size - 1));
}

static bool walk_tables(const struct walk_env *env, const struct format *f, u64 table, u64 lin, u32 access,
			struct walk_result *res)
{
	u64 mask = address_bits(env);
	for (int level = f->levels; ; level--) {
		int shift = 12 + f->bits * (level - 1);
		u64 gpa = table + (lin >> shift & ((1u << f->bits) - 1)) * f->entry;
		u64 e = env->read(env->arg, gpa, f->entry);
		res->step[res->steps++] = (struct walk_step){ gpa, e };
		if (!(e & PTE_P))
			return res->error = error_code(env, access, 0), false;
		bool large = (e & PTE_PS) && level > 1 && may_be_large(env, f, level);
		if (reserved_set(env, f, level, e, large))
			return res->error = error_code(env, access, PF_P | PF_RSVD), false;
		res->writable &= !!(e & PTE_W);
		res->user &= !!(e & PTE_U);
		res->nx |= f->entry == 8 && (e & PTE_NX);
		if (level > 1 && !large) {
			table = e & mask;
			continue;
		}
		res->page_size = 1ull << shift;
		res->dirty = e & PTE_D;
		res->global = (e & PTE_G) && (env->cr4 & CR4_PGE);
		res->gpa = leaf_address(f, e, lin, res->page_size, mask);
		break;
	}
	if (!allowed(env, res, access))
		return res->error = error_code(env, access, PF_P), false;
	if (access & WALK_SET) {
		res->raced = !set_accessed_dirty(env, f, access, res);
		res->dirty |= access & WALK_WRITE;
	}
	return true;
}

static bool walk_once(const struct walk_env *env, u64 lin, u32 access, struct walk_result *res)
{
	*res = (struct walk_result){ .writable = true, .user = true, .dirty = true, .page_size = PAGE_SIZE_4K };
	if (!(env->cr0 & CR0_PG)) {
		res->gpa = (u32)lin;
		return true;
	}
	if (env->efer & EFER_LMA)
		return walk_tables(env, &format_4level, env->cr3 & address_bits(env), lin, access, res);
	if (!(env->cr4 & CR4_PAE))
		return walk_tables(env, &format_32, env->cr3 & 0xfffff000u, lin, access, res);
	u64 pdpte = env->pdpte[lin >> 30 & 3]; /* checked when CR3 was loaded (SDM 3A 4.4.1) */
	if (!(pdpte & PTE_P))
		return res->error = error_code(env, access, 0), false;
	return walk_tables(env, &format_pae, pdpte & address_bits(env), lin, access, res);
}

bool walk(const struct walk_env *env, u64 lin, u32 access, struct walk_result *res)
{
	bool found;

	do {
		found = walk_once(env, lin, access, res);
	} while (found && res->raced);
	return found;
}
