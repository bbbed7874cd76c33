/* SPDX-License-Identifier: GPL-3.0-or-later
 * record.c - make vectors: floating-point instructions with random operands on the host's processor.
 * Rule: which instructions, and their bytes, follow from the instruction table; exceptions are masked.
 */
#include "tests/fp/vectors.h"

#if defined(__x86_64__) && defined(__linux__)

#include <string.h>
#include <sys/mman.h>

#include "core/x86/x86.h"
#include "cpu-interp/isa/isa.h"

/* FXSAVE's image (SDM 1 table 10-2) */
struct fxsave {
	u16 fcw, fsw;
	u8 ftw, r1;
	u16 fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	u8 st[8][16], xmm[16][16], r2[96];
};

static u64 next(u64 *random) /* splitmix64 (Steele, Lea, Flood 2014) */
{
	u64 z = *random += 0x9e3779b97f4a7c15ull;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* ---- operands ---- */

/* A number of a format: exponents near 1, near the ends, anywhere; fractions with few ones, long runs, anything. */
static void number(int exp_bits, int frac_bits, u64 *random, u64 *exp, u64 *frac)
{
	u64 all = (1ull << exp_bits) - 1, mask = (1ull << frac_bits) - 1, bit = 1ull << next(random) % (u64)frac_bits;
	u64 es[] = { 0, 1, all, all - 1, all / 2, next(random) & all, all / 2 + next(random) % 64 };
	u64 fs[] = { 0, 1, bit, mask, mask & -bit, bit | 1, next(random) };
	*exp = next(random) & 1 ? all / 2 - 8 + next(random) % 24 : es[next(random) % ARRAY_LEN(es)];
	*frac = (next(random) & 1 ? next(random) : fs[next(random) % ARRAY_LEN(fs)]) & mask;
}

static u64 real(int exp_bits, int frac_bits, u64 *random)
{
	u64 exp, frac;
	number(exp_bits, frac_bits, random, &exp, &frac);
	return (next(random) & 1) << (exp_bits + frac_bits) | exp << frac_bits | frac;
}

static void real80(u8 st[10], u64 *random)
{
	u64 exp, frac;
	number(15, 63, random, &exp, &frac);
	if (exp || next(random) % 16 == 0)
		frac |= 1ull << 63;
	exp |= (next(random) & 1) << 15;
	memcpy(st, &frac, 8);
	memcpy(st + 8, &exp, 2);
}

/* 16 bytes as single or double numbers, or 10 as one of the x87's. */
static void lanes(u8 to[16], int size, u64 *random)
{
	for (int i = 0; i < 16 && size != 10; i += size) {
		u64 v = size == 4 ? real(8, 23, random) : real(11, 52, random);
		memcpy(to + i, &v, (size_t)size);
	}
	if (size == 10)
		real80(to, random);
}

static void fill(struct vector_state *s, const struct isa_row *row, int lane, bool memory, u64 *random)
{
	bool x87 = row->opcode <= 0xff;
	*s = vector_start;
	if (x87) {
		s->fcw = (u16)(0x7f | (next(random) % 4) << 10 | (next(random) & 1 ? 3 : next(random) & 3) << 8);
		real80(s->st[0], random);
		real80(s->st[1], random);
		if (row->feature == FEAT_CMOV)
			s->flags = (u16)(next(random) & (FLAG_CF | FLAG_ZF | FLAG_PF));
	} else {
		s->mxcsr = 0x1f80 | (u32)(next(random) % 4) << 13 | (next(random) % 4 ? 0 : 0x8040 /* FTZ, DAZ */);
		lanes(s->xmm[0], lane, random);
		if (!memory)
			lanes(s->xmm[1], lane, random);
		if (row->o[1] == Ey)
			s->edx = (u32)next(random) >> next(random) % 32;
	}
	if (memory)
		lanes(s->mem, lane, random);
	if (memory && x87)
		memset(s->mem + lane, 0, sizeof s->mem - (size_t)lane);
}

/* ---- instructions ---- */

/* Does it compute with floating point? */
static bool chosen(const struct isa_row *row)
{
	static const char *const not_these[] = { "esc", "fldenv", "fnstenv", "frstor", "fnsave", "fldcw", NULL };
	static const char *const sse[] = { "add", "sub", "mul", "div", "sqrt", "min", "max", "cmp", "comi", "ucomi",
					   "cvt", "round", "dp", "hadd", "hsub", NULL };
	const char *const *list = row->opcode <= 0xff ? not_these : sse;
	bool vector = row->opcode > 0xff && row->o[0] != O_;
	for (int i = 0; i < 4; i++)
		if (row->o[i] >= Pd && row->o[i] <= Nq)
			return false;
	for (; *list; list++)
		if (!strncmp(row->mnemonic, *list, strlen(*list)))
			return vector && (row->feature == FEAT_SSE || row->feature == FEAT_SSE2 ||
					  row->feature == FEAT_SSE3 || row->feature == FEAT_SSE41) &&
			       !(row->flags & (REXW | O64)) && row->mnemonic[strlen(row->mnemonic) - 1] != 'b';
	return row->opcode >= 0xd8 && row->opcode <= 0xdf;
}

/* Operand in a register (ModRM.rm = 2; of the x87 ST1) or at [EAX]; ModRM.reg = 1. */
static bool encode(struct vector *v, const struct isa_row *row, bool memory, u64 *random)
{
	u8 *p = v->code;
	struct decoded d;
	bool x87 = row->opcode <= 0xff;
	if (row->flags & P66)
		*p++ = 0x66;
	if (row->flags & (PF2 | PF3))
		*p++ = row->flags & PF2 ? 0xf2 : 0xf3;
	for (int shift = row->opcode > 0xffff ? 16 : row->opcode > 0xff ? 8 : 0; shift >= 0; shift -= 8)
		*p++ = (u8)(row->opcode >> shift);
	int reg = row->digit >= 0 ? row->digit : 1, rm = row->rm >= 0 ? row->rm : x87 ? 1 : 2;
	*p++ = (u8)(reg << 3 | (memory ? 0 : 0xc0 | rm));
	*p++ = (u8)(next(random) & 15);
	if (isa_decode(v->code, (int)(p - v->code), MODE_32, ~0ull, &d) != DECODE_OK || d.row != row)
		return false;
	v->len = d.len;
	snprintf(v->name, sizeof v->name, "%s", row->mnemonic);
	return true;
}

/* Bytes of a number among the row's operands; those of the source count for conversions. */
static int lane_of(const struct isa_row *row)
{
	const char *name = row->mnemonic;
	if (row->opcode <= 0xff)
		return row->o[0] == Md || row->o[0] == Mw ? 4 : row->o[0] == Mq ? 8 : 10;
	if (!strncmp(name, "cvt", 3))
		return strstr(name, "ps2") || strstr(name, "ss2") || strstr(name, "dq2") || strstr(name, "si2") ? 4 : 8;
	return name[strlen(name) - 1] == 's' ? 4 : 8;
}

/* ---- the processor ---- */

static void execute(const u8 *page, struct fxsave *image, u64 *flags, void *mem, u64 *ecx, u64 *edx)
{
	__asm__ volatile("fxrstor64 (%[image])\n"
			 "pushq %[flags]\n popfq\n"
			 "call *%[code]\n"
			 "pushfq\n popq %[flags]\n"
			 "fxsave64 (%[image])\n"
			 "fninit\n"
			 "ldmxcsr %[usual]\n"
			 : [flags] "+r"(*flags), "+c"(*ecx), "+d"(*edx)
			 : [image] "r"(image), [code] "r"(page), "a"(mem), [usual] "m"((const u32){ 0x1f80 })
			 : "memory", "cc", "xmm0", "xmm1", "xmm2");
}

static void run(struct vector *v, u8 *page)
{
	_Alignas(16) struct fxsave image = { .fcw = v->before.fcw, .fsw = v->before.fsw, .ftw = v->before.ftw,
					     .mxcsr = v->before.mxcsr };
	_Alignas(16) u8 mem[16];
	u64 flags = v->before.flags | FLAG_1, ecx = v->before.ecx, edx = v->before.edx;
	memcpy(page, v->code, (size_t)v->len);
	page[v->len] = 0xc3; /* RET */
	memcpy(mem, v->before.mem, sizeof mem);
	for (int i = 0; i < 3; i++)
		memcpy(image.st[i], v->before.st[i], 10);
	memcpy(image.xmm[1], v->before.xmm, 32);
	execute(page, &image, &flags, mem, &ecx, &edx);
	v->after = v->before;
	v->after.fcw = image.fcw;
	v->after.fsw = image.fsw;
	v->after.ftw = image.ftw;
	v->after.mxcsr = image.mxcsr;
	v->after.flags = flags & FLAGS_ARITH;
	v->after.ecx = (u32)ecx;
	v->after.edx = (u32)edx;
	memcpy(v->after.mem, mem, sizeof mem);
	for (int i = 0; i < 3; i++)
		memcpy(v->after.st[i], image.st[i], 10);
	memcpy(v->after.xmm, image.xmm[1], 32);
}

bool record(FILE *out, int per_form, u64 seed, const char **why)
{
	u8 *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED) {
		*why = "this host gives no memory that is writable and executable";
		return false;
	}
	for (int i = 0; i < isa_count; i++)
		for (int form = 0; form < 2 && chosen(&isa_rows[i]); form++)
			for (int k = 0; k < per_form; k++) {
				struct vector v = { .len = 0 };
				if (!encode(&v, &isa_rows[i], form, &seed))
					continue;
				fill(&v.before, &isa_rows[i], lane_of(&isa_rows[i]), form, &seed);
				run(&v, page);
				vector_print(&v, out);
			}
	munmap(page, 4096);
	return true;
}

#else

bool record(FILE *out, int per_form, u64 seed, const char **why)
{
	*why = "vectors are recorded on x86-64 Linux hosts";
	return false;
}

#endif
