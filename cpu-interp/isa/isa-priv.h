/* SPDX-License-Identifier: GPL-3.0-or-later
 * isa-priv.h - what decoder and disassembler share: the operand letters' meaning, the rows of an opcode.
 * Rule: all is worked out from the rows of x86.def and the letters of isa.h; nothing is said a second time.
 */
#ifndef VITRINE_CPU_INTERP_ISA_ISA_PRIV_H
#define VITRINE_CPU_INTERP_ISA_ISA_PRIV_H

#include "cpu-interp/isa/isa.h"

/* Where an operand is found. */
enum opnd_place {
	AT_NOWHERE, AT_RM, AT_MEM, AT_RM_REG, AT_REG, AT_VVVV, AT_CR, AT_DR, AT_SREG, AT_IMM, AT_ONE, AT_REL,
	AT_FAR, AT_OFFSET, AT_SOURCE, AT_DEST, AT_OPCODE, AT_FIXED, AT_FIXED_SEG,
	AT_MMX, AT_MMX_RM, AT_MMX_RM_REG, AT_XMM, AT_XMM_RM, AT_XMM_RM_REG, AT_FIXED_XMM, AT_FIXED_ST, AT_ST_RM,
};

/* How wide it is: a number of bytes, or one of these, which depend on the operand size. */
enum { WIDE_V = 32, /* the operand size */ WIDE_Z, /* at most 4 */ WIDE_Y /* 4 or 8 */ };

struct opnd_form {
	const char *letters;
	u8 place, width;
	u8 coded;  /* immediates: width in the instruction */
	u8 number; /* fixed operands: which register */
};
extern const struct opnd_form isa_forms[OPND_COUNT];

static inline int opnd_bytes(int width, int opsize)
{
	if (width == WIDE_V)
		return opsize;
	if (width == WIDE_Z)
		return opsize == 2 ? 2 : 4;
	if (width == WIDE_Y)
		return opsize == 8 ? 8 : 4;
	return width;
}

/* Opcode maps: one byte, 0F, 0F 38, 0F 3A; plus 4 for VEX. */
enum { MAP_1, MAP_0F, MAP_0F38, MAP_0F3A, MAP_VEX = 4, MAP_COUNT = 8 };

/* Prefixes as a number, for sets of them: 66 counts 3; F3 one, F2 two. */
enum { PREFIX_66 = 3, PREFIX_F3 = 1, PREFIX_F2 = 2 };

/* A row, and what it demands of the bytes in a form that is quick to compare. */
struct isa_candidate {
	const struct isa_row *row;
	u64 feature;      /* FEAT_BIT */
	u8 prefixes;      /* set of prefix numbers */
	u8 modes;         /* set of enum isa_mode */
	u8 rex;           /* bits that must be set */
	u8 mods;          /* bit 0: memory, bit 1: register */
	i8 digit, rm;
	u8 weight;        /* how much it demands */
	bool has_modrm;
	bool forced_reg;  /* MOV CR, MOV DR: r/m is a register whatever mod says (SDM 2B MOV) */
	bool has_vvvv;
};

/* The rows of an opcode, those that demand more first. */
const struct isa_candidate *isa_candidates(int map, u8 opcode, int *count);

#endif
