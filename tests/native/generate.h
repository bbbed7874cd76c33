/* SPDX-License-Identifier: GPL-3.0-or-later
 * generate.h - what the parts of the generator share: the state of a sequence being made, and an
 * instruction's shape.
 *
 * Rule: `known` says which registers certainly hold `value` at this point of the sequence; addresses are
 * made from known registers only, so that accesses stay in the windows (or leave them on purpose).
 */
#ifndef VITRINE_TESTS_NATIVE_GENERATE_H
#define VITRINE_TESTS_NATIVE_GENERATE_H

#include "cpu-interp/isa/isa-priv.h"
#include "tests/native/native.h"

enum { NO_REG = 16, DF_UNKNOWN = 2, PATCHES = 2, PREFIXES = 18 };

/* Where a jump's target will be written once it is known. */
struct patch { u16 at; u8 size; bool relative; };

/* The registers as they are known. */
struct knowledge { u32 known; u64 value[X86_GPRS]; u8 df; };

struct gen {
	struct sequence *q;
	struct rows *rows;
	u64 random;
	struct knowledge now;
	u32 taint, taint_at_branch;
	/* The open branch: the target comes after `left` more instructions. */
	int branch, left; /* branch: item or NO_ITEM */
	struct knowledge at_branch;
	struct patch patch[PATCHES];
	int npatches;
	bool bad;         /* the instruction being made already has an address that faults */
	bool ac;          /* EFLAGS.AC may be set: unaligned accesses may fault */
	bool ended;       /* by an instruction that always faults */
};

/* The free choices of one encoding. */
struct shape {
	u8 prefix[PREFIXES];
	u8 nprefix, rep;
	bool p66, p67, lock, rex;
	u8 w;             /* REX.W or VEX.W */
	u8 reg, rm;       /* ModRM: register numbers 0..15, rm for register forms */
	bool mem;
	u8 base, index, scale; /* memory form: base may be NO_REG (absolute) or ISA_RIP; index NO_REG */
	u32 disp;
	u8 disp_size;     /* 0, 1, 4 */
	u8 vvvv, vex_l;
	u64 imm;
	u64 target;       /* memory form: the address it shall have */
	bool any_address; /* nothing is accessed there: the address may be anything */
	bool aligned;     /* the access must be aligned to its size */
	u8 size;          /* bytes accessed */
	u32 keep;         /* registers that must stay as they are */
	i8 pop_bias;      /* POP [rSP+x]: the address is worked out after rSP has moved */
};

/* ---- chance ---- */
static inline bool long_mode(const struct gen *g) { return g->q->mode == MODE_64; }
static inline u32 below(struct gen *g, u32 n) { return (u32)((random_next(&g->random) >> 32) * n >> 32); }
static inline bool one_in(struct gen *g, u32 n) { return below(g, n) == 0; }
/* An address that faults, please?  Once in n times, and once per instruction. */
bool bad_address(struct gen *g, u32 n);
static inline u8 random_register(struct gen *g) { return (u8)below(g, long_mode(g) ? 16 : 8); }
u64 random_value(struct gen *g); /* 0, -1, powers of two and their neighbours, pointers, anything */

/* ---- encode.c ---- */

const struct isa_candidate *encode_candidate(const struct isa_row *row);
/* Bytes of a row in a shape, followed by the eight of imm; returns how many altogether (at most 48). */
enum { ENCODE_MAX = 48 };
int encode(const struct isa_candidate *c, const struct shape *s, u8 *out);

/* ---- generate.c ---- */

/* Put an instruction at the end; NULL if the sequence is full.  d may be NULL: an invalid instruction. */
struct item *append(struct gen *g, const u8 *bytes, int len, const struct decoded *d);
/* Setup instructions. */
bool emit_mov(struct gen *g, u8 reg, u64 value);
bool emit(struct gen *g, const u8 *bytes, int len);
/* Make sure a register holds something in [low, high). */
bool need_range(struct gen *g, u8 reg, u64 low, u64 high, u32 keep);
/* Room on the stack both ways. */
bool need_stack(struct gen *g);
/* The branch just appended jumps over the next n instructions. */
void open_branch(struct gen *g, int n);
void add_patch(struct gen *g, int at, int size, bool relative);

/* ---- prepare.c ---- */

prepare_fn prepare_of(const char *family);

#endif
