/* SPDX-License-Identifier: GPL-3.0-or-later
 * isa.c - the table of instructions, what its letters mean, and the index over it.
 *
 * Rule: x86.def is the only source.  The index (`table`) is worked out from it before main() starts and
 * never changes afterwards; it is the one mutable object at file scope that is allowed below the debugger.
 */
#include "cpu-interp/isa/isa.h"
#include "cpu-interp/isa/isa-priv.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/x86/x86.h"

/* clang-format off */
const struct isa_row isa_rows[] = {
#define I(opcode, digit, rm, family, o1, o2, o3, flags, feature, undef, mnemonic, brief) \
	{ opcode, digit, rm, { o1, o2, o3, O_ }, flags, FEAT_##feature, undef, #family, mnemonic, brief },
#include "cpu-interp/isa/x86.def"
};
enum { ROWS = ARRAY_LEN(isa_rows) };
const int isa_count = ROWS;

#define FORM(name, place, width) [name] = { #name, place, width, 0, 0 }
#define IMM(name, place, width, coded) [name] = { #name, place, width, coded, 0 }
#define FIXED(name, place, width, number) [name] = { #name, place, width, 0, number }
const struct opnd_form isa_forms[OPND_COUNT] = {
	FORM(O_, AT_NOWHERE, 0),
	FORM(Eb, AT_RM, 1), FORM(Ew, AT_RM, 2), FORM(Ed, AT_RM, 4), FORM(Eq, AT_RM, 8),
	FORM(Ev, AT_RM, WIDE_V), FORM(Ey, AT_RM, WIDE_Y), FORM(Ez, AT_RM, WIDE_Z),
	FORM(M, AT_MEM, 0), FORM(Mb, AT_MEM, 1), FORM(Mw, AT_MEM, 2), FORM(Md, AT_MEM, 4),
	FORM(Mq, AT_MEM, 8), FORM(Mv, AT_MEM, WIDE_V), FORM(My, AT_MEM, WIDE_Y), FORM(Mdq, AT_MEM, 16),
	FORM(Mp, AT_MEM, WIDE_V), FORM(Ma, AT_MEM, WIDE_V), FORM(Ms, AT_MEM, 0),
	FORM(Rd, AT_RM_REG, 4), FORM(Rq, AT_RM_REG, 8), FORM(Ry, AT_RM_REG, WIDE_Y),
	FORM(Rv, AT_RM_REG, WIDE_V), FORM(Rw, AT_RM_REG, 2),
	FORM(Gb, AT_REG, 1), FORM(Gw, AT_REG, 2), FORM(Gd, AT_REG, 4), FORM(Gv, AT_REG, WIDE_V),
	FORM(Gy, AT_REG, WIDE_Y), FORM(By, AT_VVVV, WIDE_Y),
	FORM(Cy, AT_CR, WIDE_Y), FORM(Dy, AT_DR, WIDE_Y), FORM(Sw, AT_SREG, 2),
	IMM(Ib, AT_IMM, 1, 1), IMM(Iw, AT_IMM, 2, 2), IMM(Iz, AT_IMM, WIDE_V, WIDE_Z),
	IMM(Iv, AT_IMM, WIDE_V, WIDE_V), IMM(Ibs, AT_IMM, WIDE_V, 1), IMM(I1, AT_ONE, 1, 0),
	IMM(Jb, AT_REL, WIDE_V, 1), IMM(Jz, AT_REL, WIDE_V, WIDE_Z), IMM(Ap, AT_FAR, WIDE_V, WIDE_V),
	FORM(Ob, AT_OFFSET, 1), FORM(Ov, AT_OFFSET, WIDE_V),
	FORM(Xb, AT_SOURCE, 1), FORM(Xv, AT_SOURCE, WIDE_V), FORM(Yb, AT_DEST, 1), FORM(Yv, AT_DEST, WIDE_V),
	FORM(Zb, AT_OPCODE, 1), FORM(Zv, AT_OPCODE, WIDE_V), FORM(Zy, AT_OPCODE, WIDE_Y),
	FIXED(AL, AT_FIXED, 1, RAX), FIXED(AX, AT_FIXED, 2, RAX), FIXED(eAX, AT_FIXED, WIDE_Z, RAX),
	FIXED(rAX, AT_FIXED, WIDE_V, RAX), FIXED(CL, AT_FIXED, 1, RCX), FIXED(DX, AT_FIXED, 2, RDX),
	FIXED(ES, AT_FIXED_SEG, 2, SEG_ES), FIXED(CS, AT_FIXED_SEG, 2, SEG_CS),
	FIXED(SS, AT_FIXED_SEG, 2, SEG_SS), FIXED(DS, AT_FIXED_SEG, 2, SEG_DS),
	FIXED(FS, AT_FIXED_SEG, 2, SEG_FS), FIXED(GS, AT_FIXED_SEG, 2, SEG_GS),
	FORM(Pd, AT_MMX, 4), FORM(Pq, AT_MMX, 8), FORM(Qd, AT_MMX_RM, 4), FORM(Qq, AT_MMX_RM, 8),
	FORM(Nq, AT_MMX_RM_REG, 8),
	FORM(Vd, AT_XMM, 4), FORM(Vq, AT_XMM, 8), FORM(Vdq, AT_XMM, 16),
	FORM(Ww, AT_XMM_RM, 2), FORM(Wd, AT_XMM_RM, 4), FORM(Wq, AT_XMM_RM, 8), FORM(Wdq, AT_XMM_RM, 16),
	FORM(Ud, AT_XMM_RM_REG, 4), FORM(Uq, AT_XMM_RM_REG, 8), FORM(Udq, AT_XMM_RM_REG, 16),
	FIXED(X0, AT_FIXED_XMM, 16, 0),
	FORM(Mt, AT_MEM, 10), FIXED(ST0, AT_FIXED_ST, 10, 0), FORM(STi, AT_ST_RM, 10),
};
/* clang-format on */

static int row_map(const struct isa_row *row)
{
	u32 escape = row->opcode >> 8;
	int map = escape == 0x0f3a ? MAP_0F3A : escape == 0x0f38 ? MAP_0F38 : escape == 0x0f ? MAP_0F : MAP_1;
	return map + (row->flags & VEX ? MAP_VEX : 0);
}

static u8 row_prefixes(const struct isa_row *row)
{
	if (row->flags & NP)
		return 1 << 0;
	if (row->flags & NFX)
		return 1 << 0 | 1 << PREFIX_66;
	if (row->flags & P66)
		return 1 << PREFIX_66;
	if (row->flags & PF3)
		return 1 << PREFIX_F3 | 1 << (PREFIX_F3 + PREFIX_66);
	if (row->flags & PF2)
		return 1 << PREFIX_F2 | 1 << (PREFIX_F2 + PREFIX_66);
	return 0x3f;
}

static u8 row_modes(const struct isa_row *row)
{
	if (row->flags & I64)
		return 1 << MODE_16 | 1 << MODE_32;
	if (row->flags & O64)
		return 1 << MODE_64;
	return 1 << MODE_16 | 1 << MODE_32 | 1 << MODE_64;
}

/* What the operands say about the ModRM byte. */
static void note_operands(struct isa_candidate *c)
{
	for (int i = 0; i < 4; i++) {
		int place = isa_forms[c->row->o[i]].place;
		if (place == AT_RM || place == AT_MEM || place == AT_RM_REG || place == AT_REG ||
		    place == AT_SREG || (place >= AT_MMX && place <= AT_XMM_RM_REG) || place == AT_ST_RM)
			c->has_modrm = true;
		if (place == AT_MEM)
			c->mods &= 1;
		if (place == AT_RM_REG || place == AT_MMX_RM_REG || place == AT_XMM_RM_REG || place == AT_ST_RM)
			c->mods &= 2;
		if (place == AT_CR || place == AT_DR)
			c->has_modrm = c->forced_reg = true;
		if (place == AT_VVVV)
			c->has_vvvv = true;
	}
	if (c->forced_reg)
		c->mods = 3;
}

static struct isa_candidate candidate_of(const struct isa_row *row)
{
	struct isa_candidate c = {
		.row = row,
		.feature = 1ull << row->feature,
		.prefixes = row_prefixes(row),
		.modes = row_modes(row),
		.rex = (row->flags & REXW ? 8 : 0) | (row->flags & REXB ? 1 : 0),
		.mods = row->rm >= 0 || row->flags & MOD3 ? 2 : 3,
		.digit = row->digit,
		.rm = row->rm,
		.has_modrm = row->digit >= 0 || row->rm >= 0 || row->flags & (MODRM | MOD3),
	};
	c.weight = (c.digit >= 0) + (c.rm >= 0) + !!(row->flags & (P66 | PF2 | PF3)) + (c.rex ? 2 : 0);
	note_operands(&c);
	return c;
}

static struct {
	u16 first[MAP_COUNT * 256 + 1];
	struct isa_candidate candidate[ROWS];
} table;

/* Count the rows of each opcode, then put each in its place, behind those that demand at least as much. */
__attribute__((constructor)) static void table_build(void)
{
	u16 count[MAP_COUNT * 256] = { 0 }, total = 0;
	for (int i = 0; i < ROWS; i++)
		count[row_map(&isa_rows[i]) * 256 + (isa_rows[i].opcode & 0xff)]++;
	for (int key = 0; key < MAP_COUNT * 256; key++) {
		table.first[key] = total;
		total += count[key];
		count[key] = 0;
	}
	table.first[MAP_COUNT * 256] = total;
	for (int i = 0; i < ROWS; i++) {
		int key = row_map(&isa_rows[i]) * 256 + (isa_rows[i].opcode & 0xff);
		struct isa_candidate c = candidate_of(&isa_rows[i]);
		struct isa_candidate *list = &table.candidate[table.first[key]];
		int at = count[key]++;
		for (; at > 0 && list[at - 1].weight < c.weight; at--)
			list[at] = list[at - 1];
		list[at] = c;
	}
}

const struct isa_candidate *isa_candidates(int map, u8 opcode, int *count)
{
	int key = map * 256 + opcode;
	*count = table.first[key + 1] - table.first[key];
	return &table.candidate[table.first[key]];
}

int isa_row_index(const struct isa_row *row)
{
	return (int)(row - isa_rows);
}

/* The left column: "F3 0F BC /r ib" (SDM 2A 3.1.1.1). */
static void encoding_text(const struct isa_row *row, char *out, size_t size)
{
	static const char *const coded[] = { [1] = "b", [2] = "w", [WIDE_V] = "v", [WIDE_Z] = "z" };
	static const struct {
		u32 flag;
		const char *text;
	} before[] = {
		{ VEX, "VEX" }, { P66, "66" },     { PF3, "F3" },
		{ PF2, "F2" },  { REXW, "REX.W" }, { REXB, "REX.B" },
	};
	struct isa_candidate c = candidate_of(row);
	int n = 0;
	for (size_t i = 0; i < ARRAY_LEN(before); i++)
		if (row->flags & before[i].flag)
			n += snprintf(out + n, size - n, "%s ", before[i].text);
	for (int shift = row->opcode > 0xffff ? 16 : row->opcode > 0xff ? 8 : 0; shift >= 0; shift -= 8)
		n += snprintf(out + n, size - n, "%02X ", row->opcode >> shift & 0xff);
	if (row->rm >= 0)
		n += snprintf(out + n, size - n, "%02X ", 0xc0 | row->digit << 3 | row->rm);
	else if (row->digit >= 0)
		n += snprintf(out + n, size - n, "/%d ", row->digit);
	else if (c.has_modrm)
		n += snprintf(out + n, size - n, "/r ");
	for (int i = 0; i < 4; i++) {
		const struct opnd_form *f = &isa_forms[row->o[i]];
		if (f->place == AT_FAR)
			n += snprintf(out + n, size - n, "cp ");
		else if (f->coded)
			n += snprintf(out + n, size - n, "%c%s ", f->place == AT_REL ? 'c' : 'i',
				      coded[f->coded]);
	}
}

void isa_row_text(const struct isa_row *row, struct buf *out)
{
	char encoding[40], name[40];
	encoding_text(row, encoding, sizeof encoding);
	snprintf(name, sizeof name, "%s", row->mnemonic);
	for (char *p = name; *p; p++)
		*p = *p == '|' ? '/' : *p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p;
	buf_printf(out, "%-23s%s", encoding, name);
	for (int i = 0; i < 4 && row->o[i] != O_; i++)
		buf_printf(out, "%s %s", i ? "," : "", isa_forms[row->o[i]].letters);
}

static bool both(int a, int b)
{
	return a < 0 || b < 0 || a == b;
}

/* Could some bytes, in some mode, be meant for either?  (A processor may have the features of both.) */
static bool overlap(const struct isa_candidate *a, const struct isa_candidate *b)
{
	return row_map(a->row) == row_map(b->row) && (a->row->opcode & 0xff) == (b->row->opcode & 0xff) &&
	       a->modes & b->modes && a->prefixes & b->prefixes && a->mods & b->mods &&
	       both(a->digit, b->digit) && both(a->rm, b->rm);
}

bool isa_rows_clash(const struct isa_row *a, const struct isa_row *b)
{
	struct isa_candidate ca = candidate_of(a), cb = candidate_of(b);
	return overlap(&ca, &cb) && ca.weight == cb.weight;
}

static int complain(struct buf *text, const char *what, const struct isa_row *a, const struct isa_row *b)
{
	buf_printf(text, "%s: \"", what);
	isa_row_text(a, text);
	buf_printf(text, "\" (row %d)", isa_row_index(a));
	if (b) {
		buf_printf(text, " and \"");
		isa_row_text(b, text);
		buf_printf(text, "\" (row %d)", isa_row_index(b));
	}
	return -1;
}

int isa_check(struct buf *text)
{
	for (int key = 0; key < MAP_COUNT * 256; key++)
		for (int i = table.first[key]; i < table.first[key + 1]; i++) {
			const struct isa_candidate *a = &table.candidate[i];
			if (!a->mods)
				return complain(text, "r/m can be neither memory nor register", a->row, NULL);
			for (int j = i + 1; j < table.first[key + 1]; j++) {
				const struct isa_candidate *b = &table.candidate[j];
				if (isa_rows_clash(a->row, b->row))
					return complain(text, "these rows match the same bytes", a->row,
							b->row);
				/* or the decoder would not know how many bytes to ask for */
				if (a->modes & b->modes && a->has_modrm != b->has_modrm)
					return complain(text, "only one of these rows has a ModRM byte",
							a->row, b->row);
			}
		}
	return 0;
}
