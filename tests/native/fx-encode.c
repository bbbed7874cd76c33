/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx-encode.c - random bytes for one row: registers, memory or not, prefixes, immediate.
 *
 * Rule: the decoder says whether the bytes mean the row. No instruction may touch RSP or R15, which belong
 * to the host's loop (fx-host.c); the memory operand is at [RSI] or, where the instruction implies it, at
 * [RDI].
 */
#include <string.h>

#include "tests/native/fx.h"
#include "tests/native/generate.h"

static u32 pick(u64 *random, u32 n) { return (u32)((random_next(random) >> 32) * n >> 32); }

static u8 general_register(u64 *random)
{
	static const u8 allowed[] = { RAX, RCX, RDX, RBX, RBP, RSI, RDI, 8, 9, 10, 11, 12, 13, 14 };
	return allowed[pick(random, ARRAY_LEN(allowed))];
}

static bool is_general(u8 place) { return place == AT_RM || place == AT_RM_REG || place == AT_REG; }

/* Registers for ModRM.reg and ModRM.rm. REX bits in front of an MMX or x87 register are ignored: try that
 * too. */
static void choose_numbers(const struct isa_candidate *c, struct shape *s, u64 *random)
{
	const struct isa_row *row = c->row;
	s->reg = row->digit >= 0 ? (u8)row->digit : (u8)pick(random, 16);
	s->rm = row->rm >= 0 ? (u8)row->rm : (u8)pick(random, 16);
	for (int i = 0; i < 4; i++) {
		u8 place = isa_forms[row->o[i]].place;
		if (!is_general(place))
			continue;
		*(place == AT_REG ? &s->reg : &s->rm) = general_register(random);
	}
	s->mem = c->mods == 1 || (c->mods == 3 && pick(random, 2));
	if (!c->has_modrm)
		s->mem = false;
	s->base = s->mem ? RSI : NO_REG;
	s->index = NO_REG;
	s->disp_size = 0;
}

/* A 66 that is not mandatory matters to FNSTENV and its kin only; in front of other x87 instructions it is
 * ignored. */
static void choose_prefixes(const struct isa_row *row, struct shape *s, u64 *random)
{
	bool x87 = row->opcode >= 0xd8 && row->opcode <= 0xdf;
	s->w = pick(random, 3) == 0;
	s->rex = pick(random, 8) == 0;
	s->p66 = row->flags & P66 || (x87 && pick(random, 8) == 0);
	if (s->p66)
		s->prefix[s->nprefix++] = 0x66;
	if (row->flags & (PF3 | PF2))
		s->prefix[s->nprefix++] = row->flags & PF3 ? 0xf3 : 0xf2;
}

/* The x87's and FXSAVE's images have no size in the table. */
static u32 memory_bytes(const struct fx_insn *insn)
{
	for (int i = 0; i < 4; i++) {
		const struct operand *o = &insn->d.o[i];
		if (o->kind == OPD_MEM)
			return o->size ? o->size : insn->row->opcode == 0x0fae ? 512 : 108;
	}
	return 16; /* MASKMOVQ and MASKMOVDQU do not show theirs */
}

bool fx_encode(struct fx_insn *insn, const struct isa_row *row, u64 features, u64 *random)
{
	const struct isa_candidate *c = encode_candidate(row);
	if (!c)
		return false;
	*insn = (struct fx_insn){ .row = row, .flavour = fx_flavour(row), .rule = fx_rule_of(row) };
	for (int tries = 0; tries < 100; tries++) {
		struct shape s = { 0 };
		u8 bytes[ENCODE_MAX];
		choose_numbers(c, &s, random);
		choose_prefixes(row, &s, random);
		s.imm = random_next(random);
		int n = encode(c, &s, bytes);
		if (s.mem && fx_avoids_memory(insn->rule))
			continue;
		if (isa_decode(bytes, n, MODE_64, features, &insn->d) != DECODE_OK || insn->d.row != row)
			continue;
		insn->len = insn->d.len;
		memcpy(insn->bytes, bytes, insn->len);
		insn->mem = s.mem;
		insn->memory = memory_bytes(insn);
		insn->stride = insn->memory > FX_STRIDE - 16 ? 1024 : FX_STRIDE;
		insn->cases = insn->stride > FX_STRIDE ? (int)(DATA_SIZE / insn->stride) : BATCH;
		return true;
	}
	return false;
}
