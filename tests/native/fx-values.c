/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-values.c - the operands: special numbers, neighbours of special numbers, pairs that nearly cancel,
 * overflow or tie, and the control words.
 * Rule: integers only, and no order left to the compiler, so that a seed gives the same operands on every
 * host.
 */
#include <string.h>

#include "tests/native/fx.h"

static u32 pick(u64 *random, u32 n) { return (u32)((random_next(random) >> 32) * n >> 32); }
static bool one_of(u64 *random, u32 n) { return pick(random, n) == 0; }

/* ---- numbers in parts ---- */

/* A floating-point format: bits of exponent and fraction; the 80-bit one has its integer bit besides. */
static const struct format { u8 exp_bits, frac_bits; } formats[FLAVOURS] = {
	[LANES_F32] = { 8, 23 }, [LANES_F64] = { 11, 52 }, [LANES_F80] = { 15, 63 },
};
struct number { bool sign, odd; /* 80 bits: the integer bit is the wrong one */ u32 exp; u64 frac; };

static u32 max_exp(const struct format *f) { return (1u << f->exp_bits) - 1; }
static i64 bias(const struct format *f) { return max_exp(f) >> 1; }
static u64 max_frac(const struct format *f) { return (1ull << f->frac_bits) - 1; }

static u32 clamp_exp(const struct format *f, i64 exp)
{
	return exp < 0 ? 0 : exp > (i64)max_exp(f) ? max_exp(f) : (u32)exp;
}

/* Zero, all ones, few bits, bits with a long run of ones or zeros, anything. */
static u64 random_frac(const struct format *f, u64 *random)
{
	u64 r = random_next(random), bit = 1ull << pick(random, f->frac_bits);
	switch (r & 7) {
	case 0: return 0;
	case 1: return max_frac(f) - (r >> 3 & 3);
	case 2: return r >> 3 & 3;
	case 3: return bit;
	case 4: return bit | 1ull << pick(random, f->frac_bits);
	case 5: return max_frac(f) & ~(bit - 1);
	default: return (r >> 8 ^ r << 40) & max_frac(f);
	}
}

static i64 random_exp(const struct format *f, u64 *random)
{
	static const i16 limits[] = { 7, 15, 127, -126, -150, 1023, -1022, -1075 }; /* of the other formats */
	i64 near = (i64)pick(random, 8) - 4;
	switch (pick(random, 8)) {
	case 0: return pick(random, max_exp(f) + 1);
	case 1: return near + 4;                           /* tiny */
	case 2: return max_exp(f) - 5 + near;              /* huge */
	case 3: return bias(f) + f->frac_bits + near;      /* the last bit is worth one or so */
	case 4: return bias(f) + (one_of(random, 2) ? 31 : 63) + near;
	case 5: return bias(f) + limits[pick(random, ARRAY_LEN(limits))] + near;
	default: return bias(f) + near * 4 + pick(random, 4);
	}
}

static struct number random_number(const struct format *f, u64 *random)
{
	struct number n = { .sign = one_of(random, 2), .frac = random_frac(f, random) };
	switch (pick(random, 24)) {
	case 0: n.frac = 0; break;                               /* zero */
	case 1: break;                                           /* denormal */
	case 2: n.exp = max_exp(f), n.frac = 0; break;           /* infinity */
	case 3: n.exp = max_exp(f), n.frac |= 1ull << (f->frac_bits - 1); break; /* quiet NaN */
	case 4: /* signalling NaN */
		n.exp = max_exp(f), n.frac &= max_frac(f) >> 1, n.frac |= one_of(random, 2);
		break;
	case 5: n.exp = max_exp(f) - 1, n.frac = max_frac(f) - pick(random, 2); break;
	case 6: n.exp = pick(random, 2), n.frac = pick(random, 2) ? max_frac(f) : pick(random, 3); break;
	case 7: /* a small integer, or one and a half */
		n.exp = (u32)bias(f) + pick(random, 6);
		n.frac = (u64)pick(random, 64) << (f->frac_bits - 6);
		break;
	case 8: n.odd = one_of(random, 2); n.exp = clamp_exp(f, random_exp(f, random)); break;
	default: n.exp = clamp_exp(f, random_exp(f, random));
	}
	return n;
}

/* The fraction of about 2 / 1.frac: the product will be all ones, or rounded to a power of two. */
static u64 inverse_frac(const struct format *f, u64 frac, i64 near)
{
	unsigned __int128 two = (unsigned __int128)1 << (2 * f->frac_bits + 1);
	return ((u64)(two / (frac + max_frac(f) + 1)) + (u64)near) & max_frac(f);
}

/* One that goes with a: the same, its negative, its neighbour, or an exponent that makes the sum a tie, or
 * the product or quotient overflow or underflow. */
static struct number related_number(const struct format *f, struct number a, u64 *random)
{
	struct number n = random_number(f, random);
	i64 near = (i64)pick(random, 4) - 2, ea = (i64)a.exp - bias(f);
	const i64 target[] = { bias(f), 1 - bias(f), 1 - bias(f) - f->frac_bits, 0 };
	switch (pick(random, 8)) {
	case 0: return a;
	case 1: a.sign = !a.sign; return a;
	case 2: a.frac = (a.frac + (u64)near) & max_frac(f); return a;
	case 3: a.sign = n.sign; a.exp = clamp_exp(f, (i64)a.exp + near); return a;
	case 4: n.exp = clamp_exp(f, (i64)a.exp - f->frac_bits + near); return n;
	case 5:
		n.exp = clamp_exp(f, bias(f) + target[pick(random, 4)] - ea + near);
		n.frac = one_of(random, 2) ? inverse_frac(f, a.frac, (i64)pick(random, 3) - 1) : n.frac;
		return n;
	case 6: n.exp = clamp_exp(f, (i64)a.exp - target[pick(random, 4)] + near); return n;
	default: n.exp = clamp_exp(f, (i64)a.exp + near); return n;
	}
}

static u64 pack(const struct format *f, struct number n)
{
	return n.frac | (u64)n.exp << f->frac_bits | (u64)n.sign << (f->frac_bits + f->exp_bits);
}

static struct number unpack(const struct format *f, u64 bits)
{
	return (struct number){ .sign = bits >> (f->frac_bits + f->exp_bits) & 1, .frac = bits & max_frac(f),
				.exp = (u32)(bits >> f->frac_bits) & max_exp(f) };
}

static u64 random_integer(int bits, u64 *random)
{
	u64 r = random_next(random), bit = 1ull << (r >> 8 & (u64)(bits - 1));
	switch (r & 15) {
	case 0: return 0;
	case 1: return UINT64_MAX;
	case 2: return bit;
	case 3: return bit - 1;
	case 4: return ~bit;
	case 5: return -bit;
	case 6: return 1ull << (bits - 1);
	case 7: return (r >> 8 & 0xff) - 128;
	case 8: return r >> 16 & 0x1f;
	default: return random_next(random);
	}
}

/* ---- 16 bytes of lanes ---- */

static int lane_bits(enum flavour flavour)
{
	static const u8 bits[FLAVOURS] = { 8, 16, 32, 64, 32, 64, 64 };
	return bits[flavour];
}

static u64 random_lane(enum flavour flavour, u64 *random)
{
	if (flavour <= LANES_64)
		return random_integer(lane_bits(flavour), random);
	return pack(&formats[flavour], random_number(&formats[flavour], random));
}

static u64 related_lane(enum flavour flavour, u64 a, u64 *random)
{
	const struct format *f = &formats[flavour];
	if (flavour > LANES_64)
		return pack(f, related_number(f, unpack(f, a), random));
	switch (pick(random, 4)) {
	case 0: return a;
	case 1: return -a;
	case 2: return a + 1;
	default: return random_integer(lane_bits(flavour), random);
	}
}

/* b: NULL, or what the lanes shall often have to do with. */
static void random_lanes(enum flavour flavour, u64 *out, const u64 *b, u64 *random)
{
	int bits = lane_bits(flavour);
	u64 mask = bits == 64 ? UINT64_MAX : (1ull << bits) - 1;
	for (int half = 0; half < 2; half++) {
		out[half] = 0;
		for (int at = 0; at < 64; at += bits) {
			bool free = !b || one_of(random, 2);
			u64 lane = free ? random_lane(flavour, random)
					: related_lane(flavour, b[half] >> at & mask, random);
			out[half] |= (lane & mask) << at;
		}
	}
}

static bool contains(const char *text, const char *part) { return strstr(text, part) != NULL; }
static bool ends(const char *text, const char *part)
{
	size_t n = strlen(text), m = strlen(part);
	return n >= m && !strcmp(text + n - m, part);
}

enum flavour fx_flavour(const struct isa_row *row)
{
	const char *name = row->mnemonic;
	if (row->opcode >= 0xd8 && row->opcode <= 0xdf)
		return LANES_F80;
	if (!strncmp(name, "cvt", 3)) {
		name += name[3] == 't' ? 4 : 3;
		return !strncmp(name, "ps", 2) || !strncmp(name, "ss", 2)   ? LANES_F32
		       : !strncmp(name, "pd", 2) || !strncmp(name, "sd", 2) ? LANES_F64
									    : LANES_32;
	}
	if (ends(name, "ps") || ends(name, "ss"))
		return LANES_F32;
	if (ends(name, "pd") || ends(name, "sd") || contains(name, "sd"))
		return LANES_F64;
	return ends(name, "b") ? LANES_8 : ends(name, "w") ? LANES_16 : ends(name, "d") ? LANES_32 : LANES_64;
}

/* ---- one case ---- */

static enum flavour flavour_of_case(const struct fx_insn *insn, u64 *random)
{
	if (!one_of(random, 8))
		return insn->flavour == LANES_F80 ? LANES_64 : insn->flavour;
	return (enum flavour)pick(random, LANES_F80);
}

/* Often what a program has after its first inexact result. Else: masked exceptions mostly, now and then
 * some that are not, or sticky flags left from before. */
static u32 random_mxcsr(u64 *random)
{
	u64 r = random_next(random);
	if ((r >> 40 & 3) == 0)
		return 0x1fa0;
	u32 masks = (r & 7) ? 0x3f : r >> 8 & 0x3f, sticky = r >> 16 & 1 ? 0 : r >> 20 & 0x3f;
	u32 rounding = r >> 28 & 3, daz = (r >> 32 & 3) == 0, ftz = (r >> 36 & 3) == 0;
	return sticky | daz << 6 | masks << 7 | rounding << 13 | ftz << 15;
}

enum { MXCSR_MM = 1 << 17 };
enum { FSW_CONDITIONS = 0x4700, FSW_PENDING = 0x8080, FCW_RESERVED = 0x40 };

static void random_x87_control(struct fx_image *image, u64 *random)
{
	static const u8 precisions[] = { 0, 2, 3, 3 }, tags[] = { 0xff, 0x7f, 0x0f };
	u64 r = random_next(random);
	u32 masks = (r & 3) ? 0x3f : r >> 8 & 0x3f, top = r >> 16 & 7;
	u32 sticky = r >> 20 & 1 ? 0 : r >> 24 & 0x7f;
	bool pending = (r >> 32 & 63) == 0 && (sticky & ~masks & 0x3f);
	if (!pending)
		sticky &= masks | 0x40;
	image->fcw = (u16)(masks | FCW_RESERVED | precisions[r >> 40 & 3] << 8 | (r >> 44 & 3) << 10);
	image->fsw = (u16)(sticky | (r >> 48 & FSW_CONDITIONS) | top << 11 | (pending ? FSW_PENDING : 0));
	u32 tag = (r >> 36 & 3) == 3 ? random_next(random) >> 56 : tags[r >> 36 & 3];
	image->ftw = (u8)(tag << top | tag >> (8 - top)); /* from the top of the stack on */
}

/* The integer bit as the exponent wants it, unless the number is to be one of the formats the 387
 * abolished. */
static void set_st(struct fx_image *image, int i, struct number n)
{
	u64 integer = (n.exp != 0) ^ n.odd;
	image->st[i].mantissa = integer << 63 | n.frac;
	image->st[i].exp = (u16)(n.sign << 15 | n.exp);
}

static void random_stack(struct fx_image *image, u64 *random)
{
	const struct format *f = &formats[LANES_F80];
	struct number n = random_number(f, random);
	for (int i = 0; i < 8; i++) {
		set_st(image, i, n);
		n = one_of(random, 2) ? related_number(f, n, random) : random_number(f, random);
	}
}

/* MMX register n is physical register n. */
static void random_mmx(struct fx_image *image, const struct fx_insn *insn, enum flavour flavour, u64 *random)
{
	int top = image->fsw >> 11 & 7;
	u64 lanes[2] = { 0, 0 };
	for (int i = 0; i < 2; i++) {
		u8 at = (u8)((insn->d.o[i].reg - top) & 7);
		if (insn->d.o[i].kind != OPD_MMX)
			continue;
		random_lanes(flavour, lanes, i ? lanes : NULL, random);
		image->st[at].mantissa = lanes[0];
		image->st[at].exp = one_of(random, 4) ? (u16)random_next(random) : 0xffff;
	}
}

/* A number in memory that the x87 may load: integer, one of the three real formats, decimal digits. */
static void x87_memory(u8 *to, u32 size, u64 *random)
{
	const struct format *f = &formats[LANES_F80];
	struct number n = random_number(f, random);
	u64 value[2] = { n.frac | (u64)((n.exp != 0) ^ n.odd) << 63, n.sign << 15 | n.exp };
	if (size == 10 && one_of(random, 2)) {
		value[0] = random_next(random);
		value[1] = random_next(random);
		for (int i = 0; i < 2 && !one_of(random, 8); i++) /* digits above 9 become 1 */
			value[i] &= ~((value[i] & 0x8888888888888888) >> 1 |
				      (value[i] & 0x8888888888888888) >> 2);
	} else if (size != 10) {
		random_lanes((enum flavour[]){ LANES_16, LANES_32, LANES_64, LANES_F32,
					       LANES_F64 }[pick(random, 5)],
			     value, NULL, random);
		if (size == 4 && one_of(random, 2))
			random_lanes(LANES_F32, value, NULL, random);
		if (size == 8 && one_of(random, 2))
			random_lanes(LANES_F64, value, NULL, random);
	}
	memcpy(to, value, size < 16 ? size : 16);
}

/* What FXRSTOR may load: mostly a state that could be. Never bit 17 of MXCSR, which only AMD's processors
 * have, and addresses that fit into their registers. */
static void fxsave_image(u8 *to, u64 *random)
{
	struct fx_image image;
	memcpy(&image, to, sizeof image);
	if (!one_of(random, 8)) {
		random_x87_control(&image, random);
		image.mxcsr = random_mxcsr(random);
	}
	image.mxcsr &= ~MXCSR_MM;
	image.fip &= UINT32_MAX >> 1;
	image.fdp &= UINT32_MAX >> 1;
	memcpy(to, &image, sizeof image);
}

/* Aligned where the instruction insists on it, except seldom. */
static u64 place_of_case(const struct fx_insn *insn, int i, u64 *random)
{
	bool align = insn->memory >= 16 && (fx_aligns(insn->rule) || !one_of(random, 64));
	return DATA_AT + (u64)i * insn->stride + (align ? 0 : pick(random, 16));
}

static void fill_memory(const struct fx_insn *insn, enum flavour flavour, u8 *to, const u64 *other,
			u64 *random)
{
	u64 lanes[2];
	if (insn->flavour == LANES_F80 && insn->memory <= 16) {
		x87_memory(to, insn->memory, random);
		return;
	}
	for (u32 at = 0; at < insn->memory; at += 16) {
		random_lanes(flavour, lanes, at ? NULL : other, random);
		memcpy(to + at, lanes, insn->memory - at < 16 ? insn->memory - at : 16);
	}
	if (insn->memory == sizeof(struct fx_image))
		fxsave_image(to, random);
	if (!strcmp(insn->row->family, "ldmxcsr"))
		to[2] &= (u8)~(MXCSR_MM >> 16);
}

/* Those that are operands, and those that instructions use without saying so. */
static void random_registers(const struct fx_insn *insn, struct fx_case *k, u64 *random)
{
	k->in.gpr[RAX] = random_integer(32, random);
	k->in.gpr[RDX] = random_integer(64, random);
	for (int i = 0; i < 2; i++)
		if (insn->d.o[i].kind == OPD_REG)
			k->in.gpr[insn->d.o[i].reg] = random_integer(one_of(random, 2) ? 64 : 32, random);
	k->in.gpr[RSI] = k->in.gpr[RDI] = k->at;
	k->in.gpr[RSP] = k->in.gpr[15] = 0;
}

static void fill_case(const struct fx_insn *insn, struct fx_case *k, u8 *memory, u64 *random)
{
	struct fx_image *image = &k->in.image;
	enum flavour flavour = flavour_of_case(insn, random);
	u8 reg = insn->d.modrm >> 3 & 7, rm = insn->d.modrm & 7;
	for (int i = 0; i < 2; i++) /* the registers meant, REX considered */
		if (insn->d.o[i].kind == OPD_XMM)
			*(i ? &rm : &reg) = insn->d.o[i].reg;
	image->mxcsr = random_mxcsr(random);
	random_x87_control(image, random);
	if (insn->d.o[2].kind == OPD_XMM)
		random_lanes(flavour, image->xmm[insn->d.o[2].reg], NULL, random);
	random_lanes(flavour, image->xmm[reg], NULL, random);
	if (rm != reg)
		random_lanes(flavour, image->xmm[rm], image->xmm[reg], random);
	if (insn->flavour == LANES_F80)
		random_stack(image, random);
	else
		random_mmx(image, insn, flavour, random);
	random_registers(insn, k, random);
	k->in.flags = FLAG_1 | FLAG_IF | (random_next(random) & FLAGS_ARITH);
	if (insn->mem || !one_of(random, 4))
		fill_memory(insn, flavour, memory, image->xmm[reg], random);
}

/* Registers that are no operands are the same in all cases of a batch. */
void fx_fill(const struct fx_insn *insn, struct fx_case *k, u8 *memory, u64 *random)
{
	struct fx_image base = { .mxcsr_mask = 0xffff };
	u64 gpr[X86_GPRS];
	random_stack(&base, random);
	for (int i = 0; i < 16; i++)
		for (int half = 0; half < 2; half++)
			base.xmm[i][half] = random_next(random);
	for (int i = 0; i < X86_GPRS; i++)
		gpr[i] = random_integer(64, random);
	for (int i = 0; i < insn->cases; i++) {
		k[i].in.image = base;
		memcpy(k[i].in.gpr, gpr, sizeof gpr);
		k[i].at = place_of_case(insn, i, random);
		fill_case(insn, &k[i], memory + (k[i].at - DATA_AT), random);
	}
}
