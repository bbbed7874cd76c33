/* SPDX-License-Identifier: GPL-3.0-or-later
 * prepare.c - what particular families need: pointers and counts of string instructions, the stack, targets
 * of jumps.
 * Rule: a preparation only adds setup instructions before, and decides what is free in the shape; it never
 * touches flags.  It returns false where nothing sensible can be made.
 */
#include <string.h>

#include "tests/native/generate.h"

enum { MIDDLE = DATA_SIZE / 2 };

/* ---- strings ---- */

static bool set_direction(struct gen *g)
{
	u8 byte = one_in(g, 2) ? 0xfc : 0xfd; /* CLD, STD */
	return g->now.df != DF_UNKNOWN || emit(g, &byte, 1);
}

/* A pointer such that `bytes` bytes from it on, in the direction of DF, are in the window; or seldom, that
 * are not. */
static bool string_pointer(struct gen *g, const struct shape *s, u8 reg, u32 bytes, u32 size)
{
	u64 low = DATA_AT, high = DATA_AT + DATA_SIZE - bytes;
	u64 at = low + below(g, (u32)(high - low) + 1);
	if (bad_address(g, 40))
		at = one_in(g, 2) ? DATA_AT + DATA_SIZE - below(g, bytes + 8) : DATA_AT - below(g, 8);
	if (g->now.df)
		at += bytes - size;
	if (s->p67)
		at |= random_value(g) << 32; /* the upper half is not looked at */
	return emit_mov(g, reg, at);
}

static bool prepare_string(struct gen *g, struct shape *s, const struct decoded *d)
{
	bool source = d->row->o[0] == Xb || d->row->o[0] == Xv || d->row->o[1] == Xb || d->row->o[1] == Xv;
	bool dest = d->row->o[0] == Yb || d->row->o[0] == Yv || d->row->o[1] == Yb || d->row->o[1] == Yv;
	u32 size = d->row->opcode & 1 ? d->opsize : 1, count = d->rep ? below(g, one_in(g, 4) ? 64 : 10) : 1;
	if (!set_direction(g))
		return false;
	if (d->rep && !emit_mov(g, RCX, count | (s->p67 ? random_value(g) << 32 : 0)))
		return false;
	if (!count)
		count = 1;
	return (!source || string_pointer(g, s, RSI, count * size, size)) &&
	       (!dest || string_pointer(g, s, RDI, count * size, size));
}

/* Port instructions fault before anything else, if they have anything to do. */
static bool prepare_port(struct gen *g, struct shape *s, const struct decoded *d)
{
	g->rows->rule[RULE_REP_PORT] += d->rep != 0;
	return !d->rep || emit_mov(g, RCX, 1 + below(g, 8));
}

/* ---- single operands ---- */

static bool prepare_xlat(struct gen *g, struct shape *s, const struct decoded *d)
{
	u64 upper = s->p67 ? random_value(g) << 32 : 0;
	return emit_mov(g, RBX, (DATA_AT + below(g, DATA_SIZE - 255)) | upper);
}

/* BT and its kin: a bit number from a register reaches far from the address. */
static bool prepare_bits(struct gen *g, struct shape *s, const struct decoded *d)
{
	if (!s->mem || d->o[1].kind != OPD_REG)
		return true;
	if (s->reg == RSP)
		return false;
	s->keep |= 1u << s->reg;
	s->target = DATA_AT + MIDDLE + 16 * below(g, 16);
	s->target += s->aligned ? 0 : below(g, 16);
	return emit_mov(g, s->reg, (u64)((i64)below(g, 8000) - 4000));
}

static bool prepare_double_shift(struct gen *g, struct shape *s, const struct decoded *d)
{
	if (d->opsize != 2)
		return true;
	g->rows->rule[RULE_DOUBLE_SHIFT_16]++;
	if (d->o[2].kind == OPD_IMM) {
		s->imm = below(g, 17) | below(g, 8) << 5;
		return true;
	}
	s->keep |= 1u << RCX;
	return emit_mov(g, RCX, (random_value(g) & ~31ull) | below(g, 17));
}

/* Most random dividends are too large. */
static bool prepare_divide(struct gen *g, struct shape *s, const struct decoded *d)
{
	u64 v = random_value(g);
	if (one_in(g, 8))
		return true;
	if (!s->mem && (s->rm == RAX || s->rm == RDX) && !one_in(g, 8))
		return false;
	if (d->o[0].size == 1)
		return emit_mov(g, RAX, (v & ~0xffffull) | below(g, one_in(g, 4) ? 0x4000 : 0x100));
	if (!emit_mov(g, RAX, v))
		return false;
	s->keep |= 1u << RAX | 1u << RDX;
	return emit_mov(g, RDX,
			!strcmp(d->row->family, "idiv") && v >> (8 * d->opsize - 1) & 1 ? ~0ull
											: below(g, 4));
}

/* A vector the kernel has not opened. */
static bool prepare_int(struct gen *g, struct shape *s, const struct decoded *d)
{
	u8 vector = (u8)s->imm;
	bool open = vector == VEC_BP || vector == VEC_OF || vector == 0x80;
	g->rows->rule[RULE_SOFT_INT] += open;
	return !open;
}

/* ---- the stack ---- */

static bool prepare_push(struct gen *g, struct shape *s, const struct decoded *d) { return need_stack(g); }

static bool prepare_pop(struct gen *g, struct shape *s, const struct decoded *d)
{
	s->pop_bias = (i8)d->opsize;
	return need_stack(g);
}

static bool prepare_popf(struct gen *g, struct shape *s, const struct decoded *d)
{
	u32 flags = (u32)random_next(&g->random) & ~(u32)(FLAG_TF | FLAG_AC) & 0x3fffff;
	if (one_in(g, 10))
		flags |= FLAG_AC;
	g->ac |= flags & FLAG_AC;
	if (one_in(g, 10))
		flags |= FLAG_TF;
	u8 push[5] = { 0x68 };
	memcpy(push + 1, &flags, 4);
	if (!need_stack(g) || !emit(g, push, 5))
		return false;
	g->now.df = flags & FLAG_DF ? 1 : 0;
	return true;
}

static bool prepare_enter(struct gen *g, struct shape *s, const struct decoded *d)
{
	u32 level = one_in(g, 2) ? 0 : below(g, 32);
	s->imm = below(g, 128) | level << 16 | (u64)below(g, 8) << 21;
	return need_stack(g) && need_range(g, RBP, DATA_AT + 1024, DATA_AT + DATA_SIZE - 64, 1u << RSP);
}

static bool prepare_leave(struct gen *g, struct shape *s, const struct decoded *d)
{
	return need_range(g, RBP, DATA_AT + 1024, DATA_AT + DATA_SIZE - 64, 0);
}

/* ---- jumps: always forward, over a few instructions ---- */

static bool prepare_relative(struct gen *g, struct shape *s, const struct decoded *d)
{
	bool call = !strcmp(d->row->family, "call");
	return g->branch == NO_ITEM && (!call || need_stack(g));
}

/* The address of the target goes into a register or a word in memory. */
static bool prepare_indirect(struct gen *g, struct shape *s, const struct decoded *d)
{
	static const u8 store[] = { 0x48, 0xc7, 0x04, 0x25 }; /* MOV qword [disp32], imm32 */
	static const u8 store32[] = { 0xc7, 0x05 };           /* MOV dword [disp32], imm32 */
	int n = long_mode(g) ? sizeof store : sizeof store32;
	bool call = !strcmp(d->row->family, "call_r");
	u8 bytes[12];
	if (g->branch != NO_ITEM || (call && !need_stack(g)))
		return false;
	if (!s->mem) {
		if (s->rm == RSP || !emit_mov(g, s->rm, CODE_AT))
			return false;
		add_patch(g, g->q->len - 4, 4, false);
		g->now.known &= ~(1u << s->rm);
		return true;
	}
	u32 at = DATA_AT + below(g, DATA_SIZE - 8);
	memcpy(bytes, long_mode(g) ? store : store32, (size_t)n);
	memcpy(bytes + n, &at, 4);
	memset(bytes + n + 4, 0, 4);
	if (!emit(g, bytes, n + 8))
		return false;
	add_patch(g, g->q->len - 4, 4, false);
	s->target = at;
	return true;
}

static bool prepare_ret(struct gen *g, struct shape *s, const struct decoded *d)
{
	static const u8 push[5] = { 0x68 };
	if (g->branch != NO_ITEM || !need_stack(g) || !emit(g, push, 5))
		return false;
	add_patch(g, g->q->len - 4, 4, false);
	s->imm &= 0x3f;
	return true;
}

static const struct preparation { const char *family; prepare_fn prepare; } preparations[] = {
	{ "movs", prepare_string },       { "stos", prepare_string },       { "lods", prepare_string },
	{ "ins", prepare_port },          { "outs", prepare_port },         { "cmps", prepare_string },
	{ "scas", prepare_string },       { "xlat", prepare_xlat },         { "bt", prepare_bits },
	{ "bts", prepare_bits },          { "btr", prepare_bits },          { "btc", prepare_bits },
	{ "shld", prepare_double_shift }, { "shrd", prepare_double_shift }, { "div", prepare_divide },
	{ "idiv", prepare_divide },       { "int_n", prepare_int },         { "push", prepare_push },
	{ "push_sreg", prepare_push },    { "pushf", prepare_push },        { "pusha", prepare_push },
	{ "popa", prepare_pop },          { "pop", prepare_pop },           { "popf", prepare_popf },
	{ "enter", prepare_enter },       { "leave", prepare_leave },       { "jcc", prepare_relative },
	{ "jmp", prepare_relative },      { "call", prepare_relative },     { "loop", prepare_relative },
	{ "loope", prepare_relative },    { "loopne", prepare_relative },   { "jcxz", prepare_relative },
	{ "jmp_r", prepare_indirect },    { "call_r", prepare_indirect },   { "ret", prepare_ret },
	{ "ret_imm", prepare_ret },
};

prepare_fn prepare_of(const char *family)
{
	for (size_t i = 0; i < ARRAY_LEN(preparations); i++)
		if (!strcmp(preparations[i].family, family))
			return preparations[i].prepare;
	return NULL;
}
