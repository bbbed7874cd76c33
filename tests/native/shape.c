/* SPDX-License-Identifier: GPL-3.0-or-later
 * shape.c - the free choices of an encoding: prefixes that matter and prefixes that do not, registers,
 * immediates.
 * Rule: at most one of F2 and F3, because what two of them mean is not promised.
 */
#include <string.h>

#include "tests/native/shape.h"

static const u8 idle_segment[] = { 0x26, 0x2e, 0x36, 0x3e };

static void choose_registers(struct gen *g, const struct isa_candidate *c, struct shape *s)
{
	const struct isa_row *row = c->row;
	s->reg = row->digit >= 0 ? (u8)(row->digit | (long_mode(g) && one_in(g, 16) ? 8 : 0))
				 : random_register(g);
	s->rm = row->rm >= 0 ? (u8)row->rm : random_register(g);
	s->mem = c->has_modrm && !c->forced_reg && (c->mods == 1 || (c->mods == 3 && !one_in(g, 3)));
	s->base = s->index = NO_REG;
	s->vvvv = c->has_vvvv ? random_register(g) : 0;
	s->w = one_in(g, 3) && (long_mode(g) || row->flags & VEX);
	s->rex = long_mode(g) && one_in(g, 8);
	s->imm = one_in(g, 2) ? random_next(&g->random) : random_value(g);
}

/* Sixteen-bit addresses reach no window: only where nothing is accessed. */
static bool short_address_is_fine(const struct isa_candidate *c, const struct shape *s)
{
	const struct isa_row *row = c->row;
	bool offset = isa_forms[row->o[0]].place == AT_OFFSET || isa_forms[row->o[1]].place == AT_OFFSET;
	bool none = !strcmp(row->family, "lea") || !strcmp(row->family, "nop");
	return (!s->mem || none) && !(row->flags & REPS) && !offset && strcmp(row->family, "xlat");
}

static void choose_prefixes(struct gen *g, const struct isa_candidate *c, struct shape *s)
{
	u32 flags = c->row->flags;
	bool near_branch = is_jump(c->row);
	s->p67 = one_in(g, 8) && (long_mode(g) || short_address_is_fine(c, s));
	if (flags & VEX)
		return;
	s->p66 = flags & P66 || (!(flags & NP) && one_in(g, 5));
	if (s->p66 && near_branch) {
		g->rows->rule[RULE_BRANCH_66]++;
		s->p66 = false;
	}
	if (flags & (PF3 | PF2))
		s->rep = flags & PF3 ? 0xf3 : 0xf2;
	else if (!(flags & (NP | P66 | NFX)) && one_in(g, flags & REPS ? 2 : 30))
		s->rep = one_in(g, 2) ? 0xf3 : 0xf2;
	if (s->rep && (c->row->opcode == 0xe0 || c->row->opcode == 0xe1)) {
		g->rows->rule[RULE_LOOP_REP]++;
		s->rep = 0;
	}
	s->lock = flags & LOCK && s->mem && one_in(g, 4);
}

static void add_prefix(struct gen *g, struct shape *s, u8 byte)
{
	u8 at = (u8)below(g, s->nprefix + 1u);
	memmove(s->prefix + at + 1, s->prefix + at, (size_t)(s->nprefix - at));
	s->prefix[at] = byte;
	s->nprefix++;
}

void choose_shape(struct gen *g, const struct isa_candidate *c, struct shape *s)
{
	*s = (struct shape){ 0 };
	choose_registers(g, c, s);
	choose_prefixes(g, c, s);
	if (s->p66)
		add_prefix(g, s, 0x66);
	if (s->p67)
		add_prefix(g, s, 0x67);
	if (s->rep)
		add_prefix(g, s, s->rep);
	if (s->lock)
		add_prefix(g, s, 0xf0);
	if (one_in(g, 16))
		add_prefix(g, s, idle_segment[below(g, 4)]);
	/* FS and GS where nothing is accessed. */
	if (one_in(g, 64) && c->has_modrm && !s->mem && !(c->row->flags & PRIV))
		add_prefix(g, s, one_in(g, 2) ? 0x64 : 0x65);
	while (one_in(g, 40) && s->nprefix < 12)
		add_prefix(g, s, s->p67 ? 0x67 : idle_segment[below(g, 4)]);
}

void spoil_shape(struct gen *g, const struct isa_candidate *c, struct shape *s)
{
	bool vex = c->row->flags & VEX;
	switch (below(g, vex ? 4 : 2)) {
	case 0:
		if (!s->lock)
			add_prefix(g, s, 0xf0);
		break;
	case 1:
		while (s->nprefix < PREFIXES - 2)
			add_prefix(g, s, s->p66 ? 0x66 : idle_segment[below(g, 4)]);
		break;
	case 2: s->vex_l = 1; break;
	default: add_prefix(g, s, one_in(g, 2) ? 0x66 : 0xf3); break;
	}
}
