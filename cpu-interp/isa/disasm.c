/* SPDX-License-Identifier: GPL-3.0-or-later
 * disasm.c - a decoded instruction as text: Intel syntax in NASM's dialect.
 *
 * Rule: the text, given to NASM in the same mode, yields an instruction that does the same (not always the
 * same bytes: several encodings may have one meaning).
 */
#include "cpu-interp/isa/isa.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/x86/x86.h"
#include "cpu-interp/isa/isa-priv.h"

static const char *const names_8[] = { "al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil" };
static const char *const names_high[] = { "ah", "ch", "dh", "bh" };
static const char *const names_16[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
static const char *const names_seg[] = { "es", "cs", "ss", "ds", "fs", "gs" };

struct text {
	char *out;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(t->out + t->len, t->size - t->len, fmt, args);
	va_end(args);
	if (n > 0)
		t->len = t->len + (size_t)n < t->size ? t->len + (size_t)n : t->size - 1;
}

static u64 cut(u64 value, int bytes)
{
	return bytes == 8 ? value : value & ((1ull << 8 * bytes) - 1);
}

static void put_gpr(struct text *t, int reg, int size)
{
	static const char *const suffix[] = { [1] = "b", [2] = "w", [4] = "d", [8] = "" };
	if (reg >= 8)
		put(t, "r%d%s", reg, suffix[size]);
	else if (size == 1)
		put(t, "%s", names_8[reg]);
	else
		put(t, "%s%s", size == 8 ? "r" : size == 4 ? "e" : "", names_16[reg]);
}

static const char *size_word(int size)
{
	switch (size) {
	case 1: return "byte ";
	case 2: return "word ";
	case 4: return "dword ";
	case 8: return "qword ";
	case 10: return "tword ";
	case 16: return "oword ";
	default: return "";
	}
}

static int default_size(int mode)
{
	return mode == MODE_16 ? 2 : mode == MODE_32 ? 4 : 8;
}

/* ---- memory operands ---- */

/* The size of an address without registers, if not the mode's own; that of a 64-bit offset always. */
static const char *address_size(const struct decoded *d, bool offset)
{
	if (d->addrsize == default_size(d->mode))
		return offset && d->addrsize == 8 ? "qword " : "";
	return d->addrsize == 2 ? "word " : d->mode == MODE_64 ? "a32 " : "dword ";
}

/* Relative to the next instruction: show where that is, which is what NASM wants to be told. */
static void put_no_register(struct text *t, const struct decoded *d, u64 rip, bool offset)
{
	bool relative = d->base == ISA_RIP;
	u64 address = (u64)d->disp + (relative ? rip + d->len : 0);
	put(t, "%s%s0x%" PRIx64, address_size(d, offset), relative ? "rel " : "", cut(address, d->addrsize));
}

static void put_registers(struct text *t, const struct decoded *d)
{
	if (d->base != ISA_NO_REG)
		put_gpr(t, d->base, d->addrsize);
	if (d->index != ISA_NO_REG) {
		if (d->base != ISA_NO_REG)
			put(t, "+");
		put_gpr(t, d->index, d->addrsize);
		if (d->scale || d->base == ISA_NO_REG)
			put(t, "*%d", 1 << d->scale);
	}
	if (d->disp < 0)
		put(t, "-0x%" PRIx64, -(u64)d->disp);
	else if (d->disp > 0)
		put(t, "+0x%" PRIx64, (u64)d->disp);
}

static void put_memory(struct text *t, const struct decoded *d, u64 rip, bool offset)
{
	bool stack = d->base == RSP || d->base == RBP;
	put(t, "[");
	if (d->seg_override && d->segment != (stack ? SEG_SS : SEG_DS))
		put(t, "%s:", names_seg[d->segment]);
	if (d->base == ISA_RIP || (d->base == ISA_NO_REG && d->index == ISA_NO_REG))
		put_no_register(t, d, rip, offset);
	else
		put_registers(t, d);
	put(t, "]");
}

/* ---- operands ---- */

static void put_operand(struct text *t, const struct decoded *d, int i, u64 rip)
{
	const struct operand *o = &d->o[i];
	bool second = i > 0 && d->o[i - 1].kind == OPD_IMM;
	switch ((enum operand_kind)o->kind) {
	case OPD_NONE: break;
	case OPD_REG:
		if (o->high)
			put(t, "%s", names_high[o->reg]);
		else
			put_gpr(t, o->reg, o->size);
		break;
	case OPD_MEM:
		if (d->row->o[i] == Mp || d->row->o[i] == Ma) /* a pair: its size has no name */
			put(t, "%s%s", i ? "" : "far ", i ? "" : size_word(o->size));
		else
			put(t, "%s", size_word(o->size));
		put_memory(t, d, rip, isa_forms[d->row->o[i]].place == AT_OFFSET);
		break;
	case OPD_IMM:
		if (d->row->o[i] == I1)
			put(t, "1");
		else
			put(t, "0x%" PRIx64, cut(second ? d->imm2 : d->imm, o->size));
		break;
	case OPD_REL: put(t, "0x%" PRIx64, cut(rip + d->len + d->imm, o->size)); break;
	case OPD_FAR: put(t, "0x%" PRIx64 ":0x%" PRIx64, d->imm2, cut(d->imm, o->size)); break;
	case OPD_SEG: put(t, "%s", names_seg[o->reg]); break;
	case OPD_CR: put(t, "cr%d", o->reg); break;
	case OPD_DR: put(t, "dr%d", o->reg); break;
	case OPD_MMX: put(t, "mm%d", o->reg); break;
	case OPD_XMM: put(t, "xmm%d", o->reg); break;
	case OPD_ST: put(t, "st%d", o->reg); break;
	}
}

/* ---- prefixes and mnemonic ---- */

static bool is_family(const struct decoded *d, const char *family)
{
	return !strcmp(d->row->family, family);
}

static void put_repeat(struct text *t, const struct decoded *d)
{
	bool compares = is_family(d, "cmps") || is_family(d, "scas");
	put(t, "%s ", d->rep == 0xf2 ? "repne" : compares ? "repe" : "rep");
}

/* The operand size is not the mode's own, and no operand shows it. */
static bool needs_size(const struct decoded *d)
{
	int natural = default_size(d->mode);
	if (natural == 8 && !(d->row->flags & (D64 | F64)))
		natural = 4;
	return d->row->flags & SIZED && d->opsize != natural;
}

/* With these NASM wants to hear it as a word: "push word 0x10", "jz near dword 0x12345". */
static bool size_as_word(const struct decoded *d)
{
	u8 first = d->row->o[0];
	return needs_size(d) && (first == Iz || first == Ibs || first == Jz || first == Ap);
}

/* Prefixes that change what the instruction does although no operand shows it; others are not shown. */
static void put_prefixes(struct text *t, const struct decoded *d)
{
	bool string = d->row->flags & REPS, xlat = is_family(d, "xlat");
	if (d->lock)
		put(t, "lock ");
	if (string && d->rep)
		put_repeat(t, d);
	if ((string || xlat || !strncmp(d->row->family, "loop", 4)) && d->addrsize != default_size(d->mode))
		put(t, "a%d ", d->addrsize * 8);
	if ((string || xlat) && d->seg_override && d->segment != SEG_DS)
		put(t, "%s ", names_seg[d->segment]);
	if (needs_size(d) && !size_as_word(d))
		put(t, "o%d ", d->opsize * 8);
}

/* One of "cbw/cwde/cdqe" or "jcxz|jecxz|jrcxz".  An assembler takes PUSHA to mean the mode's own size, so
 * where the second name is the first and a letter, the first needs a W outside 16-bit code. */
static void put_mnemonic(struct text *t, const struct decoded *d)
{
	const char *name = d->row->mnemonic, *bar = strpbrk(name, "/|");
	int size = bar && *bar == '|' ? d->addrsize : d->opsize, which = size == 2 ? 0 : size == 4 ? 1 : 2;
	int len = (int)strcspn(name, "/|");
	bool ambiguous = bar && *bar == '/' && !strncmp(name, bar + 1, (size_t)len);
	for (int i = 0; i < which && name[len]; i++) {
		name += len + 1;
		len = (int)strcspn(name, "/|");
	}
	put(t, "%.*s%s", len, name, ambiguous && size == 2 && d->mode != MODE_16 ? "w" : "");
}

void isa_disasm(const struct decoded *d, u64 rip, char *out, size_t out_size)
{
	struct text t = { out, out_size, 0 };
	put_prefixes(&t, d);
	put_mnemonic(&t, d);
	for (int i = 0; i < 4 && d->o[i].kind != OPD_NONE && !(d->row->flags & REPS); i++) {
		put(&t, i ? ", " : " ");
		if (size_as_word(d))
			put(&t, "%s%s", is_family(d, "jcc") ? "near " : "", size_word(d->opsize));
		put_operand(&t, d, i, rip);
	}
}
