/* SPDX-License-Identifier: GPL-3.0-or-later
 * ept.c - the walk through extended page tables (SDM 3C 28.2.2).
 * Rule: an entry is checked for misconfiguration before its rights count, as 28.2.3.1 and 28.2.3.2 order it.
 */
#include "core/x86/ept.h"

#include "core/x86/x86.h"

enum { LEVELS = 4 };

bool ept_pointer_valid(u64 eptp, u8 phys_bits)
{
	u64 type = eptp & 7, reserved = 0xf80 | ~((1ull << phys_bits) - 1);

	return (type == 0 || type == EPTP_WB) && (eptp & 0x38) == EPTP_LEVELS_4 && !(eptp & reserved);
}

static u64 address_bits(const struct ept_env *env)
{
	return ((1ull << env->phys_bits) - 1) & ~(u64)PAGE_MASK_4K;
}

/* May an entry at this level (1 = page table) map a page?  1 GiB pages are offered, 512 GiB pages do not exist. */
static bool is_leaf(u64 e, int level)
{
	return level == 1 || (level < LEVELS && (e & EPT_LARGE));
}

/* SDM 3C 28.2.3.1: rights that make no sense, reserved bits, memory types 2, 3 and 7.  Execute-only is supported. */
static bool is_misconfigured(const struct ept_env *env, u64 e, int level)
{
	u64 reserved = 0x000fffffffffffffull & ~((1ull << env->phys_bits) - 1);
	u64 type = e >> EPT_TYPE_SHIFT & 7;

	if ((e & EPT_W) && !(e & EPT_R))
		return true;
	if (!is_leaf(e, level))
		return e & (reserved | (level == LEVELS ? 0xf8 : 0x78));
	if (level > 1)
		reserved |= (1ull << (12 + 9 * (level - 1))) - 1 - PAGE_MASK_4K;
	return (e & reserved) || type == 2 || type == 3 || type == 7;
}

/* SDM 3C 28.2.4: A in every entry used, D in the leaf when writing. */
static void set_accessed_dirty(const struct ept_env *env, u64 access, struct ept_result *res)
{
	for (int i = 0; i < res->steps; i++) {
		u64 want = res->step[i].value | EPT_A | (i == res->steps - 1 && (access & EPT_W) ? EPT_D : 0);

		if (want != res->step[i].value)
			env->write(env->arg, res->step[i].gpa, want);
		res->step[i].value = want;
	}
}

/* Will the leaf's dirty flag be set, and is there no room to log that? */
static bool cannot_log(const struct ept_env *env, u64 gpa, u64 access, u64 leaf)
{
	return env->log && (access & EPT_W) && !(leaf & EPT_D) && !env->log(env->arg, gpa);
}

bool ept_walk(const struct ept_env *env, u64 gpa, u64 access, struct ept_result *res)
{
	u64 mask = address_bits(env), table = env->eptp & mask, e = 0;
	int level = LEVELS;

	*res = (struct ept_result){ .rights = EPT_RIGHTS, .page_size = PAGE_SIZE_4K };
	for (;; level--) {
		int shift = 12 + 9 * (level - 1);
		u64 at = table + (gpa >> shift & 511) * 8;

		e = env->read(env->arg, at);
		res->step[res->steps++] = (struct walk_step){ at, e };
		res->rights &= (u8)e;
		if (!(e & EPT_RIGHTS))
			return false;
		if (is_misconfigured(env, e, level)) {
			res->misconfigured = true;
			return false;
		}
		if (is_leaf(e, level)) {
			res->page_size = 1ull << shift;
			break;
		}
		table = e & mask;
	}
	res->type = e >> EPT_TYPE_SHIFT & 7;
	res->hpa = (e & mask & ~(res->page_size - 1)) | (gpa & (res->page_size - 1));
	if (access & ~(u64)res->rights)
		return false;
	if (access && (env->eptp & EPTP_AD)) {
		res->log_full = cannot_log(env, gpa, access, e);
		if (!res->log_full)
			set_accessed_dirty(env, access, res);
	}
	return !res->log_full;
}
