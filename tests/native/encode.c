/* SPDX-License-Identifier: GPL-3.0-or-later
 * encode.c - from a row of the table and a choice of operands to bytes (SDM 2A chapter 2).
 * Rule: any choice gives some bytes; whether they are the row meant is for the decoder to say afterwards.
 */
#include <string.h>

#include "tests/native/generate.h"

const struct isa_candidate *encode_candidate(const struct isa_row *row)
{
	u32 escape = row->opcode >> 8;
	int count, map = escape == 0x0f3a   ? MAP_0F3A
			 : escape == 0x0f38 ? MAP_0F38
			 : escape == 0x0f   ? MAP_0F
					    : MAP_1;
	const struct isa_candidate *c =
		isa_candidates(map + (row->flags & VEX ? MAP_VEX : 0), (u8)row->opcode, &count);
	for (int i = 0; i < count; i++)
		if (c[i].row == row)
			return &c[i];
	return NULL;
}

/* Bits 3 of the register numbers: R, X, B. */
static u8 high_bits(const struct shape *s)
{
	u8 b = s->mem ? s->base : s->rm, x = s->mem ? s->index : 0;
	return (u8)((s->reg >> 3 & 1) << 2 | (x < NO_REG ? x >> 3 & 1 : 0) << 1 |
		    (b < NO_REG ? b >> 3 & 1 : 0));
}

static int put_vex(const struct isa_row *row, const struct shape *s, u8 *out)
{
	u8 map = row->opcode >> 8 == 0x0f3a ? 3 : row->opcode >> 8 == 0x0f38 ? 2 : 1;
	u8 pp = row->flags & P66 ? 1 : row->flags & PF3 ? 2 : row->flags & PF2 ? 3 : 0;
	out[0] = 0xc4;
	out[1] = (u8)((~high_bits(s) & 7) << 5 | map);
	out[2] = (u8)(s->w << 7 | (~s->vvvv & 15) << 3 | s->vex_l << 2 | pp);
	return 3;
}

/* REX, the escape bytes. */
static int put_rex(const struct isa_row *row, const struct shape *s, u8 *out)
{
	u8 rex = (u8)(s->w << 3 | high_bits(s));
	int n = 0;
	if (rex || s->rex)
		out[n++] = 0x40 | rex;
	for (int shift = 16; shift > 0; shift -= 8)
		if (row->opcode >> shift)
			out[n++] = (u8)(row->opcode >> shift);
	return n;
}

/* SDM 2A tables 2-2 and 2-3 */
static int put_modrm(const struct shape *s, u8 *out)
{
	u8 reg = (u8)((s->reg & 7) << 3);
	int n = 0;
	if (!s->mem) {
		out[n++] = (u8)(0xc0 | reg | (s->rm & 7));
		return n;
	}
	if (s->base == ISA_RIP) {
		out[n++] = (u8)(reg | 5);
	} else {
		bool absolute = s->base == NO_REG;
		u8 mod = absolute || s->disp_size == 0 ? 0 : s->disp_size == 1 ? 0x40 : 0x80;
		bool sib = absolute || s->index != NO_REG || (s->base & 7) == RSP;
		out[n++] = (u8)(mod | reg | (sib ? 4 : s->base & 7));
		if (sib)
			out[n++] = (u8)(s->scale << 6 | (s->index == NO_REG ? 4 : s->index & 7) << 3 |
					(absolute ? 5 : s->base & 7));
	}
	memcpy(out + n, &s->disp, 4);
	return n + (s->base == ISA_RIP || s->base == NO_REG ? 4 : s->disp_size);
}

int encode(const struct isa_candidate *c, const struct shape *s, u8 *out)
{
	const struct isa_row *row = c->row;
	int n = s->nprefix;
	memcpy(out, s->prefix, s->nprefix);
	n += row->flags & VEX ? put_vex(row, s, out + n) : put_rex(row, s, out + n);
	out[n++] = (u8)row->opcode;
	if (c->has_modrm)
		n += put_modrm(s, out + n);
	if (isa_forms[row->o[0]].place == AT_OFFSET || isa_forms[row->o[1]].place == AT_OFFSET) {
		memcpy(out + n, &s->target, 8);
		return n + 8;
	}
	memcpy(out + n, &s->imm, 8);
	return n + 8;
}
