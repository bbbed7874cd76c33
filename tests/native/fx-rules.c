/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-rules.c - which rows are compared by fx.c, and in what processors may differ.
 * Rule: a row is left out, or a part of the result not looked at, only for a reason that is written here
 * and printed.
 */
#include <math.h>
#include <string.h>

#include "tests/native/fx.h"

/* ---- rows ---- */

bool fx_row(const struct isa_row *row)
{
	static const char *const others[] = { "ldmxcsr", "stmxcsr",  "xgetbv", "xsetbv", "xsave",
					      "xsavec",  "xsaveopt", "xrstor", "fxsave", "fxrstor",
					      "emms",    "fwait",    "wait",   "esc" };
	for (int i = 0; i < 4; i++)
		if (row->o[i] >= Pd && row->o[i] < OPND_COUNT)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!strcmp(row->family, others[i]) || !strncmp(row->mnemonic, others[i], strlen(others[i])))
			return true;
	return row->opcode >= 0xd8 && row->opcode <= 0xdf;
}

static const struct { const char *mnemonic, *why; } left_out[] = {
	{ "xsetbv", "privileged" },
	{ "xgetbv", "which state components there are is the host's affair" },
	{ "xsave*", "which state components there are is the host's affair" },
	{ "xrstor*", "which state components there are is the host's affair" },
};

/* A name, or the beginning of one and a star. */
static bool matches(const char *pattern, const char *name)
{
	size_t n = strcspn(pattern, "*");
	return pattern[n] ? !strncmp(pattern, name, n) : !strcmp(pattern, name);
}

const char *fx_left_out(const struct isa_row *row, u64 host, u64 model)
{
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (matches(left_out[i].mnemonic, row->mnemonic))
			return left_out[i].why;
	if (row->flags & I64)
		return "not in 64-bit mode";
	if (!(host >> row->feature & 1))
		return "the host's processor has not got it";
	if (!(model >> row->feature & 1))
		return "the interpreter's model has not got it";
	return NULL;
}

/* ---- what is not compared ---- */

struct fx_rule {
	const char *mnemonic;
	enum { ERASE, AVOID_MEMORY, APPROXIMATION, ALIGN, LAST_BIT } kind;
	const char *why;
	/* ERASE: from both states after, and from what is in memory then */
	void (*erase)(const struct fx_insn *insn, struct fx_state *s, u8 *memory);
};

/* As if the instruction had set TOP to 0. */
static void erase_top(const struct fx_insn *insn, struct fx_state *s, u8 *memory)
{
	struct fx_image old = s->image;
	int top = old.fsw >> 11 & 7;
	for (int i = 0; i < 8; i++)
		s->image.st[(top + i) & 7] = old.st[i];
	s->image.fsw &= 0xc7ff;
}

/* C1; and the flags, if the operands' exception (#IA, #D) is not masked. */
static void erase_comparison(const struct fx_insn *insn, struct fx_state *s, u8 *memory)
{
	s->image.fsw &= 0xfdff;
	if (s->image.fsw & ~s->image.fcw & 3)
		s->flags = 0;
}

/* In FNSTENV's and FNSAVE's image, 28 or 14 bytes: the pointers are behind FCW, FSW and FTW (SDM 1 figures
 * 8-9, 8-12). */
static void erase_environment(const struct fx_insn *insn, struct fx_state *s, u8 *memory)
{
	int word = insn->d.opsize == 2 ? 2 : 4;
	if (s->vector == VECTOR_NONE)
		memset(memory + 3 * word, 0, (size_t)(4 * word));
}

static void erase_saved(const struct fx_insn *insn, struct fx_state *s, u8 *memory)
{
	struct { u16 fcw, fsw; u8 ftw, zero; u16 fop; u64 fip, fdp; u32 mxcsr, mask; } image;
	if (s->vector != VECTOR_NONE)
		return;
	memcpy(&image, memory, sizeof image);
	image.mask = 0;
	if (!(image.fsw & 0x80))
		image.fop = 0, image.fip = image.fdp = 0;
	memcpy(memory, &image, sizeof image);
}

#define BOUND "an approximation: not compared, but its error (1.5 * 2^-12, SDM 2B RCPPS, RSQRTPS)"
#define COMPARISON \
	"C1, and flags on unmasked #IA and #D, not compared: AMD's processors do not do what the manual " \
	"says (SDM 2A FCOMI)"
#define TRANSCENDENTAL \
	"transcendental: processors differ in the last bit; OE, UE, PE and C1, which follow from it, not compared"
#define SHA_ALIGN "AMD's processors do not insist on alignment: operands in memory always aligned"
static const struct fx_rule rules[] = {
	{ "rcpps", APPROXIMATION, BOUND },
	{ "f2xm1", LAST_BIT, TRANSCENDENTAL },
	{ "fyl2x*", LAST_BIT, TRANSCENDENTAL },
	{ "fpatan", LAST_BIT, TRANSCENDENTAL },
	{ "fptan", LAST_BIT, TRANSCENDENTAL },
	{ "fsin*", LAST_BIT, TRANSCENDENTAL },
	{ "fcos", LAST_BIT, TRANSCENDENTAL },
	{ "rcpss", APPROXIMATION, BOUND },
	{ "rsqrtps", APPROXIMATION, BOUND },
	{ "rsqrtss", APPROXIMATION, BOUND },
	{ "cvtpi2ps", AVOID_MEMORY,
	  "from memory: left out; Intel's processors enter MMX mode, AMD's do not" },
	{ "fcomi*", ERASE, COMPARISON, erase_comparison },
	{ "fucomi*", ERASE, COMPARISON, erase_comparison },
	{ "fnstenv", ERASE, "the last instruction's and operand's address not compared", erase_environment },
	{ "fnsave", ERASE, "the last instruction's and operand's address not compared", erase_environment },
	{ "fxsave*", ERASE, "MXCSR_MASK not compared, addresses only while an exception is pending",
	  erase_saved },
	{ "emms", ERASE, "TOP not compared: AMD's processors clear it", erase_top },
	{ "sha1nexte", ALIGN, SHA_ALIGN },
	{ "sha1msg1", ALIGN, SHA_ALIGN },
	{ "sha1msg2", ALIGN, SHA_ALIGN },
	{ "sha1rnds4", ALIGN, SHA_ALIGN },
	{ "sha256rnds2", ALIGN, SHA_ALIGN },
	{ "sha256msg1", ALIGN, SHA_ALIGN },
	{ "sha256msg2", ALIGN, SHA_ALIGN },
};

const struct fx_rule *fx_rule_of(const struct isa_row *row)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (matches(rules[i].mnemonic, row->mnemonic))
			return &rules[i];
	return NULL;
}

const char *fx_rule_text(const struct fx_rule *rule)
{
	return rule->why;
}

bool fx_avoids_memory(const struct fx_rule *rule)
{
	return rule && rule->kind == AVOID_MEMORY;
}

bool fx_aligns(const struct fx_rule *rule)
{
	return rule && rule->kind == ALIGN;
}

/* The x87's last instruction and operand: AMD's processors keep them only while an exception is pending,
 * Intel's newer ones likewise (AMD APM 2 11.4.4.3; SDM 1 8.1.8). */
static void erase_pointers(struct fx_state *s)
{
	if (s->image.fsw & 0x80)
		return;
	s->image.fop = 0;
	s->image.fip = s->image.fdp = 0;
}

static void erase_reserved(struct fx_image *image)
{
	image->reserved1 = 0;
	image->mxcsr_mask = 0;
	for (int i = 0; i < 8; i++)
		memset(image->st[i].reserved, 0, sizeof image->st[i].reserved);
	memset(image->reserved2, 0, sizeof image->reserved2);
}

static void soften(const struct fx_insn *insn, struct fx_state *s, u8 *memory)
{
	erase_reserved(&s->image);
	erase_pointers(s);
	s->flags &= FLAGS_ARITH & ~(u64)insn->row->undef;
	if (s->vector == VECTOR_NONE)
		s->rip = 0;
	if (insn->rule && insn->rule->kind == ERASE)
		insn->rule->erase(insn, s, memory);
}

/* A register's magnitude as a number that grows by one from each value to the next. */
static unsigned __int128 rank(const struct fx_image *image, int i)
{
	u64 fraction = image->st[i].mantissa & ~0ull >> 1;
	return (unsigned __int128)(image->st[i].exp & 0x7fff) << 63 | fraction;
}

static void forgive_last_bit(struct fx_image *native, struct fx_image *interp)
{
	native->fsw &= 0x7d47;
	interp->fsw &= 0x7d47;
	for (int i = 0; i < 8; i++) {
		unsigned __int128 a = rank(native, i), b = rank(interp, i);
		if (!((native->st[i].exp ^ interp->st[i].exp) >> 15) && a - b + 1 <= 2)
			interp->st[i] = native->st[i];
	}
}

void fx_soften(const struct fx_insn *insn, struct fx_case *k, u8 *native, u8 *interp)
{
	soften(insn, &k->native, native);
	soften(insn, &k->interp, interp);
}

/* ---- approximations ---- */

static float as_float(u32 bits)
{
	float f;
	memcpy(&f, &bits, 4);
	return f;
}

/* Special operands have exact answers. */
static bool within_bound(bool root, u32 operand, u32 result)
{
	double x = as_float(operand), exact = root ? 1 / sqrt(x) : 1 / x;
	/* Between these, results may be taken for tiny, which makes them 0 (SDM 2B RCPPS). */
	if (!root && fabs(x) > 0x1.ffdp125 && fabs(x) < 0x1.002p126 && !(result << 1))
		return true;
	if (!isnormal(as_float(operand)) || (root && x < 0) || !isnormal((float)exact))
		return false;
	return fabs(as_float(result) - exact) <= 1.5 * 0x1p-12 * fabs(exact);
}

static void forgive_bounded(const struct fx_insn *insn, struct fx_case *k, const u8 *memory)
{
	bool root = insn->row->mnemonic[1] == 's';
	u32 from[4], native[4], interp[4];
	const void *source = insn->mem ? (const void *)memory : k->in.image.xmm[insn->d.o[1].reg];
	u64 *to = k->interp.image.xmm[insn->d.o[0].reg];
	memcpy(from, source, insn->d.o[1].size);
	memcpy(native, k->native.image.xmm[insn->d.o[0].reg], 16);
	memcpy(interp, to, 16);
	for (int i = 0; i < insn->d.o[1].size / 4; i++)
		if (within_bound(root, from[i], native[i]) && within_bound(root, from[i], interp[i]))
			interp[i] = native[i];
	memcpy(to, interp, 16);
}

void fx_forgive(const struct fx_insn *insn, struct fx_case *k, const u8 *memory)
{
	bool ended = k->native.vector == VECTOR_NONE && k->interp.vector == VECTOR_NONE;
	if (insn->rule && insn->rule->kind == LAST_BIT)
		forgive_last_bit(&k->native.image, &k->interp.image);
	if (insn->rule && insn->rule->kind == APPROXIMATION && ended)
		forgive_bounded(insn, k, memory);
}
