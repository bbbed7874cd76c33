/* SPDX-License-Identifier: GPL-3.0-or-later
 * op-vec-text.c - PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM: two texts of at most 16 bytes or 8 words compared in
 * one of four ways (SDM 2B 4.1).
 * Rule: the immediate says everything (struct comparison has its fields); elements beyond a text's end are invalid, and
 * each way of comparing has its own view of those (SDM 2B table 4-7).
 */
#include "cpu-interp/vec.h"

enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

struct text {
	int length; /* valid elements */
	int element[16];
};

struct comparison {
	int count; /* elements a register holds: 16 bytes or 8 words */
	bool is_signed;
	int how;
	bool negate, valid_only; /* polarity: of all, or of the second text's valid elements */
	bool high;               /* the index of the highest bit; a mask of whole elements */
	struct text first, second;
};

static struct comparison comparison_of(u8 imm)
{
	return (struct comparison){ .count = imm & 1 ? 8 : 16, .is_signed = imm & 2, .how = imm >> 2 & 3,
				    .negate = imm & 0x10, .valid_only = imm & 0x20, .high = imm & 0x40 };
}

static int element(const struct comparison *p, const union vec *v, int i)
{
	if (p->count == 8)
		return p->is_signed ? v->sw[i] : v->w[i];
	return p->is_signed ? v->sb[i] : v->b[i];
}

static void text_take(const struct comparison *p, struct text *t, const union vec *v)
{
	for (int i = 0; i < p->count; i++)
		t->element[i] = element(p, v, i);
}

/* The length is given, its sign does not count; or the text ends before its first zero. */
static int length_given(const struct comparison *p, i64 length)
{
	return length > p->count || length < -p->count ? p->count : (int)(length < 0 ? -length : length);
}
static int length_found(const struct comparison *p, const struct text *t)
{
	int n = 0;
	while (n < p->count && t->element[n])
		n++;
	return n;
}

/* ---- the four ways: what the second text's element j amounts to ---- */

static bool equal_any(const struct text *set, int v)
{
	for (int i = 0; i < set->length; i++)
		if (set->element[i] == v)
			return true;
	return false;
}

/* Pairs of a lower and an upper bound. */
static bool in_ranges(const struct text *ranges, int v)
{
	for (int i = 0; i + 1 < ranges->length; i += 2)
		if (ranges->element[i] <= v && v <= ranges->element[i + 1])
			return true;
	return false;
}

/* Does the first text begin at place j of the second, as far as can be seen? */
static bool begins_at(const struct comparison *p, int j)
{
	for (int i = 0; i < p->first.length && i + j < p->count; i++)
		if (i + j >= p->second.length || p->first.element[i] != p->second.element[i + j])
			return false;
	return true;
}

static bool matches(const struct comparison *p, int j)
{
	bool valid = j < p->second.length;
	switch (p->how) {
	case EQUAL_ANY: return valid && equal_any(&p->first, p->second.element[j]);
	case RANGES: return valid && in_ranges(&p->first, p->second.element[j]);
	case EQUAL_EACH:
		if (!valid || j >= p->first.length)
			return !valid && j >= p->first.length;
		return p->first.element[j] == p->second.element[j];
	default: return begins_at(p, j);
	}
}

/* One bit per element of the second text. */
static u32 compare(const struct comparison *p)
{
	u32 bits = 0;
	for (int j = 0; j < p->count; j++) {
		bool negate = p->negate && (!p->valid_only || j < p->second.length);
		bits |= (u32)(matches(p, j) != negate) << j;
	}
	return bits;
}

/* ---- results ---- */

static void set_flags(struct cpu *c, const struct comparison *p, u32 bits)
{
	flags_change(c, FLAGS_ARITH, (bits ? FLAG_CF : 0) | (p->second.length < p->count ? FLAG_ZF : 0) |
				     (p->first.length < p->count ? FLAG_SF : 0) | (bits & 1 ? FLAG_OF : 0));
}

static void set_index(struct cpu *c, const struct comparison *p, u32 bits)
{
	int index = !bits ? p->count : p->high ? 31 - __builtin_clz(bits) : __builtin_ctz(bits);
	gpr_set(c, RCX, 4, (u64)index);
}

static void set_mask(struct cpu *c, const struct comparison *p, u32 bits)
{
	union vec r = { .q = { p->high ? 0 : bits, 0 } };
	for (int i = 0; p->high && i < 16; i++)
		r.b[i] = bits >> (p->count == 8 ? i / 2 : i) & 1 ? 0xff : 0;
	*xmm(c, 0) = r;
}

static bool compare_texts(struct cpu *c, const struct insn *o, bool lengths_given,
			  void (*set_result)(struct cpu *c, const struct comparison *p, u32 bits))
{
	struct comparison p = comparison_of((u8)o->imm);
	union vec second = *xmm(c, o->s);
	if (!sse_check(c) || (o->mem && !vec_load(c, o, 16, &second)))
		return false;
	text_take(&p, &p.first, xmm(c, o->d));
	text_take(&p, &p.second, &second);
	int size = o->opsize == 8 ? 8 : 4;
	i64 rax = (i64)sign_extend(c->r[RAX], size), rdx = (i64)sign_extend(c->r[RDX], size);
	p.first.length = lengths_given ? length_given(&p, rax) : length_found(&p, &p.first);
	p.second.length = lengths_given ? length_given(&p, rdx) : length_found(&p, &p.second);
	u32 bits = compare(&p);
	set_flags(c, &p, bits);
	set_result(c, &p, bits);
	return true;
}

SIMPLE(pcmpestri) { return compare_texts(c, o, true, set_index); }
SIMPLE(pcmpestrm) { return compare_texts(c, o, true, set_mask); }
SIMPLE(pcmpistri) { return compare_texts(c, o, false, set_index); }
SIMPLE(pcmpistrm) { return compare_texts(c, o, false, set_mask); }
