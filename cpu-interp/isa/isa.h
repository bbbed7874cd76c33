/* SPDX-License-Identifier: GPL-3.0-or-later
 * isa.h - the instruction set, described once, in the letters of the manual's opcode maps (SDM 2D appendix A).
 * Rule: facts only; nothing here executes.  Usable without a VM (disassembler, textbook, coverage).
 */
#ifndef VITRINE_CPU_INTERP_ISA_ISA_H
#define VITRINE_CPU_INTERP_ISA_ISA_H

#include "core/base/types.h"
#include "core/x86/cpuid.h"

enum isa_mode { MODE_16, MODE_32, MODE_64 }; /* default operand and address size of the code segment */

/* Operands (SDM 2D A.2).  First letter: where it is; second: how wide. */
enum opnd {
	O_,                                    /* none */
	Eb, Ew, Ed, Eq, Ev, Ey, Ez,            /* ModRM r/m: register or memory; v = operand size, y = 4, 8, z = 2, 4 */
	M, Mb, Mw, Md, Mq, Mv, My, Mdq,        /* ModRM r/m: memory only; M = address only; Mdq = 16 bytes */
	Mp, Ma, Ms,                            /* far pointer; BOUND pair; descriptor-table pseudo-descriptor */
	Rd, Rq, Ry, Rv, Rw,                    /* ModRM r/m: register only */
	Gb, Gw, Gd, Gv, Gy,                    /* ModRM reg: general register */
	By,                                    /* VEX.vvvv: general register */
	Cy, Dy, Sw,                            /* ModRM reg: control, debug, segment register */
	Ib, Iw, Iz, Iv, Ibs, I1,               /* immediate; z = at most 4 bytes; bs = a byte sign-extended to v; 1 */
	Jb, Jz,                                /* relative target */
	Ap,                                    /* far pointer in the instruction */
	Ob, Ov,                                /* memory at an absolute offset in the instruction */
	Xb, Xv, Yb, Yv,                        /* string source DS:rSI, destination ES:rDI */
	Zb, Zv, Zy,                            /* register in the opcode's low three bits (and REX.B) */
	AL, AX, eAX, rAX, CL, DX,              /* fixed registers; rAX: operand size, eAX: at most 4 bytes */
	ES, CS, SS, DS, FS, GS,                /* fixed segment registers */
	Pd, Pq, Qd, Qq, Nq,                    /* MMX: ModRM reg; r/m, register or memory; r/m, register only */
	Vd, Vq, Vdq,                           /* XMM, ModRM reg; the width is the part that is used */
	Ww, Wd, Wq, Wdq,                       /* XMM or memory, r/m */
	Ud, Uq, Udq,                           /* XMM, r/m, register only */
	X0,                                    /* XMM0, the implied mask of the SSE4.1 blends */
	Mt,                                    /* memory only: 10 bytes (x87 extended real, packed BCD) */
	ST0, STi,                              /* x87: the top of the stack; the register ModRM.rm steps below it */
	OPND_COUNT
};

/* Row flags */
enum {
	LOCK = 1 << 0,   /* LOCK is allowed when the destination is memory (SDM 3A 8.1.2.2) */
	ENDS = 1 << 1,   /* ends a block: control may go elsewhere or modes may change */
	REPS = 1 << 2,   /* string instruction: F2/F3 repeat it */
	I64 = 1 << 3,    /* invalid in 64-bit mode */
	O64 = 1 << 4,    /* only in 64-bit mode */
	D64 = 1 << 5,    /* in 64-bit mode the operand size defaults to 64 (66 still gives 16) */
	F64 = 1 << 6,    /* in 64-bit mode the operand size is 64 whatever the prefixes */
	NP = 1 << 7,     /* mandatory: neither 66, F2 nor F3 */
	P66 = 1 << 8, PF3 = 1 << 9, PF2 = 1 << 10, /* mandatory prefix */
	VEX = 1 << 11,   /* VEX-encoded (L = 0) */
	WO = 1 << 12,    /* a memory destination is written without being read (MOV, SETcc, POP) */
	RO = 1 << 13,    /* the first operand is only read (CMP, TEST, BT, PUSH, MUL, JMP r/m) */
	BR = 1 << 14,    /* relative branch: a direct target is known at decode time */
	PRIV = 1 << 15,  /* CPL 0 only (for the documentation; the handler checks) */
	NOREAL = 1 << 16,/* #UD in real and virtual-8086 mode (LAR, LLDT, ARPL...) (the handler checks) */
	NEWSS = 1 << 17, /* may shadow interrupts for one instruction (MOV SS, POP SS, STI) */
	NFX = 1 << 18,   /* mandatory: neither F2 nor F3; 66 keeps its meaning */
	MODRM = 1 << 19, /* has a ModRM byte though no operand says so */
	MOD3 = 1 << 20,  /* ModRM.mod must be 3 though no operand says so */
	REXB = 1 << 21, REXW = 1 << 22, /* only with this bit of REX set */
	NOREXW = 1 << 23,/* REX.W is ignored: the operand size is at most 4 */
	SIZED = 1 << 24, /* the operand size matters though no operand shows it (for the disassembler) */
};

/* A row matches: opcode (0xXX, 0x0fXX, 0x0f38XX, 0x0f3aXX; for VEX rows the implied map likewise), then /digit
 * (ModRM.reg, -1 = any), then rm (ModRM byte's low 3 bits with mod = 3, -1 = any), the mandatory prefix, the mode.
 * Where several rows match, the one that demands more is meant: /digit, rm and a mandatory prefix count one
 * each, a REX bit two.  A row whose feature the processor lacks is not there (F3 0F BC is BSF without BMI1). */
struct isa_row {
	u32 opcode;
	i8 digit, rm;
	u8 o[4];             /* enum opnd, destination first */
	u32 flags;
	u8 feature;          /* enum cpu_feature: #UD when the processor lacks it */
	u16 undef;           /* arithmetic flags the manual leaves undefined */
	const char *family;  /* C name of the semantics: op_<family> */
	const char *mnemonic;/* Intel syntax; "cbw/cwde/cdqe" by operand size, "jcxz|jecxz|jrcxz" by address size */
	const char *brief;
};

extern const struct isa_row isa_rows[];
extern const int isa_count;
int isa_row_index(const struct isa_row *row);
/* Text of a row in the manual's form, e.g. "80 /0 ib   ADD Eb, Ib". */
struct buf;
void isa_row_text(const struct isa_row *row, struct buf *out);
/* Self-check: 0, or -1 with the two clashing rows explained in text (rows that could both match some bytes). */
int isa_check(struct buf *text);
/* Could both rows match the same bytes in the same mode, neither demanding more than the other? */
bool isa_rows_clash(const struct isa_row *a, const struct isa_row *b);

enum operand_kind { OPD_NONE, OPD_REG, OPD_MEM, OPD_IMM, OPD_REL, OPD_FAR, OPD_SEG, OPD_CR, OPD_DR,
		    OPD_MMX, OPD_XMM, OPD_ST /* reg: its number */ };

struct operand {
	u8 kind;    /* enum operand_kind */
	u8 size;    /* bytes: 1, 2, 4, 8, 16; for M (LEA, INVLPG) 0; Mp/FAR: bytes of the offset part; Ms: 0 */
	u8 reg;     /* OPD_REG: register number 0..15; OPD_SEG: enum x86_seg; CR/DR: number */
	bool high;  /* OPD_REG, size 1: AH CH DH BH (reg then is 0..3) */
};

enum { ISA_NO_REG = 16, ISA_RIP = 17 };

struct decoded {
	const struct isa_row *row;
	u8 len;           /* whole instruction, bytes */
	u8 nprefix;       /* legacy and REX prefix bytes */
	u8 opcode;        /* last opcode byte */
	u8 opsize;        /* 2, 4 or 8; for byte instructions still the effective operand size */
	u8 addrsize;      /* 2, 4 or 8 */
	u8 mode;          /* enum isa_mode */
	bool lock, has_modrm, rex, vex;
	u8 rep;           /* 0, 0xf2 or 0xf3 (last one wins), also when it is a mandatory prefix */
	u8 segment;       /* enum x86_seg used for the memory operand: override or default (SS for rBP/rSP bases) */
	bool seg_override;
	u8 modrm;
	u8 base, index;   /* register numbers, ISA_NO_REG, base also ISA_RIP */
	u8 scale;         /* 0..3 */
	i64 disp;         /* displacement or moffs, sign-extended */
	u64 imm;          /* immediate or relative displacement, sign-extended to 64; far: the offset */
	u64 imm2;         /* ENTER's and EXTRQ's second immediate; far pointer: the selector */
	struct operand o[4];
};

enum decode_status {
	DECODE_OK,
	DECODE_MORE,      /* valid so far; needs bytes beyond `avail` */
	DECODE_UD,        /* no such instruction here (#UD) */
	DECODE_TOO_LONG,  /* the 15-byte limit (#GP(0)) */
};

/* Decode one instruction from at most `avail` bytes (never reads beyond).  `features`: the model's set.
 * Bytes are asked for only as far as the instruction is known to need them, so that page faults come where the
 * processor's do.  out->len is valid for DECODE_OK; for the others it is the number of bytes looked at.
 * An illegal LOCK is DECODE_UD. */
enum decode_status isa_decode(const u8 *bytes, int avail, enum isa_mode mode, u64 features, struct decoded *out);

/* Intel syntax, lower case, as NASM would accept it: "mov eax, dword [ebx+esi*4+0x10]".  rip: of the instruction,
 * for branch targets.  out_size >= 96 always suffices. */
void isa_disasm(const struct decoded *d, u64 rip, char *out, size_t out_size);

#endif
