/* SPDX-License-Identifier: GPL-3.0-or-later
 * fx.h - one x87, MMX or SSE instruction with random operands, on the host's processor and on the
 * interpreter.
 *
 * The unit is a case: a state before (an FXSAVE image, general registers, flags, a place in memory), and
 * the two states after. A batch is BATCH cases of the same instruction bytes; each batch is encoded anew,
 * with other registers, immediates and prefixes. A class is all rows with one mnemonic.
 *
 * Rule: whatever the two states differ in is a failure, unless a rule of fx-rules.c erases it from both;
 * which rows take part follows from the instruction table alone, so a new row needs no line here.
 *
 * Adding instructions to the comparison: write the rows.  If the processors are free to differ in something
 * (undefined condition codes, approximations), add a rule in fx-rules.c.  Then:
 *	build/release/tests/native/fx --class addps --count 10000000 --seed 7 [-v]
 */
#ifndef VITRINE_TESTS_NATIVE_FX_H
#define VITRINE_TESTS_NATIVE_FX_H

#include <stdio.h>

#include "core/x86/cpuid.h"
#include "tests/native/native.h"

/* The FXSAVE image in 64-bit mode with REX.W (SDM 1 table 10-2). */
struct fx_image {
	u16 fcw, fsw;
	u8 ftw, reserved1; /* ftw: a bit per physical register, 1 = not empty */
	u16 fop;
	u64 fip, fdp;
	u32 mxcsr, mxcsr_mask;
	struct { u64 mantissa; u16 exp; u8 reserved[6]; } st[8]; /* from the top of the stack */
	u64 xmm[16][2];
	u8 reserved2[96];
};
_Static_assert(sizeof(struct fx_image) == 512, "the processor's format");

struct fx_state {
	_Alignas(64) struct fx_image image;
	u64 gpr[X86_GPRS], flags;
	u64 rip;    /* of a fault */
	u8 vector;  /* VECTOR_NONE: the instruction ran to its end */
};

struct fx_case { struct fx_state in, native, interp; u64 at; /* its memory operand */ };

enum { ENCODED_MAX = 15 };
enum { BATCH = 64, /* cases */ FX_STRIDE = 128 /* bytes of memory per case, all of DATA_SIZE together */ };
_Static_assert(BATCH * FX_STRIDE <= DATA_SIZE, "memory operands lie in the window");

/* What kind of numbers the instruction's operands are mostly. */
enum flavour { LANES_8, LANES_16, LANES_32, LANES_64, LANES_F32, LANES_F64, LANES_F80, FLAVOURS };

struct fx_rule;
/* One encoding, and what is known of it. */
struct fx_insn {
	const struct isa_row *row;
	struct decoded d;
	u8 bytes[ENCODED_MAX], len;
	enum flavour flavour;
	bool mem;
	u32 memory;         /* bytes the memory operand has at most */
	u32 stride;         /* FX_STRIDE, or more for the large images */
	int cases;          /* of this batch: BATCH, or fewer */
	const struct fx_rule *rule; /* or NULL */
};

/* ---- fx-rules.c ---- */

/* Does the row belong to this comparison (x87, MMX, SSE state), or to that of native.c? */
bool fx_row(const struct isa_row *row);
/* Why a row of it is left out; NULL: it takes part. */
const char *fx_left_out(const struct isa_row *row, u64 host, u64 model);
const struct fx_rule *fx_rule_of(const struct isa_row *row);
const char *fx_rule_text(const struct fx_rule *rule);
/* Forms that a rule leaves out: operands in memory; those that are not aligned. */
bool fx_avoids_memory(const struct fx_rule *rule);
bool fx_aligns(const struct fx_rule *rule);
/* Erase from both what nobody promises. */
void fx_soften(const struct fx_insn *insn, struct fx_case *k, u8 *native, u8 *interp);
/* Approximations: where both sides are within their bound, make them the same.  memory: the case's,
 * unchanged. */
void fx_forgive(const struct fx_insn *insn, struct fx_case *k, const u8 *memory);

/* ---- fx-encode.c ---- */

/* Some bytes of the row; false if the decoder never agrees. */
bool fx_encode(struct fx_insn *insn, const struct isa_row *row, u64 features, u64 *random);

/* ---- fx-values.c ---- */

enum flavour fx_flavour(const struct isa_row *row);
/* Fill in[] and the window of memory. */
void fx_fill(const struct fx_insn *insn, struct fx_case *k, u8 *memory, u64 *random);

/* ---- the two sides ---- */

struct fx_guest;
struct fx_guest *fx_guest_open(const u16 *selectors, const u8 *data, struct err *err);
void fx_guest_close(struct fx_guest *g);
u64 fx_guest_features(const struct fx_guest *g);
/* Run the batch; its memory is DATA_SIZE bytes, in and out. */
void fx_guest_run(struct fx_guest *g, const struct fx_insn *insn, struct fx_case *k, u8 *memory);

bool fx_host_open(struct host_traits *traits, u16 *selectors, const u8 *data, const char **why);
void fx_host_run(const struct fx_insn *insn, struct fx_case *k, u8 *memory);

/* ---- fx-record.c: what the interpreter's results were when they were compared last, for hosts that cannot
 * compare ---- */

struct fx_record;
/* A file of lines "class operands hash"; NULL, and why in err. */
struct fx_record *fx_record_open(const char *path, struct err *err);
void fx_record_close(struct fx_record *r);
/* A new one; NULL, and why in err. */
FILE *fx_record_create(const char *path, struct err *err);
void fx_record_line(FILE *file, const char *class, u64 count, u64 hash);
/* How many operands of a class are recorded, and the hash of their results; 0: none. */
u64 fx_recorded(const struct fx_record *r, const char *class, u64 *hash);
/* Go on with a hash by a case's outcome, softened. */
u64 fx_hash(u64 hash, const struct fx_insn *insn, const struct fx_case *k, const u8 *interp);

/* ---- fx-report.c ---- */

/* Does the case differ?  memory: what it has at k->at, on both sides. */
bool fx_differs(const struct fx_insn *insn, const struct fx_case *k, const u8 *native, const u8 *interp);
void fx_report(const struct fx_insn *insn, const struct fx_case *k, const u8 *before, const u8 *native,
	       const u8 *interp);

#endif
