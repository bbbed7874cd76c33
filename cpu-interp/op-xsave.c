/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-xsave.c - the state of x87 and SSE to memory and back: FXSAVE, XSAVE and their kin, MXCSR (SDM 1 10.5, 13).
 *
 * Rule: the image is made, or read, as a whole; `words` says which of its 8-byte words belong to what is saved, and only
 * those are touched.  Registers change when every word has been read and checked.
 */
#include "cpu-interp/fpu.h"
#include "cpu-interp/vec.h"

#include <string.h>

/* --- the image (SDM 1 table 10-2), and behind it XSAVE's header (SDM 1 13.4.2) ------------------------ */

enum {
	AT_FCW = 0, AT_FSW = 2, AT_FTW = 4, AT_FOP = 6, AT_FIP = 8, AT_FCS = 12, AT_FDP = 16, AT_FDS = 20,
	AT_MXCSR = 24, AT_MXCSR_MASK = 28, AT_ST = 32, AT_XMM = 160,
	WORDS = 512 / 8, AT_XSTATE_BV = 512, AT_XCOMP_BV = 520, HEADER_END = 576,
};
struct image { u8 b[512]; };

/* Sets of words: bit n = bytes 8n to 8n + 7. */
#define BITS_FROM(first, n) (((1ull << (n)) - 1) << (first))
static const u64 words_x87 = BITS_FROM(0, 3) | BITS_FROM(AT_ST / 8, 16), words_mxcsr = BITS_FROM(AT_MXCSR / 8, 1);
static u64 words_xmm(const struct cpu *c) { return BITS_FROM(AT_XMM / 8, c->mode == MODE_64 ? 32 : 16); }

enum { MXCSR_VALID = 0xffff };

static void put(struct image *m, int at, int n, u64 v) { host_put(m->b + at, n, v); }
static u64 get(const struct image *m, int at, int n) { return host_get(m->b + at, n); }

/* wide: 64-bit pointers (REX.W) instead of 32 bits and a selector */
static void make_image(struct cpu *c, bool wide, struct image *m)
{
	*m = (struct image){ { 0 } };
	put(m, AT_FCW, 2, *c->s.fcw);
	put(m, AT_FSW, 2, *c->s.fsw);
	put(m, AT_FTW, 1, *c->s.ftw);
	put(m, AT_FOP, 2, *c->s.fop);
	put(m, AT_FIP, 8, wide ? *c->s.fip : (u32)*c->s.fip | (u64)*c->s.fcs << 32);
	put(m, AT_FDP, 8, wide ? *c->s.fdp : (u32)*c->s.fdp | (u64)*c->s.fds << 32);
	put(m, AT_MXCSR, 4, *c->s.mxcsr);
	put(m, AT_MXCSR_MASK, 4, MXCSR_VALID);
	for (int i = 0; i < 8; i++) {
		struct fp80 v = fpu_get(c, i);
		put(m, AT_ST + 16 * i, 8, v.sig);
		put(m, AT_ST + 16 * i + 8, 2, v.exp);
	}
	memcpy(m->b + AT_XMM, c->s.xmm, sizeof c->s.xmm);
}

static void set_x87(struct cpu *c, bool wide, const struct image *m)
{
	u64 ip = get(m, AT_FIP, 8), dp = get(m, AT_FDP, 8);
	fpu_set_fcw(c, (u16)get(m, AT_FCW, 2));
	fpu_set_fsw(c, (u16)get(m, AT_FSW, 2));
	for (int i = 0; i < 8; i++)
		fpu_set(c, i, (struct fp80){ get(m, AT_ST + 16 * i, 8), (u16)get(m, AT_ST + 16 * i + 8, 2) });
	*c->s.ftw = (u8)get(m, AT_FTW, 1);
	*c->s.fop = get(m, AT_FOP, 2) & 0x7ff;
	*c->s.fip = wide ? ip : (u32)ip;
	*c->s.fdp = wide ? dp : (u32)dp;
	*c->s.fcs = wide ? 0 : (u16)(ip >> 32);
	*c->s.fds = wide ? 0 : (u16)(dp >> 32);
}

static void set_xmm(struct cpu *c, const struct image *m)
{
	memcpy(c->s.xmm, m->b + AT_XMM, c->mode == MODE_64 ? 256 : 128);
}

/* --- words of the image and guest memory -------------------------------------------------------------- */

static bool check_words(struct cpu *c, const struct insn *o, u64 words)
{
	for (int i = 0; i < WORDS; i++)
		if (words >> i & 1 && !mmu_check_store(c, o->seg, ea(c, o) + 8u * (u32)i, 8))
			return false;
	return true;
}

static bool store_words(struct cpu *c, const struct insn *o, const struct image *m, u64 words)
{
	for (int i = 0; i < WORDS; i++)
		if (words >> i & 1 && !mmu_store(c, o->seg, ea(c, o) + 8u * (u32)i, 8, get(m, 8 * i, 8)))
			return false;
	return true;
}

static bool load_words(struct cpu *c, const struct insn *o, struct image *m, u64 words)
{
	*m = (struct image){ { 0 } };
	for (int i = 0; i < WORDS; i++) {
		u64 v = 0;
		if (words >> i & 1 && !mmu_load(c, o->seg, ea(c, o) + 8u * (u32)i, 8, &v))
			return false;
		put(m, 8 * i, 8, v);
	}
	return true;
}

static bool aligned(struct cpu *c, const struct insn *o, u32 to, bool write)
{
	u64 lin;
	return mmu_linear(c, o->seg, ea(c, o), 8, write, &lin) && (!(lin & (to - 1)) || fault_gp(c, 0));
}

static bool is_wide(const struct insn *o) { return o->opsize == 8; }

/* --- FXSAVE, FXRSTOR ---------------------------------------------------------------------------------- */

static bool fx_check(struct cpu *c, const struct insn *o, bool write)
{
	if (*c->s.cr0 & CR0_EM)
		return fault_ud(c);
	return fpu_present(c) && aligned(c, o, 16, write);
}

/* Without CR4.OSFXSR the operating system knows nothing of SSE, and its registers stay where they are. */
static u64 fx_words(const struct cpu *c)
{
	return words_x87 | (*c->s.cr4 & CR4_OSFXSR ? words_mxcsr | words_xmm(c) : 0);
}

SIMPLE(fxsave)
{
	struct image m;
	make_image(c, is_wide(o), &m);
	return fx_check(c, o, true) && check_words(c, o, fx_words(c)) && store_words(c, o, &m, fx_words(c));
}

SIMPLE(fxrstor)
{
	struct image m;
	if (!fx_check(c, o, false) || !load_words(c, o, &m, fx_words(c)))
		return false;
	if (*c->s.cr4 & CR4_OSFXSR) {
		if (get(&m, AT_MXCSR, 4) & ~(u64)MXCSR_VALID)
			return fault_gp(c, 0);
		*c->s.mxcsr = (u32)get(&m, AT_MXCSR, 4);
		set_xmm(c, &m);
	}
	set_x87(c, is_wide(o), &m);
	return true;
}

/* --- MXCSR -------------------------------------------------------------------------------------------- */

SIMPLE(ldmxcsr)
{
	u64 v;
	if (!sse_check(c) || !mmu_load(c, o->seg, ea(c, o), 4, &v))
		return false;
	if (v & ~(u64)MXCSR_VALID)
		return fault_gp(c, 0);
	*c->s.mxcsr = (u32)v;
	return true;
}

SIMPLE(stmxcsr) { return sse_check(c) && mmu_store(c, o->seg, ea(c, o), 4, *c->s.mxcsr); }

/* --- XSAVE: state components by number ---------------------------------------------------------------- */

enum { X87 = 1 << 0, SSE = 1 << 1, COMPACTED = 63 };

/* The components that software asks for and the operating system has enabled (RFBM). */
static u64 requested(const struct cpu *c)
{
	return ((u32)c->r[RAX] | (u64)(u32)c->r[RDX] << 32) & *c->s.xcr0;
}

/* XINUSE: components not in their initial configuration (SDM 1 13.6); MXCSR does not count. */
static u64 in_use(const struct cpu *c)
{
	u64 used = 0;
	u64 pointers = *c->s.fip | *c->s.fdp | *c->s.fop | *c->s.fcs | *c->s.fds;
	if (*c->s.fcw != FCW_INIT || *c->s.fsw || *c->s.ftw || pointers)
		used |= X87;
	for (int i = 0; i < 8; i++)
		if (c->s.fpr[i] | c->s.fpr_exp[i])
			used |= X87;
	for (int i = 0; i < (c->mode == MODE_64 ? 32 : 16); i++)
		if (c->s.xmm[i])
			used |= SSE;
	return used;
}

static bool xsave_check(struct cpu *c, const struct insn *o, bool write)
{
	if (!(*c->s.cr4 & CR4_OSXSAVE))
		return fault_ud(c);
	if (*c->s.cr0 & CR0_TS)
		return fault_raise(c, VEC_NM);
	return aligned(c, o, 64, write);
}

static u64 component_words(const struct cpu *c, u64 components)
{
	return (components & X87 ? words_x87 : 0) | (components & SSE ? words_xmm(c) : 0);
}

/* Store components; then the header's words: XSTATE_BV and, in the compacted form, XCOMP_BV. */
static bool save(struct cpu *c, const struct insn *o, u64 components, bool mxcsr, u64 xstate_bv, u64 xcomp_bv)
{
	u64 words = component_words(c, components) | (mxcsr ? words_mxcsr : 0);
	u64 at_bv = ea(c, o) + AT_XSTATE_BV, at_comp = ea(c, o) + AT_XCOMP_BV;
	struct image m;
	make_image(c, is_wide(o), &m);
	if (!check_words(c, o, words) || !mmu_check_store(c, o->seg, at_bv, 8) ||
	    (xcomp_bv && !mmu_check_store(c, o->seg, at_comp, 8)) || !store_words(c, o, &m, words))
		return false;
	return mmu_store(c, o->seg, at_bv, 8, xstate_bv) && (!xcomp_bv || mmu_store(c, o->seg, at_comp, 8, xcomp_bv));
}

/* XSAVE, XSAVEOPT (SDM 1 13.7, 13.9): bits of components not asked for stay in XSTATE_BV. */
static bool save_standard(struct cpu *c, const struct insn *o, bool all)
{
	u64 want = requested(c), used = in_use(c), old;
	if (!xsave_check(c, o, true) || !mmu_load(c, o->seg, ea(c, o) + AT_XSTATE_BV, 8, &old))
		return false;
	return save(c, o, all ? want : want & used, want & SSE, (old & ~want) | (want & used), 0);
}

SIMPLE(xsave) { return save_standard(c, o, true); }
SIMPLE(xsaveopt) { return save_standard(c, o, false); }

/* SDM 1 13.10: SSE also counts as used if MXCSR is not what it is initially. */
SIMPLE(xsavec)
{
	u64 want = requested(c), used = in_use(c) | (*c->s.mxcsr != 0x1f80 ? SSE : 0);
	if (!xsave_check(c, o, true))
		return false;
	return save(c, o, want & used, want & used & SSE, want & used, want | 1ull << COMPACTED);
}

/* The header must be what XSAVE, or XSAVEC, can have written (SDM 1 13.8.1, 13.8.2). */
static bool load_header(struct cpu *c, const struct insn *o, u64 *xstate_bv, bool *compacted)
{
	u64 word[(HEADER_END - AT_XSTATE_BV) / 8];
	for (size_t i = 0; i < ARRAY_LEN(word); i++)
		if (!mmu_load(c, o->seg, ea(c, o) + AT_XSTATE_BV + 8 * i, 8, &word[i]))
			return false;
	u64 comp = word[1] & ~(1ull << COMPACTED), reserved = word[2];
	*xstate_bv = word[0];
	*compacted = word[1] >> COMPACTED;
	if (*compacted && !has(c, FEAT_XSAVEC))
		return fault_gp(c, 0);
	if (*compacted)
		for (size_t i = 3; i < ARRAY_LEN(word); i++)
			reserved |= word[i];
	u64 allowed = *compacted ? comp & *c->s.xcr0 : *c->s.xcr0;
	bool comp_valid = *compacted ? !(comp & ~*c->s.xcr0) : !comp;
	return (comp_valid && !reserved && !(word[0] & ~allowed)) || fault_gp(c, 0);
}

/* A component asked for that the image has not is initialised. */
SIMPLE(xrstor)
{
	static const struct image initial = { { FCW_INIT & 0xff, FCW_INIT >> 8 } };
	u64 want = requested(c), present;
	struct image m;
	bool compacted;
	if (!xsave_check(c, o, false) || !load_header(c, o, &present, &compacted))
		return false;
	bool mxcsr = compacted ? want & present & SSE : want & SSE;
	u64 words = component_words(c, want & present) | (mxcsr ? words_mxcsr : 0);
	if (!load_words(c, o, &m, words))
		return false;
	if (mxcsr && get(&m, AT_MXCSR, 4) & ~(u64)MXCSR_VALID)
		return fault_gp(c, 0);
	if (want & SSE) {
		*c->s.mxcsr = mxcsr ? (u32)get(&m, AT_MXCSR, 4) : 0x1f80;
		set_xmm(c, present & SSE ? &m : &initial);
	}
	if (want & X87)
		set_x87(c, is_wide(o), present & X87 ? &m : &initial);
	return true;
}
