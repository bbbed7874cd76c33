/* SPDX-License-Identifier: GPL-3.0-or-later
 * address.c - the choice of values and of memory operands.
 * Rule: an access goes into the windows, or, seldom and on purpose, to a place that faults on both sides.
 */
#include <string.h>

#include "tests/native/generate.h"
#include "tests/native/shape.h"

u64 random_value(struct gen *g)
{
	u64 bit = 1ull << below(g, 64);
	switch (below(g, 12)) {
	case 0: return 0;
	case 1: return ~0ull;
	case 2: return bit;
	case 3: return bit - 1;
	case 4: return ~bit;
	case 5: return -bit;
	case 6: return (u64)((i64)below(g, 256) - 128);
	case 7: return DATA_AT + below(g, DATA_SIZE);
	case 8: return random_next(&g->random) & 0xffffffff;
	default: return random_next(&g->random);
	}
}

bool bad_address(struct gen *g, u32 n)
{
	bool wanted = one_in(g, n);
	g->rows->rule[RULE_TWO_FAULTS] += wanted && g->bad;
	if (g->bad)
		return false;
	return g->bad = wanted;
}

/* A place that is not there, not writable or not canonical. */
static u64 bad_target(struct gen *g, const struct shape *s)
{
	switch (below(g, 6)) {
	case 0: return DATA_AT + DATA_SIZE + below(g, 64);           /* read-only */
	case 1: return DATA_AT + DATA_SIZE - 1 - below(g, 8);        /* partly */
	case 2: return DATA_AT + DATA_ROOM - 1 - below(g, 8);        /* partly missing */
	case 3: return DATA_AT - 1 - below(g, 8);
	case 4: return below(g, 2) * 0x10000;
	default:
		return s->p67 || !long_mode(g) ? 0x1000
					       : 0x0000800000000000ull + (random_next(&g->random) >> 18);
	}
}

u64 choose_target(struct gen *g, const struct shape *s)
{
	u32 unit = s->aligned ? s->size : 1;
	u64 target = DATA_AT + below(g, DATA_SIZE - 32);
	if (one_in(g, 8))
		target = DATA_AT + PAGE_SIZE_4K - 1 - below(g, 15); /* often across the pages' boundary */
	if (bad_address(g, 120))
		target = bad_target(g, s);
	return target / unit * unit;
}

/* Reach the target from the base and index chosen. */
static bool reach(struct gen *g, struct shape *s)
{
	u64 at = g->now.value[s->base] + (s->base == RSP ? (u64)s->pop_bias : 0);
	if (s->index != NO_REG)
		at += g->now.value[s->index] << s->scale;
	i64 disp = (i64)(s->target - at);
	if (s->p67 || !long_mode(g))
		disp = (i32)disp;
	else if (disp != (i32)disp)
		return false;
	s->disp = (u32)disp;
	bool none = disp == 0 && (s->base & 7) != RBP;
	s->disp_size = none && !one_in(g, 8) ? 0 : disp == (i8)disp && !one_in(g, 8) ? 1 : 4;
	return true;
}

static u8 known_index(struct gen *g, u8 except)
{
	u8 reg = random_register(g);
	return reg != RSP && reg != except && g->now.known >> reg & 1 && one_in(g, 2) ? reg : NO_REG;
}

static bool load_base(struct gen *g, struct shape *s)
{
	u8 reg;
	do
		reg = random_register(g);
	while (reg == RSP || s->keep >> reg & 1);
	u64 value = s->target - (one_in(g, 2) ? (u64)((i64)below(g, 256) - 128) : below(g, 1u << 20));
	s->base = reg;
	s->index = known_index(g, reg);
	if (s->index != NO_REG)
		value -= g->now.value[s->index] << s->scale;
	return emit_mov(g, reg, value) && reach(g, s);
}

static bool any_address(struct gen *g, struct shape *s)
{
	s->base = one_in(g, 8) ? ISA_RIP : one_in(g, 8) ? NO_REG : random_register(g);
	s->index = one_in(g, 2) || s->base == ISA_RIP ? NO_REG : random_register(g);
	if (s->index == RSP)
		s->index = NO_REG;
	s->disp = (u32)random_value(g);
	s->disp_size = one_in(g, 2) || (s->base < NO_REG && (s->base & 7) == RBP) ? 4 : one_in(g, 2) ? 1 : 0;
	s->target = random_value(g);
	return true;
}

bool choose_address(struct gen *g, struct shape *s)
{
	bool near = s->target < 1ull << 31;
	u32 kind = below(g, 16);
	s->scale = (u8)below(g, 4);
	if (s->any_address)
		return any_address(g, s);
	s->index = NO_REG;
	if (kind < 2 && near) {
		s->base = kind ? NO_REG : ISA_RIP;
		s->disp = (u32)s->target;
		return true;
	}
	for (int i = 0; i < 4; i++) {
		s->base = random_register(g);
		s->index = known_index(g, NO_REG);
		if (g->now.known >> s->base & 1 && reach(g, s))
			return true;
	}
	return load_base(g, s);
}

/* Text, numbers, pointers, and long stretches of one byte for REPE and REPNE. */
void generate_data(u8 *data, size_t size)
{
	struct sequence q = { .mode = MODE_64 };
	struct gen g = { .q = &q, .random = 1 };
	for (size_t at = 0; at < size; at += 8) {
		u64 v = random_value(&g);
		memcpy(data + at, &v, 8);
		if (at % 256 == 128)
			memset(data + at, (int)(v & 0xff), 128), at += 120;
	}
}
