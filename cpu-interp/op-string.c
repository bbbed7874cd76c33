/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-string.c - MOVS, STOS, LODS, CMPS, SCAS and their REP prefixes (SDM 1 7.3.9, SDM 2B REP).
 *
 * Rule: registers are exact after every iteration, and every iteration counts as one retired instruction;
 * so a repeated instruction can be interrupted, faulted and restarted between any two of them.
 *
 * A run is a number of iterations whose elements all lie in one page on either side and hit the TLB:
 * nothing in it can fail, so it is done in one go.  Whatever is not in reach of a run is done element by
 * element through mmu.c.
 */
#include "cpu-interp/ops.h"

#include <string.h>

/* --- registers -------------------------------------------------------------------------------- */

static int addr_size(const struct insn *o) { return o->amask == 0xffff ? 2 : o->amask == 0xffffffff ? 4 : 8; }
static u64 source(const struct cpu *c, const struct insn *o) { return c->r[RSI] & o->amask; }
static u64 destination(const struct cpu *c, const struct insn *o) { return c->r[RDI] & o->amask; }
static u64 count(const struct cpu *c, const struct insn *o) { return c->r[RCX] & o->amask; }
static bool down(const struct cpu *c) { return *c->s.rflags & FLAG_DF; }
static i64 step(const struct cpu *c, const struct insn *o) { return down(c) ? -o->size : o->size; }

/* `n` iterations are done: move on in rSI, rDI (as far as used) and rCX.  All but the last are retired
 * here; the last is, as ever, when the handler leaves the instruction. */
static void advance(struct cpu *c, const struct insn *o, bool uses_si, bool uses_di, u64 n)
{
	u64 bytes = n * (u64)step(c, o);
	if (uses_si)
		gpr_set(c, RSI, addr_size(o), c->r[RSI] + bytes);
	if (uses_di)
		gpr_set(c, RDI, addr_size(o), c->r[RDI] + bytes);
	if (o->rep)
		gpr_set(c, RCX, addr_size(o), c->r[RCX] - n);
	c->left -= (i64)n - 1;
}

/* REP with rCX = 0 does nothing at all. */
static bool nothing_to_do(const struct cpu *c, const struct insn *o) { return o->rep && count(c, o) == 0; }
static bool more_to_do(const struct cpu *c, const struct insn *o) { return o->rep && count(c, o) != 0; }

/* --- runs ------------------------------------------------------------------------------------- */

/* Iterations that may be made in one go: what rCX asks for, the budget allows, and one if somebody watches
 * or if this is a restart, whose answers from the hypervisor belong to a single iteration. */
static u64 run_limit(const struct cpu *c, const struct insn *o)
{
	i64 left = c->left - o->nth;
	if (!o->rep || c->exact || c->nanswers || left < 1)
		return 1;
	u64 n = count(c, o);
	return n < (u64)left ? n : (u64)left;
}

/* Of at most n elements from seg:off in the direction of DF, how many lie wholly within one page and do not
 * wrap at the address size; *low is the lowest offset they cover. */
static u64 run_in_page(const struct cpu *c, const struct insn *o, u8 seg, u64 off, u64 n, u64 *low)
{
	u64 size = o->size, in_page = (c->seg[seg].base + off) & PAGE_MASK_4K, fit, to_wrap;
	if (!down(c)) {
		fit = (PAGE_SIZE_4K - in_page) / size;
		to_wrap = (o->amask - off) / size + 1;
	} else {
		fit = in_page + size <= PAGE_SIZE_4K ? in_page / size + 1 : 0;
		to_wrap = off / size + 1;
	}
	n = fit < n ? fit : n;
	n = to_wrap < n ? to_wrap : n;
	*low = down(c) && n ? off - (n - 1) * size : off;
	return n;
}

/* A run at both rSI and rDI: its length (0 = there is none) and the host addresses of its lowest bytes. */
static u64 run_pair(struct cpu *c, const struct insn *o, bool write, u8 **from, u8 **to)
{
	u64 low_from, low_to;
	u64 n = run_in_page(c, o, o->seg, source(c, o), run_limit(c, o), &low_from);
	u64 m = run_in_page(c, o, SEG_ES, destination(c, o), n, &low_to);
	if (m < n)
		n = run_in_page(c, o, o->seg, source(c, o), m, &low_from);
	if (!n)
		return 0;
	*from = mmu_run_read(c, o->seg, low_from, n * o->size);
	*to = write ? mmu_run_write(c, SEG_ES, low_to, n * o->size)
		    : mmu_run_read(c, SEG_ES, low_to, n * o->size);
	return *from && *to ? n : 0;
}

/* A run at one pointer. */
static u64 run_single(struct cpu *c, const struct insn *o, u8 seg, u64 off, bool write, u8 **at)
{
	u64 low, n = run_in_page(c, o, seg, off, run_limit(c, o), &low);
	if (!n)
		return 0;
	*at = write ? mmu_run_write(c, seg, low, n * o->size) : mmu_run_read(c, seg, low, n * o->size);
	return *at ? n : 0;
}

/* The first element of a run: at its low end, or with DF at its high end. */
static u8 *first_element(const struct cpu *c, const struct insn *o, u8 *low, u64 n)
{
	return down(c) ? low + (n - 1) * o->size : low;
}

static u64 element(const u8 *p, int size)
{
	u64 v = 0;
	memcpy(&v, p, (size_t)size);
	return v;
}

/* --- MOVS ------------------------------------------------------------------------------------- */

/* Copy n elements, each read only after those before it were written: programs fill memory by copying a
 * pattern onto the place right behind it.  Where that cannot be told from an ordinary copy, it is one. */
static void copy_elements(u8 *to, const u8 *from, u64 n, int size, bool down)
{
	bool apart = to + n * (u64)size <= from || from + n * (u64)size <= to;
	if (apart || (down ? to > from : to < from)) {
		memmove(to, from, n * (u64)size);
		return;
	}
	for (u64 i = 0; i < n; i++) {
		u64 at = (down ? n - 1 - i : i) * (u64)size;
		memmove(to + at, from + at, (size_t)size);
	}
}

static bool movs(struct cpu *c, const struct insn *o)
{
	u8 *from, *to;
	u64 v, n = run_pair(c, o, true, &from, &to);
	if (n) {
		copy_elements(to, from, n, o->size, down(c));
	} else {
		if (!mmu_load(c, o->seg, source(c, o), o->size, &v) ||
		    !mmu_store(c, SEG_ES, destination(c, o), o->size, v))
			return false;
		n = 1;
	}
	advance(c, o, true, true, n);
	return true;
}

PLAIN(movs)
{
	if (nothing_to_do(c, o))
		NEXT;
	TRY(movs(c, o));
	if (more_to_do(c, o))
		REPEAT;
	NEXT;
}

/* --- STOS ------------------------------------------------------------------------------------- */

static void fill_elements(u8 *to, u64 v, u64 n, int size)
{
	if (size == 1)
		memset(to, (int)(v & 0xff), n);
	else
		for (u64 i = 0; i < n; i++)
			memcpy(to + i * (u64)size, &v, (size_t)size);
}

static bool stos(struct cpu *c, const struct insn *o)
{
	u8 *to;
	u64 n = run_single(c, o, SEG_ES, destination(c, o), true, &to);
	if (n) {
		fill_elements(to, c->r[RAX], n, o->size);
	} else {
		if (!mmu_store(c, SEG_ES, destination(c, o), o->size, zero_extend(c->r[RAX], o->size)))
			return false;
		n = 1;
	}
	advance(c, o, false, true, n);
	return true;
}

PLAIN(stos)
{
	if (nothing_to_do(c, o))
		NEXT;
	TRY(stos(c, o));
	if (more_to_do(c, o))
		REPEAT;
	NEXT;
}

/* --- LODS ------------------------------------------------------------------------------------- */

static bool lods(struct cpu *c, const struct insn *o)
{
	u8 *from;
	u64 v, n = run_single(c, o, o->seg, source(c, o), false, &from);
	if (n) { /* of a whole run only the last element stays */
		v = element(down(c) ? from : from + (n - 1) * o->size, o->size);
	} else {
		if (!mmu_load(c, o->seg, source(c, o), o->size, &v))
			return false;
		n = 1;
	}
	gpr_set(c, RAX, o->size, v);
	advance(c, o, true, false, n);
	return true;
}

PLAIN(lods)
{
	if (nothing_to_do(c, o))
		NEXT;
	TRY(lods(c, o));
	if (more_to_do(c, o))
		REPEAT;
	NEXT;
}

/* --- CMPS and SCAS ---------------------------------------------------------------------------- */

enum compared { COMPARE_FAULTED, COMPARE_GOES_ON, COMPARE_ENDED };

/* REPE goes on while equal, REPNE while not (SDM 2B REP table 4-17). */
static bool decides(const struct insn *o, u64 a, u64 b) { return (a == b) != (o->rep == 0xf3); }

/* The flags are those of the last comparison, and written by it alone: after a fault on the way they are
 * what they were before the instruction (SDM 2B REP). */
static enum compared conclude(struct cpu *c, const struct insn *o, u64 a, u64 b)
{
	if (more_to_do(c, o) && !decides(o, a, b))
		return COMPARE_GOES_ON;
	flags_sized(c, K_SUB, o->size, a, b, a - b);
	return COMPARE_ENDED;
}

static enum compared cmps(struct cpu *c, const struct insn *o)
{
	u8 *from, *to;
	u64 a, b, done = 0, n = run_pair(c, o, false, &from, &to);
	if (n) {
		from = first_element(c, o, from, n);
		to = first_element(c, o, to, n);
		do {
			a = element(from + (i64)done * step(c, o), o->size);
			b = element(to + (i64)done * step(c, o), o->size);
			done++;
		} while (done < n && !decides(o, a, b));
	} else {
		if (!mmu_load(c, o->seg, source(c, o), o->size, &a) ||
		    !mmu_load(c, SEG_ES, destination(c, o), o->size, &b))
			return COMPARE_FAULTED;
		done = 1;
	}
	advance(c, o, true, true, done);
	return conclude(c, o, a, b);
}

PLAIN(cmps)
{
	if (nothing_to_do(c, o))
		NEXT;
	enum compared outcome = cmps(c, o);
	TRY(outcome != COMPARE_FAULTED);
	if (outcome == COMPARE_GOES_ON)
		REPEAT;
	NEXT;
}

static enum compared scas(struct cpu *c, const struct insn *o)
{
	u8 *to;
	u64 a = zero_extend(c->r[RAX], o->size), b, done = 0;
	u64 n = run_single(c, o, SEG_ES, destination(c, o), false, &to);
	if (n) {
		to = first_element(c, o, to, n);
		do
			b = element(to + (i64)done++ * step(c, o), o->size);
		while (done < n && !decides(o, a, b));
	} else {
		if (!mmu_load(c, SEG_ES, destination(c, o), o->size, &b))
			return COMPARE_FAULTED;
		done = 1;
	}
	advance(c, o, false, true, done);
	return conclude(c, o, a, b);
}

PLAIN(scas)
{
	if (nothing_to_do(c, o))
		NEXT;
	enum compared outcome = scas(c, o);
	TRY(outcome != COMPARE_FAULTED);
	if (outcome == COMPARE_GOES_ON)
		REPEAT;
	NEXT;
}
